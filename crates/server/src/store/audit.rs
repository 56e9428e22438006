//! The audit: append-only, a chain of hashes for each node, written in the same transaction as what it tells.

use pki::Time;

use super::{Store, StoreError};

/// What the audit says of one thing that happened. No secret is in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditEntry {
    /// Who did it.
    pub actor: String,
    /// What was done, one word.
    pub verb: String,
    /// To what: a case, a serial number.
    pub object: String,
    /// How it came out, one word.
    pub outcome: String,
    /// The stable reason, or empty.
    pub code: String,
    /// The facts.
    pub detail: String,
    /// Where it came from: an address, `cli`, `task`.
    pub source: String,
}

/// A row of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// The node that wrote it.
    pub chain: String,
    /// Its place in the node's chain, from 1.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// What happened.
    pub entry: AuditEntry,
    /// The hash of the row before, zeros for the first.
    pub previous: [u8; 32],
    /// The hash of this row.
    pub hash: [u8; 32],
}

/// Which rows of the audit to list. What is not stated does not matter.
#[derive(Debug, Clone, Default)]
pub struct AuditFilter {
    /// The node that wrote it.
    pub chain: Option<String>,
    /// Who did it.
    pub actor: Option<String>,
    /// What was done.
    pub verb: Option<String>,
    /// To what.
    pub object: Option<String>,
    /// How it came out.
    pub outcome: Option<String>,
    /// Not earlier than this.
    pub since: Option<Time>,
}

/// A place in the list of audit rows, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditPlace {
    /// The row's time.
    pub at: Time,
    /// Its chain.
    pub chain: String,
    /// Its place in the chain.
    pub seq: u64,
}

/// What was found about one chain of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainReport {
    /// The node.
    pub chain: String,
    /// How many rows were proved.
    pub rows: u64,
    /// The hash of the last one. Kept elsewhere, it proves later that nothing before it was rewritten.
    pub hash: [u8; 32],
    /// What is wrong, if anything is; rows after it are not looked at.
    pub fault: Option<AuditFault>,
}

/// What is wrong with a chain of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditFault {
    /// The row with this number is missing.
    Missing(u64),
    /// The row with this number was changed after it was written.
    Changed(u64),
    /// The row with this number does not follow from the row before it.
    Unlinked(u64),
    /// The rows from this number on were cut off.
    Cut(u64),
    /// The rows from this number on were never written by the service.
    Added(u64),
}

impl Store {
    /// Walks every chain of the audit from its first row and proves it. It proves that nobody changed, removed or added
    /// rows who could not also write the chain anew from there on: whoever can write to the database can. Against
    /// them, keep a report's hash elsewhere and compare.
    pub async fn audit_verify(&self) -> Result<Vec<ChainReport>, StoreError> {
        Err(StoreError::Failed("not built yet".into()))
    }

    /// Rows of the audit, newest first, at most `limit`, those before a place in this order.
    pub async fn audit_list(
        &self,
        filter: &AuditFilter,
        limit: u32,
        before: Option<&AuditPlace>,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let _ = (filter, limit, before);
        Err(StoreError::Failed("not built yet".into()))
    }
}
