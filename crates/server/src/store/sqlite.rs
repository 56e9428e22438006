//! SQLite: one writer thread that commits groups, and a few connections that read.

#![expect(clippy::disallowed_methods, reason = "the database is a file, and its writer a thread")]

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::{Semaphore, mpsc};

use super::StoreError;
use super::batch::{self, Failure};
use super::chain::{self, Head};
use super::schema::{self, Migrations};
use super::unit::{Query, Step, Unit, Waiting};
use super::value::{Row, Value};

const READERS: usize = 4;

/// The engine.
pub(super) struct Sqlite {
    writer: mpsc::Sender<Waiting>,
    readers: Readers,
}

/// The connections that read.
struct Readers {
    path: PathBuf,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Semaphore,
}

impl Sqlite {
    /// Opens the file, or makes it readable for nobody else, and brings it up to date.
    pub(super) async fn open(path: &Path, node: &str, migrations: Migrations) -> Result<Sqlite, StoreError> {
        let readers = Readers { path: path.to_owned(), idle: Arc::default(), permits: Semaphore::new(READERS) };
        let (path, chain) = (path.to_owned(), node.to_owned());
        let connection = blocking(move || prepare(&path, &chain, migrations).map(|c| (c, chain))).await?;
        let (writer, waiting) = mpsc::channel(batch::QUEUE);
        let (connection, chain) = connection;
        std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || write(connection, &chain, waiting))
            .map_err(|error| StoreError::Open(format!("no thread for the writer: {error}")))?;
        Ok(Sqlite { writer, readers })
    }

    /// Where units wait.
    pub(super) fn writer(&self) -> &mpsc::Sender<Waiting> {
        &self.writer
    }

    /// Runs the queries in one snapshot.
    pub(super) async fn read(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        let gone = |_| StoreError::Unavailable("it has been closed".to_owned());
        let _permit = self.readers.permits.acquire().await.map_err(gone)?;
        let (idle, path) = (Arc::clone(&self.readers.idle), self.readers.path.clone());
        blocking(move || borrowed(&idle, &path, &queries)).await
    }

    /// The same on this thread, for queries that are answered at once.
    pub(super) fn read_here(&self, queries: &[Query]) -> Result<Vec<Vec<Row>>, StoreError> {
        borrowed(&self.readers.idle, &self.readers.path, queries)
    }
}

/// Reads with an idle connection, or with a new one.
fn borrowed(idle: &Mutex<Vec<Connection>>, path: &Path, queries: &[Query]) -> Result<Vec<Vec<Row>>, StoreError> {
    let taken = idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
    let mut connection = match taken {
        Some(connection) => connection,
        None => connect(path)?,
    };
    // A connection whose read failed is not used again.
    let found = read(&mut connection, queries).map_err(|error| said(&error))?;
    idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
    Ok(found)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::Failed(format!("a read ended early: {error}"))))
}

fn prepare(path: &Path, node: &str, migrations: Migrations) -> Result<Connection, StoreError> {
    create(path)?;
    let mut connection = connect(path)?;
    let found = migrate(&mut connection, node, migrations);
    found.map_err(|error| match error {
        StoreError::Failed(why) | StoreError::Corrupt(why) => StoreError::Open(format!("{}: {why}", path.display())),
        other => other,
    })?;
    Ok(connection)
}

/// SQLite gives the files beside it the same mode.
fn create(path: &Path) -> Result<(), StoreError> {
    let mut options = std::fs::OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(|error| StoreError::Open(format!("{}: {error}", path.display())))?;
    Ok(())
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let open = || -> rusqlite::Result<Connection> {
        let mut connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_handler(Some(look_again))?;
        connection.set_prepared_statement_cache_capacity(64);
        // Otherwise a statement is compiled anew for every other value that is bound to it.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        settle_in(&connection)?;
        Ok(connection)
    };
    open().map_err(|error| StoreError::Open(format!("{}: {error}", path.display())))
}

