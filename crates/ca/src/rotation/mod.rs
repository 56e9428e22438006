//! When a service credential is renewed, and what one must be good for.
//!
//! Everything here is a function of the present moment and of what is there: no timer, no memory. Whoever asks after a
//! suspended night, a jump of the clock or a restart gets the same answer as whoever asked all the time.
//!
//! A credential of a role goes `Next → Current → Retired`. It is made at half the life of the one in use, and takes over
//! at two thirds, after it has been proven; so there is a third of a life for whatever goes wrong.

mod lineage;
mod role;
mod step;

use pki::{Time, Validity};

pub use lineage::Lineage;
pub use role::{Authority, Recipient, Requirements, Unfit};
pub use step::{Condition, Generation, Renewable, Slot, Step, next_due, step};

/// How long after its end a retired credential is kept by these rules at the most, in seconds: clocks of clients are
/// behind. Whoever carries them out may wait until its own clock can be believed.
pub const KEPT: i64 = 86_400;

/// How far a certificate is in its life, by what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Due {
    /// It is not valid yet: the clock has gone back, or it was made by a clock that was ahead.
    Early,
    /// Nothing.
    Nothing,
    /// Its successor is to be made: half of its life is over.
    Prepare,
    /// Its successor is to take over: two thirds are over.
    Activate,
    /// Its successor should have taken over long ago: nine tenths are over. Somebody must look.
    Emergency,
    /// It has ended.
    Ended,
}

/// The first moments at which each thing is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// Half of its life is over.
    pub prepare: Time,
    /// Two thirds are over.
    pub activate: Time,
    /// Nine tenths are over.
    pub emergency: Time,
    /// The first second in which it is not valid any more.
    pub ended: Time,
}

impl Moments {
    /// Those of a validity.
    #[must_use]
    pub fn of(validity: Validity) -> Moments {
        let life = validity.seconds();
        let part = |of: i64, whole: i64| validity.not_before.plus(life / whole * of + life % whole * of / whole);
        Moments { prepare: part(1, 2), activate: part(2, 3), emergency: part(9, 10), ended: validity.not_after.plus(1) }
    }
}

/// What is due for a certificate of this validity.
#[must_use]
pub fn due(validity: Validity, now: Time) -> Due {
    let moments = Moments::of(validity);
    if now < validity.not_before {
        Due::Early
    } else if now >= moments.ended {
        Due::Ended
    } else if now >= moments.emergency {
        Due::Emergency
    } else if now >= moments.activate {
        Due::Activate
    } else if now >= moments.prepare {
        Due::Prepare
    } else {
        Due::Nothing
    }
}

/// Until when a retired credential is kept: a client may hold its certificate as long as that is valid, and go on
/// encrypting to it; certificates under a retired CA live as long as it, and so does its revocation list. A day longer,
/// because clocks are behind; but one that lived for minutes is of no use to a clock that is hours behind.
#[must_use]
pub fn kept_until(validity: Validity) -> Time {
    validity.not_after.plus(KEPT.min(validity.seconds().max(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIFE: Validity = Validity { not_before: Time(1000), not_after: Time(1000 + 90) };

    #[test]
    fn a_life_second_by_second() {
        let table = [
            (999, Due::Early),
            (1000, Due::Nothing),
            (1044, Due::Nothing),
            (1045, Due::Prepare),
            (1059, Due::Prepare),
            (1060, Due::Activate),
            (1080, Due::Activate),
            (1081, Due::Emergency),
            (1090, Due::Emergency),
            (1091, Due::Ended),
            (i64::MAX, Due::Ended),
        ];
        for (now, expected) in table {
            assert_eq!(due(LIFE, Time(now)), expected, "at {now}");
        }
    }

    #[test]
    fn lives_of_no_length_and_of_all_length_are_judged_too() {
        let none = Validity { not_before: Time(10), not_after: Time(10) };
        assert_eq!(due(none, Time(10)), Due::Emergency);
        assert_eq!(due(none, Time(11)), Due::Ended);
        let swapped = Validity { not_before: Time(10), not_after: Time(5) };
        assert_eq!(due(swapped, Time(10)), Due::Ended);
        let all = Validity { not_before: Time(i64::MIN), not_after: Time::NEVER };
        assert_eq!(due(all, Time(0)), due(all, Time(0)));
    }
}
