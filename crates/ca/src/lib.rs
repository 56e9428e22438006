//! What a granted request becomes: a certificate, its revocation, and the authorities that sign both (RFC 5280).
//!
//! This crate does **not** decide who may have a certificate and knows no challenge; that is `ra`'s question. It holds
//! no key: whoever calls lends one for a signature. It stores nothing, and it reads no clock and no randomness of its
//! own: the time and the serial number are arguments.
//!
//! A certificate is made in two steps, so that what is to be signed can be stored before the key is used:
//!
//! * [`prepare`] fills a [`Profile`] from an [`Order`], collects every [`Flaw`], and reads the finished octets again
//!   with every lint of [`lint`];
//! * [`sign`] takes the [`Prepared`] away, signs it with the issuer's key and with no other, and checks the signature.
//!
//! After a crash between the two, [`Prepared::resume`] makes the stored octets ready to be signed.

pub mod authority;
pub mod code;
mod issuer;
pub mod keys;
pub mod lint;
pub mod names;
pub mod order;
mod prepare;
mod prepared;
pub mod profile;
mod revoke;
pub mod rotation;
pub mod serial;
pub mod sid;
mod sign;
pub mod subject;
mod tbs;
pub mod template;
pub mod usage;

pub use code::{Code, Flaw};
pub use keys::{Curve, KeyLimits};
pub use names::{NameKind, NamesRule};
pub use order::Order;
pub use prepare::prepare;
pub use prepared::Prepared;
pub use profile::{Outlive, Profile};
pub use revoke::{RevokedEntry, crl, crl_due};
pub use serial::Serial;
pub use sid::{Sid, SidForms};
pub use sign::{SignFailed, sign};
pub use subject::{SubjectPattern, SubjectRule};
pub use template::Template;
pub use usage::KeyUsageRule;
