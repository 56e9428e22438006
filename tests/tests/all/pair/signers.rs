//! The certificate that signs a renewal is judged by the chain engine: the operator reads why it was refused, and an
//! event is kept.

use std::time::Duration;

use pki::crl::Reason;
use server::revocation::{self, Renew};
use server::store::{AuditFilter, EventFilter, EventRole, StoredCrl, StoredEvent};

use super::renewal::{forge, renew};
use crate::parties::{Device, Pair, certificate, refused};

/// The event about this certificate, once it is there.
async fn event(pair: &Pair, of: &Device, code: &str) -> StoredEvent {
    for _ in 0..200 {
        let all = pair.service.store.events(&EventFilter::default()).await.expect("events");
        let about = |e: &StoredEvent| e.event.thumbprint == of.certificate.thumbprint() && e.event.code == code;
        if let Some(found) = all.into_iter().find(about) {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no event {code}");
}

/// What the audit says of the latest refusal.
async fn detail(pair: &Pair) -> String {
    let filter = AuditFilter { verb: Some("refuse".to_owned()), ..AuditFilter::default() };
    let row = pair.service.store.audit_list(&filter, 1, None).await.expect("the audit").remove(0);
    row.entry.detail
}

async fn refusal(pair: &Pair, signer: &Device, new: &Device, code: &str, result: u32, words: &str) -> StoredEvent {
    assert_eq!(refused(renew(pair, "default", signer, new).await), code);
    let detail = detail(pair).await;
    assert!(words.is_empty() || detail.contains(words), "{detail}");
    let kept = event(pair, signer, code).await;
    assert_eq!((kept.event.role, kept.event.place.as_str()), (EventRole::RenewalSigner, "default"));
    assert_eq!(kept.event.result, result, "{:?}", kept.event);
    assert!(kept.event.capi2.contains("CertVerifyCertificateChainPolicy"), "{}", kept.event.capi2);
    kept
}

#[tokio::test]
async fn every_refused_signer_is_kept_with_its_hresult() {
    let mut pair = Pair::new().await;
    let old = pair.enrolled("default", &Device::rsa(0)).await;
    let thief = Device::rsa(1).named(&old.subject.to_string());
    let forged = thief.holding(&forge(&old.certificate, &thief));
    let kept =
        refusal(&pair, &forged, &thief, "renewal.signer", 0x8009_6004, "0x80096004 TRUST_E_CERT_SIGNATURE").await;
    assert_eq!(kept.event.error & 0x8, 0x8, "CERT_TRUST_IS_NOT_SIGNATURE_VALID");
    refusal(&pair, &thief, &thief, "renewal.signer", 0x800B_0109, "0x800B0109 CERT_E_UNTRUSTEDROOT").await;

    // The RA's certificate: its chain is good, and yet it is no device's.
    let credentials = pair.service.credentials.load_full();
    let ra = &credentials.ra_signing;
    let key = pki::key::PrivateKey::from_pkcs8(ra.key.pkcs8()).expect("a key");
    let stolen = Device { key, certificate: ra.certificate.clone(), subject: ra.certificate.subject().clone() };
    let new = Device::rsa(2).named(&stolen.subject.to_string());
    let kept = refusal(&pair, &stolen, &new, "renewal.signer", 0x8009_2004, "not issued here").await;
    assert_eq!(kept.event.error, 0, "{}", kept.event.judgement);

    let other = pair.enrolled("default", &Device::rsa(3)).await;
    let serial = other.certificate.serial();
    revocation::revoke(&pair.service, serial, Reason::KeyCompromise, &Pair::by(), pair.now).await.expect("revoked");
    let kept =
        refusal(&pair, &other, &other.successor(4), "renewal.revoked", 0x8009_2010, "0x80092010 CRYPT_E_REVOKED").await;
    assert_eq!(kept.event.error & 0x4, 0x4, "CERT_TRUST_IS_REVOKED");

    pair.now = old.certificate.validity().not_after.plus(1);
    let kept =
        refusal(&pair, &old, &old.successor(1), "renewal.expired", 0x800B_0101, "0x800B0101 CERT_E_EXPIRED").await;
    assert_eq!(kept.event.error & 0x1, 0x1, "CERT_TRUST_IS_NOT_TIME_VALID");
}

/// A certificate is as good as the CA that signed it: when the root takes its word back, nothing is renewed any more.
#[tokio::test]
async fn what_a_revoked_ca_signed_renews_nothing() {
    let mut pair = Pair::new().await;
    let old = pair.enrolled("default", &Device::rsa(0)).await;
    pair.now = old.certificate.validity().not_after.plus(-3600);
    revocation::publish(&pair.service, Renew::Now, pair.now).await.expect("a list");
    let root = pair.service.credentials.load().root_keyed().expect("the root's key");
    let taken_back =
        ca::RevokedEntry { serial: pair.issuer().serial().to_vec(), at: pair.now, reason: Reason::CaCompromise };
    let until = pair.now.plus(86_400);
    let crl = ca::crl(&root.certificate, &*root.key, &[taken_back], 9, pair.now, until).expect("a list");
    let list = StoredCrl {
        issuer: root.certificate.fingerprint(),
        number: 9,
        der: crl.der().to_vec(),
        this_update: pair.now,
        next_update: until,
    };
    pair.service.store.crl_put(&list, &Pair::by(), pair.now).await.expect("stored");
    let kept =
        refusal(&pair, &old, &old.successor(1), "renewal.revoked", 0x8009_2010, "of a CA that was revoked").await;
    assert_eq!(kept.event.error & 0x4, 0x4);
}

/// Good renewals leave no event behind, nor do refusals for reasons that are none of the certificate's.
#[tokio::test]
async fn what_is_no_refusal_of_a_certificate_is_no_event() {
    let mut pair = Pair::new().await;
    let old = pair.enrolled("default", &Device::rsa(0)).await;
    assert_eq!(refused(renew(&pair, "no-renewal", &old, &old.successor(1)).await), "renewal.profile");
    pair.now = old.certificate.validity().not_after;
    certificate(renew(&pair, "default", &old, &old.successor(1)).await);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(pair.service.store.events(&EventFilter::default()).await.expect("events"), []);
}
