//! Events: counted while they are the same, bounded in size and number, the latest first.

use super::made::*;
use super::place::{Place, on_both_engines};
use crate::store::{EventFilter, EventRecord, LONGEST_CAPI2, LONGEST_JUDGEMENT, Store, StoredEvent};

on_both_engines!(
    the_same_refusal_within_the_hour_is_one_row,
    events_are_listed_latest_first_and_found_by_their_names,
    only_the_newest_events_are_kept,
    nothing_of_an_event_is_longer_than_it_may_be,
);

/// A full hour.
const HOUR: pki::Time = pki::Time(1_800_000_000);

async fn all(store: &Store) -> Vec<StoredEvent> {
    store.events(&EventFilter { limit: 10_000, ..EventFilter::default() }).await.unwrap()
}

async fn the_same_refusal_within_the_hour_is_one_row(place: Place) {
    let store = place.open("a").await;
    for minute in [0, 10, 59] {
        store.event_put(&format!("{minute}"), event(1), HOUR.plus(60 * minute)).await.unwrap();
    }
    let rows = all(&store).await;
    assert_eq!((rows.len(), rows[0].times, rows[0].id.as_str()), (1, 3, "0"));
    assert_eq!((rows[0].first_at, rows[0].last_at), (HOUR, HOUR.plus(59 * 60)));
    assert_eq!((&rows[0].event, rows[0].node.as_str()), (&event(1), "a"));
    // Later, from elsewhere, about something else, on another node: each is another row.
    store.event_put("60", event(1), HOUR.plus(3600)).await.unwrap();
    let elsewhere = EventRecord { source: "192.0.2.2".to_owned(), ..event(1) };
    store.event_put("61", elsewhere, HOUR).await.unwrap();
    store.event_put("62", EventRecord { result: 0x8009_2010, ..event(1) }, HOUR).await.unwrap();
    place.open("b").await.event_put("63", event(1), HOUR).await.unwrap();
    assert_eq!(all(&store).await.len(), 5);
    // Another event under a name that is taken is not lost without a word.
    assert_eq!(store.event_put("60", event(2), HOUR).await.unwrap_err().code(), "store.conflict");
}

async fn events_are_listed_latest_first_and_found_by_their_names(place: Place) {
    let store = place.open("a").await;
    for number in 1..=4 {
        let at = HOUR.plus(i64::from(number));
        store.event_put(&format!("{number}a"), event(number), at).await.unwrap();
    }
    let ids = |events: Vec<StoredEvent>| events.into_iter().map(|e| e.id).collect::<Vec<_>>();
    let latest = store.events(&EventFilter { since: None, limit: 2 }).await.unwrap();
    assert_eq!(ids(latest), ["4a", "3a"]);
    let since = store.events(&EventFilter { since: Some(HOUR.plus(3)), limit: 10 }).await.unwrap();
    assert_eq!(ids(since), ["4a", "3a"]);
    // One that goes on is among the latest.
    store.event_put("9", event(1), HOUR.plus(5)).await.unwrap();
    assert_eq!(all(&store).await[0].id, "1a");
    assert_eq!(ids(store.events_named("2", 5).await.unwrap()), ["2a"]);
    assert_eq!(ids(store.events_named("", 2).await.unwrap()), ["1a", "2a"]);
    assert!(store.events_named("2b", 5).await.unwrap().is_empty());
}

async fn only_the_newest_events_are_kept(place: Place) {
    let store = place.open("a").await;
    for number in 0..20 {
        store.event_put(&format!("{number:02}"), event(number), HOUR.plus(i64::from(number))).await.unwrap();
    }
    assert_eq!(store.events_forget(20, HOUR).await.unwrap(), 0);
    assert_eq!(store.events_forget(7, HOUR).await.unwrap(), 13);
    let kept: Vec<String> = all(&store).await.into_iter().map(|e| e.id).collect();
    assert_eq!(kept, ["19", "18", "17", "16", "15", "14", "13"]);
}

async fn nothing_of_an_event_is_longer_than_it_may_be(place: Place) {
    let store = place.open("a").await;
    let long = "ü\0".repeat(100_000);
    let event = EventRecord {
        subject: long.clone(),
        source: long.clone(),
        place: long.clone(),
        detail: long.clone(),
        judgement: long.clone(),
        capi2: long,
        ..event(1)
    };
    store.event_put("1", event, HOUR).await.unwrap();
    let stored = all(&store).await.remove(0).event;
    assert!(stored.subject.chars().count() <= 257 && stored.subject.ends_with('…'), "{}", stored.subject);
    assert!(stored.detail.chars().count() <= 2049);
    assert!(stored.judgement.len() <= LONGEST_JUDGEMENT && stored.capi2.len() <= LONGEST_CAPI2);
    assert!(stored.capi2.is_empty(), "half an XML document is none");
}
