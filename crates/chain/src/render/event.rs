//! CAPI2 events 11 (BuildChainStop) and 30 (VerifyChainPolicy).

use pki::key::{KeyKind, SignatureAlgorithm};
use pki::{Certificate, Oid, Time, digest};

use super::xml::Element as Xml;
use super::{display_name, file_ref, objects_event};
use crate::chain::{Chain, Element, UsageSet, Verdict};
use crate::check::known_usage;
use crate::policy::{IgnoreFlags, Policy, PolicyFlags, PolicyStatus};
use crate::question::{Question, UsageMatch};
use crate::revocation::{RevocationResult, SourceKind};
use crate::trust::{ErrorStatus, InfoStatus, result};

/// What an event says beside the verdict: who, where, when.
#[derive(Debug, Clone)]
pub struct EventContext {
    /// `System/Computer`.
    pub computer: String,
    /// `EventAuxInfo/@ProcessName`.
    pub process: String,
    /// `System/TimeCreated`.
    pub created: Time,
    /// `CorrelationAuxInfo/@TaskId`: the same for all events of one question. Any text: it is made into a GUID.
    pub task: String,
    /// `System/EventRecordID` of the first event.
    pub record: u64,
}

/// The events of one question: 11, 30 if a policy was applied, and 90.
#[must_use]
pub fn events(
    question: &Question<'_>,
    verdict: &Verdict,
    policy: Option<&PolicyStatus>,
    context: &EventContext,
) -> Vec<String> {
    let mut out = vec![chain_event(question, verdict, context)];
    if let Some(status) = policy {
        out.push(policy_event(status, &verdict.chain, context));
    }
    out.push(objects_event(verdict, context));
    out
}

/// An event around its content. `sequence` is SeqNumber within the task.
pub(super) fn event(context: &EventContext, id: u32, kind: Kind, sequence: u64, content: Xml) -> String {
    let system = Xml::new("System")
        .child(
            Xml::new("Provider")
                .attribute("Name", "Microsoft-Windows-CAPI2")
                .attribute("Guid", "{5bbca4a8-b209-48dc-a8c7-b23d3e5216fb}"),
        )
        .child(Xml::new("EventID").text(id.to_string()))
        .child(Xml::new("Version").text("0"))
        .child(Xml::new("Level").text(kind.level.to_string()))
        .child(Xml::new("Task").text(id.to_string()))
        .child(Xml::new("Opcode").text(kind.opcode.to_string()))
        .child(Xml::new("Keywords").text(kind.keywords))
        .child(Xml::new("TimeCreated").attribute("SystemTime", context.created.to_string()))
        .child(Xml::new("EventRecordID").text((context.record + sequence - 1).to_string()))
        .child(Xml::new("Channel").text("Microsoft-Windows-CAPI2/Operational"))
        .child(Xml::new("Computer").text(context.computer.as_str()));
    Xml::new("Event")
        .attribute("xmlns", "http://schemas.microsoft.com/win/2004/08/events/event")
        .child(system)
        .child(Xml::new("UserData").child(content))
        .document()
}

/// What differs between events in `System`.
pub(super) struct Kind {
    pub(super) level: u8,
    pub(super) opcode: u8,
    pub(super) keywords: &'static str,
}

/// The tail every event has; `result` where it is a stop event.
pub(super) fn tail(content: Xml, context: &EventContext, sequence: u64, result: Option<u32>) -> Xml {
    let content = content.child(Xml::new("EventAuxInfo").attribute("ProcessName", context.process.as_str())).child(
        Xml::new("CorrelationAuxInfo")
            .attribute("TaskId", guid(&context.task))
            .attribute("SeqNumber", sequence.to_string()),
    );
    match result {
        None => content,
        Some(code) => content.child(coded("Result", code)),
    }
}

/// A code with its sentence, without text if it is 0.
fn coded(name: &str, code: u32) -> Xml {
    let element = Xml::new(name).attribute("value", format!("{code:X}"));
    if code == 0 { element } else { element.text(result::says(code)) }
}

