//! Moments and spans of time, in whole seconds.

use std::fmt;

use crate::DerError;
use crate::der::{Reader, Tlv, tag, write};

/// A moment: seconds since 1970-01-01T00:00:00 UTC, leap seconds not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(pub i64);

const EPOCH: jiff::civil::DateTime = jiff::civil::DateTime::constant(1970, 1, 1, 0, 0, 0, 0);

impl Time {
    /// The moment without a well-defined expiry, 9999-12-31T23:59:59Z (RFC 5280 §4.1.2.5).
    pub const NEVER: Time = Time(253_402_300_799);

    /// Seconds since 1970.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// This many seconds later (earlier if negative), at most [`Time::NEVER`].
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Time {
        let sum = self.0.saturating_add(seconds);
        if sum > Self::NEVER.0 { Self::NEVER } else { Time(sum) }
    }

    /// From a civil date and time in UTC; nothing if there is no such moment.
    #[must_use]
    pub fn civil(date: (i16, i8, i8), time: (i8, i8, i8)) -> Option<Time> {
        let civil = jiff::civil::DateTime::new(date.0, date.1, date.2, time.0, time.1, time.2, 0).ok()?;
        Some(Time(civil.duration_since(EPOCH).as_secs()))
    }

    /// From RFC 3339 text such as `2026-11-24T09:00:00Z`.
    #[must_use]
    pub fn parse_rfc3339(text: &str) -> Option<Time> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Time(t.as_second()))
    }

    fn to_civil(self) -> Option<jiff::civil::DateTime> {
        EPOCH.checked_add(jiff::SignedDuration::from_secs(self.0)).ok()
    }

    /// The date alone, `2026-11-24`.
    #[must_use]
    pub fn date(self) -> String {
        self.to_civil().map_or_else(|| self.0.to_string(), |c| c.date().to_string())
    }

    /// From a UTCTime or GeneralizedTime element. Two-digit years turn at 50 (RFC 5280 §4.1.2.5.1). Missing seconds,
    /// fractions and offsets from UTC are read, though DER forbids them.
    pub fn from_element(element: Tlv<'_>) -> Result<Time, DerError> {
        const BAD: DerError = DerError::Value("a time");
        let text = std::str::from_utf8(element.value).map_err(|_| BAD)?;
        let (year, rest) = match element.tag {
            tag::UTC_TIME => {
                let year: i16 = digits(text, 0, 2)?;
                (if year < 50 { 2000 + year } else { 1900 + year }, text.get(2..).unwrap_or_default())
            }
            tag::GENERALIZED_TIME => (digits(text, 0, 4)?, text.get(4..).unwrap_or_default()),
            found => return Err(DerError::Unexpected { what: "a time", found }),
        };
        let date = (year, digits(rest, 0, 2)? as i8, digits(rest, 2, 2)? as i8);
        let hour_minute = (digits(rest, 4, 2)? as i8, digits(rest, 6, 2)? as i8);
        let (second, mut zone) = match digits(rest, 8, 2) {
            Ok(second) => (second as i8, rest.get(10..).unwrap_or_default()),
            Err(_) => (0, rest.get(8..).unwrap_or_default()),
        };
        if let Some(fraction) = zone.strip_prefix(['.', ',']) {
            zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        }
        let time = Time::civil(date, (hour_minute.0, hour_minute.1, second)).ok_or(BAD)?;
        Ok(time.plus(-offset(zone)?))
    }

    /// Reads a time.
    pub fn read(reader: &mut Reader<'_>) -> Result<Time, DerError> {
        Time::from_element(reader.any()?)
    }

    /// UTCTime through 2049, GeneralizedTime from then on (RFC 5280 §4.1.2.5).
    #[must_use]
    pub fn to_der(self) -> Vec<u8> {
        let civil = self.to_civil().unwrap_or_default();
        let tail = format!(
            "{:02}{:02}{:02}{:02}{:02}Z",
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second()
        );
        if (1950..2050).contains(&civil.year()) {
            write::tlv(tag::UTC_TIME, format!("{:02}{tail}", civil.year() % 100).as_bytes())
        } else {
            write::tlv(tag::GENERALIZED_TIME, format!("{:04}{tail}", civil.year()).as_bytes())
        }
    }
}

