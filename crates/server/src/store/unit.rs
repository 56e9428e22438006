//! Reading and writing as data: statements with their parameters, for either engine.

use pki::Time;
use tokio::sync::oneshot;

use super::audit::AuditEntry;
use super::value::Value;

/// A statement of a unit.
#[derive(Debug, Clone)]
pub(super) struct Step {
    /// The statement; its placeholders `$1`, `$2` … appear in ascending order, and its text is the same on both
    /// engines.
    pub(super) sql: &'static str,
    pub(super) params: Vec<Value>,
    pub(super) expect: Expect,
    /// What it is about, for whoever is told of a conflict.
    pub(super) what: &'static str,
}

/// How many rows a statement must touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    Any,
    Rows(u64),
}

/// Steps that happen together or not at all, with what the audit says of them.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) steps: Vec<Step>,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) at: Time,
}

/// What has become of a unit: how many rows each step touched.
pub(super) type Answer = Result<Vec<u64>, NotWritten>;

/// Why nothing of a unit was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotWritten {
    /// This step met what another writer had written before.
    Conflict { step: usize, what: &'static str },
    /// The store failed.
    Store(super::StoreError),
}

/// A unit that waits for the writer.
pub(super) struct Waiting {
    pub(super) unit: Unit,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// How many units share one transaction at most.
pub(super) const LARGEST_BATCH: usize = 256;

/// A statement that reads.
#[derive(Debug, Clone)]
pub(super) struct Query {
    pub(super) sql: &'static str,
    pub(super) params: Vec<Value>,
}

impl Step {
    /// A step that must touch exactly one row.
    pub(super) fn one(what: &'static str, sql: &'static str, params: Vec<Value>) -> Step {
        Step { sql, params, expect: Expect::Rows(1), what }
    }

    /// A step that may touch any number of rows.
    pub(super) fn any(what: &'static str, sql: &'static str, params: Vec<Value>) -> Step {
        Step { sql, params, expect: Expect::Any, what }
    }

    /// Whether that many rows are what was expected.
    pub(super) fn is_met(&self, rows: u64) -> bool {
        match self.expect {
            Expect::Any => true,
            Expect::Rows(expected) => rows == expected,
        }
    }
}

impl From<NotWritten> for super::StoreError {
    fn from(not: NotWritten) -> super::StoreError {
        match not {
            NotWritten::Conflict { what, .. } => super::StoreError::Conflict(what.to_owned()),
            NotWritten::Store(error) => error,
        }
    }
}

/// Whether the placeholders appear first in the order of their numbers: SQLite numbers them so, whatever they are called.
pub(super) fn is_ascending(sql: &str) -> bool {
    let mut highest = 0;
    sql.split('$').skip(1).all(|behind| {
        let digits: String = behind.chars().take_while(char::is_ascii_digit).collect();
        let Ok(number) = digits.parse::<u32>() else { return false };
        let fits = number >= 1 && number <= highest + 1;
        highest = highest.max(number);
        fits
    })
}

#[cfg(test)]
mod tests {
    use super::is_ascending;

    #[test]
    fn placeholders_are_numbered_as_they_appear() {
        assert!(is_ascending("SELECT 1"));
        assert!(is_ascending("a = $1 AND b = $2 AND c = $1 AND d = $3"));
        assert!(!is_ascending("a = $2 AND b = $1"));
        assert!(!is_ascending("a = $1 AND b = $3"));
        assert!(!is_ascending("a = $x"));
    }
}
