//! Where a certificate's subject comes from.

use std::str::FromStr;

use pki::der::{tag, write};
use pki::extension::GeneralName;
use pki::name::Attribute;
use pki::{Name, Oid, oid};

use crate::{Code, Flaw, Order};

/// Where a certificate's subject comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubjectRule {
    /// The order's subject. Attributes keep their text and order; a string type that RFC 5280 §4.1.2.4 does not want in
    /// new certificates is replaced.
    AsRequested,
    /// A pattern with places that the order fills.
    Pattern(SubjectPattern),
}

/// A distinguished name with places to fill, such as `CN={cn},OU=Devices,O=Example`.
///
/// The places are `{cn}` and `{serialNumber}` from the order's subject, `{upn}` and `{dns}` from its subject
/// alternative names (the first of each kind). What fills a place stays inside its attribute, whatever it contains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubjectPattern {
    /// In encoding order.
    attributes: Vec<(Oid, Vec<Part>)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Place),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    CommonName,
    SerialNumber,
    Upn,
    Dns,
}

impl Place {
    const ALL: [(Place, &'static str); 4] =
        [(Place::CommonName, "cn"), (Place::SerialNumber, "serialNumber"), (Place::Upn, "upn"), (Place::Dns, "dns")];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(p, _)| *p == self).map_or("", |(_, n)| n)
    }

    fn value(self, order: &Order) -> Option<String> {
        let dns = |name: &GeneralName| if let GeneralName::Dns(dns) = name { Some(dns.clone()) } else { None };
        let value = match self {
            Place::CommonName => order.subject().common_name(),
            Place::SerialNumber => order.subject().attribute(&oid::SERIAL_NUMBER),
            Place::Upn => order.names().iter().find_map(GeneralName::upn),
            Place::Dns => order.names().iter().find_map(dns),
        };
        value.filter(|text| !text.is_empty())
    }
}

/// The text is no subject pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAPattern {
    /// It is no distinguished name.
    #[error("not a distinguished name with places to fill, such as CN={{cn}},O=Example")]
    Name,
    /// It has no attribute.
    #[error("the subject pattern has no attribute")]
    Empty,
    /// A place has a name that nothing fills, or a brace is not closed.
    #[error("`{{{0}}}` is no place; there are {{cn}}, {{serialNumber}}, {{upn}} and {{dns}}")]
    Place(String),
}

impl FromStr for SubjectPattern {
    type Err = NotAPattern;

    fn from_str(text: &str) -> Result<SubjectPattern, NotAPattern> {
        let name = Name::parse(text).map_err(|_| NotAPattern::Name)?;
        let mut attributes = Vec::new();
        for attribute in name.rdns().into_iter().flatten() {
            let text = attribute.value.text().ok_or(NotAPattern::Name)?;
            attributes.push((attribute.kind, parts(&text)?));
        }
        if attributes.is_empty() { Err(NotAPattern::Empty) } else { Ok(SubjectPattern { attributes }) }
    }
}

fn parts(text: &str) -> Result<Vec<Part>, NotAPattern> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, behind) = after.split_once('}').ok_or_else(|| NotAPattern::Place(after.to_owned()))?;
        let known = Place::ALL.iter().find(|(_, n)| *n == name);
        let (place, _) = known.ok_or_else(|| NotAPattern::Place(name.to_owned()))?;
        if !before.is_empty() {
            out.push(Part::Text(before.to_owned()));
        }
        out.push(Part::Place(*place));
        rest = behind;
    }
    if !rest.is_empty() {
        out.push(Part::Text(rest.to_owned()));
    }
    Ok(out)
}

impl SubjectRule {
    /// A pattern's rule.
    pub fn pattern(text: &str) -> Result<SubjectRule, NotAPattern> {
        text.parse().map(SubjectRule::Pattern)
    }

    /// The subject for an order, and a flaw for each place that nothing fills.
    pub(crate) fn apply(&self, order: &Order) -> Result<Name, Vec<Flaw>> {
        match self {
            SubjectRule::AsRequested => Ok(retyped(order.subject())),
            SubjectRule::Pattern(pattern) => pattern.fill(order),
        }
    }
}

