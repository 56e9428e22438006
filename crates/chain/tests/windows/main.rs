//! The bits of Windows for the situations in which they are known, each with certificates made for it.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]

mod bits;
mod constraints;
mod events;
mod forge;
mod issuer;
mod policy;
mod revoked;
mod weak;

use chain::{ErrorStatus, InfoStatus, Question, Store, Verdict, judge};
use pki::Certificate;

/// A store with a trusted root and other certificates.
pub fn store(root: &Certificate, others: &[&Certificate]) -> Store {
    let mut store = Store::new();
    store.trust(root);
    others.iter().for_each(|c| store.add(c));
    store
}

pub fn ask(store: &Store, leaf: &Certificate) -> Verdict {
    judge(store, &Question::new(leaf, forge::noon()))
}

/// The error bits of the elements, leaf first.
pub fn errors(verdict: &Verdict) -> Vec<u32> {
    verdict.chain.elements.iter().map(|e| e.error.0).collect()
}

pub fn infos(verdict: &Verdict) -> Vec<u32> {
    verdict.chain.elements.iter().map(|e| e.info.0).collect()
}

pub fn whole(verdict: &Verdict) -> (ErrorStatus, InfoStatus) {
    (verdict.chain.error, verdict.chain.info)
}
