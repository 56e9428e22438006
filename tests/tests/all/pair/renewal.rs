//! Renewal by the certificate that is to be renewed: every rule, and over time.

use pki::cipher::Cipher;
use pki::cms::{EnvelopeFor, seal_envelope};
use pki::digest::Digest;
use pki::extension::GeneralName;
use pki::key::KeyTransport;
use pki::{Certificate, oid};
use scep::client::{Ask, Outgoing};

use crate::harness::program::need;
use crate::parties::{Craft, Device, Pair, STATIC, Sha1Key, certificate, refused};

pub(super) async fn renew(pair: &Pair, endpoint: &str, old: &Device, new: &Device) -> scep::client::Answer {
    pair.ask(endpoint, &Ask::Renew(&new.request(None)), &new.transaction(), old).await
}

#[tokio::test]
async fn a_renewal_replaces_a_certificate_with_a_new_key() {
    let pair = Pair::new().await;
    let names = [GeneralName::Dns("dev-0.example.test".to_owned()), GeneralName::Email("a@example.test".to_owned())];
    let device = Device::rsa(0);
    let challenge = pair.challenge("default").await;
    let request = device.request_for(&names, Some(&challenge));
    let first = certificate(pair.ask("default", &Ask::Enrol(&request), "t-1", &device).await);
    let (old, new) = (device.holding(&first), device.successor(1));

    let renewed = certificate(renew(&pair, "default", &old, &new).await);
    assert_eq!(renewed.public_key().hash(), new.request(None).public_key().hash());
    assert!(renewed.subject().matches(first.subject()));
    assert_eq!(renewed.subject_alt_names(), names, "names that a renewal does not state are taken over");
    let replaces = pair.stored(&renewed).await.replaces;
    assert_eq!(replaces.as_deref(), Some(first.serial()), "the lineage is recorded");
    pair.assert_sound().await;
}

/// Windows, Cisco and macOS renew with a PKCSReq.
#[tokio::test]
async fn a_pkcs_req_signed_with_a_certificate_of_ours_is_a_renewal() {
    let pair = Pair::new().await;
    let old = pair.enrolled("default", &Device::rsa(0)).await;
    let new = old.successor(1);
    let answer = pair.ask("default", &Ask::Enrol(&new.request(None)), &new.transaction(), &old).await;
    let renewed = certificate(answer);
    assert_eq!(pair.stored(&renewed).await.replaces.as_deref(), Some(old.certificate.serial()));
    assert!(renewed.subject().matches(&old.subject));
}

/// Clients that send the challenge of their first enrolment along (RFC 8894 §2.5).
#[tokio::test]
async fn a_challenge_left_over_from_the_first_enrolment_does_not_hinder_a_renewal() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    let challenge = pair.challenge("default").await;
    let old = device.holding(&certificate(pair.enrol("default", &device, Some(&challenge)).await));
    let new = old.successor(1);
    let request = new.request(Some(&challenge));
    certificate(pair.ask("default", &Ask::Enrol(&request), &new.transaction(), &old).await);
    assert_eq!(pair.certificates().await.len(), 2);
}

#[tokio::test]
async fn the_window_opens_and_the_grace_ends() {
    let mut pair = Pair::new().await;
    let start = pair.now;
    let old = pair.enrolled("window", &Device::rsa(0)).await;
    let end = old.certificate.validity().not_after;
    let opens = end.plus(-30 * 86_400);
    let closes = end.plus(10 * 86_400);
    for (moment, successor, expected) in [
        (start, 1, Some("renewal.window")),
        (opens.plus(-1), 1, Some("renewal.window")),
        (opens, 1, None),
        (end, 2, None),
        (end.plus(1), 3, None),
        (closes, 4, None),
        (closes.plus(1), 5, Some("renewal.expired")),
        (closes.plus(3650 * 86_400), 5, Some("renewal.expired")),
        (start.plus(-2 * 86_400), 5, Some("renewal.not-yet-valid")),
    ] {
        pair.now = moment;
        let before = pair.certificates().await.len();
        let answer = renew(&pair, "window", &old, &old.successor(successor)).await;
        match expected {
            None => {
                let renewed = certificate(answer);
                assert!(renewed.validity().contains(moment), "{moment}");
                assert_eq!(pair.certificates().await.len(), before + 1);
            }
            Some(code) => {
                assert_eq!(refused(answer), code, "{moment}");
                assert_eq!(pair.certificates().await.len(), before, "nothing is issued at {moment}");
            }
        }
    }
    pair.assert_sound().await;
}

