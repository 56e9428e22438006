//! The registration point and the policy modules that ask it, over real mutual TLS.

mod authorisation;
mod caller;
mod impostor;
mod other_kinds;
mod outage;
mod queue;
mod stage;
mod verbs;
