use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair as RsaKeyPair, KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384,
    OAEP_SHA512_MGF1SHA512, OaepAlgorithm, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{self as lc, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use zeroize::Zeroizing;

use super::{KeyTransport, PublicKey, SignatureAlgorithm, SignatureError};
use crate::cipher::NotDecrypted;
use crate::der::{Reader, tag, write};
use crate::digest::Digest;
use crate::oid;

/// A key that signs.
pub trait Sign: Send + Sync {
    /// The public half.
    fn public_key(&self) -> &PublicKey;

    /// The algorithm this key signs certificates with when nothing else is asked for.
    fn preferred(&self) -> SignatureAlgorithm;

    /// Signs.
    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignatureError>;
}

/// A key that opens content-encryption keys.
pub trait Decrypt: Send + Sync {
    /// Decrypts. Every failure looks the same; the caller goes on with a random key (RFC 3218 §2.3.2).
    fn decrypt(&self, transport: KeyTransport, encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotDecrypted>;
}

/// What key to generate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum KeySpec {
    Rsa2048,
    Rsa3072,
    Rsa4096,
    P256,
    P384,
}

impl KeySpec {
    const ALL: [(KeySpec, &'static str); 5] = [
        (KeySpec::Rsa2048, "rsa-2048"),
        (KeySpec::Rsa3072, "rsa-3072"),
        (KeySpec::Rsa4096, "rsa-4096"),
        (KeySpec::P256, "p-256"),
        (KeySpec::P384, "p-384"),
    ];

    /// By its name: `rsa-2048`, `rsa-3072`, `rsa-4096`, `p-256`, `p-384`.
    #[must_use]
    pub fn by_name(name: &str) -> Option<KeySpec> {
        Self::ALL.iter().find(|(_, n)| n.eq_ignore_ascii_case(name)).map(|(s, _)| *s)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(s, _)| *s == self).map_or("", |(_, n)| n)
    }
}

/// A private key in memory. It has no `Debug` and its encodings are wiped when dropped.
pub struct PrivateKey {
    pkcs8: Zeroizing<Vec<u8>>,
    public: PublicKey,
    inner: Inner,
}

enum Inner {
    Rsa {
        sign: RsaKeyPair,
        pkcs1: Pkcs1PrivateDecryptingKey,
        oaep: OaepPrivateDecryptingKey,
    },
    /// An RSA key below 2048 bits: it may sign but neither open envelopes nor be generated.
    SmallRsa(RsaKeyPair),
    Ecdsa(EcdsaKeyPair, Digest),
    Ed25519(Ed25519KeyPair),
}

/// A private key could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a private key this program can use (unencrypted PKCS#8, PKCS#1 or SEC 1; RSA, P-256, P-384, P-521, Ed25519)"
)]
pub struct NotAKey;

