//! CAPI2 events: attributes to numbers. Rendered text is never looked at.

use pki::Time;

use super::describe;
use super::tree::Element;
use crate::fact::capi2::*;
use crate::fact::{Code, EventHead, Observed, Thumbprint};

/// Reads an event by the root element of its content.
pub(crate) fn read(head: EventHead, id: u32, root: &Element<'_>) -> (Code, Option<Observed>) {
    let body = match id {
        10 | 40 | 50 | 52 | 80 => Capi2Body::Start,
        11 => Capi2Body::Chain(Box::new(chain_built(root))),
        30 => Capi2Body::Policy(Box::new(policy(root))),
        41 => Capi2Body::Revocation(Box::new(revocation(root))),
        42 => Capi2Body::Rejected(Box::new(rejected(root))),
        51 => Capi2Body::Retrieval(Box::new(retrieval(root, RetrievedFrom::Cache))),
        53 => Capi2Body::Retrieval(Box::new(retrieval(root, RetrievedFrom::Wire))),
        70 => Capi2Body::PrivateKey(Box::new(KeyAcquisition { certificate: reference(root), flags: flags(root) })),
        90 => Capi2Body::Objects(Box::new(describe::objects(root))),
        _ => Capi2Body::Other(root.name.clone().into_owned()),
    };
    finish(head, root, body)
}

/// Reads an event whose content is not known: the common tail still says who and whether.
pub(crate) fn read_unknown(head: EventHead, root: &Element<'_>) -> (Code, Option<Observed>) {
    let inner = root.children.first().unwrap_or(root);
    let name = inner.name.clone().into_owned();
    finish(head, inner, Capi2Body::Other(name))
}

fn finish(head: EventHead, root: &Element<'_>, body: Capi2Body) -> (Code, Option<Observed>) {
    let correlation = root.find("CorrelationAuxInfo");
    let aux = root.find("EventAuxInfo");
    let result = root.child("Result").or_else(|| root.find("Result"));
    let result = result.and_then(|r| hex(r, "value")).map(Code);
    // Start events and trust checks of programs say nothing about enrolment; that they happened is counted.
    let dull =
        matches!(body, Capi2Body::Start) || matches!(&body, Capi2Body::Other(name) if name.starts_with("WinVerify"));
    let event = Capi2Event {
        head,
        task: correlation.and_then(|c| c.attribute("TaskId")).map(super::bare_guid),
        sequence: correlation.and_then(|c| c.attribute("SeqNumber")).and_then(|n| n.parse().ok()),
        process: aux.and_then(|a| a.attribute("ProcessName")).map(str::to_lowercase),
        impersonated: aux.and_then(|a| a.attribute("impersonateToken")).map(crate::source::quotes::straight_dashes),
        result,
        body,
    };
    let code = result.unwrap_or(Code::OK);
    if dull && code.is_success() { (code, None) } else { (code, Some(Observed::Capi2(Box::new(event)))) }
}

/// A hexadecimal attribute, with or without `0x`.
pub(super) fn hex(element: &Element<'_>, name: &str) -> Option<u32> {
    element.attribute(name).and_then(Code::from_hex).map(|code| code.0)
}

pub(super) fn moment(text: &str) -> Option<Time> {
    super::parse_time(text).map(|when| when.at)
}

fn flags(root: &Element<'_>) -> Option<u32> {
    root.child("Flags").or_else(|| root.find("Flags")).and_then(|f| hex(f, "value"))
}

/// What `element` itself refers to.
fn refers_to(element: &Element<'_>) -> CertificateRef {
    CertificateRef {
        thumbprint: element.attribute("fileRef").and_then(Thumbprint::parse),
        subject: element.attribute("subjectName").unwrap_or_default().to_owned(),
    }
}

/// The element's `Certificate`.
fn reference(element: &Element<'_>) -> CertificateRef {
    named_reference(element, "Certificate")
}

fn named_reference(element: &Element<'_>, name: &str) -> CertificateRef {
    element.child(name).or_else(|| element.find(name)).map(refers_to).unwrap_or_default()
}

