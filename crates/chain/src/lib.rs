//! The chain crate.
