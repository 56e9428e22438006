//! Microsoft's certificate template extensions, by which Windows recognises what a certificate was made from.

use pki::der::{tag, write};
use pki::extension::Extension;
use pki::{Oid, oid};

/// Which template a certificate claims to come from ([MS-WCCE] §2.2.2.7.7.1, §2.2.2.7.7.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Template {
    /// A version 1 template: its name, written as BMPString under 1.3.6.1.4.1.311.20.2.
    V1(String),
    /// A template of version 2 or later, under 1.3.6.1.4.1.311.21.7.
    V2 {
        /// The template's own identifier.
        oid: Oid,
        /// Major version.
        major: u32,
        /// Minor version.
        minor: u32,
    },
}

impl Template {
    /// Whether it can be written: BMPString has no characters beyond the basic plane.
    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Template::V1(name) => !name.is_empty() && name.chars().all(|c| u32::from(c) <= 0xffff && !c.is_control()),
            Template::V2 { oid, .. } => oid.arcs().is_some(),
        }
    }

    pub(crate) fn extension(&self) -> Extension {
        match self {
            Template::V1(name) => {
                let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
                Extension::plain(oid::MS_TEMPLATE_NAME, write::tlv(tag::BMP_STRING, &units))
            }
            Template::V2 { oid, major, minor } => {
                let (major, minor) = (write::integer((*major).into()), write::integer((*minor).into()));
                Extension::plain(oid::MS_TEMPLATE, write::sequence(&[&write::oid(oid), &major, &minor]))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_byte_exact() {
        let first = Template::V1("IPSECIntermediateOffline".to_owned()).extension();
        assert_eq!(first.id.to_string(), "1.3.6.1.4.1.311.20.2");
        assert_eq!(first.value.get(..6), Some(&[0x1e, 48, 0, b'I', 0, b'P'][..]));
        assert_eq!(first.value.len(), 50);
        let oid: Oid = "1.3.6.1.4.1.311.21.8.1.2".parse().expect("an identifier");
        let second = Template::V2 { oid, major: 100, minor: 200 }.extension();
        assert_eq!(second.id.to_string(), "1.3.6.1.4.1.311.21.7");
        let expected = [
            &[0x30, 0x14, 0x06, 0x0b, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x15, 0x08, 0x01, 0x02][..],
            &[0x02, 0x01, 0x64, 0x02, 0x02, 0x00, 0xc8],
        ];
        assert_eq!(second.value, expected.concat());
    }
}
