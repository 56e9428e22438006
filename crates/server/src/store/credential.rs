//! Service credentials: which certificate is in which slot. The keys are not here.

use pki::Time;

use super::audit::AuditEntry;
use super::listed::{CredentialMove, CredentialRecord, Slot};
use super::record::Actor;
use super::unit::Step;
use super::value::{Row, params};
use super::{Store, StoreError};

const PUT: &str = "INSERT INTO credential (id, role, slot, certificate, key_reference, in_slot_since, ends_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)";

const MOVE: &str = "UPDATE credential SET slot = $1, in_slot_since = $2 WHERE id = $3 AND slot = $4";

const FORGET: &str = "DELETE FROM credential WHERE id = $1 AND slot = $2";

const LIST: &str = "SELECT id, role, slot, certificate, key_reference, in_slot_since, ends_at FROM credential
    WHERE CAST($1 AS TEXT) IS NULL OR role = $1 ORDER BY role, in_slot_since, id";

impl Slot {
    /// Its name, as in the store.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Slot::Next => "next",
            Slot::Current => "current",
            Slot::Retired => "retired",
        }
    }

    /// By its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Slot> {
        [Slot::Next, Slot::Current, Slot::Retired].into_iter().find(|slot| slot.name() == name)
    }
}

impl Store {
    /// Stores a service credential.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if there is one with its name, or its role has another in its slot (`next` and
    /// `current` hold one each); or the store does not answer.
    pub async fn credential_put(
        &self,
        credential: &CredentialRecord,
        actor: &Actor,
        now: Time,
    ) -> Result<(), StoreError> {
        let c = credential;
        let fields = params![&c.id, &c.role, c.slot.name(), &c.certificate, &c.key_reference, c.since, c.until];
        let detail = format!("{} in slot {}, good until {}", c.role, c.slot.name(), c.until);
        let audit = AuditEntry::by(actor, "credential", &c.id, "stored", &detail);
        self.write(vec![Step::one("credential", PUT, fields)], vec![audit], now).await.map(|_| ())
    }

    /// Moves service credentials, all together or none, in this order: the current one to `retired` before the next one
    /// to `current`.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if one is not in the slot it should leave, or would be the second in its new one; or
    /// the store does not answer.
    pub async fn credentials_move(&self, moves: &[CredentialMove], actor: &Actor, now: Time) -> Result<(), StoreError> {
        let step = |m: &CredentialMove| Step::one("credential", MOVE, params![m.to.name(), now, &m.id, m.from.name()]);
        let entry = |m: &CredentialMove| {
            let detail = format!("from slot {} to {}", m.from.name(), m.to.name());
            AuditEntry::by(actor, "credential", &m.id, m.to.name(), &detail)
        };
        let (steps, audit) = (moves.iter().map(step).collect(), moves.iter().map(entry).collect());
        self.write(steps, audit, now).await.map(|_| ())
    }

    /// Forgets a service credential; the audit remembers it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if it is not in this slot; or the store does not answer.
    pub async fn credential_forget(
        &self,
        id: &str,
        slot: Slot,
        why: &str,
        actor: &Actor,
        now: Time,
    ) -> Result<(), StoreError> {
        let audit = AuditEntry::by(actor, "credential", id, "forgotten", why);
        let step = Step::one("credential", FORGET, params![id, slot.name()]);
        self.write(vec![step], vec![audit], now).await.map(|_| ())
    }

    /// Service credentials, of one role or of all, in the order in which they came into their slots.
    ///
    /// # Errors
    /// The store does not answer, or holds what was never written to it.
    pub async fn credentials(&self, role: Option<&str>) -> Result<Vec<CredentialRecord>, StoreError> {
        self.query(LIST, params![role]).await?.into_iter().map(stored).collect()
    }
}

fn stored(mut row: Row) -> Result<CredentialRecord, StoreError> {
    let (id, role, slot) = (row.text()?, row.text()?, row.text()?);
    let slot =
        Slot::by_name(&slot).ok_or_else(|| StoreError::Corrupt(format!("service credential {id} in slot {slot}")))?;
    Ok(CredentialRecord {
        id,
        role,
        slot,
        certificate: row.bytes()?,
        key_reference: row.text()?,
        since: row.time()?,
        until: row.time()?,
    })
}
