//! What a certificate says about itself, in the words of the fact model.

use pki::extension::{AuthorityKeyId, DistributionPoint, GeneralName, KeyUsage};
use pki::key::{KeyKind, SignatureAlgorithm};
use pki::{Certificate, Crl, Name, digest, oid};

use super::capi2::{CrlDescription, ListKind};
use super::certificate::{Authority, CertificateDescription, Thumbprint};
use super::name::DistinguishedName;

impl CertificateDescription {
    /// Everything a certificate itself says. Extensions that cannot be read count as absent.
    #[must_use]
    pub fn of(certificate: &Certificate) -> CertificateDescription {
        let validity = certificate.validity();
        let (key_algorithm, key_bits) = key(certificate.public_key().kind());
        CertificateDescription {
            thumbprint: Some(Thumbprint::of(certificate)),
            subject: DistinguishedName::of(certificate.subject()),
            issuer: DistinguishedName::of(certificate.issuer()),
            serial: Some(certificate.serial_hex()),
            not_before: Some(validity.not_before),
            not_after: Some(validity.not_after),
            usages: Some(usages(certificate)),
            key_usage: certificate.key_usage(),
            template: template(certificate),
            subject_key_id: certificate.subject_key_id().map(|id| digest::hex(id).to_uppercase()),
            authority_key_id: authority_key_id(certificate),
            key_algorithm: Some(key_algorithm),
            key_bits,
            signature_hash: SignatureAlgorithm::parse(certificate.algorithm_der())
                .ok()
                .and_then(SignatureAlgorithm::digest)
                .map(|d| d.name().replace('-', "")),
            authority: Some(if certificate.is_ca() { Authority::Ca } else { Authority::EndEntity }),
            alternative_names: certificate.subject_alt_names().iter().filter_map(printed).collect(),
            crl_urls: crl_urls(certificate),
        }
    }
}

impl CrlDescription {
    /// What a list says of itself.
    #[must_use]
    pub fn of(list: &Crl) -> CrlDescription {
        let delta = list.extension(&oid::DELTA_CRL_INDICATOR).is_some();
        CrlDescription {
            issuer: DistinguishedName::of(list.issuer()),
            this_update: Some(list.this_update()),
            next_update: list.next_update(),
            reference: Some(Thumbprint(digest::sha1(list.der()))),
            number: list.number().map(|number| digest::hex(&number)),
            kind: if delta { ListKind::Delta } else { ListKind::Complete },
        }
    }
}

impl DistinguishedName {
    /// From a certificate, most specific attribute first.
    #[must_use]
    pub fn of(name: &Name) -> DistinguishedName {
        DistinguishedName::parse(&name.to_string())
    }
}

fn usages(certificate: &Certificate) -> Vec<String> {
    certificate.extended_key_usage().unwrap_or_default().iter().map(ToString::to_string).collect()
}

fn key(kind: &KeyKind) -> (String, Option<u32>) {
    match kind {
        KeyKind::Rsa(bits) => ("RSA".to_owned(), u32::try_from(*bits).ok()),
        KeyKind::P256 => ("ECC".to_owned(), Some(256)),
        KeyKind::P384 => ("ECC".to_owned(), Some(384)),
        KeyKind::P521 => ("ECC".to_owned(), Some(521)),
        KeyKind::Ed25519 => ("Ed25519".to_owned(), Some(256)),
        KeyKind::Other(id) => (id.to_string(), None),
    }
}

/// Version 1 templates are named, later ones numbered.
fn template(certificate: &Certificate) -> Option<String> {
    if let Some(named) = certificate.extension(&oid::MS_TEMPLATE_NAME) {
        let mut reader = pki::der::Reader::new(&named.value);
        return reader.any().ok()?.text();
    }
    let numbered = certificate.extension(&oid::MS_TEMPLATE)?;
    let mut inner = pki::der::Reader::new(&numbered.value).sequence("template").ok()?;
    Some(inner.oid("templateID").ok()?.to_string())
}

fn authority_key_id(certificate: &Certificate) -> Option<String> {
    let extension = certificate.extension(&oid::AUTHORITY_KEY_ID)?;
    let id = AuthorityKeyId::parse(&extension.value).ok()?.key_id?;
    Some(digest::hex(&id).to_uppercase())
}

fn crl_urls(certificate: &Certificate) -> Vec<String> {
    let Some(extension) = certificate.extension(&oid::CRL_DISTRIBUTION_POINTS) else { return Vec::new() };
    let points = DistributionPoint::parse_all(&extension.value).unwrap_or_default();
    points.iter().flat_map(DistributionPoint::uris).map(str::to_owned).collect()
}

fn printed(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::Dns(text) | GeneralName::Email(text) | GeneralName::Uri(text) => Some(text.clone()),
        other => other.upn(),
    }
}

/// Key usage from the octet Windows prints, such as `a0` or `A0, 00`: first octet's high bit is digitalSignature.
#[must_use]
pub fn key_usage_from_octets(octets: &[u8]) -> KeyUsage {
    let bit = |n: usize| octets.get(n / 8).is_some_and(|o| o & (0x80 >> (n % 8)) != 0);
    KeyUsage((0..9).filter(|&n| bit(n)).fold(0, |bits, n| bits | (1 << n)))
}
