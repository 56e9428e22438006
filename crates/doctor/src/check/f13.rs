//! F-13: the registration point's server certificate does not carry the name it is called by.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::capi2::{AuthType, Capi2Body};
use crate::fact::log::{TlsFault, TraceMeaning};
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::PolicyModuleLog], &[Witness::Capi2]];
/// CERT_E_CN_NO_MATCH.
const NO_MATCH: u32 = 0x800B_010F;

pub(super) const CHECK: Check = Check { code: "F-13", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let told = case.traced(|meaning| matches!(meaning, TraceMeaning::TlsCallback(TlsFault::NameMismatch)));
    let seen = case.capi2(|event| {
        let judged = matches!(&event.body, Capi2Body::Policy(v) if v.auth_type == Some(AuthType::Server));
        judged && event.result.is_some_and(|code| code.0 == NO_MATCH) && case.concerns_enrolment(event)
    });
    let signs = Signs::certain([told, case.send_failed(&[12038])].concat()).or_probable(seen);
    let name = case.evidence.capi2().find_map(|(_, event)| match &event.body {
        Capi2Body::Policy(v) if event.result.is_some_and(|code| code.0 == NO_MATCH) => v.server_name.clone(),
        _ => None,
    });
    let outcome = case.weigh("F-13", signs, NEEDS);
    match name {
        Some(name) => outcome.with("name", name),
        None => outcome,
    }
}
