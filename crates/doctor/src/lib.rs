//! The doctor: reads what a Windows NDES deployment leaves behind and says what is wrong with it.
//!
//! This crate does **not** open files, sockets or archives, start threads, read a clock or print: a shell feeds it octets
//! in chunks and hands it the present time. Evidence comes in through [`source`], becomes a list of typed [`fact`]s, and
//! checks read nothing but those facts.
//!
//! Evidence may be hostile, damaged or enormous. Every reader is bounded; what it repaired, could not read or left out is
//! itself part of the [`Evidence`].

mod case;
pub mod cause;
pub mod check;
mod collect;
mod diagnose;
pub mod fact;
mod finding;
pub mod forecast;
pub mod noise;
mod page;
pub mod report;
mod said;
pub mod source;
mod witness;

pub use case::Case;
pub use cause::{Cause, Language};
pub use collect::what_to_collect;
pub use diagnose::{Diagnosis, Verdict, diagnose};
pub use fact::{Evidence, Fact, Observed, Place};
pub use finding::{Certainty, Finding, Line, Missing, Outcome, Severity};
pub use page::page;
pub use witness::{Heard, Witness};