#[tokio::test]
async fn without_grace_a_certificate_is_renewed_until_its_last_second() {
    let mut pair = Pair::new().await;
    let old = pair.enrolled("default", &Device::rsa(0)).await;
    pair.now = old.certificate.validity().not_after.plus(1);
    assert_eq!(refused(renew(&pair, "default", &old, &old.successor(1)).await), "renewal.expired");
    pair.now = pair.now.plus(-1);
    certificate(renew(&pair, "default", &old, &old.successor(1)).await);
}

#[tokio::test]
async fn a_revoked_certificate_renews_nothing_and_somebody_is_told() {
    let pair = Pair::new().await;
    let old = pair.enrolled("default", &Device::rsa(0)).await;
    let (serial, reason) = (old.certificate.serial(), pki::crl::Reason::KeyCompromise);
    server::revocation::revoke(&pair.service, serial, reason, &Pair::by(), pair.now).await.expect("revoked");
    let new = old.successor(1);
    assert_eq!(refused(renew(&pair, "default", &old, &new).await), "renewal.revoked");
    // Not with a good challenge either.
    let challenge = pair.challenge("default").await;
    let request = new.request(Some(&challenge));
    let answer = pair.ask("default", &Ask::Enrol(&request), &new.transaction(), &old).await;
    assert_eq!(refused(answer), "renewal.revoked");
    assert_eq!(pair.certificates().await.len(), 1);
    // The device comes back by enrolling anew.
    certificate(pair.enrol("default", &new, Some(&challenge)).await);
}

#[tokio::test]
async fn a_renewal_gets_the_names_of_its_certificate_and_no_others() {
    let pair = Pair::new().await;
    let old = pair.enrolled("default", &Device::rsa(0)).await;
    let other = Device::rsa(1).named("CN=administrator,O=Example");
    let answer = pair.ask("default", &Ask::Renew(&other.request(None)), "t-1", &old).await;
    assert_eq!(refused(answer), "renewal.names");
    let new = old.successor(2);
    let request = new.request_for(&[GeneralName::Dns("dc.example.test".to_owned())], None);
    assert_eq!(refused(pair.ask("default", &Ask::Renew(&request), "t-2", &old).await), "renewal.names");
    // Both at once: both stand in the audit.
    let request = other.request_for(&[GeneralName::Dns("dc.example.test".to_owned())], None);
    pair.ask("default", &Ask::Renew(&request), "t-3", &old).await;
    let detail = pair.last_audit().await.entry.detail;
    assert!(detail.contains("subject:") && detail.contains("subjectAltName:"), "{detail}");
    assert_eq!(pair.certificates().await.len(), 1);
}

#[tokio::test]
async fn the_key_is_kept_or_not_as_the_endpoint_says() {
    let mut pair = Pair::new().await;
    let old = pair.enrolled("window", &Device::rsa(0)).await;
    pair.now = old.certificate.validity().not_after.plus(-86_400);
    let answer = pair.ask("window", &Ask::Renew(&old.request(None)), "t-2", &old).await;
    assert_eq!(refused(answer), "renewal.key");
    let old = pair.enrolled("default", &Device::rsa(1)).await;
    let renewed = certificate(pair.ask("default", &Ask::Renew(&old.request(None)), "t-2", &old).await);
    assert_eq!(renewed.public_key(), old.certificate.public_key());
    assert_ne!(renewed.serial(), old.certificate.serial());
}

/// RFC 8894 §7.8: a renewal rests on nothing but the signature.
#[tokio::test]
async fn a_renewal_over_sha1_is_refused_and_a_first_enrolment_is_not() {
    let openssl = need!("openssl");
    let pair = Pair::new().await;
    let message = |signer: &Device, request: &pki::Request, transaction: &str| {
        let to = &pair.service.credentials.load().ra_encryption[0].certificate;
        let craft = Craft { digest: Digest::Sha1, ..Craft::enrolment(signer, transaction, seal(to, request.der())) };
        let der = craft.sign(&Sha1Key { key: &signer.key, openssl: &openssl, folder: pair.folder() });
        Outgoing { der, transaction_id: transaction.to_owned(), nonce: vec![7; 16] }
    };
    let device = Device::rsa(0);
    let sent = message(&device, &device.request(Some(STATIC)), "t-1");
    let old = device.holding(&certificate(pair.send("default", &sent, &device, None).await));
    let new = old.successor(1);
    let sent = message(&old, &new.request(None), "t-2");
    assert_eq!(refused(pair.send("default", &sent, &old, None).await), "renewal.digest");
    assert_eq!(pair.certificates().await.len(), 1);
    // Each use of SHA-1 is counted for its client.
    let uses = pair.service.store.weak_uses(10).await.expect("uses");
    assert_eq!(uses.len(), 1, "{uses:?}");
    assert_eq!((uses[0].algorithm.as_str(), uses[0].uses), ("sha1-digest", 2));
    // With a challenge it is a first enrolment.
    let sent = message(&old, &new.request(Some(STATIC)), "t-3");
    certificate(pair.send("default", &sent, &old, None).await);
}

