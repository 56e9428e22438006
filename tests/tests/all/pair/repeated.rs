//! Lost replies, retries and replays: one mechanism, one certificate.

use pki::key::KeySpec;
use scep::client::Ask;

use crate::parties::{Device, Pair, STATIC, Setup, certificate, refused};

#[tokio::test]
async fn the_same_message_again_gets_the_same_certificate() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    let challenge = pair.challenge("default").await;
    let sent = pair.message(&Ask::Enrol(&device.request(Some(&challenge))), "t-1", &device);
    let first = certificate(pair.send("default", &sent, &device, None).await);
    for _ in 0..3 {
        assert_eq!(certificate(pair.send("default", &sent, &device, None).await), first);
    }
    assert_eq!(pair.certificates().await.len(), 1);
    pair.assert_sound().await;
}

#[tokio::test]
async fn a_retry_with_a_fresh_nonce_gets_the_same_certificate_after_a_restart_and_months_later() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    let challenge = pair.challenge("default").await;
    let first = certificate(pair.enrol("default", &device, Some(&challenge)).await);
    let mut pair = pair.restarted().await;
    assert_eq!(certificate(pair.enrol("default", &device, Some(&challenge)).await), first);
    // The last third of its life begins after 244 days: until then it is a retry.
    pair.wait_days(240);
    assert_eq!(certificate(pair.enrol("default", &device, Some(&challenge)).await), first);
    assert_eq!(pair.certificates().await.len(), 1);
    pair.assert_sound().await;
}

/// ECDSA signatures differ each time: what the device gets is what the store holds, not what is signed again.
#[tokio::test]
async fn the_retry_at_an_ecdsa_ca_gets_the_same_octets() {
    let pair = Pair::with(Setup { ca_key: KeySpec::P256 }).await;
    let device = Device::rsa(0);
    let challenge = pair.challenge("default").await;
    let first = certificate(pair.enrol("default", &device, Some(&challenge)).await);
    let again = certificate(pair.enrol("default", &device, Some(&challenge)).await);
    assert_eq!(first.der(), again.der());
    let pair = pair.restarted().await;
    let again = certificate(pair.enrol("default", &device, Some(&challenge)).await);
    assert_eq!(first.der(), again.der());
}

#[tokio::test]
async fn a_lost_reply_does_not_strand_a_device_that_makes_a_new_transaction() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    let challenge = pair.challenge("default").await;
    let request = device.request(Some(&challenge));
    let first = certificate(pair.ask("default", &Ask::Enrol(&request), "t-1", &device).await);
    let again = certificate(pair.ask("default", &Ask::Enrol(&request), "t-2", &device).await);
    assert_eq!(first, again, "the challenge was spent by this key for these names");
    assert_eq!(pair.certificates().await.len(), 1);
}

#[tokio::test]
async fn the_same_transaction_with_another_key_is_refused() {
    let pair = Pair::new().await;
    let (device, other) = (Device::rsa(0), Device::rsa(1));
    let request = device.request(Some(STATIC));
    certificate(pair.ask("default", &Ask::Enrol(&request), "t-1", &device).await);
    let before = pair.certificates().await;

    let good = other.request(Some(STATIC));
    let answer = pair.ask("default", &Ask::Enrol(&good), "t-1", &other).await;
    assert_eq!(refused(answer), "transaction.key");
    assert_eq!(pair.last_audit().await.entry.code, "transaction.key");
    assert_eq!(pair.certificates().await, before);
    // Another endpoint has its own transactions.
    let challenge = pair.challenge("once").await;
    let good = other.request(Some(&challenge));
    certificate(pair.ask("once", &Ask::Enrol(&good), "t-1", &other).await);
}

