use pki::cipher::Cipher;
use pki::cms::{SignedData, SignerInfo};
use pki::der::normalise;
use pki::digest::{Digest, sha256};
use pki::key::{KeyKind, SignatureAlgorithm};
use pki::{Certificate, DerError, Random, Request, oid};
use zeroize::Zeroizing;

use super::answer::Addressee;
use super::content::Work;
use super::envelope::{self, OpenedEnvelope};
use super::signer::{self, Flaw};
use super::{Accept, Answerable, Content, Flawed, Opened, Opening, RaKeys, SignerKind, Undeliverable, Unreadable};
use super::{Used, Weak, content};
use crate::{Code, MessageType, message};

/// Opens a pkiMessage: signature first, then the envelope, then what is in it.
///
/// `random` gives the key that takes the place of one that could not be decrypted. One private key operation and two
/// verifications at most, whatever the message is.
pub fn open(message: &[u8], keys: &RaKeys<'_>, accept: &Accept, random: Random<'_>) -> Opening {
    let unreadable = |code, detail: String| Opening::Unreadable(Unreadable { code, detail });
    let normalised = match normalise(message, accept.limits) {
        Ok(normalised) => normalised,
        Err(e @ (DerError::TooLarge | DerError::TooDeep)) => return unreadable(Code::MessageSize, e.to_string()),
        Err(e) => return unreadable(Code::MessageSyntax, e.to_string()),
    };
    let signed = match SignedData::parse(&normalised) {
        Ok(signed) => signed,
        Err(e) => return unreadable(Code::MessageSyntax, e.to_string()),
    };
    let [info] = signed.signers.as_slice() else {
        return unreadable(Code::MessageSigners, format!("{} SignerInfos", signed.signers.len()));
    };
    let mut draft = match Draft::new(info) {
        Ok(draft) => draft,
        Err((code, detail)) => return unreadable(code, detail),
    };
    match draft.steps(&signed, info, (keys, accept), random) {
        Ok(verified) => Opening::Opened(Box::new(draft.opened(verified, message))),
        Err((code, detail)) => Opening::Flawed(Box::new(draft.flawed(code, detail))),
    }
}

/// What is known of a message so far; enough to answer it from the start.
struct Draft {
    transaction: Vec<u8>,
    transaction_id: String,
    nonce: Vec<u8>,
    message_type: Option<MessageType>,
    digest: Option<Digest>,
    cipher: Option<Cipher>,
    signer: Option<Certificate>,
}

/// What is known at the end.
struct Verified {
    message_type: MessageType,
    digest: Digest,
    signature: SignatureAlgorithm,
    signer: Certificate,
    envelope: OpenedEnvelope,
    content: Content,
}

impl Draft {
    fn new(info: &SignerInfo<'_>) -> Result<Draft, Flaw> {
        let attributes =
            info.attributes.as_ref().ok_or((Code::MessageAttributes, "no signed attributes".to_owned()))?;
        let value = attributes
            .single(&oid::SCEP_TRANSACTION_ID)
            .and_then(|value| Some((value.raw.to_vec(), message::transaction(value)?)));
        let (transaction, transaction_id) =
            value.ok_or((Code::MessageTransaction, "no single usable transactionID".to_owned()))?;
        Ok(Draft {
            transaction,
            transaction_id,
            nonce: Vec::new(),
            message_type: None,
            digest: None,
            cipher: None,
            signer: None,
        })
    }

