//! What the tests of this crate have in common: fixtures, a clock that stands and randomness.
#![allow(dead_code, reason = "each test binary uses a part")]
#![allow(clippy::disallowed_methods, reason = "these tests read fixtures")]

use std::sync::atomic::{AtomicU64, Ordering};

use pki::Time;

pub(crate) fn fixture_path(name: &str) -> String {
    format!("{}/../../fixtures/corpus/{name}", env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(fixture_path(name)).expect(name)
}

pub(crate) fn ndes(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/ndes-scep/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

pub(crate) fn now() -> Time {
    Time::parse_rfc3339("2026-11-24T12:00:00Z").expect("time")
}

/// A source of octets that never gives the same ones twice (xorshift, another seed at each call).
pub(crate) fn random() -> impl FnMut(&mut [u8]) {
    static SEED: AtomicU64 = AtomicU64::new(0x2545_f491_4f6c_dd1d);
    let mut state = SEED.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
    move |out: &mut [u8]| {
        for octet in out {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *octet = state as u8;
        }
    }
}

pub(crate) mod craft;
pub(crate) mod parties;
