//! F-38: values that NDES needs are missing from its registry.

use super::Check;
use crate::case::{Case, Needs, Signs, line};
use crate::fact::windows::RegistryData;
use crate::finding::{Line, Outcome};
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry]];

/// Values of a working installation: key below MSCEP and name.
const MANDATORY: [(&str, &str); 12] = [
    ("MSCEP", "SignatureTemplate"),
    ("MSCEP", "EncryptionTemplate"),
    ("MSCEP", "GeneralPurposeTemplate"),
    (r"MSCEP\CAInfo", "Configuration"),
    (r"MSCEP\CAType", "CAType"),
    (r"MSCEP\CertsInMYStore", "CertsInMYStore"),
    (r"MSCEP\EnforcePassword", "EnforcePassword"),
    (r"MSCEP\UseSinglePassword", "UseSinglePassword"),
    (r"MSCEP\PasswordLength", "PasswordLength"),
    (r"MSCEP\PasswordMax", "PasswordMax"),
    (r"MSCEP\PasswordValidity", "PasswordValidity"),
    (r"MSCEP\PasswordVDir", "PasswordVDir"),
];

/// An export with fewer of them than this was cut out by hand and proves nothing missing.
const PARTIAL: usize = 8;

pub(super) const CHECK: Check = Check { code: "F-38", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let failures = case.ndes(&[2, 10], &[0x8007_0002]);
    let Some(absent) = missing(case) else { return case.unsigned(&[&[Witness::Registry]], failures).never_clear() };
    let signs = match (absent.is_empty(), failures.is_empty()) {
        (true, _) => Signs::default(),
        (false, true) => Signs::probable(absent),
        (false, false) => Signs::certain([absent, failures].concat()),
    };
    case.weigh("F-38", signs, NEEDS)
}

/// What is missing from an export that is otherwise whole; nothing if there is no such export.
pub(super) fn missing(case: &Case<'_>) -> Option<Vec<Line>> {
    let there = |(key, name): &&(&str, &str)| {
        case.evidence.registry_values(key, name).any(|(_, data)| *data != RegistryData::Deleted)
    };
    if MANDATORY.iter().filter(there).count() < PARTIAL {
        return None;
    }
    let place = case.evidence.registry_values("MSCEP", "SignatureTemplate").map(|(place, _)| place).next();
    let place = place.or_else(|| case.evidence.registry().map(|(place, _)| place).next())?;
    let absent = MANDATORY.iter().filter(|value| !there(value));
    Some(absent.map(|(key, name)| line(place, told!("{key}\\{name} is missing", "{key}\\{name} fehlt"))).collect())
}

impl Outcome {
    /// What was handed over is only part of what would acquit.
    fn never_clear(self) -> Outcome {
        match self {
            Outcome::Clear => {
                Outcome::CannotTell(crate::finding::Missing { needs: vec![Witness::Registry], leads: Vec::new() })
            }
            outcome => outcome,
        }
    }
}
