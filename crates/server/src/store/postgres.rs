//! PostgreSQL: one writer task that commits groups, and a few connections that read.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{IsNull, ToSql, Type, private::BytesMut, to_sql_checked};
use tokio_postgres::{Client, Config, Error, NoTls, Statement};

use super::StoreError;
use super::batch::{self, Conflict, Failure};
use super::chain::{self, Head};
use super::schema::{self, Migrations};
use super::unit::{Answer, Query, Step, Unit, Waiting};
use super::value::{Row, Value};

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

/// A connection with the statements it has prepared.
struct Session {
    client: Client,
    prepared: HashMap<&'static str, Statement>,
}

impl Postgres {
    /// Connects, and brings the database up to date.
    pub(super) async fn open(url: &str, node: &str, migrations: Migrations) -> Result<Postgres, StoreError> {
        let config = configure(url)?;
        let mut session = connect(&config).await?;
        migrate(&mut session.client, node, migrations).await?;
        let (writer, waiting) = mpsc::channel(batch::QUEUE);
        let task = Writer { config: config.clone(), chain: node.to_owned(), session: Some(session) };
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
        Ok(Session { client, prepared: HashMap::new() })
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

/// The writer task: until the last store is dropped.
struct Writer {
    config: Config,
    chain: String,
    session: Option<Session>,
}

impl Writer {
    async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        while let Some(first) = waiting.recv().await {
            let group = batch::collect(first, &mut waiting);
            let (units, answers) = batch::split(group);
            match self.attempt(&units).await {
                Ok(outcomes) => batch::answer(answers, outcomes),
                Err(failure) if failure.is_worth_trying_alone(units.len()) => {
                    let mut alone: Vec<Answer> = Vec::with_capacity(units.len());
                    for unit in &units {
                        alone.push(batch::single(self.attempt(std::slice::from_ref(unit)).await));
                    }
                    batch::answer(answers, alone);
                }
                Err(failure) => batch::refuse(answers, &failure.error),
            }
        }
    }

    /// All units in one transaction. A group is sent at once first, in the hope that nothing conflicts; if something
    /// does, it is rolled back and sent again unit by unit, each behind a savepoint.
    async fn attempt(&mut self, units: &[Unit]) -> Result<Vec<batch::Outcome>, Failure> {
        let mut tries = 0;
        loop {
            let mut session = self.session().await.map_err(Failure::before_commit)?;
            let failure = match within_attempt(session.attempt(&self.chain, units)).await {
                Ok(outcomes) => {
                    self.session = Some(session);
                    return Ok(outcomes);
                }
                // Without its connection the transaction is rolled back.
                Err(failure) => failure,
            };
            tries += 1;
            if units.len() > 1 || tries == 5 || !failure.is_passing() {
                return Err(failure);
            }
        }
    }

    async fn session(&mut self) -> Result<Session, StoreError> {
        match self.session.take() {
            Some(session) if !session.client.is_closed() => Ok(session),
            _ => connect(&self.config).await,
        }
    }
}

/// Whether the commit had been sent when time was up is not known.
async fn within_attempt<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let late = |_| Failure::at_commit(StoreError::Unavailable(format!("no answer within {} s", PATIENCE.as_secs())));
    tokio::time::timeout(PATIENCE, work).await.map_err(late)?
}

/// What one statement of a pipeline gives back.
enum Reply {
    Nothing,
    Touched(u64),
    Rows(Vec<tokio_postgres::Row>),
}

type Sent<'a> = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send + 'a>>;

impl Session {
    async fn prepare(&mut self, sql: &'static str) -> Result<Statement, Error> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.prepared.insert(sql, statement.clone());
        Ok(statement)
    }

