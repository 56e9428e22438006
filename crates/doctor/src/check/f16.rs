//! F-16: the two sides have no TLS version or cipher in common.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::event::EventKind;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::PolicyModuleLog, Witness::SystemLog]];
/// SEC_E_ALGORITHM_MISMATCH.
const MISMATCH: u32 = 0x8009_0331;

pub(super) const CHECK: Check = Check { code: "F-16", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let coded = case.traced_text(|_, _, code| code.is_some_and(|code| code.0 == MISMATCH));
    let schannel = case.events(EventKind::Schannel, &[36871, 36874]);
    let sent = case.send_failed(&[12152, 12157]);
    let signs = match (schannel.is_empty(), sent.is_empty()) {
        (false, false) => Signs::certain([sent, schannel, coded].concat()),
        _ => Signs::certain(coded).or_probable([sent, schannel].concat()),
    };
    case.weigh("F-16", signs, NEEDS)
}
