//! Policy modules (what NDES calls VerifyRequest and Notify) and the registration point they may ask.
//!
//! A policy module is one trait with three verbs: `challenge` makes a challenge for a device, `verify` says before a
//! certificate is made whether the request is what the challenge was made for, `notify` says afterwards what came of
//! it. Three kinds ask somebody outside: a remote registration point over mutual TLS, a webhook with signed requests,
//! and a program. An answer that does not come, or cannot be read, is never a yes.
//!
//! What is verified here without asking anybody (static, one-time and sealed challenges) is [`ra::challenge`]'s.

mod ask;
mod certificate;
mod command;
mod deliver;
mod ends;
mod fault;
mod files;
mod in_process;
mod kind;
mod list;
mod listen;
mod point;
pub(crate) mod question;
pub(crate) mod rehearse;
mod remote;
mod server_fault;
mod tls;
mod told;
mod verbs;
mod verify;
mod words;

use std::pin::Pin;
use std::time::Duration;

pub use deliver::{deliver, deliveries};
pub use ends::ends;
pub use fault::{Fault, FaultFound};
pub use in_process::{Clock, InProcess, Shows};
pub use listen::serve;
pub use point::Point;
pub use server_fault::ServerFault;
pub use words::{
    Detail, Failure, NewChallenge, Notification, Outcome, Problem, Question, Reasons, Stated, Valid, Verdict, Wanted,
};

pub(crate) use ask::{Asked, ask};
pub(crate) use kind::modules;
pub(crate) use list::Place;
pub(crate) use remote::stays_here;
pub(crate) use told::{issued, pending, refused};

/// The path of the verb `challenge` at a registration point or webhook.
pub const CHALLENGE: &str = "/v1/challenge";
/// The path of the verb `verify`.
pub const VERIFY: &str = "/v1/verify";
/// The path of the verb `notify`.
pub const NOTIFY: &str = "/v1/notify";

/// An answer on its way.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = Result<T, NoAnswer>> + Send + 'a>>;

/// Somebody outside who has a say in who may have a certificate.
pub trait PolicyModule: Send + Sync {
    /// Makes a challenge for a device.
    fn challenge<'a>(&'a self, wanted: &'a Wanted) -> Answering<'a, NewChallenge>;
    /// Says whether a request is what its challenge was made for. Asking twice is no harm.
    fn verify<'a>(&'a self, question: &'a Question) -> Answering<'a, Verdict>;
    /// Is told what came of a request. The same may be told twice, under the same name.
    fn notify<'a>(&'a self, notification: &'a Notification) -> Answering<'a, ()>;
}

/// Why a policy module gave no answer that counts. None of it is a yes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAnswer {
    /// It could not be reached, or the connection broke.
    #[error("it cannot be reached: {0}")]
    Unreachable(String),
    /// Its certificate is not taken: what Windows would say, the code and the facts. Nothing was asked.
    #[error("its certificate is refused: {0}")]
    NotTaken(String),
    /// It took too long.
    #[error("it did not answer within {} s", .0.as_secs_f64())]
    TimedOut(Duration),
    /// It would not say: an HTTP status other than success, with what it says about that.
    #[error("it answers {status}: {says}")]
    Rejected {
        /// The HTTP status; of a program its exit status.
        status: i32,
        /// What it says.
        says: String,
    },
    /// What it says cannot be read.
    #[error("its answer cannot be read: {0}")]
    Unreadable(String),
    /// This service itself lacks what it needs to ask.
    #[error("it cannot be asked: {0}")]
    NotAsked(String),
}
