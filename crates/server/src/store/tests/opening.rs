//! Opening: for the first time, again, by many at once, by an older or newer program, after the connection broke.

use std::os::unix::fs::PermissionsExt;

use tokio::task::JoinSet;

use super::made::*;
use super::place::{Place, on_both_engines};
use crate::store::schema::{self, Migrations};
use crate::store::{Commit, EventFilter, Store, StoreError};

on_both_engines!(
    what_was_committed_is_there_after_opening_again,
    many_may_open_a_new_store_at_once,
    an_earlier_version_is_brought_up_to_date,
    a_migration_that_fails_changes_nothing,
    a_store_of_the_first_release_keeps_what_it_has_and_takes_events,
);

/// The version after the last one, as if it were released already.
const LATER: Migrations = &[
    schema::MIGRATIONS[0],
    schema::MIGRATIONS[1],
    &["ALTER TABLE task ADD COLUMN note TEXT", "UPDATE task SET note = held_by"],
];

const BROKEN: Migrations = &[
    schema::MIGRATIONS[0],
    schema::MIGRATIONS[1],
    &["ALTER TABLE task ADD COLUMN note TEXT", "UPDATE no_such SET x = 1"],
];

/// What the first release wrote.
const FIRST: Migrations = &[schema::MIGRATIONS[0]];

async fn what_was_committed_is_there_after_opening_again(place: Place) {
    let store = place.open("a").await;
    let (commit, audit) = granted(grant(1));
    store.commit(commit, audit, NOW).await.unwrap();
    drop(store);
    let store = place.open("a").await;
    assert_eq!(store.unfinished().await.unwrap().len(), 1);
    store.commit(Commit::Deny, vec![entry("x")], NOW).await.unwrap();
    let report = &store.audit_verify().await.unwrap()[0];
    assert_eq!((report.rows, report.fault), (2, None));
}

async fn many_may_open_a_new_store_at_once(place: Place) {
    let mut openers = JoinSet::new();
    for number in 0..8 {
        let url = place.url.clone();
        openers.spawn(async move {
            let store = Store::open(&url, &format!("node {number}")).await?;
            store.commit(Commit::Deny, vec![entry("x")], NOW).await.map_err(StoreError::from)
        });
    }
    for result in openers.join_all().await {
        result.unwrap();
    }
    assert_eq!(place.open("a").await.audit_verify().await.unwrap().iter().filter(|r| r.rows == 1).count(), 8);
}

async fn an_earlier_version_is_brought_up_to_date(place: Place) {
    let store = Store::open_with(&place.url, "a", schema::MIGRATIONS).await.unwrap();
    store.lease("crl", NOW.plus(60), NOW).await.unwrap();
    drop(store);
    let later = Store::open_with(&place.url, "a", LATER).await.unwrap();
    let note = later.query("SELECT note FROM task", Vec::new()).await.unwrap().remove(0).text().unwrap();
    assert_eq!(note, "a");
    drop(later);
    Store::open_with(&place.url, "a", LATER).await.unwrap();
    let older = Store::open_with(&place.url, "a", schema::MIGRATIONS).await.err().unwrap();
    assert_eq!(older, StoreError::Newer { found: 3, known: 2 });
    assert!(older.to_string().contains("schema 3"), "{older}");
}

async fn a_store_of_the_first_release_keeps_what_it_has_and_takes_events(place: Place) {
    let store = Store::open_with(&place.url, "a", FIRST).await.unwrap();
    let (commit, audit) = granted(grant(1));
    store.commit(commit, audit, NOW).await.unwrap();
    assert!(store.event_put("0", event(1), NOW).await.is_err(), "there is no table for it yet");
    drop(store);
    let store = place.open("a").await;
    assert_eq!(store.unfinished().await.unwrap().len(), 1);
    assert_eq!(store.audit_verify().await.unwrap()[0].rows, 1);
    store.event_put("0", event(1), NOW).await.unwrap();
    assert_eq!(store.events(&EventFilter::default()).await.unwrap().len(), 1);
}

