//! F-49: IIS asks another handler before the one of NDES.

use super::Check;
use super::f25::NEEDS;
use crate::case::{Case, Signs};
use crate::finding::Outcome;

pub(super) const CHECK: Check = Check { code: "F-49", judge };

fn judge(case: &Case<'_>) -> Outcome {
    case.weigh("F-49", Signs::certain(case.ndes(&[2], &[0x8007_00EA])), NEEDS)
}
