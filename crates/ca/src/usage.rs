//! Which key usage a certificate gets.

use pki::extension::KeyUsage;
use pki::key::KeyKind;

use crate::{Code, Flaw};

/// Which key usage a certificate gets. Usages that the kind of key cannot serve are left out: keyEncipherment and
/// dataEncipherment need RSA (RFC 8813 §3, RFC 8410 §5), keyAgreement a NIST curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyUsageRule {
    /// These, whatever the request states.
    Fixed(KeyUsage),
    /// What the request states, as long as it is among these; all of these if it states none. NDES's three templates
    /// (signature, encryption, both) are this rule with digitalSignature and keyEncipherment.
    RequestedWithin(KeyUsage),
}

impl KeyUsageRule {
    /// The usage for this key, and what is wrong with what the request states.
    pub(crate) fn apply(self, requested: Option<KeyUsage>, key: &KeyKind) -> Result<KeyUsage, Flaw> {
        let wanted = match (self, requested) {
            (KeyUsageRule::RequestedWithin(allowed), Some(requested)) if requested.0 != 0 => {
                if !allowed.allows(requested) {
                    let (asked, allowed) = (requested.names().join(", "), allowed.names().join(", "));
                    let says = format!("The request states the key usage {asked}; allowed: {allowed}.");
                    return Err(Flaw::new(Code::KeyUsage, says));
                }
                requested
            }
            (KeyUsageRule::Fixed(usage) | KeyUsageRule::RequestedWithin(usage), _) => usage,
        };
        let usage = without_lone_agreement_bits(KeyUsage(wanted.0 & servable(key).0));
        if usage.0 == 0 {
            let says = format!("A key of kind {key} can serve none of: {}.", wanted.names().join(", "));
            return Err(Flaw::new(Code::KeyUsage, says));
        }
        Ok(usage)
    }
}

/// What a key of this kind can be used for at all (RFC 3279 §2.3.1, RFC 5480 §3, RFC 8410 §5, RFC 8813 §3).
pub(crate) fn servable(key: &KeyKind) -> KeyUsage {
    let signing = KeyUsage::DIGITAL_SIGNATURE
        .with(KeyUsage::NON_REPUDIATION)
        .with(KeyUsage::KEY_CERT_SIGN)
        .with(KeyUsage::CRL_SIGN);
    match key {
        KeyKind::Rsa(_) => signing.with(KeyUsage::KEY_ENCIPHERMENT).with(KeyUsage::DATA_ENCIPHERMENT),
        KeyKind::P256 | KeyKind::P384 | KeyKind::P521 => {
            signing.with(KeyUsage::KEY_AGREEMENT).with(KeyUsage::ENCIPHER_ONLY).with(KeyUsage::DECIPHER_ONLY)
        }
        KeyKind::Ed25519 => signing,
        KeyKind::Other(_) => KeyUsage(0),
    }
}

/// encipherOnly and decipherOnly mean nothing without keyAgreement (RFC 5280 §4.2.1.3).
fn without_lone_agreement_bits(usage: KeyUsage) -> KeyUsage {
    let lone = KeyUsage::ENCIPHER_ONLY.with(KeyUsage::DECIPHER_ONLY);
    if usage.allows(KeyUsage::KEY_AGREEMENT) { usage } else { KeyUsage(usage.0 & !lone.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: KeyUsage = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_ENCIPHERMENT);

    #[test]
    fn the_request_chooses_within_what_is_allowed() {
        let rule = KeyUsageRule::RequestedWithin(BOTH);
        let rsa = KeyKind::Rsa(2048);
        assert_eq!(rule.apply(None, &rsa), Ok(BOTH));
        assert_eq!(rule.apply(Some(KeyUsage(0)), &rsa), Ok(BOTH));
        assert_eq!(rule.apply(Some(KeyUsage::KEY_ENCIPHERMENT), &rsa), Ok(KeyUsage::KEY_ENCIPHERMENT));
        let flaw = rule.apply(Some(BOTH.with(KeyUsage::KEY_CERT_SIGN)), &rsa).expect_err("not allowed");
        assert_eq!(flaw.reason(), Code::KeyUsage);
        assert!(flaw.says().contains("keyCertSign"), "{flaw}");
        assert_eq!(KeyUsageRule::Fixed(BOTH).apply(Some(KeyUsage::KEY_CERT_SIGN), &rsa), Ok(BOTH));
    }

    #[test]
    fn what_a_key_cannot_serve_is_left_out() {
        for kind in [KeyKind::P256, KeyKind::P384, KeyKind::P521, KeyKind::Ed25519] {
            let usage = KeyUsageRule::RequestedWithin(BOTH).apply(Some(BOTH), &kind);
            assert_eq!(usage, Ok(KeyUsage::DIGITAL_SIGNATURE), "{kind}");
            assert!(KeyUsageRule::Fixed(KeyUsage::KEY_ENCIPHERMENT).apply(None, &kind).is_err(), "{kind}");
        }
        let lone = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::ENCIPHER_ONLY);
        assert_eq!(KeyUsageRule::Fixed(lone).apply(None, &KeyKind::P256), Ok(KeyUsage::DIGITAL_SIGNATURE));
    }
}
