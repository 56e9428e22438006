//! F-21: the subject in the request is not the subject the challenge was made for.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::log::{Property, TraceMeaning};
use crate::finding::Outcome;
use crate::witness::Witness;

pub(super) const NEEDS: Needs = &[&[Witness::RegistrationPointLog], &[Witness::ConnectorLog]];

pub(super) const CHECK: Check = Check { code: "F-21", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let said =
        case.traced(|meaning| matches!(meaning, TraceMeaning::Mismatch(Property::Subject | Property::AlternativeName)));
    let told = case.connector(&[], &["SubjectNameMismatch", "SubjectAltNameMismatch"]);
    case.weigh("F-21", Signs::certain([said, told].concat()), NEEDS)
}
