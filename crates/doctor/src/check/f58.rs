//! F-58: the clocks disagree.

use super::Check;
use crate::case::{Case, Needs, Signs, certificate_says, line};
use crate::fact::capi2::Capi2Body;
use crate::fact::event::EventKind;
use crate::finding::{Line, Outcome};
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Capi2], &[Witness::ConnectorLog]];

pub(super) const CHECK: Check = Check { code: "F-58", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let stamped = case.connector(&[], &["ChallengeInvalidTimestamp"]);
    let mut signs = Signs::certain(not_yet_valid(case)).or_probable(stamped);
    if !signs.is_empty() {
        let kind = EventKind::Time;
        signs.possible.extend(case.events_where(|event| event.kind == kind));
    }
    case.weigh("F-58", signs, NEEDS)
}

/// A leaf that Windows found outside its validity before that had begun.
fn not_yet_valid(case: &Case<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, event) in case.evidence.capi2() {
        let Capi2Body::Chain(built) = &event.body else { continue };
        let (Some(leaf), Some(when)) = (built.chains.first().and_then(|chain| chain.elements.first()), place.when)
        else {
            continue;
        };
        let described = leaf.certificate.thumbprint.and_then(|thumbprint| case.describe(thumbprint));
        let Some((_, described)) = described.filter(|_| leaf.status.error & 1 != 0) else { continue };
        if described.not_before.is_some_and(|begin| begin > when.at) && case.concerns_enrolment(event) {
            lines.push(line(
                place,
                told!("not yet valid at {}: {}", "noch nicht gültig am {}: {}", when.at, certificate_says(described)),
            ));
        }
    }
    lines
}
