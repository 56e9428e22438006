//! Sealed challenges: self-contained, encrypted and authenticated with AES-256-GCM, so that nothing need be stored
//! beforehand; only the id of a spent one is.
//!
//! What one says is what ConfigMgr's and Intune's challenges say: for which device and user, until when, and what the
//! request must look like. Every property that does not fit is named with what was expected and what came.

use std::collections::BTreeSet;
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pki::extension::KeyUsage;
use pki::key::KeyKind;
use pki::{Name, Random, Time};
use serde::{Deserialize, Serialize};

use crate::Enrolment;

/// What a sealed challenge starts with.
const PREFIX: &str = "P1.";
/// What is authenticated beside the content: a challenge of another version never opens.
const CONTEXT: &[u8] = b"perennial sealed challenge 1";
/// Octets that say which key sealed it.
const KEY_ID: usize = 4;
/// Characters of the longest challenge that is looked at.
const LONGEST: usize = 8 << 10;

/// A key that seals challenges.
pub struct SealingKey {
    id: [u8; KEY_ID],
    key: LessSafeKey,
}

impl SealingKey {
    /// From 32 random octets.
    #[must_use]
    pub fn new(octets: &[u8; 32]) -> Option<SealingKey> {
        let hash = pki::digest::sha256(octets);
        let id = *hash.first_chunk()?;
        Some(SealingKey { id, key: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, octets).ok()?) })
    }
}

/// What a sealed challenge says. What is not said is not compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Claims {
    /// Its name: what is remembered once it is spent.
    pub id: String,
    /// The endpoint it is for.
    pub endpoint: String,
    /// Seconds since 1970 until which it may be used.
    pub expires: i64,
    /// The device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The security identifier that goes into the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The profile of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The subject, as RFC 4514 text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The subject alternative names, as `dns:host.example`; all of them and no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// The key usages the request may state, as RFC 5280 names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_usage: Option<Vec<String>>,
    /// The extended key usages the request may state, as object identifiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_key_usage: Option<Vec<String>>,
    /// The least size of an RSA key, in bits; keys on curves always pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_bits: Option<u32>,
    /// The SHA-1 thumbprint of the certificate that must have signed the request, for renewals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

/// A property of a request that is not what the challenge says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// Which one.
    pub property: &'static str,
    /// What the challenge says.
    pub expected: String,
    /// What the request says.
    pub actual: String,
}

impl Mismatch {
    fn new(property: &'static str, expected: &dyn fmt::Display, actual: &dyn fmt::Display) -> Mismatch {
        Mismatch { property, expected: expected.to_string(), actual: actual.to_string() }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: expected {}, got {}", self.property, self.expected, self.actual)
    }
}

/// Seals claims into the text of a challenge.
#[must_use]
pub fn seal(claims: &Claims, key: &SealingKey, random: Random<'_>) -> Option<String> {
    let mut nonce = [0; NONCE_LEN];
    random(&mut nonce);
    let mut content = serde_json::to_vec(claims).ok()?;
    key.key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(CONTEXT), &mut content).ok()?;
    let whole = [key.id.as_slice(), &nonce, &content].concat();
    Some(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(whole)))
}

/// Opens the text of a challenge; nothing if it is no sealed one, or was sealed with none of these keys.
#[must_use]
pub fn open(text: &str, keys: &[SealingKey]) -> Option<Claims> {
    let text = text.trim();
    if text.len() > LONGEST {
        return None;
    }
    let whole = URL_SAFE_NO_PAD.decode(text.strip_prefix(PREFIX)?).ok()?;
    let (id, rest) = whole.split_first_chunk::<KEY_ID>()?;
    let (nonce, sealed) = rest.split_first_chunk::<NONCE_LEN>()?;
    keys.iter().filter(|key| key.id == *id).find_map(|key| {
        let mut content = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = key.key.open_in_place(nonce, Aad::from(CONTEXT), &mut content).ok()?;
        serde_json::from_slice(plain).ok()
    })
}

