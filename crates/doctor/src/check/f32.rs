//! F-32: the account of NDES cannot use the RA certificates' private keys.

use super::Check;
use super::f06::{is_key_failure, is_ra};
use crate::case::{Case, Needs, Signs, certificate_says, line};
use crate::fact::certificate::{Archived, PrivateKey};
use crate::finding::Outcome;
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::MachineStore, Witness::ApplicationLog]];

pub(super) const CHECK: Check = Check { code: "F-32", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let failures = case.ra_start_failures();
    let mut lines = case.failed_capi2(|event| is_key_failure(event) && is_ra(case, event));
    let good =
        |found: &crate::fact::CertificateFact| case.is_valid(&found.described) && found.archived != Some(Archived::Yes);
    let keyless: Vec<_> = case
        .ra_certificates()
        .into_iter()
        .filter(|(_, found)| good(found) && matches!(found.private_key, PrivateKey::Absent | PrivateKey::Unusable(..)))
        .collect();
    let says = |(place, found): &(&crate::Place, &crate::fact::CertificateFact)| {
        line(
            place,
            told!(
                "{}: no usable private key",
                "{}: kein brauchbarer privater Schlüssel",
                certificate_says(&found.described)
            ),
        )
    };
    lines.extend(keyless.iter().map(says));
    if lines.is_empty() && !failures.is_empty() && !case.heard(Witness::MachineStore) {
        return case.unsigned(NEEDS, failures);
    }
    if !lines.is_empty() {
        lines.extend(failures);
    }
    case.weigh("F-32", Signs::certain(lines), NEEDS).about(keyless.first().map(|(_, found)| &found.described))
}
