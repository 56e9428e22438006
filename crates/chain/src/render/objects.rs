//! CAPI2 event 90 (X509Objects): every certificate of the question in detail.

use pki::der::{Reader, tag};
use pki::extension::{Criticality, DistributionPoint, GeneralName};
use pki::{Certificate, Name, Oid, digest, oid};

use super::event::{EventContext, Kind, event, key_algorithm, signature_algorithm, tail, usage};
use super::xml::Element as Xml;
use super::{display_name, file_ref};
use crate::chain::{Chain, Verdict};
use crate::facts::Facts;

/// Event 90: the certificates of every chain, each once.
#[must_use]
pub fn objects_event(verdict: &Verdict, context: &EventContext) -> String {
    let chains = std::iter::once(&verdict.chain).chain(&verdict.alternatives);
    let mut seen: Vec<&Certificate> = Vec::new();
    for element in chains.flat_map(|chain: &Chain| &chain.elements) {
        if !seen.contains(&&element.certificate) {
            seen.push(&element.certificate);
        }
    }
    let content = Xml::new("X509Objects").children(seen.into_iter().map(certificate));
    let kind = Kind { level: 4, opcode: 0, keywords: "0x4000000000000200" };
    event(context, 90, kind, 3, tail(content, context, 3, None))
}

fn certificate(certificate: &Certificate) -> Xml {
    let facts = Facts::of(certificate);
    let c = certificate;
    let key_id = facts.subject_key_id.value().cloned();
    let computed = if key_id.is_some() { "false" } else { "true" };
    let key_id = key_id.unwrap_or_else(|| c.public_key().key_id().to_vec());
    let subject_key = Xml::new("SubjectKeyID").attribute("computed", computed).attribute("hash", upper(&key_id));
    Xml::new("Certificate")
        .attribute("fileRef", file_ref(c))
        .attribute("subjectName", display_name(c.subject()))
        .child(name("Subject", c.subject()))
        .child(subject_key)
        .child(signature_algorithm(c.algorithm_der()))
        .child(key_algorithm(c))
        .child(name("Issuer", c.issuer()))
        .child(Xml::new("SerialNumber").text(c.serial_hex().to_uppercase()))
        .child(Xml::new("NotBefore").text(c.validity().not_before.to_string()))
        .child(Xml::new("NotAfter").text(c.validity().not_after.to_string()))
        .child(extensions(&facts))
}

fn upper(octets: &[u8]) -> String {
    digest::hex(octets).to_uppercase()
}

/// A name, most specific attribute first.
fn name(element: &str, name: &Name) -> Xml {
    let attributes = name.rdns().into_iter().rev().flatten();
    Xml::new(element).children(attributes.map(|a| {
        let text = a.value.text().unwrap_or_else(|| upper(a.value.raw));
        match keyword(&a.kind) {
            Some(word) => Xml::new(word).text(text),
            None => Xml::new("AttrValue").attribute("oid", a.kind.to_string()).text(text),
        }
    }))
}

fn keyword(kind: &Oid) -> Option<&'static str> {
    Some(match *kind {
        oid::COMMON_NAME => "CN",
        oid::ORGANIZATION => "O",
        oid::ORGANIZATIONAL_UNIT => "OU",
        oid::LOCALITY => "L",
        oid::STATE => "S",
        oid::COUNTRY => "C",
        oid::DOMAIN_COMPONENT => "DC",
        oid::EMAIL_ADDRESS => "E",
        oid::SERIAL_NUMBER => "SERIALNUMBER",
        oid::SURNAME => "SN",
        oid::GIVEN_NAME => "G",
        oid::TITLE => "T",
        oid::STREET => "STREET",
        _ => return None,
    })
}