    /// The steps in their order. What they find is kept, so that a refusal can be answered in the client's algorithms.
    fn steps(
        &mut self,
        signed: &SignedData<'_>,
        info: &SignerInfo<'_>,
        (keys, accept): (&RaKeys<'_>, &Accept),
        random: Random<'_>,
    ) -> Result<Verified, Flaw> {
        let digest = self.attributes(signed, info, accept)?;
        let message_type = self.message_type(info)?;
        let signer = signer::certificate(signed, info)?;
        self.signer = Some(signer.clone());
        signer::key_allowed(signer.public_key().kind(), accept).map_err(|detail| (Code::SignerKey, detail))?;
        let signature = signer::verify(info, signed.content.unwrap_or_default(), &signer)?;

        let envelope = envelope::open(signed.content, keys, accept, random)?;
        self.cipher = Some(envelope.cipher);
        let content = match &envelope.plain {
            Some(plain) => content::read(message_type, plain, accept),
            None => Err("the content-encryption key or the content could not be decrypted".to_owned().into()),
        };
        let content = content.map_err(|not_read| {
            if not_read.work == Work::Spared {
                // A request that is read is also verified; the same work is done for one that is not.
                let _same_work = info.verify(signed.content.unwrap_or_default(), signer.public_key());
            }
            (Code::EnvelopeContent, not_read.detail)
        })?;
        Ok(Verified { message_type, digest, signature, signer, envelope, content })
    }

    fn attributes(&mut self, signed: &SignedData<'_>, info: &SignerInfo<'_>, accept: &Accept) -> Result<Digest, Flaw> {
        let attributes = info.attributes.as_ref().ok_or((Code::MessageAttributes, String::new()))?;
        let nonce = message::nonce(attributes, &oid::SCEP_SENDER_NONCE);
        self.nonce = nonce.unwrap_or_default().to_vec();
        if let Some(id) = attributes.duplicate() {
            return Err((Code::MessageDuplicate, format!("attribute {id}")));
        }
        if nonce.is_none() {
            return Err((Code::MessageNonce, "no usable senderNonce".to_owned()));
        }
        signer::content_type(signed, attributes)?;
        let digest = signer::digest(info, accept)?;
        self.digest = Some(digest);
        Ok(digest)
    }

    fn message_type(&mut self, info: &SignerInfo<'_>) -> Result<MessageType, Flaw> {
        let attributes = info.attributes.as_ref().ok_or((Code::MessageAttributes, String::new()))?;
        let number = message::number(attributes, &oid::SCEP_MESSAGE_TYPE);
        let known = number.and_then(MessageType::from_number).filter(|t| *t != MessageType::CertRep);
        self.message_type = known;
        known.ok_or_else(|| {
            let detail = number.map_or_else(|| "no readable messageType".to_owned(), |n| format!("messageType {n}"));
            (Code::MessageType, detail)
        })
    }

    fn answerable(&self, delivery: Addressee) -> Answerable {
        Answerable {
            transaction: self.transaction.clone(),
            nonce: self.nonce.clone(),
            digest: match self.digest {
                Some(digest @ (Digest::Sha384 | Digest::Sha512)) => digest,
                // SHA-1 and SHA-224 are not signed with.
                _ => Digest::Sha256,
            },
            cipher: match self.cipher {
                // Whoever sends single DES reads triple DES; single DES is never written.
                Some(Cipher::Des) => Cipher::TripleDes,
                Some(cipher) => cipher,
                None => Cipher::Aes128,
            },
            delivery,
        }
    }

    fn flawed(self, code: Code, detail: String) -> Flawed {
        let to = self.answerable(Addressee::Nobody(Undeliverable::NotOpened));
        Flawed {
            code,
            detail,
            transaction_id: self.transaction_id,
            message_type: self.message_type,
            signer: self.signer,
            to,
        }
    }

    fn opened(self, verified: Verified, message: &[u8]) -> Opened {
        let Verified { message_type, digest, signature, signer, envelope, content } = verified;
        let used = Used {
            digest,
            signature,
            cipher: envelope.cipher,
            transport: envelope.transport,
            key: envelope.key,
            weak: weak(digest, envelope.cipher, content.request()),
        };
        let to = self.answerable(addressee(&signer, &content, envelope.transport));
        Opened {
            message_type,
            transaction_id: self.transaction_id,
            sender_nonce: self.nonce,
            signer_kind: signer_kind(&signer, content.request()),
            signer,
            content,
            used,
            digest: sha256(message),
            to,
        }
    }
}

fn signer_kind(signer: &Certificate, request: Option<&Request>) -> SignerKind {
    if !signer.is_self_issued() {
        return SignerKind::Issued;
    }
    match request {
        Some(request) if request.public_key().key_octets() == signer.public_key().key_octets() => {
            SignerKind::SelfIssuedSameKey
        }
        _ => SignerKind::SelfIssued,
    }
}

fn weak(digest: Digest, cipher: Cipher, request: Option<&Request>) -> Vec<Weak> {
    let mut weak = Vec::new();
    if digest == Digest::Sha1 {
        weak.push(Weak::Sha1Digest);
    }
    let request_digest = request.and_then(|r| r.signature_algorithm().ok()).and_then(SignatureAlgorithm::digest);
    if request_digest == Some(Digest::Sha1) {
        weak.push(Weak::Sha1Request);
    }
    match cipher {
        Cipher::Des => weak.push(Weak::SingleDes),
        Cipher::TripleDes => weak.push(Weak::TripleDes),
        _ => {}
    }
    weak
}

/// The reply goes to the key that signed, in renewals the old one (RFC 8894 §2.3); if that only signs, under the
/// challenge (§3.1).
fn addressee(signer: &Certificate, content: &Content, transport: pki::key::KeyTransport) -> Addressee {
    let key = signer.public_key();
    if key.can_encrypt() {
        return Addressee::Key {
            issuer: signer.issuer().der().to_vec(),
            serial: signer.serial().to_vec(),
            key: key.clone(),
            transport,
        };
    }
    if matches!(key.kind(), KeyKind::Rsa(_)) {
        return Addressee::Nobody(Undeliverable::KeySize);
    }
    match content.request().and_then(Request::challenge).filter(|challenge| !challenge.is_empty()) {
        Some(challenge) => Addressee::Password(Zeroizing::new(challenge.into_bytes())),
        None => Addressee::Nobody(Undeliverable::NoChallenge),
    }
}
