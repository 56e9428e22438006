//! F-06: the account of NDES cannot use the client certificate's private key.

use super::Check;
use crate::case::{Case, Needs, REQUEST_AGENT, Signs, certificate_says, has_usage, line};
use crate::fact::capi2::Capi2Body;
use crate::fact::certificate::PrivateKey;
use crate::fact::event::EventKind;
use crate::fact::{Capi2Event, Thumbprint};
use crate::finding::Outcome;
use crate::said::told;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::PolicyModuleLog, Witness::Capi2], &[Witness::SystemLog, Witness::Capi2]];

pub(super) const CHECK: Check = Check { code: "F-06", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let pinned = case.pin().and_then(|pin| pin.thumbprint);
    let mut signs = Signs::certain(case.send_failed(&[12185, 12186]));
    if let Some(pinned) = pinned {
        signs.certain.extend(case.failed_capi2(|event| is_key_failure(event) && about(event) == Some(pinned)));
        signs.certain.extend(keyless(case, pinned));
    } else if !case.heard(Witness::Registry) {
        signs.probable.extend(case.failed_capi2(|event| is_key_failure(event) && !is_ra(case, event)));
    }
    signs.probable.extend(case.events(EventKind::Schannel, &[36870]));
    let described = pinned.and_then(|pinned| case.describe(pinned)).map(|(_, described)| described);
    case.weigh("F-06", signs, NEEDS).about(described)
}

fn about(event: &Capi2Event) -> Option<Thumbprint> {
    event.subject().and_then(|subject| subject.thumbprint)
}

/// Event 70 with a key that is not there (NTE_BAD_KEYSET, NTE_NO_KEY) or not permitted (NTE_PERM, access denied).
pub(super) fn is_key_failure(event: &Capi2Event) -> bool {
    const CODES: [u32; 4] = [0x8009_0016, 0x8009_000D, 0x8009_0010, 0x8007_0005];
    matches!(event.body, Capi2Body::PrivateKey(_)) && event.result.is_some_and(|code| CODES.contains(&code.0))
}

/// Whether the event is about an RA certificate: then the cause is another one (F-32).
pub(super) fn is_ra(case: &Case<'_>, event: &Capi2Event) -> bool {
    let described = about(event).and_then(|thumbprint| case.describe(thumbprint));
    let named = event.subject().is_some_and(|subject| subject.subject.to_uppercase().contains("MSCEP-RA"));
    named || described.is_some_and(|(_, described)| has_usage(described, REQUEST_AGENT))
}

fn keyless(case: &Case<'_>, pinned: Thumbprint) -> Vec<crate::Line> {
    let lacks = |key: &PrivateKey| matches!(key, PrivateKey::Absent | PrivateKey::Unusable(..));
    let entries = case.machine_store().filter(|(_, found)| found.described.thumbprint == Some(pinned));
    entries
        .filter(|(_, found)| lacks(&found.private_key))
        .map(|(place, found)| {
            line(
                place,
                told!(
                    "{}: no usable private key",
                    "{}: kein brauchbarer privater Schlüssel",
                    certificate_says(&found.described)
                ),
            )
        })
        .collect()
}
