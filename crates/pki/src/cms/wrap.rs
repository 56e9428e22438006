use zeroize::Zeroizing;

use super::password::password_recipient;
use super::wrap_content;
use crate::cipher::Cipher;
use crate::der::{tag, write};
use crate::key::{KeyTransport, PublicKey};
use crate::{Random, oid};

/// Whom an envelope is for.
#[derive(Clone, Copy)]
pub enum EnvelopeFor<'a> {
    /// The holder of an RSA key, named by its certificate's issuer and serial number.
    Key {
        /// The issuer's Name, a whole element.
        issuer: &'a [u8],
        /// The serial number's content octets.
        serial: &'a [u8],
        /// The key.
        key: &'a PublicKey,
        /// How the content-encryption key travels.
        transport: KeyTransport,
    },
    /// Whoever knows a password.
    Password(&'a [u8]),
}

/// The envelope could not be made: the key is not an RSA key of 2048 to 8192 bits, or malformed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("nothing can be encrypted to this key")]
pub struct SealFailed;

/// An EnvelopedData over data for one recipient (RFC 5652 §6), with a fresh key and initialisation vector.
pub fn seal_envelope(
    content: &[u8],
    cipher: Cipher,
    recipient: EnvelopeFor<'_>,
    random: Random<'_>,
) -> Result<Vec<u8>, SealFailed> {
    let mut key = Zeroizing::new(vec![0; cipher.key_length()]);
    random(&mut key);
    let mut iv = vec![0; cipher.block_length()];
    random(&mut iv);
    let (version, info) = match recipient {
        EnvelopeFor::Key { issuer, serial, key: public, transport } => {
            let encrypted = public.encrypt(transport, &key).ok_or(SealFailed)?;
            let name = write::sequence(&[issuer, &write::tlv(tag::INTEGER, serial)]);
            let info = write::sequence(&[&write::integer(0), &name, &transport.to_der(), &write::octets(&encrypted)]);
            (0, info)
        }
        EnvelopeFor::Password(password) => (3, password_recipient(&key, password, random).map_err(|_| SealFailed)?),
    };
    let encrypted = cipher.encrypt(&key, &iv, content).map_err(|_| SealFailed)?;
    let content_info =
        write::sequence(&[&write::oid(&oid::CMS_DATA), &cipher.to_der(&iv), &write::tlv(0x80, &encrypted)]);
    let enveloped =
        write::sequence(&[&write::integer(version), &write::constructed(tag::SET, &[&info]), &content_info]);
    Ok(wrap_content(&oid::CMS_ENVELOPED_DATA, &enveloped))
}
