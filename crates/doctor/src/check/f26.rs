//! F-26: NDES cannot reach the certification authority.

use super::Check;
use super::f25::NEEDS;
use crate::case::{Case, Signs};
use crate::finding::Outcome;

pub(super) const CHECK: Check = Check { code: "F-26", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let ca = case.evidence.registry_values(r"MSCEP\CAInfo", "Configuration").find_map(|(_, data)| data.text());
    let outcome = case.weigh("F-26", Signs::certain(case.ndes(&[7, 8, 31], &[0x8007_06BA])), NEEDS);
    match ca {
        Some(ca) => outcome.with("ca", ca),
        None => outcome,
    }
}
