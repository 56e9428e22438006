//! F-61: a certificate of the chain is too weak.

use std::collections::BTreeSet;

use super::Check;
use super::f59::NEEDS;
use crate::case::{Case, Signs, line};
use crate::fact::capi2::{Capi2Body, ChainElement};
use crate::finding::{Line, Outcome, Severity};

/// CERT_TRUST_HAS_WEAK_SIGNATURE.
const WEAK: u32 = 0x10_0000;
/// RSA keys below this are weak whatever the policy says.
const SHORTEST: u32 = 2048;

pub(super) const CHECK: Check = Check { code: "F-61", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let blocked = case.failed_capi2(|event| match &event.body {
        Capi2Body::Chain(built) => {
            let weak = built.chains.first().is_some_and(|chain| chain.status.error & WEAK != 0);
            weak && event.result.is_some_and(|code| !code.is_success()) && case.concerns_enrolment(event)
        }
        _ => false,
    });
    if blocked.is_empty() {
        // Not refused, but worth knowing: it will be.
        let outcome = case.weigh("F-61", Signs::certain(weak_leaves(case)), NEEDS);
        return outcome.map(|finding| finding.severity = Severity::Note);
    }
    case.weigh("F-61", Signs::certain(blocked), NEEDS)
}

/// Leaves with short keys or SHA-1 signatures among the machine's own credentials.
fn weak_leaves(case: &Case<'_>) -> Vec<Line> {
    // The machine has few credentials of its own.
    const MOST: usize = 64;
    let own = case.evidence.capi2().filter(|(_, event)| event.is_own_credential_check());
    let own: BTreeSet<_> = own.filter_map(|(_, event)| event.subject()?.thumbprint).collect();
    let mut lines: Vec<Line> = Vec::new();
    for (place, event) in case.evidence.capi2() {
        let Capi2Body::Chain(built) = &event.body else { continue };
        let Some(leaf) = built.chains.first().and_then(|chain| chain.elements.first()) else { continue };
        let known = leaf.certificate.thumbprint.is_some_and(|thumbprint| own.contains(&thumbprint));
        let fresh = lines.len() < MOST && lines.iter().all(|known| !known.says.contains(&leaf.certificate.subject));
        if known && fresh && is_weak(leaf) {
            let bits = leaf.key_bits.map_or(String::new(), |bits| format!("{bits} bit, "));
            let hash = leaf.signature_hash.clone().unwrap_or_default();
            lines.push(line(place, format!("{}: {bits}{hash}", leaf.certificate.subject)));
        }
    }
    lines
}

fn is_weak(leaf: &ChainElement) -> bool {
    let short = leaf.key_algorithm.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("RSA"))
        && leaf.key_bits.is_some_and(|bits| bits < SHORTEST);
    short || leaf.signature_hash.as_deref().is_some_and(|hash| hash.replace('-', "").eq_ignore_ascii_case("SHA1"))
}
