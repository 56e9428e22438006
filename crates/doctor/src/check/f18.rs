//! F-18: the registration point has lost its own signing certificate.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::log::TraceMeaning;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::RegistrationPointLog], &[Witness::ConnectorLog]];

pub(super) const CHECK: Check = Check { code: "F-18", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let said = case.traced(|meaning| *meaning == TraceMeaning::SigningCertificateMissing);
    let told = case.connector(&[0x409], &["SigningCert_NotFound"]);
    case.weigh("F-18", Signs::certain([said, told].concat()), NEEDS)
}
