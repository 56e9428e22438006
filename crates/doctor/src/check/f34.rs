//! F-34: NDES cannot check its RA certificates against a revocation list.

use super::Check;
use super::f06::is_ra;
use super::f10::is_offline;
use crate::case::{Case, Needs, Signs, both, line};
use crate::fact::ProbeFact;
use crate::fact::capi2::Capi2Body;
use crate::fact::log::Door;
use crate::finding::{Line, Outcome};
use crate::said::{Said, told};
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::ApplicationLog, Witness::Capi2]];

pub(super) const CHECK: Check = Check { code: "F-34", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let failures = case.ra_start_failures();
    let offline = case.failed_capi2(|event| is_offline(event) && is_ra(case, event));
    let missing = unfetched(case);
    let blocked = case.requests(Door::Publication, |request| {
        request.status == Some(404) && request.substatus == Some(11) && request.path.contains('+')
    });
    let mut signs = Signs::certain(offline);
    if !signs.is_empty() || !blocked.is_empty() {
        signs.certain.extend([missing.clone(), blocked, failures.clone()].concat());
    }
    let signs = signs.or_probable(both(missing, failures)).or_probable(probed(case));
    case.weigh("F-34", signs, NEEDS)
}

/// Lists of the RA's and the CA's certificates that a live look could not get, or got past their next update.
fn probed(case: &Case<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, probe) in case.evidence.probes() {
        let ProbeFact::Crl { url, next_update, fault, .. } = probe.as_ref() else { continue };
        let late = next_update.filter(|at| *at < case.now);
        let late = late.map(|at| told!("{url}: next update was due {at}", "{url}: die nächste war fällig am {at}"));
        if let Some(says) = fault.as_ref().map(|fault| Said::from(format!("{url}: {fault}"))).or(late) {
            lines.push(line(place, says));
        }
    }
    lines
}

/// Revocation lists that the web server did not give out.
fn unfetched(case: &Case<'_>) -> Vec<Line> {
    case.failed_capi2(|event| match &event.body {
        Capi2Body::Retrieval(got) => {
            let list = got.url.as_ref().is_some_and(|url| url.to_lowercase().contains(".crl"));
            let refused = got.http_status.as_ref().is_some_and(|status| status.contains(" 404"));
            list && refused && event.result.is_some_and(|code| !code.is_success())
        }
        _ => false,
    })
}
