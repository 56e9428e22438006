//! F-29: the CA finds the subject name invalid or too long.

use super::Check;
use super::f25::NEEDS;
use crate::case::{Case, Signs};
use crate::finding::Outcome;

pub(super) const CHECK: Check = Check { code: "F-29", judge };

fn judge(case: &Case<'_>) -> Outcome {
    case.weigh("F-29", Signs::certain(case.ndes(&[31], &[0x8009_4001])), NEEDS)
}
