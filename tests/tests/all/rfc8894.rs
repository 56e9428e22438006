//! Requirements of RFC 8894 that only the whole service can keep, by the rows of the checklist
//! (docs/reference/rfc8894-coverage.md).

use std::net::{IpAddr, Ipv4Addr};

use pki::Name;
use pki::extension::KeyUsage;
use scep::client::Ask;
use scep::http::Operation;
use server::Answer;

use crate::parties::{Device, Pair, certificate, pending, refused};

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The Content-Type of what the service answers.
async fn content_type(pair: &Pair, operation: Operation) -> &'static str {
    match pair.service.answer(pair.endpoint("once"), operation, HERE, pair.now).await {
        Answer::Body { content_type, .. } => content_type,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn s06_ca_certificates_state_what_their_keys_do() {
    let pair = Pair::new().await;
    let authorities = pair.authorities();
    let cas: Vec<_> = authorities.iter().filter(|c| c.is_ca()).collect();
    assert_eq!(cas.len(), 2);
    for ca in cas {
        let usage = ca.key_usage().expect("a key usage");
        let wanted = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_CERT_SIGN).with(KeyUsage::CRL_SIGN);
        assert!(usage.allows(wanted), "{}: {usage:?}", ca.subject());
        assert!(!usage.allows(KeyUsage::KEY_ENCIPHERMENT), "requests are encrypted to the RA, not to a CA");
    }
    let ras: Vec<_> = authorities.iter().filter(|c| !c.is_ca()).filter_map(|c| c.key_usage()).collect();
    assert_eq!(ras, [KeyUsage::DIGITAL_SIGNATURE, KeyUsage::KEY_ENCIPHERMENT]);
}

#[tokio::test]
async fn s15_capabilities_are_plain_text() {
    assert_eq!(content_type(&Pair::new().await, Operation::GetCaCaps).await, "text/plain");
}

#[tokio::test]
async fn s48_a_poll_is_matched_by_its_transaction_whatever_it_names() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    pending(&pair.enrol("approval", &device, None).await);
    let (issuer, subject) = (Name::parse("CN=Nobody").expect("name"), Name::parse("CN=somebody else").expect("name"));
    let ask = Ask::Poll { issuer: &issuer, subject: &subject };
    pending(&pair.ask("approval", &ask, &device.transaction(), &device).await);
    pair.approve().await;
    let issued = certificate(pair.ask("approval", &ask, &device.transaction(), &device).await);
    assert!(issued.subject().matches(&device.subject));
}

#[tokio::test]
async fn s54_what_is_not_authorised_is_refused_or_waits() {
    let pair = Pair::new().await;
    assert_eq!(refused(pair.enrol("once", &Device::rsa(0), None).await), "challenge.missing");
    pending(&pair.enrol("approval", &Device::rsa(1), None).await);
    assert_eq!(pair.certificates().await, []);
}

#[tokio::test]
async fn s56_a_first_request_signed_by_itself_is_taken() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    let challenge = pair.challenge("once").await;
    let issued = certificate(pair.enrol("once", &device, Some(&challenge)).await);
    assert_eq!(issued.public_key().hash(), device.request(None).public_key().hash());
}

#[tokio::test]
async fn s59_challenges_are_long_good_once_for_a_while_and_not_kept() {
    let mut pair = Pair::new().await;
    let (first, second) = (pair.challenge("once").await, pair.challenge("once").await);
    assert_ne!(first, second);
    assert!(first.len() == 32 && first.bytes().all(|b| b.is_ascii_hexdigit()), "128 bits");
    certificate(pair.enrol("once", &Device::rsa(0), Some(&first)).await);
    assert_eq!(refused(pair.enrol("once", &Device::rsa(1), Some(&first)).await), "challenge.spent");
    pair.wait_days(1);
    assert_eq!(refused(pair.enrol("once", &Device::rsa(2), Some(&second)).await), "challenge.expired");
    let folder = pair.folder().to_owned();
    let mut looked_at = 0;
    for entry in std::fs::read_dir(&folder).expect("folder").flatten().filter(|e| e.path().is_file()) {
        let octets = std::fs::read(entry.path()).expect("file");
        looked_at += octets.len();
        for challenge in [&first, &second] {
            let found = octets.windows(challenge.len()).any(|w| w.eq_ignore_ascii_case(challenge.as_bytes()));
            assert!(!found, "a challenge stands in {}", entry.path().display());
        }
    }
    assert!(looked_at > 100_000, "the database is among what was looked at");
}

#[tokio::test]
async fn s64_replies_are_pki_messages() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    let sent = pair.message(&Ask::Enrol(&device.request(None)), &device.transaction(), &device);
    assert_eq!(content_type(&pair, Operation::PkiOperation(sent.der)).await, "application/x-pki-message");
}

#[tokio::test]
async fn s67_a_poll_without_a_request_is_refused() {
    let pair = Pair::new().await;
    assert_eq!(refused(pair.poll("approval", &Device::rsa(0)).await), "transaction.unknown");
    pending(&pair.enrol("approval", &Device::rsa(0), None).await);
    let issuer = pair.issuer();
    let (asked, stranger) = (Device::rsa(0), Device::rsa(1));
    let ask = Ask::Poll { issuer: issuer.subject(), subject: &asked.subject };
    assert_eq!(refused(pair.ask("approval", &ask, &asked.transaction(), &stranger).await), "transaction.unknown");
}
