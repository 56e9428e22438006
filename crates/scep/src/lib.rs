//! The Simple Certificate Enrolment Protocol, both sides (RFC 8894): bytes to words and words to bytes.
//!
//! This crate does **not** decide: whether a requester may have a certificate is `ra`'s question, and what the
//! certificate says is `ca`'s. It knows no socket, file, clock or store; the current time, randomness and keys are
//! arguments. What it says about a message is what can be known from the message and the keys alone.
//!
//! * [`http`]: which operation a request line and body ask for;
//! * [`server`]: open a pkiMessage, seal a CertRep;
//! * [`client`]: make a pkiMessage, open a CertRep;
//! * [`caps`] and [`ca_certs`]: what GetCACaps, GetCACert and GetNextCACert say, written and read.

pub mod ca_certs;
pub mod caps;
pub mod client;
pub mod code;
pub mod http;
mod message;
pub mod server;
mod words;

pub use code::Code;
pub use words::{FailInfo, MessageType, PkiStatus};
