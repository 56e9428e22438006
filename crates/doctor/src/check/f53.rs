//! F-53: Kerberos fails at the challenge page: the log-in box comes back and back.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::log::Door;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::NdesWebLog]];

/// One or two refusals are how Negotiate begins; this many without a success are a loop.
const LOOP: usize = 3;

pub(super) const CHECK: Check = Check { code: "F-53", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let refused = case.requests(Door::Admin, |r| r.status == Some(401) && matches!(r.substatus, Some(1 | 2)));
    let logon = case.requests(Door::Admin, |r| r.status == Some(401) && r.substatus == Some(1));
    let served = case.requests(Door::Admin, |request| request.status == Some(200));
    let signs = if logon.len() >= LOOP && served.is_empty() { Signs::probable(refused) } else { Signs::default() };
    case.weigh("F-53", signs, NEEDS)
}
