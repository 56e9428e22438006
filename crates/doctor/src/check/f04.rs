//! F-04: the pinned certificate is still good, but its successor is already there: the outage of F-01 has a date.

use super::Check;
use crate::case::{Case, Needs, Signs, certificate_says, line};
use crate::finding::{Outcome, Severity};
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry, Witness::MachineStore]];

/// Days before the pinned certificate's end from which on the warning becomes urgent.
const URGENT: i64 = 14;

pub(super) const CHECK: Check = Check { code: "F-04", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let Some(pin) = case.pin() else {
        return if case.heard(Witness::Registry) { Outcome::NotApplicable } else { case.unsigned(NEEDS, Vec::new()) };
    };
    let described = pin.thumbprint.and_then(|thumbprint| case.describe(thumbprint));
    let Some((place, described)) = described else { return case.unsigned(NEEDS, Vec::new()) };
    let Some(end) = described.not_after.filter(|_| case.is_valid(described)) else { return Outcome::NotApplicable };
    let Some((twin_place, twin)) = case.newer_twin(described) else {
        return case.unsigned(NEEDS, Vec::new());
    };
    let days = (end.seconds() - case.now.seconds()) / 86_400;
    let signs = Signs::certain(vec![
        line(pin.place, format!("NDESCertThumbprint = {}", pin.raw)),
        line(place, told!("pinned: {}", "eingetragen: {}", certificate_says(described))),
        line(twin_place, told!("newer twin: {}", "neuerer Zwilling: {}", certificate_says(twin))),
    ]);
    let outcome = case.weigh("F-04", signs, NEEDS).about(Some(described)).with("days", days).with("pin", pin.raw);
    let outcome = match twin.thumbprint {
        Some(new) => outcome.with("new", new),
        None => outcome,
    };
    outcome.map(|finding| {
        finding.due = Some(end);
        finding.successor = Some(twin.clone());
        finding.severity = if days <= URGENT { Severity::Degraded } else { Severity::Warning };
    })
}
