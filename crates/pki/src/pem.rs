//! PEM armour (RFC 7468).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// One armoured object.
#[derive(Clone, PartialEq, Eq)]
pub struct Pem {
    /// The label, `CERTIFICATE`.
    pub label: String,
    /// The decoded octets.
    pub der: Vec<u8>,
}

/// Every armoured object in a text, in order. Text around them and blocks that do not decode are passed over.
#[must_use]
pub fn decode(text: &str) -> Vec<Pem> {
    let mut out = Vec::new();
    let mut open: Option<(String, String)> = None;
    for line in text.lines().map(str::trim) {
        if let Some(label) = line.strip_prefix("-----BEGIN ").and_then(|l| l.strip_suffix("-----")) {
            open = Some((label.to_owned(), String::new()));
        } else if line.starts_with("-----END ") {
            if let Some((label, body)) = open.take()
                && let Ok(der) = STANDARD.decode(body.as_bytes())
            {
                out.push(Pem { label, der });
            }
        } else if let Some((_, body)) = &mut open
            && !line.contains(':')
        {
            body.push_str(line);
        }
    }
    out
}

/// Armour with lines of 64 characters.
#[must_use]
pub fn encode(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut out = format!("-----BEGIN {label}-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at(rest.len().min(64));
        out.push_str(line);
        out.push('\n');
        rest = tail;
    }
    out.push_str(&format!("-----END {label}-----\n"));
    out
}
