//! F-28: the CA demands a larger key than the device made.

use super::Check;
use super::f25::NEEDS;
use crate::case::{Case, Signs};
use crate::finding::Outcome;

pub(super) const CHECK: Check = Check { code: "F-28", judge };

fn judge(case: &Case<'_>) -> Outcome {
    case.weigh("F-28", Signs::certain(case.ndes(&[31], &[0x8009_4811])), NEEDS)
}
