//! The one read: all that is known of a request. And cases for who looks at them and decides.

use pki::crl::Reason;
use pki::{Certificate, Request, Time, Validity};
use ra::{Approver, Case, CaseId, ChallengeRecord, Held, Known, Revocation, Spent, State};

use super::audit::AuditEntry;
use super::commit::notice_steps;
use super::listed::{CaseFilter, CaseState, StoredCase};
use super::record::{Actor, CaseQuery, Notice};
use super::unit::{Query, Step};
use super::value::{Row, params};
use super::{Store, StoreError};

/// What [`known`] reads, from `c` the case and `k` its certificate.
macro_rules! known_fields {
    () => {
        "c.id, c.transaction_id, c.generation, c.requested_key, c.signer_key, c.requested_names, c.state, c.profile,
         CASE WHEN c.state IN ('pending', 'approved') THEN c.request END, c.device, c.sid, c.decided_by, c.serial,
         k.not_before, k.not_after, k.revoked_at, k.revoked_reason"
    };
}

pub(super) const KNOWN: &str = concat!(
    "SELECT ",
    known_fields!(),
    " FROM enrolment_case c LEFT JOIN certificate k ON k.issuer = c.issuer AND k.serial = c.serial
      WHERE c.endpoint = $1 AND c.transaction_id = $2 ORDER BY c.generation DESC LIMIT 1"
);

pub(super) const CHALLENGE: &str = concat!(
    "SELECT h.endpoint, h.expires_at, h.profile, h.device, h.sid, h.spent_at, ",
    known_fields!(),
    " FROM challenge h LEFT JOIN enrolment_case c ON c.id = h.spent_case
      LEFT JOIN certificate k ON k.issuer = c.issuer AND k.serial = c.serial WHERE h.challenge_key = $1"
);

pub(super) const SIGNER: &str = "SELECT profile, endpoint, device, sid, revoked_at, revoked_reason FROM certificate
    WHERE serial = $1 AND der = $2 LIMIT 1";

macro_rules! stored_case {
    () => {
        "SELECT id, endpoint, transaction_id, generation, state, requested_key, signer, request, profile, device, sid,
         serial, decided_by, decided_why, created_at, changed_at FROM enrolment_case "
    };
}

const BY_ID: &str = concat!(stored_case!(), "WHERE id = $1");

const LIST: &str = concat!(
    stored_case!(),
    "WHERE (CAST($1 AS TEXT) IS NULL OR endpoint = $1) AND (CAST($2 AS TEXT) IS NULL OR device = $2)
     ORDER BY created_at DESC, id LIMIT $3 OFFSET $4"
);

const LIST_BY_STATE: &str = concat!(
    stored_case!(),
    "WHERE state = $1 AND (CAST($2 AS TEXT) IS NULL OR endpoint = $2) AND (CAST($3 AS TEXT) IS NULL OR device = $3)
     ORDER BY created_at DESC, id LIMIT $4 OFFSET $5"
);

/// Those that wait, by an index that holds no others.
const LIST_WAITING: &str = concat!(
    stored_case!(),
    "WHERE state = $1 AND state IN ('pending', 'approved') AND (CAST($2 AS TEXT) IS NULL OR endpoint = $2)
     AND (CAST($3 AS TEXT) IS NULL OR device = $3) ORDER BY created_at DESC, id LIMIT $4 OFFSET $5"
);

const DECIDE: &str = "UPDATE enrolment_case SET state = $1, decided_by = $2, decided_why = $3, changed_at = $4
    WHERE id = $5 AND state = 'pending'";

impl CaseState {
    const ALL: [CaseState; 5] =
        [CaseState::Pending, CaseState::Approved, CaseState::Prepared, CaseState::Issued, CaseState::Denied];

    /// Its name, as in the store and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            CaseState::Pending => "pending",
            CaseState::Approved => "approved",
            CaseState::Prepared => "prepared",
            CaseState::Issued => "issued",
            CaseState::Denied => "denied",
        }
    }

    /// By its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<CaseState> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }

    fn read(row: &mut Row) -> Result<CaseState, StoreError> {
        let name = row.text()?;
        CaseState::by_name(&name).ok_or_else(|| StoreError::Corrupt(format!("a case in state {name}")))
    }
}

