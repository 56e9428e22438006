//! What `perennial credential history` says happened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::stage::Stage;

/// Every role that is renewed.
pub(super) const ROLES: [&str; 6] =
    ["issuing-ca", "ra-signing", "ra-encryption", "sealing", "tls-server", "policy-module-client"];

pub(super) struct History {
    /// The credentials of each role that have been in use.
    used: BTreeMap<String, BTreeSet<String>>,
    /// How often an earlier one was used again.
    pub(super) recalled: usize,
}

impl History {
    pub(super) fn read(stage: &Stage) -> History {
        let events = stage.operator(&["credential", "history", "--limit", "1000000"]);
        let mut events: Vec<&Value> = events.as_array().expect("a list").iter().collect();
        // Newest first, as it is listed.
        events.reverse();
        let text = |event: &Value, key: &str| event[key].as_str().expect("text").to_owned();
        let mut roles = BTreeMap::new();
        let mut history = History { used: BTreeMap::new(), recalled: 0 };
        for event in events {
            let (id, what, detail) = (text(event, "credential"), text(event, "event"), text(event, "detail"));
            if what == "stored" {
                let role = detail.split(' ').next().expect("a role").to_owned();
                if detail.contains("in slot current") {
                    history.used.entry(role.clone()).or_default().insert(id.clone());
                }
                roles.insert(id, role);
            } else if what == "current" {
                let role = roles.get(&id).expect("what takes over was stored");
                history.used.entry(role.clone()).or_default().insert(id);
                history.recalled += usize::from(detail.contains("from slot retired"));
            }
        }
        history
    }

    /// How many credentials of a role have been in use.
    pub(super) fn generations(&self, role: &str) -> usize {
        self.used.get(role).map_or(0, BTreeSet::len)
    }
}
