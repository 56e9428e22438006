//! F-51: the one-time password was used, has expired, or came from another process or node.

use super::Check;
use super::f25::NEEDS;
use crate::case::{Case, Signs};
use crate::fact::event::EventKind;
use crate::finding::Outcome;

pub(super) const CHECK: Check = Check { code: "F-51", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let refused = case.ndes(&[29], &[]);
    if refused.is_empty() {
        return case.weigh("F-51", Signs::default(), NEEDS);
    }
    // A restart of the pool forgets every password: with one in sight the explanation is complete.
    let restarts = [case.ndes(&[1, 3], &[]), case.events(EventKind::Was, &[5074, 5075, 5079])].concat();
    case.weigh("F-51", Signs::probable([refused, restarts].concat()), NEEDS)
}
