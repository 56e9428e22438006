//! Content encryption in CBC mode (RFC 3370, RFC 3565).

use aws_lc_rs::cipher::{
    self as lc, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;

use crate::der::{Reader, tag, write};
use crate::{DerError, Oid, oid};

/// A content-encryption algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Cipher {
    /// Single DES: read for old clients where allowed, never written.
    Des,
    /// Three-key triple DES.
    TripleDes,
    /// AES with a 128-bit key.
    Aes128,
    /// AES with a 192-bit key.
    Aes192,
    /// AES with a 256-bit key.
    Aes256,
}

/// The content could not be decrypted. There is only one such answer, whatever the reason was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("cannot be decrypted")]
pub struct NotDecrypted;

impl Cipher {
    /// By its object identifier.
    #[must_use]
    pub fn from_oid(id: &Oid) -> Option<Cipher> {
        match *id {
            oid::DES_CBC => Some(Cipher::Des),
            oid::DES_EDE3_CBC => Some(Cipher::TripleDes),
            oid::AES128_CBC => Some(Cipher::Aes128),
            oid::AES192_CBC => Some(Cipher::Aes192),
            oid::AES256_CBC => Some(Cipher::Aes256),
            _ => None,
        }
    }

    /// Its object identifier.
    #[must_use]
    pub const fn oid(self) -> Oid {
        match self {
            Cipher::Des => oid::DES_CBC,
            Cipher::TripleDes => oid::DES_EDE3_CBC,
            Cipher::Aes128 => oid::AES128_CBC,
            Cipher::Aes192 => oid::AES192_CBC,
            Cipher::Aes256 => oid::AES256_CBC,
        }
    }

