//! F-20: the device came with a challenge that had expired.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::log::TraceMeaning;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::RegistrationPointLog], &[Witness::ConnectorLog]];

pub(super) const CHECK: Check = Check { code: "F-20", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let said = case.traced(|meaning| *meaning == TraceMeaning::ChallengeExpired);
    let told = case.connector(&[0x411], &["ChallengeExpired", "Challenge_Expired"]);
    case.weigh("F-20", Signs::certain([said, told].concat()), NEEDS)
}
