//! F-52: the one-time password came in a string type that NDES does not read.

use super::Check;
use crate::case::{Case, Needs};
use crate::finding::Outcome;
use crate::witness::Witness;

/// The password stands inside an envelope that only NDES can open: no log shows its string type.
const NEEDS: Needs = &[&[Witness::Capture]];

pub(super) const CHECK: Check = Check { code: "F-52", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let refused = case.ndes(&[29], &[]);
    if refused.is_empty() && case.heard(Witness::ApplicationLog) {
        Outcome::Clear
    } else {
        case.unsigned(NEEDS, refused)
    }
}
