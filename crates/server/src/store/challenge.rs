//! Challenges that are stored before they are used. Their keys are keyed hashes; a challenge cannot be got from them.

use pki::Time;
use ra::CaseId;

use super::audit::AuditEntry;
use super::listed::{ChallengeFilter, ChallengeStatus, StoredChallenge};
use super::record::{Actor, ChallengeNew};
use super::unit::Step;
use super::value::{Row, params};
use super::{Store, StoreError};

const NEW: &str = "INSERT INTO challenge
    (challenge_key, endpoint, profile, device, sid, created_by, created_at, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

const LIST: &str = "SELECT challenge_key, endpoint, expires_at, profile, device, sid, created_by, created_at,
    spent_case, spent_at FROM challenge
    WHERE (CAST($1 AS TEXT) IS NULL OR endpoint = $1) AND (CAST($2 AS TEXT) IS NULL OR device = $2)
    AND (CAST($3 AS TEXT) IS NULL OR $3 = CASE WHEN spent_case IS NOT NULL THEN 'spent'
        WHEN expires_at < $4 THEN 'expired' ELSE 'outstanding' END)
    ORDER BY created_at DESC, challenge_key LIMIT $5 OFFSET $6";

const FORGET: &str = "DELETE FROM challenge WHERE challenge_key IN
    (SELECT challenge_key FROM challenge WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

/// How many are forgotten in one unit, so that nobody waits long behind it.
const FORGET_AT_ONCE: u32 = 1000;

impl ChallengeStatus {
    /// Its name, as on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ChallengeStatus::Outstanding => "outstanding",
            ChallengeStatus::Spent => "spent",
            ChallengeStatus::Expired => "expired",
        }
    }

    /// By its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<ChallengeStatus> {
        [Self::Outstanding, Self::Spent, Self::Expired].into_iter().find(|status| status.name() == name)
    }
}

impl StoredChallenge {
    /// How it stands at a moment.
    #[must_use]
    pub fn status(&self, now: Time) -> ChallengeStatus {
        match &self.spent {
            Some(_) => ChallengeStatus::Spent,
            None if self.challenge.expires < now => ChallengeStatus::Expired,
            None => ChallengeStatus::Outstanding,
        }
    }
}

impl Store {
    /// Stores a challenge that has been made.
    ///
    /// # Errors
    /// There is one with its key, or the store does not answer.
    pub async fn challenge_new(&self, challenge: &ChallengeNew, actor: &Actor, now: Time) -> Result<(), StoreError> {
        let c = challenge;
        let fields = params![
            &c.key,
            &c.endpoint,
            c.profile.as_ref(),
            c.device.as_ref(),
            c.sid.as_ref(),
            &actor.name,
            now,
            c.expires
        ];
        let device = c.device.as_deref().unwrap_or("any device");
        let detail = format!("for {device} at endpoint {}, good until {}", c.endpoint, c.expires);
        let audit = AuditEntry::by(actor, "challenge", &short(&c.key), "made", &detail);
        self.write(vec![Step::one("challenge", NEW, fields)], vec![audit], now).await.map(|_| ())
    }

    /// Challenges, the latest first.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn challenges(&self, filter: &ChallengeFilter, now: Time) -> Result<Vec<StoredChallenge>, StoreError> {
        let (endpoint, device) = (filter.endpoint.as_ref(), filter.device.as_ref());
        let status = filter.status.map(ChallengeStatus::name);
        let fields = params![endpoint, device, status, now, filter.limit, filter.offset];
        self.query(LIST, fields).await?.into_iter().map(stored).collect()
    }

    /// Forgets the challenges that ended more than `keep` seconds ago, spent or not. Returns how many.
    ///
    /// # Errors
    /// The store does not answer; those that were forgotten until then stay forgotten.
    pub async fn challenges_forget_expired(&self, now: Time, keep: i64) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let step = Step::any("challenge", FORGET, params![now.plus(-keep), FORGET_AT_ONCE]);
            let rows = self.write(vec![step], Vec::new(), now).await?.into_iter().next().unwrap_or(0);
            forgotten += rows;
            if rows < u64::from(FORGET_AT_ONCE) {
                return Ok(forgotten);
            }
        }
    }
}

/// Enough of a key to tell challenges apart in the audit.
fn short(key: &[u8; 32]) -> String {
    key.get(..8).map(pki::digest::hex).unwrap_or_default()
}

fn stored(mut row: Row) -> Result<StoredChallenge, StoreError> {
    let challenge = ChallengeNew {
        key: row.hash()?,
        endpoint: row.text()?,
        expires: row.time()?,
        profile: row.maybe_text()?,
        device: row.maybe_text()?,
        sid: row.maybe_text()?,
    };
    let (created_by, created_at) = (row.text()?, row.time()?);
    let spent = row.maybe_text()?.map(CaseId).zip(row.maybe_time()?);
    Ok(StoredChallenge { challenge, created_by, created_at, spent })
}
