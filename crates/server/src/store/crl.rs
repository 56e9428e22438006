//! Revocation lists that have been published.

use pki::Time;

use super::audit::AuditEntry;
use super::listed::StoredCrl;
use super::record::Actor;
use super::unit::Step;
use super::value::{Row, params};
use super::{Store, StoreError};

const LATEST: &str = "SELECT issuer, number, der, this_update, next_update FROM crl
    WHERE issuer = $1 ORDER BY number DESC LIMIT 1";

const PUT: &str = "INSERT INTO crl (issuer, number, der, this_update, next_update) VALUES ($1, $2, $3, $4, $5)";

/// Touches the list that was put, and no other: a number below one that was used is as bad as one that was used
/// (RFC 5280 §5.2.3).
const HIGHEST: &str = "UPDATE crl SET number = number WHERE issuer = $1 AND number >= $2";

/// Only the latest list is asked for; some are kept for whoever looks into a complaint.
const FORGET: &str = "DELETE FROM crl WHERE issuer = $1 AND number < $2";

const KEPT: i64 = 100;

impl Store {
    /// The list of an issuer with the highest number.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn crl_latest(&self, issuer: &[u8; 32]) -> Result<Option<StoredCrl>, StoreError> {
        self.query(LATEST, params![issuer]).await?.into_iter().next().map(stored).transpose()
    }

    /// Stores a list, so that it may be published. The last hundred of an issuer are kept.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the issuer has a list with this number or a higher one: another node was first. Or
    /// the store does not answer.
    pub async fn crl_put(&self, crl: &StoredCrl, actor: &Actor, now: Time) -> Result<(), StoreError> {
        let number = i64::try_from(crl.number)
            .map_err(|_| StoreError::Failed(format!("the CRL number {} is too large", crl.number)))?;
        let put = params![&crl.issuer, number, &crl.der, crl.this_update, crl.next_update];
        let steps = vec![
            Step::one("CRL number", PUT, put),
            Step::one("CRL number", HIGHEST, params![&crl.issuer, number]),
            Step::any("CRL", FORGET, params![&crl.issuer, number.saturating_sub(KEPT)]),
        ];
        let detail = format!("from {} to {}", crl.this_update, crl.next_update);
        let audit = AuditEntry::by(actor, "crl", &number.to_string(), "signed", &detail);
        self.write(steps, vec![audit], now).await.map(|_| ())
    }
}

fn stored(mut row: Row) -> Result<StoredCrl, StoreError> {
    Ok(StoredCrl {
        issuer: row.hash()?,
        number: row.count()?,
        der: row.bytes()?,
        this_update: row.time()?,
        next_update: row.time()?,
    })
}
