//! The one place where this crate looks at the clock and draws random octets.
#![expect(clippy::disallowed_methods, reason = "this is the place")]

use pki::Time;

/// Now, by the system's clock.
pub(crate) fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    Time(since.map_or(0, |d| i64::try_from(d.as_secs()).unwrap_or(i64::MAX)))
}

/// Random octets from the crypto library's generator. If that fails there is nothing to fall back on.
pub(crate) fn random(out: &mut [u8]) {
    if aws_lc_rs::rand::fill(out).is_err() {
        std::process::abort();
    }
}
