//! F-08: the registration point does not trust the client certificate's issuer.

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::log::{Answer, Door, TraceMeaning};
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::RegistrationPointWebLog]];
/// CERT_E_UNTRUSTEDROOT, CERT_E_CHAINING.
const UNTRUSTED: [u32; 2] = [0x800B_0109, 0x800B_010A];

pub(super) const CHECK: Check = Check { code: "F-08", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let refused = |because: bool| {
        case.requests(Door::RegistrationPoint, move |request| {
            let untrusted = request.win32.is_some_and(|code| UNTRUSTED.contains(&code.0));
            request.status == Some(403) && request.substatus == Some(16) && untrusted == because
        })
    };
    let signs = Signs::certain(refused(true)).or_probable(refused(false));
    if signs.is_empty() {
        let leads = case.traced(|meaning| matches!(meaning, TraceMeaning::VerifyReturned(Answer::Html(_))));
        let leads = if case.heard(Witness::RegistrationPointWebLog) { Vec::new() } else { leads };
        return case.unsigned(NEEDS, leads);
    }
    case.weigh("F-08", signs, NEEDS)
}
