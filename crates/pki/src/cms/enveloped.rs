use std::borrow::Cow;

use super::{SignerId, content_info};
use crate::cipher::Cipher;
use crate::der::{Tlv, join_fragments, tag};
use crate::{DerError, Oid, oid};

/// Recipients a message may have.
const MOST: usize = 32;

/// An EnvelopedData (RFC 5652 §6.1), borrowed from a normalised message.
#[derive(Debug)]
pub struct EnvelopedData<'a> {
    /// Who can open it.
    pub recipients: Vec<Recipient<'a>>,
    /// The type of what is inside.
    pub content_type: Oid,
    /// The content-encryption algorithm.
    pub cipher: Oid,
    /// Its initialisation vector.
    pub iv: Vec<u8>,
    /// What is inside, encrypted; fragments are joined.
    pub encrypted: Cow<'a, [u8]>,
}

/// One recipientInfo.
#[derive(Debug)]
pub enum Recipient<'a> {
    /// The content-encryption key under a public key (RFC 5652 §6.2.1).
    KeyTransport {
        /// Whose key.
        id: SignerId<'a>,
        /// The keyEncryptionAlgorithm, a whole element.
        algorithm: &'a [u8],
        /// The encrypted key.
        encrypted_key: &'a [u8],
    },
    /// The content-encryption key under a password (RFC 5652 §6.2.4).
    Password {
        /// The content of keyDerivationAlgorithm, an AlgorithmIdentifier without its outer tag.
        derivation: Option<&'a [u8]>,
        /// The keyEncryptionAlgorithm, a whole element.
        algorithm: &'a [u8],
        /// The wrapped key.
        encrypted_key: &'a [u8],
    },
    /// Another kind: its identifier octet.
    Other(u8),
}

impl<'a> EnvelopedData<'a> {
    /// Reads a ContentInfo with an EnvelopedData in it.
    pub fn parse(der: &'a [u8]) -> Result<EnvelopedData<'a>, DerError> {
        let mut content = content_info(der, &oid::CMS_ENVELOPED_DATA)?;
        let mut inner = content.sequence("EnvelopedData")?;
        content.finish("EnvelopedData")?;
        inner.small("version")?;
        inner.optional(0xa0)?;
        let mut infos = inner.take(tag::SET, "recipientInfos")?.reader();
        let mut recipients = Vec::with_capacity(2);
        while !infos.is_empty() {
            if recipients.len() == MOST {
                return Err(DerError::TooLarge);
            }
            recipients.push(Recipient::from_element(infos.any()?)?);
        }
        let mut encrypted_info = inner.sequence("encryptedContentInfo")?;
        let content_type = encrypted_info.oid("contentType")?;
        let (cipher, iv) = Cipher::read(&mut encrypted_info)?;
        let encrypted = encrypted_content(encrypted_info.any()?)?;
        encrypted_info.finish("encryptedContentInfo")?;
        inner.optional(0xa1)?;
        inner.finish("EnvelopedData")?;
        Ok(EnvelopedData { recipients, content_type, cipher, iv, encrypted })
    }
}

/// The implicitly tagged OCTET STRING `[0]`, whole or in fragments. Only a reader that knows the structure can tell
/// that the constructed form is one (micromdm and OpenSSL's streaming writer send it).
fn encrypted_content(element: Tlv<'_>) -> Result<Cow<'_, [u8]>, DerError> {
    match element.tag {
        0x80 => Ok(Cow::Borrowed(element.value)),
        0xa0 => join_fragments(element.value).map(Cow::Owned),
        found => Err(DerError::Unexpected { what: "encryptedContent", found }),
    }
}

impl<'a> Recipient<'a> {
    fn from_element(element: Tlv<'a>) -> Result<Recipient<'a>, DerError> {
        match element.tag {
            tag::SEQUENCE => {
                let mut inner = element.reader();
                inner.small("version")?;
                let id = SignerId::read(&mut inner)?;
                let algorithm = inner.take(tag::SEQUENCE, "keyEncryptionAlgorithm")?.raw;
                let encrypted_key = inner.take(tag::OCTET_STRING, "encryptedKey")?.value;
                inner.finish("KeyTransRecipientInfo")?;
                Ok(Recipient::KeyTransport { id, algorithm, encrypted_key })
            }
            0xa3 => {
                let mut inner = element.reader();
                inner.small("version")?;
                let derivation = inner.optional(0xa0)?.map(|e| e.value);
                let algorithm = inner.take(tag::SEQUENCE, "keyEncryptionAlgorithm")?.raw;
                let encrypted_key = inner.take(tag::OCTET_STRING, "encryptedKey")?.value;
                inner.finish("PasswordRecipientInfo")?;
                Ok(Recipient::Password { derivation, algorithm, encrypted_key })
            }
            other => Ok(Recipient::Other(other)),
        }
    }
}
