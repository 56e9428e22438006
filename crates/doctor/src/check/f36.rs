//! F-36: the CA has a new key; the RA certificates were issued with the old one.

use super::Check;
use crate::case::{Case, Needs, Signs, certificate_says, line};
use crate::fact::certificate::Authority;
use crate::finding::Outcome;
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::MachineStore, Witness::RootStore]];

pub(super) const CHECK: Check = Check { code: "F-36", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let mut lines = Vec::new();
    let candidates = case.ra_certificates();
    for (place, found) in candidates.iter().filter(|(_, found)| case.is_valid(&found.described)) {
        let ra = &found.described;
        let Some(issued_with) = &ra.authority_key_id else { continue };
        let authorities = || {
            let all = case.evidence.descriptions();
            all.filter(|(_, ca)| ca.authority == Some(Authority::Ca) && ca.subject.same_as(&ra.issuer))
        };
        let old = authorities().find(|(_, ca)| ca.subject_key_id.as_ref() == Some(issued_with));
        let newer = |old_begin| {
            authorities().find(move |(_, ca)| {
                ca.subject_key_id.is_some()
                    && ca.subject_key_id.as_ref() != Some(issued_with)
                    && ca.not_before > old_begin
            })
        };
        if let Some((old_place, old)) = old
            && let Some((new_place, new)) = newer(old.not_before)
        {
            lines.push(line(place, certificate_says(ra)));
            lines.push(line(
                old_place,
                told!("issued with the key of {}", "ausgestellt mit dem Schlüssel von {}", certificate_says(old)),
            ));
            lines.push(line(
                new_place,
                told!(
                    "the CA's newer key: {}",
                    "neuerer Schlüssel der Zertifizierungsstelle: {}",
                    certificate_says(new)
                ),
            ));
        }
    }
    let outcome = case.weigh("F-36", Signs::certain(lines), NEEDS);
    outcome.about(candidates.first().map(|(_, found)| &found.described))
}
