//! PKCS#10 certification requests (RFC 2986).

use crate::der::{Reader, Tlv, tag, write};
use crate::extension::{Extension, GeneralName, KeyUsage};
use crate::key::{PublicKey, Sign, SignatureAlgorithm, SignatureError};
use crate::{DerError, Name, Oid, extension, oid};

/// A certification request as received.
#[derive(Clone)]
pub struct Request {
    der: Vec<u8>,
    info: Vec<u8>,
    subject: Name,
    public_key: PublicKey,
    attributes: Vec<(Oid, Vec<Vec<u8>>)>,
    algorithm: Vec<u8>,
    signature: Vec<u8>,
}

impl Request {
    /// Reads a request. Attributes need not be in DER order (strongSwan's are not).
    pub fn parse(der: &[u8]) -> Result<Request, DerError> {
        let whole = Reader::single(der, tag::SEQUENCE, "CertificationRequest")?;
        let mut outer = whole.reader();
        let info = outer.take(tag::SEQUENCE, "CertificationRequestInfo")?;
        let algorithm = outer.take(tag::SEQUENCE, "signatureAlgorithm")?.raw.to_vec();
        let signature = outer.bit_octets("signature")?.to_vec();
        outer.finish("CertificationRequest")?;
        let mut inner = info.reader();
        inner.small("version")?;
        let subject = Name::read(&mut inner)?;
        let public_key = PublicKey::read(&mut inner)?;
        let mut attributes = Vec::new();
        if let Some(set) = inner.optional(0xa0)? {
            let mut set = set.reader();
            while !set.is_empty() {
                attributes.push(attribute(&mut set)?);
            }
        }
        inner.finish("CertificationRequestInfo")?;
        Ok(Request {
            der: der.to_vec(),
            info: info.raw.to_vec(),
            subject,
            public_key,
            attributes,
            algorithm,
            signature,
        })
    }

    /// Makes and signs a request.
    pub fn build<K: Sign + ?Sized>(
        subject: &Name,
        key: &K,
        extensions: &[Extension],
        challenge: Option<&str>,
    ) -> Result<Request, SignatureError> {
        let mut attributes = Vec::new();
        if let Some(challenge) = challenge {
            let value = write::directory_string(challenge);
            attributes
                .push(write::sequence(&[&write::oid(&oid::ATTR_CHALLENGE_PASSWORD), &write::set_of(vec![value])]));
        }
        if !extensions.is_empty() {
            let value = Extension::all_to_der(extensions);
            attributes.push(write::sequence(&[&write::oid(&oid::ATTR_EXTENSION_REQUEST), &write::set_of(vec![value])]));
        }
        attributes.sort();
        let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
        let info = write::sequence(&[
            &write::integer(0),
            subject.der(),
            key.public_key().spki_der(),
            &write::constructed(0xa0, &attributes),
        ]);
        let algorithm = key.preferred();
        let signature = key.sign(algorithm, &info)?;
        let der = write::sequence(&[&info, &algorithm.to_der(), &write::bit_octets(&signature)]);
        Request::parse(&der).map_err(|_| SignatureError::Malformed)
    }

    /// As received.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The name asked for.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The key to be certified.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.public_key
    }

    /// Checks that whoever made the request holds its private key (RFC 2986 §4.2).
    pub fn verify(&self) -> Result<(), SignatureError> {
        self.public_key.verify(SignatureAlgorithm::parse(&self.algorithm)?, &self.info, &self.signature)
    }

    /// How the request is signed.
    pub fn signature_algorithm(&self) -> Result<SignatureAlgorithm, SignatureError> {
        SignatureAlgorithm::parse(&self.algorithm)
    }

    /// The values of an attribute, whole elements.
    pub fn attribute<'a>(&'a self, id: &Oid) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let id = id.clone();
        self.attributes
            .iter()
            .filter(move |(kind, _)| *kind == id)
            .flat_map(|(_, values)| values.iter().map(Vec::as_slice))
    }

    /// The challengePassword (RFC 2985 §5.4.1) in any string type.
    #[must_use]
    pub fn challenge(&self) -> Option<String> {
        let value = self.attribute(&oid::ATTR_CHALLENGE_PASSWORD).next()?;
        Reader::new(value).any().ok()?.text()
    }

    /// The same request without its challengePassword, to be kept. Its signature does not fit any more; it must have
    /// been verified before.
    #[must_use]
    pub fn without_challenge(&self) -> Request {
        let mut out = self.clone();
        out.attributes.retain(|(kind, _)| *kind != oid::ATTR_CHALLENGE_PASSWORD);
        let attributes: Vec<Vec<u8>> = out
            .attributes
            .iter()
            .map(|(kind, values)| write::sequence(&[&write::oid(kind), &write::set_of(values.clone())]))
            .collect();
        let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
        out.info = write::sequence(&[
            &write::integer(0),
            self.subject.der(),
            self.public_key.spki_der(),
            &write::constructed(0xa0, &attributes),
        ]);
        out.der = write::sequence(&[&out.info, &self.algorithm, &write::bit_octets(&self.signature)]);
        out
    }

    /// The extensions asked for, under RFC 2985's or Microsoft's attribute.
    pub fn extensions(&self) -> Result<Vec<Extension>, DerError> {
        let mut out = Vec::new();
        for id in [oid::ATTR_EXTENSION_REQUEST, oid::ATTR_MS_CERT_EXTENSIONS] {
            for value in self.attribute(&id) {
                out.extend(Extension::read_all(&mut Reader::new(value))?);
            }
        }
        Ok(out)
    }

    /// The subject alternative names asked for, empty if none are or they cannot be read.
    #[must_use]
    pub fn subject_alt_names(&self) -> Vec<GeneralName> {
        let extensions = self.extensions().unwrap_or_default();
        extension::find(&extensions, &oid::SUBJECT_ALT_NAME)
            .and_then(|e| GeneralName::parse_all(&e.value).ok())
            .unwrap_or_default()
    }

    /// The key usage asked for.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        let extensions = self.extensions().unwrap_or_default();
        extension::find(&extensions, &oid::KEY_USAGE).and_then(|e| KeyUsage::parse(&e.value).ok())
    }

    /// The extended key usages asked for.
    #[must_use]
    pub fn extended_key_usage(&self) -> Option<Vec<Oid>> {
        let extensions = self.extensions().unwrap_or_default();
        extension::find(&extensions, &oid::EXTENDED_KEY_USAGE)
            .and_then(|e| extension::extended_key_usage(&e.value).ok())
    }
}

fn attribute(set: &mut Reader<'_>) -> Result<(Oid, Vec<Vec<u8>>), DerError> {
    let mut inner = set.sequence("Attribute")?;
    let id = inner.oid("attribute type")?;
    let mut values: Reader<'_> = inner.take(tag::SET, "attribute values").map(Tlv::reader)?;
    let mut out = Vec::new();
    while !values.is_empty() {
        out.push(values.any()?.raw.to_vec());
    }
    Ok((id, out))
}

impl std::fmt::Debug for Request {
    // The challenge is in there; only the subject is shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Request({})", self.subject)
    }
}
