//! F-65: certificates are issued without the account's SID and are refused at log-on.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::event::EventKind;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::DomainControllerLog, Witness::ApplicationLog]];

pub(super) const CHECK: Check = Check { code: "F-65", judge };

fn judge(case: &Case<'_>) -> Outcome {
    // CERTSRV_E_SEC_EXT_DIRECTORY_SID_REQUIRED.
    let refused = case.ndes(&[31], &[0x8009_4821]);
    let logon = case.events(EventKind::Kdc, &[39, 40, 41, 48, 49]);
    case.weigh("F-65", Signs::certain([refused, logon].concat()), NEEDS)
}
