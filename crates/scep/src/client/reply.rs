use pki::cipher::Cipher;
use pki::cms::{Attributes, EnvelopedData, Recipient, SignedData, SignerInfo, open_password_recipient};
use pki::der::{Limits, normalise};
use pki::key::{Decrypt, KeyTransport, SignatureError};
use pki::{Certificate, Crl, DerError, Oid, oid};
use zeroize::Zeroizing;

use crate::server::Legacy;
use crate::{FailInfo, MessageType, PkiStatus, message};

/// Where NDES says which Windows error it was (szOID_ENROLL_SCEP_ERROR, 1.3.6.1.4.1.311.21.33): the HRESULT as signed
/// decimal text.
const MICROSOFT_ERROR: [u8; 9] = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 33];

/// What a reply must fit.
pub struct Expected<'a> {
    /// The transactionID sent.
    pub transaction_id: &'a str,
    /// The senderNonce sent.
    pub nonce: &'a [u8],
    /// The certificates of the service: the reply must be signed by one of them, or by one that a CA among them
    /// issued.
    pub authorities: &'a [Certificate],
    /// The certificate that signed the request; replies are encrypted to it.
    pub certificate: &'a Certificate,
    /// Its key.
    pub key: &'a dyn Decrypt,
    /// The challenge sent, under which replies to keys that only sign are encrypted.
    pub challenge: Option<&'a str>,
    /// Which old content encryption is read. A certificate is no secret, so [`Legacy::TripleDes`] does no harm.
    pub legacy: Legacy,
}

/// What a reply says.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Granted.
    Success {
        /// The certificates, in the order received.
        certificates: Vec<Certificate>,
        /// The revocation lists.
        crls: Vec<Crl>,
    },
    /// Ask again later.
    Pending,
    /// Refused.
    Failure {
        /// The number, if it is one of RFC 8894's.
        fail_info: Option<FailInfo>,
        /// failInfoText, for people.
        text: Option<String>,
        /// The Windows error as NDES states it, `-2147024809`.
        windows_error: Option<i32>,
    },
}

