//! Names as tools print them.

use std::fmt;

/// A distinguished name as printed by Windows, `certutil` or OpenSSL, or read from a certificate: comparable whatever
/// order and spacing the printer used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct DistinguishedName {
    /// Attribute type (upper case, as Windows abbreviates it: `S` for state, `E` for e-mail) and value, in printed order.
    pub attributes: Vec<(String, String)>,
}

impl DistinguishedName {
    /// Reads `CN=host, O=Example` or `C = US, CN = host` or one attribute per line. Values in double quotes may hold
    /// commas. Text without any `=` becomes one common name.
    #[must_use]
    pub fn parse(text: &str) -> DistinguishedName {
        let mut attributes = Vec::new();
        for part in split_attributes(text) {
            let part = part.trim();
            if part.is_empty() {
                continue;
            }
            match part.split_once('=') {
                Some((kind, value)) => attributes.push((canonical_kind(kind), unquote(value))),
                None => attributes.push(("CN".to_owned(), unquote(part))),
            }
        }
        DistinguishedName { attributes }
    }

    /// The first common name.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.attributes.iter().find(|(kind, _)| kind == "CN").map(|(_, value)| value.as_str())
    }

    /// Whether both name the same entity: the same attributes, order, case and runs of blanks not considered.
    #[must_use]
    pub fn same_as(&self, other: &DistinguishedName) -> bool {
        self.comparable() == other.comparable()
    }

    /// The attributes in an order and spelling that compare equal for equal names.
    #[must_use]
    pub fn comparable(&self) -> Vec<(String, String)> {
        let fold = |value: &str| value.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        let mut all: Vec<_> = self.attributes.iter().map(|(kind, value)| (kind.clone(), fold(value))).collect();
        all.sort();
        all
    }

    /// Whether nothing is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }
}

fn canonical_kind(kind: &str) -> String {
    let kind = kind.trim().to_uppercase();
    match kind.as_str() {
        "ST" => "S".to_owned(),
        "EMAILADDRESS" => "E".to_owned(),
        _ => kind,
    }
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    let inner = value.strip_prefix('"').and_then(|v| v.strip_suffix('"'));
    match inner {
        Some(inner) => inner.replace("\"\"", "\""),
        None => unescape(value),
    }
}

fn unescape(value: &str) -> String {
    let mut plain = String::with_capacity(value.len());
    let mut escaped = false;
    for c in value.chars() {
        if c == '\\' && !escaped {
            escaped = true;
            continue;
        }
        escaped = false;
        plain.push(c);
    }
    plain
}

/// Splits at commas and line ends, and at plus signs before another `type=`, outside quotes and not after a backslash.
fn split_attributes(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        let parts_here = match c {
            ',' | '\n' | '\r' => true,
            '+' => begins_attribute(text.get(at + 1..).unwrap_or_default()),
            _ => false,
        };
        let boundary = parts_here && !quoted && !escaped;
        if c == '"' {
            quoted = !quoted;
        }
        escaped = c == '\\' && !escaped;
        if boundary {
            parts.push(text.get(start..at).unwrap_or_default());
            start = at + c.len_utf8();
        }
    }
    parts.push(text.get(start..).unwrap_or_default());
    parts
}

fn begins_attribute(text: &str) -> bool {
    let Some((kind, _)) = text.split_once('=') else { return false };
    let kind = kind.trim();
    !kind.is_empty() && kind.len() <= 40 && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
}

impl fmt::Display for DistinguishedName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (kind, value)) in self.attributes.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            if value.contains(',') { write!(f, "{kind}=\"{value}\"")? } else { write!(f, "{kind}={value}")? }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printers_agree() {
        let windows = DistinguishedName::parse("CN=Issuing CA 01, O=\"Example, Inc\", C=DE");
        let openssl = DistinguishedName::parse("C = DE, O = Example\\, Inc, CN = issuing  CA 01");
        assert!(windows.same_as(&openssl));
        assert_eq!(windows.common_name(), Some("Issuing CA 01"));
        assert!(!windows.same_as(&DistinguishedName::parse("CN=Issuing CA 02, O=\"Example, Inc\", C=DE")));
    }
}
