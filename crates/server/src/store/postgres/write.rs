//! The writer task: groups of units, each group one transaction.

use std::future::Future;

use tokio::sync::mpsc;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, Error};

use super::session::{Reply, Sent, Session, fields, pipelined};
use super::{PATIENCE, connect, said};
use crate::store::StoreError;
use crate::store::batch::{self, Conflict, Failure};
use crate::store::chain::{self, Head};
use crate::store::unit::{Answer, Step, Unit, Waiting};
use crate::store::value::Value;

/// The writer task: until the last store is dropped.
pub(super) struct Writer {
    config: Config,
    chain: String,
    session: Option<Session>,
}

impl Writer {
    pub(super) fn new(config: Config, chain: String, session: Session) -> Writer {
        Writer { config, chain, session: Some(session) }
    }

    pub(super) async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
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

impl Session {
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

fn before(error: Error) -> Failure {
    let passing = [&SqlState::T_R_DEADLOCK_DETECTED, &SqlState::T_R_SERIALIZATION_FAILURE];
    let failure = Failure::before_commit(said(&error));
    if error.code().is_some_and(|code| passing.contains(&code)) { failure.passing() } else { failure }
}