impl Store {
    /// All that is known of a request, in one snapshot: the latest case with its transactionID at its endpoint; its
    /// signer's certificate, if this service issued exactly that; its challenge, if it is known.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn case(&self, query: &CaseQuery<'_>) -> Result<Case, StoreError> {
        let mut queries = vec![
            Query { sql: KNOWN, params: params![query.endpoint, query.transaction] },
            Query { sql: SIGNER, params: params![query.signer.serial(), query.signer.der()] },
        ];
        queries.extend(query.challenge.map(|key| Query { sql: CHALLENGE, params: params![&key] }));
        let mut found = self.read_point(queries).await?.into_iter().map(|rows| rows.into_iter().next());
        let (case, signer, challenge) = (found.next().flatten(), found.next().flatten(), found.next().flatten());
        Ok(Case {
            known: case.map(known).transpose()?.flatten(),
            signer: signer.map(|row| held(row, query.signer)).transpose()?,
            standing: None,
            challenge: challenge.map(challenge_record).transpose()?,
        })
    }

    /// A case by its name.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn case_by_id(&self, case: &CaseId) -> Result<Option<StoredCase>, StoreError> {
        let rows = self.query(BY_ID, params![case]).await?;
        rows.into_iter().next().map(stored).transpose()
    }

    /// Cases, the latest first.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn cases(&self, filter: &CaseFilter) -> Result<Vec<StoredCase>, StoreError> {
        let (endpoint, device) = (filter.endpoint.as_deref(), filter.device.as_deref());
        let (limit, offset) = (filter.limit, filter.offset);
        let rows = match filter.state {
            Some(state) => {
                let waiting = matches!(state, CaseState::Pending | CaseState::Approved);
                let sql = if waiting { LIST_WAITING } else { LIST_BY_STATE };
                self.query(sql, params![state.name(), endpoint, device, limit, offset]).await?
            }
            None => self.query(LIST, params![endpoint, device, limit, offset]).await?,
        };
        rows.into_iter().map(stored).collect()
    }

    /// An operator says yes to a pending case. The certificate is made at the next poll.
    ///
    /// # Errors
    /// There is no such case, it does not wait, or the store does not answer.
    pub async fn approve(&self, case: &CaseId, approver: &Approver, source: &str, now: Time) -> Result<(), StoreError> {
        self.decide(case, (CaseState::Approved, None), approver, source, Vec::new(), now).await
    }

    /// An operator says no to a pending case, and whoever is to be told of it is.
    ///
    /// # Errors
    /// There is no such case, it does not wait, or the store does not answer.
    pub async fn deny(
        &self,
        case: &CaseId,
        approver: &Approver,
        (why, source): (&str, &str),
        notices: &[Notice],
        now: Time,
    ) -> Result<(), StoreError> {
        let told = notice_steps(notices, &format!("{case}-denied"), Some(case), now);
        self.decide(case, (CaseState::Denied, Some(why)), approver, source, told, now).await
    }

    async fn decide(
        &self,
        case: &CaseId,
        (state, why): (CaseState, Option<&str>),
        approver: &Approver,
        source: &str,
        told: Vec<Step>,
        now: Time,
    ) -> Result<(), StoreError> {
        let actor = Actor { name: approver.0.clone(), source: source.to_owned() };
        let verb = if state == CaseState::Approved { "approve" } else { "deny" };
        let audit = AuditEntry::by(&actor, verb, &case.0, state.name(), why.unwrap_or_default());
        let fields = params![state.name(), &approver.0, why, now, case];
        let steps = std::iter::once(Step::one("case", DECIDE, fields)).chain(told).collect();
        let written = self.write(steps, vec![audit], now).await;
        match written {
            Ok(_) => Ok(()),
            Err(StoreError::Conflict(_)) => match self.case_by_id(case).await? {
                None => Err(StoreError::NotFound(format!("case {case}"))),
                Some(found) => Err(StoreError::NotPending { case: case.0.clone(), state: found.state.name() }),
            },
            Err(error) => Err(error),
        }
    }
}

