//! Messages as an attacker or an odd client would put them together: every part can be replaced, and what is left
//! alone is as it should be.

use pki::der::{tag, write};
use pki::digest::Digest;
use pki::key::{Sign, SignatureAlgorithm};
use pki::{Certificate, Oid, oid};

use super::parties::Device;

/// The order attributes are sent in, and signed in.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Order {
    /// Sent and signed sorted, as DER says.
    Sorted,
    /// Sent and signed in the order given.
    AsGiven,
    /// Sent in the order given, signed sorted.
    SentAsGiven,
}

#[derive(Clone)]
pub(crate) struct Craft {
    pub(crate) content_type: Oid,
    pub(crate) content: Option<Vec<u8>>,
    /// Whole Attribute elements; contentType and messageDigest are added unless they are here.
    pub(crate) attributes: Vec<Vec<u8>>,
    pub(crate) order: Order,
    pub(crate) signed_attributes: bool,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) signers: usize,
    pub(crate) digest: Digest,
    pub(crate) digest_algorithm: Vec<u8>,
    pub(crate) signature_algorithm: Vec<u8>,
    pub(crate) signer_id: Vec<u8>,
}

pub(crate) fn attribute(id: &Oid, value: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::oid(id), &write::constructed(tag::SET, &[value])])
}

pub(crate) fn printable(text: &str) -> Vec<u8> {
    write::tlv(tag::PRINTABLE_STRING, text.as_bytes())
}

pub(crate) fn issuer_and_serial(certificate: &Certificate) -> Vec<u8> {
    write::sequence(&[certificate.issuer().der(), &write::tlv(tag::INTEGER, certificate.serial())])
}

impl Craft {
    /// A PKCSReq as it should be.
    pub(crate) fn enrolment(device: &Device, envelope: Vec<u8>) -> Craft {
        Craft {
            content_type: oid::CMS_DATA,
            content: Some(envelope),
            attributes: vec![
                attribute(&oid::SCEP_TRANSACTION_ID, &printable("transaction-1")),
                attribute(&oid::SCEP_MESSAGE_TYPE, &printable("19")),
                attribute(&oid::SCEP_SENDER_NONCE, &write::octets(&[7; 16])),
                attribute(&oid::ATTR_CONTENT_TYPE, &write::oid(&oid::CMS_DATA)),
            ],
            order: Order::Sorted,
            signed_attributes: true,
            certificates: vec![device.certificate.der().to_vec()],
            signers: 1,
            digest: Digest::Sha256,
            digest_algorithm: Digest::Sha256.to_der(),
            signature_algorithm: write::algorithm(&oid::RSA_ENCRYPTION, &write::null()),
            signer_id: issuer_and_serial(&device.certificate),
        }
    }

    /// With another attribute in the place of the one of the same type, or none.
    pub(crate) fn with(mut self, id: &Oid, value: Option<&[u8]>) -> Craft {
        let start = write::oid(id);
        self.attributes.retain(|a| !a.windows(start.len()).any(|w| w == start));
        self.attributes.extend(value.map(|value| attribute(id, value)));
        self
    }

    pub(crate) fn sign(&self, key: &dyn Sign) -> Vec<u8> {
        let content = self.content.clone().unwrap_or_default();
        let digest = self.digest.of(&[&content]);
        let mut attributes = self.attributes.clone();
        attributes.push(attribute(&oid::ATTR_MESSAGE_DIGEST, &write::octets(&digest)));
        let sorted = write::set_of(attributes.clone());
        let given = write::constructed(tag::SET, &attributes.iter().map(Vec::as_slice).collect::<Vec<_>>());
        let (signed, mut sent) = match self.order {
            Order::Sorted => (sorted.clone(), sorted),
            Order::AsGiven => (given.clone(), given),
            Order::SentAsGiven => (sorted, given),
        };
        sent[0] = 0xa0;
        let algorithm = SignatureAlgorithm::RsaPkcs1(Digest::Sha256);
        let signature = key.sign(algorithm, if self.signed_attributes { &signed } else { &content }).expect("signed");
        let sent = if self.signed_attributes { sent } else { Vec::new() };
        let info = write::sequence(&[
            &write::integer(1),
            &self.signer_id,
            &self.digest_algorithm,
            &sent,
            &self.signature_algorithm,
            &write::octets(&signature),
        ]);
        let explicit = self.content.as_ref().map(|c| write::explicit(0, &write::octets(c))).unwrap_or_default();
        let certificates: Vec<&[u8]> = self.certificates.iter().map(Vec::as_slice).collect();
        let signed_data = write::sequence(&[
            &write::integer(1),
            &write::constructed(tag::SET, &[&self.digest_algorithm]),
            &write::sequence(&[&write::oid(&self.content_type), &explicit]),
            &write::constructed(0xa0, &certificates),
            &write::constructed(tag::SET, &vec![info.as_slice(); self.signers]),
        ]);
        write::sequence(&[&write::oid(&oid::CMS_SIGNED_DATA), &write::explicit(0, &signed_data)])
    }
}

/// Rewrites every SEQUENCE, SET and context tag on the way down to `depth` with an indefinite length.
pub(crate) fn indefinite(der: &[u8], depth: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut reader = pki::der::Reader::new(der);
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
