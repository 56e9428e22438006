//! Requests that wait for an operator.

use pki::extension::GeneralName;
use pki::key::KeySpec;
use scep::client::Ask;
use server::operator;
use server::store::{CaseFilter, CaseState};

use crate::parties::{Device, Pair, STATIC, certificate, pending, refused};

#[tokio::test]
async fn a_request_waits_is_approved_and_is_answered_at_the_next_poll() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    pending(&pair.enrol("approval", &device, None).await);
    pending(&pair.poll("approval", &device).await);
    pending(&pair.enrol("approval", &device, None).await);
    assert_eq!(pair.certificates().await, []);
    let pair = pair.restarted().await;
    pending(&pair.poll("approval", &device).await);
    pair.approve().await;
    assert_eq!(pair.certificates().await, [], "the certificate is made when the device asks");
    let pair = pair.restarted().await;

    let issued = certificate(pair.poll("approval", &device).await);
    assert!(issued.subject().matches(&device.subject));
    assert_eq!(certificate(pair.poll("approval", &device).await), issued);
    assert_eq!(certificate(pair.enrol("approval", &device, None).await), issued, "sent again instead of polled");
    let stored = pair.certificates().await;
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].authority, "approved by alice");
    pair.assert_sound().await;
}

#[tokio::test]
async fn a_request_that_is_sent_again_is_answered_like_a_poll() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    pending(&pair.enrol("approval", &device, None).await);
    pair.approve().await;
    let issued = certificate(pair.enrol("approval", &device, None).await);
    assert_eq!(certificate(pair.poll("approval", &device).await), issued);
    assert_eq!(pair.certificates().await.len(), 1);
}

#[tokio::test]
async fn what_an_operator_denied_stays_denied() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    pending(&pair.enrol("approval", &device, None).await);
    let case = pair.waiting_case().await;
    operator::deny(&pair.service, &case, &Pair::by(), "not one of ours", pair.now).await.expect("denied");
    assert_eq!(refused(pair.poll("approval", &device).await), "operator.denied");
    assert_eq!(refused(pair.enrol("approval", &device, None).await), "operator.denied");
    assert!(operator::approve(&pair.service, &case, &Pair::by(), pair.now).await.is_err(), "decided once");
    let case = pair.service.store.case_by_id(&case).await.expect("the store").expect("the case");
    assert_eq!(case.state, CaseState::Denied);
    assert_eq!(case.decided_by.as_deref(), Some("alice"));
    assert_eq!(case.decided_why.as_deref(), Some("not one of ours"));
    assert_eq!(pair.certificates().await, []);
    pair.assert_sound().await;
}

#[tokio::test]
async fn only_the_key_that_signed_the_request_may_ask_about_it() {
    let pair = Pair::new().await;
    let (device, other) = (Device::rsa(0), Device::rsa(1));
    pending(&pair.enrol("approval", &device, None).await);
    let issuer = pair.issuer();
    let ask = Ask::Poll { issuer: issuer.subject(), subject: &device.subject };
    let thief = other.named(&device.subject.to_string());
    let answer = pair.ask("approval", &ask, &device.transaction(), &thief).await;
    assert_eq!(refused(answer), "transaction.unknown");
    // What is not there looks the same.
    assert_eq!(refused(pair.poll("approval", &other).await), "transaction.unknown");
    pair.approve().await;
    let answer = pair.ask("approval", &ask, &device.transaction(), &thief).await;
    assert_eq!(refused(answer), "transaction.unknown");
    // Nor at another endpoint.
    assert_eq!(refused(pair.poll("default", &device).await), "transaction.unknown");
    certificate(pair.poll("approval", &device).await);
}

/// What the operator saw is what is made, whatever is asked under the same transactionID afterwards.
#[tokio::test]
async fn what_was_approved_is_what_is_made() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    pending(&pair.enrol("approval", &device, None).await);
    pair.approve().await;
    let request = device.request_for(&[GeneralName::Dns("dc.example.test".to_owned())], None);
    let answer = pair.ask("approval", &Ask::Enrol(&request), &device.transaction(), &device).await;
    pending(&answer);
    assert_eq!(pair.certificates().await, [], "other names are another request, and it waits too");
}

#[tokio::test]
async fn a_wrong_challenge_is_refused_where_none_would_wait() {
    let pair = Pair::new().await;
    assert_eq!(refused(pair.enrol("approval", &Device::rsa(0), Some("guess")).await), "challenge.wrong");
    let cases = pair.service.store.cases(&CaseFilter { limit: 10, ..CaseFilter::default() }).await.expect("cases");
    assert_eq!(cases, []);
}

#[tokio::test]
async fn a_good_challenge_saves_the_approval_or_not_as_the_endpoint_says() {
    let pair = Pair::new().await;
    let challenge = pair.challenge("approval").await;
    certificate(pair.enrol("approval", &Device::rsa(0), Some(&challenge)).await);

    let device = Device::rsa(1);
    let challenge = pair.challenge("always").await;
    pending(&pair.enrol("always", &device, Some(&challenge)).await);
    // The challenge is spent by waiting.
    assert_eq!(refused(pair.enrol("always", &Device::rsa(2), Some(&challenge)).await), "challenge.spent");
    pending(&pair.enrol("always", &device, Some(&challenge)).await);
    pair.approve().await;
    let issued = certificate(pair.poll("always", &device).await);
    assert_eq!(certificate(pair.enrol("always", &device, Some(&challenge)).await), issued);
    // Without one there is nothing to approve from an operator's list of devices: it waits all the same.
    pending(&pair.enrol("always", &Device::rsa(3), None).await);
    // A renewal needs no operator.
    let old = device.holding(&issued);
    certificate(pair.ask("always", &Ask::Renew(&old.successor(4).request(None)), "t-9", &old).await);
}

/// The certificate could not reach a key that only signs once the challenge is gone: it must not wait at all.
#[tokio::test]
async fn nobody_waits_who_could_not_be_answered() {
    let pair = Pair::new().await;
    let device = Device::new(KeySpec::P256, "CN=phone,O=Example");
    let challenge = pair.challenge("always").await;
    assert_eq!(refused(pair.enrol("always", &device, Some(&challenge)).await), "reply.undeliverable");
    assert_eq!(refused(pair.enrol("approval", &device, None).await), "reply.undeliverable");
    let cases = pair.service.store.cases(&CaseFilter { limit: 10, ..CaseFilter::default() }).await.expect("cases");
    assert_eq!(cases, []);
    // The challenge is not spent by that.
    pending(&pair.enrol("always", &Device::rsa(0), Some(&challenge)).await);
}

#[tokio::test]
async fn an_endpoint_without_approval_lets_nobody_wait() {
    let pair = Pair::new().await;
    assert_eq!(refused(pair.enrol("default", &Device::rsa(0), None).await), "challenge.missing");
    assert_eq!(refused(pair.enrol("approval", &Device::rsa(0), Some(STATIC)).await), "challenge.wrong");
    assert_eq!(pair.certificates().await, []);
}