fn chain_built(root: &Element<'_>) -> ChainBuilt {
    let usages = root.child("ExtendedKeyUsage");
    let mut chains = Vec::new();
    root.find_all("CertificateChain", &mut chains);
    ChainBuilt {
        certificate: reference(root),
        validation_time: root.text_of("ValidationTime").and_then(moment),
        additional: root
            .child("AdditionalStore")
            .map(|s| s.all("Certificate").map(refers_to).collect())
            .unwrap_or_default(),
        requested_usages: usages.map(usage_oids).unwrap_or_default(),
        flags: flags(root),
        engine: root.find("ChainEngineInfo").and_then(|e| e.attribute("context")).map(str::to_owned),
        chains: chains.into_iter().map(chain).collect(),
    }
}

fn usage_oids(list: &Element<'_>) -> Vec<String> {
    let mut usages = Vec::new();
    list.find_all("Usage", &mut usages);
    usages.iter().filter_map(|usage| usage.attribute("oid")).map(crate::source::quotes::straight_dashes).collect()
}

fn trust(element: &Element<'_>) -> TrustStatus {
    // A lost parent leaves the two lines directly under the element.
    let status = element.child("TrustStatus").unwrap_or(element);
    let value = |name: &str| status.child(name).and_then(|s| hex(s, "value")).unwrap_or(0);
    TrustStatus { error: value("ErrorStatus"), info: value("InfoStatus") }
}

fn chain(element: &Element<'_>) -> Chain {
    let mut elements = Vec::new();
    element.find_all("ChainElement", &mut elements);
    Chain {
        reference: element.attribute("chainRef").map(super::bare_guid),
        status: trust(element),
        elements: elements.into_iter().map(chain_element).collect(),
    }
}

fn chain_element(element: &Element<'_>) -> ChainElement {
    let of = |name: &str, attribute: &str| element.find(name).and_then(|e| e.attribute(attribute)).map(str::to_owned);
    ChainElement {
        certificate: reference(element),
        status: trust(element),
        signature_hash: of("SignatureAlgorithm", "hashName"),
        key_algorithm: of("PublicKeyAlgorithm", "publicKeyName"),
        key_bits: of("PublicKeyAlgorithm", "publicKeyLength").and_then(|bits| bits.parse().ok()),
        application_usage: usage_set(element.child("ApplicationUsage")),
        issuance_usage: usage_set(element.child("IssuanceUsage")),
        revocation: element.child("RevocationInfo").map(element_revocation),
    }
}

fn usage_set(list: Option<&Element<'_>>) -> UsageSet {
    match list {
        None => UsageSet::Unsaid,
        Some(list) if list.attribute("any").is_some_and(|any| any.eq_ignore_ascii_case("true")) => UsageSet::Any,
        Some(list) => UsageSet::Only(usage_oids(list)),
    }
}

fn element_revocation(info: &Element<'_>) -> ElementRevocation {
    ElementRevocation {
        result: info.find("RevocationResult").and_then(|r| hex(r, "value")).map(Code),
        freshness: info.attribute("freshnessTime").map(str::to_owned),
        object: object(info),
    }
}

/// The revocation list or response an element refers to.
fn object(element: &Element<'_>) -> Option<RevocationObject> {
    let find = |name: &str| element.child(name).or_else(|| element.find(name));
    let (kind, found) = match find("CertificateRevocationList") {
        Some(list) => (RevocationKind::Crl, list),
        None => (RevocationKind::Ocsp, find("OCSPResponse")?),
    };
    Some(object_of(kind, found))
}

fn object_of(kind: RevocationKind, found: &Element<'_>) -> RevocationObject {
    let text = |name: &str| found.attribute(name).map(str::to_owned);
    RevocationObject {
        kind,
        location: text("location"),
        url: text("url"),
        issuer: text("issuerName"),
        reference: found.attribute("fileRef").and_then(file_reference),
    }
}

/// A `fileRef` with whatever extension.
fn file_reference(text: &str) -> Option<Thumbprint> {
    Thumbprint::parse(text.split('.').next().unwrap_or(text))
}

