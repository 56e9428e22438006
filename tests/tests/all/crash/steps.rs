//! The steps of one enrolment, stopped after each one.
//!
//! The future that answers a message is driven by hand, one completed wait at a time, and dropped before the first has
//! ended, after it, after the second, and so on until it is answered: every place where it waits for the store is a place
//! where it ends for good. What it does between two of them leaves nothing behind that is not in its own memory. What had
//! been handed to the store by then is finished, what had not never happens; then the service is opened anew on what is
//! left.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};

use pki::Certificate;
use pki::key::KeySpec;
use scep::client::{Ask, Outgoing};
use tokio::task::coop;

use crate::parties::{Device, Pair, Setup, certificate, pending, refused};

/// More places to stop at than any answer has.
const MOST: usize = 200;

/// Drives a future until so many of its waits have ended; nothing if it was not done by then. With none it comes as far
/// as its first wait.
///
/// The runtime lets a task complete a number of waits before it must yield (its cooperative budget). All but one of them
/// are used up before each poll, so that each poll completes one wait at most, however fast the store is.
async fn waits<T>(work: impl Future<Output = T>, most: usize) -> Option<T> {
    let mut work = pin!(work);
    // What is asked first has the whole of it.
    tokio::task::yield_now().await;
    let (mut budget, mut ended) = (0, 0);
    poll_fn(|context| {
        if budget == 0 {
            // The first time: how many are there?
            budget = use_up(context, usize::MAX);
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        use_up(context, if most == 0 { budget } else { budget - 1 });
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Some(done));
        }
        ended += usize::from(!coop::has_budget_remaining());
        if ended >= most { Poll::Ready(None) } else { Poll::Pending }
    })
    .await
}

fn use_up(context: &mut Context<'_>, most: usize) -> usize {
    let mut used = 0;
    while used < most && coop::has_budget_remaining() {
        let _ = pin!(coop::consume_budget()).poll(context);
        used += 1;
    }
    used
}

/// A message whose answer is interrupted, with all that is needed to ask again.
struct Story {
    pair: Pair,
    endpoint: &'static str,
    sent: Outgoing,
    by: Device,
    /// A one-time challenge that the message spends.
    challenge: Option<String>,
    /// Serial numbers there were before.
    before: BTreeSet<Vec<u8>>,
}

async fn serials(pair: &Pair) -> BTreeSet<Vec<u8>> {
    pair.certificates().await.into_iter().map(|c| c.serial).collect()
}

/// How far the interrupted answers got, over all places to stop at.
#[derive(Default, Debug)]
struct Reached {
    nothing: usize,
    prepared: usize,
    signed: usize,
}

/// Stops the answer after each wait. `story` makes a new service each time.
async fn stopped_everywhere<F: Future<Output = Story>>(story: impl Fn() -> F) -> Reached {
    let mut reached = Reached::default();
    for times in 0..=MOST {
        let story = story().await;
        let answered = waits(story.pair.reply(story.endpoint, &story.sent.der), times).await;
        let left = answered.as_deref().map(|r| certificate(story.pair.read(r, &story.sent, &story.by, None)));
        count(&mut reached, &story).await;
        settle(story, left.as_ref()).await;
        if left.is_some() {
            println!("{times} places to stop at: {reached:?}");
            return reached;
        }
    }
    panic!("the answer never came");
}

async fn count(reached: &mut Reached, story: &Story) {
    let store = &story.pair.service.store;
    // Behind this is whatever had been handed to the store.
    store.lease_release("none", story.pair.now).await.expect("the store");
    let place = match (serials(&story.pair).await == story.before, store.unfinished().await.expect("the store").len()) {
        (true, _) => &mut reached.nothing,
        (false, 0) => &mut reached.signed,
        _ => &mut reached.prepared,
    };
    *place += 1;
}

/// The service is opened again, and everything must be as if nothing had happened.
async fn settle(story: Story, left: Option<&Certificate>) {
    let Story { pair, endpoint, sent, by, challenge, before } = story;
    let pair = pair.restarted().await;
    pair.assert_sound().await;
    let decided: Vec<_> = serials(&pair).await.difference(&before).cloned().collect();
    assert!(decided.len() <= 1, "one message, {} certificates", decided.len());
    if let Some(left) = left {
        assert_eq!(pair.stored(left).await.der.as_deref(), Some(left.der()), "what has left is known");
    }
    // The device asks again, with the same octets; then the service starts once more, and it asks again.
    let again = certificate(pair.send(endpoint, &sent, &by, None).await);
    if let Some(left) = left {
        assert_eq!(again, *left);
    }
    if let Some(decided) = decided.first() {
        assert_eq!(again.serial(), decided, "what was decided before is what there is");
    }
    assert_eq!(certificate(pair.send(endpoint, &sent, &by, None).await), again);
    let pair = pair.restarted().await;
    assert_eq!(certificate(pair.send(endpoint, &sent, &by, None).await).der(), again.der());
    if let Some(challenge) = challenge {
        let other = Device::rsa(15);
        assert_eq!(refused(pair.enrol(endpoint, &other, Some(&challenge)).await), "challenge.spent");
    }
    assert_eq!(pair.certificates().await.len(), before.len() + 1);
    let grants = pair.audit(1000).await.into_iter().filter(|row| row.entry.verb == "grant").count();
    assert_eq!(grants, before.len() + 1, "the audit tells of every certificate once");
    pair.assert_sound().await;
}

