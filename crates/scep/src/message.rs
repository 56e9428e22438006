//! What requests and replies have in common: a SignedData with one signature and the SCEP attributes
//! (RFC 8894 §3.2.1).

use pki::Oid;
use pki::cms::Attributes;
use pki::der::{Tlv, tag, write};

/// Longest transactionID; certmonger's have 77 characters.
const LONGEST_TRANSACTION: usize = 255;
/// Longest nonce that is copied back; RFC 8894 says 16 octets, old iOS sends 8.
const LONGEST_NONCE: usize = 256;

/// A transactionID as text: 1 to 255 printable ASCII characters, in any string type.
pub(crate) fn transaction(value: Tlv<'_>) -> Option<String> {
    let text = value.text()?;
    let fits = (1..=LONGEST_TRANSACTION).contains(&text.len()) && text.bytes().all(|b| (0x20..0x7f).contains(&b));
    fits.then_some(text)
}

/// A nonce: an OCTET STRING of 1 to 256 octets.
pub(crate) fn nonce<'a>(attributes: &Attributes<'a>, id: &Oid) -> Option<&'a [u8]> {
    let value = attributes.single(id)?;
    (value.tag == tag::OCTET_STRING && (1..=LONGEST_NONCE).contains(&value.value.len())).then_some(value.value)
}

/// A number written as decimal text (messageType, pkiStatus, failInfo).
pub(crate) fn number(attributes: &Attributes<'_>, id: &Oid) -> Option<u8> {
    let text = attributes.single(id)?.text()?;
    let digits = !text.is_empty() && text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// A number as the attribute value RFC 8894 §3.2.1 prescribes.
pub(crate) fn number_value(number: u8) -> Vec<u8> {
    write::tlv(tag::PRINTABLE_STRING, number.to_string().as_bytes())
}
