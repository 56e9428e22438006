//! Group commit, as far as it is the same on both engines: which units go together, and who is told what.

use tokio::sync::{mpsc, oneshot};

use super::StoreError;
use super::unit::{Answer, LARGEST_BATCH, NotWritten, Unit, Waiting};

/// How many units may wait before whoever brings another waits too.
pub(super) const QUEUE: usize = 1024;

/// That a step of a unit met what another writer had written before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Conflict {
    pub(super) step: usize,
    pub(super) what: &'static str,
}

/// What has become of one unit of a group that was committed.
pub(super) type Outcome = Result<Vec<u64>, Conflict>;

/// Why a group was not committed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: StoreError,
    reached: Reached,
    passing: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    /// Certainly nothing was written.
    Statements,
    /// Whether it was written is not known.
    Commit,
}

impl Failure {
    pub(super) fn before_commit(error: StoreError) -> Failure {
        Failure { error, reached: Reached::Statements, passing: false }
    }

    pub(super) fn at_commit(error: StoreError) -> Failure {
        Failure { error, reached: Reached::Commit, passing: false }
    }

    /// It will not happen again: another node's transaction was in the way.
    pub(super) fn passing(mut self) -> Failure {
        self.passing = true;
        self
    }

    pub(super) fn is_passing(&self) -> bool {
        self.passing
    }

    /// One unit's fault should not be the fault of all: if the database refused a statement, or two groups waited for
    /// each other, each unit is tried by itself. Not if the commit itself failed: it may have happened.
    pub(super) fn is_worth_trying_alone(&self, units: usize) -> bool {
        let one_of_them =
            matches!(self.error, StoreError::Failed(_) | StoreError::Corrupt(_) | StoreError::Conflict(_));
        units > 1 && self.reached == Reached::Statements && (one_of_them || self.passing)
    }
}

/// The first unit, and those that wait behind it.
pub(super) fn collect(first: Waiting, waiting: &mut mpsc::Receiver<Waiting>) -> Vec<Waiting> {
    let mut group = vec![first];
    while group.len() < LARGEST_BATCH {
        match waiting.try_recv() {
            Ok(next) => group.push(next),
            Err(_) => break,
        }
    }
    group
}

pub(super) fn split(group: Vec<Waiting>) -> (Vec<Unit>, Vec<oneshot::Sender<Answer>>) {
    group.into_iter().map(|w| (w.unit, w.answer)).unzip()
}

/// Tells everyone what has become of their unit. Who does not wait any more is not told.
pub(super) fn answer<O: Into<Told>>(answers: Vec<oneshot::Sender<Answer>>, outcomes: Vec<O>) {
    for (answer, outcome) in answers.into_iter().zip(outcomes) {
        let _ = answer.send(outcome.into().0);
    }
}

/// What a unit's bringer is told.
pub(super) struct Told(Answer);

impl From<Answer> for Told {
    fn from(answer: Answer) -> Told {
        Told(answer)
    }
}

impl From<Outcome> for Told {
    fn from(outcome: Outcome) -> Told {
        Told(outcome.map_err(|conflict| {
            // The service alone counts the rows of its chain: whoever was first there was not the service.
            if conflict.what == super::chain::ROW {
                let what = "the audit has a row after its noted end".to_owned();
                return NotWritten::Store(StoreError::Corrupt(what));
            }
            NotWritten::Conflict { step: conflict.step, what: conflict.what }
        }))
    }
}

/// The answer to a unit that was tried by itself.
pub(super) fn single(outcomes: Result<Vec<Outcome>, Failure>) -> Answer {
    match outcomes {
        Ok(outcomes) => match outcomes.into_iter().next() {
            Some(outcome) => Told::from(outcome).0,
            None => Err(NotWritten::Store(StoreError::Failed("nothing was tried".to_owned()))),
        },
        Err(failure) => Err(NotWritten::Store(failure.error)),
    }
}

pub(super) fn refuse(answers: Vec<oneshot::Sender<Answer>>, error: &StoreError) {
    for answer in answers {
        let _ = answer.send(Err(NotWritten::Store(error.clone())));
    }
}
