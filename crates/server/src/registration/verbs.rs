//! What a registration point does: it makes challenges, verifies requests against them, and records what came of them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki::digest::{Digest, unhex};
use pki::extension::KeyUsage;
use pki::{Certificate, Name, Request, Time};
use ra::sealed::{self, Claims};
use ra::{Delivery, Enrolment, Reason, requested_names};

use super::point::Point;
use super::words::{Detail, NewChallenge, Notification, Question, Reasons, Stated, Valid, Verdict, Wanted};
use crate::store::{AuditEntry, Commit, CommitError, Receipt, StoreError, StoredNotification};
use crate::world;

/// Octets of a challenge's name.
const ID: usize = 16;
/// Seconds a challenge lives at most.
const LONGEST_LIFE: i64 = 366 * 86_400;
/// Characters of a name in a notification.
const MOST_NAME: usize = 256;

/// Characters of facts in a row of the audit.
const MOST_DETAIL: usize = 4096;

/// Who calls, for the audit.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) name: String,
    pub(super) source: String,
}

/// Why a verb could not be done.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotDone {
    /// What was said cannot be.
    #[error("{0}")]
    Content(String),
    /// The store, or this service.
    #[error("{0}")]
    Own(String),
}

impl From<StoreError> for NotDone {
    fn from(error: StoreError) -> NotDone {
        NotDone::Own(error.to_string())
    }
}

impl From<CommitError> for NotDone {
    fn from(error: CommitError) -> NotDone {
        NotDone::Own(error.to_string())
    }
}

impl Caller {
    pub(super) fn entry(&self, verb: &str, object: &str, code: &str, detail: &str) -> AuditEntry {
        AuditEntry {
            actor: self.name.clone(),
            verb: verb.to_owned(),
            object: object.to_owned(),
            outcome: if code.is_empty() { "done" } else { "refused" }.to_owned(),
            code: code.to_owned(),
            // Names may be as long as a request; a row of the audit is for people.
            detail: detail.chars().take(MOST_DETAIL).collect(),
            source: self.source.clone(),
        }
    }
}

impl Point {
    /// Makes a challenge. Nothing of it is kept but a line in the audit.
    pub(super) async fn challenge(&self, wanted: Wanted, by: &Caller, now: Time) -> Result<NewChallenge, NotDone> {
        possible(&wanted).map_err(NotDone::Content)?;
        let mut octets = [0; ID];
        world::random(&mut octets);
        let id = pki::digest::hex(&octets).to_ascii_lowercase();
        let expires = now.plus(wanted.validity.unwrap_or(self.config.challenge_validity));
        let detail = format!("endpoint {}; device {}", wanted.endpoint, wanted.device.as_deref().unwrap_or("not said"));
        let claims = claims(wanted, id.clone(), expires);
        let challenge = self.with_sealing(|keys| sealed::seal(&claims, keys.first()?, &mut world::random));
        let challenge = challenge.ok_or_else(|| NotDone::Own("the challenge could not be sealed".to_owned()))?;
        self.store.commit(Commit::Deny, vec![by.entry("challenge", &id, "", &detail)], now).await?;
        Ok(NewChallenge { id, challenge, expires: expires.seconds() })
    }

    /// Verifies a request against its challenge. It spends nothing: the notification of a certificate does.
    pub(super) async fn verify(&self, question: &Question, by: &Caller, now: Time) -> Result<Verdict, NotDone> {
        let request = decoded(&question.request, "request", Request::parse)?;
        let signer = decoded(&question.signer, "signer", Certificate::parse)?;
        let enrolment = Enrolment {
            endpoint: &question.endpoint,
            transaction: &question.transaction,
            request: &request,
            signer: &signer,
            stated: match question.stated {
                Stated::Enrolment => ra::Stated::Enrolment,
                Stated::Renewal => ra::Stated::Renewal,
            },
            // Neither counts for a challenge.
            digest: Digest::Sha256,
            delivery: Delivery::Possible,
        };
        let (id, verdict) = self.verdict(&enrolment, now).await?;
        let object = if id.is_empty() { &question.transaction } else { &id };
        let entry = match &verdict {
            Verdict::Valid(_) => by.entry("verify", object, "", &format!("subject {}", request.subject())),
            Verdict::Refused(reasons) => {
                let code = reasons.refusals.first().map(|r| r.code.as_str()).unwrap_or_default();
                let facts: Vec<String> = reasons.refusals.iter().map(|r| format!("{}: {}", r.code, r.detail)).collect();
                by.entry("verify", object, code, &facts.join("; "))
            }
        };
        self.store.commit(Commit::Deny, vec![entry], now).await?;
        Ok(verdict)
    }

    /// The challenge's name, if it is one of ours, and what is to be said of the request.
    async fn verdict(&self, enrolment: &Enrolment<'_>, now: Time) -> Result<(String, Verdict), NotDone> {
        let refused = |refusals| Verdict::Refused(Reasons { refusals });
        let Some(challenge) = enrolment.request.challenge().filter(|c| !c.is_empty()) else {
            return Ok((String::new(), refused(vec![detail(Reason::ChallengeMissing, "the request carries none")])));
        };
        let Some(claims) = self.with_sealing(|keys| sealed::open(&challenge, keys)) else {
            let says = "it was not made by this registration point, or is damaged";
            return Ok((String::new(), refused(vec![detail(Reason::ChallengeWrong, says)])));
        };
        let mut refusals: Vec<Detail> = self.spent(&claims.id, enrolment.request).await?.into_iter().collect();
        if now > claims.expires() {
            let says = format!("it was good until {}", claims.expires());
            refusals.push(detail(Reason::ChallengeExpired, &says));
        }
        refusals.extend(claims.mismatches(enrolment).into_iter().map(|m| Detail {
            property: Some(m.property.to_owned()),
            expected: Some(m.expected.clone()),
            actual: Some(m.actual.clone()),
            ..detail(Reason::ChallengeMismatch, &m.to_string())
        }));
        let verdict = if refusals.is_empty() { Verdict::Valid(valid(&claims)) } else { refused(refusals) };
        Ok((claims.id, verdict))
    }

