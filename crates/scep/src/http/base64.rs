use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Standard alphabet; padding is taken off beforehand, and a last character may have bits too many.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::RequireNone)
        .with_decode_allow_trailing_bits(true),
);

/// Takes percent escapes off. A `%` that starts none stays; `+` stays `+`, because in a message it is a digit.
pub(super) fn unescape(text: &str) -> Vec<u8> {
    let octets = text.as_bytes();
    let mut out = Vec::with_capacity(octets.len());
    let mut at = 0;
    while let Some(&octet) = octets.get(at) {
        let escaped = (octet == b'%').then(|| Some((digit(octets.get(at + 1))? << 4) | digit(octets.get(at + 2))?));
        match escaped.flatten() {
            Some(value) => {
                out.push(value);
                at += 3;
            }
            None => {
                out.push(octet);
                at += 1;
            }
        }
    }
    out
}

fn digit(octet: Option<&u8>) -> Option<u8> {
    char::from(*octet?).to_digit(16).map(|d| d as u8)
}

/// Decodes base64 in whichever way it comes: standard or URL-safe alphabet, with or without padding, broken into
/// lines, escaped twice, and with `+` turned into a blank by a form decoder (iOS 11).
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    if text.contains(&b'%') {
        let again = unescape(std::str::from_utf8(text).ok()?);
        return if again.contains(&b'%') { None } else { decode(&again) };
    }
    let mut digits = Vec::with_capacity(text.len());
    for &octet in without_blanks_around(text) {
        match octet {
            b'\r' | b'\n' | b'\t' | b'=' => {}
            b' ' | b'-' => digits.push(b'+'),
            b'_' => digits.push(b'/'),
            other => digits.push(other),
        }
    }
    let out = LENIENT.decode(&digits).ok()?;
    (!out.is_empty()).then_some(out)
}

/// Takes blanks off both ends, unless one at the end stands for a `+`: so it does where the text is whole with it, that
/// is has groups of four and no padding. No message starts with `+`.
fn without_blanks_around(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii_start();
    let written = text.iter().filter(|octet| !b"\r\n\t".contains(octet)).count();
    if written % 4 == 0 && !text.contains(&b'=') { text } else { text.trim_ascii_end() }
}

/// Standard base64 with what a query string gives another meaning escaped.
pub(super) fn encode_escaped(octets: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(octets);
    let mut out = String::with_capacity(text.len() + 64);
    for digit in text.chars() {
        match digit {
            '+' => out.push_str("%2B"),
            '/' => out.push_str("%2F"),
            '=' => out.push_str("%3D"),
            other => out.push(other),
        }
    }
    out
}
