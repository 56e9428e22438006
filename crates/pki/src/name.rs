//! Distinguished names (RFC 5280 §4.1.2.4, compared as §7.1 says, written as RFC 4514).

use std::fmt;

use crate::der::{Reader, Tlv, tag, write};
use crate::{DerError, Oid, oid};

/// A distinguished name, kept as the octets received.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Name {
    der: Box<[u8]>,
}

/// One attribute of a name.
#[derive(Debug, Clone)]
pub struct Attribute<'a> {
    /// The attribute type.
    pub kind: Oid,
    /// The value as encoded.
    pub value: Tlv<'a>,
}

impl Name {
    /// From a whole Name element. The inner structure is checked, so that later walks cannot fail.
    pub fn from_element(element: Tlv<'_>) -> Result<Name, DerError> {
        if element.tag != tag::SEQUENCE {
            return Err(DerError::Unexpected { what: "Name", found: element.tag });
        }
        let mut rdns = element.reader();
        while !rdns.is_empty() {
            let mut attributes = rdns.take(tag::SET, "RelativeDistinguishedName")?.reader();
            while !attributes.is_empty() {
                let mut attribute = attributes.sequence("AttributeTypeAndValue")?;
                attribute.oid("attribute type")?;
                attribute.any()?;
            }
        }
        Ok(Name { der: element.raw.into() })
    }

    /// Reads a Name.
    pub fn read(reader: &mut Reader<'_>) -> Result<Name, DerError> {
        Name::from_element(reader.take(tag::SEQUENCE, "Name")?)
    }

    /// The name as received.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// A name without any attribute.
    #[must_use]
    pub fn empty() -> Name {
        Name { der: write::sequence(&[]).into() }
    }

    /// Whether there is no attribute.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rdns().is_empty()
    }

    /// From single-valued attributes in encoding order (country first, as X.500 orders them).
    #[must_use]
    pub fn from_attributes(attributes: &[(Oid, &str)]) -> Name {
        let rdns: Vec<Vec<u8>> = attributes
            .iter()
            .map(|(kind, text)| {
                let value = match *kind {
                    oid::DOMAIN_COMPONENT | oid::EMAIL_ADDRESS if text.is_ascii() => {
                        write::tlv(tag::IA5_STRING, text.as_bytes())
                    }
                    _ => write::directory_string(text),
                };
                write::set_of(vec![write::sequence(&[&write::oid(kind), &value])])
            })
            .collect();
        let parts: Vec<&[u8]> = rdns.iter().map(Vec::as_slice).collect();
        Name { der: write::sequence(&parts).into() }
    }

    /// From RFC 4514 text, most specific attribute first: `CN=dev-1,O=Example,C=CH`. Multi-valued parts (`+`) become
    /// parts of their own. Values in the hexadecimal form (`#0C03…`) are refused.
    pub fn parse(text: &str) -> Result<Name, NotAName> {
        let mut attributes = Vec::new();
        for part in split_unescaped(text) {
            let (kind, value) = part.split_once('=').ok_or(NotAName)?;
            let kind = attribute_type(kind.trim()).ok_or(NotAName)?;
            attributes.push((kind, unescape(trim(value))?));
        }
        attributes.reverse();
        let borrowed: Vec<(Oid, &str)> = attributes.iter().map(|(k, v)| (k.clone(), v.as_str())).collect();
        Ok(Name::from_attributes(&borrowed))
    }

    /// The relative distinguished names in encoding order, each with its attributes.
    #[must_use]
    pub fn rdns(&self) -> Vec<Vec<Attribute<'_>>> {
        let Ok(element) = Reader::single(&self.der, tag::SEQUENCE, "Name") else { return Vec::new() };
        let mut rdns = element.reader();
        let mut out = Vec::new();
        while let Ok(set) = rdns.any() {
            let mut members = set.reader();
            let mut rdn = Vec::new();
            while let Ok(mut member) = members.sequence("AttributeTypeAndValue") {
                if let (Ok(kind), Ok(value)) = (member.oid("attribute type"), member.any()) {
                    rdn.push(Attribute { kind, value });
                }
            }
            out.push(rdn);
        }
        out
    }

    /// The text of the last attribute of this type (the most specific one).
    #[must_use]
    pub fn attribute(&self, kind: &Oid) -> Option<String> {
        self.rdns().into_iter().rev().flatten().find(|a| a.kind == *kind).and_then(|a| a.value.text())
    }

    /// The common name.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        self.attribute(&oid::COMMON_NAME)
    }

    /// Whether both names are the same after RFC 5280 §7.1: case and runs of blanks do not count in text.
    #[must_use]
    pub fn matches(&self, other: &Name) -> bool {
        self.der == other.der || self.canonical() == other.canonical()
    }

    /// Whether this name lies in the subtree of `base` (the first RDNs of this name are those of `base`).
    #[must_use]
    pub fn within(&self, base: &Name) -> bool {
        self.canonical().starts_with(&base.canonical())
    }

    /// A form in which names that match are equal: the RDNs, each a sorted list of types and folded values.
    #[must_use]
    pub fn canonical(&self) -> Vec<Vec<(Oid, Vec<u8>)>> {
        self.rdns()
            .into_iter()
            .map(|rdn| {
                let mut folded: Vec<_> = rdn.into_iter().map(|a| (a.kind, fold(a.value))).collect();
                folded.sort();
                folded
            })
            .collect()
    }
}

