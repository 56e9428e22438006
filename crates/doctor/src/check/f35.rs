//! F-35: clients still encrypt to the RA certificates that were replaced.

use super::Check;
use super::f25::NEEDS;
use super::f54::{newest_ra, recently_renewed};
use crate::case::{Case, Signs, certificate_says, line};
use crate::finding::Outcome;

pub(super) const CHECK: Check = Check { code: "F-35", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let undecipherable = case.ndes(&[18], &[0x8009_0005]);
    let signs = match (undecipherable.is_empty(), recently_renewed(case)) {
        (true, _) | (false, Some(false)) => Signs::default(),
        (false, Some(true)) => {
            let renewed = newest_ra(case).map(|(place, described)| line(place, certificate_says(described)));
            Signs::certain([undecipherable, renewed.into_iter().collect()].concat())
        }
        (false, None) => Signs::possible(undecipherable),
    };
    case.weigh("F-35", signs, NEEDS).about(newest_ra(case).map(|(_, described)| described))
}
