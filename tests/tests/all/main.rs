//! The tests of the whole house, in one binary.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    clippy::disallowed_types,
    reason = "tests read files, look at the clock, start programs, open sockets and say what they did"
)]

mod architecture;
mod canary;
mod crash;
mod fuzz_smoke;
mod harness;
mod hostile;
mod interop;
mod pair;
mod parties;
mod reference;
mod registration;
mod rfc8894;
mod rollover;
mod rotation;