async fn enrolment(ca_key: KeySpec) -> Story {
    let pair = Pair::with(Setup { ca_key }).await;
    let by = Device::rsa(0);
    let challenge = pair.challenge("once").await;
    let sent = pair.message(&Ask::Enrol(&by.request(Some(&challenge))), &by.transaction(), &by);
    Story { pair, endpoint: "once", sent, by, challenge: Some(challenge), before: BTreeSet::new() }
}

async fn renewal(ca_key: KeySpec) -> Story {
    let pair = Pair::with(Setup { ca_key }).await;
    let by = pair.enrolled("once", &Device::rsa(0)).await;
    let new = by.successor(1);
    let sent = pair.message(&Ask::Renew(&new.request(None)), &new.transaction(), &by);
    let before = serials(&pair).await;
    Story { pair, endpoint: "once", sent, by, challenge: None, before }
}

async fn approved_poll(ca_key: KeySpec) -> Story {
    let pair = Pair::with(Setup { ca_key }).await;
    let by = Device::rsa(0);
    pending(&pair.enrol("approval", &by, None).await);
    pair.approve().await;
    let issuer = pair.issuer();
    let ask = Ask::Poll { issuer: issuer.subject(), subject: &by.subject };
    let sent = pair.message(&ask, &by.transaction(), &by);
    Story { pair, endpoint: "approval", sent, by, challenge: None, before: BTreeSet::new() }
}

/// The places to stop at lie on both sides of both writes; otherwise the test would prove nothing.
fn everywhere(reached: &Reached) {
    assert!(reached.nothing > 0 && reached.prepared > 0 && reached.signed > 0, "{reached:?}");
}

#[tokio::test]
async fn a_first_enrolment_at_an_rsa_ca() {
    everywhere(&stopped_everywhere(|| enrolment(KeySpec::Rsa2048)).await);
}

#[tokio::test]
async fn a_first_enrolment_at_an_ecdsa_ca() {
    everywhere(&stopped_everywhere(|| enrolment(KeySpec::P256)).await);
}

#[tokio::test]
async fn a_renewal_at_an_rsa_ca() {
    everywhere(&stopped_everywhere(|| renewal(KeySpec::Rsa2048)).await);
}

#[tokio::test]
async fn a_renewal_at_an_ecdsa_ca() {
    everywhere(&stopped_everywhere(|| renewal(KeySpec::P256)).await);
}

#[tokio::test]
async fn an_approved_poll_at_an_rsa_ca() {
    everywhere(&stopped_everywhere(|| approved_poll(KeySpec::Rsa2048)).await);
}

#[tokio::test]
async fn an_approved_poll_at_an_ecdsa_ca() {
    everywhere(&stopped_everywhere(|| approved_poll(KeySpec::P256)).await);
}

/// A certificate is stored to be signed when the service ends; then the start that would sign it is stopped after each
/// of its own waits.
async fn stopped_while_starting(ca_key: KeySpec) {
    for times in 1..=MOST {
        let mut story = enrolment(ca_key).await;
        // Decided and handed to the store, not signed.
        assert!(waits(story.pair.reply(story.endpoint, &story.sent.der), 1).await.is_none());
        let left = story.pair.ended().await;
        let started = waits(left.open(), times).await.is_some();
        story.pair = left.opened().await;
        assert_eq!(serials(&story.pair).await.len(), 1, "it was decided before the service ended");
        settle(story, None).await;
        if started {
            println!("{} places to stop a start at", times - 1);
            assert!(times > 3, "it signs what it finds");
            return;
        }
    }
    panic!("it never started");
}

#[tokio::test]
async fn a_start_at_an_rsa_ca() {
    stopped_while_starting(KeySpec::Rsa2048).await;
}

#[tokio::test]
async fn a_start_at_an_ecdsa_ca() {
    stopped_while_starting(KeySpec::P256).await;
}
