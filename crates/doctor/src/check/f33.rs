//! F-33: the RA certificates come from another CA than the one NDES is configured for.

use super::Check;
use crate::case::{Case, Needs, Signs, certificate_says, line};
use crate::finding::Outcome;
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry, Witness::MachineStore]];

pub(super) const CHECK: Check = Check { code: "F-33", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let configured = case.evidence.registry_values(r"MSCEP\CAInfo", "Configuration");
    let configured = configured.filter_map(|(place, data)| Some((place, data.text()?.rsplit_once('\\')?.1))).next();
    let candidates: Vec<_> =
        case.ra_certificates().into_iter().filter(|(_, found)| case.is_valid(&found.described)).collect();
    let (Some((place, ca)), false) = (configured, candidates.is_empty()) else {
        return case.unsigned(NEEDS, case.ra_start_failures()).map_clear_without(candidates.is_empty());
    };
    let foreign = |name: Option<&str>| name.is_some_and(|name| !name.eq_ignore_ascii_case(ca));
    let mut signs = Signs::default();
    if candidates.iter().all(|(_, found)| foreign(found.described.issuer.common_name())) {
        signs.certain.push(line(
            place,
            told!("NDES is configured for the CA {ca}", "NDES ist für die Zertifizierungsstelle {ca} eingerichtet"),
        ));
        signs.certain.extend(candidates.iter().map(|(place, found)| {
            line(
                place,
                told!(
                    "{} issued by {}",
                    "{} ausgestellt von {}",
                    certificate_says(&found.described),
                    found.described.issuer
                ),
            )
        }));
        signs.certain.extend(case.ra_start_failures());
    }
    case.weigh("F-33", signs, NEEDS).about(candidates.first().map(|(_, found)| &found.described)).with("ca", ca)
}

impl Outcome {
    /// Without candidates in a listed store there is nothing whose issuer could be wrong.
    fn map_clear_without(self, none: bool) -> Outcome {
        match self {
            Outcome::Clear if none => Outcome::NotApplicable,
            outcome => outcome,
        }
    }
}
