//! F-64: the device's TPM or key provider fails.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::event::EventKind;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::DeviceLog]];
/// NTE_BAD_KEYSET, SCARD_E_INVALID_PARAMETER, TPM_E_COMMAND_BLOCKED.
const CODES: [u32; 3] = [0x8009_0016, 0x8010_0004, 0x8028_0400];

pub(super) const CHECK: Check = Check { code: "F-64", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let failed = case.events_where(|event| {
        event.kind == EventKind::DeviceManagement && event.code.is_some_and(|code| CODES.contains(&code.0))
    });
    case.weigh("F-64", Signs::certain(failed), NEEDS)
}
