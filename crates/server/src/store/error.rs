//! What can go wrong with the store, in words for who operates it.

use std::fmt;

use pki::Time;

/// Why the store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreError {
    /// The URL names no store.
    Url(String),
    /// The store cannot be opened.
    Open(String),
    /// The store was written by a newer version of this program.
    Newer {
        /// The schema found.
        found: i64,
        /// The newest schema known here.
        known: i64,
    },
    /// The database does not answer.
    Unavailable(String),
    /// There is no room left.
    Full(String),
    /// What was read is not what this program writes.
    Corrupt(String),
    /// The database refused a statement for a reason nobody foresaw.
    Failed(String),
    /// Another writer was first, and the same may be tried again after reading anew.
    Conflict(String),
    /// There is no such thing in the store.
    NotFound(String),
    /// The case does not wait for an operator.
    NotPending {
        /// The case.
        case: String,
        /// How far it is.
        state: &'static str,
    },
    /// The certificate has been revoked before.
    AlreadyRevoked {
        /// Its serial number in hexadecimal.
        serial: String,
        /// Since when.
        at: Time,
        /// Why.
        reason: &'static str,
    },
}

impl StoreError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            StoreError::Url(_) => "store.url",
            StoreError::Open(_) => "store.open",
            StoreError::Newer { .. } => "store.newer",
            StoreError::Unavailable(_) => "store.unavailable",
            StoreError::Full(_) => "store.full",
            StoreError::Corrupt(_) => "store.corrupt",
            StoreError::Failed(_) => "store.failed",
            StoreError::Conflict(_) => "store.conflict",
            StoreError::NotFound(_) => "store.not-found",
            StoreError::NotPending { .. } => "store.not-pending",
            StoreError::AlreadyRevoked { .. } => "store.already-revoked",
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Url(why) => write!(f, "the store's URL is not usable: {why}"),
            StoreError::Open(why) => write!(f, "the store cannot be opened: {why}"),
            StoreError::Newer { found, known } => write!(
                f,
                "the store has schema {found}, this program knows up to {known}: use the newer program that wrote it"
            ),
            StoreError::Unavailable(why) => write!(f, "the store does not answer: {why}"),
            StoreError::Full(why) => write!(f, "the store has no room left: {why}"),
            StoreError::Corrupt(what) => write!(f, "the store holds what was never written to it: {what}"),
            StoreError::Failed(why) => write!(f, "the store refused a statement: {why}"),
            StoreError::Conflict(what) => write!(f, "another writer was first: {what}"),
            StoreError::NotFound(what) => write!(f, "there is no {what}"),
            StoreError::NotPending { case, state } => {
                write!(f, "case {case} does not wait for an operator: it is {state}")
            }
            StoreError::AlreadyRevoked { serial, at, reason } => {
                write!(f, "certificate {serial} has been revoked before, at {at}: {reason}")
            }
        }
    }
}

impl std::error::Error for StoreError {}

/// Why a commit did not happen. Nothing of it is in the store then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommitError {
    /// Another writer was first with this transaction, serial number or challenge: read the case and decide again.
    Conflict(String),
    /// The store failed.
    Store(StoreError),
}

impl fmt::Display for CommitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CommitError::Conflict(what) => write!(f, "another writer was first: {what}"),
            CommitError::Store(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CommitError {}

impl From<StoreError> for CommitError {
    fn from(error: StoreError) -> CommitError {
        match error {
            StoreError::Conflict(what) => CommitError::Conflict(what),
            other => CommitError::Store(other),
        }
    }
}

impl From<CommitError> for StoreError {
    fn from(error: CommitError) -> StoreError {
        match error {
            CommitError::Conflict(what) => StoreError::Conflict(what),
            CommitError::Store(error) => error,
        }
    }
}
