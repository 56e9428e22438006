//! F-57: NDES does not accept the signer of a renewal.

use super::Check;
use super::f25::NEEDS;
use crate::case::{Case, Signs, line};
use crate::finding::Outcome;

pub(super) const CHECK: Check = Check { code: "F-57", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let refused = case.ndes(&[28], &[]);
    let standalone = case.evidence.registry_values(r"MSCEP\CAType", "CAType");
    let standalone: Vec<_> = standalone
        .filter(|(_, data)| data.number() == Some(0))
        .map(|(place, _)| line(place, "CAType = 0: standalone CA"))
        .collect();
    let signs = match refused.is_empty() || standalone.is_empty() {
        true => Signs::probable(refused),
        false => Signs::certain([refused, standalone].concat()),
    };
    case.weigh("F-57", signs, NEEDS)
}
