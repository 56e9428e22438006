//! Reading and writing tag-length-value structures (X.690).
//!
//! The [`Reader`] takes definite lengths only and keeps raw octets; BER's other forms are rewritten once, at the door,
//! by [`normalise`]. Lengths need not be minimal: an odd encoding is a finding for others to report, not a reason to
//! read nothing.

mod normalise;
mod reader;
pub mod write;

pub(crate) use normalise::join_fragments;
pub use normalise::{Limits, normalise};
pub use reader::{Reader, Tlv};

/// Why a structure could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DerError {
    /// The input ends inside an element.
    #[error("the input ends inside an element")]
    Truncated,
    /// A length is indefinite where that is not allowed, or too long to be meant.
    #[error("a length cannot be read")]
    Length,
    /// Another tag stands where this one was expected.
    #[error("expected {what}, found tag {found:#04x}")]
    Unexpected {
        /// What was expected, in the words of the specification.
        what: &'static str,
        /// The first identifier octet found, 0 at the end of the input.
        found: u8,
    },
    /// Octets follow the end of the structure.
    #[error("octets follow the end of {0}")]
    Trailing(&'static str),
    /// Nested deeper than allowed.
    #[error("nested deeper than allowed")]
    TooDeep,
    /// Longer than allowed.
    #[error("longer than allowed")]
    TooLarge,
    /// The element is well-formed but its content makes no sense as what it should be.
    #[error("{0} has a content that cannot be read")]
    Value(&'static str),
}

/// Identifier octets (class, constructed bit and number in one octet), X.690 §8.1.2.
pub mod tag {
    #![expect(missing_docs, reason = "the names are those of X.680")]
    pub const BOOLEAN: u8 = 0x01;
    pub const INTEGER: u8 = 0x02;
    pub const BIT_STRING: u8 = 0x03;
    pub const OCTET_STRING: u8 = 0x04;
    pub const NULL: u8 = 0x05;
    pub const OID: u8 = 0x06;
    pub const ENUMERATED: u8 = 0x0a;
    pub const UTF8_STRING: u8 = 0x0c;
    pub const NUMERIC_STRING: u8 = 0x12;
    pub const PRINTABLE_STRING: u8 = 0x13;
    pub const TELETEX_STRING: u8 = 0x14;
    pub const IA5_STRING: u8 = 0x16;
    pub const UTC_TIME: u8 = 0x17;
    pub const GENERALIZED_TIME: u8 = 0x18;
    pub const VISIBLE_STRING: u8 = 0x1a;
    pub const UNIVERSAL_STRING: u8 = 0x1c;
    pub const BMP_STRING: u8 = 0x1e;
    pub const SEQUENCE: u8 = 0x30;
    pub const SET: u8 = 0x31;
    pub const CONSTRUCTED: u8 = 0x20;

    /// Context tag `[number]`, primitive.
    #[must_use]
    pub const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// Context tag `[number]`, constructed.
    #[must_use]
    pub const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}
