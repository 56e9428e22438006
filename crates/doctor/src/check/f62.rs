//! F-62: the tenant or the account lacks the Intune licence or permission.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::event::EventKind;
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::ConnectorLog]];

pub(super) const CHECK: Check = Check { code: "F-62", judge };

fn judge(case: &Case<'_>) -> Outcome {
    // E_POINTER: how the connector says that it was given nothing.
    let refused = case.events_where(|event| {
        let ours = matches!(event.kind, EventKind::IntuneConnector | EventKind::CertificateConnectors);
        ours && event.code.is_some_and(|code| code.0 == 0x8000_4003)
    });
    case.weigh("F-62", Signs::probable(refused), NEEDS)
}
