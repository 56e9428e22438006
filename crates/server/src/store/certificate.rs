//! Certificates of the store: what is to be signed still, what has been issued, what has been revoked.

use pki::{Time, Validity};
use ra::{CaseId, Revocation};

use super::audit::AuditEntry;
use super::case::revocation;
use super::listed::{CertificateFilter, CertificateStatus, RevokedCertificate, StoredCertificate, Unfinished};
use super::record::Actor;
use super::unit::Step;
use super::value::{Row, params};
use super::{Store, StoreError};

macro_rules! stored_certificate {
    () => {
        "SELECT issuer, serial, case_id, endpoint, profile, subject, device, sid, not_before, not_after, authority,
         replaces, prepared_at, der, revoked_at, revoked_reason, revoked_by FROM certificate "
    };
}

const BY_SERIAL: &str = concat!(stored_certificate!(), "WHERE serial = $1 ORDER BY prepared_at DESC LIMIT 1");
const BY_ISSUER: &str = concat!(stored_certificate!(), "WHERE issuer = $1 AND serial = $2");
const BY_CASE: &str = concat!(
    stored_certificate!(),
    "WHERE (serial, issuer) = (SELECT serial, issuer FROM enrolment_case WHERE id = $1)"
);

const LIST: &str = concat!(
    stored_certificate!(),
    "WHERE (CAST($1 AS TEXT) IS NULL OR lower(subject) LIKE lower($1) ESCAPE '!')
     AND (CAST($2 AS TEXT) IS NULL OR device = $2)
     AND (CAST($3 AS BIGINT) IS NULL OR not_after < $3)
     AND (CAST($4 AS TEXT) IS NULL OR $4 = CASE WHEN revoked_at IS NOT NULL THEN 'revoked'
         WHEN der IS NULL THEN 'prepared' WHEN not_after < $5 THEN 'expired' ELSE 'valid' END)
     ORDER BY prepared_at DESC, serial LIMIT $6 OFFSET $7"
);

const UNFINISHED: &str = "SELECT issuer, serial, tbs, algorithm, case_id FROM certificate
    WHERE tbs IS NOT NULL ORDER BY prepared_at, serial";

const UNFINISHED_BY: &str = "SELECT issuer, serial, tbs, algorithm, case_id FROM certificate
    WHERE issuer = $1 AND serial = $2 AND tbs IS NOT NULL";

const REVOKE: &str = "UPDATE certificate SET revoked_at = $1, revoked_reason = $2, revoked_by = $3
    WHERE issuer = $4 AND serial = $5 AND revoked_at IS NULL";

const REVOKED: &str = "SELECT serial, not_after, revoked_at, revoked_reason FROM certificate
    WHERE issuer = $1 AND revoked_at IS NOT NULL AND not_after > $2 ORDER BY serial";

impl CertificateStatus {
    /// Its name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            CertificateStatus::Prepared => "prepared",
            CertificateStatus::Valid => "valid",
            CertificateStatus::Expired => "expired",
            CertificateStatus::Revoked => "revoked",
        }
    }

    /// By its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<CertificateStatus> {
        [Self::Prepared, Self::Valid, Self::Expired, Self::Revoked].into_iter().find(|status| status.name() == name)
    }
}

impl StoredCertificate {
    /// How it stands at a moment.
    #[must_use]
    pub fn status(&self, now: Time) -> CertificateStatus {
        match (&self.revoked, &self.der) {
            (Some(_), _) => CertificateStatus::Revoked,
            (None, None) => CertificateStatus::Prepared,
            (None, Some(_)) if self.validity.not_after < now => CertificateStatus::Expired,
            (None, Some(_)) => CertificateStatus::Valid,
        }
    }
}

