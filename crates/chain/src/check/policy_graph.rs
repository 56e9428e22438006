//! The valid policy graph: RFC 5280's tree without its exponential growth (RFC 9618 §4). At each depth there is one
//! node per policy; what in the tree are copies are parents here.

use std::collections::{BTreeMap, BTreeSet};

use pki::{Oid, oid};

#[derive(Debug, Clone, Default)]
struct Node {
    parents: BTreeSet<Oid>,
    expected: BTreeSet<Oid>,
}

type Level = BTreeMap<Oid, Node>;

/// The graph; no level stands for NULL.
#[derive(Debug, Clone)]
pub(super) struct PolicyGraph {
    levels: Vec<Level>,
}

/// Whether anyPolicy in a certificate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AnyPolicy {
    Counts,
    Inhibited,
}

/// Whether mappings are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mapping {
    Applied,
    Inhibited,
}

impl PolicyGraph {
    /// anyPolicy at depth 0.
    pub(super) fn new() -> PolicyGraph {
        let root = Node { parents: BTreeSet::new(), expected: BTreeSet::from([oid::ANY_POLICY]) };
        PolicyGraph { levels: vec![BTreeMap::from([(oid::ANY_POLICY, root)])] }
    }

    pub(super) fn is_null(&self) -> bool {
        self.levels.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.levels.clear();
    }

    /// RFC 5280 §6.1.3 (d): the policies of the next certificate.
    pub(super) fn descend(&mut self, policies: &[Oid], any: AnyPolicy) {
        let Some(above) = self.levels.last() else { return };
        let mut expecting: BTreeMap<&Oid, BTreeSet<Oid>> = BTreeMap::new();
        for (valid, node) in above {
            for expected in &node.expected {
                expecting.entry(expected).or_default().insert(valid.clone());
            }
        }
        let mut level = Level::new();
        for policy in policies.iter().filter(|p| **p != oid::ANY_POLICY) {
            let parents = match expecting.get(policy) {
                Some(parents) => parents.clone(),
                None if above.contains_key(&oid::ANY_POLICY) => BTreeSet::from([oid::ANY_POLICY]),
                None => continue,
            };
            level.insert(policy.clone(), Node { parents, expected: BTreeSet::from([policy.clone()]) });
        }
        if any == AnyPolicy::Counts && policies.contains(&oid::ANY_POLICY) {
            for (expected, parents) in expecting {
                let fresh = || Node { parents, expected: BTreeSet::from([expected.clone()]) };
                level.entry(expected.clone()).or_insert_with(fresh);
            }
        }
        self.levels.push(level);
        self.prune();
    }

    /// RFC 5280 §6.1.4 (b): the mappings of a CA.
    pub(super) fn map(&mut self, mappings: &[(Oid, Oid)], mapping: Mapping) {
        let Some(level) = self.levels.last_mut() else { return };
        let mut by_issuer: BTreeMap<&Oid, BTreeSet<Oid>> = BTreeMap::new();
        for (issuer, subject) in mappings {
            by_issuer.entry(issuer).or_default().insert(subject.clone());
        }
        for (issuer, subjects) in by_issuer {
            if mapping == Mapping::Inhibited {
                level.remove(issuer);
            } else if let Some(node) = level.get_mut(issuer) {
                node.expected = subjects;
            } else if level.contains_key(&oid::ANY_POLICY) {
                let parents = BTreeSet::from([oid::ANY_POLICY]);
                level.insert(issuer.clone(), Node { parents, expected: subjects });
            }
        }
        self.prune();
    }

    /// Takes away nodes without children, from below, and the graph itself if nothing is left.
    fn prune(&mut self) {
        let mut needed: Option<BTreeSet<Oid>> = None;
        for level in self.levels.iter_mut().rev() {
            if let Some(needed) = &needed {
                level.retain(|valid, _| needed.contains(valid));
            }
            needed = Some(level.values().flat_map(|node| node.parents.iter().cloned()).collect());
        }
        if self.levels.last().is_none_or(BTreeMap::is_empty) {
            self.levels.clear();
        }
    }

    /// RFC 5280 §6.1.5 (g): the policies valid for the chain out of those acceptable to the caller. Empty `acceptable`
    /// means any.
    pub(super) fn valid_for(&self, acceptable: &[Oid]) -> Vec<Oid> {
        let mut authority: BTreeSet<Oid> = BTreeSet::new();
        for (depth, level) in self.levels.iter().enumerate() {
            let last = depth + 1 == self.levels.len();
            for (valid, node) in level {
                let from_any = *valid != oid::ANY_POLICY && node.parents.contains(&oid::ANY_POLICY);
                if from_any || (last && depth > 0 && *valid == oid::ANY_POLICY) {
                    authority.insert(valid.clone());
                }
            }
        }
        let any_accepted = acceptable.is_empty() || acceptable.contains(&oid::ANY_POLICY);
        if any_accepted {
            return authority.into_iter().collect();
        }
        if authority.contains(&oid::ANY_POLICY) {
            return acceptable.to_vec();
        }
        acceptable.iter().filter(|policy| authority.contains(policy)).cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn oids(texts: &[&str]) -> Vec<Oid> {
        texts.iter().map(|t| t.parse().unwrap()).collect()
    }

    #[test]
    fn mapped_policies_are_named_as_the_first_domain_names_them() {
        let mut graph = PolicyGraph::new();
        graph.descend(&oids(&["1.2.3", "1.2.4"]), AnyPolicy::Counts);
        graph.map(&[(oids(&["1.2.3"])[0].clone(), oids(&["1.9.9"])[0].clone())], Mapping::Applied);
        graph.descend(&oids(&["1.9.9"]), AnyPolicy::Counts);
        assert_eq!(graph.valid_for(&[]), oids(&["1.2.3"]));
        assert_eq!(graph.valid_for(&oids(&["1.2.4"])), oids(&[]));
        graph.descend(&oids(&["1.2.3"]), AnyPolicy::Counts);
        assert!(graph.is_null());
    }

    #[test]
    fn mapping_everything_to_everything_stays_small() {
        let many: Vec<Oid> = (0..60u32).map(|n| format!("1.2.3.{n}").parse().unwrap()).collect();
        let all: Vec<(Oid, Oid)> = many.iter().flat_map(|a| many.iter().map(move |b| (a.clone(), b.clone()))).collect();
        let mut graph = PolicyGraph::new();
        for _ in 0..20 {
            graph.descend(&many, AnyPolicy::Counts);
            graph.map(&all, Mapping::Applied);
        }
        assert_eq!(graph.levels.iter().map(BTreeMap::len).max(), Some(60));
    }
}
