//! Many at once: exactly one wins, and nobody suffers from another's conflict.

use std::collections::BTreeMap;

use ra::Stored;
use tokio::task::JoinSet;

use super::made::*;
use super::place::{Place, on_both_engines};
use crate::store::unit::Step;
use crate::store::value::params;
use crate::store::{CommitError, GrantRecord, Store};

on_both_engines!(
    one_of_many_has_the_serial_number,
    one_of_many_has_the_transaction,
    one_of_many_has_the_one_time_challenge,
    one_of_many_has_the_sealed_challenge,
    a_conflict_undoes_one_unit_alone,
    a_step_that_touches_nothing_undoes_those_before_it,
    a_refused_statement_fails_one_unit_alone,
    nodes_that_meet_in_different_orders_all_get_an_answer,
);

/// Commits all at once, over two nodes; returns which won and what the others conflicted with.
async fn race(place: &Place, records: Vec<GrantRecord>) -> (Vec<String>, BTreeMap<String, usize>) {
    let stores = [place.open("a").await, place.open("b").await];
    let mut racers = JoinSet::new();
    for (record, store) in records.into_iter().zip(stores.iter().cycle()) {
        let store = store.clone();
        racers.spawn(async move {
            let case = record.case.0.clone();
            let (commit, audit) = granted(record);
            (case, store.commit(commit, audit, NOW).await)
        });
    }
    let (mut won, mut lost) = (Vec::new(), BTreeMap::new());
    for (case, result) in racers.join_all().await {
        match result {
            Ok(()) => won.push(case),
            Err(CommitError::Conflict(what)) => *lost.entry(what).or_default() += 1,
            Err(CommitError::Store(error)) => panic!("{error}"),
        }
    }
    let rows: u64 =
        stores[0].audit_verify().await.unwrap().iter().inspect(|r| assert_eq!(r.fault, None)).map(|r| r.rows).sum();
    assert_eq!(rows, won.len() as u64 + stores[0].counts(NOW).await.unwrap().challenges_outstanding);
    (won, lost)
}

fn lost(what: &str, count: usize) -> BTreeMap<String, usize> {
    BTreeMap::from([(what.to_owned(), count)])
}

async fn one_of_many_has_the_serial_number(place: Place) {
    let records = (0..64).map(|n| GrantRecord { certificate: certificate_record(&serial(7), "CN=x"), ..grant(n) });
    let (won, others) = race(&place, records.collect()).await;
    assert_eq!((won.len(), others), (1, lost("serial number", 63)));
}

async fn one_of_many_has_the_transaction(place: Place) {
    let records = (0..64).map(|n| GrantRecord { request: request_record("same", 0), ..grant(n) });
    let (won, others) = race(&place, records.collect()).await;
    assert_eq!((won.len(), others), (1, lost("transaction", 63)));
    let known = place.open("a").await.case(&query("same", &stranger(), None)).await.unwrap().known.unwrap();
    assert_eq!(known.id.0, won[0]);
}

async fn one_of_many_has_the_one_time_challenge(place: Place) {
    let store = place.open("c").await;
    store.challenge_new(&challenge(5), &actor(), NOW).await.unwrap();
    let records = (0..64).map(|n| GrantRecord { spend: Some(spend(5, Stored::Before)), ..grant(n) });
    let records: Vec<_> = records.collect();
    let mut racers = JoinSet::new();
    let stores = [place.open("a").await, place.open("b").await];
    for (record, store) in records.into_iter().zip(stores.iter().cycle()) {
        let (store, (commit, audit)) = (store.clone(), granted(record));
        racers.spawn(async move { store.commit(commit, audit, NOW).await });
    }
    let results = racers.join_all().await;
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 1);
    let conflict = Err(CommitError::Conflict("challenge".to_owned()));
    assert_eq!(results.iter().filter(|r| **r == conflict).count(), 63);
    assert_eq!(store.unfinished().await.unwrap().len(), 1);
}

async fn one_of_many_has_the_sealed_challenge(place: Place) {
    let records = (0..64).map(|n| GrantRecord { spend: Some(spend(5, Stored::OnlySpent)), ..grant(n) });
    let (won, others) = race(&place, records.collect()).await;
    assert_eq!((won.len(), others), (1, lost("challenge", 63)));
    let store = place.open("a").await;
    let spent = store.case(&query("x", &stranger(), Some(5))).await.unwrap().challenge.unwrap().spent.unwrap();
    assert_eq!(spent.case.id.0, won[0]);
}

