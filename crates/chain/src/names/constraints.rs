//! NameConstraints, read into a form that compares quickly.

use pki::der::{Reader, tag};
use pki::extension::GeneralName;
use pki::{DerError, Oid, oid};

use super::host::within;
use super::subject::{Claimed, DirectoryKey, directory_key, split_mailbox};

/// What a CA permits and excludes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NameConstraints {
    pub(crate) permitted: Vec<Subtree>,
    pub(crate) excluded: Vec<Subtree>,
}

/// One GeneralSubtree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subtree {
    pub(crate) base: Base,
    /// minimum is not 0, or maximum is there: never to be used (RFC 5280 §4.2.1.10).
    pub(crate) bounded: Option<&'static str>,
    /// As messages show it.
    pub(crate) shown: String,
}

/// A subtree's base.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Base {
    Dns(String),
    Email(EmailBase),
    Uri(String),
    Ip(Vec<u8>, Vec<u8>),
    Directory(DirectoryKey),
    /// A user principal name: `@domain`, `.domain`, `domain` or `user@domain`.
    Upn(String),
    /// A form that is not compared: its tag, and the type of an otherName.
    Unsupported(u8, Option<Oid>),
    /// Not of its form.
    Malformed(u8),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum EmailBase {
    Mailbox(String, String),
    Host(String),
    Below(String),
}

impl NameConstraints {
    pub(crate) fn parse(value: &[u8]) -> Result<NameConstraints, DerError> {
        let mut inner = Reader::single(value, tag::SEQUENCE, "NameConstraints")?.reader();
        let permitted = inner.optional(0xa0)?.map(|e| subtrees(e.reader())).transpose()?;
        let excluded = inner.optional(0xa1)?.map(|e| subtrees(e.reader())).transpose()?;
        inner.finish("NameConstraints")?;
        if permitted.is_none() && excluded.is_none() {
            return Err(DerError::Value("NameConstraints"));
        }
        Ok(NameConstraints { permitted: permitted.unwrap_or_default(), excluded: excluded.unwrap_or_default() })
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Subtree> {
        self.permitted.iter().chain(&self.excluded)
    }
}

fn subtrees(mut list: Reader<'_>) -> Result<Vec<Subtree>, DerError> {
    let mut out = Vec::new();
    while !list.is_empty() {
        let mut inner = list.sequence("GeneralSubtree")?;
        let element = inner.any()?;
        let name = GeneralName::from_element(element);
        let minimum = inner.optional(0x80)?;
        let maximum = inner.optional(0x81)?;
        inner.finish("GeneralSubtree")?;
        let bounded = match (minimum, maximum) {
            (_, Some(_)) => Some("maximum"),
            (Some(minimum), None) if minimum.value.iter().any(|b| *b != 0) => Some("minimum"),
            _ => None,
        };
        out.push(Subtree { base: base(&name, element.tag), bounded, shown: shown(&name) });
    }
    if out.is_empty() { Err(DerError::Value("GeneralSubtrees")) } else { Ok(out) }
}

fn shown(name: &GeneralName) -> String {
    match name {
        GeneralName::Ip(octets) if octets.len() == 8 || octets.len() == 32 => {
            let (net, mask) = octets.split_at(octets.len() / 2);
            let bits: u32 = mask.iter().map(|b| b.count_ones()).sum();
            format!("{}/{bits}", GeneralName::Ip(net.to_vec()))
        }
        other => other.to_string(),
    }
}

fn base(name: &GeneralName, tag: u8) -> Base {
    match name {
        GeneralName::Dns(text) if text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains('*') => {
            Base::Dns(text.to_ascii_lowercase())
        }
        GeneralName::Email(text) => email(text).map_or(Base::Malformed(tag), Base::Email),
        GeneralName::Uri(text) if text.is_ascii() && !text.contains(['/', '@', ':', '\0']) => {
            Base::Uri(text.to_ascii_lowercase())
        }
        GeneralName::Ip(octets) => ip(octets).map_or(Base::Malformed(tag), |(net, mask)| Base::Ip(net, mask)),
        GeneralName::Directory(name) => Base::Directory(directory_key(name)),
        GeneralName::Other(id, _) if *id == oid::MS_UPN => {
            name.upn().map_or(Base::Malformed(tag), |upn| Base::Upn(upn.to_lowercase()))
        }
        GeneralName::Other(id, _) => Base::Unsupported(tag, Some(id.clone())),
        GeneralName::RegisteredId(_) => Base::Unsupported(tag, None),
        GeneralName::Unread(0xa3 | 0xa5, _) => Base::Unsupported(tag, None),
        _ => Base::Malformed(tag),
    }
}

fn email(text: &str) -> Option<EmailBase> {
    if !text.is_ascii() || text.contains('\0') {
        return None;
    }
    if let Some((local, host)) = split_mailbox(text) {
        return Some(EmailBase::Mailbox(local.to_owned(), host.to_ascii_lowercase()));
    }
    if text.contains('@') {
        return None;
    }
    Some(match text.strip_prefix('.') {
        Some(_) => EmailBase::Below(text.to_ascii_lowercase()),
        None => EmailBase::Host(text.to_ascii_lowercase()),
    })
}

fn ip(octets: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    if octets.len() != 8 && octets.len() != 32 {
        return None;
    }
    let (net, mask) = octets.split_at(octets.len() / 2);
    // A mask is ones and then zeros.
    let value = mask.iter().fold(0u128, |v, b| (v << 8) | u128::from(*b)) << (128 - 8 * mask.len());
    (value.leading_ones() == value.count_ones()).then(|| (net.to_vec(), mask.to_vec()))
}

impl Base {
    /// Whether base and name are of the same form.
    pub(crate) fn concerns(&self, name: &Claimed) -> bool {
        match (self, name) {
            (Base::Dns(_), Claimed::Dns(_))
            | (Base::Email(_), Claimed::Email(..))
            | (Base::Uri(_), Claimed::Uri(_))
            | (Base::Ip(..), Claimed::Ip(_))
            | (Base::Directory(_), Claimed::Directory(_))
            | (Base::Upn(_), Claimed::Upn(_)) => true,
            (Base::Unsupported(tag, id), Claimed::Unsupported(other, other_id)) => tag == other && id == other_id,
            (
                Base::Dns(_) | Base::Email(_) | Base::Uri(_) | Base::Ip(..) | Base::Upn(_),
                Claimed::Malformed(tag, _),
            ) => *tag == self.tag(),
            (Base::Malformed(tag), name) => *tag == name.tag(),
            _ => false,
        }
    }

