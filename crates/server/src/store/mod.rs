//! The store: everything the service must remember, in one database.
//!
//! It does **not** decide anything and knows no protocol: it answers what is known of a request in one read
//! ([`Store::case`]) and makes a decision durable in one write ([`Store::commit`]). It keeps no private key and no
//! challenge, and it reads no clock: the current time is always an argument.
//!
//! Two engines, chosen by the URL, with the same statements on both:
//!
//! * `sqlite:PATH`: a file of this service alone, SQLite in write-ahead logging with full synchronisation;
//! * `postgres://…`: a PostgreSQL database that several nodes share.
//!
//! Writing is a unit of statements as data. A writer puts the units that wait into one transaction (group commit) and
//! answers each when that transaction is durable; a unit that meets a conflict is undone alone. What the audit says of a
//! unit is written with it.

mod audit;
mod batch;
mod case;
mod certificate;
mod chain;
mod challenge;
mod commit;
mod counts;
mod credential;
mod crl;
mod error;
mod event;
mod listed;
mod notice;
mod notification;
mod postgres;
mod record;
mod schema;
mod sqlite;
mod task;
#[cfg(test)]
mod tests;
mod unit;
mod value;
mod weak_use;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pki::Time;
use tokio::sync::{Notify, oneshot};

pub use audit::{AuditEntry, AuditFault, AuditFilter, AuditPlace, AuditRow, ChainReport};
pub use error::{CommitError, StoreError};
pub use event::{
    EventFilter, EventRecord, EventRole, LONGEST_CAPI2, LONGEST_JUDGEMENT, MOST_EVENTS, SAME_FOR, StoredEvent,
};
pub use listed::{
    CaseFilter, CaseState, CertificateFilter, CertificateStatus, ChallengeFilter, ChallengeStatus, Counts,
    CredentialMove, CredentialRecord, Lease, NoticeDue, RevokedCertificate, Slot, StoredCase, StoredCertificate,
    StoredChallenge, StoredCrl, Unfinished, WeakUse,
};
pub use notification::{Receipt, StoredNotification};
pub use record::{
    Actor, CaseQuery, CertificateRecord, ChallengeNew, Commit, GrantRecord, Notice, Origin, PendRecord, RefusalRecord,
    RequestRecord, ServiceRecord,
};
use schema::Migrations;
use unit::{Query, Step, Unit, Waiting};
use value::{Row, Value};

/// The store. Cheap to clone; all clones share one writer, which ends when the last of them is dropped.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    node: String,
    engine: Engine,
    /// How many units may still be given to the writer.
    left: AtomicU64,
    /// One more than that was to be given.
    died: Notify,
}

enum Engine {
    Sqlite(Box<sqlite::Sqlite>),
    Postgres(Box<postgres::Postgres>),
}

impl Store {
    /// Opens a store by its URL, makes what is missing, and brings one of an earlier version up to date. Several
    /// processes may do so at once. A new SQLite file is readable for its owner alone.
    ///
    /// `node` is this node's name: its audit chain and its leases go by it. Processes of one node (the service, the
    /// command line) use one name. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The URL names no store, the store cannot be reached or read, or a newer version of this program wrote it.
    pub async fn open(url: &str, node: &str) -> Result<Store, StoreError> {
        Store::open_with(url, node, schema::MIGRATIONS).await
    }

    async fn open_with(url: &str, node: &str, migrations: Migrations) -> Result<Store, StoreError> {
        let (kind, rest) = url.split_once(':').unwrap_or((url, ""));
        let engine = match kind {
            "sqlite" if matches!(rest, "" | ":memory:") => {
                return Err(StoreError::Url("a path must follow \"sqlite:\"".to_owned()));
            }
            "sqlite" => Engine::Sqlite(Box::new(sqlite::Sqlite::open(Path::new(rest), node, migrations).await?)),
            "postgres" | "postgresql" => {
                Engine::Postgres(Box::new(postgres::Postgres::open(url, node, migrations).await?))
            }
            _ => {
                let why = "it must begin with \"sqlite:\" or \"postgres://\"";
                return Err(StoreError::Url(why.to_owned()));
            }
        };
        Ok(Store(Arc::new(Inner {
            node: node.to_owned(),
            engine,
            left: AtomicU64::new(u64::MAX),
            died: Notify::new(),
        })))
    }

    /// Lets this process write so often still and no more: whoever writes then waits for ever, as if it had died between
    /// two of its writes. Ends at that moment. For simulations.
    pub fn dies_after(&self, writes: u64) -> impl Future<Output = ()> {
        self.0.left.store(writes, Ordering::Relaxed);
        self.0.died.notified()
    }

    /// This node's name.
    #[must_use]
    pub fn node(&self) -> &str {
        &self.0.node
    }

    /// Writes a unit: all of it, durably, or nothing.
    async fn write(&self, steps: Vec<Step>, audit: Vec<AuditEntry>, at: Time) -> Result<Vec<u64>, StoreError> {
        let writer = match &self.0.engine {
            Engine::Sqlite(engine) => engine.writer(),
            Engine::Postgres(engine) => engine.writer(),
        };
        let ended = || StoreError::Unavailable("its writer has ended".to_owned());
        debug_assert!(steps.iter().all(|step| unit::is_ascending(step.sql)), "placeholders out of order");
        let (answer, answered) = oneshot::channel();
        let waiting = Waiting { unit: Unit { steps, audit, at }, answer };
        let one_less = |left: u64| left.checked_sub(1);
        if self.0.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_err() {
            self.0.died.notify_waiters();
            std::future::pending::<()>().await;
        }
        writer.send(waiting).await.map_err(|_| ended())?;
        Ok(answered.await.map_err(|_| ended())??)
    }

    /// Reads with several statements in one snapshot.
    async fn read(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        debug_assert!(queries.iter().all(|query| unit::is_ascending(query.sql)), "placeholders out of order");
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.read(queries).await,
            Engine::Postgres(engine) => engine.read(queries).await,
        }
    }

    /// Reads a few rows that an index leads to, in one snapshot. It takes some ten microseconds with SQLite, less than
    /// asking another thread would cost.
    async fn read_point(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        match &self.0.engine {
            Engine::Sqlite(engine) => engine.read_here(&queries),
            Engine::Postgres(engine) => engine.read(queries).await,
        }
    }

    /// Reads with one statement.
    async fn query(&self, sql: &'static str, params: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        let found = self.read(vec![Query { sql, params }]).await?;
        Ok(found.into_iter().next().unwrap_or_default())
    }
}
