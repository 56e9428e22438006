use super::{Attributes, content_info};
use crate::der::{Reader, Tlv, tag};
use crate::digest::Digest;
use crate::key::{PublicKey, SignatureAlgorithm, SignatureError};
use crate::{Certificate, DerError, Name, Oid, oid};

/// Certificates, lists or signers a message may have.
const MOST: usize = 64;

/// A SignedData (RFC 5652 §5.1), borrowed from a normalised message.
#[derive(Debug)]
pub struct SignedData<'a> {
    /// The type of what is signed.
    pub content_type: Oid,
    /// What is signed; `None` if eContent is absent.
    pub content: Option<&'a [u8]>,
    /// The certificates, each a whole element. Other choices of CertificateSet are left out.
    pub certificates: Vec<&'a [u8]>,
    /// The revocation lists, each a whole element.
    pub crls: Vec<&'a [u8]>,
    /// The signatures.
    pub signers: Vec<SignerInfo<'a>>,
}

impl<'a> SignedData<'a> {
    /// Reads a ContentInfo with a SignedData in it.
    pub fn parse(der: &'a [u8]) -> Result<SignedData<'a>, DerError> {
        let mut content = content_info(der, &oid::CMS_SIGNED_DATA)?;
        let signed = SignedData::read(&mut content)?;
        content.finish("SignedData")?;
        Ok(signed)
    }

    fn read(reader: &mut Reader<'a>) -> Result<SignedData<'a>, DerError> {
        let mut inner = reader.sequence("SignedData")?;
        inner.small("version")?;
        inner.take(tag::SET, "digestAlgorithms")?;
        let mut encapsulated = inner.sequence("encapContentInfo")?;
        let content_type = encapsulated.oid("eContentType")?;
        let content = match encapsulated.optional(0xa0)? {
            Some(explicit) => Some(Reader::single(explicit.value, tag::OCTET_STRING, "eContent")?.value),
            None => None,
        };
        encapsulated.finish("encapContentInfo")?;
        let certificates = elements(inner.optional(0xa0)?)?;
        let crls = elements(inner.optional(0xa1)?)?;
        let mut infos = inner.take(tag::SET, "signerInfos")?.reader();
        let mut signers = Vec::with_capacity(1);
        while !infos.is_empty() {
            if signers.len() == MOST {
                return Err(DerError::TooLarge);
            }
            signers.push(SignerInfo::read(&mut infos)?);
        }
        inner.finish("SignedData")?;
        Ok(SignedData { content_type, content, certificates, crls, signers })
    }

    /// Every certificate that can be read, in the order received.
    #[must_use]
    pub fn read_certificates(&self) -> Vec<Certificate> {
        self.certificates.iter().filter_map(|der| Certificate::parse(der).ok()).collect()
    }
}

/// The SEQUENCEs of an implicitly tagged SET.
fn elements(set: Option<Tlv<'_>>) -> Result<Vec<&[u8]>, DerError> {
    let mut out = Vec::new();
    let Some(set) = set else { return Ok(out) };
    let mut reader = set.reader();
    while !reader.is_empty() {
        let element = reader.any()?;
        if out.len() == MOST {
            return Err(DerError::TooLarge);
        }
        if element.tag == tag::SEQUENCE {
            out.push(element.raw);
        }
    }
    Ok(out)
}

/// How a certificate is named in a SignerInfo or recipientInfo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerId<'a> {
    /// By issuer and serial number.
    IssuerAndSerial {
        /// The issuer's Name, a whole element.
        issuer: &'a [u8],
        /// The serial number's content octets.
        serial: &'a [u8],
    },
    /// By subject key identifier.
    KeyId(&'a [u8]),
}

impl<'a> SignerId<'a> {
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<SignerId<'a>, DerError> {
        match reader.peek() {
            Some(0x80) => Ok(SignerId::KeyId(reader.any()?.value)),
            Some(0xa0) => {
                // PKCS#7 libraries that tag it explicitly.
                let inner = reader.any()?;
                Ok(SignerId::KeyId(Reader::single(inner.value, tag::OCTET_STRING, "subjectKeyIdentifier")?.value))
            }
            _ => {
                let mut inner = reader.sequence("issuerAndSerialNumber")?;
                let issuer = inner.take(tag::SEQUENCE, "issuer")?.raw;
                let serial = inner.integer("serialNumber")?;
                inner.finish("issuerAndSerialNumber")?;
                Ok(SignerId::IssuerAndSerial { issuer, serial })
            }
        }
    }

    /// Whether it names this certificate. Names are compared as RFC 5280 §7.1 says, serial numbers without regard to
    /// leading zeros.
    #[must_use]
    pub fn names(&self, certificate: &Certificate) -> bool {
        match *self {
            SignerId::IssuerAndSerial { issuer, serial } => {
                magnitude(serial) == magnitude(certificate.serial()) && same_name(issuer, certificate.issuer())
            }
            SignerId::KeyId(id) => match certificate.subject_key_id() {
                Some(own) => own == id,
                None => certificate.public_key().key_id() == id,
            },
        }
    }

    /// Whether it can name the certificate in `der`, by looking at the serial number only.
    #[must_use]
    pub fn may_name(&self, der: &[u8]) -> bool {
        let SignerId::IssuerAndSerial { serial, .. } = *self else { return true };
        serial_of(der).is_some_and(|own| magnitude(own) == magnitude(serial))
    }
}

fn same_name(der: &[u8], name: &Name) -> bool {
    der == name.der() || Reader::new(der).any().and_then(Name::from_element).is_ok_and(|other| other.matches(name))
}

fn magnitude(serial: &[u8]) -> &[u8] {
    let zeros = serial.iter().take_while(|b| **b == 0).count();
    serial.get(zeros..).unwrap_or_default()
}

/// The serial number of a certificate, without reading the rest.
fn serial_of(der: &[u8]) -> Option<&[u8]> {
    let mut tbs = Reader::new(der).sequence("Certificate").ok()?.sequence("TBSCertificate").ok()?;
    tbs.optional(0xa0).ok()?;
    tbs.integer("serialNumber").ok()
}

/// A signature in a SignedData (RFC 5652 §5.3).
#[derive(Debug)]
pub struct SignerInfo<'a> {
    /// Whose key signed.
    pub id: SignerId<'a>,
    /// The digest algorithm.
    pub digest: Oid,
    /// The signed attributes, if any.
    pub attributes: Option<Attributes<'a>>,
    /// The signature's AlgorithmIdentifier.
    pub algorithm: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
}

