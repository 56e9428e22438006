//! Messages as an attacker or an odd client would put them together: every part can be replaced, and what is left
//! alone is as it should be.

use pki::der::{tag, write};
use pki::digest::Digest;
use pki::key::{Sign, SignatureAlgorithm};
use pki::{Certificate, Oid, oid};

use super::Device;

#[derive(Clone)]
pub(crate) struct Craft {
    pub(crate) content: Vec<u8>,
    /// Whole Attribute elements; contentType and messageDigest are added.
    pub(crate) attributes: Vec<Vec<u8>>,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) signers: usize,
    pub(crate) digest: Digest,
    pub(crate) signer_id: Vec<u8>,
}

pub(crate) fn attribute(id: &Oid, value: &[u8]) -> Vec<u8> {
    write::sequence(&[&write::oid(id), &write::constructed(tag::SET, &[value])])
}

pub(crate) fn printable(text: &str) -> Vec<u8> {
    write::tlv(tag::PRINTABLE_STRING, text.as_bytes())
}

fn issuer_and_serial(certificate: &Certificate) -> Vec<u8> {
    write::sequence(&[certificate.issuer().der(), &write::tlv(tag::INTEGER, certificate.serial())])
}

impl Craft {
    /// A PKCSReq as it should be, around this envelope.
    pub(crate) fn enrolment(device: &Device, transaction: &str, envelope: Vec<u8>) -> Craft {
        Craft {
            content: envelope,
            attributes: vec![
                attribute(&oid::SCEP_TRANSACTION_ID, &printable(transaction)),
                attribute(&oid::SCEP_MESSAGE_TYPE, &printable("19")),
                attribute(&oid::SCEP_SENDER_NONCE, &write::octets(&[7; 16])),
            ],
            certificates: vec![device.certificate.der().to_vec()],
            signers: 1,
            digest: Digest::Sha256,
            signer_id: issuer_and_serial(&device.certificate),
        }
    }

    /// With another attribute in the place of the one of the same type.
    pub(crate) fn with(mut self, id: &Oid, value: &[u8]) -> Craft {
        let start = write::oid(id);
        self.attributes.retain(|a| !a.windows(start.len()).any(|w| w == start));
        self.attributes.push(attribute(id, value));
        self
    }

    pub(crate) fn sign(&self, key: &dyn Sign) -> Vec<u8> {
        let mut attributes = self.attributes.clone();
        attributes.push(attribute(&oid::ATTR_CONTENT_TYPE, &write::oid(&oid::CMS_DATA)));
        let digest = self.digest.of(&[&self.content]);
        attributes.push(attribute(&oid::ATTR_MESSAGE_DIGEST, &write::octets(&digest)));
        let signed = write::set_of(attributes);
        let signature = key.sign(SignatureAlgorithm::RsaPkcs1(self.digest), &signed).expect("signed");
        let mut sent = signed;
        sent[0] = 0xa0;
        let info = write::sequence(&[
            &write::integer(1),
            &self.signer_id,
            &self.digest.to_der(),
            &sent,
            &write::algorithm(&oid::RSA_ENCRYPTION, &write::null()),
            &write::octets(&signature),
        ]);
        let certificates: Vec<&[u8]> = self.certificates.iter().map(Vec::as_slice).collect();
        let signed_data = write::sequence(&[
            &write::integer(1),
            &write::constructed(tag::SET, &[&self.digest.to_der()]),
            &write::sequence(&[&write::oid(&oid::CMS_DATA), &write::explicit(0, &write::octets(&self.content))]),
            &write::constructed(0xa0, &certificates),
            &write::constructed(tag::SET, &vec![info.as_slice(); self.signers]),
        ]);
        write::sequence(&[&write::oid(&oid::CMS_SIGNED_DATA), &write::explicit(0, &signed_data)])
    }
}