impl Store {
    /// What is stored to be signed and is not signed, oldest first. The next start signs exactly that.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        self.query(UNFINISHED, Vec::new()).await?.into_iter().map(unfinished).collect()
    }

    /// What is stored to be signed under this serial number, if it is not signed.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn unfinished_by(&self, issuer: &[u8; 32], serial: &[u8]) -> Result<Option<Unfinished>, StoreError> {
        self.query(UNFINISHED_BY, params![issuer, serial]).await?.into_iter().next().map(unfinished).transpose()
    }

    /// A certificate by its serial number's content octets; the latest, should two issuers have used one.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn certificate(&self, serial: &[u8]) -> Result<Option<StoredCertificate>, StoreError> {
        self.query(BY_SERIAL, params![serial]).await?.into_iter().next().map(stored).transpose()
    }

    /// A certificate by the fingerprint of its issuer's certificate and its serial number's content octets.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn certificate_by(
        &self,
        issuer: &[u8; 32],
        serial: &[u8],
    ) -> Result<Option<StoredCertificate>, StoreError> {
        self.query(BY_ISSUER, params![issuer, serial]).await?.into_iter().next().map(stored).transpose()
    }

    /// The certificate of a case, signed or not.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn certificate_of(&self, case: &CaseId) -> Result<Option<StoredCertificate>, StoreError> {
        self.query(BY_CASE, params![case]).await?.into_iter().next().map(stored).transpose()
    }

    /// Certificates, the latest first.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn certificates(
        &self,
        filter: &CertificateFilter,
        now: Time,
    ) -> Result<Vec<StoredCertificate>, StoreError> {
        let fields = params![
            filter.subject.as_deref().map(containing).as_ref(),
            filter.device.as_ref(),
            filter.ends_before,
            filter.status.map(CertificateStatus::name),
            now,
            filter.limit,
            filter.offset
        ];
        self.query(LIST, fields).await?.into_iter().map(stored).collect()
    }

    /// Revokes a certificate. It is on every revocation list that is made from now on.
    ///
    /// # Errors
    /// There is no such certificate, it has been revoked before, or the store does not answer.
    pub async fn revoke(
        &self,
        issuer: &[u8; 32],
        serial: &[u8],
        revocation: Revocation,
        actor: &Actor,
        now: Time,
    ) -> Result<(), StoreError> {
        let (text, reason) = (pki::certificate::serial_hex(serial), revocation.reason);
        let fields = params![revocation.at, reason as u32, &actor.name, issuer, serial];
        let audit = AuditEntry::by(actor, "revoke", &text, "revoked", reason.name());
        match self.write(vec![Step::one("certificate", REVOKE, fields)], vec![audit], now).await {
            Ok(_) => Ok(()),
            Err(StoreError::Conflict(_)) => {
                let revoked = self.certificate_by(issuer, serial).await?.and_then(|found| found.revoked);
                Err(match revoked {
                    Some(before) => {
                        StoreError::AlreadyRevoked { serial: text, at: before.at, reason: before.reason.name() }
                    }
                    None => StoreError::NotFound(format!("certificate {text} of this issuer")),
                })
            }
            Err(error) => Err(error),
        }
    }

    /// The revoked certificates of an issuer that end after a moment, by serial number.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn revoked(&self, issuer: &[u8; 32], ending_after: Time) -> Result<Vec<RevokedCertificate>, StoreError> {
        self.query(REVOKED, params![issuer, ending_after]).await?.into_iter().map(revoked).collect()
    }
}

/// A pattern for LIKE with `!` as its escape.
fn containing(part: &str) -> String {
    format!("%{}%", part.replace('!', "!!").replace('%', "!%").replace('_', "!_"))
}

fn revoked(mut row: Row) -> Result<RevokedCertificate, StoreError> {
    let (serial, not_after) = (row.bytes()?, row.time()?);
    let without = || StoreError::Corrupt("a revoked certificate without a time".to_owned());
    Ok(RevokedCertificate { serial, not_after, revocation: revocation(&mut row)?.ok_or_else(without)? })
}

fn unfinished(mut row: Row) -> Result<Unfinished, StoreError> {
    Ok(Unfinished {
        issuer: row.hash()?,
        serial: row.bytes()?,
        tbs: row.bytes()?,
        algorithm: row.bytes()?,
        case: row.maybe_text()?.map(CaseId),
    })
}

fn stored(mut row: Row) -> Result<StoredCertificate, StoreError> {
    Ok(StoredCertificate {
        issuer: row.hash()?,
        serial: row.bytes()?,
        case: row.maybe_text()?.map(CaseId),
        endpoint: row.text()?,
        profile: row.text()?,
        subject: row.text()?,
        device: row.maybe_text()?,
        sid: row.maybe_text()?,
        validity: Validity { not_before: row.time()?, not_after: row.time()? },
        authority: row.text()?,
        replaces: row.maybe_bytes()?,
        prepared_at: row.time()?,
        der: row.maybe_bytes()?,
        revoked: revocation(&mut row)?,
        revoked_by: row.maybe_text()?,
    })
}