    fn command(&self, sql: &'static str) -> Sent<'_> {
        Box::pin(async move { self.client.batch_execute(sql).await.map(|()| Reply::Nothing) })
    }

    fn execute<'a>(&'a self, statement: &'a Statement, params: &'a [Value]) -> Sent<'a> {
        Box::pin(async move { self.client.execute(statement, &references(params)).await.map(Reply::Touched) })
    }

    fn query<'a>(&'a self, statement: &'a Statement, params: &'a [Value]) -> Sent<'a> {
        Box::pin(async move { self.client.query(statement, &references(params)).await.map(Reply::Rows) })
    }

    async fn read(&mut self, queries: &[Query]) -> Result<Vec<Vec<Row>>, StoreError> {
        let mut statements = Vec::with_capacity(queries.len());
        for query in queries {
            statements.push(self.prepare(query.sql).await.map_err(|error| said(&error))?);
        }
        let mut found = Vec::with_capacity(queries.len());
        for reply in pipelined(self.snapshot(&statements, queries)).await {
            if let Reply::Rows(rows) = reply.map_err(|error| said(&error))? {
                found.push(rows.iter().map(fields).collect::<Result<_, _>>()?);
            }
        }
        Ok(found)
    }

    fn snapshot<'a>(&'a self, statements: &'a [Statement], queries: &'a [Query]) -> Vec<Sent<'a>> {
        let selects = statements.iter().zip(queries).map(|(statement, query)| self.query(statement, &query.params));
        if queries.len() == 1 {
            // One statement is a snapshot by itself.
            return selects.collect();
        }
        let begin = self.command("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
        [begin].into_iter().chain(selects).chain([self.command("COMMIT")]).collect()
    }

    async fn attempt(&mut self, chain: &str, units: &[Unit]) -> Result<Vec<batch::Outcome>, Failure> {
        let steps: Vec<&Step> = units.iter().flat_map(|unit| &unit.steps).collect();
        for step in steps {
            self.prepare(step.sql).await.map_err(before)?;
        }
        let mut head = self.begin(chain).await?;
        if units.len() > 1 {
            if let Some(outcomes) = self.at_once(chain, units, &head).await? {
                return Ok(outcomes);
            }
            head = self.begin(chain).await?;
        }
        self.one_by_one(chain, units, head).await
    }

    async fn begin(&mut self, chain: &str) -> Result<Head, Failure> {
        for sql in chain::STATEMENTS {
            self.prepare(sql).await.map_err(before)?;
        }
        let (lock, params) = (self.prepare(chain::LOCK).await.map_err(before)?, [Value::from(chain)]);
        let sent = vec![self.command("BEGIN"), self.query(&lock, &params)];
        let mut rows = Vec::new();
        for reply in pipelined(sent).await {
            if let Reply::Rows(found) = reply.map_err(before)? {
                rows = found.iter().map(fields).collect::<Result<_, _>>().map_err(Failure::before_commit)?;
            }
        }
        Head::read(chain, rows).map_err(Failure::before_commit)
    }

    /// Every unit in one go. Nothing if one of them met a conflict; the transaction has been rolled back then.
    async fn at_once(&self, chain: &str, units: &[Unit], start: &Head) -> Result<Option<Vec<batch::Outcome>>, Failure> {
        let (mut head, mut audit) = (start.clone(), Vec::with_capacity(units.len()));
        for unit in units {
            let (steps, after) = head.link(chain, unit);
            audit.push(steps);
            head = after;
        }
        let steps: Vec<&Step> =
            units.iter().zip(&audit).flat_map(|(unit, audit)| unit.steps.iter().chain(audit)).collect();
        let Ok(touched) = self.steps(&steps, None).await? else {
            self.client.batch_execute("ROLLBACK").await.map_err(before)?;
            return Ok(None);
        };
        self.commit(chain, start, &head).await?;
        let mut touched = touched.into_iter();
        let outcome =
            |(unit, audit): (&Unit, &Vec<Step>)| Ok(touched.by_ref().take(unit.steps.len() + audit.len()).collect());
        Ok(Some(units.iter().zip(&audit).map(outcome).collect()))
    }

    async fn one_by_one(&self, chain: &str, units: &[Unit], start: Head) -> Result<Vec<batch::Outcome>, Failure> {
        let (mut head, mut outcomes) = (start.clone(), Vec::with_capacity(units.len()));
        let mut first = "SAVEPOINT unit";
        for unit in units {
            let (audit, after) = head.link(chain, unit);
            let steps: Vec<&Step> = unit.steps.iter().chain(&audit).collect();
            let outcome = self.steps(&steps, Some(first)).await?;
            first = match outcome {
                Ok(_) => "RELEASE SAVEPOINT unit; SAVEPOINT unit",
                Err(_) => "ROLLBACK TO SAVEPOINT unit; RELEASE SAVEPOINT unit; SAVEPOINT unit",
            };
            if outcome.is_ok() {
                head = after;
            }
            outcomes.push(outcome);
        }
        if matches!(outcomes.last(), Some(Err(_))) {
            self.client.batch_execute("ROLLBACK TO SAVEPOINT unit").await.map_err(before)?;
        }
        self.commit(chain, &start, &head).await?;
        Ok(outcomes)
    }

    async fn steps(&self, steps: &[&Step], first: Option<&'static str>) -> Result<batch::Outcome, Failure> {
        let replies = pipelined(self.executions(steps, first)?).await;
        let replies = replies.into_iter().filter(|reply| !matches!(reply, Ok(Reply::Nothing)));
        let mut touched = Vec::with_capacity(steps.len());
        for (index, (reply, step)) in replies.zip(steps).enumerate() {
            match reply {
                Ok(Reply::Touched(rows)) if step.is_met(rows) => touched.push(rows),
                Ok(_) => return Ok(Err(Conflict { step: index, what: step.what })),
                Err(error) if error.code() == Some(&SqlState::UNIQUE_VIOLATION) => {
                    return Ok(Err(Conflict { step: index, what: step.what }));
                }
                Err(error) => return Err(before(error)),
            }
        }
        Ok(Ok(touched))
    }

    fn executions<'a>(&'a self, steps: &'a [&Step], first: Option<&'static str>) -> Result<Vec<Sent<'a>>, Failure> {
        let mut sent: Vec<Sent<'a>> = first.map(|sql| self.command(sql)).into_iter().collect();
        for step in steps {
            let unprepared = || Failure::before_commit(StoreError::Failed("a statement is not prepared".to_owned()));
            let statement = self.prepared.get(step.sql).ok_or_else(unprepared)?;
            sent.push(self.execute(statement, &step.params));
        }
        Ok(sent)
    }

    async fn commit(&self, chain: &str, start: &Head, head: &Head) -> Result<(), Failure> {
        if head != start {
            let keep = head.keep(chain);
            let kept = self.steps(&[&keep], None).await?;
            kept.map_err(|c| Failure::before_commit(StoreError::Conflict(c.what.to_owned())))?;
        }
        self.client.batch_execute("COMMIT").await.map_err(|error| Failure::at_commit(said(&error)))
    }
}

