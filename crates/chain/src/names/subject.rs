//! The names a certificate claims, as constraints see them.

use pki::extension::GeneralName;
use pki::{Name, Oid, oid};

use crate::facts::Facts;

/// The relative distinguished names, folded: `Name::canonical`.
pub(crate) type DirectoryKey = Vec<Vec<(Oid, Vec<u8>)>>;

pub(crate) fn directory_key(name: &Name) -> DirectoryKey {
    name.canonical()
}

/// One name of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// In lower case.
    Dns(String),
    /// Local part and host, the host in lower case.
    Email(String, String),
    /// The host, in lower case.
    Uri(String),
    Ip(Vec<u8>),
    Directory(DirectoryKey),
    /// In lower case.
    Upn(String),
    /// Of a form that is not compared: its tag, and the type of an otherName.
    Unsupported(u8, Option<Oid>),
    /// Not of its form: its tag, and what is wrong.
    Malformed(u8, &'static str),
}

impl Claimed {
    pub(crate) fn tag(&self) -> u8 {
        match self {
            Claimed::Dns(_) => 0x82,
            Claimed::Email(..) => 0x81,
            Claimed::Uri(_) => 0x86,
            Claimed::Ip(_) => 0x87,
            Claimed::Directory(_) => 0xa4,
            Claimed::Upn(_) => 0xa0,
            Claimed::Unsupported(tag, _) | Claimed::Malformed(tag, _) => *tag,
        }
    }
}

/// When the e-mail address in the subject counts as a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SubjectEmail {
    /// Always (Windows).
    Always,
    /// Only without subject alternative names (RFC 5280 §4.2.1.10).
    WithoutAlternatives,
}

/// Every name with what messages show of it.
pub(crate) fn claimed_names(facts: &Facts, email: SubjectEmail) -> Vec<(Claimed, String)> {
    let mut out = Vec::new();
    let subject = facts.certificate.subject();
    if !subject.is_empty() {
        out.push((Claimed::Directory(directory_key(subject)), format!("DirName:{subject}")));
    }
    if email == SubjectEmail::Always || facts.names.is_absent() {
        for attribute in subject.rdns().into_iter().flatten().filter(|a| a.kind == oid::EMAIL_ADDRESS) {
            let text = attribute.value.text().unwrap_or_default();
            out.push((mailbox(&text), format!("email:{}", text.escape_debug())));
        }
    }
    let alternatives = facts.names.value().into_iter().flatten();
    out.extend(alternatives.map(|name| (claimed(name), name.to_string())));
    out
}

fn claimed(name: &GeneralName) -> Claimed {
    match name {
        GeneralName::Dns(text) if text.contains('\0') => Claimed::Malformed(0x82, "it contains a NUL"),
        GeneralName::Dns(text) => {
            let host = text.strip_suffix('.').unwrap_or(text);
            let odd = host.is_empty() || host.bytes().any(|b| !b.is_ascii_graphic()) || host.starts_with('.');
            if odd { Claimed::Malformed(0x82, "it is no DNS name") } else { Claimed::Dns(host.to_ascii_lowercase()) }
        }
        GeneralName::Email(text) => mailbox(text),
        GeneralName::Uri(text) => uri_host(text).map_or(Claimed::Malformed(0x86, "it has no host name"), Claimed::Uri),
        GeneralName::Ip(octets) if octets.len() == 4 || octets.len() == 16 => Claimed::Ip(octets.clone()),
        GeneralName::Ip(_) => Claimed::Malformed(0x87, "it is neither 4 nor 16 octets long"),
        GeneralName::Directory(name) => Claimed::Directory(directory_key(name)),
        GeneralName::Other(id, _) if *id == oid::MS_UPN => match name.upn() {
            Some(upn) if upn.contains('@') => Claimed::Upn(upn.to_lowercase()),
            _ => Claimed::Malformed(0xa0, "it is no user principal name"),
        },
        GeneralName::Other(id, _) => Claimed::Unsupported(0xa0, Some(id.clone())),
        GeneralName::RegisteredId(_) => Claimed::Unsupported(0x88, None),
        GeneralName::Unread(tag @ (0xa3 | 0xa5), _) => Claimed::Unsupported(*tag, None),
        GeneralName::Unread(tag, _) => Claimed::Malformed(*tag, "it cannot be read"),
    }
}

fn mailbox(text: &str) -> Claimed {
    match split_mailbox(text) {
        Some((local, host)) => Claimed::Email(local.to_owned(), host.to_ascii_lowercase()),
        None => Claimed::Malformed(0x81, "it is no mailbox"),
    }
}

/// Local part and host of a mailbox (RFC 5321 §4.1.2), the local part as written.
pub(super) fn split_mailbox(text: &str) -> Option<(&str, &str)> {
    if !text.bytes().all(|b| b.is_ascii() && !b.is_ascii_control()) {
        return None;
    }
    let (local, host) = text.rsplit_once('@')?;
    let quoted = local.len() >= 2 && local.starts_with('"') && local.ends_with('"');
    let plain =
        !local.is_empty() && !local.contains(['@', '"', ' ', '(', ')', ',', ':', ';', '<', '>', '[', ']', '\\']);
    let host_fits = !host.is_empty() && !host.starts_with('.') && !host.contains(' ');
    ((quoted || plain) && host_fits).then_some((local, host))
}

/// The host of a URI in lower case, if it is a name: an address in its place cannot be compared (RFC 5280 §4.2.1.10).
fn uri_host(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let is_address = host.starts_with('[') || host.parse::<std::net::Ipv4Addr>().is_ok();
    let fits = !host.is_empty() && host.bytes().all(|b| b.is_ascii_graphic());
    (fits && !is_address).then(|| host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase())
}
