//! Every kind of challenge, and what the audit says when one does not fit.

use pki::extension::{Extension, GeneralName, KeyUsage};
use pki::oid;
use ra::sealed::Claims;
use scep::client::Ask;
use server::operator::{self, ChallengeFor};
use server::store::{ChallengeFilter, ChallengeStatus};

use crate::parties::{Device, Pair, STATIC, certificate, refused};

fn claims() -> Claims {
    Claims {
        id: String::new(),
        endpoint: String::new(),
        expires: 0,
        device: None,
        user: None,
        sid: None,
        profile: None,
        subject: None,
        names: None,
        key_usage: None,
        extended_key_usage: None,
        key_bits: None,
        signer: None,
    }
}

fn sealed(pair: &Pair, endpoint: &str, wanted: &ChallengeFor, claims: Claims) -> String {
    let made = operator::seal_challenge(&pair.service, pair.endpoint(endpoint), wanted, claims, pair.now);
    made.expect("a challenge").challenge.to_string()
}

#[tokio::test]
async fn a_static_challenge_is_good_for_everybody_and_for_ever() {
    let mut pair = Pair::new().await;
    certificate(pair.enrol("default", &Device::rsa(0), Some(STATIC)).await);
    pair.wait_days(2000);
    certificate(pair.enrol("default", &Device::rsa(1), Some(STATIC)).await);
    // Blanks around it do not count: people paste.
    certificate(pair.enrol("default", &Device::rsa(2), Some(&format!(" {STATIC}\r\n"))).await);
    for wrong in ["", " ", "correct horse battery stapl", "correct horse battery staples", "x\0y"] {
        let code = refused(pair.enrol("default", &Device::rsa(3), Some(wrong)).await);
        let expected = if wrong.is_empty() { "challenge.missing" } else { "challenge.wrong" };
        assert_eq!(code, expected, "{wrong:?}");
    }
    assert_eq!(refused(pair.enrol("once", &Device::rsa(3), Some(STATIC)).await), "challenge.wrong");
    assert_eq!(pair.certificates().await.len(), 3);
}

#[tokio::test]
async fn a_one_time_challenge_is_good_for_one_key() {
    let pair = Pair::new().await;
    let challenge = pair.challenge("once").await;
    certificate(pair.enrol("once", &Device::rsa(0), Some(&challenge)).await);
    let pair = pair.restarted().await;
    assert_eq!(refused(pair.enrol("once", &Device::rsa(1), Some(&challenge)).await), "challenge.spent");
    let row = pair.last_audit().await;
    assert_eq!((row.entry.verb.as_str(), row.entry.code.as_str()), ("refuse", "challenge.spent"));
    assert!(row.entry.detail.contains("another key"), "{}", row.entry.detail);
    assert!(!row.entry.detail.contains(&challenge), "the audit holds no challenge");
    // The same key for other names is not the same request.
    let request = Device::rsa(0).request_for(&[GeneralName::Dns("dc.example.test".to_owned())], Some(&challenge));
    let answer = pair.ask("once", &Ask::Enrol(&request), "t-2", &Device::rsa(0)).await;
    assert_eq!(refused(answer), "challenge.spent");
    assert_eq!(pair.certificates().await.len(), 1);
}

#[tokio::test]
async fn a_one_time_challenge_survives_a_restart_and_ends() {
    let pair = Pair::new().await;
    let challenge = pair.challenge("once").await;
    let mut pair = pair.restarted().await;
    let start = pair.now;
    pair.now = start.plus(3601);
    assert_eq!(refused(pair.enrol("once", &Device::rsa(0), Some(&challenge)).await), "challenge.expired");
    pair.now = start.plus(3600);
    certificate(pair.enrol("once", &Device::rsa(0), Some(&challenge)).await);
}

/// The limit of five that NDES has is not there.
#[tokio::test]
async fn there_may_be_any_number_of_challenges_at_once() {
    let pair = Pair::new().await;
    let mut challenges = Vec::new();
    for _ in 0..50 {
        challenges.push(pair.challenge("once").await);
    }
    for (number, challenge) in challenges.iter().step_by(10).enumerate() {
        certificate(pair.enrol("once", &Device::rsa(number), Some(challenge)).await);
    }
    let filter = ChallengeFilter { status: Some(ChallengeStatus::Outstanding), limit: 100, ..Default::default() };
    assert_eq!(pair.service.store.challenges(&filter, pair.now).await.expect("challenges").len(), 45);
}

#[tokio::test]
async fn a_challenge_is_good_at_its_own_endpoint_only() {
    let pair = Pair::new().await;
    let challenge = pair.challenge("once").await;
    assert_eq!(refused(pair.enrol("default", &Device::rsa(0), Some(&challenge)).await), "challenge.wrong");
    let detail = pair.last_audit().await.entry.detail;
    assert!(detail.contains("made for endpoint once"), "{detail}");
    certificate(pair.enrol("once", &Device::rsa(0), Some(&challenge)).await);
}

#[tokio::test]
async fn a_challenge_that_is_verified_and_not_used_is_not_spent() {
    let pair = Pair::new().await;
    let challenge = pair.challenge("once").await;
    // The profile takes no key of this size; the challenge was good.
    let request = Device::rsa(0)
        .request_for(&[GeneralName::Directory(pki::Name::parse("CN=x").expect("a name"))], Some(&challenge));
    let code = refused(pair.ask("once", &Ask::Enrol(&request), "t-1", &Device::rsa(0)).await);
    assert!(code.starts_with("profile.") || code.starts_with("request."), "{code}");
    assert_eq!(pair.certificates().await, []);
    certificate(pair.enrol("once", &Device::rsa(1), Some(&challenge)).await);
}

