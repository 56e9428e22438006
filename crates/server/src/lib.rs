//! The server crate.
pub mod store;
