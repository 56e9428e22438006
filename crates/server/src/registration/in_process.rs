//! A registration point in the same process, asked at a moment that is stated: for replays of years. There is no socket;
//! the TLS handshake of both sides is in memory, by the stated clock, and what follows it is the same code that answers on
//! a connection.
//!
//! Nothing of this can be reached from a configuration: who wants it puts it into [`crate::Service::modules`] himself.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use pki::Time;

use super::point::{Point, Presented};
use super::verbs::{Caller, NotDone};
use super::words::{NewChallenge, Notification, Question, Verdict, Wanted};
use super::{Answering, NoAnswer, PolicyModule, VERIFY, rehearse};
use crate::credential::{Credentials, Keyed};
use crate::store::Commit;

/// A clock that is set by hand.
#[derive(Debug, Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// A clock that stands at this moment.
    #[must_use]
    pub fn at(now: Time) -> Clock {
        Clock(Arc::new(AtomicI64::new(now.seconds())))
    }

    /// Sets it.
    pub fn set(&self, now: Time) {
        self.0.store(now.seconds(), Ordering::Relaxed);
    }

    /// What it shows.
    #[must_use]
    pub fn now(&self) -> Time {
        Time(self.0.load(Ordering::Relaxed))
    }
}

/// Which certificate a policy module shows to the registration point.
#[derive(Clone)]
pub enum Shows {
    /// The one the role has at that moment: what [`crate::registration`] always does.
    Role,
    /// This one, whatever has been renewed since: what a policy module with a pinned thumbprint does.
    Pinned(Box<Keyed>),
}

/// A policy module whose registration point is in the same process.
pub struct InProcess {
    /// The registration point.
    pub point: Arc<Point>,
    /// What the service serves with.
    pub credentials: Arc<ArcSwap<Credentials>>,
    /// Which certificate is shown.
    pub shows: Shows,
    /// When it is.
    pub clock: Clock,
}

impl InProcess {
    fn shown(&self) -> Result<Keyed, NoAnswer> {
        let shown = match &self.shows {
            Shows::Pinned(pinned) => Some((**pinned).clone()),
            Shows::Role => self.credentials.load().policy_module_client.clone(),
        };
        shown.ok_or_else(|| NoAnswer::NotAsked("there is no current policy-module-client".to_owned()))
    }

    /// The handshake and what follows it: who calls, if the certificate is taken.
    async fn admitted(&self) -> Result<Caller, NoAnswer> {
        let (own, credentials, now) = (self.shown()?, self.credentials.load_full(), self.clock.now());
        let unreachable = |why: String| NoAnswer::Unreachable(why);
        let chain = credentials.chain_of(&own.certificate);
        let shown = rehearse::mutual(&self.point, &credentials.root, (&chain, &own.key), now).await;
        let presented =
            shown.map_err(unreachable)?.map_or(Presented::Nothing, |shown| Presented::Certificate(Box::new(shown)));
        let caller = Caller { name: presented.name(), source: "127.0.0.1".to_owned() };
        let judged = self.point.judge(&presented, now).await.map_err(|e| unreachable(e.to_string()))?;
        let faults = &judged.faults;
        let Some(first) = faults.first() else { return Ok(caller) };
        let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let entry = caller.entry("refuse", VERIFY, first.fault.text(), &all.join("; "));
        self.point.store.commit(Commit::Deny, vec![entry], now).await.map_err(|e| unreachable(e.to_string()))?;
        Err(NoAnswer::Rejected { status: 403, says: first.to_string() })
    }

    /// A challenge that the device management itself makes, where the registration point is: no policy module is asked.
    ///
    /// # Errors
    /// [`NoAnswer::Rejected`] if there can be no such challenge.
    pub async fn mint(&self, wanted: Wanted) -> Result<NewChallenge, NoAnswer> {
        let by = Caller { name: "device management".to_owned(), source: "127.0.0.1".to_owned() };
        self.point.challenge(wanted, &by, self.clock.now()).await.map_err(not_done)
    }
}

fn not_done(error: NotDone) -> NoAnswer {
    let status = match error {
        NotDone::Content(_) => 400,
        NotDone::Own(_) => 503,
    };
    NoAnswer::Rejected { status, says: error.to_string() }
}

impl PolicyModule for InProcess {
    fn challenge<'a>(&'a self, wanted: &'a Wanted) -> Answering<'a, NewChallenge> {
        Box::pin(async move {
            let by = self.admitted().await?;
            self.point.challenge(wanted.clone(), &by, self.clock.now()).await.map_err(not_done)
        })
    }

    fn verify<'a>(&'a self, question: &'a Question) -> Answering<'a, Verdict> {
        Box::pin(async move {
            let by = self.admitted().await?;
            self.point.verify(question, &by, self.clock.now()).await.map_err(not_done)
        })
    }

    fn notify<'a>(&'a self, notification: &'a Notification) -> Answering<'a, ()> {
        Box::pin(async move {
            let by = self.admitted().await?;
            self.point.notify(notification, &by, self.clock.now()).await.map_err(not_done)
        })
    }
}
