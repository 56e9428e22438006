//! X.509 certificates (RFC 5280 §4.1), read tolerantly and kept as received.

use std::sync::Arc;

use crate::der::{Reader, tag, write};
use crate::extension::{self, BasicConstraints, Extension, GeneralName, KeyUsage};
use crate::key::{PublicKey, SignatureAlgorithm, SignatureError};
use crate::{DerError, Name, Oid, Validity, digest, oid};

/// A certificate. Cheap to clone.
#[derive(Clone)]
pub struct Certificate(Arc<Parts>);

struct Parts {
    der: Vec<u8>,
    tbs: (usize, usize),
    version: u32,
    serial: Vec<u8>,
    inner_algorithm: Vec<u8>,
    algorithm: Vec<u8>,
    issuer: Name,
    validity: Validity,
    subject: Name,
    public_key: PublicKey,
    extensions: Vec<Extension>,
    signature: Vec<u8>,
}

impl Certificate {
    /// Reads a certificate. Only the frame must be right; what the extensions hold is looked at when asked for.
    pub fn parse(der: &[u8]) -> Result<Certificate, DerError> {
        let mut reader = Reader::new(der);
        let certificate = Certificate::read(&mut reader)?;
        reader.finish("Certificate")?;
        Ok(certificate)
    }

    /// Reads a certificate out of a longer input.
    pub fn read(reader: &mut Reader<'_>) -> Result<Certificate, DerError> {
        let whole = reader.take(tag::SEQUENCE, "Certificate")?;
        let mut outer = whole.reader();
        let tbs = outer.take(tag::SEQUENCE, "TBSCertificate")?;
        let algorithm = outer.take(tag::SEQUENCE, "signatureAlgorithm")?.raw.to_vec();
        let signature = outer.signature_octets("signatureValue")?.to_vec();
        outer.finish("Certificate")?;

        let mut inner = tbs.reader();
        let version = match inner.optional(0xa0)? {
            Some(explicit) => explicit.reader().small("version")?,
            None => 0,
        };
        let serial = inner.integer("serialNumber")?.to_vec();
        let inner_algorithm = inner.take(tag::SEQUENCE, "signature")?.raw.to_vec();
        let issuer = Name::read(&mut inner)?;
        let validity = Validity::read(&mut inner)?;
        let subject = Name::read(&mut inner)?;
        let public_key = PublicKey::read(&mut inner)?;
        inner.optional(0x81)?;
        inner.optional(0x82)?;
        let extensions = match inner.optional(0xa3)? {
            Some(explicit) => {
                let mut explicit = explicit.reader();
                let list = Extension::read_all(&mut explicit)?;
                explicit.finish("extensions")?;
                list
            }
            None => Vec::new(),
        };
        inner.finish("TBSCertificate")?;
        let start = whole.raw.len() - whole.value.len();
        Ok(Certificate(Arc::new(Parts {
            der: whole.raw.to_vec(),
            tbs: (start, start + tbs.raw.len()),
            version,
            serial,
            inner_algorithm,
            algorithm,
            issuer,
            validity,
            subject,
            public_key,
            extensions,
            signature,
        })))
    }

    /// A certificate out of a signed TBSCertificate: the three parts put together, then read back.
    pub fn assemble(tbs: &[u8], algorithm: &[u8], signature: &[u8]) -> Result<Certificate, DerError> {
        Certificate::parse(&write::sequence(&[tbs, algorithm, &write::bit_octets(signature)]))
    }

    /// Every certificate in a text or binary input: PEM blocks, or one DER certificate.
    #[must_use]
    pub fn parse_any(input: &[u8]) -> Vec<Certificate> {
        if let Ok(one) = Certificate::parse(input) {
            return vec![one];
        }
        let text = String::from_utf8_lossy(input);
        let armoured = crate::pem::decode(&text);
        armoured
            .iter()
            .filter(|p| matches!(p.label.as_str(), "CERTIFICATE" | "X509 CERTIFICATE" | "TRUSTED CERTIFICATE"))
            .filter_map(|p| Certificate::read(&mut Reader::new(&p.der)).ok())
            .collect()
    }

    /// As received.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// In PEM armour.
    #[must_use]
    pub fn to_pem(&self) -> String {
        crate::pem::encode("CERTIFICATE", self.der())
    }

