//! F-69: IIS settings of NDES were overwritten.

use super::Check;
use crate::case::{Case, Needs, Signs, line};
use crate::finding::{Line, Outcome};
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::IisConfiguration]];

pub(super) const CHECK: Check = Check { code: "F-69", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let is_ndes = |name: &str| name.to_lowercase().contains("certsrv/mscep");
    let installed = case
        .evidence
        .settings()
        .any(|(_, setting)| is_ndes(&setting.location) || setting.attribute("path").is_some_and(is_ndes));
    if case.heard(Witness::IisConfiguration) && !installed {
        return Outcome::NotApplicable;
    }
    case.weigh("F-69", Signs::certain([pool(case), site(case)].concat()), NEEDS)
}

/// The application pool as the role installs it: classic pipeline, never idle, never recycled.
fn pool(case: &Case<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, setting) in case.evidence.settings() {
        let ours = setting.path.contains("applicationPools/add")
            && (setting.attribute("name").is_some_and(|name| name.eq_ignore_ascii_case("SCEP"))
                || setting.within.iter().any(|name| name.eq_ignore_ascii_case("SCEP")));
        if !ours {
            continue;
        }
        let zero = |time: &str| time.chars().all(|c| matches!(c, '0' | ':'));
        for (name, good) in [("managedPipelineMode", "Classic"), ("enable32BitAppOnWin64", "false")] {
            if let Some(value) = setting.attribute(name).filter(|value| !value.eq_ignore_ascii_case(good)) {
                lines.push(line(
                    place,
                    told!(
                        "application pool SCEP: {name} = {value}, installed as {good}",
                        "Anwendungspool SCEP: {name} = {value}, eingerichtet als {good}"
                    ),
                ));
            }
        }
        if let Some(value) = setting.attribute("idleTimeout").filter(|value| !zero(value)) {
            lines.push(line(
                place,
                told!(
                    "application pool SCEP: idleTimeout = {value}, installed as 00:00:00",
                    "Anwendungspool SCEP: idleTimeout = {value}, eingerichtet als 00:00:00"
                ),
            ));
        }
        let recycles = setting.path.ends_with("periodicRestart");
        if let Some(value) = setting.attribute("time").filter(|value| recycles && !zero(value)) {
            lines.push(line(
                place,
                told!(
                    "application pool SCEP: periodicRestart = {value}, installed as 00:00:00",
                    "Anwendungspool SCEP: periodicRestart = {value}, eingerichtet als 00:00:00"
                ),
            ));
        }
    }
    lines
}

/// Double escaping has to be allowed for both applications.
fn site(case: &Case<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, setting) in case.evidence.settings() {
        let ours = setting.location.to_lowercase().contains("certsrv/mscep");
        if ours && setting.path.ends_with("security/requestFiltering") {
            let allowed =
                setting.attribute("allowDoubleEscaping").is_some_and(|value| value.eq_ignore_ascii_case("true"));
            if !allowed {
                lines.push(line(
                    place,
                    told!(
                        "{}: allowDoubleEscaping is not true",
                        "{}: allowDoubleEscaping ist nicht true",
                        setting.location
                    ),
                ));
            }
        }
    }
    lines
}
