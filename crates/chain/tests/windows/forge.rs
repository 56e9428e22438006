//! Makes certificates of every kind, right and wrong.

use pki::der::write;
use pki::extension::{AuthorityKeyId, BasicConstraints, Extension, GeneralName, KeyUsage, extended_key_usage_der};
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name, Oid, Time, Validity, oid};

/// The middle of every validity that is not about time.
pub fn noon() -> Time {
    Time::parse_rfc3339("2026-06-15T12:00:00Z").expect("a time")
}

/// A certificate and its key.
pub struct Made {
    pub certificate: Certificate,
    pub key: PrivateKey,
}

/// What a certificate is to be.
pub struct Recipe {
    subject: Name,
    version: u64,
    serial: u64,
    validity: Validity,
    extensions: Vec<Extension>,
    key: Option<PrivateKey>,
    named_issuer: Option<Name>,
}

/// A recipe for this subject: version 3, valid around noon, no extensions.
pub fn recipe(subject: &str) -> Recipe {
    Recipe {
        subject: Name::parse(subject).expect("a name"),
        version: 2,
        serial: subject.bytes().map(u64::from).sum::<u64>() + 1,
        validity: Validity { not_before: noon().plus(-86_400), not_after: noon().plus(86_400) },
        extensions: Vec::new(),
        key: None,
        named_issuer: None,
    }
}

/// A recipe for a CA: critical basic constraints, keyCertSign and cRLSign.
pub fn ca(subject: &str) -> Recipe {
    recipe(subject).basic(true, None).usage(KeyUsage::KEY_CERT_SIGN.with(KeyUsage::CRL_SIGN))
}

impl Recipe {
    pub fn with(mut self, extension: Extension) -> Self {
        self.extensions.retain(|e| e.id != extension.id);
        self.extensions.push(extension);
        self
    }

    pub fn without(mut self, id: &Oid) -> Self {
        self.extensions.retain(|e| e.id != *id);
        self
    }

    pub fn basic(self, ca: bool, path_length: Option<u32>) -> Self {
        self.with(Extension::critical(oid::BASIC_CONSTRAINTS, BasicConstraints { ca, path_length }.to_der()))
    }

    pub fn usage(self, usage: KeyUsage) -> Self {
        self.with(Extension::critical(oid::KEY_USAGE, usage.to_der()))
    }

    pub fn purposes(self, purposes: &[Oid]) -> Self {
        self.with(Extension::plain(oid::EXTENDED_KEY_USAGE, extended_key_usage_der(purposes)))
    }

    pub fn names(self, names: &[GeneralName]) -> Self {
        self.with(Extension::plain(oid::SUBJECT_ALT_NAME, GeneralName::all_to_der(names)))
    }

    pub fn dns(self, name: &str) -> Self {
        self.names(&[GeneralName::Dns(name.to_owned())])
    }

    /// permittedSubtrees and excludedSubtrees, each of whole GeneralSubtree contents.
    pub fn constraints(self, permitted: &[Vec<u8>], excluded: &[Vec<u8>]) -> Self {
        let list = |tag, bases: &[Vec<u8>]| {
            let subtrees: Vec<Vec<u8>> = bases.iter().map(|base| write::sequence(&[base])).collect();
            let parts: Vec<&[u8]> = subtrees.iter().map(Vec::as_slice).collect();
            if parts.is_empty() { Vec::new() } else { write::constructed(tag, &parts) }
        };
        let value = write::sequence(&[&list(0xa0, permitted), &list(0xa1, excluded)]);
        self.with(Extension::critical(oid::NAME_CONSTRAINTS, value))
    }

    pub fn policies(self, policies: &[Oid]) -> Self {
        let each: Vec<Vec<u8>> = policies.iter().map(|p| write::sequence(&[&write::oid(p)])).collect();
        let parts: Vec<&[u8]> = each.iter().map(Vec::as_slice).collect();
        self.with(Extension::plain(oid::CERTIFICATE_POLICIES, write::sequence(&parts)))
    }

