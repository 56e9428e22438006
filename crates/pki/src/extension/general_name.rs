use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::der::{Reader, Tlv, tag, write};
use crate::{DerError, Name, Oid, oid};

/// A GeneralName (RFC 5280 §4.2.1.6). Text is kept as octets where it came as octets; it may hold anything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum GeneralName {
    /// otherName: its type and the whole element inside the explicit tag.
    Other(Oid, Vec<u8>),
    /// rfc822Name.
    Email(String),
    /// dNSName.
    Dns(String),
    /// directoryName.
    Directory(Name),
    /// uniformResourceIdentifier.
    Uri(String),
    /// iPAddress: 4 or 16 octets, or twice as many inside name constraints.
    Ip(Vec<u8>),
    /// registeredID.
    RegisteredId(Oid),
    /// A form this house does not read (x400Address, ediPartyName, or one malformed): tag and content.
    Unread(u8, Vec<u8>),
}

impl GeneralName {
    /// Reads one GeneralName. A form with an impossible content comes out as [`GeneralName::Unread`].
    pub fn from_element(element: Tlv<'_>) -> GeneralName {
        let unread = || GeneralName::Unread(element.tag, element.value.to_vec());
        let text = || std::str::from_utf8(element.value).ok().map(str::to_owned);
        match element.tag {
            0xa0 => {
                let mut inner = element.reader();
                let parts = inner.oid("type-id").and_then(|id| Ok((id, inner.take(0xa0, "value")?.value.to_vec())));
                parts.map_or_else(|_| unread(), |(id, value)| GeneralName::Other(id, value))
            }
            0x81 => text().map_or_else(unread, GeneralName::Email),
            0x82 => text().map_or_else(unread, GeneralName::Dns),
            0xa4 => Name::read(&mut element.reader()).map_or_else(|_| unread(), GeneralName::Directory),
            0x86 => text().map_or_else(unread, GeneralName::Uri),
            0x87 => GeneralName::Ip(element.value.to_vec()),
            0x88 => GeneralName::RegisteredId(Oid::from_content(element.value)),
            _ => unread(),
        }
    }

    /// Reads GeneralNames to the end of the reader.
    pub fn read_all(mut reader: Reader<'_>) -> Result<Vec<GeneralName>, DerError> {
        let mut out = Vec::new();
        while !reader.is_empty() {
            out.push(GeneralName::from_element(reader.any()?));
        }
        Ok(out)
    }

    /// From a SubjectAltName or IssuerAltName extnValue.
    pub fn parse_all(value: &[u8]) -> Result<Vec<GeneralName>, DerError> {
        GeneralName::read_all(Reader::single(value, tag::SEQUENCE, "GeneralNames")?.reader())
    }

    /// The element.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        match self {
            GeneralName::Other(id, value) => write::constructed(0xa0, &[&write::oid(id), &write::explicit(0, value)]),
            GeneralName::Email(text) => write::tlv(0x81, text.as_bytes()),
            GeneralName::Dns(text) => write::tlv(0x82, text.as_bytes()),
            GeneralName::Directory(name) => write::tlv(0xa4, name.der()),
            GeneralName::Uri(text) => write::tlv(0x86, text.as_bytes()),
            GeneralName::Ip(octets) => write::tlv(0x87, octets),
            GeneralName::RegisteredId(id) => write::tlv(0x88, id.content()),
            GeneralName::Unread(tag, value) => write::tlv(*tag, value),
        }
    }

    /// A GeneralNames SEQUENCE, as in SubjectAltName.
    #[must_use]
    pub fn all_to_der(names: &[GeneralName]) -> Vec<u8> {
        let parts: Vec<Vec<u8>> = names.iter().map(GeneralName::to_der).collect();
        write::sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }

    /// The user principal name inside an otherName of that type.
    #[must_use]
    pub fn upn(&self) -> Option<String> {
        match self {
            GeneralName::Other(id, value) if *id == oid::MS_UPN => Reader::new(value).any().ok()?.text(),
            _ => None,
        }
    }

    /// A user principal name.
    #[must_use]
    pub fn from_upn(upn: &str) -> GeneralName {
        GeneralName::Other(oid::MS_UPN, write::tlv(tag::UTF8_STRING, upn.as_bytes()))
    }
}

impl fmt::Display for GeneralName {
    /// `DNS:dev.example.test`, the prefixes of OpenSSL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GeneralName::Other(id, value) => match self.upn() {
                Some(upn) => write!(f, "UPN:{}", upn.escape_debug()),
                None => write!(f, "otherName:{id};{}", crate::digest::hex(value)),
            },
            GeneralName::Email(text) => write!(f, "email:{}", text.escape_debug()),
            GeneralName::Dns(text) => write!(f, "DNS:{}", text.escape_debug()),
            GeneralName::Directory(name) => write!(f, "DirName:{name}"),
            GeneralName::Uri(text) => write!(f, "URI:{}", text.escape_debug()),
            GeneralName::Ip(octets) => {
                if let Ok(v4) = <[u8; 4]>::try_from(octets.as_slice()) {
                    write!(f, "IP:{}", Ipv4Addr::from(v4))
                } else if let Ok(v6) = <[u8; 16]>::try_from(octets.as_slice()) {
                    write!(f, "IP:{}", Ipv6Addr::from(v6))
                } else {
                    write!(f, "IP:{}", crate::digest::hex(octets))
                }
            }
            GeneralName::RegisteredId(id) => write!(f, "RID:{id}"),
            GeneralName::Unread(tag, value) => write!(f, "[{}]:{}", tag & 0x1f, crate::digest::hex(value)),
        }
    }
}
