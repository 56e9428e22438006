use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pki::Time;
use server::credential::{Role, round};
use server::store::Slot;

use crate::place::*;

/// A future that is dropped after so many polls, as a process that dies between two of its waits.
struct Dies<F> {
    inner: Pin<Box<F>>,
    polls: u32,
}

impl<F: Future> Future for Dies<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.inner.as_mut().poll(context).map(Some)
    }
}

/// Dies at every `stride`th wait of the round at `at`, and starts again.
async fn dies_everywhere(stride: u32, at: Time) {
    let template = Place::new("").await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    let mut deaths = 0;
    loop {
        let place = template.copy();
        let service = place.open(START).await;
        let ended = Dies { inner: Box::pin(round(&service, at)), polls: deaths + 1 }.await;
        drop(service);
        // A process that dies writes nothing more; this one's writer may.
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        let again = place.open(at.plus(1)).await;
        assert_eq!(codes(&again), Vec::<&str>::new(), "after {deaths} waits");
        for role in [Role::IssuingCa, Role::RaSigning, Role::RaEncryption, Role::Sealing] {
            assert_eq!(held(&again, role, Slot::Current).await.len(), 1, "after {deaths} waits");
        }
        let authorities = get_ca(&again, at).await;
        enrol(&again, &authorities, Signer::Itself, at.plus(1)).await.expect("served");
        assert!(again.store.unfinished().await.expect("read").is_empty(), "after {deaths} waits");
        if let Some(ended) = ended {
            ended.expect("a round");
            break;
        }
        deaths += stride;
    }
    assert!(deaths > 5, "the round has more waits than {deaths}");
}

#[tokio::test]
async fn a_crash_between_any_two_steps_of_a_renewal_is_no_matter() {
    dies_everywhere(1, START.plus(2 * YEAR * 2 / 3 + DAY)).await;
}

#[tokio::test]
async fn a_crash_between_any_two_steps_of_a_rollover_is_no_matter() {
    dies_everywhere(2, START.plus(10 * YEAR * 2 / 3 + 2 * DAY)).await;
}