#[tokio::test]
async fn a_sealed_challenge_carries_what_it_is_for() {
    let pair = Pair::new().await;
    let wanted = ChallengeFor {
        device: Some("laptop-17".to_owned()),
        sid: Some("S-1-5-21-1-2-3-1104".to_owned()),
        profile: Some("windows".to_owned()),
        validity: None,
    };
    let mut says = claims();
    says.subject = Some("CN=dev-0,O=Example".to_owned());
    says.names = Some(vec!["dns:dev-0.example.test".to_owned()]);
    says.key_bits = Some(2048);
    let challenge = sealed(&pair, "default", &wanted, says);
    let device = Device::rsa(0);
    let request = device.request_for(&[GeneralName::Dns("dev-0.example.test".to_owned())], Some(&challenge));
    let issued = certificate(pair.ask("default", &Ask::Enrol(&request), "t-1", &device).await);
    assert!(issued.extension(&oid::MS_SID).is_some());
    assert!(issued.extension(&oid::MS_TEMPLATE).is_some());
    let stored = &pair.certificates().await[0];
    assert_eq!(stored.device.as_deref(), Some("laptop-17"));
    assert_eq!(stored.profile, "windows");
    // Once, and the same request again is a retry.
    let again = certificate(pair.ask("default", &Ask::Enrol(&request), "t-1", &device).await);
    assert_eq!(again, issued);
    let thief = Device::rsa(1).named("CN=dev-0,O=Example");
    let request = thief.request_for(&[GeneralName::Dns("dev-0.example.test".to_owned())], Some(&challenge));
    let answer = pair.ask("default", &Ask::Enrol(&request), "t-2", &thief).await;
    assert_eq!(refused(answer), "challenge.spent");
    assert_eq!(pair.certificates().await.len(), 1);
}

#[tokio::test]
async fn every_mismatch_with_a_sealed_challenge_is_listed_by_name() {
    let pair = Pair::new().await;
    let mut says = claims();
    says.subject = Some("CN=laptop-17,O=Example".to_owned());
    says.names = Some(vec!["dns:laptop-17.example.test".to_owned()]);
    says.key_usage = Some(vec!["digitalSignature".to_owned()]);
    says.extended_key_usage = Some(vec![oid::CLIENT_AUTH.to_string()]);
    says.key_bits = Some(3072);
    says.signer = Some("AB".repeat(20));
    let challenge = sealed(&pair, "default", &ChallengeFor::default(), says);
    let usage = KeyUsage::by_name("keyEncipherment").expect("a usage");
    let extensions = [
        Extension::critical(oid::KEY_USAGE, usage.to_der()),
        Extension::plain(oid::EXTENDED_KEY_USAGE, pki::extension::extended_key_usage_der(&[oid::SERVER_AUTH])),
        Extension::plain(
            oid::SUBJECT_ALT_NAME,
            GeneralName::all_to_der(&[GeneralName::Dns("dc.example.test".to_owned())]),
        ),
    ];
    let device = Device::rsa(0);
    let request = device.request_with(&extensions, Some(&challenge));
    let answer = pair.ask("default", &Ask::Enrol(&request), "t-1", &device).await;
    assert_eq!(refused(answer), "challenge.mismatch", "the wire says which kind of refusal");
    let row = pair.last_audit().await;
    assert_eq!((row.entry.verb.as_str(), row.entry.outcome.as_str()), ("refuse", "refused"));
    for (property, expected, got) in [
        ("subject", "CN=laptop-17,O=Example", "CN=dev-0, O=Example"),
        ("subjectAltName", "dns:laptop-17.example.test", "dns:dc.example.test"),
        ("keyUsage", "digitalSignature", "keyEncipherment"),
        ("extendedKeyUsage", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"),
        ("key", "at least 3072 bits", "RSA-2048"),
        ("signer", &"AB".repeat(20), &device.certificate.thumbprint()),
    ] {
        let line = format!("challenge.mismatch: {property}: expected {expected}, got {got}");
        assert!(row.entry.detail.contains(&line), "{line:?} is not in {:?}", row.entry.detail);
    }
    assert_eq!(pair.certificates().await, []);
}

#[tokio::test]
async fn a_sealed_challenge_ends_and_cannot_be_changed_or_carried_elsewhere() {
    let mut pair = Pair::new().await;
    let challenge = sealed(&pair, "default", &ChallengeFor::default(), claims());
    let mut changed = challenge.clone().into_bytes();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed).expect("text");
    assert_eq!(refused(pair.enrol("default", &Device::rsa(0), Some(&changed)).await), "challenge.wrong");
    assert_eq!(refused(pair.enrol("once", &Device::rsa(0), Some(&challenge)).await), "challenge.wrong");
    let other = Pair::new().await;
    assert_eq!(refused(other.enrol("default", &Device::rsa(0), Some(&challenge)).await), "challenge.wrong");
    let start = pair.now;
    pair.now = start.plus(3601);
    assert_eq!(refused(pair.enrol("default", &Device::rsa(0), Some(&challenge)).await), "challenge.expired");
    pair.now = start;
    certificate(pair.enrol("default", &Device::rsa(0), Some(&challenge)).await);
}
