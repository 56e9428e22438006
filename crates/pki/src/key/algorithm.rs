use super::SignatureError;
use crate::der::{Reader, tag, write};
use crate::digest::Digest;
use crate::{DerError, Oid, oid};

/// A signature algorithm with its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5 (RFC 8017 §8.2).
    RsaPkcs1(Digest),
    /// RSASSA-PSS with MGF1 over the same digest and a salt as long as it (RFC 8017 §8.1).
    RsaPss(Digest),
    /// ECDSA with a DER-encoded signature value.
    Ecdsa(Digest),
    /// Ed25519 (RFC 8032).
    Ed25519,
}

impl SignatureAlgorithm {
    /// Reads an AlgorithmIdentifier of a certificate, request or list.
    pub fn parse(der: &[u8]) -> Result<Self, SignatureError> {
        let (id, parameters) = identifier(der).map_err(|_| SignatureError::Malformed)?;
        Ok(match id {
            oid::SHA1_WITH_RSA | oid::SHA1_WITH_RSA_OIW => Self::RsaPkcs1(Digest::Sha1),
            oid::SHA256_WITH_RSA => Self::RsaPkcs1(Digest::Sha256),
            oid::SHA384_WITH_RSA => Self::RsaPkcs1(Digest::Sha384),
            oid::SHA512_WITH_RSA => Self::RsaPkcs1(Digest::Sha512),
            oid::RSASSA_PSS => Self::RsaPss(pss_digest(parameters).ok_or(SignatureError::Unsupported)?),
            oid::ECDSA_SHA1 => Self::Ecdsa(Digest::Sha1),
            oid::ECDSA_SHA256 => Self::Ecdsa(Digest::Sha256),
            oid::ECDSA_SHA384 => Self::Ecdsa(Digest::Sha384),
            oid::ECDSA_SHA512 => Self::Ecdsa(Digest::Sha512),
            oid::ED25519 => Self::Ed25519,
            _ => return Err(SignatureError::Unsupported),
        })
    }

    /// Reads the signatureAlgorithm of a CMS SignerInfo, where the digest may stand beside it: rsaEncryption and
    /// id-ecPublicKey take `digest` (RFC 3370 §3.2, RFC 5753 §2.1).
    pub fn parse_signer(der: &[u8], digest: Digest) -> Result<Self, SignatureError> {
        match identifier(der).map_err(|_| SignatureError::Malformed)?.0 {
            oid::RSA_ENCRYPTION => Ok(Self::RsaPkcs1(digest)),
            oid::EC_PUBLIC_KEY => Ok(Self::Ecdsa(digest)),
            _ => {
                let algorithm = Self::parse(der)?;
                if algorithm.digest().is_some_and(|d| d != digest) {
                    return Err(SignatureError::Unsuitable);
                }
                Ok(algorithm)
            }
        }
    }

    /// Its digest; Ed25519 has none of its own.
    #[must_use]
    pub fn digest(self) -> Option<Digest> {
        match self {
            Self::RsaPkcs1(d) | Self::RsaPss(d) | Self::Ecdsa(d) => Some(d),
            Self::Ed25519 => None,
        }
    }

    /// Its AlgorithmIdentifier.
    #[must_use]
    pub fn to_der(self) -> Vec<u8> {
        let rsa = |id: Oid| write::algorithm(&id, &write::null());
        match self {
            Self::RsaPkcs1(Digest::Sha1) => rsa(oid::SHA1_WITH_RSA),
            Self::RsaPkcs1(Digest::Sha224 | Digest::Sha256) => rsa(oid::SHA256_WITH_RSA),
            Self::RsaPkcs1(Digest::Sha384) => rsa(oid::SHA384_WITH_RSA),
            Self::RsaPkcs1(Digest::Sha512) => rsa(oid::SHA512_WITH_RSA),
            Self::RsaPss(digest) => write::algorithm(&oid::RSASSA_PSS, &pss_parameters(digest)),
            Self::Ecdsa(Digest::Sha1) => write::algorithm(&oid::ECDSA_SHA1, &[]),
            Self::Ecdsa(Digest::Sha384) => write::algorithm(&oid::ECDSA_SHA384, &[]),
            Self::Ecdsa(Digest::Sha512) => write::algorithm(&oid::ECDSA_SHA512, &[]),
            Self::Ecdsa(_) => write::algorithm(&oid::ECDSA_SHA256, &[]),
            Self::Ed25519 => write::algorithm(&oid::ED25519, &[]),
        }
    }

