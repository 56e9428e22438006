//! F-45: a reverse proxy answers in place of NDES.

use super::Check;
use crate::case::{Case, Needs, Signs, line};
use crate::fact::ProbeFact;
use crate::finding::{Line, Outcome};
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Probe]];

pub(super) const CHECK: Check = Check { code: "F-45", judge };

fn judge(case: &Case<'_>) -> Outcome {
    case.weigh("F-45", Signs::probable(answered_by_proxy(case)), NEEDS)
}

/// GetCACaps that ended at a gateway (502, 504) or at a sign-in page (redirect, 401, a page of HTML).
fn answered_by_proxy(case: &Case<'_>) -> Vec<Line> {
    let mut lines = Vec::new();
    for (place, probe) in case.evidence.probes() {
        match probe.as_ref() {
            ProbeFact::Capabilities { url, status, lines: said } => {
                let page = said.iter().any(|one| one.to_lowercase().contains("<html"));
                if page || matches!(status, 301 | 302 | 303 | 307 | 401 | 502 | 504) {
                    lines.push(line(place, format!("GetCACaps {url} → {status}")));
                }
            }
            ProbeFact::Failed { url, status: Some(status @ (401 | 502 | 504)), .. } => {
                lines.push(line(place, format!("{url} → {status}")));
            }
            _ => {}
        }
    }
    lines
}
