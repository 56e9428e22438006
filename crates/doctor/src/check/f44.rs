//! F-44: something on the way shortens or rewrites the request's URL.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::log::Door;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::ApplicationLog]];

pub(super) const CHECK: Check = Check { code: "F-44", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let undecodable = case.ndes(&[16], &[]);
    let damaged =
        case.requests(Door::Scep, |request| request.scep.as_ref().is_some_and(|scep| scep.undecoded.is_some()));
    let signs = match (undecodable.is_empty(), damaged.is_empty()) {
        (false, false) => Signs::certain([undecodable, damaged].concat()),
        (false, true) => Signs::probable(undecodable),
        // The log itself may have cut a long query: alone it proves nothing.
        (true, _) => Signs::default(),
    };
    case.weigh("F-44", signs, NEEDS)
}
