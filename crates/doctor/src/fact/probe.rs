//! What a live server answered. A shell does the asking; nothing is ever issued by it.

use pki::{Certificate, Time};

use super::code::Code;

/// One answer, or the lack of one.
#[derive(Debug, Clone, PartialEq)]
pub enum ProbeFact {
    /// `GetCACaps`.
    Capabilities {
        /// The address asked.
        url: String,
        /// HTTP status.
        status: u16,
        /// One capability per line, as sent.
        lines: Vec<String>,
    },
    /// `GetCACert`.
    CaCertificates {
        /// The address asked.
        url: String,
        /// HTTP status.
        status: u16,
        /// As sent.
        content_type: Option<String>,
        /// In the order sent.
        certificates: Vec<Certificate>,
    },
    /// The TLS handshake.
    Tls {
        /// Host and port.
        host: String,
        /// Protocol version agreed, as `TLSv1.2`.
        version: Option<String>,
        /// What the server presented, leaf first.
        chain: Vec<Certificate>,
        /// Why the client would refuse it, in its own words; none if it would not.
        fault: Option<String>,
    },
    /// A revocation list that a certificate of the chain points to.
    Crl {
        /// Its address.
        url: String,
        /// When it was issued.
        this_update: Option<Time>,
        /// When the next one is due.
        next_update: Option<Time>,
        /// Why it could not be had.
        fault: Option<String>,
    },
    /// Nothing was answered.
    Failed {
        /// What was asked.
        url: String,
        /// What went wrong, in the shell's words.
        why: String,
        /// HTTP status, if it got so far.
        status: Option<u16>,
        /// System error, if known.
        code: Option<Code>,
    },
}