impl Claims {
    /// Until when it may be used.
    #[must_use]
    pub fn expires(&self) -> Time {
        Time(self.expires)
    }

    /// Every property of the request that is not what the challenge says.
    #[must_use]
    pub fn mismatches(&self, enrolment: &Enrolment<'_>) -> Vec<Mismatch> {
        let checks = [
            self.endpoint_mismatch(enrolment),
            self.subject_mismatch(enrolment),
            self.names_mismatch(enrolment),
            self.key_usage_mismatch(enrolment),
            self.extended_key_usage_mismatch(enrolment),
            self.key_mismatch(enrolment),
            self.signer_mismatch(enrolment),
        ];
        checks.into_iter().flatten().collect()
    }

    fn endpoint_mismatch(&self, enrolment: &Enrolment<'_>) -> Option<Mismatch> {
        (self.endpoint != enrolment.endpoint).then(|| Mismatch::new("endpoint", &self.endpoint, &enrolment.endpoint))
    }

    fn subject_mismatch(&self, enrolment: &Enrolment<'_>) -> Option<Mismatch> {
        let expected = self.subject.as_ref()?;
        let actual = enrolment.request.subject();
        let same = Name::parse(expected).is_ok_and(|name| name.matches(actual));
        (!same).then(|| Mismatch::new("subject", expected, actual))
    }

    fn names_mismatch(&self, enrolment: &Enrolment<'_>) -> Option<Mismatch> {
        let expected: BTreeSet<String> = self.names.as_ref()?.iter().map(|n| n.to_ascii_lowercase()).collect();
        let actual: BTreeSet<String> =
            enrolment.request.subject_alt_names().iter().map(|n| n.to_string().to_ascii_lowercase()).collect();
        (expected != actual).then(|| Mismatch::new("subjectAltName", &listed(&expected), &listed(&actual)))
    }

    fn key_usage_mismatch(&self, enrolment: &Enrolment<'_>) -> Option<Mismatch> {
        let expected = self.key_usage.as_ref()?;
        let actual = enrolment.request.key_usage()?;
        let usages: Option<Vec<KeyUsage>> = expected.iter().map(|name| KeyUsage::by_name(name)).collect();
        let all = usages.unwrap_or_default().into_iter().fold(KeyUsage(0), KeyUsage::with);
        (!all.allows(actual)).then(|| Mismatch::new("keyUsage", &expected.join(" "), &actual.names().join(" ")))
    }

    fn extended_key_usage_mismatch(&self, enrolment: &Enrolment<'_>) -> Option<Mismatch> {
        let expected = self.extended_key_usage.as_ref()?;
        let actual: Vec<String> = enrolment.request.extended_key_usage()?.iter().map(ToString::to_string).collect();
        let within = actual.iter().all(|purpose| expected.contains(purpose));
        (!within).then(|| Mismatch::new("extendedKeyUsage", &expected.join(" "), &actual.join(" ")))
    }

    fn key_mismatch(&self, enrolment: &Enrolment<'_>) -> Option<Mismatch> {
        let least = self.key_bits?;
        let kind = enrolment.request.public_key().kind();
        let enough = !matches!(kind, KeyKind::Rsa(bits) if *bits < least as usize);
        (!enough).then(|| Mismatch::new("key", &format!("at least {least} bits"), kind))
    }

    fn signer_mismatch(&self, enrolment: &Enrolment<'_>) -> Option<Mismatch> {
        let expected = self.signer.as_ref()?;
        let actual = enrolment.signer.thumbprint();
        (!expected.eq_ignore_ascii_case(&actual)).then(|| Mismatch::new("signer", expected, &actual))
    }
}

fn listed(names: &BTreeSet<String>) -> String {
    if names.is_empty() { "none".to_owned() } else { names.iter().map(String::as_str).collect::<Vec<_>>().join(", ") }
}
