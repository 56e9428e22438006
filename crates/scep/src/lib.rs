//! The scep crate.
