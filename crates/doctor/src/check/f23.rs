//! F-23: profile, registry slot and CA do not mean the same template.

use super::Check;
use super::f24::odd_names;
use crate::case::{Case, Needs, Signs};
use crate::fact::log::{Property, TraceMeaning};
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::ApplicationLog, Witness::RegistrationPointLog]];

pub(super) const CHECK: Check = Check { code: "F-23", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let said = case.traced(|meaning| matches!(meaning, TraceMeaning::Mismatch(Property::Template)));
    let unsupported = if odd_names(case).is_empty() { case.ndes(&[31], &[0x8009_4800]) } else { Vec::new() };
    case.weigh("F-23", Signs::certain(said).or_probable(unsupported), NEEDS)
}
