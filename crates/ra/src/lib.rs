//! The ra crate.
