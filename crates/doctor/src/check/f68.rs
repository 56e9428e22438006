//! F-68: the registration point does not ask for a client certificate.

use super::Check;
use super::f17::is_registration_point;
use crate::case::{Case, Needs, Signs, line};
use crate::finding::{Line, Outcome};
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::IisConfiguration]];

pub(super) const CHECK: Check = Check { code: "F-68", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let Some(lines) = unasked(case) else {
        if case.heard(Witness::IisConfiguration) {
            return Outcome::NotApplicable;
        }
        return case.unsigned(NEEDS, Vec::new());
    };
    case.weigh("F-68", Signs::certain(lines), NEEDS)
}

/// The application's `access` element, if it does not demand TLS and a certificate; nothing if there is none.
fn unasked(case: &Case<'_>) -> Option<Vec<Line>> {
    let mut lines = Vec::new();
    let mut known = None;
    for (place, setting) in case.evidence.settings() {
        if !(is_registration_point(&setting.location) && setting.path.ends_with("security/access")) {
            continue;
        }
        known = Some(());
        let flags = setting.attribute("sslFlags").unwrap_or("None").to_lowercase();
        let asks = flags.contains("sslnegotiatecert") || flags.contains("sslrequirecert");
        if !(flags.contains("ssl,") || flags.split(',').any(|flag| flag.trim() == "ssl")) || !asks {
            lines.push(line(place, format!("{}: sslFlags = {flags}", setting.location)));
        }
    }
    known.map(|()| lines)
}
