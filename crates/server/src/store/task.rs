//! Which of several nodes acts for a task.

use pki::Time;

use super::listed::Lease;
use super::unit::Step;
use super::value::params;
use super::{Store, StoreError};

const TAKE: &str = "INSERT INTO task (name, held_by, held_until) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET held_by = excluded.held_by, held_until = excluded.held_until
    WHERE task.held_by = excluded.held_by OR task.held_until <= $4 OR task.held_until > $5";

/// A lease that ends so much later, in seconds, than one taken now would, was taken by a clock that was wrong.
const TOO_LATE: i64 = 86_400;

const HOLDER: &str = "SELECT held_by, held_until FROM task WHERE name = $1";

const RELEASE: &str = "UPDATE task SET held_until = $1 WHERE name = $2 AND held_by = $3 AND held_until > $1";

const NOTE: &str = "INSERT INTO task (name, held_by, held_until) VALUES ($1, $2, $3)
    ON CONFLICT (name) DO UPDATE SET held_by = excluded.held_by, held_until = excluded.held_until";

/// When it was last asked how the clock goes, and since when it has gone so.
const CLOCK: &str = "clock";
const CLOCK_SINCE: &str = "clock since";

/// Seconds between two notes of the time.
const NOTED_EVERY: i64 = 3600;

impl Store {
    /// Since when the clock has gone on without a leap of more than `most` seconds, forwards or backwards, as far as this
    /// has been asked in between. A clock that has just been set, right or wrong, goes since now.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn clock_since(&self, most: i64, now: Time) -> Result<Time, StoreError> {
        let noted = self.noted(CLOCK).await?.map(|at| now.seconds().saturating_sub(at.seconds()));
        let since = self.noted(CLOCK_SINCE).await?.filter(|_| noted.is_some_and(|ago| (0..=most).contains(&ago)));
        if since.is_none() || noted.is_none_or(|ago| ago >= NOTED_EVERY) {
            let note = |name: &'static str, at: Time| Step::any("task", NOTE, params![name, self.node(), at]);
            let since = since.is_none().then(|| note(CLOCK_SINCE, now));
            let steps = std::iter::once(note(CLOCK, now)).chain(since).collect();
            self.write(steps, Vec::new(), now).await?;
        }
        Ok(since.unwrap_or(now))
    }

    async fn noted(&self, name: &str) -> Result<Option<Time>, StoreError> {
        let rows = self.query(HOLDER, params![name]).await?;
        rows.into_iter().next().map(|mut row| row.text().and_then(|_| row.time())).transpose()
    }

    /// Takes a task for this node until a moment, or prolongs it. At most one node holds it at a time, as far as the
    /// nodes' clocks agree: make it longer than they can differ. One that a clock a day ahead has taken does not count.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn lease(&self, task: &str, until: Time, now: Time) -> Result<Lease, StoreError> {
        let step = Step::one("task", TAKE, params![task, self.node(), until, now, until.plus(TOO_LATE)]);
        match self.write(vec![step], Vec::new(), now).await {
            Ok(_) => Ok(Lease::Held),
            Err(StoreError::Conflict(_)) => {
                let rows = self.query(HOLDER, params![task]).await?;
                let gone = || StoreError::Conflict(format!("task {task}"));
                let mut row = rows.into_iter().next().ok_or_else(gone)?;
                Ok(Lease::Other { node: row.text()?, until: row.time()? })
            }
            Err(error) => Err(error),
        }
    }

    /// Gives a task back before its time, if this node holds it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn lease_release(&self, task: &str, now: Time) -> Result<(), StoreError> {
        let step = Step::any("task", RELEASE, params![now, task, self.node()]);
        self.write(vec![step], Vec::new(), now).await.map(|_| ())
    }
}
