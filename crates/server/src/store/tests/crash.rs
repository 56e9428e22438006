//! A process that is killed loses nothing that it was told is durable, and leaves nothing half done.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use tokio::task::JoinSet;

use super::made::*;
use super::place::{Place, on_both_engines};
use crate::store::Store;

on_both_engines!(a_killed_process_loses_nothing);

const URL: &str = "PERENNIAL_TEST_STORE";
const FIRST: &str = "PERENNIAL_TEST_FIRST";

async fn a_killed_process_loses_nothing(place: Place) {
    place.open("a").await;
    let mut answered: Vec<u32> = Vec::new();
    for (round, lines) in [(0, 1), (1, 37), (2, 300)] {
        answered.extend(kill_after(&place, round * 100_000, lines));
        let store = place.open("a").await;
        let counts = store.counts(NOW).await.unwrap();
        assert!(counts.certificates_prepared >= answered.len() as u64);
        assert_eq!(counts.certificates_prepared, counts.audit_rows, "a fact without its audit row, or the reverse");
        assert_eq!(store.audit_verify().await.unwrap()[0].fault, None);
        for number in &answered {
            assert!(store.case_by_id(&case_id(*number)).await.unwrap().is_some(), "{number} was said to be durable");
        }
    }
}

/// Runs [`writer`] and kills it after it has said so many commits; returns those it had said until then.
fn kill_after(place: &Place, first: u32, lines: usize) -> Vec<u32> {
    let mut process = Command::new(std::env::current_exe().expect("this program"))
        .args(["store::tests::crash::writer", "--exact", "--ignored", "--nocapture", "--test-threads=1"])
        .env(URL, &place.url)
        .env(FIRST, first.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .expect("it runs");
    let said = BufReader::new(process.stdout.take().expect("piped")).lines().map_while(Result::ok);
    let mut said = said.filter_map(|line| line.trim().strip_prefix("committed ")?.parse().ok());
    let mut numbers: Vec<u32> = said.by_ref().take(lines).collect();
    process.kill().expect("it is killed");
    process.wait().expect("it has ended");
    numbers.extend(said);
    assert!(numbers.len() >= lines, "it ended by itself");
    numbers
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "it is the process that a_killed_process_loses_nothing runs and kills"]
async fn writer() {
    let url = std::env::var(URL).expect("run by its test");
    let first: u32 = std::env::var(FIRST).expect("run by its test").parse().expect("a number");
    let store = Store::open(&url, "a").await.unwrap();
    let mut committers = JoinSet::new();
    for committer in 0..8 {
        let store = store.clone();
        committers.spawn(async move {
            for number in 0..10_000 {
                let number = first + committer * 10_000 + number;
                let (commit, audit) = granted(grant(number));
                store.commit(commit, audit, NOW).await.unwrap();
                println!("committed {number}");
            }
        });
    }
    committers.join_all().await;
}
