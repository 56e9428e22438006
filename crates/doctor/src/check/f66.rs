//! F-66: Configuration Manager no longer has a certificate registration point.

use super::Check;
use crate::case::{Case, Needs, Signs, line};
use crate::fact::log::Door;
use crate::finding::{Line, Outcome};
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::RegistrationPointWebLog]];
/// Build number of version 2211, the first without the role.
const WITHOUT_ROLE: u32 = 9096;

pub(super) const CHECK: Check = Check { code: "F-66", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let gone = case.requests(Door::RegistrationPoint, |request| {
        let posted = request.method.eq_ignore_ascii_case("POST");
        posted && request.status == Some(404) && request.path.to_lowercase().contains("cmcertificateregistration")
    });
    let versions = versions(case);
    let signs = match (gone.is_empty(), versions.is_empty()) {
        (false, false) => Signs::certain([gone, versions].concat()),
        (false, true) => Signs::probable(gone),
        (true, _) => Signs::default(),
    };
    case.weigh("F-66", signs, NEEDS)
}

fn versions(case: &Case<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, value) in case.evidence.registry() {
        let site = value.key.to_lowercase().contains(r"\microsoft\sms");
        let Some(text) = value.data.text().filter(|_| site && value.name.to_lowercase().contains("version")) else {
            continue;
        };
        // 5.00.<build>.<revision>
        let build = text.split('.').nth(2).and_then(|build| build.parse::<u32>().ok());
        if text.starts_with("5.") && build.is_some_and(|build| build >= WITHOUT_ROLE) {
            lines.push(line(place, format!("{} = {text}", value.name)));
        }
    }
    lines
}
