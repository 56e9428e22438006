//! Where BoringSSL's baselines and we disagree, and why.

pub const DISAGREEMENTS: &[(&str, &str)] = &[];
