//! F-30: the CA may not issue for that name: name constraints.

use super::Check;
use super::f25::NEEDS;
use crate::case::{Case, Signs};
use crate::finding::Outcome;

pub(super) const CHECK: Check = Check { code: "F-30", judge };

fn judge(case: &Case<'_>) -> Outcome {
    case.weigh("F-30", Signs::certain(case.ndes(&[31], &[0x800B_0114])), NEEDS)
}
