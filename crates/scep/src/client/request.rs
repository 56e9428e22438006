use pki::cipher::Cipher;
use pki::cms::{EnvelopeFor, NewSignature, SignedContent, seal_envelope, sign};
use pki::der::{tag, write};
use pki::digest::Digest;
use pki::key::{KeyTransport, SignatureError};
use pki::{Certificate, Name, Random, Request, Time, oid};

use crate::caps::{Capability, Caps};
use crate::server::SigningKey;
use crate::{MessageType, message as common};

/// What a client asks.
#[derive(Debug, Clone, Copy)]
pub enum Ask<'a> {
    /// A first certificate.
    Enrol(&'a Request),
    /// A new certificate in place of the one that signs.
    Renew(&'a Request),
    /// What has become of a request.
    Poll {
        /// The CA.
        issuer: &'a Name,
        /// The requested subject.
        subject: &'a Name,
    },
    /// A certificate by its serial number.
    Certificate {
        /// Who issued it.
        issuer: &'a Name,
        /// Content octets.
        serial: &'a [u8],
    },
    /// The list on which a certificate would stand.
    Crl {
        /// Who issued it.
        issuer: &'a Name,
        /// Content octets.
        serial: &'a [u8],
    },
}

impl Ask<'_> {
    /// The messageType that says so.
    #[must_use]
    pub fn message_type(&self) -> MessageType {
        match self {
            Ask::Enrol(_) => MessageType::PkcsReq,
            Ask::Renew(_) => MessageType::RenewalReq,
            Ask::Poll { .. } => MessageType::CertPoll,
            Ask::Certificate { .. } => MessageType::GetCert,
            Ask::Crl { .. } => MessageType::GetCrl,
        }
    }

    fn content(&self) -> Vec<u8> {
        match self {
            Ask::Enrol(request) | Ask::Renew(request) => request.der().to_vec(),
            Ask::Poll { issuer, subject } => write::sequence(&[issuer.der(), subject.der()]),
            Ask::Certificate { issuer, serial } | Ask::Crl { issuer, serial } => {
                write::sequence(&[issuer.der(), &write::tlv(tag::INTEGER, serial)])
            }
        }
    }
}

/// The algorithms of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Algorithms {
    /// Over content and attributes.
    pub digest: Digest,
    /// Of the content.
    pub cipher: Cipher,
    /// Of the key.
    pub transport: KeyTransport,
}

impl Algorithms {
    /// AES-128 and SHA-256 where the service has them (RFC 8894 §3.5.2: take these even if more is possible), triple
    /// DES where it lists no AES, SHA-512 where it lists that and not SHA-256. This client never signs with SHA-1.
    #[must_use]
    pub fn by(caps: &Caps) -> Algorithms {
        let only_sha512 = caps.lists(Capability::Sha512) && !caps.has(Capability::Sha256);
        Algorithms {
            digest: if only_sha512 { Digest::Sha512 } else { Digest::Sha256 },
            cipher: if caps.has(Capability::Aes) { Cipher::Aes128 } else { Cipher::TripleDes },
            transport: KeyTransport::Pkcs1,
        }
    }
}

/// A message to be sent, and what to expect of its reply.
#[derive(Debug, Clone)]
pub struct Outgoing {
    /// The pkiMessage.
    pub der: Vec<u8>,
    /// Its transactionID.
    pub transaction_id: String,
    /// Its senderNonce.
    pub nonce: Vec<u8>,
}

/// Why a message could not be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// The service's certificate holds no RSA key of 2048 to 8192 bits.
    #[error("nothing can be encrypted to the service's certificate: it needs an RSA key of 2048 to 8192 bits")]
    Recipient,
    /// The own key failed.
    #[error("the message could not be signed: {0}")]
    Signature(#[from] SignatureError),
}

/// Makes a pkiMessage (RFC 8894 §3.3): encrypted to `to`, signed by `from`, with a fresh nonce. `now` becomes the
/// signing time.
pub fn message(
    ask: &Ask<'_>,
    transaction_id: &str,
    from: &SigningKey<'_>,
    to: &Certificate,
    algorithms: &Algorithms,
    now: Time,
    random: Random<'_>,
) -> Result<Outgoing, NotMade> {
    let recipient = EnvelopeFor::Key {
        issuer: to.issuer().der(),
        serial: to.serial(),
        key: to.public_key(),
        transport: algorithms.transport,
    };
    let envelope =
        seal_envelope(&ask.content(), algorithms.cipher, recipient, random).map_err(|_| NotMade::Recipient)?;
    let mut nonce = vec![0; 16];
    random(&mut nonce);
    let attributes = [
        (oid::SCEP_TRANSACTION_ID, write::tlv(tag::PRINTABLE_STRING, transaction_id.as_bytes())),
        (oid::SCEP_MESSAGE_TYPE, common::number_value(ask.message_type().number())),
        (oid::SCEP_SENDER_NONCE, write::octets(&nonce)),
    ];
    let new = NewSignature {
        certificate: from.certificate,
        key: from.key,
        digest: algorithms.digest,
        time: now,
        attributes: &attributes,
    };
    let der = sign(SignedContent::Present(&envelope), &new)?;
    Ok(Outgoing { der, transaction_id: transaction_id.to_owned(), nonce })
}
