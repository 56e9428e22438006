use serde_json::{Value, json};

use crate::chain::{Chain, Element, Verdict};
use crate::fault::Fault;
use crate::policy::PolicyStatus;
use crate::revocation::{RevocationResult, SourceKind};
use crate::trust::result;

/// The verdict as JSON: hexadecimal bits with `0x`, elements leaf first, faults that set bits apart from notes.
#[must_use]
pub fn json(verdict: &Verdict, policy: Option<&PolicyStatus>) -> Value {
    let mut out = chain(&verdict.chain);
    if let Value::Object(map) = &mut out {
        map.insert("policy".to_owned(), policy.map_or(Value::Null, status));
        let alternatives = verdict.alternatives.iter().map(chain).collect();
        map.insert("alternatives".to_owned(), Value::Array(alternatives));
    }
    out
}

fn chain(chain: &Chain) -> Value {
    json!({
        "error": chain.error.to_string(),
        "errorNames": chain.error.names().collect::<Vec<_>>(),
        "info": chain.info.to_string(),
        "at": chain.at.to_string(),
        "elements": chain.elements.iter().map(element).collect::<Vec<_>>(),
        "faults": chain.faults.iter().filter(|f| !f.is_note()).map(fault).collect::<Vec<_>>(),
        "notes": chain.faults.iter().filter(|f| f.is_note()).map(note).collect::<Vec<_>>(),
        "policies": chain.policies.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn element(element: &Element) -> Value {
    let c = &element.certificate;
    json!({
        "subject": c.subject().to_string(),
        "issuer": c.issuer().to_string(),
        "serial": c.serial_hex(),
        "notBefore": c.validity().not_before.to_string(),
        "notAfter": c.validity().not_after.to_string(),
        "thumbprint": c.thumbprint(),
        "error": element.error.to_string(),
        "info": element.info.to_string(),
        "faults": element.faults.iter().filter(|f| !f.is_note()).map(fault).collect::<Vec<_>>(),
        "notes": element.faults.iter().filter(|f| f.is_note()).map(note).collect::<Vec<_>>(),
        "revocation": element.revocation.as_ref().map(revocation),
    })
}

fn fault(fault: &Fault) -> Value {
    json!({ "code": fault.code(), "bit": fault.bits.to_string(), "says": fault.says })
}

fn note(fault: &Fault) -> Value {
    json!({ "code": fault.code(), "says": fault.says })
}

fn revocation(found: &RevocationResult) -> Value {
    json!({
        "result": format!("0x{:08X}", found.result),
        "revokedAt": found.revoked.map(|(at, _)| at.to_string()),
        "reason": found.revoked.and_then(|(_, reason)| reason).map(|r| r.name()),
        "source": found.source.as_ref().map(|source| json!({
            "kind": if source.kind == SourceKind::Crl { "crl" } else { "ocsp" },
            "issuer": source.issuer,
            "thumbprint": source.thumbprint,
            "thisUpdate": source.this_update.to_string(),
        })),
        "because": found.because,
    })
}

fn status(status: &PolicyStatus) -> Value {
    json!({
        "name": status.policy.name().0,
        "result": format!("0x{:08X}", status.result),
        "resultName": result::name(status.result),
        "chainIndex": status.chain_index,
        "elementIndex": status.element_index,
    })
}
