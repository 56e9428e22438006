//! GetCACert and GetNextCACert (RFC 8894 §4.2, §4.7): written for clients, and read from servers.

use pki::cms::{NewSignature, SignedContent, SignedData, degenerate, sign};
use pki::der::{Limits, Reader, normalise, tag};
use pki::digest::Digest;
use pki::extension::KeyUsage;
use pki::key::SignatureError;
use pki::{Certificate, DerError, Time};

use crate::server::SigningKey;

/// Certificates that are read from one answer; of more none is. A service has an RA or two and a few CAs, a generation or
/// two of each, and whoever reads them checks each against each.
pub const MOST_CERTIFICATES: usize = 64;

/// An answer: its type and its octets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// The Content-Type.
    pub content_type: &'static str,
    /// The octets.
    pub octets: Vec<u8>,
}

/// The answer to GetCACert: one certificate as it is, several in a bag, in the order given, which should be RA signing,
/// RA encryption, issuing CA, root. Repetitions are left out (one certificate may sign and decrypt).
#[must_use]
pub fn body(certificates: &[Certificate]) -> Body {
    let mut distinct: Vec<Certificate> = Vec::with_capacity(certificates.len());
    for certificate in certificates {
        if !distinct.contains(certificate) {
            distinct.push(certificate.clone());
        }
    }
    match distinct.as_slice() {
        [only] => Body { content_type: "application/x-x509-ca-cert", octets: only.der().to_vec() },
        several => Body { content_type: "application/x-x509-ca-ra-cert", octets: degenerate(several, None) },
    }
}

/// The answer to GetNextCACert: the next certificates in a bag, signed by the current CA.
pub fn next_body(next: &[Certificate], current: &SigningKey<'_>, now: Time) -> Result<Body, SignatureError> {
    let bag = degenerate(next, None);
    let new = NewSignature {
        certificate: current.certificate,
        key: current.key,
        digest: Digest::Sha256,
        time: now,
        attributes: &[],
    };
    let octets = sign(SignedContent::Present(&bag), &new)?;
    Ok(Body { content_type: "application/x-x509-next-ca-cert", octets })
}

/// Why an answer to GetCACert or GetNextCACert is no use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CaCertsFlaw {
    /// It is neither a certificate nor a bag of certificates.
    #[error("neither a certificate nor a bag of certificates: {0}")]
    Syntax(#[from] DerError),
    /// There is no certificate in it.
    #[error("there is no certificate in it")]
    Empty,
    /// There are more than [`MOST_CERTIFICATES`] in it.
    #[error("it holds more than {MOST_CERTIFICATES} certificates")]
    TooMany,
    /// It is not signed, or by several.
    #[error("it does not have exactly one signature")]
    Signers,
    /// It is not signed by a CA certificate held.
    #[error("it is not signed by the current CA")]
    Stranger,
    /// The signature covers nothing, so that anybody could have put the certificates there.
    #[error("its signature does not cover the certificates")]
    NotCovered,
    /// The signature is no good.
    #[error("its signature: {0}")]
    Signature(#[from] SignatureError),
}

/// Reads the answer to GetCACert: a certificate, a bag of them, either in PEM too.
///
/// # Errors
/// It is none of these, or there is no certificate in it, or more than [`MOST_CERTIFICATES`].
pub fn read(body: &[u8]) -> Result<Vec<Certificate>, CaCertsFlaw> {
    let text = std::str::from_utf8(body).unwrap_or_default();
    if text.contains("-----BEGIN ") {
        let mut out = Vec::new();
        for armoured in pki::pem::decode(text) {
            out.extend(read_der(&armoured.der)?);
            if out.len() > MOST_CERTIFICATES {
                return Err(CaCertsFlaw::TooMany);
            }
        }
        return if out.is_empty() { Err(CaCertsFlaw::Empty) } else { Ok(out) };
    }
    read_der(body)
}

fn read_der(der: &[u8]) -> Result<Vec<Certificate>, CaCertsFlaw> {
    let normalised = normalise(der, Limits::default())?;
    // A ContentInfo starts with an identifier, a certificate with a structure.
    let starts_with = Reader::new(&normalised).sequence("certificates")?.peek();
    if starts_with != Some(tag::OID) {
        return Ok(vec![Certificate::parse(&normalised)?]);
    }
    bag(&normalised)
}

fn bag(der: &[u8]) -> Result<Vec<Certificate>, CaCertsFlaw> {
    // It is not read on behind the last one that is allowed.
    let signed = SignedData::parse(der).map_err(|error| match error {
        DerError::TooLarge => CaCertsFlaw::TooMany,
        other => CaCertsFlaw::Syntax(other),
    })?;
    match signed.read_certificates() {
        none if none.is_empty() => Err(CaCertsFlaw::Empty),
        many if many.len() > MOST_CERTIFICATES => Err(CaCertsFlaw::TooMany),
        some => Ok(some),
    }
}

/// Reads the answer to GetNextCACert. Only a signature by one of the `current` CA certificates makes it worth anything
/// (RFC 8894 §4.7).
pub fn read_next(body: &[u8], current: &[Certificate]) -> Result<Vec<Certificate>, CaCertsFlaw> {
    let normalised = normalise(body, Limits::default())?;
    let signed = SignedData::parse(&normalised)?;
    let [info] = signed.signers.as_slice() else { return Err(CaCertsFlaw::Signers) };
    let signer = current.iter().find(|c| info.id.names(c)).ok_or(CaCertsFlaw::Stranger)?;
    // jscep's server puts the next certificate beside the content, where no signature covers it.
    let content = signed.content.filter(|c| !c.is_empty()).ok_or(CaCertsFlaw::NotCovered)?;
    info.verify(content, signer.public_key())?;
    match Reader::new(content).sequence("certificates")?.peek() {
        Some(tag::OID) => bag(&normalise(content, Limits::default())?),
        _ => Ok(vec![Certificate::parse(content)?]),
    }
}

/// The certificates of a service, by what each is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorities {
    /// What a client encrypts to.
    pub encryption: Certificate,
    /// What replies are verified with.
    pub signing: Certificate,
    /// The CA that issues.
    pub issuer: Certificate,
    /// Everything that was sent.
    pub all: Vec<Certificate>,
}

