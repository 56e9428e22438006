//! Challenges (RFC 8894 §2.4, §7.3): recognised without being stored, verified without being spent.
//!
//! Verifying spends nothing: the commit of the decision does, so that a lost reply never strands a device.

use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::Enrolment;
use crate::case::{Case, ChallengeRecord};
use crate::decide::requested_names;
use crate::decision::{Spend, Stored};
use crate::policy::{ChallengeKind, Policy};
use crate::reason::{Reason, Refusal};
use crate::sealed::{self, Claims, SealingKey};

/// The secret under which challenges are hashed, so that a stolen store does not give them away.
pub struct Pepper([u8; 32]);

impl Pepper {
    /// From 32 random octets.
    #[must_use]
    pub fn new(octets: [u8; 32]) -> Pepper {
        Pepper(octets)
    }

    /// The key of a challenge in the store: HMAC-SHA-256 over a word that says what it is, and the challenge. Blanks
    /// around the challenge do not count.
    #[must_use]
    pub fn key(&self, challenge: &str) -> ChallengeKey {
        ChallengeKey(pki::digest::hmac_sha256(&self.0, &[b"challenge\0", challenge.trim().as_bytes()]))
    }

    /// The key of a sealed challenge in the store. Under another word, so that knowing an id is not having a challenge.
    fn sealed(&self, id: &str) -> ChallengeKey {
        ChallengeKey(pki::digest::hmac_sha256(&self.0, &[b"sealed\0", id.as_bytes()]))
    }
}

impl Drop for Pepper {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// Under which key the store knows a challenge. It cannot be used as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChallengeKey(pub [u8; 32]);

/// A challenge as presented, recognised as far as that goes without the store.
pub struct Presented {
    key: ChallengeKey,
    claims: Option<Claims>,
}

impl Presented {
    /// Recognises a challenge. Of a sealed one the id is what the store knows, so that it has one key however it is
    /// written.
    #[must_use]
    pub fn recognise(challenge: &str, pepper: &Pepper, keys: &[SealingKey]) -> Presented {
        match sealed::open(challenge, keys) {
            Some(claims) => Presented { key: pepper.sealed(&claims.id), claims: Some(claims) },
            None => Presented { key: pepper.key(challenge), claims: None },
        }
    }

    /// Its key in the store.
    #[must_use]
    pub fn key(&self) -> ChallengeKey {
        self.key
    }

    /// What a sealed challenge says.
    #[must_use]
    pub fn claims(&self) -> Option<&Claims> {
        self.claims.as_ref()
    }
}

/// Whether the challenge of a request is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// The request carries none.
    Absent,
    /// It is good for this.
    Valid(Vouched),
    /// It is not, for every one of these reasons.
    Refused(Vec<Refusal>),
    /// No kind that is verified here knows it; the policy module must be asked.
    AskModule,
    /// The policy module was asked and gave no answer that could be read, for this reason.
    Unanswered(String),
}

/// What a good challenge is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vouched {
    /// Which kind it is.
    pub kind: ChallengeKind,
    /// The profile it is for, if not the endpoint's.
    pub profile: Option<String>,
    /// The device it was made for.
    pub device: Option<String>,
    /// The security identifier of the device or user.
    pub sid: Option<String>,
    /// What the commit must spend; a static challenge is not spent.
    pub spend: Option<Spend>,
}