    /// The name as written in messages, such as `RSA with SHA-256`.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::RsaPkcs1(d) => format!("RSA with {}", d.name()),
            Self::RsaPss(d) => format!("RSA-PSS with {}", d.name()),
            Self::Ecdsa(d) => format!("ECDSA with {}", d.name()),
            Self::Ed25519 => "Ed25519".to_owned(),
        }
    }
}

/// Identifier and parameters of an AlgorithmIdentifier.
pub(crate) fn identifier(der: &[u8]) -> Result<(Oid, &[u8]), DerError> {
    let mut inner = Reader::single(der, tag::SEQUENCE, "AlgorithmIdentifier")?.reader();
    Ok((inner.oid("algorithm")?, inner.rest()))
}

/// The digest of RSASSA-PSS-params, if MGF1 uses the same and the salt is as long (RFC 4055 §3.1).
fn pss_digest(parameters: &[u8]) -> Option<Digest> {
    let mut inner = Reader::single(parameters, tag::SEQUENCE, "RSASSA-PSS-params").ok()?.reader();
    let digest = match inner.optional(0xa0).ok()? {
        Some(e) => Digest::from_oid(&identifier(e.value).ok()?.0)?,
        None => Digest::Sha1,
    };
    let mask = match inner.optional(0xa1).ok()? {
        Some(e) => {
            let (id, parameters) = identifier(e.value).ok()?;
            (id == oid::MGF1).then_some(())?;
            Digest::from_oid(&identifier(parameters).ok()?.0)?
        }
        None => Digest::Sha1,
    };
    let salt = match inner.optional(0xa2).ok()? {
        Some(e) => e.reader().small("saltLength").ok()?,
        None => 20,
    };
    let length = digest.of(&[]).len();
    (mask == digest && usize::try_from(salt) == Ok(length)).then_some(digest)
}

fn pss_parameters(digest: Digest) -> Vec<u8> {
    let mask = write::algorithm(&oid::MGF1, &digest.to_der());
    let salt = write::integer(digest.of(&[]).len() as u64);
    write::sequence(&[&write::explicit(0, &digest.to_der()), &write::explicit(1, &mask), &write::explicit(2, &salt)])
}

/// How a content-encryption key travels under an RSA key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyTransport {
    /// RSAES-PKCS1-v1_5 (RFC 8017 §7.2).
    Pkcs1,
    /// RSAES-OAEP, digest and MGF1 with the same algorithm (RFC 8017 §7.1, RFC 4055 §4).
    Oaep(Digest),
}

impl KeyTransport {
    /// Reads a keyEncryptionAlgorithm.
    pub fn parse(der: &[u8]) -> Option<KeyTransport> {
        let (id, parameters) = identifier(der).ok()?;
        match id {
            oid::RSA_ENCRYPTION => Some(KeyTransport::Pkcs1),
            oid::RSAES_OAEP => oaep_digest(parameters).map(KeyTransport::Oaep),
            _ => None,
        }
    }

    /// Its AlgorithmIdentifier.
    #[must_use]
    pub fn to_der(self) -> Vec<u8> {
        match self {
            KeyTransport::Pkcs1 => write::algorithm(&oid::RSA_ENCRYPTION, &write::null()),
            // SHA-1 is the default of both fields and so left out.
            KeyTransport::Oaep(Digest::Sha1) => write::algorithm(&oid::RSAES_OAEP, &write::sequence(&[])),
            KeyTransport::Oaep(digest) => {
                let mask = write::algorithm(&oid::MGF1, &digest.to_der());
                let parameters = write::sequence(&[&write::explicit(0, &digest.to_der()), &write::explicit(1, &mask)]);
                write::algorithm(&oid::RSAES_OAEP, &parameters)
            }
        }
    }
}

fn oaep_digest(parameters: &[u8]) -> Option<Digest> {
    if parameters.is_empty() {
        return Some(Digest::Sha1);
    }
    let mut inner = Reader::single(parameters, tag::SEQUENCE, "RSAES-OAEP-params").ok()?.reader();
    let digest = match inner.optional(0xa0).ok()? {
        Some(e) => Digest::from_oid(&identifier(e.value).ok()?.0)?,
        None => Digest::Sha1,
    };
    let mask = match inner.optional(0xa1).ok()? {
        Some(e) => Digest::from_oid(&identifier(identifier(e.value).ok()?.1).ok()?.0)?,
        None => Digest::Sha1,
    };
    (mask == digest).then_some(digest)
}