async fn a_migration_that_fails_changes_nothing(place: Place) {
    place.open("a").await.lease("crl", NOW.plus(60), NOW).await.unwrap();
    let failed = Store::open_with(&place.url, "a", BROKEN).await.err().unwrap();
    assert_eq!(failed.code(), "store.open");
    let later = Store::open_with(&place.url, "a", LATER).await.unwrap();
    assert_eq!(later.query("SELECT note FROM task", Vec::new()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_file_of_sqlite_is_its_owners_alone() {
    let place = Place::sqlite();
    let store = place.open("a").await;
    store.commit(Commit::Deny, vec![entry("x")], NOW).await.unwrap();
    let directory = place.directory.as_ref().unwrap().path();
    let files: Vec<_> = std::fs::read_dir(directory).unwrap().map(Result::unwrap).collect();
    assert!(files.len() >= 2, "the file and its log");
    for file in files {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{:?}", file.path());
    }
}

#[tokio::test]
async fn what_is_no_store_is_refused_in_words() {
    let directory = tempfile::tempdir().unwrap();
    let text = directory.path().join("text");
    std::fs::write(
        &text,
        "this is not a database, only a text that is longer than one hundred octets, so that nobody can \
        take it for an empty one, which would be made a store",
    )
    .unwrap();
    let before = std::fs::read(&text).unwrap();
    let text = text.display();
    for (url, code) in [
        ("".to_owned(), "store.url"),
        ("store.db".to_owned(), "store.url"),
        ("mysql://host/db".to_owned(), "store.url"),
        ("sqlite:".to_owned(), "store.url"),
        ("sqlite::memory:".to_owned(), "store.url"),
        ("postgres://user:secret@host:port/db".to_owned(), "store.url"),
        ("sqlite:/no/such/directory/store.db".to_owned(), "store.open"),
        (format!("sqlite:{text}"), "store.open"),
        ("postgres://user:secret@%2Fno%2Fsuch%2Fsocket/db".to_owned(), "store.unavailable"),
    ] {
        let error = Store::open(&url, "a").await.err().unwrap();
        assert_eq!(error.code(), code, "{url}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    assert_eq!(std::fs::read(directory.path().join("text")).unwrap(), before);
}

/// An operator restarts the database: what is asked after that is answered.
#[tokio::test(flavor = "multi_thread")]
async fn a_broken_connection_is_replaced() {
    const BREAK: &str = "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let Some(place) = Place::postgres().await else { return };
    let store = place.open("a").await;
    store.commit(Commit::Deny, vec![entry("x")], NOW).await.unwrap();
    store.counts(NOW).await.unwrap();
    let other = place.open("b").await;
    for _ in 0..3 {
        let broken = other.query(BREAK, Vec::new()).await.unwrap().remove(0).int().unwrap();
        assert!(broken >= 2, "its reader and its writer, {broken}");
        store.counts(NOW).await.unwrap();
        // A connection that breaks under a commit leaves it open whether it happened; one that is idle does not.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        store.commit(Commit::Deny, vec![entry("y")], NOW).await.unwrap();
    }
    let reports = store.audit_verify().await.unwrap();
    assert_eq!((reports[0].rows, reports[0].fault), (4, None));
}

#[tokio::test]
async fn sqlite_writes_through_to_the_disk() {
    let place = Place::sqlite();
    let store = place.open("a").await;
    let full = store.query("PRAGMA synchronous", Vec::new()).await.unwrap().remove(0).int().unwrap();
    let log = store.query("PRAGMA journal_mode", Vec::new()).await.unwrap().remove(0).text().unwrap();
    let keys = store.query("PRAGMA foreign_keys", Vec::new()).await.unwrap().remove(0).int().unwrap();
    assert_eq!((full, log.as_str(), keys), (2, "wal", 1));
}

/// A database that answers before it has written is told not to.
#[tokio::test]
async fn postgres_writes_through_to_the_disk() {
    let Some(place) = Place::postgres().await else { return };
    let (client, connection) = tokio_postgres::connect(&place.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    let database = place.url.rsplit('/').next().unwrap();
    client.batch_execute(&format!("ALTER DATABASE {database} SET synchronous_commit = off")).await.unwrap();
    let store = place.open("a").await;
    let setting = "SELECT current_setting('synchronous_commit')";
    assert_eq!(store.query(setting, Vec::new()).await.unwrap().remove(0).text().unwrap(), "on");
    client.batch_execute(&format!("ALTER DATABASE {database} SET synchronous_commit = remote_apply")).await.unwrap();
    let stricter = place.open("a").await;
    assert_eq!(stricter.query(setting, Vec::new()).await.unwrap().remove(0).text().unwrap(), "remote_apply");
}
