//! Certificate policies (RFC 5280 §6.1.2 to §6.1.5).

use pki::{Oid, oid};

use super::policy_graph::{AnyPolicy, Mapping, PolicyGraph};
use crate::build::Path;
use crate::facts::Facts;
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::question::{Initially, Question};
use crate::trust::InfoStatus;

/// The counters of RFC 5280 §6.1.2 (d) to (f): 0 means in force.
struct State {
    graph: PolicyGraph,
    explicit: usize,
    mapping: usize,
    any: usize,
}

/// Returns the policies the chain is valid for.
pub(crate) fn policies(question: &Question<'_>, path: &Path, out: &mut Findings) -> Vec<Oid> {
    let skip_anchor = path.anchor(question).is_some() && !question.anchor.judges_constraints();
    let length = if skip_anchor { path.nodes.len() - 1 } else { path.nodes.len() };
    let start = |initially: Initially| if initially == Initially::Set { 0 } else { length + 1 };
    let inputs = &question.policies;
    let mut state = State {
        graph: PolicyGraph::new(),
        explicit: start(inputs.explicit),
        mapping: start(inputs.mapping_inhibited),
        any: start(inputs.any_inhibited),
    };
    let mut reported = false;
    for (at, facts) in path.each().take(length).collect::<Vec<_>>().into_iter().rev() {
        // A self-signed root by the rules of Windows limits, but its own policies are not asked for.
        let is_root = at > 0 && at + 1 == path.nodes.len() && path.links.len() == path.nodes.len();
        if !is_root {
            state.read(facts, at);
        }
        if state.explicit == 0 && state.graph.is_null() && !reported {
            reported = true;
            let says = format!("an explicit policy is required, and with {} none is left", facts.shown());
            out.add(at, Fault::new(Kind::PolicyRequired, says));
        }
        if at > 0 {
            state.prepare(facts, at, out);
        } else {
            state.wrap_up(facts);
        }
    }
    conclude(question, &state, reported, out)
}

fn conclude(question: &Question<'_>, state: &State, reported: bool, out: &mut Findings) -> Vec<Oid> {
    let valid = state.graph.valid_for(question.policies.acceptable);
    let asked: Vec<&Oid> = question.policies.acceptable.iter().filter(|p| **p != oid::ANY_POLICY).collect();
    if valid.is_empty() && state.explicit == 0 && !reported {
        let says = "an explicit policy is required, and none of those acceptable is valid for the whole chain";
        out.add(0, Fault::new(Kind::PolicyRequired, says));
    }
    if !question.is_rfc() && !asked.is_empty() {
        if valid.is_empty() {
            let names: Vec<String> = asked.iter().map(|p| p.to_string()).collect();
            let says = format!("the chain is not valid for any policy asked for ({})", names.join(", "));
            out.add(0, Fault::new(Kind::PolicyNotFound, says));
        } else {
            out.inform(0, InfoStatus::HAS_ISSUANCE_CHAIN_POLICY);
        }
    }
    valid
}

impl State {
    /// §6.1.3 (d), (e).
    fn read(&mut self, facts: &Facts, at: usize) {
        match facts.policies.value() {
            None => self.graph.clear(),
            Some(policies) => {
                let counts = self.any > 0 || (at > 0 && facts.is_self_issued());
                self.graph.descend(&policies.ids, if counts { AnyPolicy::Counts } else { AnyPolicy::Inhibited });
            }
        }
    }

    /// §6.1.4 (a), (b), (h) to (j).
    fn prepare(&mut self, facts: &Facts, at: usize, out: &mut Findings) {
        if let Some(mappings) = facts.mappings.value() {
            if mappings.iter().any(|(a, b)| *a == oid::ANY_POLICY || *b == oid::ANY_POLICY) {
                out.add(at, Fault::new(Kind::PolicyMappingAny, "its policy mappings map anyPolicy"));
            }
            self.graph.map(mappings, if self.mapping > 0 { Mapping::Applied } else { Mapping::Inhibited });
        }
        if !facts.is_self_issued() {
            self.explicit = self.explicit.saturating_sub(1);
            self.mapping = self.mapping.saturating_sub(1);
            self.any = self.any.saturating_sub(1);
        }
        if let Some(constraints) = facts.policy_constraints.value() {
            lower(&mut self.explicit, constraints.require_explicit);
            lower(&mut self.mapping, constraints.inhibit_mapping);
        }
        lower(&mut self.any, facts.inhibit_any.value().copied());
    }

    /// §6.1.5 (a), (b).
    fn wrap_up(&mut self, facts: &Facts) {
        self.explicit = self.explicit.saturating_sub(1);
        if facts.policy_constraints.value().and_then(|c| c.require_explicit) == Some(0) {
            self.explicit = 0;
        }
    }
}

fn lower(counter: &mut usize, limit: Option<u32>) {
    if let Some(limit) = limit.and_then(|n| usize::try_from(n).ok()) {
        *counter = (*counter).min(limit);
    }
}