impl PrivateKey {
    /// Generates a key with the crypto library's generator.
    pub fn generate(spec: KeySpec) -> Result<PrivateKey, NotAKey> {
        let rsa = |size| {
            let key = RsaKeyPair::generate(size).map_err(|_| NotAKey)?;
            let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&key).map_err(|_| NotAKey)?;
            PrivateKey::from_pkcs8(der.as_ref())
        };
        let ec = |curve| {
            let der = EcdsaKeyPair::generate_pkcs8(curve, &SystemRandom::new()).map_err(|_| NotAKey)?;
            PrivateKey::from_pkcs8(der.as_ref())
        };
        match spec {
            KeySpec::Rsa2048 => rsa(KeySize::Rsa2048),
            KeySpec::Rsa3072 => rsa(KeySize::Rsa3072),
            KeySpec::Rsa4096 => rsa(KeySize::Rsa4096),
            KeySpec::P256 => ec(&lc::ECDSA_P256_SHA256_ASN1_SIGNING),
            KeySpec::P384 => ec(&lc::ECDSA_P384_SHA384_ASN1_SIGNING),
        }
    }

    /// From a PKCS#8 PrivateKeyInfo (RFC 5208).
    pub fn from_pkcs8(der: &[u8]) -> Result<PrivateKey, NotAKey> {
        let mut info = Reader::single(der, tag::SEQUENCE, "PrivateKeyInfo").map_err(|_| NotAKey)?.reader();
        info.small("version").map_err(|_| NotAKey)?;
        let mut algorithm = info.sequence("privateKeyAlgorithm").map_err(|_| NotAKey)?;
        let id = algorithm.oid("algorithm").map_err(|_| NotAKey)?;
        let inner = match id {
            oid::RSA_ENCRYPTION => rsa_inner(der)?,
            oid::EC_PUBLIC_KEY => {
                let (signing, digest) = match algorithm.oid("curve").map_err(|_| NotAKey)? {
                    oid::P256 => (&lc::ECDSA_P256_SHA256_ASN1_SIGNING, Digest::Sha256),
                    oid::P384 => (&lc::ECDSA_P384_SHA384_ASN1_SIGNING, Digest::Sha384),
                    oid::P521 => (&lc::ECDSA_P521_SHA512_ASN1_SIGNING, Digest::Sha512),
                    _ => return Err(NotAKey),
                };
                Inner::Ecdsa(EcdsaKeyPair::from_pkcs8(signing, der).map_err(|_| NotAKey)?, digest)
            }
            oid::ED25519 => Inner::Ed25519(Ed25519KeyPair::from_pkcs8(der).map_err(|_| NotAKey)?),
            _ => return Err(NotAKey),
        };
        let public = inner.public_key()?;
        Ok(PrivateKey { pkcs8: Zeroizing::new(der.to_vec()), public, inner })
    }

    /// From PEM or DER, in PKCS#8, PKCS#1 (RFC 8017 §A.1.2) or SEC 1 (RFC 5915) form, unencrypted.
    pub fn parse(input: &[u8]) -> Result<PrivateKey, NotAKey> {
        if input.first() == Some(&tag::SEQUENCE) {
            return PrivateKey::from_pkcs8(input).or_else(|_| PrivateKey::from_pkcs8(&pkcs1_to_pkcs8(input)));
        }
        let text = std::str::from_utf8(input).map_err(|_| NotAKey)?;
        for armoured in crate::pem::decode(text) {
            match armoured.label.as_str() {
                "PRIVATE KEY" => return PrivateKey::from_pkcs8(&armoured.der),
                "RSA PRIVATE KEY" => return PrivateKey::from_pkcs8(&pkcs1_to_pkcs8(&armoured.der)),
                "EC PRIVATE KEY" => return PrivateKey::from_pkcs8(&sec1_to_pkcs8(&armoured.der).ok_or(NotAKey)?),
                _ => {}
            }
        }
        Err(NotAKey)
    }

    /// PKCS#8, wiped when dropped.
    #[must_use]
    pub fn pkcs8(&self) -> &Zeroizing<Vec<u8>> {
        &self.pkcs8
    }

    /// PKCS#8 in PEM armour, wiped when dropped.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        Zeroizing::new(crate::pem::encode("PRIVATE KEY", &self.pkcs8))
    }
}

fn rsa_inner(pkcs8: &[u8]) -> Result<Inner, NotAKey> {
    let sign = RsaKeyPair::from_pkcs8(pkcs8).map_err(|_| NotAKey)?;
    let Ok(decrypt) = PrivateDecryptingKey::from_pkcs8(pkcs8) else { return Ok(Inner::SmallRsa(sign)) };
    let pkcs1 = Pkcs1PrivateDecryptingKey::new(decrypt.clone()).map_err(|_| NotAKey)?;
    let oaep = OaepPrivateDecryptingKey::new(decrypt).map_err(|_| NotAKey)?;
    Ok(Inner::Rsa { sign, pkcs1, oaep })
}

fn pkcs1_to_pkcs8(der: &[u8]) -> Zeroizing<Vec<u8>> {
    let algorithm = write::algorithm(&oid::RSA_ENCRYPTION, &write::null());
    Zeroizing::new(write::sequence(&[&write::integer(0), &algorithm, &write::octets(der)]))
}

fn sec1_to_pkcs8(der: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut inner = Reader::single(der, tag::SEQUENCE, "ECPrivateKey").ok()?.reader();
    inner.small("version").ok()?;
    inner.take(tag::OCTET_STRING, "privateKey").ok()?;
    let curve = inner.optional(0xa0).ok()??.value;
    let algorithm = write::algorithm(&oid::EC_PUBLIC_KEY, curve);
    Some(Zeroizing::new(write::sequence(&[&write::integer(0), &algorithm, &write::octets(der)])))
}

