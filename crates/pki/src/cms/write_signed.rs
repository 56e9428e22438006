use super::wrap_content;
use crate::der::{tag, write};
use crate::digest::Digest;
use crate::key::{Sign, SignatureAlgorithm, SignatureError};
use crate::{Certificate, Crl, Oid, Time, oid};

/// What is signed.
#[derive(Debug, Clone, Copy)]
pub enum SignedContent<'a> {
    /// eContent with these octets, possibly none.
    Present(&'a [u8]),
    /// No eContent. The messageDigest is that of no octets.
    Absent,
}

/// How to sign.
pub struct NewSignature<'a> {
    /// The certificate named in the SignerInfo, by issuer and serial number, and put into the message.
    pub certificate: &'a Certificate,
    /// Its key.
    pub key: &'a dyn Sign,
    /// The digest; a key that is bound to one (ECDSA) takes its own instead.
    pub digest: Digest,
    /// The signing time attribute.
    pub time: Time,
    /// Further signed attributes: type and one value, a whole element.
    pub attributes: &'a [(Oid, Vec<u8>)],
}

/// A SignedData over data (RFC 5652 §5), with one signature whose algorithm is written as plain `rsaEncryption` for RSA
/// keys (RFC 3370 §3.2): strongSwan reads nothing else.
pub fn sign(content: SignedContent<'_>, new: &NewSignature<'_>) -> Result<Vec<u8>, SignatureError> {
    let (digest, algorithm, algorithm_der) = match new.key.preferred() {
        SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_) => (
            new.digest,
            SignatureAlgorithm::RsaPkcs1(new.digest),
            write::algorithm(&oid::RSA_ENCRYPTION, &write::null()),
        ),
        other => (other.digest().unwrap_or(Digest::Sha512), other, other.to_der()),
    };
    let octets = match content {
        SignedContent::Present(octets) => octets,
        SignedContent::Absent => &[],
    };
    let attributes = signed_attributes(new, &digest.of(&[octets]));
    let signature = new.key.sign(algorithm, &attributes)?;
    // Signed as a SET, sent with an implicit context tag (RFC 5652 §5.4).
    let mut sent = attributes;
    if let Some(first) = sent.first_mut() {
        *first = 0xa0;
    }
    let name = write::sequence(&[new.certificate.issuer().der(), &write::tlv(tag::INTEGER, new.certificate.serial())]);
    let digest_der = digest.to_der();
    let info = [&write::integer(1), &name, &digest_der, &sent, &algorithm_der, &write::octets(&signature)]
        .map(Vec::as_slice)
        .concat();
    let explicit = match content {
        SignedContent::Present(octets) => write::explicit(0, &write::octets(octets)),
        SignedContent::Absent => Vec::new(),
    };
    let signed = write::sequence(&[
        &write::integer(1),
        &write::constructed(tag::SET, &[&digest_der]),
        &write::sequence(&[&write::oid(&oid::CMS_DATA), &explicit]),
        &write::explicit(0, new.certificate.der()),
        &write::constructed(tag::SET, &[&write::tlv(tag::SEQUENCE, &info)]),
    ]);
    Ok(wrap_content(&oid::CMS_SIGNED_DATA, &signed))
}

fn signed_attributes(new: &NewSignature<'_>, digest: &[u8]) -> Vec<u8> {
    let attribute =
        |id: &Oid, value: &[u8]| write::sequence(&[&write::oid(id), &write::constructed(tag::SET, &[value])]);
    let mut list = Vec::with_capacity(new.attributes.len() + 3);
    list.push(attribute(&oid::ATTR_CONTENT_TYPE, &write::oid(&oid::CMS_DATA)));
    list.push(attribute(&oid::ATTR_SIGNING_TIME, &new.time.to_der()));
    list.push(attribute(&oid::ATTR_MESSAGE_DIGEST, &write::octets(digest)));
    list.extend(new.attributes.iter().map(|(id, value)| attribute(id, value)));
    write::set_of(list)
}

/// A SignedData without content and signatures, a bag for certificates and lists (RFC 8894 §3.4). The certificates
/// stay in the order given: clients take the first for the one they asked for.
#[must_use]
pub fn degenerate(certificates: &[Certificate], crl: Option<&Crl>) -> Vec<u8> {
    let ders: Vec<&[u8]> = certificates.iter().map(Certificate::der).collect();
    let bag = if ders.is_empty() { Vec::new() } else { write::constructed(0xa0, &ders) };
    let lists = crl.map(|crl| write::explicit(1, crl.der())).unwrap_or_default();
    let signed = write::sequence(&[
        &write::integer(1),
        &write::constructed(tag::SET, &[]),
        &write::sequence(&[&write::oid(&oid::CMS_DATA)]),
        &bag,
        &lists,
        &write::constructed(tag::SET, &[]),
    ]);
    wrap_content(&oid::CMS_SIGNED_DATA, &signed)
}
