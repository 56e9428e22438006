use pki::cipher::Cipher;
use pki::digest::Digest;
use pki::key::{KeyTransport, SignatureAlgorithm};
use pki::{Certificate, Name, Request};

use super::{Answerable, Reply, Weak};
use crate::{Code, FailInfo, MessageType};

/// What became of a message.
#[derive(Debug)]
pub enum Opening {
    /// It is a request with a good signature and a content that fits.
    Opened(Box<Opened>),
    /// It is refused, and a signed FAILURE must say so.
    Flawed(Box<Flawed>),
    /// It is nothing a CertRep could answer; HTTP says so.
    Unreadable(Unreadable),
}

/// A message that cannot be answered with a CertRep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The stable reason.
    pub code: Code,
    /// For the operator; never for the client.
    pub detail: String,
}

/// A message that is answered with FAILURE: send `code.fail_info()` sealed to `to`.
#[derive(Debug)]
pub struct Flawed {
    /// The stable reason; its text may go to the client.
    pub code: Code,
    /// For the operator; never for the client.
    pub detail: String,
    /// The transactionID.
    pub transaction_id: String,
    /// The messageType, if it is one that a client sends.
    pub message_type: Option<MessageType>,
    /// The signer's certificate, if there is one. Whether its key really signed is known only if the code belongs to
    /// the envelope (`envelope.…`).
    pub signer: Option<Certificate>,
    /// What [`super::seal`] needs.
    pub to: Answerable,
}

impl Flawed {
    /// The FAILURE that goes back, with the code as its text.
    #[must_use]
    pub fn reply(&self) -> Reply<'static> {
        Reply::Failure {
            fail_info: self.code.fail_info().unwrap_or(FailInfo::BadRequest),
            text: Some(self.code.text()),
        }
    }
}

/// A request whose signature is good and whose envelope was opened. Nothing is said about whether the signer may have
/// anything: that is decided elsewhere.
#[derive(Debug)]
pub struct Opened {
    /// What is asked.
    pub message_type: MessageType,
    /// The transactionID, 1 to 255 printable ASCII characters.
    pub transaction_id: String,
    /// The client's nonce, 1 to 256 octets.
    pub sender_nonce: Vec<u8>,
    /// The certificate whose key signed the message. Nobody has vouched for it yet.
    pub signer: Certificate,
    /// What can be said of that certificate by looking at it.
    pub signer_kind: SignerKind,
    /// The question.
    pub content: Content,
    /// How the message was protected.
    pub used: Used,
    /// SHA-256 over the message as received: its name in a replay ledger.
    pub digest: [u8; 32],
    /// What [`super::seal`] needs, and whether a certificate could be delivered at all
    /// ([`Answerable::delivery`]). Look before issuing.
    pub to: Answerable,
}

/// What a signer's certificate looks like. Not verified: a self-issued one vouches for nothing, an issued one only
/// once its chain has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignerKind {
    /// Subject and issuer are the same name, and the key is the one in the request: a first enrolment.
    SelfIssuedSameKey,
    /// Subject and issuer are the same name; the key is not the requested one or nothing is requested.
    SelfIssued,
    /// Someone else issued it.
    Issued,
}

/// The content of the envelope.
#[derive(Debug)]
pub enum Content {
    /// Enrolment (or renewal by an old client). The request's signature has been verified.
    PkcsReq(Request),
    /// Renewal. The request's signature has been verified.
    RenewalReq(Request),
    /// A question about a pending request (IssuerAndSubject, RFC 8894 §3.3.3).
    CertPoll {
        /// The CA.
        issuer: Name,
        /// The requested subject.
        subject: Name,
    },
    /// A request for a certificate (IssuerAndSerialNumber, RFC 8894 §3.3.4).
    GetCert {
        /// Who issued it.
        issuer: Name,
        /// Its serial number, content octets as received.
        serial: Vec<u8>,
    },
    /// A request for the list on which a certificate would stand.
    GetCrl {
        /// Who issued it.
        issuer: Name,
        /// Its serial number, content octets as received.
        serial: Vec<u8>,
    },
}

impl Content {
    /// The certification request, if that is what it is.
    #[must_use]
    pub fn request(&self) -> Option<&Request> {
        match self {
            Content::PkcsReq(request) | Content::RenewalReq(request) => Some(request),
            Content::CertPoll { .. } | Content::GetCert { .. } | Content::GetCrl { .. } => None,
        }
    }
}

/// How a message was protected.
#[derive(Debug, Clone)]
pub struct Used {
    /// Digest over content and attributes.
    pub digest: Digest,
    /// Signature algorithm.
    pub signature: SignatureAlgorithm,
    /// Content encryption.
    pub cipher: Cipher,
    /// Key transport.
    pub transport: KeyTransport,
    /// Which of [`super::RaKeys::decryption`] opened it: an index. Not 0 says that the client holds an old certificate.
    pub key: usize,
    /// What of it is weak.
    pub weak: Vec<Weak>,
}