/// How often a connection looks whether another process has ended its write: for ten seconds.
const MOST_LOOKS: i32 = 10_000;

/// Waits for another process, a millisecond at a time. SQLite's own waiting grows to a tenth of a second, so that one who
/// writes much in a row, as the renewal of a CA does, is in before one who waits.
#[expect(clippy::disallowed_methods, reason = "SQLite calls this on the thread that has to wait")]
fn look_again(looks: i32) -> bool {
    std::thread::sleep(Duration::from_millis(1));
    looks < MOST_LOOKS
}

/// SQLite does not wait when two connections turn to write-ahead logging at once.
fn settle_in(connection: &Connection) -> rusqlite::Result<()> {
    let mut patience = 50;
    loop {
        let result = connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA cache_size = -16000;
             PRAGMA wal_autocheckpoint = 4000;",
        );
        match result {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && patience > 0 => {
                patience -= 1;
                std::thread::sleep(Duration::from_millis(100));
            }
            other => return other,
        }
    }
}

const EXISTS: &str = "SELECT COUNT(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema'";

fn migrate(connection: &mut Connection, node: &str, migrations: Migrations) -> Result<(), StoreError> {
    let says = |error: rusqlite::Error| said(&error);
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(says)?;
    let exists: i64 = transaction.query_row(EXISTS, [], |row| row.get(0)).map_err(says)?;
    let found = if exists == 1 {
        transaction.query_row(schema::READ_VERSION, [], |row| row.get(0)).map_err(says)?
    } else {
        transaction.execute(schema::CREATE_SCHEMA, []).map_err(says)?;
        0
    };
    for statement in schema::outstanding(migrations, found)? {
        transaction.execute(statement, []).map_err(says)?;
    }
    transaction.execute(schema::WRITE_VERSION, [i64::try_from(migrations.len()).unwrap_or(i64::MAX)]).map_err(says)?;
    transaction.execute(chain::START, rusqlite::params_from_iter(chain::start(node))).map_err(says)?;
    transaction.commit().map_err(says)
}

/// The writer thread: until the last store is dropped.
fn write(mut connection: Connection, chain: &str, mut waiting: mpsc::Receiver<Waiting>) {
    while let Some(first) = waiting.blocking_recv() {
        let group = batch::collect(first, &mut waiting);
        let (units, answers) = batch::split(group);
        match attempt(&mut connection, chain, &units) {
            Ok(outcomes) => batch::answer(answers, outcomes),
            Err(failure) if failure.is_worth_trying_alone(units.len()) => {
                let alone = units.iter().map(|unit| alone(&mut connection, chain, unit)).collect();
                batch::answer(answers, alone);
            }
            Err(failure) => batch::refuse(answers, &failure.error),
        }
    }
}

fn alone(connection: &mut Connection, chain: &str, unit: &Unit) -> super::unit::Answer {
    let outcomes = attempt(connection, chain, std::slice::from_ref(unit));
    batch::single(outcomes)
}

/// All units in one transaction, each behind its own savepoint.
fn attempt(connection: &mut Connection, chain: &str, units: &[Unit]) -> Result<Vec<batch::Outcome>, Failure> {
    let before = |error: rusqlite::Error| Failure::before_commit(said(&error));
    // Dropped without a commit, a transaction is rolled back.
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(before)?;
    let rows = query(&transaction, chain::LOCK, &[Value::from(chain)]).map_err(before)?;
    let start = Head::read(chain, rows).map_err(Failure::before_commit)?;
    let (mut head, mut outcomes) = (start.clone(), Vec::with_capacity(units.len()));
    for unit in units {
        let (audit, after) = head.link(chain, unit);
        run(&transaction, "SAVEPOINT unit").map_err(before)?;
        let outcome = one(&transaction, unit.steps.iter().chain(&audit)).map_err(before)?;
        match outcome {
            Ok(_) => head = after,
            Err(_) => run(&transaction, "ROLLBACK TO SAVEPOINT unit").map_err(before)?,
        }
        run(&transaction, "RELEASE SAVEPOINT unit").map_err(before)?;
        outcomes.push(outcome);
    }
    if head != start {
        let keep = head.keep(chain);
        execute(&transaction, &keep).map_err(before)?;
    }
    transaction.commit().map_err(|error| Failure::at_commit(said(&error)))?;
    Ok(outcomes)
}

