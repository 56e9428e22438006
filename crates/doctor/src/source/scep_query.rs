//! SCEP messages that clients sent by GET and that web logs therefore hold.

use base64::Engine;
use base64::engine::general_purpose::GeneralPurpose;
use base64::engine::{DecodePaddingMode, GeneralPurposeConfig};

use crate::fact::log::{Door, ScepOperation, ScepRequest, Undecoded};

/// Takes the SCEP operation and message out of a query string. The query comes back with the message's length instead
/// of the message: it is large, and it is in the fact already.
pub(crate) fn take_message(query: &str, door: Door) -> (String, Option<ScepRequest>) {
    if door != Door::Scep {
        return (query.to_owned(), None);
    }
    let (mut operation, mut message, mut kept) = (None, None, Vec::new());
    for part in query.split('&') {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        if name.eq_ignore_ascii_case("operation") {
            operation = Some(value);
            kept.push(part.to_owned());
        } else if name.eq_ignore_ascii_case("message") {
            message = Some(value);
            kept.push(format!("message=({} characters)", value.len()));
        } else {
            kept.push(part.to_owned());
        }
    }
    let Some(operation) = operation.map(read_operation) else { return (kept.join("&"), None) };
    let decoded = match (&operation, message) {
        (ScepOperation::PkiOperation, Some(value)) if !value.is_empty() => Some(decode_message(value)),
        _ => None,
    };
    let (message, undecoded) = match decoded {
        None => (None, None),
        Some(Ok(octets)) => (Some(octets), None),
        Some(Err(why)) => (None, Some(why)),
    };
    (kept.join("&"), Some(ScepRequest { operation, message, undecoded }))
}

/// The operation that a query asks for.
pub(crate) fn operation(query: &str) -> Option<ScepOperation> {
    let named = |part: &&str| part.split_once('=').map_or(*part, |(name, _)| name).eq_ignore_ascii_case("operation");
    // Of several the last counts.
    let part = query.rsplit('&').find(named)?;
    Some(read_operation(part.split_once('=').map_or("", |(_, value)| value)))
}

fn read_operation(value: &str) -> ScepOperation {
    const KNOWN: [(&str, ScepOperation); 4] = [
        ("GetCACaps", ScepOperation::GetCaCaps),
        ("GetCACert", ScepOperation::GetCaCert),
        ("GetNextCACert", ScepOperation::GetNextCaCert),
        ("PKIOperation", ScepOperation::PkiOperation),
    ];
    let known = KNOWN.iter().find(|(name, _)| name.eq_ignore_ascii_case(value));
    known.map_or_else(|| ScepOperation::Other(value.chars().take(64).collect()), |(_, operation)| operation.clone())
}

const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Percent-encoded base64, where a plus sign may have become a blank and come back as a plus sign.
fn decode_message(value: &str) -> Result<Vec<u8>, Undecoded> {
    let mut plain = Vec::with_capacity(value.len());
    let mut octets = value.bytes();
    while let Some(octet) = octets.next() {
        let octet = if octet == b'%' {
            let digits = [octets.next().unwrap_or(b' '), octets.next().unwrap_or(b' ')];
            let text = std::str::from_utf8(&digits).unwrap_or_default();
            u8::from_str_radix(text, 16).map_err(|_| Undecoded::Truncated)?
        } else {
            octet
        };
        match octet {
            b' ' => plain.push(b'+'),
            b'\r' | b'\n' | b'=' => {}
            b'-' => plain.push(b'+'),
            b'_' => plain.push(b'/'),
            other => plain.push(other),
        }
    }
    // One character too many is the mark of a cut in the middle of a group.
    if plain.len() % 4 == 1 {
        plain.pop();
    }
    let message = TOLERANT.decode(&plain).map_err(|_| Undecoded::NotBase64)?;
    match pki::der::Reader::new(&message).any() {
        Ok(_) => Ok(message),
        Err(_) if message.first() == Some(&0x30) => Err(Undecoded::Truncated),
        Err(_) => Err(Undecoded::NotBase64),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn messages_come_out_however_they_were_escaped() {
        let message: Vec<u8> = [0x30, 0x82, 0x01, 0x00].into_iter().chain((0..=255).rev()).collect();
        let base64 = base64::engine::general_purpose::STANDARD.encode(&message);
        let escaped = base64.replace('+', "%2B").replace('/', "%2f").replace('=', "%3D");
        for text in
            [base64.clone(), escaped.clone(), base64.replace('+', "%20"), base64.trim_end_matches('=').to_owned()]
        {
            let (kept, scep) = take_message(&format!("operation=PKIOperation&message={text}"), Door::Scep);
            assert_eq!(scep.unwrap().message.unwrap(), message, "{text}");
            assert!(kept.len() < 60, "{kept}");
        }
        for cut in 8..escaped.len() - 4 {
            let text = format!("message={}&operation=PKIOperation", &escaped[..cut]);
            let scep = take_message(&text, Door::Scep).1.unwrap();
            assert_eq!((scep.message, scep.undecoded), (None, Some(Undecoded::Truncated)), "{cut}");
        }
        let junk = take_message("operation=PKIOperation&message=h%e4llo!", Door::Scep).1.unwrap();
        assert_eq!(junk.undecoded, Some(Undecoded::NotBase64));
        assert_eq!(
            take_message("operation=GetCACert&message=x", Door::Scep).1.unwrap().operation,
            ScepOperation::GetCaCert
        );
        assert!(take_message("", Door::Scep).1.is_none());
    }
}