impl Authorities {
    /// Picks by key usage, as jscep does: an end entity before a CA; to encrypt, keyEncipherment before
    /// dataEncipherment. The issuer is the CA that issued the RA's certificate, or else the first CA. Without any CA
    /// certificate (a certificate that does not say so), the only one there is is taken for all three.
    #[must_use]
    pub fn choose(certificates: &[Certificate]) -> Option<Authorities> {
        let allows = |c: &Certificate, usage| c.key_usage().is_none_or(|stated| stated.allows(usage));
        let states = |c: &Certificate, usage| c.key_usage().is_some_and(|stated| stated.allows(usage));
        let entity = |usage: KeyUsage| certificates.iter().find(|c| !c.is_ca() && states(c, usage));
        let ca = certificates.iter().find(|c| c.is_ca());
        let unstated = certificates.iter().find(|c| !c.is_ca() && c.key_usage().is_none());
        let first = certificates.first()?;
        let encryption = entity(KeyUsage::KEY_ENCIPHERMENT)
            .or_else(|| entity(KeyUsage::DATA_ENCIPHERMENT))
            .or(unstated)
            .or_else(|| certificates.iter().find(|c| c.is_ca() && allows(c, KeyUsage::KEY_ENCIPHERMENT)))
            .or(ca)
            .unwrap_or(first);
        let signing = entity(KeyUsage::DIGITAL_SIGNATURE).or(unstated).or(ca).unwrap_or(first);
        let issuer = certificates
            .iter()
            .find(|c| c.is_ca() && !encryption.is_ca() && c.subject().matches(encryption.issuer()))
            .or_else(|| lowest_ca(certificates))
            .unwrap_or(first);
        Some(Authorities {
            encryption: encryption.clone(),
            signing: signing.clone(),
            issuer: issuer.clone(),
            all: certificates.to_vec(),
        })
    }
}

/// A CA that issued no other CA in the list: the one that issues to devices.
fn lowest_ca(certificates: &[Certificate]) -> Option<&Certificate> {
    let mut cas = certificates.iter().filter(|c| c.is_ca());
    cas.clone()
        .find(|ca| !certificates.iter().any(|c| c.is_ca() && c != *ca && c.issuer().matches(ca.subject())))
        .or_else(|| cas.next())
}
