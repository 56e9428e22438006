//! The audit: it is complete, and whoever touches it is found out.

use super::made::*;
use super::place::{Place, on_both_engines};
use crate::store::unit::Step;
use crate::store::value::{Value, params};
use crate::store::{AuditEntry, AuditFault, AuditFilter, Commit, Store};

on_both_engines!(
    an_untouched_audit_is_proved,
    every_field_of_a_row_is_under_its_hash,
    a_row_that_was_changed_with_its_hash_breaks_the_chain,
    a_missing_row_is_noticed,
    a_cut_tail_is_noticed,
    a_row_nobody_wrote_is_noticed,
    a_lost_end_is_noticed,
    a_moved_end_is_noticed,
    processes_of_one_node_share_a_chain,
    a_long_audit_is_proved_in_pages,
    the_list_goes_backwards_in_pages,
    text_with_nul_is_kept_alike,
);

async fn with_rows(place: &Place, count: u32) -> Store {
    let store = place.open("a").await;
    for number in 0..count {
        let entry = entry(&number.to_string());
        store.commit(Commit::Deny, vec![entry], NOW.plus(i64::from(number))).await.unwrap();
    }
    store
}

async fn tamper(store: &Store, sql: &'static str, params: Vec<Value>) {
    let rows = store.write(vec![Step::any("test", sql, params)], Vec::new(), NOW).await.unwrap();
    assert!(rows[0] > 0, "the test changes nothing");
}

async fn fault(store: &Store) -> Option<AuditFault> {
    let reports = store.audit_verify().await.unwrap();
    assert_eq!(reports.len(), 1);
    reports[0].fault
}

async fn an_untouched_audit_is_proved(place: Place) {
    let store = with_rows(&place, 5).await;
    let report = &store.audit_verify().await.unwrap()[0];
    assert_eq!((report.chain.as_str(), report.rows, report.fault), ("a", 5, None));
    let rows = store.audit_list(&AuditFilter::default(), 1, None).await.unwrap();
    assert_eq!(rows[0].hash, report.hash);
}

async fn every_field_of_a_row_is_under_its_hash(place: Place) {
    let store = with_rows(&place, 3).await;
    for (change, back) in [
        ("UPDATE audit SET actor = 'mallory' WHERE seq = 2", "UPDATE audit SET actor = 'device' WHERE seq = 2"),
        ("UPDATE audit SET verb = 'x' WHERE seq = 2", "UPDATE audit SET verb = 'enrol' WHERE seq = 2"),
        ("UPDATE audit SET object = 'x' WHERE seq = 2", "UPDATE audit SET object = '1' WHERE seq = 2"),
        ("UPDATE audit SET outcome = 'x' WHERE seq = 2", "UPDATE audit SET outcome = 'granted' WHERE seq = 2"),
        ("UPDATE audit SET code = 'x' WHERE seq = 2", "UPDATE audit SET code = '' WHERE seq = 2"),
        ("UPDATE audit SET detail = 'x' WHERE seq = 2", "UPDATE audit SET detail = 'a line' WHERE seq = 2"),
        ("UPDATE audit SET source = 'x' WHERE seq = 2", "UPDATE audit SET source = '192.0.2.1' WHERE seq = 2"),
        ("UPDATE audit SET at = at + 1 WHERE seq = 2", "UPDATE audit SET at = at - 1 WHERE seq = 2"),
    ] {
        tamper(&store, change, Vec::new()).await;
        assert_eq!(fault(&store).await, Some(AuditFault::Changed(2)), "{change}");
        tamper(&store, back, Vec::new()).await;
        assert_eq!(fault(&store).await, None);
    }
    tamper(&store, "UPDATE audit SET hash = $1 WHERE seq = 2", params![&[1; 32]]).await;
    assert_eq!(fault(&store).await, Some(AuditFault::Changed(2)));
}

async fn a_row_that_was_changed_with_its_hash_breaks_the_chain(place: Place) {
    let store = with_rows(&place, 3).await;
    let mut row = store.audit_list(&AuditFilter::default(), 2, None).await.unwrap().remove(1);
    assert_eq!(row.seq, 2);
    row.entry.actor = "mallory".to_owned();
    let hash = crate::store::chain::hash("a", 2, row.at, &row.entry, &row.previous);
    tamper(&store, "UPDATE audit SET actor = 'mallory', hash = $1 WHERE seq = 2", params![&hash]).await;
    assert_eq!(fault(&store).await, Some(AuditFault::Unlinked(3)));
    // The last row has none behind it, but the noted end.
    let mut row = store.audit_list(&AuditFilter::default(), 1, None).await.unwrap().remove(0);
    tamper(&store, "DELETE FROM audit WHERE seq < 3", Vec::new()).await;
    row.entry.actor = "mallory".to_owned();
    assert_eq!(fault(&store).await, Some(AuditFault::Missing(1)));
}

