//! What is not as it should be, and is known before anything breaks.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use pki::Time;

use super::Role;

/// One thing that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// The role.
    pub role: Role,
    /// A stable code.
    pub code: &'static str,
    /// What it is, in a sentence, with what to do.
    pub says: String,
    /// When something stops working, if nobody acts.
    pub breaks: Option<Time>,
}

/// A new credential was made and did not stand the proof; the old one serves on.
pub const PROOF_FAILED: &str = "credential.proof-failed";
/// A new credential could not be made.
pub const NOT_MADE: &str = "credential.not-made";
/// A file from outside was not taken over; the old credential serves on.
pub const FILE_REFUSED: &str = "credential.file-refused";
/// Two thirds of the life are over, and there is no successor.
pub const LATE: &str = "credential.late";
/// It has ended, or is of no use.
pub const ENDED: &str = "credential.ended";
/// The root's key is needed and is not here.
pub const ROOT_KEY_AWAY: &str = "credential.root-key-away";
/// What would issue the next one ends first.
pub const ISSUER_ENDS: &str = "credential.issuer-ends";
/// The key of a credential is not in the folder of this node.
pub const KEY_MISSING: &str = "credential.key-missing";
/// The other side does not trust the authority of the credential.
pub const NOT_TRUSTED: &str = "credential.not-trusted";

/// Every code with its meaning.
pub const ALL: [(&str, &str); 9] = [
    (PROOF_FAILED, "a new credential was made and did not stand the proof; the old one serves on"),
    (NOT_MADE, "a new credential could not be made"),
    (FILE_REFUSED, "a file from outside was not taken over; the old credential serves on"),
    (LATE, "two thirds of the life are over, and there is no successor"),
    (ENDED, "it has ended, or is of no use"),
    (ROOT_KEY_AWAY, "the root's key is needed and is not here"),
    (ISSUER_ENDS, "what would issue the next one ends first"),
    (KEY_MISSING, "the key of a credential is not in the folder of this node"),
    (NOT_TRUSTED, "the other side does not trust the authority of the credential"),
];

/// The longest time after a failure for which the same is not tried again, in seconds.
const PAUSE: i64 = 600;

#[derive(Default)]
struct Inner {
    reasons: Vec<Reason>,
    failed: BTreeMap<Role, (Time, Reason)>,
    offered: BTreeMap<Role, String>,
}

/// What somebody outside offers for a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Offer {
    /// The same as before.
    Same,
    /// Something else than before.
    Another,
}

/// What is known of the credentials' health; kept in memory, made anew by every round.
#[derive(Default)]
pub struct State(Mutex<Inner>);

impl State {
    /// Everything that is not as it should be; empty if all is well.
    #[must_use]
    pub fn reasons(&self) -> Vec<Reason> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).reasons.clone()
    }

    /// What a round found. What is new is logged, and what is over.
    pub(crate) fn replace(&self, found: Vec<Reason>) {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = |r: &Reason| (r.role, r.code);
        for reason in found.iter().filter(|r| !inner.reasons.iter().any(|old| key(old) == key(r))) {
            let breaks = reason.breaks.map(|at| at.to_string());
            tracing::warn!(role = reason.role.name(), code = reason.code, breaks, "degraded: {}", reason.says);
        }
        for old in inner.reasons.iter().filter(|old| !found.iter().any(|r| key(old) == key(r))) {
            tracing::info!(role = old.role.name(), code = old.code, "well again");
        }
        inner.reasons = found;
    }

    /// A failure of a role: it is not tried again at once.
    pub(crate) fn failed(&self, reason: Reason, now: Time) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failed.insert(reason.role, (now, reason));
    }

    pub(crate) fn succeeded(&self, role: Role) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failed.remove(&role);
    }

    /// Somebody outside offers a credential for a role, by its name in the store.
    pub(crate) fn offered(&self, role: Role, id: &str) -> Offer {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = inner.offered.insert(role, id.to_owned());
        if before.as_deref() == Some(id) { Offer::Same } else { Offer::Another }
    }

    /// The last failure of a role, as long as nothing was achieved since.
    pub(crate) fn failure(&self, role: Role) -> Option<Reason> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).failed.get(&role).map(|(_, reason)| reason.clone())
    }

    /// Whether a role whose credentials live so long is to be left alone for a moment. A clock that goes back ends the
    /// pause.
    pub(crate) fn pauses(&self, role: Role, life: i64, now: Time) -> bool {
        let inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.failed.get(&role).is_some_and(|(at, _)| *at <= now && now < at.plus(PAUSE.min(life / 50)))
    }
}