/// Why a reply is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReplyFlaw {
    /// It is not a CMS SignedData.
    #[error("the reply is no signed message: {0}")]
    Syntax(#[from] DerError),
    /// It has no signature or several.
    #[error("the reply does not have exactly one signature with signed attributes")]
    Signers,
    /// Its signer is not the service.
    #[error("the reply is not signed by the service whose certificates are held")]
    Stranger,
    /// Its signature is no good.
    #[error("the reply's signature: {0}")]
    Signature(#[from] SignatureError),
    /// It answers another transaction.
    #[error("the reply belongs to another transaction")]
    Transaction,
    /// It answers another message.
    #[error("the reply's recipientNonce is not the nonce that was sent")]
    Nonce,
    /// An attribute is missing, repeated or has no meaning.
    #[error("the reply's {0} is missing or has no meaning")]
    Attribute(&'static str),
    /// A SUCCESS without content.
    #[error("the reply says success and holds nothing")]
    NoContent,
    /// Its envelope is not addressed to the key that asked.
    #[error("the reply's envelope is not addressed to this client")]
    Recipient,
    /// Its algorithms are not supported or not allowed.
    #[error("the reply is encrypted with an algorithm that is not supported or not allowed")]
    Algorithm,
    /// Its envelope could not be opened.
    #[error("the reply's envelope could not be opened")]
    NotOpened,
}

/// Opens a CertRep (RFC 8894 §3.3.2): the signature, the transaction and the nonce must fit before anything else is
/// looked at. Takes every shape that servers send: BER, no certificates (NDES), OAEP, zero octets or one of content
/// with FAILURE, failInfo missing.
pub fn open_reply(reply: &[u8], expected: &Expected<'_>) -> Result<Answer, ReplyFlaw> {
    let normalised = normalise(reply, Limits::default())?;
    let signed = SignedData::parse(&normalised)?;
    let [info] = signed.signers.as_slice() else { return Err(ReplyFlaw::Signers) };
    let attributes = info.attributes.as_ref().ok_or(ReplyFlaw::Signers)?;
    if signed.content_type != oid::CMS_DATA {
        return Err(ReplyFlaw::Attribute("content type"));
    }
    let signer = signer(&signed, info, expected.authorities)?;
    info.verify(signed.content.unwrap_or_default(), signer.public_key())?;
    check_attributes(attributes, expected)?;
    let status = message::number(attributes, &oid::SCEP_PKI_STATUS).and_then(PkiStatus::from_number);
    match status.ok_or(ReplyFlaw::Attribute("pkiStatus"))? {
        PkiStatus::Pending => Ok(Answer::Pending),
        PkiStatus::Failure => Ok(failure(attributes)),
        PkiStatus::Success => {
            let content = signed.content.filter(|c| c.len() > 1).ok_or(ReplyFlaw::NoContent)?;
            success(content, expected)
        }
    }
}

/// A certificate that is held, or one in the reply that a CA held has issued.
fn signer(signed: &SignedData<'_>, info: &SignerInfo<'_>, held: &[Certificate]) -> Result<Certificate, ReplyFlaw> {
    if let Some(known) = held.iter().find(|certificate| info.id.names(certificate)) {
        return Ok(known.clone());
    }
    let issued_by_held = |candidate: &Certificate| {
        held.iter().any(|ca| {
            ca.is_ca()
                && candidate.issuer().matches(ca.subject())
                && candidate.verify_signature(ca.public_key()).is_ok()
        })
    };
    // A device's certificate of the same CA must not speak for the service.
    let may_answer = |candidate: &Certificate| {
        candidate.is_ca() || candidate.extended_key_usage().is_some_and(|usages| usages.contains(&oid::REQUEST_AGENT))
    };
    let named = info.named_among(&signed.certificates);
    named.into_iter().find(|c| may_answer(c) && issued_by_held(c)).ok_or(ReplyFlaw::Stranger)
}

fn check_attributes(attributes: &Attributes<'_>, expected: &Expected<'_>) -> Result<(), ReplyFlaw> {
    if message::number(attributes, &oid::SCEP_MESSAGE_TYPE) != Some(MessageType::CertRep.number()) {
        return Err(ReplyFlaw::Attribute("messageType"));
    }
    let transaction = attributes.single(&oid::SCEP_TRANSACTION_ID).and_then(message::transaction);
    if transaction.as_deref() != Some(expected.transaction_id) {
        return Err(ReplyFlaw::Transaction);
    }
    if message::nonce(attributes, &oid::SCEP_RECIPIENT_NONCE) != Some(expected.nonce) {
        return Err(ReplyFlaw::Nonce);
    }
    Ok(())
}

fn failure(attributes: &Attributes<'_>) -> Answer {
    let text = |id: &Oid| attributes.single(id).and_then(|value| value.text());
    Answer::Failure {
        fail_info: message::number(attributes, &oid::SCEP_FAIL_INFO).and_then(FailInfo::from_number),
        text: text(&oid::SCEP_FAIL_INFO_TEXT),
        windows_error: text(&Oid::from_content(&MICROSOFT_ERROR)).and_then(|t| t.trim().parse().ok()),
    }
}

fn success(content: &[u8], expected: &Expected<'_>) -> Result<Answer, ReplyFlaw> {
    let content = normalise(content, Limits::default())?;
    let envelope = EnvelopedData::parse(&content)?;
    let cipher = Cipher::from_oid(&envelope.cipher).ok_or(ReplyFlaw::Algorithm)?;
    let allowed = match cipher {
        Cipher::Des => expected.legacy >= Legacy::SingleDes,
        Cipher::TripleDes => expected.legacy >= Legacy::TripleDes,
        _ => true,
    };
    if !allowed {
        return Err(ReplyFlaw::Algorithm);
    }
    let key = content_key(&envelope, expected)?;
    let plain = cipher.decrypt(&key, &envelope.iv, &envelope.encrypted).map_err(|_| ReplyFlaw::NotOpened)?;
    let plain = normalise(&plain, Limits::default())?;
    let bag = SignedData::parse(&plain)?;
    let certificates = bag.certificates.iter().map(|der| Certificate::parse(der)).collect::<Result<_, _>>()?;
    let crls = bag.crls.iter().map(|der| Crl::parse(der)).collect::<Result<_, _>>()?;
    Ok(Answer::Success { certificates, crls })
}

/// The key from the recipientInfo that names this client, or from the only one there is, or from the password.
fn content_key(envelope: &EnvelopedData<'_>, expected: &Expected<'_>) -> Result<Zeroizing<Vec<u8>>, ReplyFlaw> {
    let mut ours = None;
    for recipient in &envelope.recipients {
        match recipient {
            Recipient::KeyTransport { id, algorithm, encrypted_key } => {
                let named = id.names(expected.certificate);
                if named || (ours.is_none() && envelope.recipients.len() == 1) {
                    ours = Some((*algorithm, *encrypted_key));
                }
            }
            Recipient::Password { derivation: Some(derivation), algorithm, encrypted_key } => {
                let challenge = expected.challenge.ok_or(ReplyFlaw::Recipient)?;
                return open_password_recipient(derivation, algorithm, encrypted_key, challenge.as_bytes())
                    .map_err(|_| ReplyFlaw::NotOpened);
            }
            _ => {}
        }
    }
    let (algorithm, encrypted_key) = ours.ok_or(ReplyFlaw::Recipient)?;
    let transport = KeyTransport::parse(algorithm).ok_or(ReplyFlaw::Algorithm)?;
    expected.key.decrypt(transport, encrypted_key).map_err(|_| ReplyFlaw::NotOpened)
}
