//! The one durable write before the key is used, and the note that it was used.

use pki::{Certificate, Time};
use ra::{CaseId, Spend, Stored};

use super::audit::AuditEntry;
use super::record::{CertificateRecord, Commit, GrantRecord, Notice, Origin, PendRecord, RequestRecord, ServiceRecord};
use super::unit::Step;
use super::value::{Value, params};
use super::{CommitError, Store, StoreError};

const CASE: &str = "INSERT INTO enrolment_case
    (id, endpoint, transaction_id, generation, state, requested_key, signer_key, requested_names, signer, request,
     profile, device, sid, issuer, serial, created_at, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $16)";

const APPROVED_CASE: &str = "UPDATE enrolment_case SET state = 'prepared', issuer = $1, serial = $2, changed_at = $3
    WHERE id = $4 AND state = 'approved'";

const CERTIFICATE: &str = "INSERT INTO certificate
    (issuer, serial, case_id, endpoint, profile, subject, device, sid, not_before, not_after, authority, replaces,
     algorithm, tbs, prepared_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

const SPEND: &str = "UPDATE challenge SET spent_case = $1, spent_at = $2
    WHERE challenge_key = $3 AND spent_case IS NULL";

const SPENT: &str = "INSERT INTO challenge
    (challenge_key, endpoint, profile, device, sid, created_by, created_at, expires_at, spent_case, spent_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $7)";

const NOTICE: &str = "INSERT INTO notice (id, seq, case_id, kind, body, created_at, next_try, tries)
    VALUES ($1, (SELECT COALESCE(MAX(seq), 0) + 1 FROM notice), $2, $3, $4, $5, $5, 0)";

const ISSUED: &str = "UPDATE certificate SET der = $1, tbs = NULL, issued_at = $2
    WHERE issuer = $3 AND serial = $4 AND tbs = $5";

const ISSUED_CASE: &str = "UPDATE enrolment_case SET state = 'issued', changed_at = $1
    WHERE issuer = $2 AND serial = $3 AND state = 'prepared'
    AND id = (SELECT case_id FROM certificate WHERE issuer = $2 AND serial = $3)";

impl Store {
    /// Makes a decision durable, with what the audit says of it; all of it or nothing. When this returns without an
    /// error, a power failure does not undo it.
    ///
    /// # Errors
    /// Another writer was first with the transaction, the serial number or the challenge; or the store failed.
    pub async fn commit(&self, commit: Commit, audit: Vec<AuditEntry>, now: Time) -> Result<(), CommitError> {
        let steps = match &commit {
            Commit::Grant(grant) => grant_steps(grant, now),
            Commit::Pend(pend) => pend_steps(pend, now),
            Commit::Service(service) => service_steps(service, now),
            Commit::Deny => Vec::new(),
            Commit::Refuse(refusal) => notice_steps(&refusal.notices, &refusal.id, None, now),
        };
        self.write(steps, audit, now).await.map(|_| ()).map_err(CommitError::from)
    }

    /// Notes that a certificate has been signed. Returns the certificate that counts: this one, or the one that another
    /// signer of the same octets stored first (ECDSA signatures differ each time). Only that one may leave the house.
    ///
    /// # Errors
    /// What was signed is not what was stored to be signed; or the store failed.
    pub async fn issued(
        &self,
        issuer: &[u8; 32],
        certificate: &Certificate,
        audit: Vec<AuditEntry>,
        now: Time,
    ) -> Result<Certificate, StoreError> {
        let (serial, tbs) = (certificate.serial(), certificate.tbs());
        let steps = vec![
            Step::one("certificate", ISSUED, params![certificate.der(), now, issuer, serial, tbs]),
            Step::any("case", ISSUED_CASE, params![now, issuer, serial]),
        ];
        match self.write(steps, audit, now).await {
            Ok(_) => Ok(certificate.clone()),
            Err(StoreError::Conflict(_)) => self.issued_before(issuer, certificate).await,
            Err(error) => Err(error),
        }
    }

    async fn issued_before(&self, issuer: &[u8; 32], certificate: &Certificate) -> Result<Certificate, StoreError> {
        let serial = certificate.serial_hex();
        let unknown = || StoreError::NotFound(format!("certificate {serial} stored to be signed"));
        let stored = self.certificate_by(issuer, certificate.serial()).await?.ok_or_else(unknown)?;
        let der = stored.der.ok_or_else(unknown)?;
        let first =
            Certificate::parse(&der).map_err(|error| StoreError::Corrupt(format!("certificate {serial}: {error}")))?;
        if first.tbs() == certificate.tbs() { Ok(first) } else { Err(unknown()) }
    }
}

fn grant_steps(grant: &GrantRecord, now: Time) -> Vec<Step> {
    let (case, request, certificate) = (&grant.case, &grant.request, &grant.certificate);
    let first = match grant.origin {
        Origin::New => case_step(case, "prepared", request, Some(certificate), now),
        Origin::Approved => {
            Step::one("case", APPROVED_CASE, params![&certificate.issuer, &certificate.serial, now, case])
        }
    };
    let mut steps = vec![first, certificate_step(certificate, Some((case, request)), &request.profile, now)];
    steps.extend(grant.spend.as_ref().map(|spend| spend_step(spend, case, request, now)));
    steps.extend(notice_steps(&grant.notices, &format!("{case}-granted"), Some(case), now));
    steps
}

fn pend_steps(pend: &PendRecord, now: Time) -> Vec<Step> {
    let mut steps = vec![case_step(&pend.case, "pending", &pend.request, None, now)];
    steps.extend(pend.spend.as_ref().map(|spend| spend_step(spend, &pend.case, &pend.request, now)));
    steps.extend(notice_steps(&pend.notices, &format!("{}-pending", pend.case), Some(&pend.case), now));
    steps
}

fn service_steps(service: &ServiceRecord, now: Time) -> Vec<Step> {
    vec![certificate_step(&service.certificate, None, &service.profile, now)]
}

fn case_step(
    case: &CaseId,
    state: &str,
    request: &RequestRecord,
    certificate: Option<&CertificateRecord>,
    now: Time,
) -> Step {
    let (issuer, serial) = (certificate.map(|c| &c.issuer), certificate.map(|c| &c.serial));
    let r = request;
    let fields = params![
        case,
        &r.endpoint,
        &r.transaction,
        r.generation,
        state,
        &r.key,
        &r.signer_key,
        &r.names,
        &r.signer,
        &r.request,
        &r.profile,
        r.device.as_ref(),
        r.sid.as_ref(),
        issuer,
        serial,
        now
    ];
    Step::one("transaction", CASE, fields)
}

fn certificate_step(
    certificate: &CertificateRecord,
    asked: Option<(&CaseId, &RequestRecord)>,
    profile: &str,
    now: Time,
) -> Step {
    let request = asked.map(|(_, request)| request);
    let c = certificate;
    let fields = params![
        &c.issuer,
        &c.serial,
        asked.map(|(case, _)| case),
        request.map(|r| r.endpoint.as_str()).unwrap_or_default(),
        profile,
        &c.subject,
        request.and_then(|r| r.device.as_ref()),
        request.and_then(|r| r.sid.as_ref()),
        c.validity.not_before,
        c.validity.not_after,
        &c.authority,
        c.replaces.as_ref(),
        &c.algorithm,
        &c.tbs,
        now
    ];
    Step::one("serial number", CERTIFICATE, fields)
}

fn spend_step(spend: &Spend, case: &CaseId, request: &RequestRecord, now: Time) -> Step {
    match spend.stored {
        Stored::Before => Step::one("challenge", SPEND, params![case, now, &spend.key]),
        Stored::OnlySpent => {
            let r = request;
            let (device, sid) = (r.device.as_ref(), r.sid.as_ref());
            let fields: Vec<Value> =
                params![&spend.key, &r.endpoint, &r.profile, device, sid, "", now, spend.expires, case];
            Step::one("challenge", SPENT, fields)
        }
    }
}

/// A case waits once and is granted once, so that the name of a notice is the case, which of the two it was, and a
/// number.
pub(super) fn notice_steps(notices: &[Notice], name: &str, case: Option<&CaseId>, now: Time) -> Vec<Step> {
    let step = |(number, notice): (usize, &Notice)| {
        let name = format!("{name}-{number}");
        Step::one("notice", NOTICE, params![&name, case, &notice.kind, &notice.body, now])
    };
    notices.iter().enumerate().map(step).collect()
}
