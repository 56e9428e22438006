use pki::cipher::Cipher;
use pki::digest::Digest;
use pki::key::{KeyTransport, PublicKey, SignatureError};
use pki::{Certificate, Crl};
use zeroize::Zeroizing;

use crate::FailInfo;

/// What a reply says.
#[derive(Debug, Clone, Copy)]
pub enum Reply<'a> {
    /// The answer: certificates, the asked-for one first, and for GetCRL a list.
    Success {
        /// The leaf, then whatever the endpoint adds.
        certificates: &'a [Certificate],
        /// The revocation list, for GetCRL.
        crl: Option<&'a Crl>,
    },
    /// Ask again later.
    Pending,
    /// No.
    Failure {
        /// Why, for machines.
        fail_info: FailInfo,
        /// Why, for people: a stable code, perhaps a sentence. Sent only where [`Shape::fail_text`] says so.
        text: Option<&'a str>,
    },
}

/// Choices in a reply that clients disagree about; one set per endpoint. The default is what every client tried takes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shape {
    /// The content of FAILURE and PENDING.
    pub empty_content: EmptyContent,
    /// Whether failInfoText is sent.
    pub fail_text: FailText,
}

/// The signed content of a reply without an envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmptyContent {
    /// Present, with no octets: certmonger verifies nothing else.
    #[default]
    ZeroOctets,
    /// Absent, as RFC 8894 §3.3.2.2 has it.
    Absent,
}

/// Whether failInfoText is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FailText {
    /// It is.
    #[default]
    Send,
    /// It is not: XiPKI's client fails on it.
    Omit,
}

/// How the content of a SUCCESS reaches the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Encrypted to the RSA key that signed the request (RFC 8894 §2.3).
    KeyTransport,
    /// Encrypted under the challengePassword of the request, because the signer's key only signs (RFC 8894 §3.1).
    Password,
    /// Not at all. Only FAILURE and PENDING can be sealed; do not issue.
    Impossible(Undeliverable),
}

/// Why a SUCCESS could not be delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Undeliverable {
    /// The key only signs, and the message carries no challenge to encrypt under.
    NoChallenge,
    /// The RSA key is below 2048 or above 8192 bits.
    KeySize,
    /// The message was not opened.
    NotOpened,
}

/// Everything about a message that its reply needs.
pub struct Answerable {
    /// The transactionID attribute value, a whole element as received.
    pub(crate) transaction: Vec<u8>,
    /// What becomes the recipientNonce; empty if there was none.
    pub(crate) nonce: Vec<u8>,
    pub(crate) digest: Digest,
    pub(crate) cipher: Cipher,
    pub(crate) delivery: Addressee,
}

/// Whom an envelope is encrypted to.
pub(crate) enum Addressee {
    Key { issuer: Vec<u8>, serial: Vec<u8>, key: PublicKey, transport: KeyTransport },
    Password(Zeroizing<Vec<u8>>),
    Nobody(Undeliverable),
}

impl Answerable {
    /// How a SUCCESS would be delivered.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        match &self.delivery {
            Addressee::Key { .. } => Delivery::KeyTransport,
            Addressee::Password(_) => Delivery::Password,
            Addressee::Nobody(why) => Delivery::Impossible(*why),
        }
    }
}

impl std::fmt::Debug for Answerable {
    // A challenge may be in there.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Answerable({:?})", self.delivery())
    }
}

/// Why a reply could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The content could not be delivered; [`Answerable::delivery`] says so beforehand.
    #[error("the reply cannot be encrypted to this client")]
    Undeliverable(Undeliverable),
    /// The client's key looked good but could not be used.
    #[error("the client's key cannot be encrypted to")]
    ClientKey,
    /// The signing key failed.
    #[error("the reply could not be signed: {0}")]
    Signature(#[from] SignatureError),
}
