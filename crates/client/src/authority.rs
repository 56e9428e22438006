//! The certificates of a server: are they who they should be?

use std::str::FromStr;

use pki::{Certificate, digest};
use scep::ca_certs::Authorities;

use crate::ClientError;

/// Steps from a certificate up to its CA.
const MOST_STEPS: usize = 8;

/// The fingerprint of a CA certificate, had from somewhere else than the server (RFC 8894 §2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pin {
    /// SHA-256 over the whole certificate.
    Sha256(Vec<u8>),
    /// SHA-1 over the whole certificate, as old tools show it.
    Sha1(Vec<u8>),
}

/// The text is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a SHA-256 or SHA-1 fingerprint in hexadecimal")]
pub struct NotAPin;

impl FromStr for Pin {
    type Err = NotAPin;

    /// Hexadecimal digits, with or without colons or blanks between them.
    fn from_str(text: &str) -> Result<Pin, NotAPin> {
        let digits: String = text.chars().filter(|c| *c != ':' && !c.is_whitespace()).collect();
        match digest::unhex(&digits) {
            Some(octets) if octets.len() == 32 => Ok(Pin::Sha256(octets)),
            Some(octets) if octets.len() == 20 => Ok(Pin::Sha1(octets)),
            _ => Err(NotAPin),
        }
    }
}

impl Pin {
    /// Whether it is this certificate's.
    #[must_use]
    pub fn fits(&self, certificate: &Certificate) -> bool {
        match self {
            Pin::Sha256(pin) => certificate.fingerprint().as_slice() == pin,
            Pin::Sha1(pin) => digest::sha1(certificate.der()).as_slice() == pin,
        }
    }
}

/// Checks that every certificate that will be used was issued by a CA among those sent, up to the pinned one if there
/// is a pin. Without a pin the server is believed at first sight.
pub(crate) fn verify(authorities: &Authorities, pin: Option<&Pin>) -> Result<(), ClientError> {
    let anchors: Vec<&Certificate> = match pin {
        Some(pin) => authorities.all.iter().filter(|c| pin.fits(c)).collect(),
        None => authorities.all.iter().filter(|c| c.is_ca() || authorities.all.len() == 1).collect(),
    };
    if anchors.is_empty() {
        let found: Vec<String> = authorities.all.iter().map(|c| digest::hex(&c.fingerprint())).collect();
        return Err(ClientError::Fingerprint(found.join(", ")));
    }
    for used in [&authorities.encryption, &authorities.signing, &authorities.issuer] {
        if !leads_to(used, &anchors, &authorities.all) {
            return Err(ClientError::Unchained(used.subject().to_string()));
        }
    }
    Ok(())
}

/// Whether `certificate` is an anchor or was issued, directly or through others in `between`, by one.
pub(crate) fn leads_to(certificate: &Certificate, anchors: &[&Certificate], between: &[Certificate]) -> bool {
    let mut current = certificate.clone();
    for _ in 0..MOST_STEPS {
        if anchors.contains(&&current) {
            return true;
        }
        let issued_by = |issuer: &Certificate| {
            issuer.is_ca()
                && *issuer != current
                && current.issuer().matches(issuer.subject())
                && current.verify_signature(issuer.public_key()).is_ok()
        };
        let Some(issuer) = anchors.iter().copied().chain(between).find(|c| issued_by(c)) else { return false };
        current = issuer.clone();
    }
    false
}
