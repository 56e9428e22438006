//! Whether the octets are DER: one value, one encoding.

use pki::der::{Reader, Tlv, tag, write};
use pki::extension::Extension;
use pki::key::KeyKind;
use pki::{Certificate, Time};

use super::Finished;

/// Deeper than any certificate this crate makes.
const DEPTH: usize = 24;

pub(super) fn der(of: &Finished<'_>) -> Vec<String> {
    let certificate = of.certificate;
    let mut says: Vec<String> = strict(certificate.tbs(), "the certificate").into_iter().collect();
    for extension in certificate.extensions() {
        says.extend(strict(&extension.value, &format!("the extension {}", extension.id)));
    }
    if let KeyKind::Rsa(_) = certificate.public_key().kind() {
        says.extend(strict(certificate.public_key().key_octets(), "the RSA key"));
    }
    if says.is_empty() && rewritten(certificate) != certificate.tbs() {
        says.push("Written anew from what was read, the octets are not the same.".to_owned());
    }
    says
}

/// The TBSCertificate written anew: fields out of their order, defaults written out and unique identifiers show.
fn rewritten(certificate: &Certificate) -> Vec<u8> {
    write::sequence(&[
        &write::explicit(0, &write::integer(certificate.version().into())),
        &write::tlv(tag::INTEGER, certificate.serial()),
        certificate.inner_algorithm_der(),
        certificate.issuer().der(),
        &certificate.validity().to_der(),
        certificate.subject().der(),
        certificate.public_key().spki_der(),
        &write::explicit(3, &Extension::all_to_der(certificate.extensions())),
    ])
}

/// What keeps `input` from being one DER element.
fn strict(input: &[u8], what: &str) -> Option<String> {
    let mut reader = Reader::new(input);
    let element = match reader.any() {
        Ok(element) => element,
        Err(e) => return Some(format!("In {what}: {e}.")),
    };
    if !reader.is_empty() {
        return Some(format!("Octets follow {what}."));
    }
    element_flaw(element, DEPTH).map(|flaw| format!("In {what}: {flaw}."))
}

fn element_flaw(element: Tlv<'_>, depth: usize) -> Option<String> {
    if element.tag & 0x1f == 0x1f {
        return Some("a tag number above 30".to_owned());
    }
    let mut header = vec![element.tag];
    write::length(&mut header, element.value.len());
    if !element.raw.starts_with(&header) || element.raw.len() != header.len() + element.value.len() {
        return Some(format!("a length of element {:#04x} is not in its shortest form", element.tag));
    }
    let universal = element.tag & 0xc0 == 0;
    let constructed = element.tag & tag::CONSTRUCTED != 0;
    if universal && constructed != matches!(element.tag, tag::SEQUENCE | tag::SET) {
        return Some(format!("element {:#04x} is primitive where it must not be, or the reverse", element.tag));
    }
    if constructed {
        return members_flaw(element, depth);
    }
    let sound = !universal || primitive_is_sound(element);
    (!sound).then(|| format!("the content of element {:#04x} is not in its one form", element.tag))
}

fn members_flaw(element: Tlv<'_>, depth: usize) -> Option<String> {
    let Some(depth) = depth.checked_sub(1) else { return Some("nested too deep".to_owned()) };
    let mut reader = element.reader();
    let mut before: &[u8] = &[];
    while !reader.is_empty() {
        let member = match reader.any() {
            Ok(member) => member,
            Err(e) => return Some(e.to_string()),
        };
        if element.tag == tag::SET && member.raw < before {
            return Some("the members of a SET OF are not in order".to_owned());
        }
        before = member.raw;
        if let Some(flaw) = element_flaw(member, depth) {
            return Some(flaw);
        }
    }
    None
}

fn primitive_is_sound(element: Tlv<'_>) -> bool {
    let value = element.value;
    match element.tag {
        tag::BOOLEAN => matches!(value, [0] | [0xff]),
        tag::INTEGER | tag::ENUMERATED => match value {
            [] => false,
            [0, second, ..] => second & 0x80 != 0,
            [0xff, second, ..] => second & 0x80 == 0,
            _ => true,
        },
        tag::BIT_STRING => match value {
            [0] => true,
            [unused @ 0..=7, .., last] => u32::from(*unused) <= last.trailing_zeros(),
            _ => false,
        },
        tag::NULL => value.is_empty(),
        tag::OID => oid_is_sound(value),
        tag::UTC_TIME | tag::GENERALIZED_TIME => Time::from_element(element).is_ok_and(|t| t.to_der() == element.raw),
        tag::OCTET_STRING => true,
        _ => element.text().is_some(),
    }
}

/// Every arc in its fewest octets, the last one ended (X.690 §8.19.2).
fn oid_is_sound(content: &[u8]) -> bool {
    let mut begins = true;
    for octet in content {
        if begins && *octet == 0x80 {
            return false;
        }
        begins = octet & 0x80 == 0;
    }
    begins && !content.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_der_from_ber() {
        let good: [&[u8]; 9] = [
            &[0x30, 0],
            &[1, 1, 0xff],
            &[2, 2, 0, 0x80],
            &[2, 1, 0],
            &[3, 2, 5, 0xa0],
            &[3, 1, 0],
            &[5, 0],
            &[6, 3, 0x55, 4, 3],
            &[0x31, 6, 2, 1, 1, 2, 1, 2],
        ];
        for input in good {
            assert_eq!(strict(input, "it"), None, "{input:02x?}");
        }
        let bad: [&[u8]; 17] = [
            &[],
            &[0x30, 0x81, 0],
            &[0x30, 0, 0],
            &[0x30, 0x80, 0, 0],
            &[1, 1, 1],
            &[2, 0],
            &[2, 2, 0, 1],
            &[2, 2, 0xff, 0x80],
            &[3, 0],
            &[3, 2, 8, 0],
            &[3, 2, 5, 0xb0],
            &[5, 1, 0],
            &[6, 2, 0x55, 0x80],
            &[6, 3, 0x55, 0x80, 1],
            &[0x31, 6, 2, 1, 2, 2, 1, 1],
            &[0x24, 3, 4, 1, 0],
            &[0x13, 1, 0xff],
        ];
        for input in bad {
            assert!(strict(input, "it").is_some(), "{input:02x?}");
        }
        let mut deep = vec![5, 0];
        for _ in 0..40 {
            deep = write::sequence(&[&deep]);
        }
        assert!(strict(&deep, "it").is_some_and(|flaw| flaw.contains("deep")));
        assert!(strict(&write::tlv(tag::UTC_TIME, b"2611241200Z"), "it").is_some());
        assert_eq!(strict(&write::tlv(tag::UTC_TIME, b"261124120000Z"), "it"), None);
    }
}