/// Verifies a challenge by everything that is known here: the static ones, the store's, the sealed ones.
#[must_use]
pub fn verify(
    enrolment: &Enrolment<'_>,
    presented: Option<&Presented>,
    statics: &[ChallengeKey],
    case: &Case,
    policy: &Policy,
    now: pki::Time,
) -> Verification {
    let Some(presented) = presented else { return Verification::Absent };
    let allowed = |kind| policy.challenges.contains(&kind);
    if let Some(claims) = presented.claims.as_ref().filter(|_| allowed(ChallengeKind::Sealed)) {
        return verify_sealed(enrolment, presented.key, claims, case, now);
    }
    if let Some(record) = case.challenge.as_ref().filter(|_| allowed(ChallengeKind::OneTime)) {
        return verify_one_time(enrolment, presented.key, record, now);
    }
    // Every static challenge is compared, so that time does not tell which one came close.
    let equal = statics.iter().fold(subtle::Choice::from(0), |found, one| found | one.0.ct_eq(&presented.key.0));
    if allowed(ChallengeKind::Static) && bool::from(equal) {
        let vouched = Vouched { kind: ChallengeKind::Static, profile: None, device: None, sid: None, spend: None };
        return Verification::Valid(vouched);
    }
    if allowed(ChallengeKind::Module) {
        // One that was spent here need not be asked about.
        let refusals = case.challenge.as_ref().map(|record| spent(enrolment, record)).unwrap_or_default();
        return if refusals.is_empty() { Verification::AskModule } else { Verification::Refused(refusals) };
    }
    let detail = format!("none of the challenges of endpoint {}", enrolment.endpoint);
    Verification::Refused(vec![Refusal::new(Reason::ChallengeWrong, detail)])
}

fn verify_one_time(
    enrolment: &Enrolment<'_>,
    key: ChallengeKey,
    record: &ChallengeRecord,
    now: pki::Time,
) -> Verification {
    let mut refusals = spent(enrolment, record);
    if record.endpoint != enrolment.endpoint {
        let detail = format!("made for endpoint {}, used at {}", record.endpoint, enrolment.endpoint);
        refusals.push(Refusal::new(Reason::ChallengeWrong, detail));
    }
    if now > record.expires {
        refusals.push(Refusal::new(Reason::ChallengeExpired, format!("it was good until {}", record.expires)));
    }
    valid_unless(
        refusals,
        Vouched {
            kind: ChallengeKind::OneTime,
            profile: record.profile.clone(),
            device: record.device.clone(),
            sid: record.sid.clone(),
            spend: Some(Spend { key: key.0, expires: record.expires, stored: Stored::Before }),
        },
    )
}

fn verify_sealed(
    enrolment: &Enrolment<'_>,
    key: ChallengeKey,
    claims: &Claims,
    case: &Case,
    now: pki::Time,
) -> Verification {
    let mut refusals = case.challenge.as_ref().map(|record| spent(enrolment, record)).unwrap_or_default();
    if now > claims.expires() {
        refusals.push(Refusal::new(Reason::ChallengeExpired, format!("it was good until {}", claims.expires())));
    }
    for mismatch in claims.mismatches(enrolment) {
        refusals.push(Refusal::new(Reason::ChallengeMismatch, mismatch.to_string()));
    }
    valid_unless(
        refusals,
        Vouched {
            kind: ChallengeKind::Sealed,
            profile: claims.profile.clone(),
            device: claims.device.clone(),
            sid: claims.sid.clone(),
            spend: Some(Spend { key: key.0, expires: claims.expires(), stored: Stored::OnlySpent }),
        },
    )
}

fn valid_unless(refusals: Vec<Refusal>, vouched: Vouched) -> Verification {
    if refusals.is_empty() { Verification::Valid(vouched) } else { Verification::Refused(refusals) }
}

/// A spent challenge is refused whoever comes with it; who gets its answer again has been told apart before. The same
/// request comes back when its certificate is due or revoked, and has done nothing suspicious.
fn spent(enrolment: &Enrolment<'_>, record: &ChallengeRecord) -> Vec<Refusal> {
    let Some(spent) = &record.spent else { return Vec::new() };
    let same_key = spent.case.key == enrolment.request.public_key().hash();
    let same_names = spent.case.names == requested_names(enrolment.request);
    let (reason, by) = match (same_key, same_names) {
        (true, true) => (Reason::ChallengeExpired, "this request"),
        (true, false) => (Reason::ChallengeSpent, "the same key for other names"),
        (false, _) => (Reason::ChallengeSpent, "another key"),
    };
    vec![Refusal::new(reason, format!("spent at {} by {by} (case {})", spent.at, spent.case.id))]
}
