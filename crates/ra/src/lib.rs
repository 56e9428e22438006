//! The registration authority's decisions: who may have which certificate (RFC 8894 §2.3–2.5, §7.3).
//!
//! This crate does **not** issue: it holds no key of a CA and knows no certificate profile but by its name. It knows no
//! protocol either: SCEP is one way in, and what came in stands here as an [`Enrolment`] or a [`Poll`]. It opens no
//! socket and no store and reads no clock: facts come as a [`Case`], the decision goes out as a value.
//!
//! * [`Enrolment`], [`Poll`]: what is asked;
//! * [`Case`]: what the store knows about it, read at once;
//! * [`challenge`] and [`sealed`]: whether a challenge is good, and for what: a [`Verification`];
//! * [`Policy`]: what an endpoint allows;
//! * [`settled`]: whether there is an answer already, so that nobody need be asked;
//! * [`decide`], [`decide_poll`]: the [`Decision`], with every [`Reason`]. Only they make a [`Grant`].

mod asked;
mod case;
pub mod challenge;
mod decide;
mod decision;
mod policy;
mod reason;
mod renewal;
pub mod sealed;

pub use asked::{Delivery, Enrolment, Poll, Stated};
pub use case::{Approver, Case, CaseId, ChallengeRecord, Held, Known, Revocation, Spent, Standing, State};
pub use challenge::{ChallengeKey, Verification, Vouched};
pub use decide::{decide, decide_poll, requested_names, settled};
pub use decision::{Authority, Decision, Denial, Grant, Outcome, Pend, Settled, Spend, Stored};
pub use policy::{Approval, ChallengeKind, KeyReuse, Policy, Renewal};
pub use reason::{Reason, Refusal};
