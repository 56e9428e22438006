//! What looks like trouble in a CAPI2 log and is none. Its events carry the level "Error" all the same.

use std::collections::{BTreeMap, BTreeSet};

use crate::fact::capi2::Capi2Body;
use crate::fact::{Capi2Event, Evidence};

/// Events that were counted and passed over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Noise {
    /// Events 42 and 53 that complain, in a task that ended well: a stale cached list was replaced by a fetched one.
    pub healed: u64,
    /// Events 53 whose download succeeded and whose copy to the cache did not.
    pub uncached: u64,
    /// Events 11 that report an error status in a call that succeeded, with no verdict against that chain.
    pub reported_only: u64,
}

impl Noise {
    /// All of it.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.healed + self.uncached + self.reported_only
    }
}

/// Counts the noise.
#[must_use]
pub fn count(evidence: &Evidence) -> Noise {
    let mut noise = Noise::default();
    let ended_well = ended_well(evidence);
    let condemned: BTreeSet<&str> = evidence
        .capi2()
        .filter(|(_, event)| event.result.is_some_and(|code| !code.is_success()))
        .filter_map(|(_, event)| match &event.body {
            Capi2Body::Policy(verdict) => verdict.chain.as_deref(),
            _ => None,
        })
        .collect();
    for (_, event) in evidence.capi2() {
        let well = event.task.as_deref().and_then(|task| ended_well.get(task)).copied().unwrap_or(false);
        match &event.body {
            Capi2Body::Rejected(_) if well => noise.healed += 1,
            Capi2Body::Retrieval(_) if failed(event) && well => noise.healed += 1,
            Capi2Body::Retrieval(_) if !failed(event) && event.head.level == Some(2) => noise.uncached += 1,
            Capi2Body::Chain(built) if !failed(event) => {
                let chain = built.chains.first();
                let faulty = chain.is_some_and(|chain| chain.status.error != 0);
                let judged = chain.and_then(|chain| chain.reference.as_deref());
                if faulty && !judged.is_some_and(|reference| condemned.contains(reference)) {
                    noise.reported_only += 1;
                }
            }
            _ => {}
        }
    }
    noise
}

fn failed(event: &Capi2Event) -> bool {
    event.result.is_some_and(|code| !code.is_success())
}

/// Tasks by whether their last 41 or 11 succeeded.
fn ended_well(evidence: &Evidence) -> BTreeMap<&str, bool> {
    let mut ends: BTreeMap<&str, (u32, bool)> = BTreeMap::new();
    for (_, event) in evidence.capi2() {
        let verdict = matches!(event.body, Capi2Body::Chain(_) | Capi2Body::Revocation(_));
        let (Some(task), Some(result), true) = (event.task.as_deref(), event.result, verdict) else { continue };
        let at = event.sequence.unwrap_or(0);
        let end = ends.entry(task).or_insert((at, result.is_success()));
        if at >= end.0 {
            *end = (at, result.is_success());
        }
    }
    ends.into_iter().map(|(task, (_, well))| (task, well)).collect()
}
