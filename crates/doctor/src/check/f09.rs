//! F-09: a certificate that is not self-signed lies in the Trusted Root store.

use super::Check;
use crate::case::{Case, Needs, Signs, certificate_says, line};
use crate::fact::event::EventKind;
use crate::finding::Outcome;
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::RootStore]];

pub(super) const CHECK: Check = Check { code: "F-09", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let misplaced: Vec<_> = case
        .store("Root")
        .filter(|(_, found)| {
            let described = &found.described;
            let known = !described.subject.is_empty() && !described.issuer.is_empty();
            known && !described.subject.same_as(&described.issuer)
        })
        .collect();
    let lines = misplaced.iter().map(|(place, found)| {
        line(
            place,
            told!(
                "{} in Root, issued by {}",
                "{} in Root, ausgestellt von {}",
                certificate_says(&found.described),
                found.described.issuer
            ),
        )
    });
    let mut signs = Signs::certain(lines.collect());
    if !signs.is_empty() {
        signs.certain.extend(case.events_where(|event| {
            event.kind == EventKind::Crash && event.data.iter().any(|(_, value)| value.eq_ignore_ascii_case("w3wp.exe"))
        }));
    }
    case.weigh("F-09", signs, NEEDS).about(misplaced.first().map(|(_, found)| &found.described))
}
