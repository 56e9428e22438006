//! Names: the folded key by which issuers are looked up, the names a certificate claims, and the subtrees a CA permits
//! or excludes (RFC 5280 §4.2.1.10, §7).

mod constraints;
mod host;
mod subject;

pub(crate) use constraints::{Base, NameConstraints, Subtree};
pub(crate) use host::{host_matches, is_dns_name};
pub(crate) use subject::{Claimed, SubjectEmail, claimed_names};

use pki::Name;
use pki::der::{Reader, Tlv};

/// A hash that is equal for names that match by RFC 5280 §7.1 (case and runs of blanks do not count).
pub(crate) fn name_key(name: &Name) -> u64 {
    let Ok(mut rdns) = Reader::new(name.der()).sequence("Name") else { return 0 };
    let mut hash = FNV_START;
    while let Ok(set) = rdns.any() {
        let mut members = set.reader();
        // The members of a SET have no order: their hashes are added.
        let mut sum: u64 = 0;
        while let Ok(mut member) = members.sequence("AttributeTypeAndValue") {
            if let (Ok(kind), Ok(value)) = (member.any(), member.any()) {
                sum = sum.wrapping_add(fold_into(fnv(FNV_START, kind.value), value));
            }
        }
        hash = fnv(hash, &sum.to_be_bytes());
    }
    hash
}

const FNV_START: u64 = 0xcbf2_9ce4_8422_2325;

fn fnv(start: u64, octets: &[u8]) -> u64 {
    octets.iter().fold(start, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0000_0100_0000_01b3))
}

/// Hashes the text of a value as `Name::matches` compares it.
fn fold_into(start: u64, value: Tlv<'_>) -> u64 {
    use pki::der::tag::{IA5_STRING, NUMERIC_STRING, PRINTABLE_STRING, TELETEX_STRING, UTF8_STRING, VISIBLE_STRING};
    let one_octet = matches!(
        value.tag,
        UTF8_STRING | PRINTABLE_STRING | IA5_STRING | NUMERIC_STRING | VISIBLE_STRING | TELETEX_STRING
    );
    if one_octet && value.value.is_ascii() {
        let mut hash = start;
        for (at, word) in value.value.split(|b| is_blank(*b)).filter(|word| !word.is_empty()).enumerate() {
            if at > 0 {
                hash = fnv(hash, b" ");
            }
            for octet in word {
                hash = fnv(hash, &[octet.to_ascii_lowercase()]);
            }
        }
        return hash;
    }
    match value.text() {
        Some(text) => fnv(start, text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase().as_bytes()),
        None => fnv(start, value.raw),
    }
}

/// The ASCII blanks of `char::is_whitespace`.
fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | 0x09..=0x0d)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_that_match_have_one_key() {
        let key = |text: &str| name_key(&Name::parse(text).unwrap());
        assert_eq!(key("CN=Some  Name,O=EXAMPLE"), key("CN=some name,O=Example"));
        assert_eq!(key("CN=Zürich"), key("CN=ZÜRICH"));
        assert_ne!(key("CN=a,O=b"), key("CN=b,O=a"));
        assert_ne!(key("CN=ab"), key("CN=a b"));
    }
}