fn extensions(facts: &Facts) -> Xml {
    let mut out = Xml::new("Extensions");
    for extension in facts.certificate.extensions() {
        let element = match extension.id {
            oid::BASIC_CONSTRAINTS => basic(facts),
            oid::KEY_USAGE => key_usage(facts, &extension.value),
            oid::EXTENDED_KEY_USAGE => {
                facts.usages.value().map(|list| Xml::new("ExtendedKeyUsage").children(list.iter().map(usage)))
            }
            oid::AUTHORITY_KEY_ID => authority(facts),
            oid::SUBJECT_ALT_NAME => {
                facts.names.value().map(|names| Xml::new("SubjectAltName").children(names.iter().map(general_name)))
            }
            oid::CERTIFICATE_POLICIES => facts.policies.value().map(|policies| {
                let each = policies.ids.iter().map(|id| Xml::new("Policy").attribute("oid", id.to_string()));
                Xml::new("CertificatePolicies").children(each)
            }),
            oid::CRL_DISTRIBUTION_POINTS => facts.crl_points.value().map(|points| crl_points(points)),
            _ => None,
        };
        let Some(mut element) = element else { continue };
        if extension.criticality == Criticality::Critical {
            element = element.attribute("critical", "true");
        }
        out = out.child(element);
    }
    out
}

fn basic(facts: &Facts) -> Option<Xml> {
    let basic = facts.basic.value()?;
    let out = Xml::new("BasicConstraints").attribute("cA", if basic.ca { "true" } else { "false" });
    Some(basic.path_length.into_iter().fold(out, |out, n| out.attribute("pathLenConstraint", n.to_string())))
}

/// The octets of the BIT STRING read as Windows does: the first is the low one.
fn key_usage(facts: &Facts, value: &[u8]) -> Option<Xml> {
    const NAMES: [(u32, &str); 9] = [
        (0x80, "CERT_DIGITAL_SIGNATURE_KEY_USAGE"),
        (0x40, "CERT_NON_REPUDIATION_KEY_USAGE"),
        (0x20, "CERT_KEY_ENCIPHERMENT_KEY_USAGE"),
        (0x10, "CERT_DATA_ENCIPHERMENT_KEY_USAGE"),
        (0x08, "CERT_KEY_AGREEMENT_KEY_USAGE"),
        (0x04, "CERT_KEY_CERT_SIGN_KEY_USAGE"),
        (0x02, "CERT_CRL_SIGN_KEY_USAGE"),
        (0x01, "CERT_ENCIPHER_ONLY_KEY_USAGE"),
        (0x8000, "CERT_DECIPHER_ONLY_KEY_USAGE"),
    ];
    facts.key_usage.value()?;
    let bits = Reader::single(value, tag::BIT_STRING, "KeyUsage").ok()?.value;
    let octet = |at: usize| bits.get(at).copied().map_or(0, u32::from);
    let word = octet(1) | (octet(2) << 8);
    Some(Xml::new("KeyUsage").bits(word, NAMES.iter().filter(|(bit, _)| word & bit != 0).map(|(_, name)| *name)))
}

fn authority(facts: &Facts) -> Option<Xml> {
    let aki = facts.authority.value()?;
    let mut out = Xml::new("AuthorityKeyIdentifier");
    if let Some(key_id) = &aki.key_id {
        out = out.child(Xml::new("KeyID").attribute("hash", upper(key_id)));
    }
    if !aki.issuer.is_empty() {
        out = out.child(Xml::new("AuthorityCertIssuer").children(aki.issuer.iter().map(general_name)));
    }
    if let Some(serial) = &aki.serial {
        out = out.child(Xml::new("AuthoritySerialNumber").text(upper(serial)));
    }
    Some(out)
}

fn general_name(general: &GeneralName) -> Xml {
    match general {
        GeneralName::Dns(text) => Xml::new("DNSName").text(text.as_str()),
        GeneralName::Email(text) => Xml::new("RFC822Name").text(text.as_str()),
        GeneralName::Uri(text) => Xml::new("URL").text(text.as_str()),
        GeneralName::Directory(directory) => name("DirectoryName", directory),
        GeneralName::Ip(octets) => Xml::new("IPAddress").text(upper(octets)),
        GeneralName::RegisteredId(id) => Xml::new("RegisteredID").text(id.to_string()),
        GeneralName::Other(id, value) => match general.upn() {
            Some(upn) => Xml::new("OtherName").attribute("oid", id.to_string()).text(upn),
            None => Xml::new("OtherName").attribute("oid", id.to_string()).text(upper(value)),
        },
        GeneralName::Unread(_, value) => Xml::new("OtherName").text(upper(value)),
    }
}

fn crl_points(points: &[DistributionPoint]) -> Xml {
    let urls = points.iter().flat_map(DistributionPoint::uris).map(|url| Xml::new("URL").text(url));
    Xml::new("CRLDistributionPoints").child(Xml::new("CRLDistributionPoint").children(urls))
}
