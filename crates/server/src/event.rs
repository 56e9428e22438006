//! Keeps what was refused. A refusal never waits for it and never fails because of it: what cannot be written, or comes
//! faster than it can be, is a line in the log.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chain::render::{self, EventContext};
use pki::{Certificate, Time};
use tokio::sync::Semaphore;

use crate::store::{
    EventRecord, EventRole, LONGEST_CAPI2, LONGEST_JUDGEMENT, MOST_EVENTS, Store, StoreError, StoredEvent,
};
use crate::trust::Judgement;
use crate::world;

/// How many events are on their way to the store at most.
const UNDER_WAY: usize = 64;
/// After so many events it is looked whether there are too many.
const CLEARED_EVERY: u32 = 32;
/// Names that are tried if another event has the same by chance.
const MOST_NAMES: usize = 3;

/// Where events are written to. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Events {
    store: Store,
    room: Arc<Semaphore>,
    written: Arc<AtomicU32>,
}

/// The refusal of a certificate.
pub(crate) struct Refused {
    /// Whose certificate it was.
    pub(crate) role: EventRole,
    /// Which part of the service refused it.
    pub(crate) place: String,
    /// Who presented it.
    pub(crate) source: String,
    /// The stable code.
    pub(crate) code: &'static str,
    /// What was answered (HRESULT).
    pub(crate) result: u32,
    /// Every reason in words.
    pub(crate) detail: String,
    /// What was presented and what the chain engine says of it, if it was a certificate.
    pub(crate) judgement: Option<Judgement>,
    /// When.
    pub(crate) at: Time,
}

impl Events {
    pub(crate) fn new(store: &Store) -> Events {
        Events { store: store.clone(), room: Arc::new(Semaphore::new(UNDER_WAY)), written: Arc::default() }
    }

    /// Has an event written, some time soon.
    pub(crate) fn keep(&self, refused: Refused) {
        let (role, source) = (refused.role.name(), refused.source.clone());
        let Ok(room) = Arc::clone(&self.room).try_acquire_owned() else {
            return tracing::warn!(role, source, "an event is not kept: there are too many at once");
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return tracing::warn!(role, source, "an event is not kept: nobody is there to write it");
        };
        let events = self.clone();
        runtime.spawn(async move {
            if let Err(error) = events.write(refused).await {
                tracing::error!(role, source, %error, "an event could not be written");
            }
            drop(room);
        });
    }

    async fn write(&self, mut refused: Refused) -> Result<(), StoreError> {
        let now = refused.at;
        if let Some(judgement) = &mut refused.judgement {
            judgement.answered(refused.result);
        }
        let mut last = Ok(());
        for _ in 0..MOST_NAMES {
            let id = StoredEvent::name(now, &mut world::random);
            last = self.store.event_put(&id, record(&refused, &id, self.store.node()), now).await;
            if !matches!(last, Err(StoreError::Conflict(_))) {
                break;
            }
        }
        last?;
        if self.written.fetch_add(1, Ordering::Relaxed).is_multiple_of(CLEARED_EVERY) {
            self.store.events_forget(MOST_EVENTS, now).await?;
        }
        Ok(())
    }
}

fn record(refused: &Refused, id: &str, node: &str) -> EventRecord {
    let of = |certificate: &Certificate| (certificate.subject().to_string(), certificate.thumbprint());
    let judgement = refused.judgement.as_ref();
    let (subject, thumbprint) = judgement.map(|j| of(&j.leaf)).unwrap_or_default();
    let chain = judgement.map(|judgement| &judgement.verdict.chain);
    EventRecord {
        role: refused.role,
        place: refused.place.clone(),
        source: refused.source.clone(),
        subject,
        thumbprint,
        code: refused.code.to_owned(),
        result: refused.result,
        error: chain.map_or(0, |chain| chain.error.0),
        info: chain.map_or(0, |chain| chain.info.0),
        detail: refused.detail.clone(),
        judgement: judgement.map(json).unwrap_or_default(),
        capi2: judgement.map(|judgement| capi2(judgement, id, node)).unwrap_or_default(),
    }
}

/// The judgement as JSON, as long as that is not too long: then without the other chains there might have been.
fn json(judgement: &Judgement) -> String {
    let full = render::json(&judgement.verdict, Some(&judgement.status)).to_string();
    if full.len() <= LONGEST_JUDGEMENT {
        return full;
    }
    render::json(&alone(judgement).verdict, Some(&judgement.status)).to_string()
}

fn alone(judgement: &Judgement) -> Judgement {
    let mut alone = judgement.clone();
    alone.verdict.alternatives.clear();
    alone
}

/// As CAPI2 would have logged it: events 11, 30 and 90; of what is too long, only 11 and 30, or 30 alone.
fn capi2(judgement: &Judgement, id: &str, node: &str) -> String {
    let context = EventContext {
        computer: node.to_owned(),
        process: "perennial".to_owned(),
        created: judgement.verdict.chain.at,
        task: format!("event {id}"),
        record: StoredEvent::record(id),
    };
    let (verdict, status) = (&judgement.verdict, &judgement.status);
    let full = render::events(&judgement.question(), verdict, Some(status), &context).concat();
    if full.len() <= LONGEST_CAPI2 {
        return full;
    }
    let alone = alone(judgement);
    let chain = render::chain_event(&alone.question(), &alone.verdict, &context);
    let policy = render::policy_event(status, &alone.verdict.chain, &context);
    let both = chain + &policy;
    if both.len() <= LONGEST_CAPI2 { both } else { policy }
}
