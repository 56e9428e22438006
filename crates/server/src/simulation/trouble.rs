use pki::Time;

use super::site::{Site, State};
use super::{DAY, Event, HOUR, Queue, Report};
use crate::ServiceError;

/// What goes wrong, and what is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// The process is stopped and started.
    Restart,
    /// It dies in the middle of a round.
    Crash,
    /// It is off for days.
    Off,
    /// The machine is suspended for days.
    Suspend,
    /// The registration point does not answer for hours or days.
    PointDown,
    /// The machine's clock is wrong for hours.
    WrongClock,
    /// What lasted is over.
    Over,
}

const KINDS: [Trouble; 6] =
    [Trouble::Restart, Trouble::Crash, Trouble::Off, Trouble::Suspend, Trouble::PointDown, Trouble::WrongClock];

impl Trouble {
    /// Days between two of them, on average.
    fn mean(self) -> i64 {
        match self {
            Trouble::Restart => 60,
            Trouble::Crash => 45,
            Trouble::Off => 500,
            Trouble::Suspend => 400,
            Trouble::PointDown => 200,
            Trouble::WrongClock => 300,
            Trouble::Over => i64::MAX / DAY,
        }
    }
}

/// What lasts at this moment, and until when. One thing at a time, so that what is right can be told from the facts.
pub(super) struct Troubles {
    lasting: Option<(Trouble, Time)>,
}

impl Troubles {
    pub(super) fn new(from: Time, random: &mut fastrand::Rng, queue: &mut Queue) -> Troubles {
        for kind in KINDS {
            queue.put(again(kind, from, random), Event::Trouble(kind));
        }
        Troubles { lasting: None }
    }

    /// When what lasts will be over.
    pub(super) fn over_at(&self, at: Time) -> Time {
        self.lasting.map_or(at, |(_, until)| until)
    }

    /// Lets it happen; says whether the service will notice within seconds, and goes a round then.
    pub(super) async fn happen(
        &mut self,
        trouble: Trouble,
        site: &mut Site,
        random: &mut fastrand::Rng,
        queue: &mut Queue,
        report: &mut Report,
        at: Time,
    ) -> Result<bool, ServiceError> {
        if trouble == Trouble::Over {
            return self.over(site, report, at).await;
        }
        let (_, until) = self.lasting.unwrap_or((trouble, at));
        if until > at {
            // Not now: as soon as the other thing is over.
            queue.put(until.plus(random.i64(DAY..10 * DAY)), Event::Trouble(trouble));
            return Ok(false);
        }
        queue.put(again(trouble, at, random), Event::Trouble(trouble));
        let lasts = match trouble {
            Trouble::Restart => {
                report.count("restarts");
                site.stop();
                site.start(report, at).await?;
                return Ok(false);
            }
            Trouble::Crash => {
                site.crash_in_round(random.u64(0..4), report, at).await?;
                return Ok(false);
            }
            Trouble::Off => {
                report.count("days on end without the service");
                site.stop();
                random.i64(DAY..15 * DAY)
            }
            Trouble::Suspend => {
                report.count("suspends, up to two months");
                site.suspend();
                random.i64(HOUR..60 * DAY)
            }
            Trouble::PointDown => {
                report.count("hours or days without the registration point");
                site.set_point_answers(false);
                random.i64(HOUR..6 * DAY)
            }
            Trouble::WrongClock => {
                let ahead = wrong(random);
                report.count(if ahead > 0 {
                    "clocks ahead, up to three years"
                } else {
                    "clocks behind, up to a month"
                });
                site.set_clock_ahead(ahead);
                random.i64(HOUR..3 * DAY)
            }
            Trouble::Over => 0,
        };
        let until = at.plus(lasts);
        self.lasting = Some((trouble, until));
        queue.put(until, Event::Trouble(Trouble::Over));
        Ok(trouble == Trouble::WrongClock)
    }

    async fn over(&mut self, site: &mut Site, report: &mut Report, at: Time) -> Result<bool, ServiceError> {
        self.lasting = None;
        match site.state() {
            State::Off => {
                site.start(report, at).await?;
                return Ok(false);
            }
            State::Suspended => site.wake(),
            State::Runs => {
                site.set_point_answers(true);
                site.set_clock_ahead(0);
            }
        }
        Ok(true)
    }
}

fn again(trouble: Trouble, at: Time, random: &mut fastrand::Rng) -> Time {
    let mean = trouble.mean() * DAY;
    at.plus(random.i64(mean / 4..mean * 7 / 4))
}

/// How far a clock is wrong: mostly by little, sometimes by years.
fn wrong(random: &mut fastrand::Rng) -> i64 {
    let powers = |random: &mut fastrand::Rng, most: u32| 600_i64 << random.u32(0..most);
    if random.bool() {
        let ahead = powers(random, 18);
        random.i64(ahead / 2..ahead)
    } else {
        let behind = powers(random, 13);
        -random.i64(behind / 2..behind)
    }
}
