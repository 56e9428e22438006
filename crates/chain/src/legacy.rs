//! Signatures the crypto library no longer verifies: RSA with MD5, and RSA keys below 1024 bits (RFC 8017 §8.2.2).
//!
//! They prove little, and the strength check says so. But a chain of the nineties whose signatures fit is another thing
//! than one whose signatures are wrong, and roots signed with MD5 are still in the field. Nothing secret is handled, so
//! nothing needs to be constant-time; nothing is ever signed this way.

use md5::{Digest as _, Md5};
use num_bigint::BigUint;
use pki::der::{Reader, write};
use pki::digest::Digest;
use pki::key::{KeyKind, PublicKey, SignatureAlgorithm};
use pki::oid;

use crate::signature::{Outcome, Signed};

/// Moduli that are accepted, in bits. The larger end bounds the work.
const MODULUS: std::ops::RangeInclusive<u64> = 384..=8192;

/// Verifies, if it is one of these signatures.
pub(crate) fn check(key: &PublicKey, signed: &Signed<'_>) -> Option<Outcome> {
    let KeyKind::Rsa(bits) = *key.kind() else { return None };
    let digest_info = match SignatureAlgorithm::parse(signed.algorithm) {
        Ok(SignatureAlgorithm::RsaPkcs1(digest)) if bits < 1024 => with_digest(digest, signed.content),
        Err(_) if is_md5(signed.algorithm) => with_md5(signed.content),
        _ => return None,
    };
    Some(match fits(key, signed.signature, &digest_info) {
        None => Outcome::UnusableKey,
        Some(Fit::Yes) => Outcome::Good,
        Some(Fit::No) => Outcome::Wrong,
    })
}

enum Fit {
    Yes,
    No,
}

fn is_md5(algorithm: &[u8]) -> bool {
    let id = Reader::new(algorithm).sequence("AlgorithmIdentifier").and_then(|mut inner| inner.oid("algorithm"));
    id == Ok(oid::MD5_WITH_RSA)
}

fn with_digest(digest: Digest, content: &[u8]) -> Vec<u8> {
    write::sequence(&[&digest.to_der(), &write::octets(&digest.of(&[content]))])
}

fn with_md5(content: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::algorithm(&oid::MD5, &write::null()), &write::octets(&Md5::digest(content))])
}

/// Nothing if the key is no RSA key of a sensible size.
fn fits(key: &PublicKey, signature: &[u8], digest_info: &[u8]) -> Option<Fit> {
    let mut inner = Reader::new(key.key_octets()).sequence("RSAPublicKey").ok()?;
    let modulus = BigUint::from_bytes_be(inner.integer("modulus").ok()?);
    let exponent = BigUint::from_bytes_be(inner.integer("publicExponent").ok()?);
    if !MODULUS.contains(&modulus.bits()) || exponent.bits() > 33 || exponent.bits() < 2 {
        return None;
    }
    let length = usize::try_from(modulus.bits().div_ceil(8)).ok()?;
    let number = BigUint::from_bytes_be(signature);
    if signature.len() != length || number >= modulus {
        return Some(Fit::No);
    }
    let opened = number.modpow(&exponent, &modulus).to_bytes_be();
    Some(if padded(digest_info, length).is_some_and(|wanted| wanted == opened) { Fit::Yes } else { Fit::No })
}

/// EMSA-PKCS1-v1_5 (RFC 8017 §9.2) without the zero octet in front, as a number has none.
fn padded(digest_info: &[u8], length: usize) -> Option<Vec<u8>> {
    let fill = length.checked_sub(digest_info.len() + 3).filter(|fill| *fill >= 8)?;
    let mut out = vec![1];
    out.extend(std::iter::repeat_n(0xff, fill));
    out.push(0);
    out.extend_from_slice(digest_info);
    Some(out)
}
