//! Revocation lists (RFC 5280 §5).

use std::collections::BTreeMap;

use pki::crl::Reason;
use pki::der::{tag, write};
use pki::extension::{AuthorityKeyId, Extension, KeyUsage};
use pki::key::{Sign, SignatureError};
use pki::{Certificate, Crl, Time, oid};

use crate::{SignFailed, sign};

/// A certificate that is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedEntry {
    /// Its serial number, content octets.
    pub serial: Vec<u8>,
    /// Since when.
    pub at: Time,
    /// Why. [`Reason::Unspecified`] is not written (RFC 5280 §5.3.1). [`Reason::RemoveFromCrl`] means that it is not
    /// revoked any more: it does not stand on a full list.
    pub reason: Reason,
}

/// Makes and signs a version 2 list with the authority key identifier and the CRL number. The key must be the issuer's
/// and allowed to sign lists; the signature is verified before the list is returned.
pub fn crl(
    issuer: &Certificate,
    key: &dyn Sign,
    entries: &[RevokedEntry],
    number: u64,
    this_update: Time,
    next_update: Time,
) -> Result<Crl, SignFailed> {
    if !issuer.key_usage().is_none_or(|usage| usage.allows(KeyUsage::CRL_SIGN)) {
        return Err(SignFailed::NoCrlSigner);
    }
    if next_update <= this_update {
        return Err(SignFailed::Dates);
    }
    if entries.iter().any(|entry| entry.serial.is_empty()) {
        return Err(SignFailed::Serial);
    }
    let algorithm = key.preferred();
    let key_id = AuthorityKeyId::key_id_der(issuer.subject_key_id().unwrap_or(&issuer.public_key().key_id()));
    let extensions =
        [Extension::plain(oid::AUTHORITY_KEY_ID, key_id), Extension::plain(oid::CRL_NUMBER, write::integer(number))];
    let tbs = write::sequence(&[
        &write::integer(1),
        &algorithm.to_der(),
        issuer.subject().der(),
        &this_update.to_der(),
        &next_update.to_der(),
        &revoked_certificates(entries),
        &write::explicit(0, &Extension::all_to_der(&extensions)),
    ]);
    let signature = sign::signature(&tbs, algorithm, issuer, key)?;
    let der = write::sequence(&[&tbs, &algorithm.to_der(), &write::bit_octets(&signature)]);
    Crl::parse(&der).map_err(|_| SignFailed::Key(SignatureError::Malformed))
}

/// revokedCertificates, absent if there are none. Written into one buffer, and each reason once: lists are long.
fn revoked_certificates(entries: &[RevokedEntry]) -> Vec<u8> {
    let mut list = Vec::with_capacity(entries.len() * 52);
    let mut entry_octets = Vec::with_capacity(64);
    let mut reasons: BTreeMap<Reason, Vec<u8>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.reason != Reason::RemoveFromCrl) {
        entry_octets.clear();
        push(&mut entry_octets, tag::INTEGER, &entry.serial);
        entry_octets.extend_from_slice(&entry.at.to_der());
        let reason = reasons.entry(entry.reason).or_insert_with(|| reason_extension(entry.reason));
        entry_octets.extend_from_slice(reason);
        push(&mut list, tag::SEQUENCE, &entry_octets);
    }
    if list.is_empty() { list } else { write::tlv(tag::SEQUENCE, &list) }
}

fn push(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    out.push(tag);
    write::length(out, content.len());
    out.extend_from_slice(content);
}

/// crlEntryExtensions with the reason code alone.
fn reason_extension(reason: Reason) -> Vec<u8> {
    if reason == Reason::Unspecified {
        return Vec::new();
    }
    let value = write::tlv(tag::ENUMERATED, &[reason as u8]);
    Extension::all_to_der(&[Extension::plain(oid::CRL_REASON, value)])
}

/// Whether a list must be made anew: the rest of its life is no longer than `overlap` seconds, the time for which the
/// old list and the new one are both good. The overlap must be shorter than the lists live, or every list is due at
/// once.
#[must_use]
pub fn crl_due(next_update: Time, overlap: i64, now: Time) -> bool {
    now >= next_update.plus(overlap.saturating_neg())
}
