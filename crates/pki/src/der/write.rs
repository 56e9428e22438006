//! Writing DER: a few functions that concatenate. Every value passed in is already DER.

use super::tag;
use crate::Oid;

/// Appends a length in its shortest form.
pub fn length(out: &mut Vec<u8>, length: usize) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let skip = octets.iter().take_while(|&&b| b == 0).count();
            // A usize has at most eight octets, so the count fits.
            out.push(0x80 | (octets.len() - skip) as u8);
            out.extend(octets.iter().skip(skip));
        }
    }
}

/// One element.
#[must_use]
pub fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(content.len() + 6);
    out.push(tag);
    length(&mut out, content.len());
    out.extend_from_slice(content);
    out
}

/// One constructed element out of its parts, in the order given.
#[must_use]
pub fn constructed(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let size = parts.iter().map(|p| p.len()).sum();
    let mut out = Vec::with_capacity(size + 6);
    out.push(tag);
    length(&mut out, size);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A SEQUENCE.
#[must_use]
pub fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    constructed(tag::SEQUENCE, parts)
}

/// A SET OF, its members sorted as DER demands (X.690 §11.6).
#[must_use]
pub fn set_of(mut parts: Vec<Vec<u8>>) -> Vec<u8> {
    parts.sort();
    constructed(tag::SET, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

/// A non-negative INTEGER from big-endian octets: leading zeros are dropped, a sign octet added where needed.
#[must_use]
pub fn unsigned(magnitude: &[u8]) -> Vec<u8> {
    let skip = magnitude.iter().take_while(|&&b| b == 0).count();
    let digits = magnitude.get(skip..).unwrap_or_default();
    let mut content = Vec::with_capacity(digits.len() + 1);
    if digits.first().is_none_or(|b| b & 0x80 != 0) {
        content.push(0);
    }
    content.extend_from_slice(digits);
    tlv(tag::INTEGER, &content)
}

/// A small INTEGER.
#[must_use]
pub fn integer(value: u64) -> Vec<u8> {
    unsigned(&value.to_be_bytes())
}

/// BOOLEAN TRUE.
#[must_use]
pub fn boolean_true() -> Vec<u8> {
    vec![tag::BOOLEAN, 1, 0xff]
}

/// NULL.
#[must_use]
pub fn null() -> Vec<u8> {
    vec![tag::NULL, 0]
}

/// An OBJECT IDENTIFIER.
#[must_use]
pub fn oid(oid: &Oid) -> Vec<u8> {
    tlv(tag::OID, oid.content())
}

/// An OCTET STRING.
#[must_use]
pub fn octets(content: &[u8]) -> Vec<u8> {
    tlv(tag::OCTET_STRING, content)
}

/// A BIT STRING of whole octets.
#[must_use]
pub fn bit_octets(content: &[u8]) -> Vec<u8> {
    constructed(tag::BIT_STRING, &[&[0], content])
}

/// A named BIT STRING without trailing zero bits (X.690 §11.2.2). Bit 0 is the most significant bit of the first octet.
#[must_use]
pub fn named_bits(bits: u16) -> Vec<u8> {
    // Bit n of the named list is 1 << n in `bits`.
    let mut octets = [0u8; 2];
    for n in 0..16usize {
        if bits & (1 << n) != 0
            && let Some(octet) = octets.get_mut(n / 8)
        {
            *octet |= 0x80 >> (n % 8);
        }
    }
    let used = if octets[1] != 0 { 2 } else { usize::from(octets[0] != 0) };
    let unused = used.checked_sub(1).map_or(0, |last| octets[last].trailing_zeros() as u8);
    constructed(tag::BIT_STRING, &[&[unused], octets.get(..used).unwrap_or_default()])
}

/// A PrintableString if the text allows it, otherwise a UTF8String (RFC 5280 §4.1.2.4).
#[must_use]
pub fn directory_string(text: &str) -> Vec<u8> {
    let printable = text.bytes().all(|b| b.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&b));
    tlv(if printable { tag::PRINTABLE_STRING } else { tag::UTF8_STRING }, text.as_bytes())
}

/// An explicit context tag around one element.
#[must_use]
pub fn explicit(number: u8, element: &[u8]) -> Vec<u8> {
    tlv(tag::context_constructed(number), element)
}

/// An AlgorithmIdentifier; `parameters` is a whole element or empty for absent ones.
#[must_use]
pub fn algorithm(id: &Oid, parameters: &[u8]) -> Vec<u8> {
    sequence(&[&oid(id), parameters])
}
