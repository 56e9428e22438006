//! Whether a certificate is one that can stand above others.

use pki::digest::Digest;
use pki::extension::KeyUsage;
use pki::key::{KeyKind, PublicKey, SignatureAlgorithm};
use pki::{Certificate, Time};

use crate::lint::Above;
use crate::{Code, Flaw};

/// What is wrong with an issuer now.
pub(crate) fn flaws(issuer: &Certificate, algorithm: SignatureAlgorithm, now: Time) -> Vec<Flaw> {
    let mut flaws = suitability(issuer, algorithm);
    let validity = issuer.validity();
    if !validity.contains(now) {
        let says = format!("{} is valid from {} to {}.", issuer.subject(), validity.not_before, validity.not_after);
        flaws.insert(0, Flaw::new(Code::IssuerExpired, says));
    }
    flaws
}

/// What is wrong with an issuer at any time.
pub(crate) fn suitability(issuer: &Certificate, algorithm: SignatureAlgorithm) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    let may_sign = issuer.key_usage().is_none_or(|usage| usage.allows(KeyUsage::KEY_CERT_SIGN));
    if !issuer.is_ca() || !may_sign || issuer.subject().is_empty() {
        flaws.push(Flaw::new(Code::IssuerNotCa, format!("{} is not the certificate of a CA.", issuer.subject())));
    }
    if issuer.subject_key_id().is_none_or(<[u8]>::is_empty) {
        let says = format!("{} has no subject key identifier.", issuer.subject());
        flaws.push(Flaw::new(Code::IssuerKeyId, says));
    }
    if !suits(issuer.public_key(), algorithm) {
        let says = format!("{} with a key of kind {}.", algorithm.name(), issuer.public_key().kind());
        flaws.push(Flaw::new(Code::IssuerAlgorithm, says));
    }
    flaws
}

/// Whether this key may sign certificates so: SHA-1 and SHA-224 are too weak.
pub(crate) fn suits(key: &PublicKey, algorithm: SignatureAlgorithm) -> bool {
    let strong = algorithm.digest().is_none_or(|d| matches!(d, Digest::Sha256 | Digest::Sha384 | Digest::Sha512));
    let fits = match key.kind() {
        KeyKind::Rsa(_) => matches!(algorithm, SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_)),
        KeyKind::P256 | KeyKind::P384 | KeyKind::P521 => matches!(algorithm, SignatureAlgorithm::Ecdsa(_)),
        KeyKind::Ed25519 => algorithm == SignatureAlgorithm::Ed25519,
        KeyKind::Other(_) => false,
    };
    strong && fits
}

/// What the lints hold a certificate against.
pub(crate) fn above(issuer: &Certificate) -> Above<'_> {
    Above {
        name: issuer.subject(),
        validity: issuer.validity(),
        key_id: issuer.subject_key_id().unwrap_or_default(),
        path_length: issuer.basic_constraints().and_then(|b| b.path_length),
    }
}
