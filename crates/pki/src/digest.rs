//! Message digests.

use aws_lc_rs::digest as lc;

use crate::der::write;
use crate::{Oid, oid};

/// A digest algorithm this house computes. MD5 is not among them and never will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Digest {
    /// SHA-1: read for old peers, weak for signatures.
    Sha1,
    /// SHA-224.
    Sha224,
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Digest {
    /// By its object identifier.
    #[must_use]
    pub fn from_oid(id: &Oid) -> Option<Digest> {
        match *id {
            oid::SHA1 => Some(Digest::Sha1),
            oid::SHA224 => Some(Digest::Sha224),
            oid::SHA256 => Some(Digest::Sha256),
            oid::SHA384 => Some(Digest::Sha384),
            oid::SHA512 => Some(Digest::Sha512),
            _ => None,
        }
    }

    /// Its object identifier.
    #[must_use]
    pub const fn oid(self) -> Oid {
        match self {
            Digest::Sha1 => oid::SHA1,
            Digest::Sha224 => oid::SHA224,
            Digest::Sha256 => oid::SHA256,
            Digest::Sha384 => oid::SHA384,
            Digest::Sha512 => oid::SHA512,
        }
    }

    /// Its AlgorithmIdentifier, with NULL parameters.
    #[must_use]
    pub fn to_der(self) -> Vec<u8> {
        write::algorithm(&self.oid(), &write::null())
    }

    /// The name as written in messages, `SHA-256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Digest::Sha1 => "SHA-1",
            Digest::Sha224 => "SHA-224",
            Digest::Sha256 => "SHA-256",
            Digest::Sha384 => "SHA-384",
            Digest::Sha512 => "SHA-512",
        }
    }

    /// The digest of the parts one after another.
    #[must_use]
    pub fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        let algorithm = match self {
            Digest::Sha1 => &lc::SHA1_FOR_LEGACY_USE_ONLY,
            Digest::Sha224 => &lc::SHA224,
            Digest::Sha256 => &lc::SHA256,
            Digest::Sha384 => &lc::SHA384,
            Digest::Sha512 => &lc::SHA512,
        };
        let mut context = lc::Context::new(algorithm);
        for part in parts {
            context.update(part);
        }
        context.finish().as_ref().to_vec()
    }
}

/// SHA-256 of one input.
#[must_use]
pub fn sha256(input: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(lc::digest(&lc::SHA256, input).as_ref());
    out
}

/// SHA-1 of one input: a name for certificates and keys (thumbprint, key identifier), not a protection.
#[must_use]
pub fn sha1(input: &[u8]) -> [u8; 20] {
    let mut out = [0; 20];
    out.copy_from_slice(lc::digest(&lc::SHA1_FOR_LEGACY_USE_ONLY, input).as_ref());
    out
}

/// HMAC-SHA-256 over the parts one after another.
#[must_use]
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, key);
    let mut context = aws_lc_rs::hmac::Context::with_key(&key);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hex(octets: &[u8]) -> String {
    octets.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|n| char::from_digit(u32::from(n), 16)).collect()
}

/// Octets from hexadecimal digits of either case, nothing if there is anything else.
#[must_use]
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect::<Option<_>>()?;
    digits.len().is_multiple_of(2).then(|| digits.chunks_exact(2).map(|p| (p[0] << 4) | p[1]).collect())
}
