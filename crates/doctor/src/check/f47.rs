//! F-47: the account of NDES may not impersonate clients.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::log::Door;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::NdesWebLog]];

pub(super) const CHECK: Check = Check { code: "F-47", judge };

fn judge(case: &Case<'_>) -> Outcome {
    // ERROR_BAD_IMPERSONATION_LEVEL, bare or as an HRESULT.
    let refused = case.requests(Door::Scep, |request| {
        request.status == Some(500) && request.win32.and_then(crate::fact::Code::win32) == Some(1346)
    });
    case.weigh("F-47", Signs::certain(refused), NEEDS)
}
