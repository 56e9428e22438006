//! F-56: iPhones and iPads fetch the CA certificate and then give up.

use std::collections::BTreeMap;

use super::Check;
use crate::case::{Case, Needs, Signs};
use crate::fact::log::{Door, ScepOperation, WebRequest};
use crate::finding::Outcome;
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::NdesWebLog]];

pub(super) const CHECK: Check = Check { code: "F-56", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let mut went_on: BTreeMap<&str, bool> = BTreeMap::new();
    for (_, request) in case.evidence.requests().filter(|(_, request)| is_apple(request)) {
        let Some(client) = request.client.as_deref() else { continue };
        match request.scep.as_ref().map(|scep| &scep.operation) {
            Some(ScepOperation::GetCaCert) if request.status == Some(200) => {
                went_on.entry(client).or_insert(false);
            }
            Some(ScepOperation::PkiOperation) => {
                went_on.insert(client, true);
            }
            _ => {}
        }
    }
    let stopped = |request: &WebRequest| {
        let cert = matches!(request.scep.as_ref().map(|scep| &scep.operation), Some(ScepOperation::GetCaCert));
        cert && is_apple(request) && request.client.as_deref().and_then(|client| went_on.get(client)) == Some(&false)
    };
    let all_stopped = !went_on.is_empty() && went_on.values().all(|on| !on);
    let lines = case.requests(Door::Scep, stopped);
    let signs = if all_stopped { Signs::probable(lines) } else { Signs::possible(lines) };
    case.weigh("F-56", signs, NEEDS)
}

fn is_apple(request: &WebRequest) -> bool {
    const AGENTS: [&str; 5] = ["ios", "iphone", "ipad", "darwin", "mdmd"];
    let agent = request.agent.as_deref().unwrap_or_default().to_lowercase();
    AGENTS.iter().any(|mark| agent.contains(mark))
}
