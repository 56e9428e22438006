//! F-63: the profile was withdrawn while the device was still enrolling.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::ConnectorLog], &[Witness::RegistrationPointLog]];
const SAID: &str = "ScepProfileNoLongerTargetedToTheClient";

pub(super) const CHECK: Check = Check { code: "F-63", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let traced = case.traced_text(|_, text, _| text.contains(SAID));
    case.weigh("F-63", Signs::certain([traced, case.connector(&[], &[SAID])].concat()), NEEDS)
}
