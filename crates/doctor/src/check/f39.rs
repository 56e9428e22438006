//! F-39: NDES cannot store the static password in its registry.

use super::Check;
use super::f38::missing;
use crate::case::{Case, Needs, Signs, line};
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry, Witness::ApplicationLog]];

pub(super) const CHECK: Check = Check { code: "F-39", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let single = case.evidence.registry_values(r"MSCEP\UseSinglePassword", "UseSinglePassword");
    let single: Vec<_> = single
        .filter(|(_, data)| data.number().is_some_and(|number| number != 0))
        .map(|(place, _)| line(place, "UseSinglePassword = 1"))
        .collect();
    if single.is_empty() && case.heard(Witness::Registry) {
        return Outcome::NotApplicable;
    }
    let failures = case.ndes(&[2], &[0x8007_0002]);
    let complete = missing(case).is_some_and(|absent| absent.is_empty());
    let stored = case.evidence.registry_values(r"MSCEP\EncryptedPassword", "EncryptedPassword").next().is_some();
    let fits = complete && !stored && !failures.is_empty() && case.ndes(&[53], &[]).is_empty();
    let signs = if fits { Signs::probable([single, failures].concat()) } else { Signs::default() };
    case.weigh("F-39", signs, NEEDS)
}
