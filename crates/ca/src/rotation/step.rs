use pki::{Time, Validity};

use super::{Due, Moments, due, kept_until};

/// The part of its life after which a credential counts as settled, so that earlier ones may be forgotten.
const SETTLED: i64 = 4;

/// The place of a credential in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// Made, not in use yet.
    Next,
    /// In use.
    Current,
    /// No longer used for what is new.
    Retired,
}

/// How a credential is, apart from its dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Good.
    Sound,
    /// It works, but is to be replaced now: its issuer has been replaced, or an operator wishes so.
    Stale,
    /// It is of no use: its key is not here, or it is not good for its role.
    Unsound,
}

/// One of the credentials of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Generation {
    /// Its place.
    pub slot: Slot,
    /// When it is valid.
    pub validity: Validity,
    /// How it is.
    pub condition: Condition,
}

impl Generation {
    fn works(&self, now: Time) -> bool {
        self.condition != Condition::Unsound && self.validity.contains(now)
    }
}

/// Whether a role's credentials can be made here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewable {
    /// They can, and one made now would be valid until then at most.
    Until(Time),
    /// Somebody else makes them, or what makes them is not at hand.
    No,
}

/// What is to be done next for a role. The numbers count its generations as they were given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Make another one, as next.
    Prepare,
    /// Prove the next one, and let it take over.
    Activate(usize),
    /// Nothing better is there: use a retired one again.
    Recall(usize),
    /// Throw the next one away: it is of no use.
    Discard(usize),
    /// Forget a retired one.
    Forget(usize),
}

/// What is to be done next for a role; nothing if all is well, or nothing can be done.
#[must_use]
pub fn step(generations: &[Generation], renewable: Renewable, now: Time) -> Option<Step> {
    let place = |slot: Slot| generations.iter().enumerate().find(|(_, g)| g.slot == slot);
    let (current, next) = (place(Slot::Current), place(Slot::Next));
    // A clock that was wrong for a day must not cost a key: the one in use has to be some way into its own life.
    let settled = current.is_some_and(|(_, g)| now >= g.validity.not_before.plus(g.validity.seconds() / SETTLED));
    let forget = || {
        let over = |g: &Generation| settled && g.slot == Slot::Retired && now > kept_until(g.validity);
        generations.iter().position(over).map(Step::Forget)
    };
    let urgent = match current.filter(|(_, g)| g.works(now)) {
        None => return without_current(generations, next, renewable, now).or_else(forget),
        Some((_, g)) if g.condition == Condition::Stale => Due::Activate,
        Some((_, g)) => due(g.validity, now),
    };
    let current = current.map(|(_, g)| g);
    match next {
        Some((at, next)) if next.condition != Condition::Sound || due(next.validity, now) == Due::Ended => {
            Some(Step::Discard(at))
        }
        // Made by a clock that was ahead.
        Some((at, next)) if urgent >= Due::Activate && !next.works(now) => Some(Step::Discard(at)),
        Some((at, _)) if urgent >= Due::Activate => Some(Step::Activate(at)),
        None if urgent >= Due::Prepare && current.is_some_and(|g| gains(g, renewable)) => Some(Step::Prepare),
        _ => None,
    }
    .or_else(forget)
}

/// There is none that works: whatever does takes over at once.
fn without_current(
    generations: &[Generation],
    next: Option<(usize, &Generation)>,
    renewable: Renewable,
    now: Time,
) -> Option<Step> {
    if let Some((at, next)) = next {
        return Some(if next.works(now) { Step::Activate(at) } else { Step::Discard(at) });
    }
    let retired = generations.iter().enumerate().filter(|(_, g)| g.slot == Slot::Retired && g.works(now));
    let newest = retired.max_by_key(|(_, g)| g.validity.not_before);
    match (newest, renewable) {
        (Some((at, _)), _) => Some(Step::Recall(at)),
        (None, Renewable::Until(end)) if end > now => Some(Step::Prepare),
        (None, _) => None,
    }
}

/// Whether another one would do better: one that ends with the same issuer would not, unless it has another issuer.
fn gains(current: &Generation, renewable: Renewable) -> bool {
    match renewable {
        Renewable::Until(end) => end > current.validity.not_after || current.condition == Condition::Stale,
        Renewable::No => false,
    }
}

/// The next moment after `now` at which [`step`] may say something else, as far as dates decide it.
#[must_use]
pub fn next_due(generations: &[Generation], now: Time) -> Option<Time> {
    let moments = generations.iter().flat_map(|g| {
        let of = Moments::of(g.validity);
        let settled = g.validity.not_before.plus(g.validity.seconds() / SETTLED);
        [
            g.validity.not_before,
            settled,
            of.prepare,
            of.activate,
            of.emergency,
            of.ended,
            kept_until(g.validity).plus(1),
        ]
    });
    moments.filter(|at| *at > now).min()
}