    /// The name as written in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Cipher::Des => "DES-CBC",
            Cipher::TripleDes => "3DES-CBC",
            Cipher::Aes128 => "AES-128-CBC",
            Cipher::Aes192 => "AES-192-CBC",
            Cipher::Aes256 => "AES-256-CBC",
        }
    }

    /// Octets of a key.
    #[must_use]
    pub const fn key_length(self) -> usize {
        match self {
            Cipher::Des => 8,
            Cipher::TripleDes | Cipher::Aes192 => 24,
            Cipher::Aes128 => 16,
            Cipher::Aes256 => 32,
        }
    }

    /// Octets of a block and of an initialisation vector.
    #[must_use]
    pub const fn block_length(self) -> usize {
        match self {
            Cipher::Des | Cipher::TripleDes => 8,
            _ => 16,
        }
    }

    /// Its AlgorithmIdentifier with the initialisation vector.
    #[must_use]
    pub fn to_der(self, iv: &[u8]) -> Vec<u8> {
        write::algorithm(&self.oid(), &write::octets(iv))
    }

    /// Reads an AlgorithmIdentifier into identifier and initialisation vector (empty when there is none).
    pub fn read(reader: &mut Reader<'_>) -> Result<(Oid, Vec<u8>), DerError> {
        let mut inner = reader.sequence("contentEncryptionAlgorithm")?;
        let id = inner.oid("algorithm")?;
        let iv = inner.optional(tag::OCTET_STRING)?.map(|e| e.value.to_vec()).unwrap_or_default();
        Ok((id, iv))
    }

    #[expect(deprecated, reason = "single and triple DES are what some clients send; each endpoint decides")]
    fn algorithm(self) -> &'static lc::Algorithm {
        match self {
            Cipher::Des => &lc::DES_FOR_LEGACY_USE_ONLY,
            Cipher::TripleDes => &lc::DES_EDE3_FOR_LEGACY_USE_ONLY,
            Cipher::Aes128 => &lc::AES_128,
            Cipher::Aes192 => &lc::AES_192,
            Cipher::Aes256 => &lc::AES_256,
        }
    }

    /// Encrypts with PKCS#7 padding (RFC 5652 §6.3). Fails only if key or IV have the wrong length.
    pub fn encrypt(self, key: &[u8], iv: &[u8], content: &[u8]) -> Result<Vec<u8>, NotDecrypted> {
        let pad = self.block_length() - content.len() % self.block_length();
        let mut buffer = Vec::with_capacity(content.len() + pad);
        buffer.extend_from_slice(content);
        buffer.resize(content.len() + pad, pad as u8);
        let key = UnboundCipherKey::new(self.algorithm(), key).map_err(|_| NotDecrypted)?;
        let context = match self.block_length() {
            8 => EncryptionContext::Iv64(FixedLength::try_from(iv).map_err(|_| NotDecrypted)?),
            _ => EncryptionContext::Iv128(FixedLength::try_from(iv).map_err(|_| NotDecrypted)?),
        };
        let key = EncryptingKey::cbc(key).map_err(|_| NotDecrypted)?;
        key.less_safe_encrypt(&mut buffer, context).map_err(|_| NotDecrypted)?;
        Ok(buffer)
    }

    /// Decrypts and takes the padding off. The padding is looked at as a whole before anything is said about it.
    pub fn decrypt(self, key: &[u8], iv: &[u8], encrypted: &[u8]) -> Result<Vec<u8>, NotDecrypted> {
        let mut buffer = self.decrypt_blocks(key, iv, encrypted)?;
        let pad = buffer.last().copied().ok_or(NotDecrypted)?;
        let block = self.block_length();
        let mut wrong = u8::from(pad == 0) | u8::from(usize::from(pad) > block);
        for (distance, octet) in buffer.iter().rev().take(block).enumerate() {
            let inside = u8::from(distance < usize::from(pad)).wrapping_neg();
            wrong |= inside & (octet ^ pad);
        }
        if wrong != 0 {
            return Err(NotDecrypted);
        }
        buffer.truncate(buffer.len() - usize::from(pad));
        Ok(buffer)
    }

    /// Decrypts whole blocks and leaves the padding on (RFC 3211's key wrap has none).
    pub fn decrypt_blocks(self, key: &[u8], iv: &[u8], encrypted: &[u8]) -> Result<Vec<u8>, NotDecrypted> {
        if encrypted.is_empty() || !encrypted.len().is_multiple_of(self.block_length()) {
            return Err(NotDecrypted);
        }
        let mut buffer = encrypted.to_vec();
        let key = UnboundCipherKey::new(self.algorithm(), key).map_err(|_| NotDecrypted)?;
        let context = match self.block_length() {
            8 => DecryptionContext::Iv64(FixedLength::try_from(iv).map_err(|_| NotDecrypted)?),
            _ => DecryptionContext::Iv128(FixedLength::try_from(iv).map_err(|_| NotDecrypted)?),
        };
        let key = DecryptingKey::cbc(key).map_err(|_| NotDecrypted)?;
        key.decrypt(&mut buffer, context).map_err(|_| NotDecrypted)?;
        Ok(buffer)
    }

    /// Encrypts whole blocks without padding (for RFC 3211's key wrap).
    pub fn encrypt_blocks(self, key: &[u8], iv: &[u8], blocks: &[u8]) -> Result<Vec<u8>, NotDecrypted> {
        if !blocks.len().is_multiple_of(self.block_length()) {
            return Err(NotDecrypted);
        }
        // A padded encryption's blocks before the padding block are the unpadded encryption.
        let mut padded = self.encrypt(key, iv, blocks)?;
        padded.truncate(blocks.len());
        Ok(padded)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    const ALL: [Cipher; 5] = [Cipher::Des, Cipher::TripleDes, Cipher::Aes128, Cipher::Aes192, Cipher::Aes256];

    #[test]
    fn every_cipher_opens_what_it_closed() {
        for cipher in ALL {
            let key: Vec<u8> = (1..=cipher.key_length() as u8).collect();
            let iv = vec![7; cipher.block_length()];
            for length in 0..40 {
                let content = vec![0x5a; length];
                let closed = cipher.encrypt(&key, &iv, &content).unwrap();
                assert_eq!(cipher.decrypt(&key, &iv, &closed).unwrap(), content);
            }
        }
    }

    #[test]
    fn every_wrong_padding_gets_the_same_answer() {
        let (cipher, key, iv) = (Cipher::Aes128, [1; 16], [2; 16]);
        for pad in 0..=255u8 {
            let mut block = [0xee; 16];
            block[15] = pad;
            let closed = cipher.encrypt_blocks(&key, &iv, &block).unwrap();
            let opened = cipher.decrypt(&key, &iv, &closed);
            assert_eq!(opened.is_ok(), pad == 1, "padding {pad}");
        }
        assert_eq!(cipher.decrypt(&key, &iv, &[0; 15]), Err(NotDecrypted));
        assert_eq!(cipher.decrypt(&key, &iv, &[]), Err(NotDecrypted));
        assert_eq!(cipher.decrypt(&key, &[0; 3], &[0; 16]), Err(NotDecrypted));
    }
}
