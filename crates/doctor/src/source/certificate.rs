//! Files of certificates and revocation lists: DER, PEM, PKCS#7, serialized stores, bare base64.

use base64::Engine;
use pki::der::{Reader, normalise};
use pki::{Certificate, Crl};

use super::notes::Notes;
use super::stored_certificate;
use crate::fact::certificate::{CertificateDescription, CertificateFact, CertificateOrigin, PrivateKey};
use crate::fact::evidence::Weight;
use crate::fact::{CrlDescription, Observed, Position};

/// Reads a whole file.
pub(crate) fn read(octets: &[u8], notes: &mut Notes<'_>) {
    if octets.starts_with(b"\0\0\0\0CERT") {
        return serialized_store(octets.get(8..).unwrap_or_default(), notes);
    }
    if octets.first() == Some(&0x30) {
        return der(octets, Position::Whole, notes);
    }
    let text = decoded(octets);
    if text.contains("-----BEGIN") {
        return armoured(&text, notes);
    }
    let base64: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    match base64::engine::general_purpose::STANDARD.decode(&base64) {
        Ok(octets) => der(&octets, Position::Whole, notes),
        Err(_) => notes.damaged(Position::Whole, "no certificate could be read from the file"),
    }
}

fn decoded(octets: &[u8]) -> String {
    match super::encoding::is_utf16(octets) {
        Some(encoding) => encoding.decode(octets).0.into_owned(),
        None => String::from_utf8_lossy(octets).into_owned(),
    }
}

/// Every PEM block of a text that holds certificates or revocation lists; private keys are passed over and never kept.
pub(crate) fn armoured(text: &str, notes: &mut Notes<'_>) {
    let mut line = 1;
    let mut rest = text;
    while let Some(at) = rest.find("-----BEGIN ") {
        line += lines_in(rest.get(..at).unwrap_or_default());
        rest = rest.get(at..).unwrap_or_default();
        let end = rest
            .find("-----END ")
            .and_then(|end| rest.get(end..)?.find('\n').map(|n| end + n + 1))
            .unwrap_or(rest.len());
        let block = rest.get(..end).unwrap_or(rest);
        for pem in pki::pem::decode(block) {
            let label = pem.label.as_str();
            let certificate = label.contains("CERTIFICATE") && !label.contains("REQUEST");
            if certificate || matches!(label, "PKCS7" | "CMS" | "X509 CRL" | "CRL") {
                der(&pem.der, Position::Line(line), notes);
            }
        }
        line += lines_in(block);
        rest = rest.get(end..).unwrap_or_default();
    }
}

fn lines_in(text: &str) -> u64 {
    memchr::memchr_iter(b'\n', text.as_bytes()).count() as u64
}

fn der(octets: &[u8], position: Position, notes: &mut Notes<'_>) {
    if let Ok(certificate) = Certificate::read(&mut Reader::new(octets)) {
        return note(certificate, position, notes);
    }
    if let Ok(list) = Crl::parse(octets) {
        return note_list(&list, position, notes);
    }
    match signed_data(octets) {
        Some((certificates, lists)) if !(certificates.is_empty() && lists.is_empty()) => {
            for certificate in certificates {
                note(certificate, position, notes);
            }
            for list in lists {
                note_list(&list, position, notes);
            }
        }
        _ => notes.damaged(position, "no certificate could be read from the octets"),
    }
}

/// The certificates and revocation lists of a PKCS#7 SignedData, with or without a signature (RFC 5652 §5.1).
fn signed_data(octets: &[u8]) -> Option<(Vec<Certificate>, Vec<Crl>)> {
    let limits = pki::der::Limits { size: 8 << 20, depth: 24 };
    let plain = normalise(octets, limits).ok()?;
    let mut outer = Reader::new(&plain).sequence("ContentInfo").ok()?;
    if outer.oid("contentType").ok()? != pki::oid::CMS_SIGNED_DATA {
        return None;
    }
    let mut inner = outer.optional(0xa0).ok()??.reader().sequence("SignedData").ok()?;
    // version, digestAlgorithms, encapContentInfo
    for _ in 0..3 {
        inner.any().ok()?;
    }
    let certificates = members(&mut inner, 0xa0, |der| Certificate::parse(der).ok())?;
    let lists = members(&mut inner, 0xa1, |der| Crl::parse(der).ok())?;
    Some((certificates, lists))
}

/// What can be read of a set under this tag; nothing of a set that is not there.
fn members<T>(inner: &mut Reader<'_>, tag: u8, read: impl Fn(&[u8]) -> Option<T>) -> Option<Vec<T>> {
    let mut found = Vec::new();
    let Some(set) = inner.optional(tag).ok()? else { return Some(found) };
    let mut set = set.reader();
    while !set.is_empty() {
        found.extend(read(set.any().ok()?.raw));
    }
    Some(found)
}

fn serialized_store(octets: &[u8], notes: &mut Notes<'_>) {
    // Each certificate's properties end with the certificate itself; a property of number 0 ends the store.
    let (mut start, mut rest, mut nth) = (octets, octets, 0);
    while let Some((property, value, after)) = stored_certificate::property(rest) {
        rest = after;
        if property == 33 {
            // CERT_CRL_PROP_ID: a revocation list, with its properties before it.
            nth += 1;
            start = after;
            if let Ok(list) = Crl::parse(value) {
                note_list(&list, Position::Item(nth), notes);
            }
            continue;
        }
        if property != 32 {
            continue;
        }
        nth += 1;
        let length = start.len().saturating_sub(after.len());
        let list = start.get(..length).unwrap_or_default();
        match stored_certificate::read(list, None, CertificateOrigin::File) {
            Some(fact) => {
                notes.understood(None);
                notes.fact(Position::Item(nth), None, Observed::Certificate(Box::new(fact)), Weight::Telling);
            }
            None => notes.damaged(Position::Item(nth), "a certificate of the store could not be read"),
        }
        start = after;
    }
}

fn note(certificate: Certificate, position: Position, notes: &mut Notes<'_>) {
    notes.understood(None);
    let fact = CertificateFact {
        described: CertificateDescription::of(&certificate),
        certificate: Some(certificate),
        origin: CertificateOrigin::File,
        store: None,
        private_key: PrivateKey::Unknown,
        archived: None,
    };
    notes.fact(position, None, Observed::Certificate(Box::new(fact)), Weight::Telling);
}

fn note_list(list: &Crl, position: Position, notes: &mut Notes<'_>) {
    notes.understood(None);
    notes.fact(position, None, Observed::RevocationList(Box::new(CrlDescription::of(list))), Weight::Telling);
}
