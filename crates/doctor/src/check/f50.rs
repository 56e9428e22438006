//! F-50: the cache of one-time passwords is full.

use super::Check;
use crate::case::{Case, Needs, Signs, line};
use crate::fact::log::Door;
use crate::finding::{Line, Outcome};
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry, Witness::NdesWebLog]];

pub(super) const CHECK: Check = Check { code: "F-50", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let number = |key, name, default| {
        case.evidence.registry_values(key, name).find_map(|(_, data)| data.number()).unwrap_or(default)
    };
    let single = number(r"MSCEP\UseSinglePassword", "UseSinglePassword", 0);
    if single != 0 {
        return Outcome::NotApplicable;
    }
    let most = number(r"MSCEP\PasswordMax", "PasswordMax", 5);
    let minutes = number(r"MSCEP\PasswordValidity", "PasswordValidity", 60);
    let lines = if case.heard(Witness::Registry) { crowded(case, most, minutes) } else { Vec::new() };
    case.weigh("F-50", Signs::probable(lines), NEEDS).with("most", most).with("minutes", minutes)
}

/// More passwords asked for within their life than the cache holds.
fn crowded(case: &Case<'_>, most: u64, minutes: u64) -> Vec<Line> {
    let mut asked: Vec<_> = case
        .evidence
        .requests()
        .filter(|(_, request)| request.door == Door::Admin && request.status == Some(200))
        .filter_map(|(place, _)| Some((place.when?.at.seconds(), place)))
        .collect();
    asked.sort_by_key(|(at, _)| *at);
    let (most, life) = (usize::try_from(most).unwrap_or(usize::MAX), i64::try_from(minutes).unwrap_or(60) * 60);
    for (at, (last, place)) in asked.iter().enumerate().skip(most) {
        if let Some((first, _)) = asked.get(at - most)
            && last - first < life
        {
            let says = told!(
                "{} passwords asked for within {minutes} minutes; the cache holds {most}",
                "{} Kennwörter innerhalb von {minutes} Minuten angefordert; der Zwischenspeicher fasst {most}",
                most + 1
            );
            return vec![line(place, says)];
        }
    }
    Vec::new()
}
