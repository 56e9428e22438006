//! What a registration point has been told, each once. The challenge of a certificate that was issued is spent.

use pki::Time;

use super::audit::AuditEntry;
use super::unit::Step;
use super::value::{Row, params};
use super::{Store, StoreError};

/// What a registration point has been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNotification {
    /// Its name, given by who tells it: the same told again has the same.
    pub id: String,
    /// Who told it.
    pub client: String,
    /// The endpoint of the SCEP service.
    pub endpoint: String,
    /// The transactionID.
    pub transaction: String,
    /// `issued`, `pending` or `refused`.
    pub outcome: String,
    /// The name of the challenge it is about.
    pub challenge: Option<String>,
    /// SHA-256 over the subjectPublicKeyInfo of the requested key.
    pub key: [u8; 32],
    /// What [`ra::requested_names`] says of the request.
    pub names: [u8; 32],
    /// All that was told, as JSON.
    pub body: String,
    /// When.
    pub received_at: Time,
}

/// Whether a notification was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It was, and is recorded.
    Recorded,
    /// It was recorded before.
    Repeated,
}

const PUT: &str = "INSERT INTO notification
    (id, seq, client, endpoint, transaction_id, outcome, challenge_id, requested_key, requested_names, body,
     received_at)
    VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM notification), $2, $3, $4, $5, $6, $7, $8, $9, $10)";

macro_rules! stored_notification {
    () => {
        "SELECT id, client, endpoint, transaction_id, outcome, challenge_id, requested_key, requested_names, body,
         received_at FROM notification "
    };
}

const LIST: &str = concat!(stored_notification!(), "ORDER BY seq, id LIMIT $1");

const SPENT: &str = concat!(
    stored_notification!(),
    "WHERE challenge_id = $1 AND outcome IN ('issued', 'pending') ORDER BY seq LIMIT 1"
);

impl Store {
    /// Records a notification, with what the audit says of it. One that is recorded already is not recorded again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn notification_put(
        &self,
        notification: &StoredNotification,
        audit: AuditEntry,
        now: Time,
    ) -> Result<Receipt, StoreError> {
        let n = notification;
        let (challenge, key, names) = (n.challenge.as_ref(), &n.key, &n.names);
        let fields = params![
            &n.id,
            &n.client,
            &n.endpoint,
            &n.transaction,
            &n.outcome,
            challenge,
            key,
            names,
            &n.body,
            n.received_at
        ];
        match self.write(vec![Step::one("notification", PUT, fields)], vec![audit], now).await {
            Ok(_) => Ok(Receipt::Recorded),
            Err(StoreError::Conflict(_)) => Ok(Receipt::Repeated),
            Err(error) => Err(error),
        }
    }

    /// The notification by which a challenge of the registration point was spent, if it was.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn registration_spent(&self, challenge: &str) -> Result<Option<StoredNotification>, StoreError> {
        self.query(SPENT, params![challenge]).await?.into_iter().next().map(stored).transpose()
    }

    /// What has been told, in the order in which it was.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn notifications(&self, limit: u32) -> Result<Vec<StoredNotification>, StoreError> {
        self.query(LIST, params![limit]).await?.into_iter().map(stored).collect()
    }
}

fn stored(mut row: Row) -> Result<StoredNotification, StoreError> {
    Ok(StoredNotification {
        id: row.text()?,
        client: row.text()?,
        endpoint: row.text()?,
        transaction: row.text()?,
        outcome: row.text()?,
        challenge: row.maybe_text()?,
        key: row.hash()?,
        names: row.hash()?,
        body: row.text()?,
        received_at: row.time()?,
    })
}