async fn a_missing_row_is_noticed(place: Place) {
    let store = with_rows(&place, 4).await;
    tamper(&store, "DELETE FROM audit WHERE seq = 3", Vec::new()).await;
    assert_eq!(fault(&store).await, Some(AuditFault::Missing(3)));
}

async fn a_cut_tail_is_noticed(place: Place) {
    let store = with_rows(&place, 4).await;
    tamper(&store, "DELETE FROM audit WHERE seq >= 3", Vec::new()).await;
    assert_eq!(fault(&store).await, Some(AuditFault::Cut(3)));
    tamper(&store, "DELETE FROM audit WHERE seq >= 1", Vec::new()).await;
    assert_eq!(fault(&store).await, Some(AuditFault::Cut(1)));
}

async fn a_row_nobody_wrote_is_noticed(place: Place) {
    const COPY: &str = "INSERT INTO audit (chain, seq, at, actor, verb, object, outcome, code, detail, source, previous, hash)
        SELECT chain, 3, at, actor, verb, object, outcome, code, detail, source, previous, hash FROM audit WHERE seq = 2";
    let store = with_rows(&place, 2).await;
    tamper(&store, COPY, Vec::new()).await;
    assert_eq!(fault(&store).await, Some(AuditFault::Added(3)));
    let stopped = store.commit(Commit::Deny, vec![entry("x")], NOW).await.unwrap_err();
    assert_eq!(crate::store::StoreError::from(stopped).code(), "store.corrupt");
}

async fn a_lost_end_is_noticed(place: Place) {
    let store = with_rows(&place, 2).await;
    tamper(&store, "DELETE FROM audit_head WHERE chain = 'a'", Vec::new()).await;
    assert_eq!(fault(&store).await, Some(AuditFault::Added(1)));
}

async fn a_moved_end_is_noticed(place: Place) {
    let store = with_rows(&place, 3).await;
    tamper(&store, "UPDATE audit_head SET hash = $1", params![&[9; 32]]).await;
    assert_eq!(fault(&store).await, Some(AuditFault::Changed(3)));
}

async fn processes_of_one_node_share_a_chain(place: Place) {
    let (server, command_line) = (place.open("a").await, place.open("a").await);
    for number in 0..20 {
        let (one, two) = tokio::join!(
            server.commit(Commit::Deny, vec![entry("x")], NOW.plus(number)),
            command_line.commit(Commit::Deny, vec![entry("y"), entry("z")], NOW.plus(number)),
        );
        one.unwrap();
        two.unwrap();
    }
    let report = &server.audit_verify().await.unwrap()[0];
    assert_eq!((report.rows, report.fault), (60, None));
}

async fn a_long_audit_is_proved_in_pages(place: Place) {
    let store = place.open("a").await;
    let entries: Vec<AuditEntry> = (0..4100).map(|n: u32| entry(&n.to_string())).collect();
    store.commit(Commit::Deny, entries, NOW).await.unwrap();
    let report = &store.audit_verify().await.unwrap()[0];
    assert_eq!((report.rows, report.fault), (4100, None));
    tamper(&store, "UPDATE audit SET actor = 'mallory' WHERE seq = 4099", Vec::new()).await;
    assert_eq!(fault(&store).await, Some(AuditFault::Changed(4099)));
}

async fn the_list_goes_backwards_in_pages(place: Place) {
    let store = place.open("a").await;
    let other = place.open("b").await;
    // Many rows of one second, on two chains.
    store.commit(Commit::Deny, (0..5).map(|n: u32| entry(&n.to_string())).collect(), NOW).await.unwrap();
    other.commit(Commit::Deny, (5..8).map(|n: u32| entry(&n.to_string())).collect(), NOW).await.unwrap();
    store.commit(Commit::Deny, vec![entry("8")], NOW.plus(1)).await.unwrap();
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let rows = store.audit_list(&AuditFilter::default(), 2, before.as_ref()).await.unwrap();
        let Some(last) = rows.last() else { break };
        before = Some(last.place());
        seen.extend(rows.into_iter().map(|row| row.entry.object));
    }
    assert_eq!(seen, ["8", "7", "6", "5", "4", "3", "2", "1", "0"]);
    let filter = AuditFilter { chain: Some("b".to_owned()), object: Some("6".to_owned()), ..AuditFilter::default() };
    assert_eq!(store.audit_list(&filter, 10, None).await.unwrap().len(), 1);
    let filter = AuditFilter { since: Some(NOW.plus(1)), ..AuditFilter::default() };
    assert_eq!(store.audit_list(&filter, 10, None).await.unwrap().len(), 1);
}

async fn text_with_nul_is_kept_alike(place: Place) {
    let store = place.open("a").await;
    let hostile = AuditEntry { detail: "CN=a\0b".to_owned(), ..entry("x") };
    store.commit(Commit::Deny, vec![hostile], NOW).await.unwrap();
    let rows = store.audit_list(&AuditFilter::default(), 1, None).await.unwrap();
    assert_eq!(rows[0].entry.detail, "CN=a\u{2400}b");
    assert_eq!(fault(&store).await, None);
}
