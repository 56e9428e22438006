//! A device whose every octet a test decides on, over real HTTP.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki::Certificate;
use pki::cipher::Cipher;
use pki::cms::{Attributes, EnvelopeFor, EnvelopedData, Recipient, SignedData, seal_envelope};
use pki::der::{Reader, tag};
use pki::digest::Digest;
use pki::key::KeyTransport;
use pki::oid;
use scep::ca_certs::Authorities;
use scep::client::{Algorithms, Answer, Ask, Expected, Outgoing, message, open_reply};
use scep::server::Legacy;
use server::world;

use crate::harness::Service;
use crate::harness::http::Response;
use crate::parties::{Device, certificate};

/// The static challenge of the services of these tests.
pub(super) const SECRET: &str = "secret";

pub(super) const MODERN: Algorithms =
    Algorithms { digest: Digest::Sha256, cipher: Cipher::Aes128, transport: KeyTransport::Pkcs1 };

/// What a device knows of a service.
pub(super) struct Client<'a> {
    pub(super) service: &'a Service,
    pub(super) authorities: Authorities,
    /// Where messages go.
    pub(super) path: &'static str,
}

impl<'a> Client<'a> {
    pub(super) fn of(service: &'a Service) -> Client<'a> {
        let body = service.get("/scep?operation=GetCACert").body;
        let certificates = scep::ca_certs::read(&body).expect("certificates");
        let authorities = Authorities::choose(&certificates).expect("a CA");
        Client { service, authorities, path: "/scep" }
    }

    pub(super) fn message(&self, ask: &Ask<'_>, transaction: &str, by: &Device, algorithms: &Algorithms) -> Outgoing {
        let to = &self.authorities.encryption;
        message(ask, transaction, &by.identity(), to, algorithms, world::now(), &mut world::random).expect("a message")
    }

    /// A first request as our own client makes it.
    pub(super) fn enrolment(&self, device: &Device) -> Outgoing {
        self.enrolment_by(device, &MODERN)
    }

    pub(super) fn enrolment_by(&self, device: &Device, algorithms: &Algorithms) -> Outgoing {
        self.message(&Ask::Enrol(&device.request(Some(SECRET))), &device.transaction(), device, algorithms)
    }

    pub(super) fn post(&self, message: &[u8]) -> Response {
        let path = format!("{}?operation=PKIOperation", self.path);
        self.service.post(&path, "application/x-pki-message", message)
    }

    /// What a response says to the device that asked. It must be a CertRep that the device believes.
    pub(super) fn read(&self, response: &Response, sent: &Outgoing, by: &Device) -> Answer {
        assert_eq!(response.status, 200, "{}", response.text());
        assert_eq!(response.header("content-type"), Some("application/x-pki-message"));
        let expected = Expected {
            transaction_id: &sent.transaction_id,
            nonce: &sent.nonce,
            authorities: &self.authorities.all,
            certificate: &by.certificate,
            key: &by.key,
            challenge: Some(SECRET),
            legacy: Legacy::TripleDes,
        };
        open_reply(&response.body, &expected).expect("a reply that is believed")
    }

    /// The certificate that came, with the key that was asked for.
    pub(super) fn issued(&self, response: &Response, sent: &Outgoing, by: &Device) -> Certificate {
        certificate(self.read(response, sent, by))
    }

    /// A first certificate.
    pub(super) fn enrol(&self, device: &Device) -> Certificate {
        let sent = self.enrolment(device);
        self.issued(&self.post(&sent.der), &sent, device)
    }

    /// An envelope around any octets.
    pub(super) fn sealed(&self, content: &[u8]) -> Vec<u8> {
        let to = &self.authorities.encryption;
        let (issuer, serial, key) = (to.issuer().der(), to.serial(), to.public_key());
        let recipient = EnvelopeFor::Key { issuer, serial, key, transport: MODERN.transport };
        seal_envelope(content, MODERN.cipher, recipient, &mut world::random).expect("an envelope")
    }

    pub(super) fn query(&self, text: &str) -> String {
        format!("{}?operation=PKIOperation&message={text}", self.path)
    }
}

/// Base64 as in a file, without line breaks.
pub(super) fn base64(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// Looks at the signed attributes of a reply.
pub(super) fn attributes<T>(reply: &[u8], look: impl FnOnce(&Attributes<'_>) -> T) -> T {
    let signed = SignedData::parse(reply).expect("signed data");
    look(signed.signers[0].attributes.as_ref().expect("signed attributes"))
}

/// Content cipher and key transport of a reply's envelope.
pub(super) fn envelope(reply: &[u8]) -> (Cipher, KeyTransport) {
    let signed = SignedData::parse(reply).expect("signed data");
    let enveloped = EnvelopedData::parse(signed.content.expect("content")).expect("an envelope");
    let Recipient::KeyTransport { algorithm, .. } = &enveloped.recipients[0] else { panic!("another recipient") };
    let cipher = Cipher::from_oid(&enveloped.cipher).expect("a known cipher");
    (cipher, KeyTransport::parse(algorithm).expect("a known transport"))
}

/// The failInfoText of a FAILURE.
pub(super) fn refusal(reply: &[u8]) -> String {
    attributes(reply, |attributes| {
        let status = attributes.single(&oid::SCEP_PKI_STATUS).expect("a pkiStatus").text();
        assert_eq!(status.as_deref(), Some("2"));
        attributes.single(&oid::SCEP_FAIL_INFO_TEXT).expect("a text").text().expect("text")
    })
}

/// Rewrites what is constructed, down to `depth`, with indefinite lengths (BER).
pub(super) fn indefinite(der: &[u8], depth: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut reader = Reader::new(der);
    while let Ok(element) = reader.any() {
        if depth == 0 || element.tag & tag::CONSTRUCTED == 0 {
            out.extend_from_slice(element.raw);
        } else {
            out.extend_from_slice(&[element.tag, 0x80]);
            out.extend_from_slice(&indefinite(element.value, depth - 1));
            out.extend_from_slice(&[0, 0]);
        }
    }
    out
}
