//! The registration point and the policy modules that ask it, over real mutual TLS.

mod apart;
mod authorisation;
pub(crate) mod caller;
mod document;
mod events;
mod impostor;
mod other_kinds;
mod outage;
pub(crate) mod program;
mod queue;
mod stage;
mod swap;
mod verbs;
