//! The queue of what somebody outside is to be told.

use pki::Time;
use ra::CaseId;

use super::listed::NoticeDue;
use super::record::Notice;
use super::unit::Step;
use super::value::{Row, params};
use super::{Store, StoreError};

const DUE: &str = "SELECT id, case_id, kind, body, tries, created_at, failure FROM notice
    WHERE delivered_at IS NULL AND next_try <= $1 ORDER BY next_try, id LIMIT $2";

const DELIVERED: &str = "UPDATE notice SET delivered_at = $1 WHERE id = $2 AND delivered_at IS NULL";

const FAILED: &str = "UPDATE notice SET tries = tries + 1, next_try = $1, failure = $2
    WHERE id = $3 AND delivered_at IS NULL";

impl Store {
    /// Notices whose time has come, the longest waiting first.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn notices_due(&self, now: Time, limit: u32) -> Result<Vec<NoticeDue>, StoreError> {
        self.query(DUE, params![now, limit]).await?.into_iter().map(due).collect()
    }

    /// A notice has reached its receiver.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if no such notice waits; or the store does not answer.
    pub async fn notice_delivered(&self, id: &str, now: Time) -> Result<(), StoreError> {
        self.settle(id, Step::one("notice", DELIVERED, params![now, id]), now).await
    }

    /// A notice has not reached its receiver, and is tried again later.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] if no such notice waits; or the store does not answer.
    pub async fn notice_failed(&self, id: &str, next_try: Time, why: &str, now: Time) -> Result<(), StoreError> {
        self.settle(id, Step::one("notice", FAILED, params![next_try, why, id]), now).await
    }

    async fn settle(&self, id: &str, step: Step, now: Time) -> Result<(), StoreError> {
        match self.write(vec![step], Vec::new(), now).await {
            Err(StoreError::Conflict(_)) => Err(StoreError::NotFound(format!("notice {id} that waits"))),
            other => other.map(|_| ()),
        }
    }
}

fn due(mut row: Row) -> Result<NoticeDue, StoreError> {
    Ok(NoticeDue {
        id: row.text()?,
        case: CaseId(row.text()?),
        notice: Notice { kind: row.text()?, body: row.text()? },
        tries: row.small()?,
        since: row.time()?,
        failure: row.maybe_text()?,
    })
}
