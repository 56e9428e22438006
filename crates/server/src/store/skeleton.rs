//! Skeleton.
#![allow(missing_docs, clippy::unused_async)]
use super::*;
use pki::{Certificate, Time};
use ra::{Approver, Case, CaseId};

fn not<T>() -> Result<T, StoreError> {
    Err(StoreError::Failed("not built yet".into()))
}

impl Store {
    /// `sqlite:PATH` or `postgres://…`; `node` names the audit chain.
    pub async fn open(url: &str, node: &str) -> Result<Store, StoreError> {
        let _ = (url, node);
        not()
    }
    pub fn node(&self) -> &str {
        ""
    }
    pub async fn case(&self, query: &CaseQuery<'_>) -> Result<Case, StoreError> {
        let _ = query;
        not()
    }
    pub async fn commit(&self, commit: Commit, audit: Vec<AuditEntry>, now: Time) -> Result<(), CommitError> {
        let _ = (commit, audit, now);
        Err(CommitError::Store(StoreError::Failed("not built yet".into())))
    }
    /// Returns the certificate that counts: this one, or the one another signer stored first for the same serial.
    pub async fn issued(
        &self,
        issuer: &[u8; 32],
        certificate: &Certificate,
        audit: Vec<AuditEntry>,
        now: Time,
    ) -> Result<Certificate, StoreError> {
        let _ = (issuer, certificate, audit, now);
        not()
    }
    pub async fn unfinished(&self) -> Result<Vec<Unfinished>, StoreError> {
        not()
    }
    /// One that is stored to be signed.
    pub async fn unfinished_by(&self, issuer: &[u8; 32], serial: &[u8]) -> Result<Option<Unfinished>, StoreError> {
        let _ = (issuer, serial);
        not()
    }
    pub async fn certificate(&self, serial: &[u8]) -> Result<Option<StoredCertificate>, StoreError> {
        let _ = serial;
        not()
    }
    pub async fn certificate_by(
        &self,
        issuer: &[u8; 32],
        serial: &[u8],
    ) -> Result<Option<StoredCertificate>, StoreError> {
        let _ = (issuer, serial);
        not()
    }
    /// The certificate of a case, prepared or issued.
    pub async fn certificate_of(&self, case: &CaseId) -> Result<Option<StoredCertificate>, StoreError> {
        let _ = case;
        not()
    }
    pub async fn certificates(
        &self,
        filter: &CertificateFilter,
        now: Time,
    ) -> Result<Vec<StoredCertificate>, StoreError> {
        let _ = (filter, now);
        not()
    }
    pub async fn case_by_id(&self, case: &CaseId) -> Result<Option<StoredCase>, StoreError> {
        let _ = case;
        not()
    }
    pub async fn cases(&self, filter: &CaseFilter) -> Result<Vec<StoredCase>, StoreError> {
        let _ = filter;
        not()
    }
    pub async fn approve(&self, case: &CaseId, approver: &Approver, source: &str, now: Time) -> Result<(), StoreError> {
        let _ = (case, approver, source, now);
        not()
    }
    pub async fn deny(
        &self,
        case: &CaseId,
        approver: &Approver,
        why: &str,
        source: &str,
        now: Time,
    ) -> Result<(), StoreError> {
        let _ = (case, approver, why, source, now);
        not()
    }
    pub async fn challenge_new(&self, challenge: &ChallengeNew, actor: &Actor, now: Time) -> Result<(), StoreError> {
        let _ = (challenge, actor, now);
        not()
    }
    pub async fn challenges(&self, filter: &ChallengeFilter, now: Time) -> Result<Vec<StoredChallenge>, StoreError> {
        let _ = (filter, now);
        not()
    }
    /// Forgets those that ended more than `keep` seconds ago; how many.
    pub async fn challenges_forget_expired(&self, now: Time, keep: i64) -> Result<u64, StoreError> {
        let _ = (now, keep);
        not()
    }
    pub async fn revoke(
        &self,
        issuer: &[u8; 32],
        serial: &[u8],
        revocation: ra::Revocation,
        actor: &Actor,
        now: Time,
    ) -> Result<(), StoreError> {
        let _ = (issuer, serial, revocation, actor, now);
        not()
    }
    /// The revoked certificates of an issuer that end after a moment, by serial number.
    pub async fn revoked(&self, issuer: &[u8; 32], ending_after: Time) -> Result<Vec<RevokedCertificate>, StoreError> {
        let _ = (issuer, ending_after);
        not()
    }
    pub async fn crl_latest(&self, issuer: &[u8; 32]) -> Result<Option<StoredCrl>, StoreError> {
        let _ = issuer;
        not()
    }
    /// Conflict if the issuer has a list with this number or a higher one.
    pub async fn crl_put(&self, crl: &StoredCrl, actor: &Actor, now: Time) -> Result<(), StoreError> {
        let _ = (crl, actor, now);
        not()
    }
    pub async fn notices_due(&self, now: Time, limit: u32) -> Result<Vec<NoticeDue>, StoreError> {
        let _ = (now, limit);
        not()
    }
    pub async fn notice_delivered(&self, id: &str, now: Time) -> Result<(), StoreError> {
        let _ = (id, now);
        not()
    }
    pub async fn notice_failed(&self, id: &str, next_try: Time, why: &str, now: Time) -> Result<(), StoreError> {
        let _ = (id, next_try, why, now);
        not()
    }
    pub async fn credential_put(
        &self,
        credential: &CredentialRecord,
        actor: &Actor,
        now: Time,
    ) -> Result<(), StoreError> {
        let _ = (credential, actor, now);
        not()
    }
    /// All moves together, in this order; Conflict if one is not in the slot it should leave.
    pub async fn credentials_move(&self, moves: &[CredentialMove], actor: &Actor, now: Time) -> Result<(), StoreError> {
        let _ = (moves, actor, now);
        not()
    }
    pub async fn credentials(&self, role: Option<&str>) -> Result<Vec<CredentialRecord>, StoreError> {
        let _ = role;
        not()
    }
    pub async fn lease(&self, task: &str, until: Time, now: Time) -> Result<Lease, StoreError> {
        let _ = (task, until, now);
        not()
    }
    pub async fn lease_release(&self, task: &str, now: Time) -> Result<(), StoreError> {
        let _ = (task, now);
        not()
    }
    pub async fn weak_use_add(
        &self,
        client: &str,
        endpoint: &str,
        algorithm: &str,
        now: Time,
    ) -> Result<(), StoreError> {
        let _ = (client, endpoint, algorithm, now);
        not()
    }
    pub async fn weak_uses(&self, limit: u32) -> Result<Vec<WeakUse>, StoreError> {
        let _ = limit;
        not()
    }
    pub async fn counts(&self, now: Time) -> Result<Counts, StoreError> {
        let _ = now;
        not()
    }
}
