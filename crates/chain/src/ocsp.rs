//! OCSP answers, read (RFC 6960 §4.2). What they are worth is judged when a certificate is asked about.

use pki::crl::Reason;
use pki::der::{Reader, Tlv, tag};
use pki::digest::Digest;
use pki::extension::{Criticality, Extension};
use pki::{Certificate, DerError, Name, Oid, Time};

/// An OCSPResponse, kept as received.
#[derive(Debug, Clone)]
pub struct OcspResponse {
    der: Vec<u8>,
    status: u8,
    pub(crate) basic: Option<BasicResponse>,
}

/// A BasicOCSPResponse.
#[derive(Debug, Clone)]
pub(crate) struct BasicResponse {
    pub(crate) tbs: Vec<u8>,
    pub(crate) algorithm: Vec<u8>,
    pub(crate) signature: Vec<u8>,
    pub(crate) responder: Responder,
    pub(crate) answers: Vec<Answer>,
    pub(crate) certificates: Vec<Certificate>,
    /// A critical responseExtension; none is supported.
    pub(crate) critical: Option<Oid>,
}

/// Who answered.
#[derive(Debug, Clone)]
pub(crate) enum Responder {
    Name(Name),
    KeyHash(Vec<u8>),
}

/// A SingleResponse.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) digest: Option<Digest>,
    pub(crate) issuer_name_hash: Vec<u8>,
    pub(crate) issuer_key_hash: Vec<u8>,
    pub(crate) serial: Vec<u8>,
    pub(crate) status: CertStatus,
    pub(crate) this_update: Time,
    pub(crate) next_update: Option<Time>,
    pub(crate) critical: Option<Oid>,
}

/// What the responder says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertStatus {
    Good,
    Revoked(Time, Option<Reason>),
    Unknown,
}

/// Certificates and answers one response may carry.
const MOST: usize = 256;

impl OcspResponse {
    /// Reads an OCSPResponse.
    pub fn parse(der: &[u8]) -> Result<OcspResponse, DerError> {
        let mut inner = Reader::single(der, tag::SEQUENCE, "OCSPResponse")?.reader();
        let status = inner.take(tag::ENUMERATED, "responseStatus")?.value;
        let [status] = *status else { return Err(DerError::Value("responseStatus")) };
        let basic = match inner.optional(0xa0)? {
            None => None,
            Some(explicit) => response_bytes(explicit.reader())?,
        };
        inner.finish("OCSPResponse")?;
        Ok(OcspResponse { der: der.to_vec(), status, basic })
    }

    /// As received.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// responseStatus: 0 successful, 1 malformedRequest, 2 internalError, 3 tryLater, 5 sigRequired, 6 unauthorized.
    #[must_use]
    pub fn status(&self) -> u8 {
        self.status
    }
}

fn response_bytes(mut explicit: Reader<'_>) -> Result<Option<BasicResponse>, DerError> {
    /// id-pkix-ocsp-basic.
    const BASIC: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 48, 1, 1];
    let mut bytes = explicit.sequence("ResponseBytes")?;
    explicit.finish("ResponseBytes")?;
    let kind = bytes.oid("responseType")?;
    let response = bytes.take(tag::OCTET_STRING, "response")?.value;
    bytes.finish("ResponseBytes")?;
    if kind.content() == BASIC { basic(response).map(Some) } else { Ok(None) }
}