    pub fn valid(mut self, not_before: i64, not_after: i64) -> Self {
        self.validity = Validity { not_before: noon().plus(not_before), not_after: noon().plus(not_after) };
        self
    }

    pub fn version(mut self, version: u64) -> Self {
        self.version = version;
        self
    }

    pub fn serial(mut self, serial: u64) -> Self {
        self.serial = serial;
        self
    }

    pub fn keyed(mut self, key: &PrivateKey) -> Self {
        self.key = Some(PrivateKey::from_pkcs8(key.pkcs8()).expect("the key again"));
        self
    }

    /// Another issuer name than the signer's.
    pub fn naming(mut self, issuer: &Name) -> Self {
        self.named_issuer = Some(issuer.clone());
        self
    }

    /// subjectKeyIdentifier, of the key itself.
    fn fill(&mut self) -> PrivateKey {
        self.key.take().unwrap_or_else(|| PrivateKey::generate(KeySpec::P256).expect("a key"))
    }

    pub fn self_signed(mut self) -> Made {
        let key = self.fill();
        let issuer = self.named_issuer.clone().unwrap_or_else(|| self.subject.clone());
        let certificate = self.sign(&key, &issuer, &key);
        Made { certificate, key }
    }

    /// Self-signed, with its own key identifier in both places.
    pub fn self_signed_with_key_ids(mut self) -> Made {
        let key = self.fill();
        let id = key.public_key().key_id();
        self = self.with(subject_key_id(&id)).with(key_id_aki(&id)).keyed(&key);
        self.self_signed()
    }

    pub fn signed_by(mut self, issuer: &Made) -> Made {
        let key = self.fill();
        let name = self.named_issuer.clone().unwrap_or_else(|| issuer.certificate.subject().clone());
        let certificate = self.sign(&key, &name, &issuer.key);
        Made { certificate, key }
    }

    fn sign(&self, key: &PrivateKey, issuer: &Name, signer: &PrivateKey) -> Certificate {
        let algorithm = signer.preferred();
        let version = if self.version == 0 { Vec::new() } else { write::explicit(0, &write::integer(self.version)) };
        let extensions = if self.extensions.is_empty() {
            Vec::new()
        } else {
            write::explicit(3, &Extension::all_to_der(&self.extensions))
        };
        let tbs = write::sequence(&[
            &version,
            &write::integer(self.serial),
            &algorithm.to_der(),
            issuer.der(),
            &self.validity.to_der(),
            self.subject.der(),
            key.public_key().spki_der(),
            &extensions,
        ]);
        let signature = signer.sign(algorithm, &tbs).expect("a signature");
        Certificate::assemble(&tbs, &algorithm.to_der(), &signature).expect("a certificate")
    }
}

pub fn subject_key_id(id: &[u8]) -> Extension {
    Extension::plain(oid::SUBJECT_KEY_ID, write::octets(id))
}

pub fn key_id_aki(id: &[u8]) -> Extension {
    Extension::plain(oid::AUTHORITY_KEY_ID, AuthorityKeyId::key_id_der(id))
}

/// An authority key identifier with issuer and serial number, and a key identifier if one is given.
pub fn exact_aki(of: &Certificate, key_id: Option<&[u8]>) -> Extension {
    let key_id = key_id.map(|id| write::tlv(0x80, id)).unwrap_or_default();
    let name = write::tlv(0xa1, &GeneralName::Directory(of.issuer().clone()).to_der());
    let value = write::sequence(&[&key_id, &name, &write::tlv(0x82, of.serial())]);
    Extension::plain(oid::AUTHORITY_KEY_ID, value)
}

/// The same certificate with a signature nobody made.
pub fn with_bad_signature(certificate: &Certificate) -> Certificate {
    let mut signature = certificate.signature().to_vec();
    let last = signature.last_mut().expect("a signature");
    *last ^= 1;
    Certificate::assemble(certificate.tbs(), certificate.algorithm_der(), &signature).expect("a certificate")
}

pub fn dns_base(text: &str) -> Vec<u8> {
    GeneralName::Dns(text.to_owned()).to_der()
}
