//! F-46: the application pool's account cannot log on.

use super::Check;
use crate::case::{Case, Needs, Signs, both};
use crate::fact::event::EventKind;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::SystemLog]];

pub(super) const CHECK: Check = Check { code: "F-46", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let ours = |ids: &[u32]| {
        case.events_where(|event| {
            let pool = event.data.iter().map(|(_, value)| value.as_str());
            // Without a pool name in the data the event may be about any pool: it is still the best there is.
            let named = pool.clone().any(|value| value.eq_ignore_ascii_case("SCEP"));
            let other = pool.clone().any(|value| value.ends_with("AppPool")) && !named;
            event.kind == EventKind::Was && ids.contains(&event.head.id) && !other
        })
    };
    let offline = case.http_errors(|error| error.reason.to_lowercase().starts_with("appoffline"));
    let stopped = ours(&[5059]);
    let signs = Signs::certain(ours(&[5021, 5057])).or_probable(both(stopped, offline));
    case.weigh("F-46", signs, NEEDS)
}
