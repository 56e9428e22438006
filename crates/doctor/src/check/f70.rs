//! F-70: two policy modules are installed, and NDES loads only one.

use super::Check;
use crate::case::{Case, Needs, Signs, line};
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry]];

pub(super) const CHECK: Check = Check { code: "F-70", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let mark = r"\mscep\modules\";
    let mut modules = Vec::new();
    for (place, key) in case.evidence.registry_keys().filter(|(_, key)| key.deleted.is_none()) {
        let lower = key.path.to_lowercase();
        let Some(name) = lower.split_once(mark).map(|(_, name)| name).filter(|name| !name.contains('\\')) else {
            continue;
        };
        if modules.len() < 64 && !modules.iter().any(|(known, _)| known == name) {
            modules.push((name.to_owned(), line(place, key.path.clone())));
        }
    }
    let loaded =
        case.evidence.registry_values(r"MSCEP\Modules", "Policy").find_map(|(p, data)| Some((p, data.text()?)));
    let mut signs = Signs::default();
    if modules.len() > 1 {
        signs.probable = modules.iter().map(|(_, line)| line.clone()).collect();
        signs.probable.extend(loaded.map(|(place, module)| line(place, format!(r"Modules\Policy = {module}"))));
    }
    let outcome = case.weigh("F-70", signs, NEEDS);
    match loaded {
        Some((_, module)) => outcome.with("module", module),
        None => outcome,
    }
}
