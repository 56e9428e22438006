//! F-12: something between NDES and the registration point breaks mutual TLS.

use super::Check;
use crate::case::{Case, Needs, Signs, both};
use crate::fact::log::Door;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::PolicyModuleLog, Witness::RegistrationPointWebLog]];

pub(super) const CHECK: Check = Check { code: "F-12", judge };

fn judge(case: &Case<'_>) -> Outcome {
    // WinHTTP connection error: the handshake was cut, not refused.
    let cut = case.send_failed(&[12030]);
    let unasked = case.requests(Door::RegistrationPoint, |r| r.status == Some(403) && r.substatus == Some(7));
    let signs = Signs::probable(both(cut.clone(), unasked));
    if signs.is_empty() && !cut.is_empty() {
        return case.unsigned(NEEDS, cut);
    }
    case.weigh("F-12", signs, NEEDS)
}
