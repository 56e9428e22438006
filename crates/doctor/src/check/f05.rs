//! F-05: the pinned client certificate may not be used for client authentication.

use super::Check;
use crate::case::{CLIENT_AUTH, Case, Needs, Signs, certificate_says, lacks_usage, line};
use crate::fact::log::{Answer, TraceMeaning};
use crate::finding::Outcome;
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry, Witness::MachineStore]];

pub(super) const CHECK: Check = Check { code: "F-05", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let refused = case.traced(|meaning| matches!(meaning, TraceMeaning::VerifyReturned(Answer::Html(_))));
    let described = case.pin().and_then(|pin| pin.thumbprint).and_then(|t| case.describe(t));
    let Some((place, described)) = described else {
        let none = case.heard(Witness::Registry) && case.pin().is_none();
        return if none { Outcome::NotApplicable } else { case.unsigned(NEEDS, refused) };
    };
    if described.usages.is_none() {
        return case.unsigned(&[&[Witness::MachineStore]], refused);
    }
    let mut signs = Signs::default();
    if lacks_usage(described, CLIENT_AUTH) {
        let usages = described.usages.clone().unwrap_or_default().join(" ");
        signs.certain =
            vec![line(place, told!("{}: usages {usages}", "{}: Verwendungen {usages}", certificate_says(described)))];
        signs.certain.extend(refused);
    }
    case.weigh("F-05", signs, NEEDS).about(Some(described))
}
