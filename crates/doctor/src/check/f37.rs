//! F-37: the RA certificates' keys live in a key storage provider, which NDES cannot use.

use super::Check;
use super::f07::in_ksp;
use crate::case::{Case, Needs, Signs};
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::MachineStore]];

pub(super) const CHECK: Check = Check { code: "F-37", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let candidates = case.ra_certificates();
    let is_candidate = |thumbprint| {
        candidates.iter().any(|(_, found)| found.described.thumbprint == thumbprint && thumbprint.is_some())
    };
    let mut lines = in_ksp(case, is_candidate);
    if !lines.is_empty() {
        lines.extend(case.ra_start_failures());
    }
    let about = candidates.first().map(|(_, found)| &found.described);
    case.weigh("F-37", Signs::certain(lines), NEEDS).about(about)
}
