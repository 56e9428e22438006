//! F-11: the list of trusted issuers that the server sends is too long.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::event::EventKind;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::SystemLog]];

pub(super) const CHECK: Check = Check { code: "F-11", judge };

fn judge(case: &Case<'_>) -> Outcome {
    case.weigh("F-11", Signs::certain(case.events(EventKind::Schannel, &[36885])), NEEDS)
}