    async fn spent(&self, id: &str, request: &Request) -> Result<Option<Detail>, NotDone> {
        let Some(by) = self.store.registration_spent(id).await? else { return Ok(None) };
        let same_key = by.key == request.public_key().hash();
        let (reason, whom) = match (same_key, by.names == requested_names(request)) {
            (true, true) => (Reason::ChallengeExpired, "this request"),
            (true, false) => (Reason::ChallengeSpent, "the same key for other names"),
            (false, _) => (Reason::ChallengeSpent, "another key"),
        };
        let says = format!("spent at {} by {whom} (transaction {})", by.received_at, by.transaction);
        Ok(Some(detail(reason, &says)))
    }

    /// Records what came of a request. The same told again is acknowledged again and recorded once.
    pub(super) async fn notify(&self, told: &Notification, by: &Caller, now: Time) -> Result<(), NotDone> {
        let hash = |text: &str, of: &str| {
            let octets = unhex(text).and_then(|o| <[u8; 32]>::try_from(o).ok());
            octets.ok_or_else(|| NotDone::Content(format!("{of} is not SHA-256 in hexadecimal")))
        };
        if told.id.is_empty() || [&told.id, &told.endpoint, &told.transaction].iter().any(|n| n.len() > MOST_NAME) {
            return Err(NotDone::Content("id is missing, or a name is too long".to_owned()));
        }
        let stored = StoredNotification {
            id: told.id.clone(),
            client: by.name.clone(),
            endpoint: told.endpoint.clone(),
            transaction: told.transaction.clone(),
            outcome: told.outcome.name().to_owned(),
            challenge: told.challenge.clone(),
            key: hash(&told.key, "key")?,
            names: hash(&told.names, "names")?,
            body: serde_json::to_string(told).map_err(|e| NotDone::Own(e.to_string()))?,
            received_at: now,
        };
        let serial = told.serial.as_deref().map(|serial| format!("; serial {serial}")).unwrap_or_default();
        let detail = format!("{}; subject {}{serial}", told.outcome.name(), told.subject);
        let receipt = self.store.notification_put(&stored, by.entry("notify", &told.id, "", &detail), now).await?;
        if receipt == Receipt::Repeated {
            tracing::debug!(id = told.id, "a notification came again");
        }
        Ok(())
    }
}

/// Whether a request could fit such a challenge at all; what cannot be is said now and not when the device comes.
fn possible(wanted: &Wanted) -> Result<(), String> {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || b"-_.".contains(&c);
    if wanted.endpoint.is_empty() || !wanted.endpoint.bytes().all(allowed) {
        return Err("endpoint: a name of letters, digits, `-`, `_`, `.` is expected".to_owned());
    }
    if wanted.validity.is_some_and(|v| !(1..=LONGEST_LIFE).contains(&v)) {
        return Err(format!("validity: 1 to {LONGEST_LIFE} seconds are expected"));
    }
    if let Some(subject) = wanted.subject.as_ref().filter(|s| Name::parse(s).is_err()) {
        return Err(format!("subject: `{subject}` is no name (RFC 4514)"));
    }
    let usages = wanted.key_usage.iter().flatten();
    if let Some(usage) = usages.into_iter().find(|u| KeyUsage::by_name(u).is_none()) {
        return Err(format!("key_usage: `{usage}` is none (RFC 5280)"));
    }
    if let Some(sid) = wanted.sid.as_ref().filter(|sid| sid.parse::<ca::Sid>().is_err()) {
        return Err(format!("sid: `{sid}` is no security identifier"));
    }
    Ok(())
}

fn claims(wanted: Wanted, id: String, expires: Time) -> Claims {
    Claims {
        id,
        endpoint: wanted.endpoint,
        expires: expires.seconds(),
        device: wanted.device,
        user: wanted.user,
        sid: wanted.sid,
        profile: wanted.profile,
        subject: wanted.subject,
        names: wanted.names,
        key_usage: wanted.key_usage,
        extended_key_usage: wanted.extended_key_usage,
        key_bits: wanted.key_bits,
        signer: wanted.signer,
    }
}

fn valid(claims: &Claims) -> Valid {
    Valid {
        id: Some(claims.id.clone()),
        expires: Some(claims.expires),
        device: claims.device.clone(),
        sid: claims.sid.clone(),
        profile: claims.profile.clone(),
    }
}

fn detail(reason: Reason, says: &str) -> Detail {
    Detail { code: reason.text().to_owned(), detail: says.to_owned(), ..Detail::default() }
}

fn decoded<T, E: std::fmt::Display>(text: &str, of: &str, parse: fn(&[u8]) -> Result<T, E>) -> Result<T, NotDone> {
    let octets = STANDARD.decode(text).map_err(|_| NotDone::Content(format!("{of} is no base64")))?;
    parse(&octets).map_err(|e| NotDone::Content(format!("{of}: {e}")))
}
