//! The chain of hashes under the audit, as values.

use pki::Time;
use pki::digest::sha256;

use super::StoreError;
use super::audit::AuditEntry;
use super::unit::{Step, Unit};
use super::value::{Row, Value, params};

/// The end of a node's chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// How many rows there are.
    pub(super) seq: i64,
    /// The hash of the last, zeros if there is none.
    pub(super) hash: [u8; 32],
}

/// Notes a new chain; nothing happens if there is one.
pub(super) const START: &str =
    "INSERT INTO audit_head (chain, seq, hash) VALUES ($1, 0, $2) ON CONFLICT (chain) DO NOTHING";

/// Reads the end of a chain and keeps every other writer of the same chain waiting until this transaction ends.
pub(super) const LOCK: &str = "UPDATE audit_head SET seq = seq WHERE chain = $1 RETURNING seq, hash";

const INSERT: &str = "INSERT INTO audit
    (chain, seq, at, actor, verb, object, outcome, code, detail, source, previous, hash)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";

const MOVE: &str = "UPDATE audit_head SET seq = $1, hash = $2 WHERE chain = $3";

/// What a writer needs for the chain.
pub(super) const STATEMENTS: [&str; 3] = [LOCK, INSERT, MOVE];

/// What a conflict on an audit row is about.
pub(super) const ROW: &str = "audit row";

pub(super) fn start(chain: &str) -> Vec<Value> {
    params![chain, &[0; 32]]
}

impl Head {
    /// Out of what [`LOCK`] returns.
    pub(super) fn read(chain: &str, rows: Vec<Row>) -> Result<Head, StoreError> {
        let Some(mut row) = rows.into_iter().next() else {
            return Err(StoreError::Corrupt(format!("the end of audit chain {chain} is missing")));
        };
        Ok(Head { seq: row.int()?, hash: row.hash()? })
    }

    /// The steps that write what the audit says of a unit, and the end of the chain after them.
    pub(super) fn link(&self, chain: &str, unit: &Unit) -> (Vec<Step>, Head) {
        let mut head = self.clone();
        let steps = unit.audit.iter().map(|entry| head.append(chain, unit.at, entry)).collect();
        (steps, head)
    }

    fn append(&mut self, chain: &str, at: Time, entry: &AuditEntry) -> Step {
        let (seq, previous) = (self.seq + 1, self.hash);
        // The hash is over what the database gives back.
        let entry = entry.without_nul();
        let hash = hash(chain, seq, at, &entry, &previous);
        *self = Head { seq, hash };
        let e = &entry;
        let fields = params![
            chain, seq, at, &e.actor, &e.verb, &e.object, &e.outcome, &e.code, &e.detail, &e.source, &previous, &hash
        ];
        Step::one(ROW, INSERT, fields)
    }

    /// The step that notes the new end.
    pub(super) fn keep(&self, chain: &str) -> Step {
        Step::one("the end of the audit chain", MOVE, params![self.seq, &self.hash, chain])
    }
}

/// SHA-256 over every field, each behind its length, so that no two rows have the same octets.
pub(super) fn hash(chain: &str, seq: i64, at: Time, entry: &AuditEntry, previous: &[u8; 32]) -> [u8; 32] {
    let e = entry;
    let texts = [chain, &e.actor, &e.verb, &e.object, &e.outcome, &e.code, &e.detail, &e.source];
    let mut octets = b"perennial audit row 1\0".to_vec();
    octets.extend_from_slice(&seq.to_be_bytes());
    octets.extend_from_slice(&at.seconds().to_be_bytes());
    for text in texts {
        octets.extend_from_slice(&(text.len() as u64).to_be_bytes());
        octets.extend_from_slice(text.as_bytes());
    }
    octets.extend_from_slice(previous);
    sha256(&octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_letter_between_fields_is_another_row() {
        let one = AuditEntry { actor: "ab".into(), verb: "c".into(), ..AuditEntry::default() };
        let two = AuditEntry { actor: "a".into(), verb: "bc".into(), ..AuditEntry::default() };
        let of = |entry| hash("n", 1, Time(0), entry, &[0; 32]);
        assert_ne!(of(&one), of(&two));
    }
}
