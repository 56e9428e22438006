//! F-14: the registration point's server certificate has expired.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::Code;
use crate::fact::capi2::{AuthType, Capi2Body};
use crate::fact::log::{TlsFault, TraceMeaning};
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::PolicyModuleLog], &[Witness::Capi2]];

pub(super) const CHECK: Check = Check { code: "F-14", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let told = case.traced(|meaning| matches!(meaning, TraceMeaning::TlsCallback(TlsFault::Expired)));
    let seen = case.capi2(|event| {
        let peer = matches!(&event.body, Capi2Body::Policy(v)
            if v.auth_type == Some(AuthType::Server) && v.server_name.is_some());
        peer && !event.is_own_credential_check() && event.result == Some(Code::CERT_E_EXPIRED)
    });
    let signs = Signs::certain([told, case.send_failed(&[12037])].concat()).or_probable(seen);
    case.weigh("F-14", signs, NEEDS)
}
