//! The ground of the house: certificates, requests, revocation lists, CMS messages, names and keys, read tolerantly
//! and written as DER (RFC 5280, 5652, 2986).
//!
//! This crate does **not** judge: whether a certificate may be trusted is `chain`'s question, whether a request may be
//! granted is `ra`'s. It opens no file and no socket and reads no clock; the current time is always an argument. It
//! never uses the parsers of a crypto library, only its primitives.
//!
//! What comes from outside keeps its received octets, so that signatures are checked over what was signed and not over
//! a re-encoding. Every reader is bounded: first limits, then parsing.

pub mod certificate;
pub mod cipher;
pub mod cms;
pub mod crl;
pub mod der;
pub mod digest;
pub mod extension;
pub mod key;
pub mod name;
pub mod oid;
pub mod pem;
pub mod request;
pub mod time;

pub use certificate::Certificate;
pub use crl::Crl;
pub use der::DerError;
pub use name::Name;
pub use oid::Oid;
pub use request::Request;
pub use time::{Time, Validity};

/// A source of random octets, handed in by the caller: fills the whole slice.
///
/// Nonces, serial numbers, content-encryption keys and initialisation vectors come from here. The blinding and padding
/// inside RSA and ECDSA operations, and key generation, use the crypto library's own generator.
pub type Random<'a> = &'a mut dyn FnMut(&mut [u8]);
