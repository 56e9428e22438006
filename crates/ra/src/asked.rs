use pki::digest::Digest;
use pki::{Certificate, Request};

/// A request for a certificate whose message signature and proof of possession have been verified.
#[derive(Debug, Clone, Copy)]
pub struct Enrolment<'a> {
    /// The name of the endpoint it came in by.
    pub endpoint: &'a str,
    /// The transactionID.
    pub transaction: &'a str,
    /// What is asked for.
    pub request: &'a Request,
    /// The certificate whose key signed the message.
    pub signer: &'a Certificate,
    /// Whether the message says that it is a renewal.
    pub stated: Stated,
    /// The digest the message is signed over.
    pub digest: Digest,
    /// Whether a certificate could be sent back.
    pub delivery: Delivery,
}

/// What a message says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stated {
    /// An enrolment. If a certificate of this CA signed it, it is a renewal all the same.
    Enrolment,
    /// A renewal.
    Renewal,
}

/// Whether a reply with a certificate can reach the requester.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// It can, encrypted to the signer's key.
    Possible,
    /// It can now, encrypted under the challenge; not later, because no challenge is kept.
    OnlyNow,
    /// It can not, for this reason; nothing must be issued then.
    Impossible(&'static str),
}

/// A question about an earlier request.
#[derive(Debug, Clone, Copy)]
pub struct Poll<'a> {
    /// The name of the endpoint.
    pub endpoint: &'a str,
    /// The transactionID of the request.
    pub transaction: &'a str,
    /// The certificate whose key signed the question.
    pub signer: &'a Certificate,
    /// Whether a certificate could be sent back.
    pub delivery: Delivery,
}
