//! F-10: revocation of the client certificate cannot be checked: its list is unreachable or out of date.

use super::Check;
use super::f06::is_ra;
use crate::case::{Case, Needs, Signs};
use crate::fact::Capi2Event;
use crate::fact::capi2::Capi2Body;
use crate::fact::log::Door;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::RegistrationPointWebLog, Witness::Capi2]];

pub(super) const CHECK: Check = Check { code: "F-10", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let refused = case.requests(Door::RegistrationPoint, |r| r.status == Some(403) && r.substatus == Some(13));
    let offline = case.capi2(|event| is_offline(event) && case.concerns_enrolment(event) && !is_ra(case, event));
    let signs = match refused.is_empty() {
        true => Signs::probable(offline),
        false => Signs::certain([refused, offline].concat()),
    };
    case.weigh("F-10", signs, NEEDS)
}

/// Event 41 that ended with CRYPT_E_REVOCATION_OFFLINE.
pub(super) fn is_offline(event: &Capi2Event) -> bool {
    const OFFLINE: u32 = 0x8009_2013;
    match &event.body {
        Capi2Body::Revocation(verdict) => {
            event.result.is_some_and(|code| code.0 == OFFLINE) || verdict.error.is_some_and(|code| code.0 == OFFLINE)
        }
        _ => false,
    }
}
