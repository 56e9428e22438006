//! F-41: the policy module is configured but NDES is not told to load one.

use super::Check;
use crate::case::{Case, Needs, Signs, line};
use crate::finding::Outcome;
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry]];

pub(super) const CHECK: Check = Check { code: "F-41", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let module = case
        .evidence
        .registry_keys()
        .find(|(_, key)| key.deleted.is_none() && key.path.to_lowercase().ends_with(r"\mscep\modules\ndespolicy"));
    let Some((place, key)) = module else {
        return if case.heard(Witness::Registry) { Outcome::NotApplicable } else { case.unsigned(NEEDS, Vec::new()) };
    };
    let parent_exported =
        case.evidence.registry_keys().any(|(_, key)| key.path.to_lowercase().ends_with(r"\mscep\modules"));
    let named = case.evidence.registry_values(r"MSCEP\Modules", "Policy");
    let named = named.filter_map(|(_, data)| data.text()).any(|text| !text.trim().is_empty());
    if !parent_exported && !named {
        return Outcome::CannotTell(crate::finding::Missing { needs: vec![Witness::Registry], leads: Vec::new() });
    }
    let lines = if named {
        Vec::new()
    } else {
        vec![line(place, told!("{} exists; Modules\\Policy does not", "{} ist da, Modules\\Policy nicht", key.path))]
    };
    case.weigh("F-41", Signs::certain(lines), NEEDS)
}
