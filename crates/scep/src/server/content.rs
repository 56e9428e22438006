use pki::der::{Reader, normalise, tag};
use pki::key::KeyKind;
use pki::{DerError, Name, Request};

use super::{Accept, Content};
use crate::MessageType;

/// Why a content is refused, for the operator's eyes only: the client gets one answer for all of it.
pub(super) struct NotRead {
    pub(super) detail: String,
    pub(super) work: Work,
}

/// Whether a signature was verified on the way to a refusal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Done,
    Spared,
}

impl From<String> for NotRead {
    fn from(detail: String) -> NotRead {
        NotRead { detail, work: Work::Spared }
    }
}

/// The content of an envelope, as the messageType says (RFC 8894 §3.3).
pub(super) fn read(message_type: MessageType, plain: &[u8], accept: &Accept) -> Result<Content, NotRead> {
    let plain = normalise(plain, accept.limits).map_err(|e| unreadable(message_type, e))?;
    match message_type {
        MessageType::PkcsReq => request(message_type, &plain, accept).map(Content::PkcsReq),
        MessageType::RenewalReq => request(message_type, &plain, accept).map(Content::RenewalReq),
        MessageType::CertPoll => names(&plain)
            .map(|(issuer, subject)| Content::CertPoll { issuer, subject })
            .map_err(|e| unreadable(message_type, e).into()),
        MessageType::GetCert => certificate_id(&plain)
            .map(|(issuer, serial)| Content::GetCert { issuer, serial })
            .map_err(|e| unreadable(message_type, e).into()),
        MessageType::GetCrl => certificate_id(&plain)
            .map(|(issuer, serial)| Content::GetCrl { issuer, serial })
            .map_err(|e| unreadable(message_type, e).into()),
        MessageType::CertRep => Err("a CertRep is no request".to_owned().into()),
    }
}

fn unreadable(message_type: MessageType, error: DerError) -> String {
    format!("what is in the envelope is not the content of a {}: {error}", message_type.name())
}

/// A request that proves possession of its key. The key's size is looked at before it is worked with.
fn request(message_type: MessageType, plain: &[u8], accept: &Accept) -> Result<Request, NotRead> {
    let request = Request::parse(plain).map_err(|e| unreadable(message_type, e))?;
    if let KeyKind::Rsa(bits) = request.public_key().kind()
        && *bits > accept.rsa_bits_max
    {
        return Err(format!("the requested key has {bits} bits; {} are the most", accept.rsa_bits_max).into());
    }
    match request.verify() {
        Ok(()) => Ok(request),
        Err(e) => Err(NotRead { detail: format!("the request's own signature: {e}"), work: Work::Done }),
    }
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