/// A GUID out of any text: the first half of its SHA-256.
fn guid(text: &str) -> String {
    let hex = digest::hex(&digest::sha256(text.as_bytes())).to_uppercase();
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    format!("{{{}-{}-{}-{}-{}}}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32))
}

fn chain_ref(context: &EventContext, at: usize) -> String {
    guid(&format!("{} chain {at}", context.task))
}

fn certificate(certificate: &Certificate) -> Xml {
    Xml::new("Certificate")
        .attribute("fileRef", file_ref(certificate))
        .attribute("subjectName", display_name(certificate.subject()))
}

/// Event 11.
#[must_use]
pub fn chain_event(question: &Question<'_>, verdict: &Verdict, context: &EventContext) -> String {
    let chain = &verdict.chain;
    let result = chain_result(chain.error);
    let mut content = Xml::new("CertGetCertificateChain").child(certificate(question.leaf));
    if question.at != context.created {
        content = content.child(Xml::new("ValidationTime").text(question.at.to_string()));
    }
    if !question.additional.is_empty() {
        content = content.child(Xml::new("AdditionalStore").children(question.additional.iter().map(certificate)));
    }
    let usages = Xml::new("ExtendedKeyUsage").children(question.usages.iter().map(usage));
    let usages = if question.usage_match == UsageMatch::Any { usages.attribute("orMatch", "true") } else { usages };
    let chains = std::iter::once(chain).chain(&verdict.alternatives).enumerate();
    let content = content
        .child(usages)
        .child(flags(question))
        .child(Xml::new("ChainEngineInfo").attribute("context", "machine"))
        .children(chains.map(|(at, one)| chain_element(one, &chain_ref(context, at))));
    let content = tail(content, context, 1, Some(result));
    let level = if result == 0 { 4 } else { 2 };
    event(context, 11, Kind { level, opcode: 2, keywords: "0x4000000000000003" }, 1, content)
}

fn flags(question: &Question<'_>) -> Xml {
    const NAMES: [(u32, &str); 4] = [
        (0x80, "CERT_CHAIN_RETURN_LOWER_QUALITY_CONTEXTS"),
        (0x1000_0000, "CERT_CHAIN_REVOCATION_CHECK_END_CERT"),
        (0x2000_0000, "CERT_CHAIN_REVOCATION_CHECK_CHAIN"),
        (0x4000_0000, "CERT_CHAIN_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT"),
    ];
    let all = if question.alternatives == crate::question::Alternatives::All { 0x80 } else { 0 };
    let value = question.revocation.flag() | all;
    named_bits("Flags", value, &NAMES)
}

fn named_bits(element: &str, value: u32, names: &[(u32, &'static str)]) -> Xml {
    Xml::new(element).bits(value, names.iter().filter(|(bit, _)| value & bit != 0).map(|(_, name)| *name))
}

/// The result Windows gives event 11: the first fault in the order of the base policy. Unknown revocation is only
/// reported.
fn chain_result(error: ErrorStatus) -> u32 {
    const ORDER: &[(ErrorStatus, u32)] = &[
        (ErrorStatus::IS_NOT_SIGNATURE_VALID, result::TRUST_E_CERT_SIGNATURE),
        (ErrorStatus::IS_PARTIAL_CHAIN, result::CERT_E_CHAINING),
        (ErrorStatus::IS_UNTRUSTED_ROOT, result::CERT_E_UNTRUSTEDROOT),
        (ErrorStatus::IS_EXPLICIT_DISTRUST, result::TRUST_E_EXPLICIT_DISTRUST),
        (ErrorStatus::IS_REVOKED, result::CRYPT_E_REVOKED),
        (ErrorStatus::IS_NOT_TIME_VALID, result::CERT_E_EXPIRED),
        (ErrorStatus::IS_NOT_VALID_FOR_USAGE, result::CERT_E_WRONG_USAGE),
        (ErrorStatus::HAS_NOT_SUPPORTED_CRITICAL_EXT, result::CERT_E_CRITICAL),
        (ErrorStatus::INVALID_BASIC_CONSTRAINTS, result::TRUST_E_BASIC_CONSTRAINTS),
        (ErrorStatus(0xd800), result::CERT_E_INVALID_NAME),
        (ErrorStatus(0x200_0200), result::CERT_E_INVALID_POLICY),
    ];
    ORDER.iter().find(|(bits, _)| error.has(*bits)).map_or(result::OK, |(_, code)| *code)
}

fn trust_status(error: ErrorStatus, info: InfoStatus) -> Xml {
    Xml::new("TrustStatus")
        .child(Xml::new("ErrorStatus").bits(error.0, error.names()))
        .child(Xml::new("InfoStatus").bits(info.0, info.names()))
}

fn chain_element(chain: &Chain, reference: &str) -> Xml {
    Xml::new("CertificateChain")
        .attribute("chainRef", reference)
        .child(trust_status(chain.error, chain.info))
        .children(chain.elements.iter().map(|element| one_element(element, chain.at)))
}

fn one_element(element: &Element, at: Time) -> Xml {
    let c = &element.certificate;
    let out = Xml::new("ChainElement")
        .child(certificate(c))
        .child(signature_algorithm(c.algorithm_der()))
        .child(key_algorithm(c))
        .child(trust_status(element.error, element.info))
        .child(usage_set("ApplicationUsage", &element.application_usage))
        .child(usage_set("IssuanceUsage", &element.issuance_usage));
    match &element.revocation {
        None => out,
        Some(found) => out.child(revocation(found, at)),
    }
}

pub(super) fn signature_algorithm(der: &[u8]) -> Xml {
    let id = algorithm_oid(der);
    let parsed = SignatureAlgorithm::parse(der).ok();
    let hash = match parsed.and_then(SignatureAlgorithm::digest) {
        Some(digest) => Some(digest.name().replace('-', "")),
        None if id == pki::oid::MD5_WITH_RSA => Some("MD5".to_owned()),
        None => None,
    };
    let key = match parsed {
        Some(SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_)) => Some("RSA"),
        Some(SignatureAlgorithm::Ecdsa(_)) => Some("ECDSA"),
        None if id == pki::oid::MD5_WITH_RSA => Some("RSA"),
        _ => None,
    };
    let out = Xml::new("SignatureAlgorithm").attribute("oid", id.to_string());
    let out = hash.into_iter().fold(out, |out, hash| out.attribute("hashName", hash));
    key.into_iter().fold(out, |out, key| out.attribute("publicKeyName", key))
}

pub(super) fn key_algorithm(certificate: &Certificate) -> Xml {
    let key = certificate.public_key();
    let (name, bits) = match key.kind() {
        KeyKind::Rsa(bits) => ("RSA", *bits),
        KeyKind::P256 => ("ECC", 256),
        KeyKind::P384 => ("ECC", 384),
        KeyKind::P521 => ("ECC", 521),
        KeyKind::Ed25519 => ("", 256),
        KeyKind::Other(_) => ("", 0),
    };
    let algorithm = pki::der::Reader::new(key.spki_der()).sequence("spki").map(|r| algorithm_oid(r.rest()));
    let out = Xml::new("PublicKeyAlgorithm").attribute("oid", algorithm.map(|o| o.to_string()).unwrap_or_default());
    let out = if name.is_empty() { out } else { out.attribute("publicKeyName", name) };
    out.attribute("publicKeyLength", bits.to_string())
}

fn algorithm_oid(der: &[u8]) -> Oid {
    let id = pki::der::Reader::new(der).sequence("AlgorithmIdentifier").and_then(|mut r| r.oid("algorithm"));
    id.unwrap_or_else(|_| Oid::from_content(&[]))
}

pub(super) fn usage(id: &Oid) -> Xml {
    let out = Xml::new("Usage").attribute("oid", id.to_string());
    known_usage(id).into_iter().fold(out, |out, name| out.attribute("name", name))
}

fn usage_set(name: &str, set: &UsageSet) -> Xml {
    match set {
        UsageSet::Any => Xml::new(name).attribute("any", "true"),
        UsageSet::Only(list) => Xml::new(name).children(list.iter().map(usage)),
    }
}

fn revocation(found: &RevocationResult, at: Time) -> Xml {
    let mut out = Xml::new("RevocationInfo");
    if let Some(source) = &found.source {
        out = out.attribute("freshnessTime", duration(at.seconds().saturating_sub(source.this_update.seconds())));
    }
    out = out.child(coded("RevocationResult", found.result));
    let Some(source) = &found.source else { return out };
    let (name, extension) = match source.kind {
        SourceKind::Crl => ("CertificateRevocationList", "crl"),
        SourceKind::Ocsp => ("OCSPResponse", "bin"),
    };
    let mut list = Xml::new(name).attribute("location", "UrlCache");
    if let Some(url) = &source.url {
        list = list.attribute("url", url.as_str());
    }
    let list = list.attribute("fileRef", format!("{}.{extension}", source.thumbprint));
    out.child(list.attribute("issuerName", source.issuer.as_str()))
}

/// ISO 8601 as Windows writes an age: `P988DT10H33M18S`.
fn duration(seconds: i64) -> String {
    let s = seconds.max(0);
    let (days, rest) = (s / 86_400, s % 86_400);
    let mut out = String::from("P");
    if days > 0 {
        out.push_str(&format!("{days}D"));
    }
    out.push('T');
    for (count, unit) in [(rest / 3600, 'H'), (rest / 60 % 60, 'M'), (rest % 60, 'S')] {
        if count > 0 || unit == 'S' {
            out.push_str(&format!("{count}{unit}"));
        }
    }
    out
}

/// Event 30.
#[must_use]
pub fn policy_event(status: &PolicyStatus, chain: &Chain, context: &EventContext) -> String {
    let (name, constant) = status.policy.name();
    let mut content = Xml::new("CertVerifyCertificateChainPolicy")
        .child(Xml::new("Policy").attribute("type", name).attribute("constant", constant.to_string()));
    if let Some(leaf) = chain.elements.first() {
        content = content.child(certificate(&leaf.certificate));
    }
    content = content
        .child(Xml::new("CertificateChain").attribute("chainRef", chain_ref(context, 0)))
        .child(named_bits("Flags", status.policy.flags().0, PolicyFlags::NAMES));
    if let Policy::SslServer(ssl) | Policy::SslClient(ssl) = &status.policy {
        let side = if matches!(status.policy, Policy::SslServer(_)) { "server" } else { "client" };
        let mut info = Xml::new("SSLAdditionalPolicyInfo").attribute("authType", side);
        if let Some(name) = &ssl.server_name {
            info = info.attribute("serverName", name.as_str());
        }
        content = content.child(info.child(named_bits("IgnoreFlags", ssl.ignore.0, IgnoreFlags::NAMES)));
    }
    let place = Xml::new("Status")
        .attribute("chainIndex", status.chain_index.to_string())
        .attribute("elementIndex", status.element_index.to_string());
    let content = tail(content.child(place), context, 2, Some(status.result));
    let level = if status.result == 0 { 4 } else { 2 };
    event(context, 30, Kind { level, opcode: 0, keywords: "0x4000000000000001" }, 2, content)
}
