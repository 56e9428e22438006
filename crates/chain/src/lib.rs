//! Every fault of every certificate of a chain, in the words of Windows: CERT_TRUST bits, policy results and CAPI2
//! events (RFC 5280 §6, `CertGetCertificateChain`, `CertVerifyCertificateChainPolicy`).
//!
//! This crate does **not** fetch anything: certificates, revocation lists, OCSP answers and the time are arguments. It
//! opens no file and no socket and reads no clock. It does not stop at the first fault, and it does not decide what a
//! fault means for a service: it answers a [`Question`] with a [`Verdict`], and a [`policy`] turns that into one code.
//!
//! ```
//! # fn example(leaf: &pki::Certificate, sent: &[pki::Certificate], root: &pki::Certificate, now: pki::Time) {
//! let mut store = chain::Store::new();
//! store.trust(root);
//! let usages = [pki::oid::CLIENT_AUTH];
//! let question = chain::Question { additional: sent, usages: &usages, ..chain::Question::new(leaf, now) };
//! let verdict = chain::judge(&store, &question);
//! let status = chain::policy::Policy::SslClient(Default::default()).apply(&verdict.chain);
//! if status.result != 0 {
//!     println!("{}", chain::render::text(&verdict, Some(&status)));
//! }
//! # }
//! ```

mod build;
mod chain;
mod check;
mod facts;
mod fault;
mod judge;
mod legacy;
mod names;
pub mod ocsp;
pub mod policy;
mod question;
pub mod render;
mod revocation;
mod signature;
mod store;
pub mod trust;

pub use build::IssuerMatch;
pub use chain::{Chain, Element, UsageSet, Verdict};
pub use fault::{Fault, Kind};
pub use judge::{judge, judge_with};
pub use question::{
    Alternatives, Anchor, Budget, Initially, PolicyInputs, Question, Revocation, Rules, Strength, UsageMatch,
};
pub use revocation::{RevocationResult, RevocationSource, SourceKind};
pub use signature::SignatureCache;
pub use store::{LeafTrust, Store};
pub use trust::{ErrorStatus, InfoStatus};
