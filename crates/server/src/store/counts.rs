//! How much of everything there is.

use pki::Time;

use super::listed::Counts;
use super::unit::Query;
use super::value::{Row, params};
use super::{Store, StoreError};

const CASES: &str = "SELECT 'case ' || state, COUNT(*) FROM enrolment_case GROUP BY state";

const CERTIFICATES: &str = "SELECT CASE WHEN revoked_at IS NOT NULL THEN 'certificate revoked' WHEN der IS NULL THEN 'certificate prepared'
    WHEN not_after < $1 THEN 'certificate expired' ELSE 'certificate valid' END AS status, COUNT(*) FROM certificate GROUP BY 1";

const OTHERS: &str = "SELECT 'challenges', COUNT(*) FROM challenge WHERE spent_case IS NULL AND expires_at >= $1
    UNION ALL SELECT 'notices', COUNT(*) FROM notice WHERE delivered_at IS NULL
    UNION ALL SELECT 'audit', CAST(COALESCE(SUM(seq), 0) AS BIGINT) FROM audit_head";

impl Store {
    /// Counts cases, certificates, challenges, notices and audit rows at a moment. It looks at every certificate.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn counts(&self, now: Time) -> Result<Counts, StoreError> {
        let queries = vec![
            Query { sql: CASES, params: Vec::new() },
            Query { sql: CERTIFICATES, params: params![now] },
            Query { sql: OTHERS, params: params![now] },
        ];
        let mut counts = Counts::default();
        for row in self.read(queries).await?.into_iter().flatten() {
            count(&mut counts, row)?;
        }
        Ok(counts)
    }
}

fn count(counts: &mut Counts, mut row: Row) -> Result<(), StoreError> {
    let (name, number) = (row.text()?, row.count()?);
    let place = match name.as_str() {
        "case pending" => &mut counts.cases_pending,
        "case approved" => &mut counts.cases_approved,
        "case issued" => &mut counts.cases_issued,
        "case denied" => &mut counts.cases_denied,
        "certificate valid" => &mut counts.certificates_valid,
        "certificate expired" => &mut counts.certificates_expired,
        "certificate revoked" => &mut counts.certificates_revoked,
        "challenges" => &mut counts.challenges_outstanding,
        "notices" => &mut counts.notices_waiting,
        "audit" => &mut counts.audit_rows,
        // As many as there are prepared certificates of devices.
        "case prepared" => return Ok(()),
        "certificate prepared" => &mut counts.certificates_prepared,
        _ => return Err(StoreError::Corrupt(format!("something is {name}"))),
    };
    *place = number;
    Ok(())
}