/// Every third of these comes with a serial number that is taken.
async fn a_conflict_undoes_one_unit_alone(place: Place) {
    let store = place.open("a").await;
    let (commit, audit) = granted(grant(1000));
    store.commit(commit, audit, NOW).await.unwrap();
    let mut racers = JoinSet::new();
    for number in 0..90 {
        let mut record = grant(number);
        if number % 3 == 0 {
            record.certificate = certificate_record(&serial(1000), "CN=x");
        }
        let (store, (commit, audit)) = (store.clone(), granted(record));
        racers.spawn(async move { (number, store.commit(commit, audit, NOW).await) });
    }
    for (number, result) in racers.join_all().await {
        assert_eq!(result.is_err(), number % 3 == 0, "{number}: {result:?}");
        let found = store.case_by_id(&case_id(number)).await.unwrap();
        assert_eq!(found.is_some(), result.is_ok(), "{number}");
    }
    let report = &store.audit_verify().await.unwrap()[0];
    assert_eq!((report.rows, report.fault), (61, None));
}

/// No audit row here, whose number would betray what was left over.
async fn a_step_that_touches_nothing_undoes_those_before_it(place: Place) {
    const INSERT: &str = "INSERT INTO task (name, held_by, held_until) VALUES ($1, $2, $3)";
    const TOUCH: &str = "UPDATE task SET held_until = 0 WHERE name = $1";
    let store = place.open("a").await;
    let mut racers = JoinSet::new();
    for number in 0..60_u32 {
        let store = store.clone();
        let touched = if number % 3 == 0 { "nobody".to_owned() } else { number.to_string() };
        let steps = vec![
            Step::one("task", INSERT, params![&number.to_string(), "a", NOW]),
            Step::one("touch", TOUCH, params![&touched]),
        ];
        racers.spawn(async move { store.write(steps, Vec::new(), NOW).await.is_ok() });
    }
    assert_eq!(racers.join_all().await.into_iter().filter(|won| *won).count(), 40);
    let rows = store.query("SELECT COUNT(*) FROM task", Vec::new()).await.unwrap();
    assert_eq!(rows.into_iter().next().unwrap().int().unwrap(), 40);
}

/// A fault of ours in one unit (here a task without a name) is not the fault of those it shares a transaction with.
async fn a_refused_statement_fails_one_unit_alone(place: Place) {
    let store = place.open("a").await;
    let mut racers = JoinSet::new();
    for number in 0..40 {
        let store = store.clone();
        racers.spawn(async move { (number, write_task(&store, number).await) });
    }
    for (number, result) in racers.join_all().await {
        match result {
            Ok(_) => assert_ne!(number, 20),
            Err(error) => assert_eq!((number, error.code()), (20, "store.failed")),
        }
    }
    let rows = store.query("SELECT COUNT(*) FROM task", Vec::new()).await.unwrap();
    assert_eq!(rows.into_iter().next().unwrap().int().unwrap(), 39);
}

async fn write_task(store: &Store, number: u32) -> Result<Vec<u64>, crate::store::StoreError> {
    const INSERT: &str = "INSERT INTO task (name, held_by, held_until) VALUES ($1, $2, $3)";
    let name = (number != 20).then(|| number.to_string());
    let step = Step::any("task", INSERT, params![name.as_ref(), "a", NOW]);
    store.write(vec![step], Vec::new(), NOW).await
}

/// Two nodes' groups hold locks on challenges in different orders: the database ends one of them, and it is tried again.
async fn nodes_that_meet_in_different_orders_all_get_an_answer(place: Place) {
    let stores = [place.open("a").await, place.open("b").await];
    for number in 0..40 {
        stores[0].challenge_new(&challenge(number), &actor(), NOW).await.unwrap();
    }
    let mut racers = JoinSet::new();
    for number in 0..40_u8 {
        for (store, key, case) in [(&stores[0], number, 100), (&stores[1], 39 - number, 200)] {
            let mut record = grant(case + u32::from(number));
            record.spend = Some(spend(key, Stored::Before));
            let (store, (commit, audit)) = (store.clone(), granted(record));
            racers.spawn(async move { store.commit(commit, audit, NOW).await });
        }
    }
    let results = racers.join_all().await;
    let conflict = Err(CommitError::Conflict("challenge".to_owned()));
    assert_eq!(results.iter().filter(|r| r.is_ok()).count(), 40, "{results:?}");
    assert_eq!(results.iter().filter(|r| **r == conflict).count(), 40);
}
