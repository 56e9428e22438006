//! F-25: the account of NDES may not enrol from the template, or the CA does not offer it.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::finding::Outcome;
use crate::witness::Witness;

/// What every check of NDES events needs.
pub(super) const NEEDS: Needs = &[&[Witness::ApplicationLog]];

pub(super) const CHECK: Check = Check { code: "F-25", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let denied = case.ndes(&[31], &[0x8009_4011, 0x8009_4012, 0x8009_4014]);
    let no_password = case.ndes(&[6], &[]);
    case.weigh("F-25", Signs::certain([denied, no_password].concat()), NEEDS)
}
