//! The engine on the suites of others. The figures go into `docs/reference/conformance-chain.md`.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub)]
#![allow(clippy::disallowed_methods, reason = "a test reads its files and a clock")]

mod bettertls;
mod boringssl;
mod boringssl_reasons;
mod figures;
mod go;
mod limbo;
mod limbo_reasons;
mod pkits;
mod revocation;
mod support;
mod tolerance;
