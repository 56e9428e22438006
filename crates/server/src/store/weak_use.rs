//! Who still uses weak algorithms where an endpoint allows them.

use pki::Time;

use super::listed::WeakUse;
use super::unit::Step;
use super::value::{Row, params};
use super::{Store, StoreError};

const ADD: &str = "INSERT INTO weak_use (client, endpoint, algorithm, uses, first_at, last_at)
    VALUES ($1, $2, $3, 1, $4, $4)
    ON CONFLICT (client, endpoint, algorithm) DO UPDATE SET uses = weak_use.uses + 1, last_at = excluded.last_at";

const LIST: &str = "SELECT client, endpoint, algorithm, uses, first_at, last_at FROM weak_use
    ORDER BY last_at DESC, client, endpoint, algorithm LIMIT $1";

impl Store {
    /// Counts one use.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn weak_use_add(
        &self,
        client: &str,
        endpoint: &str,
        algorithm: &str,
        now: Time,
    ) -> Result<(), StoreError> {
        let step = Step::one("weak use", ADD, params![client, endpoint, algorithm, now]);
        self.write(vec![step], Vec::new(), now).await.map(|_| ())
    }

    /// The uses, the latest first.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn weak_uses(&self, limit: u32) -> Result<Vec<WeakUse>, StoreError> {
        self.query(LIST, params![limit]).await?.into_iter().map(weak_use).collect()
    }
}

fn weak_use(mut row: Row) -> Result<WeakUse, StoreError> {
    Ok(WeakUse {
        client: row.text()?,
        endpoint: row.text()?,
        algorithm: row.text()?,
        uses: row.count()?,
        first_at: row.time()?,
        last_at: row.time()?,
    })
}
