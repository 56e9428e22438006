use pki::cms::{EnvelopeFor, NewSignature, SignedContent, degenerate, seal_envelope, sign};
use pki::der::{tag, write};
use pki::{Oid, Random, Time, oid};

use super::answer::Addressee;
use super::{Answerable, EmptyContent, FailText, RaKeys, Reply, SealError, Shape};
use crate::{MessageType, PkiStatus, message};

/// Octets of a nonce made here (RFC 8894 §3.2.1.5).
const NONCE: usize = 16;

/// Makes the CertRep: signed by the registration authority, and for SUCCESS encrypted to whom `to` says
/// (RFC 8894 §3.3.2).
///
/// `now` becomes the signing time. One private key operation, for SUCCESS one public one.
pub fn seal(
    reply: &Reply<'_>,
    to: &Answerable,
    shape: &Shape,
    keys: &RaKeys<'_>,
    now: Time,
    random: Random<'_>,
) -> Result<Vec<u8>, SealError> {
    let envelope = match reply {
        Reply::Success { certificates, crl } => Some(envelope(&degenerate(certificates, *crl), to, random)?),
        Reply::Pending | Reply::Failure { .. } => None,
    };
    let attributes = attributes(reply, to, shape, random);
    let content = match (&envelope, shape.empty_content) {
        (Some(envelope), _) => SignedContent::Present(envelope),
        (None, EmptyContent::ZeroOctets) => SignedContent::Present(&[]),
        (None, EmptyContent::Absent) => SignedContent::Absent,
    };
    let new = NewSignature {
        certificate: keys.signing.certificate,
        key: keys.signing.key,
        digest: to.digest,
        time: now,
        attributes: &attributes,
    };
    Ok(sign(content, &new)?)
}

fn envelope(content: &[u8], to: &Answerable, random: Random<'_>) -> Result<Vec<u8>, SealError> {
    let recipient = match &to.delivery {
        Addressee::Key { issuer, serial, key, transport } => {
            EnvelopeFor::Key { issuer, serial, key, transport: *transport }
        }
        Addressee::Password(challenge) => EnvelopeFor::Password(challenge),
        Addressee::Nobody(why) => return Err(SealError::Undeliverable(*why)),
    };
    seal_envelope(content, to.cipher, recipient, random).map_err(|_| SealError::ClientKey)
}

/// The attributes of RFC 8894 §3.2.1 beside those CMS asks for.
fn attributes(reply: &Reply<'_>, to: &Answerable, shape: &Shape, random: Random<'_>) -> Vec<(Oid, Vec<u8>)> {
    let status = match reply {
        Reply::Success { .. } => PkiStatus::Success,
        Reply::Pending => PkiStatus::Pending,
        Reply::Failure { .. } => PkiStatus::Failure,
    };
    let mut nonce = [0; NONCE];
    random(&mut nonce);
    let mut out = vec![
        (oid::SCEP_TRANSACTION_ID, to.transaction.clone()),
        (oid::SCEP_MESSAGE_TYPE, message::number_value(MessageType::CertRep.number())),
        (oid::SCEP_PKI_STATUS, message::number_value(status.number())),
        (oid::SCEP_SENDER_NONCE, write::octets(&nonce)),
    ];
    if !to.nonce.is_empty() {
        out.push((oid::SCEP_RECIPIENT_NONCE, write::octets(&to.nonce)));
    }
    if let Reply::Failure { fail_info, text } = reply {
        out.push((oid::SCEP_FAIL_INFO, message::number_value(fail_info.number())));
        if let (Some(text), FailText::Send) = (text, shape.fail_text) {
            out.push((oid::SCEP_FAIL_INFO_TEXT, write::tlv(tag::UTF8_STRING, text.as_bytes())));
        }
    }
    out
}