fn one<'s>(connection: &Connection, steps: impl Iterator<Item = &'s Step>) -> rusqlite::Result<batch::Outcome> {
    let mut touched = Vec::new();
    for (index, step) in steps.enumerate() {
        match execute(connection, step) {
            Ok(rows) if step.is_met(rows) => touched.push(rows),
            Ok(_) => return Ok(Err(batch::Conflict { step: index, what: step.what })),
            Err(error) if is_unique_violation(&error) => {
                return Ok(Err(batch::Conflict { step: index, what: step.what }));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Ok(touched))
}

fn execute(connection: &Connection, step: &Step) -> rusqlite::Result<u64> {
    let mut statement = connection.prepare_cached(step.sql)?;
    statement.execute(rusqlite::params_from_iter(&step.params)).map(|rows| rows as u64)
}

fn run(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(|_| ())
}

fn read(connection: &mut Connection, queries: &[Query]) -> rusqlite::Result<Vec<Vec<Row>>> {
    let snapshot = connection.transaction()?;
    let found = queries.iter().map(|q| query(&snapshot, q.sql, &q.params)).collect::<rusqlite::Result<_>>()?;
    snapshot.commit()?;
    Ok(found)
}

fn query(connection: &Connection, sql: &str, params: &[Value]) -> rusqlite::Result<Vec<Row>> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let mut rows = statement.query(rusqlite::params_from_iter(params))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let fields = (0..columns).map(|index| row.get_ref(index).and_then(|v| field(index, v)));
        found.push(Row::new(fields.collect::<rusqlite::Result<_>>()?));
    }
    Ok(found)
}

fn field(index: usize, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(error) => return Err(rusqlite::Error::Utf8Error(index, error)),
        },
        ValueRef::Blob(bytes) => Value::Bytes(bytes.to_vec()),
        ValueRef::Real(_) => return Err(rusqlite::Error::IntegralValueOutOfRange(index, 0)),
    })
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Value::Null => ValueRef::Null,
            Value::Int(number) => ValueRef::Integer(*number),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

fn is_unique_violation(error: &rusqlite::Error) -> bool {
    use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
    error
        .sqlite_error()
        .is_some_and(|e| matches!(e.extended_code, SQLITE_CONSTRAINT_PRIMARYKEY | SQLITE_CONSTRAINT_UNIQUE))
}

fn said(error: &rusqlite::Error) -> StoreError {
    let text = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(text),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Unavailable(format!("another process holds it: {text}"))
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt(text),
        Some(ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => StoreError::Unavailable(text),
        _ => StoreError::Failed(text),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use rusqlite::StatementStatus;

    use super::*;

    #[test]
    fn a_statement_is_compiled_once_whatever_is_bound_to_it() {
        use crate::store::case::{CHALLENGE, KNOWN, SIGNER};
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("store.db");
        let mut connection = prepare(&path, "a", schema::MIGRATIONS).unwrap();
        let statements = [(KNOWN, 2), (SIGNER, 2), (CHALLENGE, 1)];
        for number in 0..5_u8 {
            let query = |(sql, params)| Query { sql, params: vec![Value::Bytes(vec![number]); params] };
            read(&mut connection, &statements.map(query)).unwrap();
        }
        for (sql, _) in statements {
            let statement = connection.prepare_cached(sql).unwrap();
            assert_eq!(statement.get_status(StatementStatus::RePrepare), 0, "{sql}");
        }
    }
}
