//! F-07: the client certificate's key lives in a key storage provider, which the policy module cannot use.

use super::Check;
use crate::case::{Case, Needs, Signs, certificate_says, line};
use crate::fact::Thumbprint;
use crate::fact::certificate::PrivateKey;
use crate::finding::{Line, Outcome};
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry, Witness::MachineStore]];
/// NTE_BAD_PROV_TYPE.
const BAD_PROVIDER_TYPE: u32 = 0x8009_0014;

pub(super) const CHECK: Check = Check { code: "F-07", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let refused = case.traced_text(|_, _, code| code.is_some_and(|code| code.0 == BAD_PROVIDER_TYPE));
    let events = case.events_where(|event| event.code.is_some_and(|code| code.0 == BAD_PROVIDER_TYPE));
    let pinned = case.pin().and_then(|pin| pin.thumbprint);
    let stored = pinned.map(|pinned| in_ksp(case, |thumbprint| thumbprint == Some(pinned))).unwrap_or_default();
    let signs = Signs::certain([refused, events].concat()).or_probable(stored);
    if signs.is_empty() && case.heard(Witness::Registry) && case.pin().is_none() {
        return Outcome::NotApplicable;
    }
    let described = pinned.and_then(|pinned| case.describe(pinned)).map(|(_, described)| described);
    case.weigh("F-07", signs, NEEDS).about(described)
}

/// Store entries whose key a KSP holds.
pub(super) fn in_ksp(case: &Case<'_>, wanted: impl Fn(Option<Thumbprint>) -> bool) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, found) in case.machine_store().filter(|(_, found)| wanted(found.described.thumbprint)) {
        let (PrivateKey::Present(container) | PrivateKey::Unusable(container, _)) = &found.private_key else {
            continue;
        };
        let provider = container.provider.as_deref().unwrap_or_default();
        if provider.to_lowercase().contains("key storage provider") || provider.contains("Platform Crypto") {
            lines.push(line(
                place,
                told!("{}: provider {provider}", "{}: Anbieter {provider}", certificate_says(&found.described)),
            ));
        }
    }
    lines
}