impl Inner {
    fn public_key(&self) -> Result<PublicKey, NotAKey> {
        let (algorithm, key) = match self {
            Inner::Rsa { sign, .. } | Inner::SmallRsa(sign) => {
                (write::algorithm(&oid::RSA_ENCRYPTION, &write::null()), sign.public_key().as_ref().to_vec())
            }
            Inner::Ecdsa(pair, digest) => {
                let curve = match digest {
                    Digest::Sha384 => oid::P384,
                    Digest::Sha512 => oid::P521,
                    _ => oid::P256,
                };
                let algorithm = write::algorithm(&oid::EC_PUBLIC_KEY, &write::oid(&curve));
                (algorithm, pair.public_key().as_ref().to_vec())
            }
            Inner::Ed25519(pair) => (write::algorithm(&oid::ED25519, &[]), pair.public_key().as_ref().to_vec()),
        };
        PublicKey::from_spki(&write::sequence(&[&algorithm, &write::bit_octets(&key)])).map_err(|_| NotAKey)
    }
}

pub(super) fn oaep(digest: Digest) -> Option<&'static OaepAlgorithm> {
    match digest {
        Digest::Sha1 => Some(&OAEP_SHA1_MGF1SHA1),
        Digest::Sha256 => Some(&OAEP_SHA256_MGF1SHA256),
        Digest::Sha384 => Some(&OAEP_SHA384_MGF1SHA384),
        Digest::Sha512 => Some(&OAEP_SHA512_MGF1SHA512),
        Digest::Sha224 => None,
    }
}

impl Sign for PrivateKey {
    fn public_key(&self) -> &PublicKey {
        &self.public
    }

    fn preferred(&self) -> SignatureAlgorithm {
        match &self.inner {
            Inner::Rsa { .. } | Inner::SmallRsa(_) => SignatureAlgorithm::RsaPkcs1(Digest::Sha256),
            Inner::Ecdsa(_, digest) => SignatureAlgorithm::Ecdsa(*digest),
            Inner::Ed25519(_) => SignatureAlgorithm::Ed25519,
        }
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let random = SystemRandom::new();
        match (&self.inner, algorithm) {
            (Inner::Rsa { sign, .. } | Inner::SmallRsa(sign), SignatureAlgorithm::RsaPkcs1(digest)) => {
                let padding = match digest {
                    Digest::Sha256 => &lc::RSA_PKCS1_SHA256,
                    Digest::Sha384 => &lc::RSA_PKCS1_SHA384,
                    Digest::Sha512 => &lc::RSA_PKCS1_SHA512,
                    // The crypto library verifies SHA-1 but does not sign with it, and neither does this house.
                    Digest::Sha1 | Digest::Sha224 => return Err(SignatureError::Unsupported),
                };
                let mut signature = vec![0; sign.public_modulus_len()];
                sign.sign(padding, &random, message, &mut signature).map_err(|_| SignatureError::Unsuitable)?;
                Ok(signature)
            }
            (Inner::Ecdsa(pair, own), SignatureAlgorithm::Ecdsa(digest)) if *own == digest => {
                Ok(pair.sign(&random, message).map_err(|_| SignatureError::Unsuitable)?.as_ref().to_vec())
            }
            (Inner::Ed25519(pair), SignatureAlgorithm::Ed25519) => Ok(pair.sign(message).as_ref().to_vec()),
            _ => Err(SignatureError::Unsuitable),
        }
    }
}

impl Decrypt for PrivateKey {
    fn decrypt(&self, transport: KeyTransport, encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotDecrypted> {
        let Inner::Rsa { pkcs1, oaep: oaep_key, .. } = &self.inner else { return Err(NotDecrypted) };
        let mut out = Zeroizing::new(vec![0; pkcs1.min_output_size()]);
        let length = match transport {
            KeyTransport::Pkcs1 => pkcs1.decrypt(encrypted, &mut out).map_err(|_| NotDecrypted)?.len(),
            KeyTransport::Oaep(digest) => {
                let algorithm = oaep(digest).ok_or(NotDecrypted)?;
                oaep_key.decrypt(algorithm, encrypted, &mut out, None).map_err(|_| NotDecrypted)?.len()
            }
        };
        out.truncate(length);
        Ok(out)
    }
}
