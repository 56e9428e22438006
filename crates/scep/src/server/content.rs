use pki::der::{Reader, normalise, tag};
use pki::key::KeyKind;
use pki::{DerError, Name, Request};

use super::{Accept, Content};
use crate::MessageType;

/// The content of an envelope, as the messageType says (RFC 8894 §3.3). `Err` says why for the operator's eyes only:
/// the client gets one answer for all of it.
pub(super) fn read(message_type: MessageType, plain: &[u8], accept: &Accept) -> Result<Content, String> {
    let plain = normalise(plain, accept.limits).map_err(|e| unreadable(message_type, e))?;
    match message_type {
        MessageType::PkcsReq => request(message_type, &plain, accept).map(Content::PkcsReq),
        MessageType::RenewalReq => request(message_type, &plain, accept).map(Content::RenewalReq),
        MessageType::CertPoll => names(&plain)
            .map(|(issuer, subject)| Content::CertPoll { issuer, subject })
            .map_err(|e| unreadable(message_type, e)),
        MessageType::GetCert => certificate_id(&plain)
            .map(|(issuer, serial)| Content::GetCert { issuer, serial })
            .map_err(|e| unreadable(message_type, e)),
        MessageType::GetCrl => certificate_id(&plain)
            .map(|(issuer, serial)| Content::GetCrl { issuer, serial })
            .map_err(|e| unreadable(message_type, e)),
        MessageType::CertRep => Err("a CertRep is no request".to_owned()),
    }
}

fn unreadable(message_type: MessageType, error: DerError) -> String {
    format!("what is in the envelope is not the content of a {}: {error}", message_type.name())
}

/// A request that proves possession of its key. The key's size is looked at before it is worked with.
fn request(message_type: MessageType, plain: &[u8], accept: &Accept) -> Result<Request, String> {
    let request = Request::parse(plain).map_err(|e| unreadable(message_type, e))?;
    if let KeyKind::Rsa(bits) = request.public_key().kind()
        && *bits > accept.rsa_bits_max
    {
        return Err(format!("the requested key has {bits} bits; {} are the most", accept.rsa_bits_max));
    }
    request.verify().map_err(|e| format!("the request's own signature: {e}"))?;
    Ok(request)
}

/// IssuerAndSubject (RFC 8894 §3.3.3).
fn names(plain: &[u8]) -> Result<(Name, Name), DerError> {
    let mut inner = Reader::single(plain, tag::SEQUENCE, "IssuerAndSubject")?.reader();
    let out = (Name::read(&mut inner)?, Name::read(&mut inner)?);
    inner.finish("IssuerAndSubject")?;
    Ok(out)
}

/// IssuerAndSerialNumber (RFC 5652 §10.2.4).
fn certificate_id(plain: &[u8]) -> Result<(Name, Vec<u8>), DerError> {
    let mut inner = Reader::single(plain, tag::SEQUENCE, "IssuerAndSerialNumber")?.reader();
    let out = (Name::read(&mut inner)?, inner.integer("serialNumber")?.to_vec());
    inner.finish("IssuerAndSerialNumber")?;
    Ok(out)
}
