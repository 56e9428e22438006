//! Opening the envelope, so that nobody learns from the answer or its time what went wrong inside.

use pki::cipher::Cipher;
use pki::cms::{EnvelopedData, Recipient};
use pki::der::normalise;
use pki::key::KeyTransport;
use pki::{Random, oid};
use zeroize::Zeroizing;

use super::signer::Flaw;
use super::{Accept, DecryptionKey, Legacy, RaKeys};
use crate::Code;

/// An opened envelope, or one that could not be opened: `plain` is then nothing. The difference must not be told.
pub(super) struct OpenedEnvelope {
    pub(super) plain: Option<Zeroizing<Vec<u8>>>,
    pub(super) cipher: Cipher,
    pub(super) transport: KeyTransport,
    pub(super) key: usize,
}

pub(super) fn open(
    content: Option<&[u8]>,
    keys: &RaKeys<'_>,
    accept: &Accept,
    random: Random<'_>,
) -> Result<OpenedEnvelope, Flaw> {
    let content = content.filter(|c| !c.is_empty()).ok_or((Code::EnvelopeMissing, "no signed content".to_owned()))?;
    let syntax = |e: pki::DerError| (Code::EnvelopeSyntax, format!("the signed content: {e}"));
    let content = normalise(content, accept.limits).map_err(syntax)?;
    let envelope = EnvelopedData::parse(&content).map_err(syntax)?;
    let cipher = cipher(&envelope, accept)?;
    let (index, key, algorithm, encrypted_key) = recipient(&envelope, keys)?;
    let transport = KeyTransport::parse(algorithm).ok_or_else(|| {
        (Code::EnvelopeTransport, "the keyEncryptionAlgorithm is neither RSA PKCS#1 v1.5 nor OAEP".to_owned())
    })?;
    // RFC 3218 §2.3.2: go on with a random key whenever the key cannot be had, so that the failure shows only where a
    // wrong key would show.
    let mut content_key = Zeroizing::new(vec![0; cipher.key_length()]);
    random(&mut content_key);
    if let Ok(opened) = key.key.decrypt(transport, encrypted_key)
        && opened.len() == cipher.key_length()
    {
        content_key = opened;
    }
    let plain = cipher.decrypt(&content_key, &envelope.iv, &envelope.encrypted).ok().map(Zeroizing::new);
    Ok(OpenedEnvelope { plain, cipher, transport, key: index })
}

/// What everybody can see of the encryption: algorithm, lengths and stated type of content.
fn cipher(envelope: &EnvelopedData<'_>, accept: &Accept) -> Result<Cipher, Flaw> {
    // NDES and its clients state encryptedData; RFC 8894 §3.2.2 says data.
    if envelope.content_type != oid::CMS_DATA && envelope.content_type != oid::CMS_ENCRYPTED_DATA {
        return Err((Code::EnvelopeSyntax, format!("the encrypted content is of type {}", envelope.content_type)));
    }
    let cipher = Cipher::from_oid(&envelope.cipher)
        .ok_or_else(|| (Code::EnvelopeCipher, format!("content encryption {} is not supported", envelope.cipher)))?;
    let needed = match cipher {
        Cipher::Des => Legacy::SingleDes,
        Cipher::TripleDes => Legacy::TripleDes,
        _ => Legacy::Refuse,
    };
    if accept.legacy < needed {
        return Err((Code::EnvelopeLegacy, format!("{} is not allowed at this endpoint", cipher.name())));
    }
    let block = cipher.block_length();
    if envelope.iv.len() != block || envelope.encrypted.is_empty() || !envelope.encrypted.len().is_multiple_of(block) {
        let (iv, length) = (envelope.iv.len(), envelope.encrypted.len());
        let detail = format!("{} with {iv} octets of vector and {length} of content", cipher.name());
        return Err((Code::EnvelopeSyntax, detail));
    }
    Ok(cipher)
}

type Found<'k, 'e> = (usize, &'k DecryptionKey<'k>, &'e [u8], &'e [u8]);

/// The first of our keys that the envelope is addressed to, by the order of the keys and not of the envelope.
fn recipient<'k, 'e>(envelope: &'e EnvelopedData<'_>, keys: &'k RaKeys<'k>) -> Result<Found<'k, 'e>, Flaw> {
    for (index, key) in keys.decryption.iter().enumerate() {
        let mut ours = envelope.recipients.iter().filter_map(|recipient| match recipient {
            Recipient::KeyTransport { id, algorithm, encrypted_key } if id.names(key.certificate) => {
                Some((*algorithm, *encrypted_key))
            }
            _ => None,
        });
        let Some((algorithm, encrypted_key)) = ours.next() else { continue };
        // Two keys for one recipient would make two guesses out of one message (CVE-2019-1563).
        if ours.next().is_some() {
            let detail = format!("addressed twice to {}", key.certificate.subject());
            return Err((Code::EnvelopeRecipients, detail));
        }
        return Ok((index, key, algorithm, encrypted_key));
    }
    Err((Code::EnvelopeRecipient, addressees(envelope)))
}

/// Whom the envelope is for, in words.
fn addressees(envelope: &EnvelopedData<'_>) -> String {
    use pki::cms::SignerId;
    let names: Vec<String> = envelope
        .recipients
        .iter()
        .map(|recipient| match recipient {
            Recipient::KeyTransport { id: SignerId::IssuerAndSerial { issuer, serial }, .. } => {
                let issuer = pki::Name::read(&mut pki::der::Reader::new(issuer))
                    .map_or_else(|_| "an unreadable name".to_owned(), |name| name.to_string());
                format!("serial {} of {issuer}", pki::certificate::serial_hex(serial))
            }
            Recipient::KeyTransport { id: SignerId::KeyId(id), .. } => format!("key {}", pki::digest::hex(id)),
            Recipient::Password { .. } => "a password".to_owned(),
            Recipient::Other(tag) => format!("a recipient of kind {tag:#04x}"),
        })
        .collect();
    format!("addressed to {}; none is a certificate of this service", names.join(", "))
}
