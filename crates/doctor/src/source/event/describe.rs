//! CAPI2 event 90: certificates and revocation lists in detail.

use super::capi2::{hex, moment};
use super::tree::Element;
use crate::fact::capi2::{CrlDescription, ListKind, Objects};
use crate::fact::certificate::{Authority, CertificateDescription, Thumbprint};
use crate::fact::name::DistinguishedName;

/// Reads the content of an event 90.
pub(super) fn objects(root: &Element<'_>) -> Objects {
    let (mut certificates, mut lists) = (Vec::new(), Vec::new());
    root.find_all("Certificate", &mut certificates);
    root.find_all("CertificateRevocationList", &mut lists);
    Objects {
        certificates: certificates.into_iter().map(certificate).collect(),
        lists: lists.into_iter().map(list).collect(),
    }
}

fn certificate(element: &Element<'_>) -> CertificateDescription {
    let extensions = element.find("Extensions");
    let extension = |name: &str| extensions.and_then(|list| list.child(name));
    let hash = |found: Option<&Element<'_>>| found.and_then(|id| id.attribute("hash")).map(str::to_uppercase);
    let of = |name: &str, attribute: &str| element.child(name).and_then(|e| e.attribute(attribute)).map(str::to_owned);
    let mut subject = element.child("Subject").map(name).unwrap_or_default();
    if subject.is_empty() {
        subject = DistinguishedName::parse(element.attribute("subjectName").unwrap_or_default());
    }
    CertificateDescription {
        thumbprint: element.attribute("fileRef").and_then(Thumbprint::parse),
        subject,
        issuer: element.child("Issuer").map(name).unwrap_or_default(),
        serial: element.text_of("SerialNumber").map(serial),
        not_before: element.text_of("NotBefore").and_then(moment),
        not_after: element.text_of("NotAfter").and_then(moment),
        usages: extensions.map(|_| usages(extension("ExtendedKeyUsage"))),
        key_usage: extension("KeyUsage").and_then(|usage| hex(usage, "value")).map(key_usage),
        template: template(extensions),
        subject_key_id: hash(element.child("SubjectKeyID")),
        authority_key_id: hash(extension("AuthorityKeyIdentifier").and_then(|id| id.find("KeyID"))),
        key_algorithm: of("PublicKeyAlgorithm", "publicKeyName"),
        key_bits: of("PublicKeyAlgorithm", "publicKeyLength").and_then(|bits| bits.parse().ok()),
        signature_hash: of("SignatureAlgorithm", "hashName"),
        authority: authority(extensions),
        alternative_names: extension("SubjectAltName").map(alternative_names).unwrap_or_default(),
        crl_urls: Vec::new(),
    }
}

/// `Subject` and `Issuer` hold one element per attribute.
fn name(element: &Element<'_>) -> DistinguishedName {
    let attributes = element.children.iter().take(64).map(|child| {
        let value = child.text.split_whitespace().collect::<Vec<_>>().join(" ");
        (child.name.to_uppercase(), value)
    });
    DistinguishedName { attributes: attributes.collect() }
}

/// Serial numbers as every other source gives them: lower case, no leading zero octets.
fn serial(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_hexdigit).collect::<String>().to_lowercase();
    let mut digits = digits.as_str();
    while digits.len() > 2 && digits.starts_with("00") {
        digits = digits.get(2..).unwrap_or_default();
    }
    digits.to_owned()
}

fn usages(list: Option<&Element<'_>>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(list) = list {
        list.find_all("Usage", &mut found);
    }
    found.iter().filter_map(|usage| usage.attribute("oid")).map(str::to_owned).collect()
}

/// The value is printed as the number of the bit string's octets, first octet lowest: `A0`, or `180` for 80 01.
fn key_usage(value: u32) -> pki::extension::KeyUsage {
    crate::fact::describe::key_usage_from_octets(&value.to_le_bytes())
}

fn template(extensions: Option<&Element<'_>>) -> Option<String> {
    let list = extensions?;
    let named = list.child("EnrollCertTypeExtension").or_else(|| list.child("CertificateTemplateName"));
    if let Some(name) = named.map(Element::whole_text).filter(|text| !text.is_empty()) {
        return Some(name);
    }
    let numbered = list.child("CertificateTemplate")?;
    let id = numbered.find("TemplateID").unwrap_or(numbered);
    id.attribute("oid").map(str::to_owned).or_else(|| Some(id.whole_text()).filter(|text| !text.is_empty()))
}

fn authority(extensions: Option<&Element<'_>>) -> Option<Authority> {
    let constraints = extensions?.child("BasicConstraints");
    let ca = constraints.and_then(|c| c.attribute("cA")).is_some_and(|v| v.eq_ignore_ascii_case("true"));
    Some(if ca { Authority::Ca } else { Authority::EndEntity })
}

fn alternative_names(list: &Element<'_>) -> Vec<String> {
    list.children.iter().take(64).map(Element::whole_text).filter(|text| !text.is_empty()).collect()
}

fn list(element: &Element<'_>) -> CrlDescription {
    CrlDescription {
        issuer: element.child("Issuer").map(name).unwrap_or_default(),
        this_update: element.text_of("ThisUpdate").and_then(moment),
        next_update: element.text_of("NextUpdate").and_then(moment),
        reference: element
            .attribute("fileRef")
            .and_then(|text| Thumbprint::parse(text.split('.').next().unwrap_or(text))),
        kind: match element.find("DeltaCRLIndicator") {
            Some(_) => ListKind::Delta,
            None => ListKind::Complete,
        },
        number: element.find("CRLNumber").map(|n| n.attribute("value").map_or_else(|| n.whole_text(), str::to_owned)),
    }
}
