//! PostgreSQL: one writer task that commits groups, and a few connections that read.

mod session;
mod write;

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio_postgres::{Client, Config, Error, NoTls};

use self::session::{Session, references};
use self::write::Writer;
use super::StoreError;
use super::schema::{self, Migrations};
use super::unit::{Query, Waiting};
use super::value::Row;
use super::{batch, chain};

const READERS: usize = 4;

/// Longer than any statement should take; a database that does not answer within it is given up.
const PATIENCE: Duration = Duration::from_secs(30);

/// The engine.
pub(super) struct Postgres {
    writer: mpsc::Sender<Waiting>,
    config: Config,
    idle: Mutex<Vec<Session>>,
    permits: Semaphore,
}

impl Postgres {
    /// Connects, and brings the database up to date.
    pub(super) async fn open(url: &str, node: &str, migrations: Migrations) -> Result<Postgres, StoreError> {
        let config = configure(url)?;
        let mut session = connect(&config).await?;
        migrate(&mut session.client, node, migrations).await?;
        let (writer, waiting) = mpsc::channel(batch::QUEUE);
        let task = Writer::new(config.clone(), node.to_owned(), session);
        tokio::spawn(task.run(waiting));
        Ok(Postgres { writer, config, idle: Mutex::default(), permits: Semaphore::new(READERS) })
    }

    /// Where units wait.
    pub(super) fn writer(&self) -> &mpsc::Sender<Waiting> {
        &self.writer
    }

    /// Runs the queries in one snapshot. A connection that broke while it was idle is replaced once.
    pub(super) async fn read(&self, queries: Vec<Query>) -> Result<Vec<Vec<Row>>, StoreError> {
        let gone = |_| StoreError::Unavailable("it has been closed".to_owned());
        let _permit = self.permits.acquire().await.map_err(gone)?;
        let idle = self.take();
        if let Some(mut session) = idle {
            match within(session.read(&queries)).await {
                Ok(found) => return self.put(session, found),
                Err(StoreError::Unavailable(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let mut session = connect(&self.config).await?;
        let found = within(session.read(&queries)).await?;
        self.put(session, found)
    }

    fn take(&self) -> Option<Session> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|session| !session.client.is_closed());
        idle.pop()
    }

    /// A connection whose read failed never comes here.
    fn put<T>(&self, session: Session, found: T) -> Result<T, StoreError> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(session);
        Ok(found)
    }
}

fn configure(url: &str) -> Result<Config, StoreError> {
    let mut config: Config = url.parse().map_err(|error: Error| StoreError::Url(chain_of(&error)))?;
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(Duration::from_secs(10));
    }
    config.keepalives_idle(Duration::from_secs(30)).tcp_user_timeout(PATIENCE);
    if config.get_application_name().is_none() {
        config.application_name("perennial");
    }
    Ok(config)
}

/// What every connection is told. A node that stands still must not keep the others waiting for its locks; and what has
/// been committed must be on disk, whatever the database's own setting is (a stricter one is kept).
const SETTLE_IN: &str = "SET statement_timeout = '20s'; SET lock_timeout = '10s';
    SET idle_in_transaction_session_timeout = '30s'; SET client_min_messages = 'warning';
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";

async fn connect(config: &Config) -> Result<Session, StoreError> {
    let connecting = async {
        let (client, connection) = config.connect(NoTls).await.map_err(|error| unreachable(&error))?;
        // It ends when the client is dropped or the connection breaks, and then the client says so.
        tokio::spawn(connection);
        client.batch_execute(SETTLE_IN).await.map_err(|error| said(&error))?;
        Ok(Session::new(client))
    };
    within(connecting).await
}

async fn within<T>(work: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let late = |_| StoreError::Unavailable(format!("no answer within {} s", PATIENCE.as_secs()));
    tokio::time::timeout(PATIENCE, work).await.map_err(late)?
}

/// "perennia" as a number: the lock under which one process at a time brings the database up to date.
const MIGRATION_LOCK: i64 = 0x7065_7265_6e6e_6961;

async fn migrate(client: &mut Client, node: &str, migrations: Migrations) -> Result<(), StoreError> {
    let work = async {
        let transaction = client.transaction().await.map_err(|error| said(&error))?;
        let says = |error: Error| match said(&error) {
            StoreError::Failed(why) => StoreError::Open(why),
            other => other,
        };
        transaction.execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK]).await.map_err(says)?;
        let exists = transaction.query_one("SELECT to_regclass('schema') IS NOT NULL", &[]).await.map_err(says)?;
        let found: i64 = if exists.try_get(0).map_err(says)? {
            let row = transaction.query_one(schema::READ_VERSION, &[]).await.map_err(says)?;
            row.try_get(0).map_err(says)?
        } else {
            transaction.batch_execute(schema::CREATE_SCHEMA).await.map_err(says)?;
            0
        };
        for statement in schema::outstanding(migrations, found)? {
            transaction.batch_execute(statement).await.map_err(says)?;
        }
        let version = i64::try_from(migrations.len()).unwrap_or(i64::MAX);
        if found != version {
            transaction.execute(schema::WRITE_VERSION, &[&version]).await.map_err(says)?;
        }
        let start = chain::start(node);
        transaction.execute(chain::START, &references(&start)).await.map_err(says)?;
        transaction.commit().await.map_err(says)
    };
    within(work).await
}

fn unreachable(error: &Error) -> StoreError {
    StoreError::Unavailable(chain_of(error))
}

fn said(error: &Error) -> StoreError {
    let Some(refusal) = error.as_db_error() else {
        return StoreError::Unavailable(chain_of(error));
    };
    let text = format!("{} ({})", refusal.message(), refusal.code().code());
    match refusal.code().code().get(..2) {
        Some("53") => StoreError::Full(text),
        // Connection trouble, operator intervention, locks, system errors.
        Some("08" | "57" | "55" | "58" | "40") => StoreError::Unavailable(text),
        Some("XX") => StoreError::Corrupt(text),
        _ => StoreError::Failed(text),
    }
}

/// The error with what caused it.
fn chain_of(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
