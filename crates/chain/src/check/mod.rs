//! The checks. Each looks at the whole path and depends on no other's outcome, so that one fault hides no other.

mod basic;
mod extensions;
mod key_usage;
mod name_constraints;
mod oddities;
mod policies;
mod policy_graph;
mod signatures;
mod strength;
mod trust;
mod usages;
mod validity;

pub(crate) use basic::basic_constraints;
pub(crate) use extensions::extensions;
pub(crate) use key_usage::key_usage;
pub(crate) use name_constraints::name_constraints;
pub(crate) use oddities::oddities;
pub(crate) use policies::policies;
pub(crate) use signatures::signatures;
pub(crate) use strength::strength;
pub(crate) use trust::trust;
pub(crate) use usages::{known_usage, usages};
pub(crate) use validity::validity;
