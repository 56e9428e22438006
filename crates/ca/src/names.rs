//! Which subject alternative names may come from an order.

use pki::extension::GeneralName;
use pki::oid;

use crate::{Code, Flaw};

/// A kind of subject alternative name that an order may bring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NameKind {
    /// dNSName.
    Dns,
    /// rfc822Name.
    Email,
    /// iPAddress.
    Ip,
    /// uniformResourceIdentifier.
    Uri,
    /// otherName with a Microsoft user principal name.
    Upn,
    /// directoryName.
    Directory,
}

impl NameKind {
    /// Every kind with its name.
    pub const ALL: [(NameKind, &'static str); 6] = [
        (NameKind::Dns, "dns"),
        (NameKind::Email, "email"),
        (NameKind::Ip, "ip"),
        (NameKind::Uri, "uri"),
        (NameKind::Upn, "upn"),
        (NameKind::Directory, "directory"),
    ];

    /// By its name: `dns`, `email`, `ip`, `uri`, `upn`, `directory`; case ignored.
    #[must_use]
    pub fn by_name(name: &str) -> Option<NameKind> {
        Self::ALL.iter().find(|(_, n)| n.eq_ignore_ascii_case(name)).map(|(k, _)| *k)
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(k, _)| *k == self).map_or("", |(_, n)| n)
    }

    fn of(name: &GeneralName) -> Option<NameKind> {
        match name {
            GeneralName::Dns(_) => Some(NameKind::Dns),
            GeneralName::Email(_) => Some(NameKind::Email),
            GeneralName::Ip(_) => Some(NameKind::Ip),
            GeneralName::Uri(_) => Some(NameKind::Uri),
            GeneralName::Directory(_) => Some(NameKind::Directory),
            GeneralName::Other(id, _) if *id == oid::MS_UPN => Some(NameKind::Upn),
            GeneralName::Other(..) | GeneralName::RegisteredId(_) | GeneralName::Unread(..) => None,
        }
    }
}

/// The kinds of subject alternative names that may come from an order. Any other is a flaw; none is dropped silently.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NamesRule {
    /// The kinds allowed.
    pub allowed: Vec<NameKind>,
}

impl NamesRule {
    /// Every kind.
    #[must_use]
    pub fn all() -> NamesRule {
        NamesRule { allowed: NameKind::ALL.iter().map(|(kind, _)| *kind).collect() }
    }

    /// What is wrong with the names of an order.
    pub(crate) fn check(&self, names: &[GeneralName]) -> Vec<Flaw> {
        names.iter().filter_map(|name| self.flaw(name)).collect()
    }

    fn flaw(&self, name: &GeneralName) -> Option<Flaw> {
        if claims_sid(name) {
            let says = format!("The request asks for {name}, which only the service itself may write.");
            return Some(Flaw::new(Code::SidRequested, says));
        }
        if NameKind::of(name).is_some_and(|kind| self.allowed.contains(&kind)) {
            return None;
        }
        let allowed: Vec<&str> = self.allowed.iter().map(|kind| kind.name()).collect();
        let allowed = if allowed.is_empty() { "none".to_owned() } else { allowed.join(", ") };
        Some(Flaw::new(Code::NameKind, format!("The request asks for {name}; kinds of names allowed: {allowed}.")))
    }
}

/// What every URI of Microsoft's own begins with (RFC 4151): no requester may speak in Microsoft's name, under this date
/// or a later one.
const MICROSOFT_TAG: &str = "tag:microsoft.com,";

/// Whether a verifier might take this name for a security identifier, however it is spelt.
fn claims_sid(name: &GeneralName) -> bool {
    match name {
        GeneralName::Uri(uri) => percent_decoded(uri).to_ascii_lowercase().contains(MICROSOFT_TAG),
        GeneralName::Other(id, _) => *id == oid::MS_SID_VALUE || *id == oid::MS_SID,
        _ => false,
    }
}

fn percent_decoded(text: &str) -> String {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).filter(|_| *first == b'%').and_then(|p| std::str::from_utf8(p).ok());
        match pair.and_then(|p| u8::from_str_radix(p, 16).ok()) {
            Some(octet) => {
                octets.push(octet);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                octets.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}
