//! The one place where a key signs a certificate.

use pki::Certificate;
use pki::key::{Sign, SignatureAlgorithm, SignatureError};

use crate::Prepared;

/// Why nothing was signed, or the signature thrown away. Except for the key's own failure each is a mistake of the
/// program that calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignFailed {
    /// The certificate was prepared for another issuer.
    #[error("the certificate was prepared for another issuer")]
    OtherIssuer,
    /// The key is not the one in the issuer's certificate.
    #[error("the key is not the one in the issuer's certificate")]
    ForeignKey,
    /// The issuer's certificate does not allow to sign revocation lists.
    #[error("the issuer's certificate does not allow its key to sign revocation lists")]
    NoCrlSigner,
    /// The list would end before it begins.
    #[error("the revocation list would be due before it is made")]
    Dates,
    /// An entry's serial number is no INTEGER.
    #[error("a revoked serial number has no octets")]
    Serial,
    /// The key refused, or what it gave does not verify with the issuer's certificate.
    #[error("the key does not sign, or not as the issuer's certificate says: {0}")]
    Key(#[from] SignatureError),
}

/// Signs what was prepared. The issuer must be the one it was prepared for and the key that issuer's; the signature is
/// verified before it leaves, so that a faulty key or device cannot publish one that tells about the key.
pub fn sign(prepared: Prepared, issuer: &Certificate, key: &dyn Sign) -> Result<Certificate, SignFailed> {
    if *prepared.issuer() != issuer.fingerprint() {
        return Err(SignFailed::OtherIssuer);
    }
    let signature = signature(prepared.tbs(), prepared.algorithm(), issuer, key)?;
    assembled(prepared.tbs(), prepared.algorithm(), &signature)
}

/// A signature that verifies with the issuer's certificate.
pub(crate) fn signature(
    tbs: &[u8],
    algorithm: SignatureAlgorithm,
    issuer: &Certificate,
    key: &dyn Sign,
) -> Result<Vec<u8>, SignFailed> {
    let own = issuer.public_key();
    // Not the whole SubjectPublicKeyInfo: an imported certificate may write its algorithm in another way.
    if own.key_octets() != key.public_key().key_octets() || own.kind() != key.public_key().kind() {
        return Err(SignFailed::ForeignKey);
    }
    let signature = key.sign(algorithm, tbs)?;
    own.verify(algorithm, tbs, &signature)?;
    Ok(signature)
}

pub(crate) fn assembled(
    tbs: &[u8],
    algorithm: SignatureAlgorithm,
    signature: &[u8],
) -> Result<Certificate, SignFailed> {
    Certificate::assemble(tbs, &algorithm.to_der(), signature).map_err(|_| SignFailed::Key(SignatureError::Malformed))
}
