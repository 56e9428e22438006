//! Decades in minutes: the real service with its registration point, and devices that enrol and renew by the octets real
//! ones would send, on a clock that jumps from one event to the next; while things happen that happen to services.
//!
//! What is drawn (who comes when, what goes wrong when) follows from the seed alone, and so does the report. Keys, serial
//! numbers and nonces are as random as ever; nothing depends on them. It does **not** simulate load: one thing happens
//! after another.

mod fleet;
mod report;
mod seat;
mod site;
mod switched;
mod trouble;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::path::PathBuf;

use pki::Time;

use crate::ServiceError;

pub use report::{Failed, Report};

use fleet::Fleet;
use seat::Reached;
use site::Site;
use trouble::{Trouble, Troubles};

pub(crate) const HOUR: i64 = 3600;
pub(crate) const DAY: i64 = 86_400;
pub(crate) const YEAR: i64 = 365 * DAY;

/// Between two rounds at the most.
const WEEK: i64 = 7 * DAY;
/// After a suspend or a change of the clock, the round that sees it comes so much later, in seconds.
const TICK: i64 = 10;

/// What is to be simulated.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// For how many years.
    pub years: u32,
    /// For how many devices at a time; each is replaced by another after some years.
    pub devices: u32,
    /// What everything that is drawn follows from.
    pub seed: u64,
    /// The first moment.
    pub from: Time,
    /// An empty folder.
    pub folder: PathBuf,
}

/// What happens next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// Something goes wrong, or is over.
    Trouble(Trouble),
    /// The device at a seat does what it has to do.
    Seat(usize),
}

/// Events in order of time; those of one moment in the order in which they were put in.
#[derive(Default)]
struct Queue {
    heap: BinaryHeap<Reverse<(i64, u64, Event)>>,
    count: u64,
}

impl Queue {
    fn put(&mut self, at: Time, event: Event) {
        self.count += 1;
        self.heap.push(Reverse((at.seconds(), self.count, event)));
    }

    fn next_at(&self) -> Option<Time> {
        self.heap.peek().map(|Reverse((at, _, _))| Time(*at))
    }

    fn take(&mut self) -> Option<Event> {
        self.heap.pop().map(|Reverse((_, _, event))| event)
    }
}

/// Runs it. `progress` is told the moment that has been reached, now and then.
///
/// # Errors
/// The folder cannot be written, or the service ends in a way that only a person could mend: that is a finding too.
pub async fn simulate(wanted: &Wanted, mut progress: impl FnMut(Time)) -> Result<Report, ServiceError> {
    let until = wanted.from.plus(i64::from(wanted.years) * YEAR);
    let mut random = fastrand::Rng::with_seed(wanted.seed);
    let mut report = Report::new(wanted, until);
    let mut site = Site::build(wanted, &mut report).await?;
    let mut queue = Queue::default();
    let mut fleet = Fleet::new(wanted, &mut random, &mut queue)?;
    let mut troubles = Troubles::new(wanted.from, &mut random, &mut queue);
    let mut round_at = wanted.from;
    while let Some(next) = queue.next_at() {
        let at = next.min(round_at);
        if at > until {
            break;
        }
        progress(at);
        if round_at <= next {
            round_at = round(&mut site, &mut random, &mut report, at).await?;
            continue;
        }
        match queue.take() {
            Some(Event::Trouble(trouble)) => {
                if troubles.happen(trouble, &mut site, &mut random, &mut queue, &mut report, at).await? {
                    round_at = at.plus(TICK);
                }
            }
            Some(Event::Seat(seat)) => match fleet.act(seat, &site, &mut random, &mut report, at).await? {
                Reached::Next(next) => queue.put(next, Event::Seat(seat)),
                Reached::Asleep => {
                    let again = troubles.over_at(at).plus(random.i64(0..HOUR));
                    queue.put(again, Event::Seat(seat));
                }
            },
            None => break,
        }
    }
    site.end(&mut report, until).await?;
    Ok(report)
}

/// One round of the service, which it may not survive; says when the next one is due.
async fn round(
    site: &mut Site,
    random: &mut fastrand::Rng,
    report: &mut Report,
    at: Time,
) -> Result<Time, ServiceError> {
    if site.is_running() {
        if site.is_due(at).await? && random.u8(0..4) == 0 {
            site.crash_in_round(random.u64(0..12), report, at).await?;
        }
        site.round(report, at).await?;
        site.look(report, at).await?;
    }
    let due = site.next_due(at).await?.unwrap_or(at.plus(WEEK));
    Ok(due.min(at.plus(WEEK)).max(at.plus(1)))
}
