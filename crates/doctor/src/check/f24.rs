//! F-24: the registry holds a template's display name, or a name that is not plain ASCII.

use super::Check;
use crate::case::{Case, Needs, Signs, line};
use crate::finding::{Line, Outcome};
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry]];

pub(super) const CHECK: Check = Check { code: "F-24", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let odd = odd_names(case);
    let refused = case.ndes(&[31], &[0x8009_4800]);
    let signs = match (odd.is_empty(), refused.is_empty()) {
        (true, _) => Signs::default(),
        (false, true) => Signs::possible(odd),
        (false, false) => Signs::certain([odd, refused].concat()),
    };
    case.weigh("F-24", signs, NEEDS)
}

/// Template slots whose value has blanks or characters outside ASCII: object names made by the templates console have
/// neither.
pub(super) fn odd_names(case: &Case<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for slot in ["SignatureTemplate", "EncryptionTemplate", "GeneralPurposeTemplate"] {
        for (place, data) in case.evidence.registry_values("MSCEP", slot) {
            let Some(name) = data.text() else { continue };
            if !name.is_ascii() || name.contains(' ') {
                lines.push(line(place, format!("{slot} = {name}")));
            }
        }
    }
    lines
}
