//! F-40: the policy module cannot be loaded.

use super::Check;
use super::f25::NEEDS;
use crate::case::{Case, Signs};
use crate::finding::Outcome;

pub(super) const CHECK: Check = Check { code: "F-40", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let mut lines = case.ndes(&[53], &[]);
    if !lines.is_empty() {
        lines.extend(case.ndes(&[2], &[]));
    }
    let module = case.evidence.registry_values(r"MSCEP\Modules", "Policy").find_map(|(_, data)| data.text());
    let outcome = case.weigh("F-40", Signs::certain(lines), NEEDS);
    match module {
        Some(module) => outcome.with("module", module),
        None => outcome,
    }
}
