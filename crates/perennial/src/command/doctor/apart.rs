use std::collections::VecDeque;
use std::num::NonZero;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread::{Scope, available_parallelism};

use doctor::Evidence;
use doctor::source::{Reading, Stretch, StretchRead};

/// Threads that read; what they read is joined by one.
const MOST_THREADS: usize = 4;

type Job = (Stretch, SyncSender<StretchRead>);

/// Threads that read stretches of event logs. What they find is joined in the order of the log, so that the evidence does
/// not depend on how many there are.
pub(super) struct Readers {
    jobs: Option<Sender<Job>>,
    threads: usize,
}

/// The stretches of one log that are being read, oldest first.
#[derive(Default)]
pub(super) struct Underway(VecDeque<Receiver<StretchRead>>);

impl Readers {
    /// As many as there are processors; none if there is only one.
    pub(super) fn start<'scope>(scope: &'scope Scope<'scope, '_>, queue: &'scope Queue) -> Readers {
        let threads = available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
        if threads == 1 {
            return Readers { jobs: None, threads };
        }
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some((stretch, answer)) = queue.next() {
                    // Nobody waits for it any more only if the reading was given up.
                    let _ = answer.send(stretch.read());
                }
            });
        }
        Readers { jobs: queue.sender(), threads }
    }

    /// Has a stretch read, and joins what is finished. Waits where so many are under way that memory would not be bounded.
    pub(super) fn take(
        &self,
        stretch: Stretch,
        underway: &mut Underway,
        reading: &mut Reading,
        evidence: &mut Evidence,
    ) {
        let Some(jobs) = &self.jobs else { return reading.join(stretch.read(), evidence) };
        let (answer, answered) = sync_channel(1);
        if let Err(refused) = jobs.send((stretch, answer)) {
            return reading.join(refused.0.0.read(), evidence);
        }
        underway.0.push_back(answered);
        while underway.0.len() > self.threads + 1 {
            underway.join_oldest(reading, evidence);
        }
    }
}

impl Underway {
    fn join_oldest(&mut self, reading: &mut Reading, evidence: &mut Evidence) {
        if let Some(read) = self.0.pop_front().and_then(|answered| answered.recv().ok()) {
            reading.join(read, evidence);
        }
    }

    /// Joins all that is left.
    pub(super) fn join_all(mut self, reading: &mut Reading, evidence: &mut Evidence) {
        while !self.0.is_empty() {
            self.join_oldest(reading, evidence);
        }
    }
}

/// Where the threads take their work from. Ends when the [`Readers`] are dropped.
pub(super) struct Queue {
    sender: Mutex<Option<Sender<Job>>>,
    receiver: Mutex<Receiver<Job>>,
}

impl Queue {
    pub(super) fn new() -> Queue {
        let (sender, receiver) = channel();
        Queue { sender: Mutex::new(Some(sender)), receiver: Mutex::new(receiver) }
    }

    /// The only sender: with it the queue ends.
    fn sender(&self) -> Option<Sender<Job>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn next(&self) -> Option<Job> {
        self.receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }
}