fn digits(text: &str, at: usize, count: usize) -> Result<i16, DerError> {
    text.get(at..at + count)
        .filter(|d| d.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|d| d.parse().ok())
        .ok_or(DerError::Value("a time"))
}

/// Seconds east of UTC.
fn offset(zone: &str) -> Result<i64, DerError> {
    if zone.is_empty() || zone == "Z" {
        return Ok(0);
    }
    let sign = match zone.as_bytes().first() {
        Some(b'+') => 1,
        Some(b'-') => -1,
        _ => return Err(DerError::Value("a time")),
    };
    Ok(sign * (i64::from(digits(zone, 1, 2)?) * 3600 + i64::from(digits(zone, 3, 2)?) * 60))
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC with whole seconds.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.to_civil() {
            Some(civil) => write!(f, "{civil}Z"),
            None => write!(f, "{} s", self.0),
        }
    }
}

/// notBefore and notAfter, both included (RFC 5280 §4.1.2.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// First valid second.
    pub not_before: Time,
    /// Last valid second.
    pub not_after: Time,
}

impl Validity {
    /// Whether `at` lies inside.
    #[must_use]
    pub fn contains(&self, at: Time) -> bool {
        self.not_before <= at && at <= self.not_after
    }

    /// Length in seconds, 0 when the ends are swapped.
    #[must_use]
    pub fn seconds(&self) -> i64 {
        self.not_after.0.saturating_sub(self.not_before.0).max(0)
    }

    /// The Validity SEQUENCE.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        write::sequence(&[&self.not_before.to_der(), &self.not_after.to_der()])
    }

    /// Reads a Validity SEQUENCE.
    pub fn read(reader: &mut Reader<'_>) -> Result<Validity, DerError> {
        let mut inner = reader.sequence("Validity")?;
        Ok(Validity { not_before: Time::read(&mut inner)?, not_after: Time::read(&mut inner)? })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(tag: u8, text: &str) -> Result<Time, DerError> {
        Time::from_element(Tlv { tag, value: text.as_bytes(), raw: &[] })
    }

    #[test]
    fn reads_strict_and_odd_forms() {
        let noon = Time::parse_rfc3339("2026-11-24T12:00:00Z").unwrap();
        assert_eq!(read(tag::UTC_TIME, "261124120000Z"), Ok(noon));
        assert_eq!(read(tag::UTC_TIME, "2611241200Z"), Ok(noon));
        assert_eq!(read(tag::UTC_TIME, "261124130000+0100"), Ok(noon));
        assert_eq!(read(tag::GENERALIZED_TIME, "20261124120000.5Z"), Ok(noon));
        assert_eq!(read(tag::UTC_TIME, "500101000000Z").unwrap().date(), "1950-01-01");
        assert_eq!(read(tag::UTC_TIME, "491231235959Z").unwrap().date(), "2049-12-31");
        assert!(read(tag::UTC_TIME, "261324120000Z").is_err());
        assert!(read(tag::UTC_TIME, "2611\u{e9}").is_err());
    }

    #[test]
    fn writes_the_form_rfc_5280_prescribes() {
        let before = Time::parse_rfc3339("2049-12-31T23:59:59Z").unwrap();
        assert_eq!(before.to_der(), write::tlv(tag::UTC_TIME, b"491231235959Z"));
        assert_eq!(before.plus(1).to_der(), write::tlv(tag::GENERALIZED_TIME, b"20500101000000Z"));
        assert_eq!(Time::NEVER.to_der(), write::tlv(tag::GENERALIZED_TIME, b"99991231235959Z"));
        assert_eq!(Time::NEVER.plus(5), Time::NEVER);
    }
}
