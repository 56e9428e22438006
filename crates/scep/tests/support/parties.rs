//! A service and its clients, with the keys of the corpus so that no test waits for key generation.

use std::sync::OnceLock;

use pki::digest::Digest;
use pki::key::{KeyKind, KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name, Request, Time, Validity};
use scep::client::{Algorithms, Answer, Ask, Expected, Outgoing, ReplyFlaw, message, open_reply, self_signed};
use scep::server::{
    Accept, DecryptionKey, Flawed, Legacy, Opened, Opening, RaKeys, Reply, Shape, SigningKey, open, seal,
};

use super::{fixture, now, random};

/// The registration authority of the corpus in front of the CA of the corpus.
pub(crate) struct Service {
    pub(crate) ca: Certificate,
    pub(crate) ca_key: PrivateKey,
    pub(crate) ra: Certificate,
    pub(crate) ra_key: PrivateKey,
}

pub(crate) fn service() -> &'static Service {
    static SERVICE: OnceLock<Service> = OnceLock::new();
    SERVICE.get_or_init(|| {
        let certificate = |name: &str| Certificate::parse_any(&fixture(&format!("keys/{name}.pem"))).remove(0);
        let key = |name: &str| PrivateKey::parse(&fixture(&format!("keys/{name}.key"))).expect("key");
        Service {
            ca: certificate("corpus-b-ca"),
            ca_key: key("corpus-b-ca"),
            ra: certificate("corpus-b-ra"),
            ra_key: key("corpus-b-ra"),
        }
    })
}

impl Service {
    pub(crate) fn keys(&self) -> RaKeys<'_> {
        RaKeys {
            decryption: vec![DecryptionKey { certificate: &self.ra, key: &self.ra_key }],
            signing: SigningKey { certificate: &self.ra, key: &self.ra_key },
        }
    }

    pub(crate) fn open_with(&self, message: &[u8], accept: &Accept) -> Opening {
        open(message, &self.keys(), accept, &mut random())
    }

    pub(crate) fn open(&self, message: &[u8]) -> Opening {
        self.open_with(message, &Accept::default())
    }

    pub(crate) fn opened(&self, message: &[u8]) -> Opened {
        match self.open(message) {
            Opening::Opened(opened) => *opened,
            other => panic!("not opened: {other:?}"),
        }
    }

    pub(crate) fn flawed(&self, message: &[u8]) -> Flawed {
        match self.open(message) {
            Opening::Flawed(flawed) => *flawed,
            other => panic!("not flawed: {other:?}"),
        }
    }

    pub(crate) fn seal(&self, reply: &Reply<'_>, to: &scep::server::Answerable) -> Vec<u8> {
        seal(reply, to, &Shape::default(), &self.keys(), now(), &mut random()).expect("sealed")
    }
}

/// A device with a key and the certificate it signs with.
pub(crate) struct Device {
    pub(crate) key: PrivateKey,
    pub(crate) certificate: Certificate,
}

/// The device with an RSA-2048 key of the corpus.
pub(crate) fn device() -> &'static Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    DEVICE.get_or_init(|| Device::with(PrivateKey::parse(&fixture("jscep/jscep-server.key.key.pem")).expect("key")))
}

/// A device with a P-256 key.
pub(crate) fn ec_device() -> &'static Device {
    static DEVICE: OnceLock<Device> = OnceLock::new();
    DEVICE.get_or_init(|| Device::with(PrivateKey::generate(KeySpec::P256).expect("key")))
}

pub(crate) fn subject() -> Name {
    Name::parse("CN=dev-1,O=Example").expect("name")
}

pub(crate) fn validity() -> Validity {
    Validity { not_before: now().plus(-3600), not_after: now().plus(86_400) }
}

impl Device {
    pub(crate) fn with(key: PrivateKey) -> Device {
        let certificate = self_signed(&subject(), &key, validity(), &mut random()).expect("certificate");
        Device { key, certificate }
    }

    pub(crate) fn request(&self) -> Request {
        Request::build(&subject(), &self.key, &[], Some("secret")).expect("request")
    }

    pub(crate) fn identity(&self) -> SigningKey<'_> {
        SigningKey { certificate: &self.certificate, key: &self.key }
    }

    pub(crate) fn ask(&self, ask: &Ask<'_>) -> Outgoing {
        self.ask_by(ask, &aes())
    }

    pub(crate) fn ask_by(&self, ask: &Ask<'_>, algorithms: &Algorithms) -> Outgoing {
        let to = &service().ra;
        message(ask, "transaction-1", &self.identity(), to, algorithms, now(), &mut random()).expect("message")
    }

    pub(crate) fn enrol(&self) -> Outgoing {
        self.ask(&Ask::Enrol(&self.request()))
    }

    pub(crate) fn read(&self, reply: &[u8], sent: &Outgoing) -> Result<Answer, ReplyFlaw> {
        let authorities = [service().ra.clone(), service().ca.clone()];
        self.read_from(reply, sent, &authorities)
    }

    pub(crate) fn read_from(&self, reply: &[u8], sent: &Outgoing, held: &[Certificate]) -> Result<Answer, ReplyFlaw> {
        let expected = Expected {
            transaction_id: &sent.transaction_id,
            nonce: &sent.nonce,
            authorities: held,
            certificate: &self.certificate,
            key: &self.key,
            challenge: Some("secret"),
            legacy: Legacy::TripleDes,
        };
        open_reply(reply, &expected)
    }
}

pub(crate) fn aes() -> Algorithms {
    Algorithms { digest: Digest::Sha256, cipher: pki::cipher::Cipher::Aes128, transport: pki::key::KeyTransport::Pkcs1 }
}

/// A certificate of the corpus CA for a key, as the CA would issue it.
pub(crate) fn issue(subject: &Name, key: &pki::key::PublicKey, serial: u8) -> Certificate {
    use pki::der::write;
    let ca = service();
    let algorithm = ca.ca_key.preferred().to_der();
    let until: Time = now().plus(86_400 * 365);
    let tbs = write::sequence(&[
        &write::explicit(0, &write::integer(2)),
        &write::integer(serial.into()),
        &algorithm,
        ca.ca.subject().der(),
        &Validity { not_before: now(), not_after: until }.to_der(),
        subject.der(),
        key.spki_der(),
    ]);
    let signature = ca.ca_key.sign(ca.ca_key.preferred(), &tbs).expect("signature");
    let certificate = Certificate::assemble(&tbs, &algorithm, &signature).expect("certificate");
    assert_ne!(certificate.public_key().kind(), &KeyKind::Rsa(0));
    certificate
}
