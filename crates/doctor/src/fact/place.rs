//! Where and when something was said.

use std::fmt;
use std::sync::Arc;

use pki::Time;

/// Where a fact stands in the evidence, so that a reader can look it up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file as it was given: a path, or a path inside an archive. Shared between all facts of one file.
    pub file: Arc<str>,
    /// Where in the file.
    pub position: Position,
    /// When it was said, if the source says so.
    pub when: Option<When>,
}

/// Where in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Position {
    /// The file as a whole.
    Whole,
    /// The record with this number as the log numbers it (`EventRecordID`).
    Record(u64),
    /// The n-th item of the file, counted from 1, where items carry no number of their own.
    Item(u64),
    /// The line with this number, counted from 1. For an entry of several lines, its first.
    Line(u64),
}

/// A moment in UTC, and how far it can be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct When {
    /// The moment in whole seconds, UTC.
    pub at: Time,
    /// Milliseconds after [`When::at`], 0 to 999; 0 if the source writes whole seconds.
    pub millis: u16,
    /// How the moment became UTC.
    pub zone: Zone,
}

/// How a printed time became UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zone {
    /// The source writes UTC (event logs, IIS).
    Utc,
    /// The source writes local time and the offset, in minutes to be added to local time to get UTC (the CMTrace bias).
    Bias(i16),
    /// The source writes local time and no offset. It was taken as UTC and may be wrong by up to fourteen hours.
    Unknown,
}

impl When {
    /// A moment in UTC, whole seconds.
    #[must_use]
    pub const fn utc(at: Time) -> When {
        When { at, millis: 0, zone: Zone::Utc }
    }

    /// By how many seconds the moment may be wrong because its zone is unknown.
    #[must_use]
    pub const fn uncertainty(self) -> i64 {
        match self.zone {
            Zone::Utc | Zone::Bias(_) => 0,
            Zone::Unknown => 14 * 3600,
        }
    }

    /// The same civil time as UTC from RFC 3339 text, fractions kept to the millisecond.
    #[must_use]
    pub fn parse_utc(text: &str) -> Option<When> {
        let stamp: jiff::Timestamp = text.trim().parse().ok()?;
        let millis = u16::try_from(stamp.subsec_millisecond().max(0)).ok()?;
        Some(When { at: Time(stamp.as_second()), millis, zone: Zone::Utc })
    }
}

impl Place {
    /// A place in a file, without a time.
    #[must_use]
    pub fn new(file: Arc<str>, position: Position) -> Place {
        Place { file, position, when: None }
    }

    /// The same place at this moment.
    #[must_use]
    pub fn at(mut self, when: Option<When>) -> Place {
        self.when = when;
        self
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Position::Whole => Ok(()),
            Position::Record(n) => write!(f, "record {n}"),
            Position::Item(n) => write!(f, "item {n}"),
            Position::Line(n) => write!(f, "line {n}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.position != Position::Whole {
            write!(f, ", {}", self.position)?;
        }
        match self.when {
            Some(when) => write!(f, ", {when}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.at)?;
        if self.zone == Zone::Unknown { f.write_str(" (local time, zone unknown)") } else { Ok(()) }
    }
}