fn seal(to: &Certificate, content: &[u8]) -> Vec<u8> {
    let recipient = EnvelopeFor::Key {
        issuer: to.issuer().der(),
        serial: to.serial(),
        key: to.public_key(),
        transport: KeyTransport::Pkcs1,
    };
    seal_envelope(content, Cipher::Aes128, recipient, &mut server::world::random).expect("an envelope")
}

#[tokio::test]
async fn an_endpoint_renews_only_the_profiles_it_lists() {
    let pair = Pair::new().await;
    let old = pair.enrolled("windows", &Device::rsa(0)).await;
    assert_eq!(refused(renew(&pair, "default", &old, &old.successor(1)).await), "renewal.profile");
    let old = pair.enrolled("no-renewal", &Device::rsa(2)).await;
    assert_eq!(refused(renew(&pair, "no-renewal", &old, &old.successor(3)).await), "renewal.profile");
    assert_eq!(pair.certificates().await.len(), 2);
}

#[tokio::test]
async fn a_renewal_signed_with_anything_else_is_refused() {
    let pair = Pair::new().await;
    let old = pair.enrolled("default", &Device::rsa(0)).await;
    let thief = Device::rsa(1).named(&old.subject.to_string());
    // Self-signed, with a challenge or without.
    assert_eq!(refused(renew(&pair, "default", &thief, &thief).await), "renewal.signer");
    let request = thief.request(Some(STATIC));
    assert_eq!(refused(pair.ask("default", &Ask::Renew(&request), "t-1", &thief).await), "renewal.signer");
    // A certificate with our CA's name, the right subject and the right serial number, signed by the thief.
    let forged = thief.holding(&forge(&old.certificate, &thief));
    assert_eq!(forged.certificate.serial(), old.certificate.serial());
    assert_eq!(refused(renew(&pair, "default", &forged, &thief).await), "renewal.signer");
    let request = thief.request(Some(STATIC));
    assert_eq!(refused(pair.ask("default", &Ask::Enrol(&request), "t-2", &forged).await), "renewal.signer");
    assert_eq!(pair.certificates().await.len(), 1);
}

/// What the CA issued, with the thief's key in it and the thief's signature under it.
pub(super) fn forge(original: &Certificate, thief: &Device) -> Certificate {
    use pki::der::write;
    use pki::key::Sign;
    let algorithm = thief.key.preferred();
    let extensions = pki::extension::Extension::all_to_der(original.extensions());
    let tbs = write::sequence(&[
        &write::explicit(0, &write::integer(2)),
        &write::tlv(pki::der::tag::INTEGER, original.serial()),
        &algorithm.to_der(),
        original.issuer().der(),
        &original.validity().to_der(),
        original.subject().der(),
        thief.key.public_key().spki_der(),
        &write::explicit(3, &extensions),
    ]);
    let signature = thief.key.sign(algorithm, &tbs).expect("signed");
    Certificate::assemble(&tbs, &algorithm.to_der(), &signature).expect("a certificate")
}

/// A certificate of the service itself, the RA's for one, is not a device's.
#[tokio::test]
async fn the_services_own_certificates_renew_nothing() {
    let pair = Pair::new().await;
    let credentials = pair.service.credentials.load_full();
    let ra = &credentials.ra_signing;
    let key = pki::key::PrivateKey::from_pkcs8(ra.key.pkcs8()).expect("a key");
    let stolen = Device { key, certificate: ra.certificate.clone(), subject: ra.certificate.subject().clone() };
    let new = Device::rsa(0).named(&stolen.subject.to_string());
    assert_eq!(refused(renew(&pair, "default", &stolen, &new).await), "renewal.signer");
    assert!(ra.certificate.extended_key_usage().is_some_and(|u| u.contains(&oid::REQUEST_AGENT)));
    assert_eq!(pair.certificates().await, []);
}
