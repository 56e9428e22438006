//! The service: SCEP over HTTP in front of a registration authority and a CA, with a store behind.
//!
//! This crate does **not** decide and does not know formats: what a message says is `scep`'s, who may have what `ra`'s,
//! what a certificate says `ca`'s. It introduces them to each other and to the world: sockets, files, the store, the
//! clock, which is read in one place.

mod admission;
pub mod canary;
mod certify;
mod check;
mod code;
pub mod config;
pub mod credential;
pub mod device;
mod enrol;
mod event;
pub mod forecast;
pub mod http;
pub mod init;
mod issue;
mod key_file;
mod known_keys;
pub mod operator;
mod reason;
mod recover;
pub mod registration;
pub mod revocation;
mod service;
mod signer;
pub mod simulation;
pub mod store;
pub mod task;
mod trust;
pub mod world;

pub use code::Code;
pub use service::{Answer, Secrets, Service, ServiceError};
pub use trust::in_words as hresult;
