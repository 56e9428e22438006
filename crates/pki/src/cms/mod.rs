//! Cryptographic messages (RFC 5652): SignedData and EnvelopedData, as much of both as SCEP speaks.
//!
//! Reading borrows from the message, which must have gone through [`crate::der::normalise`]; nothing is trusted and
//! nothing is verified until asked. Writing gives DER.

mod attributes;
mod enveloped;
mod password;
mod signed;
mod wrap;
mod write_signed;

pub use attributes::{Attribute, Attributes};
pub use enveloped::{EnvelopedData, Recipient};
pub use password::{PASSWORD_ITERATIONS, open_password_recipient};
pub use signed::{SignedData, SignerId, SignerInfo};
pub use wrap::{EnvelopeFor, SealFailed, seal_envelope};
pub use write_signed::{NewSignature, SignedContent, degenerate, sign};

use crate::der::{Reader, tag, write};
use crate::{DerError, Oid};

/// The content of a ContentInfo (RFC 5652 §3) of this type.
pub(crate) fn content_info<'a>(der: &'a [u8], kind: &Oid) -> Result<Reader<'a>, DerError> {
    let mut outer = Reader::single(der, tag::SEQUENCE, "ContentInfo")?.reader();
    if outer.oid("contentType")? != *kind {
        return Err(DerError::Value("contentType"));
    }
    let content = outer.take(0xa0, "content")?.reader();
    outer.finish("ContentInfo")?;
    Ok(content)
}

/// A ContentInfo.
pub(crate) fn wrap_content(kind: &Oid, content: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::oid(kind), &write::explicit(0, content)])
}
