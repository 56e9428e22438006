//! Data of registry values as `.reg` files write them.

use crate::fact::RegistryData;

/// How wide the characters of hexadecimal text data are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// `Windows Registry Editor Version 5.00`.
    Utf16,
    /// `REGEDIT4`.
    Ansi,
}

/// Reads what stands after `name=`.
pub(crate) fn parse(data: &str, width: Width) -> RegistryData {
    let unreadable = || RegistryData::Unreadable(data.to_owned());
    if data == "-" {
        return RegistryData::Deleted;
    }
    if let Some((text, _)) = super::registry::quoted(data) {
        return RegistryData::Text(text);
    }
    let lower = data.to_ascii_lowercase();
    if let Some(digits) = lower.strip_prefix("dword:") {
        return u32::from_str_radix(digits.trim(), 16).map_or_else(|_| unreadable(), RegistryData::Dword);
    }
    if let Some(rest) = lower.strip_prefix("hex") {
        let (kind, digits) = match rest.strip_prefix('(') {
            Some(rest) => rest.split_once("):").unwrap_or((rest, "")),
            None => ("3", rest.strip_prefix(':').unwrap_or(rest)),
        };
        return octets(digits).map_or_else(unreadable, |octets| typed(kind, octets, width));
    }
    // A string whose closing quote was cut.
    match data.strip_prefix('"') {
        Some(text) => RegistryData::Text(text.replace("\\\\", "\\")),
        None => unreadable(),
    }
}

fn octets(digits: &str) -> Option<Vec<u8>> {
    let parts = digits.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| u8::from_str_radix(part, 16).ok()).collect()
}

fn typed(kind: &str, octets: Vec<u8>, width: Width) -> RegistryData {
    match kind {
        "1" => RegistryData::Text(text(&octets, width)),
        "2" => RegistryData::ExpandText(text(&octets, width)),
        "7" => {
            let all = wide_or_ansi(&octets, width);
            RegistryData::Texts(all.split('\0').filter(|one| !one.is_empty()).map(str::to_owned).collect())
        }
        "4" => match octets.as_slice().try_into() {
            Ok(four) => RegistryData::Dword(u32::from_le_bytes(four)),
            Err(_) => RegistryData::Binary(octets),
        },
        "b" => match octets.as_slice().try_into() {
            Ok(eight) => RegistryData::Qword(u64::from_le_bytes(eight)),
            Err(_) => RegistryData::Binary(octets),
        },
        _ => RegistryData::Binary(octets),
    }
}

fn text(octets: &[u8], width: Width) -> String {
    wide_or_ansi(octets, width).trim_end_matches('\0').to_owned()
}

fn wide_or_ansi(octets: &[u8], width: Width) -> String {
    let encoding = match width {
        Width::Utf16 => encoding_rs::UTF_16LE,
        Width::Ansi => encoding_rs::WINDOWS_1252,
    };
    encoding.decode_without_bom_handling(octets).0.into_owned()
}
