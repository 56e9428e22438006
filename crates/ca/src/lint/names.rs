//! Lints of names.

use pki::der::{Reader, tag};
use pki::extension::GeneralName;
use pki::name::Attribute;
use pki::{Oid, oid};

use super::Names;
use super::text::{is_dns, is_email, is_uri};
use crate::subject;

/// Upper bounds in characters (RFC 5280 Appendix A.1; emailAddress: RFC 2985 §5.2.1).
const BOUNDS: &[(Oid, usize)] = &[
    (oid::COMMON_NAME, 64),
    (oid::SERIAL_NUMBER, 64),
    (oid::LOCALITY, 128),
    (oid::STATE, 128),
    (oid::ORGANIZATION, 64),
    (oid::ORGANIZATIONAL_UNIT, 64),
    (oid::TITLE, 64),
    (oid::PSEUDONYM, 128),
    (oid::EMAIL_ADDRESS, 255),
    (oid::SURNAME, 32_768),
    (oid::GIVEN_NAME, 32_768),
    (oid::INITIALS, 32_768),
];

/// The bound for every other attribute: RFC 5280's greatest (ub-name).
const OTHER_BOUND: usize = 32_768;

/// The most attributes of a distinguished name.
const MOST_ATTRIBUTES: usize = 32;
/// The most subject alternative names.
const MOST_NAMES: usize = 100;

fn attributes<'a>(names: &'a Names<'_>) -> impl Iterator<Item = Attribute<'a>> {
    names.distinguished().flat_map(|name| name.rdns().into_iter().flatten())
}

pub(super) fn count(names: &Names<'_>) -> Vec<String> {
    let attributes = names.distinguished().map(|name| name.rdns().iter().map(Vec::len).sum::<usize>());
    let long = attributes.filter(|count| *count > MOST_ATTRIBUTES);
    let mut says: Vec<String> = long
        .map(|count| format!("A distinguished name has {count} attributes; {MOST_ATTRIBUTES} are the most."))
        .collect();
    if names.alternative.len() > MOST_NAMES {
        let count = names.alternative.len();
        says.push(format!("There are {count} subject alternative names; {MOST_NAMES} are the most."));
    }
    says
}

pub(super) fn length(names: &Names<'_>) -> Vec<String> {
    let empty_parts = names.distinguished().flat_map(|name| name.rdns()).filter(Vec::is_empty);
    let mut says: Vec<String> =
        empty_parts.map(|_| "A relative distinguished name holds no attribute.".to_owned()).collect();
    for attribute in attributes(names) {
        let Some(text) = attribute.value.text() else { continue };
        let (kind, length) = (&attribute.kind, text.chars().count());
        let (least, most) = match *kind {
            oid::COUNTRY => (2, 2),
            _ => (1, BOUNDS.iter().find(|(of, _)| of == kind).map_or(OTHER_BOUND, |(_, most)| *most)),
        };
        if !(least..=most).contains(&length) {
            says.push(format!("The attribute {kind} has {length} characters; {least} to {most} are allowed."));
        }
    }
    says
}

pub(super) fn text(names: &Names<'_>) -> Vec<String> {
    let mut says = Vec::new();
    for attribute in attributes(names) {
        match attribute.value.text() {
            Some(text) if text.chars().any(char::is_control) => {
                says.push(format!("The attribute {} holds a control character: {text:?}.", attribute.kind));
            }
            Some(_) => {}
            None => says.push(format!("The attribute {} is not text.", attribute.kind)),
        }
    }
    for name in names.alternative {
        let text = match name {
            GeneralName::Email(text) | GeneralName::Dns(text) | GeneralName::Uri(text) => Some(text.clone()),
            other => other.upn(),
        };
        if text.is_some_and(|text| text.chars().any(char::is_control)) {
            says.push(format!("{name} holds a control character."));
        }
    }
    says
}

pub(super) fn string_type(names: &Names<'_>) -> Vec<String> {
    let wrong = |attribute: &Attribute<'_>| {
        let text = attribute.value.text()?;
        let allowed = subject::string_type(&attribute.kind, &text);
        (!allowed.contains(&attribute.value.tag)).then(|| match allowed {
            [] => format!("The attribute {} holds characters that it cannot have: {text:?}.", attribute.kind),
            _ => format!("The attribute {} has string type {:#04x}.", attribute.kind, attribute.value.tag),
        })
    };
    attributes(names).filter_map(|attribute| wrong(&attribute)).collect()
}

pub(super) fn dns(names: &Names<'_>) -> Vec<String> {
    let bad = |name: &&GeneralName| matches!(name, GeneralName::Dns(text) if !is_dns(text));
    names.alternative.iter().filter(bad).map(|name| format!("{name} is no DNS name.")).collect()
}

pub(super) fn ip(names: &Names<'_>) -> Vec<String> {
    let bad = |name: &GeneralName| match name {
        GeneralName::Ip(octets) if !matches!(octets.len(), 4 | 16) => Some(octets.len()),
        _ => None,
    };
    let says = |length| format!("An IP address has {length} octets; it must have 4 or 16.");
    names.alternative.iter().filter_map(bad).map(says).collect()
}

pub(super) fn email(names: &Names<'_>) -> Vec<String> {
    let bad = |name: &&GeneralName| matches!(name, GeneralName::Email(text) if !is_email(text));
    names.alternative.iter().filter(bad).map(|name| format!("{name} is no e-mail address in ASCII.")).collect()
}

pub(super) fn uri(names: &Names<'_>) -> Vec<String> {
    let bad = |name: &&GeneralName| matches!(name, GeneralName::Uri(text) if !is_uri(text));
    names.alternative.iter().filter(bad).map(|name| format!("{name} is no absolute URI.")).collect()
}

pub(super) fn other(names: &Names<'_>) -> Vec<String> {
    let sound = |name: &GeneralName| match name {
        GeneralName::Other(id, value) if *id == oid::MS_UPN => {
            let text = Reader::single(value, tag::UTF8_STRING, "UPN").ok().and_then(pki::der::Tlv::text);
            text.is_some_and(|text| !text.trim().is_empty())
        }
        GeneralName::Directory(name) => !name.is_empty(),
        GeneralName::Unread(..) => false,
        _ => true,
    };
    let bad = names.alternative.iter().filter(|name| !sound(name));
    bad.map(|name| format!("{name} cannot be read as what it claims to be, or is empty.")).collect()
}
