//! F-17: Windows authentication is on for the registration point's application.

use super::Check;
use crate::case::{Case, Needs, Signs, line};
use crate::fact::log::Door;
use crate::finding::Outcome;
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::RegistrationPointWebLog]];

pub(super) const CHECK: Check = Check { code: "F-17", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let set = case.evidence.settings().filter(|(_, setting)| {
        is_registration_point(&setting.location)
            && setting.path.ends_with("authentication/windowsAuthentication")
            && setting.attribute("enabled").is_some_and(|value| value.eq_ignore_ascii_case("true"))
    });
    let set: Vec<_> = set
        .map(|(place, setting)| {
            line(
                place,
                told!(
                    "windowsAuthentication enabled in {}",
                    "windowsAuthentication eingeschaltet in {}",
                    setting.location
                ),
            )
        })
        .collect();
    let refused = case.requests(Door::RegistrationPoint, |request| request.status == Some(401));
    case.weigh("F-17", Signs::certain(set).or_probable(refused), NEEDS)
}

/// Whether an IIS location is the registration point's application.
pub(super) fn is_registration_point(location: &str) -> bool {
    let location = location.to_lowercase();
    location.contains("cmcertificateregistration") || location.contains("certificateregistrationsvc")
}
