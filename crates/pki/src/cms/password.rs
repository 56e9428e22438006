//! Password-based key encryption: PBKDF2 and the key wrap of RFC 3211 §2.3.1.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use zeroize::Zeroizing;

use crate::cipher::{Cipher, NotDecrypted};
use crate::der::{Reader, tag, write};
use crate::{DerError, Oid, Random, oid};

/// PBKDF2 rounds of the envelopes written here. The password is a challenge of high entropy and what it protects is a
/// certificate, so this slows guessing down without slowing the service down.
pub const PASSWORD_ITERATIONS: u32 = 10_000;

/// Most rounds that are computed for someone else's envelope.
const MOST_ITERATIONS: u32 = 2_000_000;

/// The KEK's cipher of the envelopes written here.
const WRAP: Cipher = Cipher::Aes256;

/// The key inside a PasswordRecipientInfo. `derivation` is the content of keyDerivationAlgorithm.
pub fn open_password_recipient(
    derivation: &[u8],
    algorithm: &[u8],
    encrypted_key: &[u8],
    password: &[u8],
) -> Result<Zeroizing<Vec<u8>>, NotDecrypted> {
    let (cipher, iv) = wrap_algorithm(algorithm).map_err(|_| NotDecrypted)?;
    let cipher = Cipher::from_oid(&cipher).ok_or(NotDecrypted)?;
    let kek = derive(derivation, cipher.key_length(), password)?;
    unwrap(cipher, &kek, &iv, encrypted_key)
}

/// A PasswordRecipientInfo that carries `key`.
pub(super) fn password_recipient(key: &[u8], password: &[u8], random: Random<'_>) -> Result<Vec<u8>, NotDecrypted> {
    let mut salt = [0; 16];
    random(&mut salt);
    let mut iv = vec![0; WRAP.block_length()];
    random(&mut iv);
    let rounds = NonZeroU32::new(PASSWORD_ITERATIONS).ok_or(NotDecrypted)?;
    let mut kek = Zeroizing::new(vec![0; WRAP.key_length()]);
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, &salt, password, &mut kek);
    let wrapped = wrap(WRAP, &kek, &iv, key, random)?;
    let prf = write::algorithm(&oid::HMAC_SHA256, &write::null());
    let parameters = write::sequence(&[&write::octets(&salt), &write::integer(PASSWORD_ITERATIONS.into()), &prf]);
    let derivation = [write::oid(&oid::PBKDF2), parameters].concat();
    Ok(write::constructed(
        0xa3,
        &[
            &write::integer(0),
            &write::tlv(0xa0, &derivation),
            &write::algorithm(&oid::PWRI_KEK, &WRAP.to_der(&iv)),
            &write::octets(&wrapped),
        ],
    ))
}

/// Cipher and initialisation vector of an id-alg-PWRI-KEK AlgorithmIdentifier.
fn wrap_algorithm(der: &[u8]) -> Result<(Oid, Vec<u8>), DerError> {
    let mut inner = Reader::single(der, tag::SEQUENCE, "keyEncryptionAlgorithm")?.reader();
    if inner.oid("algorithm")? != oid::PWRI_KEK {
        return Err(DerError::Value("keyEncryptionAlgorithm"));
    }
    Cipher::read(&mut inner)
}

