//! A connection, its prepared statements, and pipelines of them.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Error, Statement};

use super::{chain_of, said};
use crate::store::StoreError;
use crate::store::unit::Query;
use crate::store::value::{Row, Value};

/// A connection with the statements it has prepared.
pub(super) struct Session {
    pub(super) client: Client,
    pub(super) prepared: HashMap<&'static str, Statement>,
}

/// What one statement of a pipeline gives back.
pub(super) enum Reply {
    Nothing,
    Touched(u64),
    Rows(Vec<tokio_postgres::Row>),
}

pub(super) type Sent<'a> = Pin<Box<dyn Future<Output = Result<Reply, Error>> + Send + 'a>>;

impl Session {
    pub(super) fn new(client: Client) -> Session {
        Session { client, prepared: HashMap::new() }
    }

    pub(super) async fn prepare(&mut self, sql: &'static str) -> Result<Statement, Error> {
        if let Some(statement) = self.prepared.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).await?;
        self.prepared.insert(sql, statement.clone());
        Ok(statement)
    }

    pub(super) fn command(&self, sql: &'static str) -> Sent<'_> {
        Box::pin(async move { self.client.batch_execute(sql).await.map(|()| Reply::Nothing) })
    }

    pub(super) fn execute<'a>(&'a self, statement: &'a Statement, params: &'a [Value]) -> Sent<'a> {
        Box::pin(async move { self.client.execute(statement, &references(params)).await.map(Reply::Touched) })
    }

    pub(super) fn query<'a>(&'a self, statement: &'a Statement, params: &'a [Value]) -> Sent<'a> {
        Box::pin(async move { self.client.query(statement, &references(params)).await.map(Reply::Rows) })
    }

    pub(super) async fn read(&mut self, queries: &[Query]) -> Result<Vec<Vec<Row>>, StoreError> {
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
}

/// Sends everything, then waits for everything: tokio-postgres sends a request when its future is first polled.
pub(super) async fn pipelined(mut sent: Vec<Sent<'_>>) -> Vec<Result<Reply, Error>> {
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

pub(super) fn references(params: &[Value]) -> Vec<&(dyn ToSql + Sync)> {
    params.iter().map(|value| value as &(dyn ToSql + Sync)).collect()
}

pub(super) fn fields(row: &tokio_postgres::Row) -> Result<Row, StoreError> {
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
