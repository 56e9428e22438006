//! The ca crate.