/// A case out of the fields of `known_fields!`; nothing if there is none.
fn known(mut row: Row) -> Result<Option<Known>, StoreError> {
    let Some(id) = row.maybe_text()? else { return Ok(None) };
    let (transaction, generation) = (row.text()?, row.small()?);
    let (key, signer_key, names) = (row.hash()?, row.hash()?, row.hash()?);
    let state = CaseState::read(&mut row)?;
    let profile = row.text()?;
    let request = row.maybe_bytes()?.map(|der| request(&id, &der)).transpose()?;
    let (device, sid) = (row.maybe_text()?, row.maybe_text()?);
    let state = progress(&id, state, &mut row)?;
    Ok(Some(Known {
        id: CaseId(id),
        transaction,
        generation,
        key,
        signer_key,
        names,
        state,
        profile,
        request,
        device,
        sid,
    }))
}

fn request(case: &str, der: &[u8]) -> Result<Request, StoreError> {
    Request::parse(der).map_err(|error| StoreError::Corrupt(format!("the request of case {case}: {error}")))
}

fn progress(case: &str, state: CaseState, row: &mut Row) -> Result<State, StoreError> {
    let decided_by = row.maybe_text()?;
    let serial = row.maybe_bytes()?;
    let (not_before, not_after) = (row.maybe_time()?, row.maybe_time()?);
    let revoked = revocation(row)?;
    let lacks = |what: &str| StoreError::Corrupt(format!("case {case} is {} and has no {what}", state.name()));
    let approver = || decided_by.map(Approver).ok_or_else(|| lacks("operator"));
    Ok(match state {
        CaseState::Pending => State::Pending,
        CaseState::Approved => State::Approved(approver()?),
        CaseState::Denied => State::Denied(approver()?),
        CaseState::Prepared => State::Prepared { serial: serial.ok_or_else(|| lacks("serial number"))? },
        CaseState::Issued => {
            let (Some(serial), Some(not_before), Some(not_after)) = (serial, not_before, not_after) else {
                return Err(lacks("certificate"));
            };
            State::Issued { serial, validity: Validity { not_before, not_after }, revoked }
        }
    })
}

/// Since when and why a certificate has been revoked, out of two fields.
pub(super) fn revocation(row: &mut Row) -> Result<Option<Revocation>, StoreError> {
    let (at, reason) = (row.maybe_time()?, row.maybe_int()?);
    let Some(at) = at else { return Ok(None) };
    let number = reason.and_then(|number| u32::try_from(number).ok());
    let reason = number
        .and_then(Reason::from_number)
        .ok_or_else(|| StoreError::Corrupt(format!("the revocation reason {reason:?}")))?;
    Ok(Some(Revocation { at, reason }))
}

fn held(mut row: Row, certificate: &Certificate) -> Result<Held, StoreError> {
    Ok(Held {
        certificate: certificate.clone(),
        profile: row.text()?,
        endpoint: row.text()?,
        device: row.maybe_text()?,
        sid: row.maybe_text()?,
        revoked: revocation(&mut row)?,
    })
}

fn challenge_record(mut row: Row) -> Result<ChallengeRecord, StoreError> {
    let (endpoint, expires, profile) = (row.text()?, row.time()?, row.maybe_text()?);
    let (device, sid) = (row.maybe_text()?, row.maybe_text()?);
    let spent_at = row.maybe_time()?;
    let case = known(row)?;
    let spent = match (spent_at, case) {
        (Some(at), Some(case)) => Some(Spent { case, at }),
        (None, None) => None,
        _ => return Err(StoreError::Corrupt("a challenge that is half spent".to_owned())),
    };
    Ok(ChallengeRecord { endpoint, expires, profile, device, sid, spent })
}

fn stored(mut row: Row) -> Result<StoredCase, StoreError> {
    Ok(StoredCase {
        id: CaseId(row.text()?),
        endpoint: row.text()?,
        transaction: row.text()?,
        generation: row.small()?,
        state: CaseState::read(&mut row)?,
        key: row.hash()?,
        signer: row.bytes()?,
        request: row.bytes()?,
        profile: row.text()?,
        device: row.maybe_text()?,
        sid: row.maybe_text()?,
        serial: row.maybe_bytes()?,
        decided_by: row.maybe_text()?,
        decided_why: row.maybe_text()?,
        created_at: row.time()?,
        changed_at: row.time()?,
    })
}
