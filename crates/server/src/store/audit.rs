//! The audit: append-only, a chain of hashes for each node, written in the same transaction as what it tells.

use pki::Time;

use super::chain::{Head, hash};
use super::record::Actor;
use super::value::{self, Row, params};
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

/// How many rows are read at once while a chain is proved.
const PAGE: u32 = 2000;

const LIST: &str =
    "SELECT chain, seq, at, actor, verb, object, outcome, code, detail, source, previous, hash FROM audit
    WHERE (at, chain, seq) < ($1, $2, $3)
    AND (CAST($4 AS TEXT) IS NULL OR chain = $4) AND (CAST($5 AS TEXT) IS NULL OR actor = $5)
    AND (CAST($6 AS TEXT) IS NULL OR verb = $6) AND (CAST($7 AS TEXT) IS NULL OR object = $7)
    AND (CAST($8 AS TEXT) IS NULL OR outcome = $8) AND at >= $9
    ORDER BY at DESC, chain DESC, seq DESC LIMIT $10";

const PROVE: &str =
    "SELECT chain, seq, at, actor, verb, object, outcome, code, detail, source, previous, hash FROM audit
    WHERE chain = $1 AND seq > $2 ORDER BY seq LIMIT $3";

/// The noted end of every chain, and the last row there is of it, in one snapshot.
const ENDS: &str = "SELECT known.chain, h.seq, h.hash, (SELECT MAX(a.seq) FROM audit a WHERE a.chain = known.chain)
    FROM (SELECT chain FROM audit_head UNION SELECT chain FROM audit) known
    LEFT JOIN audit_head h ON h.chain = known.chain ORDER BY known.chain";

impl AuditEntry {
    /// What somebody did, without a reason to be given.
    #[must_use]
    pub fn by(actor: &Actor, verb: &str, object: &str, outcome: &str, detail: &str) -> AuditEntry {
        AuditEntry {
            actor: actor.name.clone(),
            verb: verb.to_owned(),
            object: object.to_owned(),
            outcome: outcome.to_owned(),
            code: String::new(),
            detail: detail.to_owned(),
            source: actor.source.clone(),
        }
    }

    /// As the store gives it back.
    pub(super) fn without_nul(&self) -> AuditEntry {
        let of = value::without_nul;
        AuditEntry {
            actor: of(&self.actor),
            verb: of(&self.verb),
            object: of(&self.object),
            outcome: of(&self.outcome),
            code: of(&self.code),
            detail: of(&self.detail),
            source: of(&self.source),
        }
    }
}

impl AuditRow {
    /// Where it stands in the list, to list what is before it.
    #[must_use]
    pub fn place(&self) -> AuditPlace {
        AuditPlace { at: self.at, chain: self.chain.clone(), seq: self.seq }
    }
}

impl std::fmt::Display for AuditFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            AuditFault::Missing(seq) => write!(f, "row {seq} is missing"),
            AuditFault::Changed(seq) => write!(f, "row {seq} was changed after it was written"),
            AuditFault::Unlinked(seq) => write!(f, "row {seq} does not follow from the row before it"),
            AuditFault::Cut(seq) => write!(f, "the rows from {seq} on were cut off"),
            AuditFault::Added(seq) => write!(f, "the rows from {seq} on were not written by the service"),
        }
    }
}

/// The ends of a chain, as noted and as found.
struct Ends {
    chain: String,
    noted: Head,
    last: i64,
}

