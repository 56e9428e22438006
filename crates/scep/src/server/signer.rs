use pki::Certificate;
use pki::cms::{Attributes, SignedData, SignerInfo};
use pki::digest::Digest;
use pki::key::{KeyKind, SignatureAlgorithm, SignatureError};
use pki::oid;

use super::{Accept, Sha1};
use crate::Code;

/// A refusal on the way: the code and what the operator is told.
pub(super) type Flaw = (Code, String);

/// The digest, if it is known and allowed.
pub(super) fn digest(info: &SignerInfo<'_>, accept: &Accept) -> Result<Digest, Flaw> {
    let refuse = |why: &str| (Code::MessageDigest, format!("digest algorithm {} {why}", info.digest));
    match Digest::from_oid(&info.digest) {
        None => Err(refuse("is not supported")),
        Some(Digest::Sha1) if accept.sha1 == Sha1::Refuse => Err(refuse("(SHA-1) is not allowed at this endpoint")),
        Some(digest) => Ok(digest),
    }
}

/// The content type must be data, in the content and in the attribute that is signed (RFC 8894 §3.2): a signature over
/// something else must not be taken for one over a message.
pub(super) fn content_type(signed: &SignedData<'_>, attributes: &Attributes<'_>) -> Result<(), Flaw> {
    if signed.content_type != oid::CMS_DATA {
        return Err((Code::MessageContentType, format!("eContentType is {}", signed.content_type)));
    }
    let stated = attributes.single(&oid::ATTR_CONTENT_TYPE);
    if stated.is_none_or(|value| value.value != oid::CMS_DATA.content()) {
        return Err((Code::MessageContentType, "the contentType attribute is missing or not data".to_owned()));
    }
    Ok(())
}

/// The one certificate that the SignerInfo names. Everything else in the bag is left alone.
pub(super) fn certificate(signed: &SignedData<'_>, info: &SignerInfo<'_>) -> Result<Certificate, Flaw> {
    let mut named = info.named_among(&signed.certificates);
    match (named.pop(), named.len()) {
        (Some(only), 0) => Ok(only),
        (Some(_), more) => Err((Code::SignerAmbiguous, format!("{} certificates fit the SignerInfo", more + 1))),
        (None, _) => {
            let carried = signed.certificates.len();
            Err((Code::SignerMissing, format!("none of the {carried} certificates in the message fits the SignerInfo")))
        }
    }
}

/// Looks at the key before any work is done with it.
pub(super) fn key_allowed(kind: &KeyKind, accept: &Accept) -> Result<(), String> {
    match kind {
        KeyKind::Rsa(bits) if *bits < 2048 => {
            Err(format!("the signer's key is {kind}: nothing can be encrypted to a key this small"))
        }
        KeyKind::Rsa(bits) if *bits > accept.rsa_bits_max => {
            Err(format!("the signer's key is {kind}; {} bits are the most", accept.rsa_bits_max))
        }
        KeyKind::Other(_) => Err(format!("the signer's key is of an unsupported kind: {kind}")),
        _ => Ok(()),
    }
}

/// The signature over attributes and content.
pub(super) fn verify(info: &SignerInfo<'_>, content: &[u8], signer: &Certificate) -> Result<SignatureAlgorithm, Flaw> {
    info.verify(content, signer.public_key()).map_err(|error| {
        let code = match error {
            SignatureError::Unsupported | SignatureError::Unsuitable => Code::MessageSignatureAlgorithm,
            SignatureError::Wrong | SignatureError::Malformed => Code::MessageSignature,
        };
        (code, format!("{error}; signer {}", signer.subject()))
    })
}
