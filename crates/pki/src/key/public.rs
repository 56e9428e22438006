use aws_lc_rs::rsa::{OaepPublicEncryptingKey, Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{self as lc, UnparsedPublicKey, VerificationAlgorithm};

use super::algorithm::identifier;
use super::{KeyTransport, SignatureAlgorithm, SignatureError};
use crate::der::{Reader, tag, write};
use crate::digest::{self, Digest};
use crate::{DerError, Oid, oid};

/// What kind of key it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA with this many modulus bits; 0 if the key cannot be read, which fits no signature.
    Rsa(usize),
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
    /// NIST P-521.
    P521,
    /// Ed25519.
    Ed25519,
    /// Anything else: its algorithm.
    Other(Oid),
}

impl std::fmt::Display for KeyKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            KeyKind::Rsa(bits) => write!(f, "RSA-{bits}"),
            KeyKind::P256 => f.write_str("P-256"),
            KeyKind::P384 => f.write_str("P-384"),
            KeyKind::P521 => f.write_str("P-521"),
            KeyKind::Ed25519 => f.write_str("Ed25519"),
            KeyKind::Other(id) => write!(f, "key algorithm {id}"),
        }
    }
}

/// A SubjectPublicKeyInfo, kept as received.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PublicKey {
    spki: Vec<u8>,
    key: (usize, usize),
    kind: KeyKind,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo.
    pub fn read(reader: &mut Reader<'_>) -> Result<PublicKey, DerError> {
        let whole = reader.take(tag::SEQUENCE, "SubjectPublicKeyInfo")?;
        let mut inner = whole.reader();
        let algorithm = inner.take(tag::SEQUENCE, "algorithm")?;
        let (id, parameters) = identifier(algorithm.raw)?;
        let octets = inner.bit_octets("subjectPublicKey")?;
        inner.finish("SubjectPublicKeyInfo")?;
        let kind = match id {
            oid::RSA_ENCRYPTION | oid::RSASSA_PSS => KeyKind::Rsa(modulus_bits(octets).unwrap_or(0)),
            oid::EC_PUBLIC_KEY => match Reader::new(parameters).oid("curve") {
                Ok(oid::P256) => KeyKind::P256,
                Ok(oid::P384) => KeyKind::P384,
                Ok(oid::P521) => KeyKind::P521,
                _ => KeyKind::Other(id),
            },
            oid::ED25519 => KeyKind::Ed25519,
            _ => KeyKind::Other(id),
        };
        // The BIT STRING stands last, so the key ends where the structure ends.
        let end = whole.raw.len();
        Ok(PublicKey { spki: whole.raw.to_vec(), key: (end - octets.len(), end), kind })
    }

    /// From a whole SubjectPublicKeyInfo.
    pub fn from_spki(der: &[u8]) -> Result<PublicKey, DerError> {
        let mut reader = Reader::new(der);
        let key = PublicKey::read(&mut reader)?;
        reader.finish("SubjectPublicKeyInfo")?;
        Ok(key)
    }

    /// The SubjectPublicKeyInfo as received.
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        &self.spki
    }

    /// The content of subjectPublicKey.
    #[must_use]
    pub fn key_octets(&self) -> &[u8] {
        self.spki.get(self.key.0..self.key.1).unwrap_or_default()
    }

    /// What kind of key it is.
    #[must_use]
    pub fn kind(&self) -> &KeyKind {
        &self.kind
    }

    /// SHA-256 over the SubjectPublicKeyInfo: the name of the key inside this house.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        digest::sha256(&self.spki)
    }

    /// SHA-1 over subjectPublicKey: the key identifier of RFC 5280 §4.2.1.2 (1).
    #[must_use]
    pub fn key_id(&self) -> [u8; 20] {
        digest::sha1(self.key_octets())
    }

    /// Checks a signature.
    pub fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), SignatureError> {
        let verification = self.verification(algorithm)?;
        UnparsedPublicKey::new(verification, self.key_octets())
            .verify(message, signature)
            .map_err(|_| SignatureError::Wrong)
    }

    fn verification(
        &self,
        algorithm: SignatureAlgorithm,
    ) -> Result<&'static dyn VerificationAlgorithm, SignatureError> {
        use Digest::{Sha1, Sha256, Sha384, Sha512};
        use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
        Ok(match (&self.kind, algorithm) {
            (KeyKind::Rsa(bits), _) if !(1024..=8192).contains(bits) => return Err(SignatureError::Unsuitable),
            (KeyKind::Rsa(_), RsaPkcs1(Sha1)) => &lc::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            (KeyKind::Rsa(_), RsaPkcs1(Sha256)) => &lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            (KeyKind::Rsa(_), RsaPkcs1(Sha384)) => &lc::RSA_PKCS1_2048_8192_SHA384,
            (KeyKind::Rsa(_), RsaPkcs1(Sha512)) => &lc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
            (KeyKind::Rsa(_), RsaPss(Sha256)) => &lc::RSA_PSS_2048_8192_SHA256,
            (KeyKind::Rsa(_), RsaPss(Sha384)) => &lc::RSA_PSS_2048_8192_SHA384,
            (KeyKind::Rsa(_), RsaPss(Sha512)) => &lc::RSA_PSS_2048_8192_SHA512,
            (KeyKind::P256, Ecdsa(Sha1)) => &lc::ECDSA_P256_SHA1_ASN1,
            (KeyKind::P256, Ecdsa(Sha256)) => &lc::ECDSA_P256_SHA256_ASN1,
            (KeyKind::P256, Ecdsa(Sha384)) => &lc::ECDSA_P256_SHA384_ASN1,
            (KeyKind::P256, Ecdsa(Sha512)) => &lc::ECDSA_P256_SHA512_ASN1,
            (KeyKind::P384, Ecdsa(Sha256)) => &lc::ECDSA_P384_SHA256_ASN1,
            (KeyKind::P384, Ecdsa(Sha384)) => &lc::ECDSA_P384_SHA384_ASN1,
            (KeyKind::P384, Ecdsa(Sha512)) => &lc::ECDSA_P384_SHA512_ASN1,
            (KeyKind::P521, Ecdsa(Sha1)) => &lc::ECDSA_P521_SHA1_ASN1,
            (KeyKind::P521, Ecdsa(Sha256)) => &lc::ECDSA_P521_SHA256_ASN1,
            (KeyKind::P521, Ecdsa(Sha384)) => &lc::ECDSA_P521_SHA384_ASN1,
            (KeyKind::P521, Ecdsa(Sha512)) => &lc::ECDSA_P521_SHA512_ASN1,
            (KeyKind::Ed25519, Ed25519) => &lc::ED25519,
            (KeyKind::Rsa(_), RsaPkcs1(_) | RsaPss(_)) | (KeyKind::P256 | KeyKind::P384 | KeyKind::P521, Ecdsa(_)) => {
                return Err(SignatureError::Unsupported);
            }
            _ => return Err(SignatureError::Unsuitable),
        })
    }

    /// Whether a content-encryption key can be sent under this key: RSA from 2048 to 8192 bits.
    #[must_use]
    pub fn can_encrypt(&self) -> bool {
        matches!(self.kind, KeyKind::Rsa(2048..=8192))
    }

    /// Encrypts a content-encryption key. Nothing if [`PublicKey::can_encrypt`] says no or the key is malformed.
    #[must_use]
    pub fn encrypt(&self, transport: KeyTransport, key: &[u8]) -> Option<Vec<u8>> {
        // Without the algorithm's parameters as received: a key that verifies must also encrypt.
        let algorithm = write::algorithm(&oid::RSA_ENCRYPTION, &write::null());
        let spki = write::sequence(&[&algorithm, &write::bit_octets(self.key_octets())]);
        let public = PublicEncryptingKey::from_der(&spki).ok()?;
        let mut out = vec![0; public.key_size_bytes()];
        match transport {
            KeyTransport::Pkcs1 => {
                Pkcs1PublicEncryptingKey::new(public).ok()?.encrypt(key, &mut out).ok()?;
            }
            KeyTransport::Oaep(digest) => {
                let algorithm = super::private::oaep(digest)?;
                OaepPublicEncryptingKey::new(public).ok()?.encrypt(algorithm, key, &mut out, None).ok()?;
            }
        }
        Some(out)
    }
}

fn modulus_bits(key: &[u8]) -> Result<usize, DerError> {
    let modulus = Reader::new(key).sequence("RSAPublicKey")?.integer("modulus")?;
    let digits = modulus.iter().position(|&b| b != 0).and_then(|at| modulus.get(at..)).unwrap_or_default();
    Ok(digits.first().map_or(0, |first| digits.len() * 8 - first.leading_zeros() as usize))
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({})", self.kind)
    }
}