fn basic(der: &[u8]) -> Result<BasicResponse, DerError> {
    let mut outer = Reader::single(der, tag::SEQUENCE, "BasicOCSPResponse")?.reader();
    let data = outer.take(tag::SEQUENCE, "tbsResponseData")?;
    let algorithm = outer.take(tag::SEQUENCE, "signatureAlgorithm")?.raw.to_vec();
    let signature = outer.bit_octets("signature")?.to_vec();
    let certificates = match outer.optional(0xa0)? {
        None => Vec::new(),
        Some(explicit) => certificates(explicit)?,
    };
    outer.finish("BasicOCSPResponse")?;
    let mut inner = data.reader();
    if let Some(version) = inner.optional(0xa0)? {
        version.reader().small("version")?;
    }
    let responder = responder(inner.any()?)?;
    Time::from_element(inner.take(tag::GENERALIZED_TIME, "producedAt")?)?;
    let mut list = inner.sequence("responses")?;
    let mut answers = Vec::new();
    while !list.is_empty() {
        if answers.len() == MOST {
            return Err(DerError::TooLarge);
        }
        answers.push(answer(&mut list)?);
    }
    let critical = critical(inner.optional(0xa1)?)?;
    inner.finish("ResponseData")?;
    Ok(BasicResponse { tbs: data.raw.to_vec(), algorithm, signature, responder, answers, certificates, critical })
}

fn certificates(explicit: Tlv<'_>) -> Result<Vec<Certificate>, DerError> {
    let mut list = explicit.reader().sequence("certs")?;
    let mut out = Vec::new();
    while !list.is_empty() {
        if out.len() == MOST {
            return Err(DerError::TooLarge);
        }
        out.push(Certificate::read(&mut list)?);
    }
    Ok(out)
}

fn responder(element: Tlv<'_>) -> Result<Responder, DerError> {
    match element.tag {
        0xa1 => Ok(Responder::Name(Name::read(&mut element.reader())?)),
        0xa2 => {
            let hash = Reader::single(element.value, tag::OCTET_STRING, "KeyHash")?;
            Ok(Responder::KeyHash(hash.value.to_vec()))
        }
        found => Err(DerError::Unexpected { what: "ResponderID", found }),
    }
}

fn answer(list: &mut Reader<'_>) -> Result<Answer, DerError> {
    let mut inner = list.sequence("SingleResponse")?;
    let mut id = inner.sequence("CertID")?;
    let algorithm = id.sequence("hashAlgorithm")?.oid("algorithm")?;
    let issuer_name_hash = id.take(tag::OCTET_STRING, "issuerNameHash")?.value.to_vec();
    let issuer_key_hash = id.take(tag::OCTET_STRING, "issuerKeyHash")?.value.to_vec();
    let serial = id.integer("serialNumber")?.to_vec();
    id.finish("CertID")?;
    let status = cert_status(inner.any()?)?;
    let this_update = Time::read(&mut inner)?;
    let next_update = match inner.optional(0xa0)? {
        None => None,
        Some(explicit) => Some(Time::read(&mut explicit.reader())?),
    };
    let critical = critical(inner.optional(0xa1)?)?;
    inner.finish("SingleResponse")?;
    let digest = Digest::from_oid(&algorithm);
    Ok(Answer { digest, issuer_name_hash, issuer_key_hash, serial, status, this_update, next_update, critical })
}

fn cert_status(element: Tlv<'_>) -> Result<CertStatus, DerError> {
    match element.tag {
        0x80 => Ok(CertStatus::Good),
        0x82 => Ok(CertStatus::Unknown),
        0xa1 => {
            let mut inner = element.reader();
            let at = Time::read(&mut inner)?;
            let reason = match inner.optional(0xa0)? {
                None => None,
                Some(explicit) => {
                    let number = Reader::single(explicit.value, tag::ENUMERATED, "CRLReason")?.value;
                    number.first().and_then(|n| Reason::from_number(u32::from(*n)))
                }
            };
            inner.finish("RevokedInfo")?;
            Ok(CertStatus::Revoked(at, reason))
        }
        found => Err(DerError::Unexpected { what: "CertStatus", found }),
    }
}

/// The first critical extension.
fn critical(explicit: Option<Tlv<'_>>) -> Result<Option<Oid>, DerError> {
    let Some(explicit) = explicit else { return Ok(None) };
    let extensions = Extension::read_all(&mut explicit.reader())?;
    Ok(extensions.into_iter().find(|e| e.criticality == Criticality::Critical).map(|e| e.id))
}
