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
const UNDER_WAY: u32 = 64;
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
    most: u32,
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
        let room = Arc::new(Semaphore::new(UNDER_WAY as usize));
        Events { store: store.clone(), room, written: Arc::default(), most: MOST_EVENTS }
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

    /// Waits until everything that was to be kept is.
    pub(crate) async fn settled(&self) {
        let _ = self.room.acquire_many(UNDER_WAY).await;
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
            self.store.events_forget(self.most, now).await?;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use chain::Strength;
    use chain::policy::{Policy, Ssl};
    use pki::key::{KeySpec, PrivateKey};
    use pki::{Name, Validity};

    use super::*;
    use crate::store::EventFilter;
    use crate::trust::{Asked, Lists, Trust};

    const NOW: Time = Time(1_800_000_000);

    fn refused(source: &str, judgement: Option<Judgement>) -> Refused {
        Refused {
            role: EventRole::Client,
            place: "registration-point".to_owned(),
            source: source.to_owned(),
            code: "client.issuer",
            result: 0x800B_010A,
            detail: "nobody made it".to_owned(),
            judgement,
            at: NOW,
        }
    }

    /// Of a certificate with this subject, which nobody trusts.
    fn judgement(subject: &str) -> Judgement {
        let key = PrivateKey::generate(KeySpec::P256).unwrap();
        let validity = Validity { not_before: NOW, not_after: NOW.plus(60) };
        let name = Name::parse(subject).unwrap();
        let leaf = scep::client::self_signed(&name, &key, validity, &mut world::random).unwrap();
        let policy = Policy::SslClient(Ssl::default());
        let (strength, revocation) = (Strength::Strong, Lists::Ignored);
        let asked = Asked { leaf: &leaf, additional: &[], usages: &[], policy, strength, revocation };
        Trust::in_anchors(&[]).judge(&asked, NOW)
    }

    async fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("store.db").display());
        let store = Store::open(&url, "a").await.unwrap();
        (folder, store)
    }

    async fn all(store: &Store) -> Vec<StoredEvent> {
        store.events(&EventFilter { limit: 10_000, ..EventFilter::default() }).await.unwrap()
    }

    /// Whoever is refused waits for nothing, and a flood is not kept whole.
    #[tokio::test]
    async fn a_flood_holds_nobody_up() {
        let (_folder, store) = store().await;
        let events = Events::new(&store);
        for number in 0..1000 {
            events.keep(refused(&format!("192.0.2.{number}"), None));
        }
        // Nothing was written yet: this thread has not let anything else run.
        assert_eq!(events.room.available_permits(), 0);
        let _all_written = events.room.acquire_many(UNDER_WAY).await.unwrap();
        assert_eq!(all(&store).await.len(), UNDER_WAY as usize);
    }

    #[tokio::test]
    async fn old_events_make_room_for_new_ones() {
        let (_folder, store) = store().await;
        let events = Events { most: 5, ..Events::new(&store) };
        for number in 0..200 {
            events.write(refused(&format!("192.0.2.{number}"), None)).await.unwrap();
        }
        let kept = all(&store).await.len();
        assert!((5..5 + CLEARED_EVERY as usize).contains(&kept), "{kept}");
    }

    #[tokio::test]
    async fn what_is_too_long_is_kept_in_short() {
        let (_folder, store) = store().await;
        let events = Events::new(&store);
        let long = |count: usize| format!("CN=short,O={}", "x".repeat(count));
        for (source, judgement) in [
            ("short", judgement("CN=short")),
            ("long", judgement(&long(15_000))),
            ("longest", judgement(&long(60_000))),
        ] {
            events.write(refused(source, Some(judgement))).await.unwrap();
        }
        let kept = all(&store).await;
        let of = |source: &str| &kept.iter().find(|e| e.event.source == source).unwrap().event;
        let has = |text: &str| {
            ["CertGetCertificateChain>", "CertVerifyCertificateChainPolicy>", "X509Objects>"].map(|e| text.contains(e))
        };
        assert_eq!(has(&of("short").capi2), [true, true, true]);
        assert_eq!(has(&of("long").capi2), [true, true, false], "event 90 has the whole name, twice");
        assert!(of("longest").judgement.is_empty() && !of("short").judgement.is_empty());
        for event in kept.iter().map(|e| &e.event) {
            assert!(event.judgement.len() <= LONGEST_JUDGEMENT && event.capi2.len() <= LONGEST_CAPI2);
            // The policy would have said that the root is not trusted; what was answered is what is kept.
            assert_eq!((event.result, event.error), (0x800B_010A, 0x20));
            assert!(event.capi2.contains("<Result value=\"800B010A\">"), "{}", event.capi2);
        }
    }
}
