use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::registration::{
    Answering, InProcess, NewChallenge, NoAnswer, Notification, PolicyModule, Question, Verdict, Wanted as Challenge,
};

/// A policy module whose registration point may be down.
pub(super) struct Switched {
    pub(super) asked: InProcess,
    pub(super) answers: Arc<AtomicBool>,
}

impl Switched {
    fn reached(&self) -> Result<&InProcess, NoAnswer> {
        let down = || NoAnswer::Unreachable("it is down".to_owned());
        self.answers.load(Ordering::Relaxed).then_some(&self.asked).ok_or_else(down)
    }
}

impl PolicyModule for Switched {
    fn challenge<'a>(&'a self, wanted: &'a Challenge) -> Answering<'a, NewChallenge> {
        Box::pin(async move { self.reached()?.challenge(wanted).await })
    }

    fn verify<'a>(&'a self, question: &'a Question) -> Answering<'a, Verdict> {
        Box::pin(async move { self.reached()?.verify(question).await })
    }

    fn notify<'a>(&'a self, notification: &'a Notification) -> Answering<'a, ()> {
        Box::pin(async move { self.reached()?.notify(notification).await })
    }
}
