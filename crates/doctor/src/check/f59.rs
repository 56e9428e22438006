//! F-59: an intermediate certificate is missing.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::Capi2Event;
use crate::fact::capi2::Capi2Body;
use crate::finding::Outcome;
use crate::witness::Witness;

/// What a check of chains needs.
pub(super) const NEEDS: Needs = &[&[Witness::Capi2]];

/// CERT_TRUST_IS_PARTIAL_CHAIN.
const PARTIAL_CHAIN: u32 = 0x1_0000;
/// CERT_E_CHAINING.
const CHAINING: u32 = 0x800B_010A;

pub(super) const CHECK: Check = Check { code: "F-59", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let lines = chain_faults(case, PARTIAL_CHAIN, CHAINING);
    let subject = case.evidence.capi2().filter(|(_, event)| is_fault(event, PARTIAL_CHAIN, CHAINING));
    let subject = subject.filter_map(|(_, event)| event.subject()?.thumbprint).next();
    let described = subject.and_then(|thumbprint| case.describe(thumbprint)).map(|(_, it)| it);
    case.weigh("F-59", Signs::probable(lines), NEEDS).about(described)
}

/// Failed verdicts with this bit in a chain or with this result.
pub(super) fn chain_faults(case: &Case<'_>, bit: u32, result: u32) -> Vec<crate::Line> {
    case.capi2(|event| is_fault(event, bit, result) && case.concerns_enrolment(event))
}

/// Chains whose call succeeded are left to the verdict on them (rule R-9).
fn is_fault(event: &Capi2Event, bit: u32, result: u32) -> bool {
    match &event.body {
        Capi2Body::Chain(built) => {
            let failed = event.result.is_some_and(|code| !code.is_success());
            failed && built.chains.first().is_some_and(|chain| chain.status.error & bit != 0)
        }
        Capi2Body::Policy(_) => event.result.is_some_and(|code| code.0 == result),
        _ => false,
    }
}
