//! The tests of the whole house, in one binary.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "tests read files, look at the clock, start programs and say what they did"
)]

mod architecture;
mod fuzz_smoke;
mod reference;