/// PBKDF2 (RFC 8018 §5.2) with HMAC-SHA-1, which is its default, or HMAC-SHA-256.
fn derive(derivation: &[u8], length: usize, password: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotDecrypted> {
    let read = || -> Result<(Vec<u8>, u32, Option<Oid>), DerError> {
        let mut inner = Reader::new(derivation);
        if inner.oid("algorithm")? != oid::PBKDF2 {
            return Err(DerError::Value("keyDerivationAlgorithm"));
        }
        let mut parameters = inner.sequence("PBKDF2-params")?;
        let salt = parameters.take(tag::OCTET_STRING, "salt")?.value.to_vec();
        let rounds = parameters.small("iterationCount")?;
        if parameters.peek() == Some(tag::INTEGER) {
            parameters.small("keyLength")?;
        }
        let prf = match parameters.optional(tag::SEQUENCE)? {
            Some(prf) => Some(prf.reader().oid("prf")?),
            None => None,
        };
        Ok((salt, rounds, prf))
    };
    let (salt, rounds, prf) = read().map_err(|_| NotDecrypted)?;
    let algorithm = match prf {
        None | Some(oid::HMAC_SHA1) => pbkdf2::PBKDF2_HMAC_SHA1,
        Some(oid::HMAC_SHA256) => pbkdf2::PBKDF2_HMAC_SHA256,
        Some(_) => return Err(NotDecrypted),
    };
    let rounds = NonZeroU32::new(rounds).filter(|r| r.get() <= MOST_ITERATIONS).ok_or(NotDecrypted)?;
    let mut kek = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(algorithm, rounds, &salt, password, &mut kek);
    Ok(kek)
}

/// Length, check octets, key and padding, encrypted twice in one chain.
fn wrap(cipher: Cipher, kek: &[u8], iv: &[u8], key: &[u8], random: Random<'_>) -> Result<Vec<u8>, NotDecrypted> {
    let [first, second, third, ..] = *key else { return Err(NotDecrypted) };
    let block = cipher.block_length();
    let size = (key.len() + 4).next_multiple_of(block).max(2 * block);
    let mut plain = Zeroizing::new(vec![u8::try_from(key.len()).map_err(|_| NotDecrypted)?, !first, !second, !third]);
    plain.extend_from_slice(key);
    let mut padding = vec![0; size - plain.len()];
    random(&mut padding);
    plain.extend_from_slice(&padding);
    let once = cipher.encrypt_blocks(kek, iv, &plain)?;
    let last = once.get(once.len() - block..).ok_or(NotDecrypted)?;
    cipher.encrypt_blocks(kek, last, &once)
}

fn unwrap(cipher: Cipher, kek: &[u8], iv: &[u8], wrapped: &[u8]) -> Result<Zeroizing<Vec<u8>>, NotDecrypted> {
    let block = cipher.block_length();
    if wrapped.len() < 2 * block || wrapped.len() > 512 || !wrapped.len().is_multiple_of(block) {
        return Err(NotDecrypted);
    }
    // The last block of the inner chain is the vector of the outer one (RFC 3211 §2.3.2, steps 1 to 3).
    let before_last = wrapped.get(wrapped.len() - 2 * block..wrapped.len() - block).ok_or(NotDecrypted)?;
    let last = wrapped.get(wrapped.len() - block..).ok_or(NotDecrypted)?;
    let vector = cipher.decrypt_blocks(kek, before_last, last)?;
    let once = cipher.decrypt_blocks(kek, &vector, wrapped)?;
    let plain = Zeroizing::new(cipher.decrypt_blocks(kek, iv, &once)?);
    let [length, a, b, c, ref rest @ ..] = **plain else { return Err(NotDecrypted) };
    let key = rest.get(..usize::from(length)).ok_or(NotDecrypted)?;
    match *key {
        [first, second, third, ..] if (!first, !second, !third) == (a, b, c) => Ok(Zeroizing::new(key.to_vec())),
        _ => Err(NotDecrypted),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_wrapped_key_comes_out_with_the_right_password_only() {
        for length in [8usize, 16, 24, 32] {
            let key: Vec<u8> = (0..length as u8).collect();
            let mut counter = 0u8;
            let mut random = |out: &mut [u8]| {
                out.iter_mut().for_each(|b| {
                    counter = counter.wrapping_add(7);
                    *b = counter
                })
            };
            let info = password_recipient(&key, b"secret", &mut random).unwrap();
            let mut inner = Reader::new(&info).any().unwrap().reader();
            inner.small("version").unwrap();
            let derivation = inner.any().unwrap().value;
            let algorithm = inner.any().unwrap().raw;
            let wrapped = inner.any().unwrap().value;
            assert_eq!(*open_password_recipient(derivation, algorithm, wrapped, b"secret").unwrap(), key);
            assert!(open_password_recipient(derivation, algorithm, wrapped, b"Secret").is_err());
        }
    }
}
