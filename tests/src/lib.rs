//! What the tests of the whole house share with the fuzzers in `fuzz/`: the [`doors`] through which octets from outside
//! come in, and what must hold behind each of them whatever the octets are.
//!
//! This crate is **not** part of the program and nothing in the program depends on it. The tests themselves are one
//! binary, `tests/all`; run them with `cargo test -p tests`.

pub mod doors;
