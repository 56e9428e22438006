use scep::ca_certs::CaCertsFlaw;
use scep::client::{NotMade, ReplyFlaw};

/// Why something did not work, other than the server saying no.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The address cannot be used.
    #[error("{0} is not an http:// address")]
    Address(String),
    /// The server could not be reached, or hung up.
    #[error("{what} failed: {cause}")]
    Unreachable {
        /// What was asked.
        what: &'static str,
        /// Why it failed.
        cause: String,
    },
    /// The server did not answer in time.
    #[error("{0}: no answer in time")]
    TimedOut(&'static str),
    /// The answer is longer than allowed.
    #[error("{0}: the answer is too long")]
    TooLong(&'static str),
    /// The server answered with another HTTP status than 200.
    #[error("{what}: HTTP status {status}: {text}")]
    Status {
        /// What was asked.
        what: &'static str,
        /// The status.
        status: u16,
        /// The start of the body, if it is text.
        text: String,
    },
    /// The certificates of the server cannot be used.
    #[error("the certificates of the server: {0}")]
    CaCerts(#[from] CaCertsFlaw),
    /// The certificates of the server do not lead to a CA among them.
    #[error("the certificate {0} of the server was not issued by a CA certificate it sent")]
    Unchained(String),
    /// None of the certificates has the fingerprint expected.
    #[error("none of the server's certificates has the expected fingerprint; they have {0}")]
    Fingerprint(String),
    /// A message could not be made.
    #[error(transparent)]
    NotMade(#[from] NotMade),
    /// A key or certificate could not be made.
    #[error("a signature could not be made: {0}")]
    Signature(#[from] pki::key::SignatureError),
    /// A key could not be generated.
    #[error("the key could not be generated")]
    Key,
    /// A reply is not believed.
    #[error("{0}")]
    Reply(#[from] ReplyFlaw),
    /// The certificate that came is not the one asked for.
    #[error("the issued certificate is no good: {0}")]
    Issued(&'static str),
    /// The CA that is announced as the next one cannot be.
    #[error("the next CA that is announced is no good: {0}")]
    NextCa(&'static str),
    /// The CA that announces is none of those whose succession is kept.
    #[error("{path} holds the succession of another CA than {current}, and was left as it is")]
    OtherSuccession {
        /// The file.
        path: String,
        /// The CA that issues now.
        current: String,
    },
    /// The server does not offer this.
    #[error("the server does not offer {0}")]
    NotOffered(&'static str),
    /// A file could not be read or written.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// A file does not hold what it should.
    #[error("{path} does not hold {what}")]
    Content {
        /// The file.
        path: String,
        /// What should be there.
        what: &'static str,
    },
    /// There is nothing to renew or to poll for.
    #[error("{0}")]
    Nothing(&'static str),
}