impl SubjectPattern {
    fn fill(&self, order: &Order) -> Result<Name, Vec<Flaw>> {
        let mut flaws = Vec::new();
        let mut filled: Vec<(Oid, String)> = Vec::new();
        for (kind, parts) in &self.attributes {
            let mut text = String::new();
            for part in parts {
                match part {
                    Part::Text(fixed) => text.push_str(fixed),
                    Part::Place(place) => match place.value(order) {
                        Some(value) => text.push_str(&value),
                        None => flaws.push(missing(*place)),
                    },
                }
            }
            filled.push((kind.clone(), text));
        }
        if !flaws.is_empty() {
            return Err(flaws);
        }
        let filled: Vec<Vec<u8>> = filled.iter().map(|(kind, text)| rdn(vec![attribute(kind, text)])).collect();
        Ok(name(&filled))
    }
}

fn missing(place: Place) -> Flaw {
    let says = format!("The subject pattern needs {{{}}}, and the request has none.", place.name());
    Flaw::new(Code::SubjectMissing, says)
}

/// The name with every string type that is not for new certificates replaced. What is no text stays and is a lint's.
fn retyped(requested: &Name) -> Name {
    let rdns: Vec<Vec<u8>> = requested
        .rdns()
        .iter()
        .map(|members| rdn(members.iter().map(|member| kept(member).unwrap_or_else(|| renewed(member))).collect()))
        .collect();
    name(&rdns)
}

/// The attribute as it is, if its string type may stay.
fn kept(member: &Attribute<'_>) -> Option<Vec<u8>> {
    let as_is = || write::sequence(&[&write::oid(&member.kind), &write::tlv(member.value.tag, member.value.value)]);
    match member.value.text() {
        Some(text) => string_type(&member.kind, &text).contains(&member.value.tag).then(as_is),
        None => Some(as_is()),
    }
}

fn renewed(member: &Attribute<'_>) -> Vec<u8> {
    attribute(&member.kind, &member.value.text().unwrap_or_default())
}

fn attribute(kind: &Oid, text: &str) -> Vec<u8> {
    let types = string_type(kind, text);
    // No type fits: the last resort is a UTF8String, which the lint then refuses where RFC 5280 does.
    let tag = types.first().copied().unwrap_or(tag::UTF8_STRING);
    write::sequence(&[&write::oid(kind), &write::tlv(tag, text.as_bytes())])
}

/// The string types in which this text may stand in this attribute, the preferred one first (RFC 5280 §4.1.2.4,
/// Appendix A.1; PKCS#9 attributes: RFC 2985 §5.4).
pub(crate) fn string_type(kind: &Oid, text: &str) -> &'static [u8] {
    let printable = is_printable(text);
    match *kind {
        oid::COUNTRY | oid::SERIAL_NUMBER | oid::DN_QUALIFIER if printable => &[tag::PRINTABLE_STRING],
        oid::COUNTRY | oid::SERIAL_NUMBER | oid::DN_QUALIFIER => &[],
        oid::DOMAIN_COMPONENT | oid::EMAIL_ADDRESS if text.is_ascii() => &[tag::IA5_STRING],
        oid::DOMAIN_COMPONENT | oid::EMAIL_ADDRESS => &[],
        oid::UNSTRUCTURED_NAME if printable => &[tag::PRINTABLE_STRING, tag::UTF8_STRING, tag::IA5_STRING],
        oid::UNSTRUCTURED_NAME if text.is_ascii() => &[tag::IA5_STRING, tag::UTF8_STRING],
        _ if printable => &[tag::PRINTABLE_STRING, tag::UTF8_STRING],
        _ => &[tag::UTF8_STRING],
    }
}

fn is_printable(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b))
}

fn rdn(members: Vec<Vec<u8>>) -> Vec<u8> {
    write::set_of(members)
}

fn name(rdns: &[Vec<u8>]) -> Name {
    let der = write::sequence(&rdns.iter().map(Vec::as_slice).collect::<Vec<_>>());
    Name::read(&mut pki::der::Reader::new(&der)).unwrap_or_else(|_| Name::empty())
}