    pub(crate) fn tag(&self) -> u8 {
        match self {
            Base::Dns(_) => 0x82,
            Base::Email(_) => 0x81,
            Base::Uri(_) => 0x86,
            Base::Ip(..) => 0x87,
            Base::Directory(_) => 0xa4,
            Base::Upn(_) => 0xa0,
            Base::Unsupported(tag, _) | Base::Malformed(tag) => *tag,
        }
    }

    /// Whether the text of the base is empty, which Windows does not support.
    pub(crate) fn is_empty_text(&self) -> bool {
        matches!(self, Base::Dns(text) | Base::Uri(text) | Base::Upn(text) if text.is_empty())
            || matches!(self, Base::Email(EmailBase::Host(text)) if text.is_empty())
    }

    /// Whether the whole of `name` lies in the subtree.
    pub(crate) fn contains(&self, name: &Claimed) -> bool {
        match (self, name) {
            (Base::Dns(base), Claimed::Dns(name)) => within(name, base),
            (Base::Email(base), Claimed::Email(local, host)) => match base {
                EmailBase::Mailbox(l, h) => l == local && h == host,
                EmailBase::Host(h) => h.is_empty() || h == host,
                EmailBase::Below(dotted) => host.ends_with(dotted.as_str()),
            },
            (Base::Uri(base), Claimed::Uri(host)) => {
                if base.starts_with('.') {
                    host.ends_with(base.as_str())
                } else {
                    base.is_empty() || host == base
                }
            }
            (Base::Ip(net, mask), Claimed::Ip(octets)) => {
                octets.len() == net.len() && octets.iter().zip(net).zip(mask).all(|((a, n), m)| a & m == n & m)
            }
            (Base::Directory(base), Claimed::Directory(name)) => name.starts_with(base),
            (Base::Upn(base), Claimed::Upn(name)) => upn_within(name, base),
            _ => false,
        }
    }

    /// Whether some name that `name` stands for lies in the subtree: more than [`Base::contains`] for a wildcard.
    pub(crate) fn touches(&self, name: &Claimed) -> bool {
        if self.contains(name) {
            return true;
        }
        match (self, name) {
            (Base::Dns(base), Claimed::Dns(name)) => name.strip_prefix("*.").is_some_and(|parent| {
                base.split_once('.').is_some_and(|(label, rest)| rest == parent && !label.is_empty())
            }),
            _ => false,
        }
    }
}

fn upn_within(name: &str, base: &str) -> bool {
    let Some((_, host)) = name.rsplit_once('@') else { return false };
    if base.is_empty() {
        return true;
    }
    if let Some(domain) = base.strip_prefix('@') {
        return host == domain;
    }
    if base.starts_with('.') {
        return host.ends_with(base);
    }
    if base.contains('@') { name == base } else { within(host, base) }
}
