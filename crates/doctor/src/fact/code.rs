//! Windows error codes in every spelling they are printed in.

use std::fmt;

/// A 32-bit Windows status: an HRESULT, or a Win32 error number. `ndes.md`-style spellings are all read to one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(pub u32);

impl Code {
    /// No error.
    pub const OK: Code = Code(0);
    /// `CERT_E_EXPIRED`: outside the validity period, on either side.
    pub const CERT_E_EXPIRED: Code = Code(0x800B_0101);
    /// `E_FAIL`: an error without a name.
    pub const E_FAIL: Code = Code(0x8000_4005);

    /// Whether the code says success: zero, or an HRESULT without the severity bit that carries a facility
    /// (`S_FALSE` and the like). Plain Win32 numbers other than zero are errors.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 == 0 || self.0 == 1
    }

    /// The Win32 number inside `0x8007nnnn`, or the plain number itself.
    #[must_use]
    pub const fn win32(self) -> Option<u32> {
        match self.0 >> 16 {
            0x8007 => Some(self.0 & 0xffff),
            0 => Some(self.0),
            _ => None,
        }
    }

    /// Reads hexadecimal digits without prefix, as CAPI2 writes `Result/@value` (`800B0101`). Also takes `0x`.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Code> {
        let digits = text.trim();
        let digits = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")).unwrap_or(digits);
        if digits.is_empty() || digits.len() > 16 {
            return None;
        }
        let wide = u64::from_str_radix(digits, 16).ok()?;
        u32::try_from(wide).ok().or_else(|| sign_extended(wide)).map(Code)
    }

    /// Reads decimal digits as IIS writes `sc-win32-status` (`2148204809`) and .NET writes HRESULTs (`-2147024809`).
    #[must_use]
    pub fn from_decimal(text: &str) -> Option<Code> {
        let wide: i64 = text.trim().parse().ok()?;
        if let Ok(unsigned) = u32::try_from(wide) {
            return Some(Code(unsigned));
        }
        i32::try_from(wide).ok().map(|signed| Code(u32::from_ne_bytes(signed.to_ne_bytes())))
    }

    /// The first code in running text, in any spelling: `0x80070057`, `80070057`, `(-2147024809)`, `2147942487`,
    /// `0x80070057 (WIN32: 87 ERROR_INVALID_PARAMETER)`. Bare numbers count only if they have the shape of a failed
    /// HRESULT, so that years, ports and thumbprints are not taken for codes.
    #[must_use]
    pub fn find(text: &str) -> Option<Code> {
        let mut words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        words.find_map(Code::from_word)
    }

    fn from_word(word: &str) -> Option<Code> {
        if let Some(digits) = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")) {
            return if digits.len() <= 8 { Code::from_hex(digits) } else { None };
        }
        if word.len() == 8
            && word.starts_with(['8', 'C', 'c'])
            && let Some(code) = Code::from_hex(word)
            && (code.0 >> 16 & 0x7fff) < 0x100
        {
            return Some(code);
        }
        if word.starts_with("-2") && word.len() >= 10 || word.len() == 10 && word.starts_with('2') {
            return Code::from_decimal(word).filter(|code| code.0 & 0x8000_0000 != 0);
        }
        None
    }
}

fn sign_extended(wide: u64) -> Option<u32> {
    if wide >> 31 == 0x1_ffff_ffff { u32::try_from(wide & 0xffff_ffff).ok() } else { None }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_in_every_spelling() {
        let invalid = Some(Code(0x8007_0057));
        assert_eq!(Code::find("0x80070057"), invalid);
        assert_eq!(Code::find("80070057"), invalid);
        assert_eq!(Code::find("The request failed (-2147024809)."), invalid);
        assert_eq!(Code::find("2147942487"), invalid);
        assert_eq!(Code::find("0x80070057 (WIN32: 87 ERROR_INVALID_PARAMETER)"), invalid);
        assert_eq!(Code::find("0xffffffff80070057"), None);
        assert_eq!(Code::from_hex("ffffffff80070057"), invalid);
        assert_eq!(Code::from_decimal("2148204809"), Some(Code(0x800B_0109)));
    }

    #[test]
    fn other_numbers_are_not_codes() {
        for text in ["2026-11-24", "port 443", "5D87837B0011223344556677889900AABBCCDDEE", "87654321", "8F123456", ""] {
            assert_eq!(Code::find(text), None, "{text}");
        }
    }
}
