//! Signatures the crypto library no longer verifies: RSA with MD2, MD4 or MD5, and RSA keys below 1024 bits (RFC 8017 §8.2.2).
//!
//! They prove little, and the strength check says so. But a chain of the nineties whose signatures fit is another thing
//! than one whose signatures are wrong, and roots signed with MD2 and MD5 are still in the field. Nothing secret is handled, so
//! nothing needs to be constant-time; nothing is ever signed this way.

use md2::Md2;
use md4::Md4;
use md5::{Digest as _, Md5};
use num_bigint::BigUint;
use pki::Oid;
use pki::der::{Reader, write};
use pki::digest::Digest;
use pki::key::{KeyKind, PublicKey, SignatureAlgorithm};

use crate::signature::{Outcome, Signed};

/// Moduli that are accepted, in bits. The larger end bounds the work.
const MODULUS: std::ops::RangeInclusive<u64> = 384..=8192;

/// Verifies, if it is one of these signatures.
pub(crate) fn check(key: &PublicKey, signed: &Signed<'_>) -> Option<Outcome> {
    let KeyKind::Rsa(bits) = *key.kind() else { return None };
    let digest_info = match SignatureAlgorithm::parse(signed.algorithm) {
        Ok(SignatureAlgorithm::RsaPkcs1(digest)) if bits < 1024 => with_digest(digest, signed.content),
        Err(_) => with_broken_digest(signed)?,
        Ok(_) => return None,
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

/// The DigestInfo of a digest that is broken, if the algorithm says RSA with one.
fn with_broken_digest(signed: &Signed<'_>) -> Option<Vec<u8>> {
    /// 1.2.840.113549.1.1; the digests alone are 1.2.840.113549.2.2, .4 and .5.
    const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
    let mut inner = Reader::new(signed.algorithm).sequence("AlgorithmIdentifier").ok()?;
    let id = inner.oid("algorithm").ok()?;
    let (number, digest) = match id.content().strip_prefix(PKCS1)? {
        [2] => (2, Md2::digest(signed.content).to_vec()),
        [3] => (4, Md4::digest(signed.content).to_vec()),
        [4] => (5, Md5::digest(signed.content).to_vec()),
        _ => return None,
    };
    let digest_id = Oid::from_content(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, number]);
    let algorithm = write::algorithm(&digest_id, &write::null());
    Some(write::sequence(&[&algorithm, &write::octets(&digest)]))
}

fn with_digest(digest: Digest, content: &[u8]) -> Vec<u8> {
    write::sequence(&[&digest.to_der(), &write::octets(&digest.of(&[content]))])
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
