//! Certificates as Windows stores them in the registry and in serialized stores: a list of properties, one of which is
//! the certificate itself.

use pki::Certificate;

use super::notes::Notes;
use crate::fact::certificate::{
    Archived, CertificateDescription, CertificateFact, CertificateOrigin, KeyContainer, PrivateKey, StoreName,
    StoreOwner,
};
use crate::fact::evidence::Weight;
use crate::fact::{Observed, Position};

/// CERT_KEY_PROV_INFO_PROP_ID.
const KEY_PROVIDER: u32 = 2;
/// CERT_ARCHIVED_PROP_ID.
const ARCHIVED: u32 = 19;
/// CERT_CERT_PROP_ID.
const CERTIFICATE: u32 = 32;

/// The store a registry path belongs to: `…\SystemCertificates\MY\Certificates\<thumbprint>`.
pub(crate) fn store_of(path: &str) -> Option<StoreName> {
    const MARK: &str = "\\systemcertificates\\";
    let lower = path.to_ascii_lowercase();
    let at = lower.find(MARK)? + MARK.len();
    let mut parts = path.get(at..)?.split('\\');
    let name = parts.next()?;
    parts.next().filter(|part| part.eq_ignore_ascii_case("Certificates"))?;
    let owner = if lower.starts_with("hkey_local_machine") { StoreOwner::Machine } else { StoreOwner::User };
    Some(StoreName { owner, name: name.to_owned() })
}

/// Notes the certificate in a property list.
pub(crate) fn note(blob: &[u8], store: &StoreName, position: Position, notes: &mut Notes<'_>) {
    let Some(fact) = read(blob, Some(store.clone()), CertificateOrigin::Registry) else {
        return notes.damaged(position, "a stored certificate whose properties cannot be read");
    };
    notes.fact(position, None, Observed::Certificate(Box::new(fact)), Weight::Telling);
}

/// Reads a property list: number, flags, length, octets, each number four octets, little end first.
pub(crate) fn read(blob: &[u8], store: Option<StoreName>, origin: CertificateOrigin) -> Option<CertificateFact> {
    let (mut certificate, mut key, mut archived) = (None, PrivateKey::Absent, Archived::No);
    let mut rest = blob;
    while let Some((property, value, after)) = property(rest) {
        match property {
            CERTIFICATE => certificate = Certificate::parse(value).ok(),
            KEY_PROVIDER => key = PrivateKey::Present(container(value)),
            ARCHIVED => archived = Archived::Yes,
            _ => {}
        }
        rest = after;
    }
    let certificate = certificate?;
    Some(CertificateFact {
        described: CertificateDescription::of(&certificate),
        certificate: Some(certificate),
        origin,
        store,
        private_key: key,
        archived: Some(archived),
    })
}

/// One property and what follows it.
pub(crate) fn property(octets: &[u8]) -> Option<(u32, &[u8], &[u8])> {
    let number = word(octets, 0)?;
    let length = usize::try_from(word(octets, 8)?).ok()?;
    let end = length.checked_add(12)?;
    Some((number, octets.get(12..end)?, octets.get(end..)?))
}

fn word(octets: &[u8], at: usize) -> Option<u32> {
    octets.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}

/// A serialized CRYPT_KEY_PROV_INFO: offsets of the container's and the provider's name from its start.
fn container(octets: &[u8]) -> KeyContainer {
    let name = |at: usize| {
        let start = usize::try_from(word(octets, at)?).ok()?;
        let units = octets.get(start..)?.chunks_exact(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
        let units: Vec<u16> = units.take_while(|unit| *unit != 0).collect();
        Some(String::from_utf16_lossy(&units)).filter(|name| start >= 12 && !name.is_empty())
    };
    KeyContainer { name: name(0), provider: name(4), readers: Vec::new() }
}
