//! How fast it is. Not a test that can fail: it prints.
//!
//! `cargo test --release -p server store::tests::speed -- --ignored --nocapture --test-threads=1`

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::made::*;
use super::place::Place;
use crate::store::{CaseQuery, Store};

const MEASURED: Duration = Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run it by the command above"]
async fn sqlite() {
    measure("SQLite", Place::sqlite()).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run it by the command above"]
async fn postgres() {
    if let Some(place) = Place::postgres().await {
        measure("PostgreSQL", place).await;
    }
}

async fn measure(name: &str, place: Place) {
    let store = place.open("a").await;
    for (round, committers) in [1_u32, 8, 64, 256].into_iter().enumerate() {
        let (count, taken) = commits(&store, committers, (round as u32 + 1) * 0x1000_0000).await;
        let wait = taken.as_secs_f64() * f64::from(committers) / f64::from(count) * 1e3;
        let rate = f64::from(count) / taken.as_secs_f64();
        println!("{name}: {committers:>3} committers: {rate:>7.0} commits/s, {wait:.2} ms each");
    }
    for readers in [1_u32, 4, 32] {
        let (count, taken) = reads(&store, readers).await;
        let wait = taken.as_secs_f64() * f64::from(readers) / f64::from(count) * 1e6;
        let rate = f64::from(count) / taken.as_secs_f64();
        println!("{name}: {readers:>3} readers: {rate:>7.0} cases/s, {wait:.0} us each");
    }
}

/// A commit is a case, a certificate, a spent challenge and an audit row.
async fn commits(store: &Store, committers: u32, base: u32) -> (u32, Duration) {
    let (mut tasks, start) = (JoinSet::new(), Instant::now());
    for committer in 0..committers {
        let store = store.clone();
        tasks.spawn(async move {
            let mut count = 0;
            while start.elapsed() < MEASURED {
                let mut record = grant(base + committer * 0x10_0000 + count);
                let mut spend = spend(1, ra::Stored::OnlySpent);
                spend.key[..4].copy_from_slice(&(base + committer * 0x10_0000 + count).to_be_bytes());
                record.spend = Some(spend);
                let (commit, audit) = granted(record);
                store.commit(commit, audit, NOW).await.unwrap();
                count += 1;
            }
            count
        });
    }
    let count = tasks.join_all().await.into_iter().sum();
    (count, start.elapsed())
}

async fn reads(store: &Store, readers: u32) -> (u32, Duration) {
    let (mut tasks, start, signer) = (JoinSet::new(), Instant::now(), stranger());
    for reader in 0..readers {
        let (store, signer) = (store.clone(), signer.clone());
        tasks.spawn(async move {
            let mut count: u32 = 0;
            while start.elapsed() < MEASURED {
                let transaction = format!("transaction {}", 0x1000_0000 + (count + reader) % 500);
                let query = CaseQuery { challenge: Some([1; 32]), ..query(&transaction, &signer, None) };
                assert!(store.case(&query).await.unwrap().known.is_some());
                count += 1;
            }
            count
        });
    }
    let count = tasks.join_all().await.into_iter().sum();
    (count, start.elapsed())
}
