//! Windows security identifiers in certificates, for strong mapping to an account (KB5014754).

use std::fmt;
use std::str::FromStr;

use pki::der::{tag, write};
use pki::extension::{Extension, GeneralName};
use pki::oid;

/// What a URI with a security identifier begins with.
const URI_PREFIX: &str = "tag:microsoft.com,2022-09-14:sid:";

/// A Windows security identifier such as `S-1-5-21-1004336348-1177238915-682003330-512` ([MS-DTYP] §2.4.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sid(String);

/// The text is no security identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a Windows security identifier such as S-1-5-21-1004336348-1177238915-682003330-512")]
pub struct NotASid;

impl FromStr for Sid {
    type Err = NotASid;

    /// `S-1-`, an authority below 2^48, and 1 to 15 sub-authorities below 2^32, all decimal without leading zeros.
    fn from_str(text: &str) -> Result<Sid, NotASid> {
        let mut parts = text.strip_prefix("S-1-").ok_or(NotASid)?.split('-');
        number(parts.next(), (1 << 48) - 1)?;
        let mut count = 0;
        for part in parts {
            number(Some(part), u64::from(u32::MAX))?;
            count += 1;
        }
        if (1..=15).contains(&count) { Ok(Sid(text.to_owned())) } else { Err(NotASid) }
    }
}

fn number(text: Option<&str>, most: u64) -> Result<u64, NotASid> {
    let text = text.filter(|t| t.bytes().all(|b| b.is_ascii_digit())).ok_or(NotASid)?;
    if text.len() > 1 && text.starts_with('0') {
        return Err(NotASid);
    }
    text.parse().ok().filter(|n| *n <= most).ok_or(NotASid)
}

impl Sid {
    /// As text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The security extension 1.3.6.1.4.1.311.25.2: an otherName with the identifier in ASCII.
    #[must_use]
    pub(crate) fn extension(&self) -> Extension {
        let value = write::octets(self.0.as_bytes());
        let name = write::constructed(
            tag::context_constructed(0),
            &[&write::oid(&oid::MS_SID_VALUE), &write::explicit(0, &value)],
        );
        Extension::plain(oid::MS_SID, write::sequence(&[&name]))
    }

    /// The URI for the subject alternative name, where the extension cannot be had (offline templates).
    #[must_use]
    pub(crate) fn uri(&self) -> GeneralName {
        GeneralName::Uri(format!("{URI_PREFIX}{}", self.0))
    }
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// In which form a certificate carries the security identifier. An order without one gets none, in any form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum SidForms {
    /// Not at all.
    #[default]
    None,
    /// As the extension 1.3.6.1.4.1.311.25.2.
    Extension,
    /// As a URI among the subject alternative names.
    Uri,
    /// As both.
    Both,
}

impl SidForms {
    pub(crate) fn has_extension(self) -> bool {
        matches!(self, SidForms::Extension | SidForms::Both)
    }

    pub(crate) fn has_uri(self) -> bool {
        matches!(self, SidForms::Uri | SidForms::Both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_identifiers_and_nothing_else() {
        for good in ["S-1-5-21-1004336348-1177238915-682003330-512", "S-1-5-18", "S-1-281474976710655-4294967295"] {
            assert_eq!(good.parse::<Sid>().map(|s| s.to_string()), Ok(good.to_owned()));
        }
        let long = format!("S-1-5{}", "-1".repeat(16));
        for bad in
            ["", "S-1-5", "S-2-5-18", "s-1-5-18", "S-1-5-018", "S-1-5-+8", "S-1-5-4294967296", "S-1-5-18\n", &long]
        {
            assert_eq!(bad.parse::<Sid>(), Err(NotASid), "{bad}");
        }
    }

    #[test]
    fn the_extension_is_byte_exact() {
        let sid: Sid = "S-1-5-18".parse().expect("a SID");
        let expected = [
            &[0x30, 0x1a, 0xa0, 0x18, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x19, 0x02, 0x01][..],
            &[0xa0, 0x0a, 0x04, 0x08],
            b"S-1-5-18",
        ];
        assert_eq!(sid.extension().value, expected.concat());
        assert_eq!(sid.uri(), GeneralName::Uri("tag:microsoft.com,2022-09-14:sid:S-1-5-18".to_owned()));
    }
}