    /// The octets that are signed.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        self.0.der.get(self.0.tbs.0..self.0.tbs.1).unwrap_or_default()
    }

    /// The version field: 2 means version 3.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.0.version
    }

    /// Serial number, content octets as received (a leading zero included).
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.0.serial
    }

    /// Serial number in lower-case hexadecimal without the sign octet.
    #[must_use]
    pub fn serial_hex(&self) -> String {
        serial_hex(self.serial())
    }

    /// Who signed.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.0.issuer
    }

    /// Whom it is about.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.0.subject
    }

    /// When it is valid.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.0.validity
    }

    /// The subject's key.
    #[must_use]
    pub fn public_key(&self) -> &PublicKey {
        &self.0.public_key
    }

    /// The extensions in order.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.0.extensions
    }

    /// An extension by type.
    #[must_use]
    pub fn extension(&self, id: &Oid) -> Option<&Extension> {
        extension::find(&self.0.extensions, id)
    }

    /// The AlgorithmIdentifier beside the signature, as received.
    #[must_use]
    pub fn algorithm_der(&self) -> &[u8] {
        &self.0.algorithm
    }

    /// The AlgorithmIdentifier inside the signed part, as received; it must be equal (RFC 5280 §4.1.1.2).
    #[must_use]
    pub fn inner_algorithm_der(&self) -> &[u8] {
        &self.0.inner_algorithm
    }

    /// The signature octets.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.0.signature
    }

    /// Checks the signature with this key. The names are not compared.
    pub fn verify_signature(&self, key: &PublicKey) -> Result<(), SignatureError> {
        let algorithm = SignatureAlgorithm::parse(self.algorithm_der())?;
        key.verify(algorithm, self.tbs(), self.signature())
    }

    /// Issuer and subject are the same name.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer().matches(self.subject())
    }

    /// Self-issued, and signed with its own key.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && self.verify_signature(self.public_key()).is_ok()
    }

    /// The key usage, if stated and readable.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.extension(&oid::KEY_USAGE).and_then(|e| KeyUsage::parse(&e.value).ok())
    }

    /// The basic constraints, if stated and readable.
    #[must_use]
    pub fn basic_constraints(&self) -> Option<BasicConstraints> {
        self.extension(&oid::BASIC_CONSTRAINTS).and_then(|e| BasicConstraints::parse(&e.value).ok())
    }

    /// Whether basicConstraints says CA.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.basic_constraints().is_some_and(|b| b.ca)
    }

    /// The extended key usages; `None` if not stated or not readable.
    #[must_use]
    pub fn extended_key_usage(&self) -> Option<Vec<Oid>> {
        self.extension(&oid::EXTENDED_KEY_USAGE).and_then(|e| extension::extended_key_usage(&e.value).ok())
    }

    /// The subject alternative names, empty if there are none or they are not readable.
    #[must_use]
    pub fn subject_alt_names(&self) -> Vec<GeneralName> {
        self.extension(&oid::SUBJECT_ALT_NAME).and_then(|e| GeneralName::parse_all(&e.value).ok()).unwrap_or_default()
    }

    /// The subject key identifier extension.
    #[must_use]
    pub fn subject_key_id(&self) -> Option<&[u8]> {
        let value = &self.extension(&oid::SUBJECT_KEY_ID)?.value;
        Reader::single(value, tag::OCTET_STRING, "SubjectKeyIdentifier").ok().map(|e| e.value)
    }

    /// SHA-1 over the whole certificate, upper-case hexadecimal: what Windows calls the thumbprint.
    #[must_use]
    pub fn thumbprint(&self) -> String {
        digest::hex(&digest::sha1(self.der())).to_uppercase()
    }

    /// SHA-256 over the whole certificate.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        digest::sha256(self.der())
    }
}

/// A serial number's content octets in lower-case hexadecimal without the sign octet.
#[must_use]
pub fn serial_hex(content: &[u8]) -> String {
    let digits = match content {
        [0, rest @ ..] if !rest.is_empty() => rest,
        all => all,
    };
    digest::hex(digits)
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.der() == other.der()
    }
}

impl Eq for Certificate {}

impl std::hash::Hash for Certificate {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.der().hash(state);
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Certificate({}, serial {})", self.subject(), self.serial_hex())
    }
}