#[tokio::test]
async fn a_replay_after_revocation_gets_nothing() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    let challenge = pair.challenge("default").await;
    let sent = pair.message(&Ask::Enrol(&device.request(Some(&challenge))), "t-1", &device);
    let first = certificate(pair.send("default", &sent, &device, None).await);
    let reason = pki::crl::Reason::KeyCompromise;
    server::revocation::revoke(&pair.service, first.serial(), reason, &Pair::by(), pair.now).await.expect("revoked");
    assert_eq!(refused(pair.send("default", &sent, &device, None).await), "challenge.expired");
    assert_eq!(pair.certificates().await.len(), 1);
    pair.assert_sound().await;
}

#[tokio::test]
async fn a_replay_of_a_renewal_gets_what_the_renewal_got() {
    let pair = Pair::new().await;
    let old = pair.enrolled("default", &Device::rsa(0)).await;
    let new = old.successor(1);
    let sent = pair.message(&Ask::Renew(&new.request(None)), &new.transaction(), &old);
    let renewed = certificate(pair.send("default", &sent, &old, None).await);
    let again = certificate(pair.send("default", &sent, &old, None).await);
    assert_eq!(renewed, again);
    assert_eq!(pair.certificates().await.len(), 2);
}

/// Whoever records a message and sends it again learns nothing: the certificate goes to the key that asked.
#[tokio::test]
async fn a_replay_is_answered_to_the_key_that_asked() {
    let pair = Pair::new().await;
    let (device, thief) = (Device::rsa(0), Device::rsa(1));
    let sent = pair.message(&Ask::Enrol(&device.request(Some(STATIC))), "t-1", &device);
    certificate(pair.send("default", &sent, &device, None).await);
    let reply = pair.reply("default", &sent.der).await;
    let expected = scep::client::Expected {
        transaction_id: &sent.transaction_id,
        nonce: &sent.nonce,
        authorities: &pair.authorities(),
        certificate: &thief.certificate,
        key: &thief.key,
        challenge: Some(STATIC),
        legacy: scep::server::Legacy::Refuse,
    };
    scep::client::open_reply(&reply, &expected).expect_err("it is not for the thief");
}

/// Many copies of one message at once: one certificate.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn copies_of_one_message_at_once_get_one_certificate() {
    for ca_key in [KeySpec::Rsa2048, KeySpec::P256] {
        let pair = Pair::with(Setup { ca_key }).await;
        let device = Device::rsa(0);
        let challenge = pair.challenge("default").await;
        let sent = pair.message(&Ask::Enrol(&device.request(Some(&challenge))), "t-1", &device);
        let pair = std::sync::Arc::new(pair);
        let copies: Vec<_> = (0..12)
            .map(|_| {
                let (pair, device, sent) = (std::sync::Arc::clone(&pair), device.clone(), sent.clone());
                tokio::spawn(async move { certificate(pair.send("default", &sent, &device, None).await) })
            })
            .collect();
        let mut got = std::collections::BTreeSet::new();
        for copy in copies {
            got.insert(copy.await.expect("an answer").der().to_vec());
        }
        assert_eq!(got.len(), 1);
        assert_eq!(pair.certificates().await.len(), 1);
        pair.assert_sound().await;
    }
}

/// One challenge, many keys at once: one of them gets a certificate.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_keys_race_for_one_challenge_and_one_gets_it() {
    let pair = std::sync::Arc::new(Pair::new().await);
    let challenge = pair.challenge("default").await;
    let runners: Vec<_> = (0..8)
        .map(|number| {
            let (pair, challenge) = (std::sync::Arc::clone(&pair), challenge.clone());
            tokio::spawn(async move {
                let device = Device::rsa(number);
                pair.enrol("default", &device, Some(&challenge)).await
            })
        })
        .collect();
    let (mut granted, mut spent) = (0, 0);
    for runner in runners {
        match runner.await.expect("an answer") {
            scep::client::Answer::Success { .. } => granted += 1,
            other => {
                assert_eq!(refused(other), "challenge.spent");
                spent += 1;
            }
        }
    }
    assert_eq!((granted, spent), (1, 7));
    assert_eq!(pair.certificates().await.len(), 1);
    pair.assert_sound().await;
}
