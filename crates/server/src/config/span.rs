use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A length of time as people write it: `90s`, `60m`, `12h`, `7d`, and several together, `1d12h`. In whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Span(pub i64);

/// The text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no length of time: write numbers with s, m, h or d, as in `7d` or `1d12h`")]
pub struct NotASpan(String);

const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3600), ('m', 60), ('s', 1)];

impl FromStr for Span {
    type Err = NotASpan;

    fn from_str(text: &str) -> Result<Span, NotASpan> {
        let refuse = || NotASpan(text.to_owned());
        let mut total: i64 = 0;
        let mut rest = text.trim();
        while !rest.is_empty() {
            let end = rest.find(|c: char| !c.is_ascii_digit()).ok_or_else(refuse)?;
            let (digits, tail) = rest.split_at(end);
            let unit = tail.chars().next().ok_or_else(refuse)?;
            let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(refuse)?;
            let count: i64 = digits.parse().map_err(|_| refuse())?;
            total = count.checked_mul(*seconds).and_then(|s| total.checked_add(s)).ok_or_else(refuse)?;
            rest = tail.get(unit.len_utf8()..).unwrap_or_default();
        }
        if text.trim().is_empty() { Err(refuse()) } else { Ok(Span(total)) }
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        if rest == 0 {
            return f.write_str("0s");
        }
        for (name, seconds) in UNITS {
            if rest >= seconds {
                write!(f, "{}{name}", rest / seconds)?;
                rest %= seconds;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Span, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn spans_read_and_write() {
        for (text, seconds) in [("90s", 90), ("60m", 3600), ("1d12h", 129_600), ("365d", 31_536_000)] {
            assert_eq!(text.parse::<Span>().unwrap(), Span(seconds));
            assert_eq!(Span(seconds).to_string().parse::<Span>().unwrap(), Span(seconds));
        }
        for text in ["", "7", "d", "7 days", "-1d", "99999999999999999999d", "9223372036854775807d"] {
            assert!(text.parse::<Span>().is_err(), "{text}");
        }
    }
}
