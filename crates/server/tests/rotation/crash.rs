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
async fn dies_everywhere(template: Place, roles: &[Role], stride: u32, at: Time) {
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
        for role in roles.iter().copied() {
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

const ALWAYS: [Role; 4] = [Role::IssuingCa, Role::RaSigning, Role::RaEncryption, Role::Sealing];

#[tokio::test]
async fn a_crash_between_any_two_steps_of_a_renewal_is_no_matter() {
    dies_everywhere(Place::new("").await, &ALWAYS, 1, START.plus(2 * YEAR * 2 / 3 + DAY)).await;
}

/// The others live for longer in it, so that nothing but the TLS credentials is due.
#[tokio::test]
async fn a_crash_between_any_two_steps_of_a_renewal_of_tls_credentials_is_no_matter() {
    let longer = "[credential.ra-signing]\nvalidity = \"3000d\"\n[credential.ra-encryption]\nvalidity = \"3000d\"\n\
                  [credential.sealing]\nvalidity = \"3000d\"";
    let place = Place::with_point(longer).await;
    let service = place.open(START).await;
    for role in [Role::RaSigning, Role::RaEncryption, Role::Sealing] {
        server::credential::renew(&service, role, START).await.expect("renewed");
    }
    drop(service);
    let roles = [ALWAYS.as_slice(), &[Role::TlsServer, Role::PolicyModuleClient]].concat();
    dies_everywhere(place, &roles, 1, START.plus(2 * YEAR * 2 / 3 + DAY)).await;
}

#[tokio::test]
async fn a_crash_between_any_two_steps_of_a_rollover_is_no_matter() {
    dies_everywhere(Place::new("").await, &ALWAYS, 2, START.plus(10 * YEAR * 2 / 3 + 2 * DAY)).await;
}