/// Sends everything, then waits for everything: tokio-postgres sends a request when its future is first polled.
async fn pipelined(mut sent: Vec<Sent<'_>>) -> Vec<Result<Reply, Error>> {
    let mut early = Vec::with_capacity(sent.len());
    std::future::poll_fn(|context| {
        early.extend(sent.iter_mut().map(|request| match request.as_mut().poll(context) {
            Poll::Ready(reply) => Some(reply),
            Poll::Pending => None,
        }));
        Poll::Ready(())
    })
    .await;
    let mut replies = Vec::with_capacity(sent.len());
    for (request, early) in sent.into_iter().zip(early) {
        replies.push(match early {
            Some(reply) => reply,
            None => request.await,
        });
    }
    replies
}

fn references(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

fn fields(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
    let field = |index: usize, kind: &Type| -> Result<Value, Error> {
        Ok(match *kind {
            Type::INT8 => row.try_get::<_, Option<i64>>(index)?.map_or(Value::Null, Value::Int),
            Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(index)?.map_or(Value::Null, Value::Bytes),
            _ => row.try_get::<_, Option<String>>(index)?.map_or(Value::Null, Value::Text),
        })
    };
    let columns = row.columns().iter().enumerate().map(|(index, column)| field(index, column.type_()));
    let values = columns.collect::<Result<_, _>>();
    values.map(Row::new).map_err(|error| StoreError::Corrupt(chain_of(&error)))
}

impl ToSql for Value {
    fn to_sql(&self, kind: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(number) if *kind == Type::INT8 => number.to_sql(kind, out),
            Value::Text(text) if *kind == Type::TEXT => text.to_sql(kind, out),
            Value::Bytes(bytes) if *kind == Type::BYTEA => bytes.to_sql(kind, out),
            _ => Err(format!("a value of another type than {kind}").into()),
        }
    }

    fn accepts(kind: &Type) -> bool {
        matches!(*kind, Type::INT8 | Type::TEXT | Type::BYTEA)
    }

    to_sql_checked!();
}

fn before(error: Error) -> Failure {
    let passing = [&SqlState::T_R_DEADLOCK_DETECTED, &SqlState::T_R_SERIALIZATION_FAILURE];
    let failure = Failure::before_commit(said(&error));
    if error.code().is_some_and(|code| passing.contains(&code)) { failure.passing() } else { failure }
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