impl Store {
    /// Walks every chain of the audit from its first row and proves it. It proves that nobody changed, removed or added
    /// rows who could not also write the chain anew from there on: whoever can write to the database can. Against
    /// them, keep a report's hash elsewhere and compare.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn audit_verify(&self) -> Result<Vec<ChainReport>, StoreError> {
        let ends: Vec<Ends> = self.query(ENDS, Vec::new()).await?.into_iter().map(ends).collect::<Result<_, _>>()?;
        let mut reports = Vec::with_capacity(ends.len());
        for ends in ends {
            reports.push(self.prove(ends).await?);
        }
        Ok(reports)
    }

    /// Rows beyond the noted end that come while this reads are the next proof's.
    async fn prove(&self, ends: Ends) -> Result<ChainReport, StoreError> {
        let mut reached = Head { seq: 0, hash: [0; 32] };
        let fault = loop {
            if reached.seq >= ends.noted.seq {
                break at_the_end(&reached, &ends);
            }
            let rows = self.query(PROVE, params![&ends.chain, reached.seq, PAGE]).await?;
            if rows.is_empty() {
                break Some(AuditFault::Cut(place(reached.seq + 1)));
            }
            let rows = rows.into_iter().map(audit_row).collect::<Result<Vec<_>, _>>()?;
            if let Some(fault) = advance(&mut reached, &rows, ends.noted.seq) {
                break Some(fault);
            }
        };
        Ok(ChainReport { chain: ends.chain, rows: place(reached.seq), hash: reached.hash, fault })
    }

    /// Rows of the audit, newest first, at most `limit`, those before a place in this order.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn audit_list(
        &self,
        filter: &AuditFilter,
        limit: u32,
        before: Option<&AuditPlace>,
    ) -> Result<Vec<AuditRow>, StoreError> {
        let (at, chain, seq) = match before {
            Some(place) => (place.at.seconds(), place.chain.as_str(), i64::try_from(place.seq).unwrap_or(i64::MAX)),
            None => (i64::MAX, "", 0),
        };
        let f = filter;
        let (node, actor, verb) = (f.chain.as_ref(), f.actor.as_ref(), f.verb.as_ref());
        let (object, outcome) = (f.object.as_ref(), f.outcome.as_ref());
        let since = f.since.map_or(i64::MIN, Time::seconds);
        let fields = params![at, chain, seq, node, actor, verb, object, outcome, since, limit];
        self.query(LIST, fields).await?.into_iter().map(audit_row).collect()
    }
}

/// Proves the rows one after another, up to the noted end.
fn advance(reached: &mut Head, rows: &[AuditRow], end: i64) -> Option<AuditFault> {
    for row in rows {
        if reached.seq == end {
            return None;
        }
        let expected = place(reached.seq + 1);
        if row.seq != expected {
            return Some(AuditFault::Missing(expected));
        }
        if row.previous != reached.hash {
            return Some(AuditFault::Unlinked(expected));
        }
        if hash(&row.chain, reached.seq + 1, row.at, &row.entry, &row.previous) != row.hash {
            return Some(AuditFault::Changed(expected));
        }
        *reached = Head { seq: reached.seq + 1, hash: row.hash };
    }
    None
}

fn at_the_end(reached: &Head, ends: &Ends) -> Option<AuditFault> {
    if ends.last > ends.noted.seq {
        return Some(AuditFault::Added(place(ends.noted.seq + 1)));
    }
    (reached.hash != ends.noted.hash).then(|| AuditFault::Changed(place(reached.seq)))
}

/// Numbers in the store are never negative unless somebody made them so; then nothing is there.
fn place(seq: i64) -> u64 {
    u64::try_from(seq).unwrap_or(0)
}

fn ends(mut row: Row) -> Result<Ends, StoreError> {
    let chain = row.text()?;
    let seq = row.maybe_int()?.unwrap_or(0);
    let hash = match row.maybe_bytes()? {
        Some(bytes) => bytes.try_into().map_err(|_| StoreError::Corrupt(format!("the end of audit chain {chain}")))?,
        None => [0; 32],
    };
    Ok(Ends { chain, noted: Head { seq, hash }, last: row.maybe_int()?.unwrap_or(0) })
}

fn audit_row(mut row: Row) -> Result<AuditRow, StoreError> {
    Ok(AuditRow {
        chain: row.text()?,
        seq: row.count()?,
        at: row.time()?,
        entry: AuditEntry {
            actor: row.text()?,
            verb: row.text()?,
            object: row.text()?,
            outcome: row.text()?,
            code: row.text()?,
            detail: row.text()?,
            source: row.text()?,
        },
        previous: row.hash()?,
        hash: row.hash()?,
    })
}