fn policy(root: &Element<'_>) -> PolicyVerdict {
    let policy = root.find("Policy");
    let ssl = root.find("SSLAdditionalPolicyInfo");
    let status = root.child("Status").or_else(|| root.find("Status"));
    let index = |name: &str| status.and_then(|s| s.attribute(name)).and_then(signed);
    PolicyVerdict {
        policy: policy.and_then(|p| p.attribute("constant")).and_then(|n| n.parse().ok()),
        policy_name: policy.and_then(|p| p.attribute("type")).map(str::to_owned),
        certificate: reference(root),
        chain: root.find("CertificateChain").and_then(|c| c.attribute("chainRef")).map(super::bare_guid),
        flags: flags(root),
        auth_type: ssl.and_then(|s| s.attribute("authType")).and_then(auth_type),
        server_name: ssl.and_then(|s| s.attribute("serverName")).map(str::to_owned),
        ignore: root.find("IgnoreFlags").and_then(|i| hex(i, "value")),
        chain_index: index("chainIndex"),
        element_index: index("elementIndex"),
    }
}

fn signed(text: &str) -> Option<i32> {
    crate::source::quotes::straight_dashes(text).parse().ok()
}

fn auth_type(text: &str) -> Option<AuthType> {
    match text.to_ascii_lowercase().as_str() {
        "client" => Some(AuthType::Client),
        "server" => Some(AuthType::Server),
        _ => None,
    }
}

fn revocation(root: &Element<'_>) -> RevocationVerdict {
    let status = root.find("RevocationStatus");
    RevocationVerdict {
        certificate: reference(root),
        issuer: named_reference(root, "IssuerCertificate"),
        flags: flags(root),
        current_time: root.find("AdditionalParameters").and_then(|p| p.attribute("currentTime")).and_then(moment),
        error: status.and_then(|s| hex(s, "error")).map(Code),
        reason: status.and_then(|s| hex(s, "reason")),
        object: object(root),
    }
}

fn rejected(root: &Element<'_>) -> RejectedRevocation {
    let action = root.find("Action");
    RejectedRevocation {
        certificate: named_reference(root, "SubjectCertificate"),
        issuer: named_reference(root, "IssuerCertificate"),
        object: object(root),
        action: action.and_then(|a| a.attribute("name")).map(str::to_owned),
        error: action.and_then(|a| a.find("Error")).and_then(|e| hex(e, "value")).map(Code),
    }
}

fn retrieval(root: &Element<'_>, from: RetrievedFrom) -> Retrieval {
    let mut actions = Vec::new();
    root.find_all("Action", &mut actions);
    let answer: Vec<String> = root.find("HTTPResponseHeadersInfo").map(headers).unwrap_or_default();
    let cached = root.find("URLCachePrefetchInfo");
    let time = |name: &str| cached.and_then(|c| c.attribute(name)).and_then(moment);
    Retrieval {
        from,
        url: root.text_of("URL").map(str::to_owned),
        object: root.find("Object").and_then(|o| o.attribute("type")).map(str::to_owned),
        flags: flags(root),
        actions: actions.iter().take(32).map(|action| action_error(action)).collect(),
        http_status: answer.first().filter(|line| line.starts_with("HTTP/")).cloned(),
        response_headers: answer,
        retrieved: root.find("RetrievedObjects").map(retrieved).unwrap_or_default(),
        this_update: time("thisUpdateTime"),
        next_update: time("nextUpdateTime"),
    }
}

fn action_error(action: &Element<'_>) -> (String, Option<Code>) {
    let name = action.attribute("name").unwrap_or_default().to_owned();
    (name, action.find("Error").and_then(|e| hex(e, "value")).map(Code))
}

fn headers(info: &Element<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    info.find_all("Header", &mut lines);
    lines.iter().take(64).map(|line| line.text.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn retrieved(list: &Element<'_>) -> Vec<RevocationObject> {
    let kind =
        |name: &str| if name.eq_ignore_ascii_case("OCSPResponse") { RevocationKind::Ocsp } else { RevocationKind::Crl };
    list.children.iter().take(32).map(|child| object_of(kind(&child.name), child)).collect()
}
