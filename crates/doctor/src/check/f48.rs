//! F-48: the registration point's account cannot write to the Windows temporary folder.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::event::EventKind;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::ApplicationLog]];

pub(super) const CHECK: Check = Check { code: "F-48", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let refused = case.events_where(|event| {
        let coded = event.data.iter().any(|(_, value)| value.trim() == "3007" || value.contains("3007"));
        event.kind == EventKind::AspNet && event.head.id == 1310 && coded
    });
    let mut signs = Signs::certain(refused);
    if !signs.is_empty() {
        signs.certain.extend(case.events(EventKind::Was, &[5009]));
    }
    case.weigh("F-48", signs, NEEDS)
}