/// Text in lower case with runs of blanks made one; other values as they are, with their tag.
fn fold(value: Tlv<'_>) -> Vec<u8> {
    match value.text() {
        Some(text) => text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().into_bytes(),
        None => value.raw.to_vec(),
    }
}

/// The text is not a distinguished name of RFC 4514.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a distinguished name such as CN=dev-1,O=Example,C=CH")]
pub struct NotAName;

const KEYWORDS: &[(&str, Oid)] = &[
    ("CN", oid::COMMON_NAME),
    ("SN", oid::SURNAME),
    ("SERIALNUMBER", oid::SERIAL_NUMBER),
    ("C", oid::COUNTRY),
    ("L", oid::LOCALITY),
    ("ST", oid::STATE),
    ("S", oid::STATE),
    ("STREET", oid::STREET),
    ("O", oid::ORGANIZATION),
    ("OU", oid::ORGANIZATIONAL_UNIT),
    ("T", oid::TITLE),
    ("G", oid::GIVEN_NAME),
    ("GN", oid::GIVEN_NAME),
    ("I", oid::INITIALS),
    ("DNQUALIFIER", oid::DN_QUALIFIER),
    ("DC", oid::DOMAIN_COMPONENT),
    ("UID", oid::USER_ID),
    ("E", oid::EMAIL_ADDRESS),
    ("EMAILADDRESS", oid::EMAIL_ADDRESS),
    ("UNSTRUCTUREDNAME", oid::UNSTRUCTURED_NAME),
    ("UNSTRUCTUREDADDRESS", oid::UNSTRUCTURED_ADDRESS),
];

fn attribute_type(text: &str) -> Option<Oid> {
    let upper = text.to_ascii_uppercase();
    KEYWORDS.iter().find(|(word, _)| *word == upper).map(|(_, oid)| oid.clone()).or_else(|| text.parse().ok())
}

fn split_unescaped(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped, mut quoted) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => quoted = !quoted,
            ',' | '+' if !quoted => {
                parts.push(text.get(start..at).unwrap_or_default());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts.retain(|p| !p.trim().is_empty());
    parts
}

/// Without the blanks around a value; one after a backslash belongs to it.
fn trim(value: &str) -> &str {
    let blank = |c: char| c.is_ascii_whitespace();
    let value = value.trim_start_matches(blank);
    let trimmed = value.trim_end_matches(blank);
    let backslashes = trimmed.chars().rev().take_while(|c| *c == '\\').count();
    if backslashes % 2 == 1 { value.get(..=trimmed.len()).unwrap_or(trimmed) } else { trimmed }
}

/// Two hexadecimal digits, and nothing else that reads as a number (`+F`).
fn hex_pair(text: &str) -> Option<u8> {
    let pair = text.get(..2).filter(|pair| pair.bytes().all(|b| b.is_ascii_hexdigit()))?;
    u8::from_str_radix(pair, 16).ok()
}

