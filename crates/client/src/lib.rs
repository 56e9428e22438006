//! The device: it enrols, renews and polls over HTTP, against any SCEP server (RFC 8894).
//!
//! This crate does **not** choose: which server, which subject, which challenge, how long to wait are its caller's
//! words. It prints nothing and logs nothing; what happens on the way is told to a callback. It speaks plain HTTP:
//! SCEP protects its own messages (RFC 8894 §7.10).
//!
//! * [`Session`]: a server that has been asked what it can do and whose certificates have been verified;
//! * [`Application`]: one request for one certificate, with the key it is for;
//! * [`Identity`]: a key with its certificate, from PEM or PKCS#12;
//! * [`Folder`]: where a device keeps both, so that a crash loses neither;
//! * [`follow_next_ca`]: the CA that will issue next, learnt in time;
//! * [`enrol`], [`renew`] and [`poll`]: all of it together.

mod application;
mod authority;
mod device;
mod error;
mod exchange;
mod folder;
mod identity;
mod session;
mod successor;
mod transport;
mod world;

pub use application::{Application, Wish};
pub use authority::{NotAPin, Pin};
pub use device::{Obtained, enrol, poll, renew};
pub use error::ClientError;
pub use exchange::{Outcome, Patience, Progress, Refusal};
pub use folder::Folder;
pub use identity::{Identity, NotAnIdentity};
pub use session::{Options, Session};
pub use successor::follow_next_ca;
