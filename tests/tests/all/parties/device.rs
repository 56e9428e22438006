//! Devices, with the keys of the corpus so that no test waits for key generation.

use std::path::Path;
use std::sync::OnceLock;

use pki::extension::{Extension, GeneralName};
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name, Request, Time, Validity, oid};
use scep::client::self_signed;
use scep::server::SigningKey;
use server::world;

/// RSA-2048 keys under `fixtures/corpus`.
const FILES: [&str; 16] = [
    "certmonger/jscep-server.k.key.pem",
    "certmonger/jscep-server-pending.k.key.pem",
    "certmonger/jscep-server-with-ra.k.key.pem",
    "certmonger/step-ca-0.30.2.k.key.pem",
    "strongswan-pki/jscep-server.k.key.pem",
    "strongswan-pki/jscep-server-pending.k.key.pem",
    "strongswan-pki/micromdm-2.1.0.k.key.pem",
    "strongswan-pki/jscep-server.k2.key.pem",
    "jscep/jscep-server-with-ra.key.key.pem",
    "jscep/jscep-server-pending.key.key.pem",
    "jscep/jscep-server-get.key.key.pem",
    "jscep/jscep-server.key.key.pem",
    "micromdm-2.1.0/micromdm-2.1.0.k.key.pem",
    "micromdm-2.1.0/jscep-server-with-ra.k.key.pem",
    "micromdm-2.1.0/step-ca-0.30.2.k.key.pem",
    "micromdm-2.1.0/micromdm-2.1.0-get.k.key.pem",
];

/// How many different keys [`Device::rsa`] has.
pub(crate) const KEYS: usize = FILES.len();

fn corpus(file: &str) -> PrivateKey {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/corpus").join(file);
    PrivateKey::parse(&std::fs::read(path).expect(file)).expect(file)
}

/// A device: a key, and the certificate it signs messages with.
pub(crate) struct Device {
    pub(crate) key: PrivateKey,
    pub(crate) certificate: Certificate,
    pub(crate) subject: Name,
}

impl Device {
    /// With one of the RSA-2048 keys of the corpus and a self-signed certificate. Its name goes by its number.
    pub(crate) fn rsa(number: usize) -> Device {
        static READ: OnceLock<()> = OnceLock::new();
        READ.get_or_init(|| {
            let hashes: std::collections::BTreeSet<_> = FILES.iter().map(|f| corpus(f).public_key().hash()).collect();
            assert_eq!(hashes.len(), KEYS, "the keys of the corpus are different ones");
        });
        Device::with(corpus(FILES[number]), &format!("CN=dev-{number},O=Example"))
    }

    /// With a new key.
    pub(crate) fn new(spec: KeySpec, subject: &str) -> Device {
        Device::with(PrivateKey::generate(spec).expect("a key"), subject)
    }

    pub(crate) fn with(key: PrivateKey, subject: &str) -> Device {
        let subject = Name::parse(subject).expect("a name");
        let validity = Validity { not_before: Time(0), not_after: Time(0).plus(100 * 365 * 86_400) };
        let certificate = self_signed(&subject, &key, validity, &mut world::random).expect("a certificate");
        Device { key, certificate, subject }
    }

    /// The same device with this certificate in its hands.
    pub(crate) fn holding(&self, certificate: &Certificate) -> Device {
        Device { certificate: certificate.clone(), ..self.clone() }
    }

    /// The same device under another name.
    pub(crate) fn named(&self, subject: &str) -> Device {
        Device::with(self.clone().key, subject)
    }

    /// A device with the same name and another key.
    pub(crate) fn successor(&self, number: usize) -> Device {
        Device::with(corpus(FILES[number]), &self.subject.to_string())
    }

    pub(crate) fn request(&self, challenge: Option<&str>) -> Request {
        self.request_with(&[], challenge)
    }

    pub(crate) fn request_with(&self, extensions: &[Extension], challenge: Option<&str>) -> Request {
        Request::build(&self.subject, &self.key, extensions, challenge).expect("a request")
    }

    pub(crate) fn request_for(&self, names: &[GeneralName], challenge: Option<&str>) -> Request {
        let names = Extension::plain(oid::SUBJECT_ALT_NAME, GeneralName::all_to_der(names));
        self.request_with(&[names], challenge)
    }

    pub(crate) fn identity(&self) -> SigningKey<'_> {
        SigningKey { certificate: &self.certificate, key: &self.key }
    }

    /// The transactionID of clients that derive it from their key.
    pub(crate) fn transaction(&self) -> String {
        scep::client::transaction_id(self.key.public_key())
    }
}

impl Clone for Device {
    fn clone(&self) -> Device {
        let key = PrivateKey::from_pkcs8(self.key.pkcs8()).expect("a key");
        Device { key, certificate: self.certificate.clone(), subject: self.subject.clone() }
    }
}