impl<'a> SignerInfo<'a> {
    fn read(reader: &mut Reader<'a>) -> Result<SignerInfo<'a>, DerError> {
        let mut inner = reader.sequence("SignerInfo")?;
        inner.small("version")?;
        let id = SignerId::read(&mut inner)?;
        let digest = inner.sequence("digestAlgorithm")?.oid("algorithm")?;
        let attributes = inner.optional(0xa0)?.map(Attributes::read).transpose()?;
        let algorithm = inner.take(tag::SEQUENCE, "signatureAlgorithm")?.raw;
        let signature = inner.take(tag::OCTET_STRING, "signature")?.value;
        inner.optional(0xa1)?;
        inner.finish("SignerInfo")?;
        Ok(SignerInfo { id, digest, attributes, algorithm, signature })
    }

    /// The certificates among `candidates` (whole elements) that this signature names. Repetitions of the same
    /// certificate count once; what cannot be read does not count.
    #[must_use]
    pub fn named_among(&self, candidates: &[&[u8]]) -> Vec<Certificate> {
        let mut found: Vec<Certificate> = Vec::new();
        for der in candidates.iter().filter(|der| self.id.may_name(der)) {
            if found.iter().any(|known| known.der() == *der) {
                continue;
            }
            if let Ok(certificate) = Certificate::parse(der)
                && self.id.names(&certificate)
            {
                found.push(certificate);
            }
        }
        found
    }

    /// Checks the signature over signed attributes and their messageDigest over `content` (RFC 5652 §5.6). Without
    /// signed attributes this is [`SignatureError::Malformed`]: such signatures are not taken (RFC 8894 §3.2).
    ///
    /// The octets received are tried first, then the order DER demands.
    pub fn verify(&self, content: &[u8], key: &PublicKey) -> Result<SignatureAlgorithm, SignatureError> {
        let attributes = self.attributes.as_ref().ok_or(SignatureError::Malformed)?;
        let digest = Digest::from_oid(&self.digest).ok_or(SignatureError::Unsupported)?;
        let algorithm = SignatureAlgorithm::parse_signer(self.algorithm, digest)?;
        let stated = attributes.single(&oid::ATTR_MESSAGE_DIGEST).ok_or(SignatureError::Malformed)?;
        if stated.tag != tag::OCTET_STRING || stated.value != digest.of(&[content]) {
            return Err(SignatureError::Wrong);
        }
        let received = attributes.signed_form();
        match key.verify(algorithm, &received, self.signature) {
            Err(SignatureError::Wrong) => {}
            other => return other.map(|()| algorithm),
        }
        // A second attempt only where it is another one: a verification is dear.
        let sorted = attributes.sorted_form().filter(|sorted| *sorted != received).ok_or(SignatureError::Wrong)?;
        key.verify(algorithm, &sorted, self.signature).map(|()| algorithm)
    }
}