fn unescape(value: &str) -> Result<String, NotAName> {
    if value.starts_with('#') {
        return Err(NotAName);
    }
    let value = value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value);
    let mut octets = Vec::with_capacity(value.len());
    let mut rest = value;
    while let Some(c) = rest.chars().next() {
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
        if c != '\\' {
            octets.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        match hex_pair(rest) {
            Some(octet) => {
                octets.push(octet);
                rest = rest.get(2..).unwrap_or_default();
            }
            None => {
                let literal = rest.chars().next().ok_or(NotAName)?;
                octets.extend_from_slice(literal.encode_utf8(&mut [0; 4]).as_bytes());
                rest = rest.get(literal.len_utf8()..).unwrap_or_default();
            }
        }
    }
    String::from_utf8(octets).map_err(|_| NotAName)
}

fn escape(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for (at, c) in text.char_indices() {
        let edge = (at == 0 && matches!(c, ' ' | '#')) || (c == ' ' && at + 1 == text.len());
        if c.is_control() {
            for octet in c.encode_utf8(&mut [0; 4]).bytes() {
                write!(f, "\\{octet:02X}")?;
            }
        } else if edge || matches!(c, ',' | '+' | '"' | '\\' | '<' | '>' | ';') {
            write!(f, "\\{c}")?;
        } else {
            write!(f, "{c}")?;
        }
    }
    Ok(())
}

impl fmt::Display for Name {
    /// RFC 4514 with a blank after each comma, most specific attribute first, as Windows shows names.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for rdn in self.rdns().into_iter().rev() {
            let mut separator = if first { "" } else { ", " };
            first = false;
            for attribute in rdn {
                f.write_str(separator)?;
                separator = "+";
                match KEYWORDS.iter().find(|(_, oid)| *oid == attribute.kind) {
                    Some((word, _)) => f.write_str(word)?,
                    None => write!(f, "{}", attribute.kind)?,
                }
                f.write_str("=")?;
                match attribute.value.text() {
                    Some(text) => escape(&text, f)?,
                    None => {
                        f.write_str("#")?;
                        for octet in attribute.value.raw {
                            write!(f, "{octet:02X}")?;
                        }
                    }
                }
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self})")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn text_and_back() {
        for text in
            ["CN=dev-1, O=Example, C=CH", "CN=a\\, b\\+c, DC=example, DC=test", "1.2.3=x", "CN=\\ x\\ ", "CN=Zürich"]
        {
            assert_eq!(Name::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(Name::parse("cn = \"a,b\"").unwrap().to_string(), "CN=a\\,b");
        assert_eq!(Name::parse("CN=a\\+F, O= b ").unwrap().to_string(), "CN=a\\+F, O=b");
        assert!(Name::parse("CN=#0403616263").is_err());
        assert!(Name::parse("nonsense").is_err() && Name::parse("XX=1").is_err() && Name::parse("CN=\\").is_err());
        assert_eq!(Name::parse("CN=a\\00b").unwrap().common_name().unwrap(), "a\0b");
        assert_eq!(Name::parse("CN=a\\00b").unwrap().to_string(), "CN=a\\00b");
    }

    #[test]
    fn text_that_is_no_country_or_domain_is_written_as_text() {
        let name = Name::parse("C=Ö, DC=ö, E=ö@example.org").unwrap();
        assert_eq!(name.to_string(), "C=Ö, DC=ö, E=ö@example.org");
        let tags: Vec<u8> = name.rdns().iter().flatten().map(|a| a.value.tag).collect();
        assert_eq!(tags, [tag::UTF8_STRING; 3]);
    }

    #[test]
    fn case_blanks_and_string_type_do_not_count() {
        let a = Name::parse("CN=Some  Name,O=EXAMPLE").unwrap();
        let rdn = |kind: &Oid, tag, text: &[u8]| {
            write::set_of(vec![write::sequence(&[&write::oid(kind), &write::tlv(tag, text)])])
        };
        let der = write::sequence(&[
            &rdn(&oid::ORGANIZATION, tag::UTF8_STRING, b"example"),
            &rdn(&oid::COMMON_NAME, tag::TELETEX_STRING, b" some name"),
        ]);
        let b = Name::read(&mut Reader::new(&der)).unwrap();
        assert!(a.matches(&b));
        assert!(a.within(&Name::parse("O=example").unwrap()) && !a.within(&Name::parse("CN=some name").unwrap()));
    }
}
