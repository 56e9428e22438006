//! Devices whose keys only sign: the reply is encrypted under the challenge (RFC 8894 §3.1), and where that cannot be,
//! nothing is issued.

use pki::key::KeySpec;
use scep::client::{Ask, Expected, ReplyFlaw, open_reply};
use scep::server::Legacy;

use crate::parties::{Device, Pair, STATIC, certificate, refused};

#[tokio::test]
async fn a_key_on_a_curve_enrols_and_gets_the_same_certificate_again() {
    let pair = Pair::new().await;
    for (spec, number) in [(KeySpec::P256, 1), (KeySpec::P384, 2)] {
        let device = Device::new(spec, &format!("CN=phone-{number},O=Example"));
        let challenge = pair.challenge("default").await;
        let issued = certificate(pair.enrol("default", &device, Some(&challenge)).await);
        assert_eq!(issued.public_key().hash(), device.request(None).public_key().hash());
        assert_eq!(certificate(pair.enrol("default", &device, Some(&challenge)).await), issued);
    }
    assert_eq!(pair.certificates().await.len(), 2);
    pair.assert_sound().await;
}

#[tokio::test]
async fn the_reply_opens_under_the_challenge_and_nothing_else() {
    let pair = Pair::new().await;
    let device = Device::new(KeySpec::P256, "CN=phone,O=Example");
    let sent = pair.message(&Ask::Enrol(&device.request(Some(STATIC))), "t-1", &device);
    let reply = pair.reply("default", &sent.der).await;
    let authorities = pair.authorities();
    let open = |challenge| {
        let expected = Expected {
            transaction_id: &sent.transaction_id,
            nonce: &sent.nonce,
            authorities: &authorities,
            certificate: &device.certificate,
            key: &device.key,
            challenge,
            legacy: Legacy::Refuse,
        };
        open_reply(&reply, &expected)
    };
    certificate(open(Some(STATIC)).expect("opened"));
    open(Some("another")).expect_err("not under another challenge");
    assert!(matches!(open(None), Err(ReplyFlaw::Recipient)));
}

/// Nothing is issued that could not be delivered, and the challenge stays good.
#[tokio::test]
async fn what_could_not_be_delivered_is_not_issued() {
    let pair = Pair::new().await;
    let device = Device::new(KeySpec::P256, "CN=phone,O=Example");
    let challenge = pair.challenge("default").await;
    let old = device.holding(&certificate(pair.enrol("default", &device, Some(&challenge)).await));
    let before = pair.certificates().await;
    let new = Device::new(KeySpec::P256, "CN=phone,O=Example");
    // A renewal without a challenge: there is nothing to encrypt under.
    let answer = pair.ask("default", &Ask::Renew(&new.request(None)), "t-2", &old).await;
    assert_eq!(refused(answer), "reply.undeliverable");
    assert_eq!(pair.last_audit().await.entry.code, "reply.undeliverable");
    assert_eq!(pair.certificates().await, before, "nothing is issued");
    // The same with the challenge that is left over: good enough to encrypt under.
    let answer = pair.ask("default", &Ask::Renew(&new.request(Some(&challenge))), "t-3", &old).await;
    certificate(answer);
    assert_eq!(pair.certificates().await.len(), 2);
    pair.assert_sound().await;
}

/// Nor is a settled answer promised that could not be delivered: a poll carries no challenge.
#[tokio::test]
async fn a_poll_of_a_key_that_only_signs_is_refused() {
    let pair = Pair::new().await;
    let device = Device::new(KeySpec::P256, "CN=phone,O=Example");
    certificate(pair.enrol("default", &device, Some(STATIC)).await);
    assert_eq!(refused(pair.poll("default", &device).await), "reply.undeliverable");
}
