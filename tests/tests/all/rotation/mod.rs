//! Every credential rotates in real time, under load, and nobody notices: the service and the registration point as two
//! processes with mutual TLS between them, credentials that live for twenty seconds, and devices that enrol without a
//! pause.
//!
//! `SOAK_SECONDS=120 cargo test -p tests --test all -- --nocapture rotation::` runs it longer and judges the latency too;
//! `make soak` does so with the program as it is released.

mod history;
mod kept;
mod load;
mod stage;

use std::time::Duration;

use history::{History, ROLES};
use load::Load;
use stage::Stage;

/// How long it runs, if `SOAK_SECONDS` does not say.
const SECONDS: u64 = 30;
/// Seconds for which every credential lives.
const LIFE: u64 = 20;
/// At most so many seconds pass from one generation to the next: two thirds of a life and a few rounds.
const PERIOD: u64 = LIFE * 2 / 3 + 2;
/// What the slowest of a hundred enrolments may take while something rotates, as a part of what it takes otherwise.
const SLOWER: f64 = 1.5;

#[test]
fn every_credential_rotates_and_nobody_notices() {
    let soak = std::env::var("SOAK_SECONDS").ok().map(|text| text.parse().expect("SOAK_SECONDS is a number"));
    let length = Duration::from_secs(soak.unwrap_or(SECONDS));
    let stage = Stage::start(LIFE);
    let load = Load::run(&stage, length);
    let history = History::read(&stage);
    stage.wait_for_notices();

    println!("{} enrolments in {} s; failed: {}", load.enrolments.len(), length.as_secs(), load.failed.len());
    println!("connections of devices and of the MDM that broke: {}", load.broken.len());
    println!("connections of the policy module that broke: {}", stage.broken_by_module());
    for role in ROLES {
        println!("{role}: {} generations", history.generations(role));
    }
    println!("server certificates seen by who connects anew: {}", load.servers);
    let (around, otherwise) = load.latencies(&stage.moments());
    println!("while something rotates: {around}");
    println!("otherwise:               {otherwise}");

    assert_eq!(load.failed, Vec::<String>::new());
    assert_eq!(load.broken, Vec::<String>::new());
    assert_eq!(stage.broken_by_module(), 0, "{}", stage.logs());
    assert_eq!(stage.refusals(), Vec::<String>::new());
    assert!(load.enrolments.len() as u64 >= length.as_secs() * load::RATE * 8 / 10, "the load was not constant");
    let least = usize::try_from(length.as_secs() / PERIOD).expect("a number");
    for role in ROLES {
        assert!(history.generations(role) >= least.max(3), "{role}: {} generations", history.generations(role));
    }
    assert!(load.servers >= least.max(2), "the registration point showed {} certificates", load.servers);
    assert_eq!(history.recalled, 0, "an earlier one had to be used again");
    if soak.is_some() {
        assert!(ROLES.iter().all(|role| history.generations(role) >= 10) || length.as_secs() < 120);
        assert!(around.p99 <= SLOWER * otherwise.p99, "{around} against {otherwise}");
    }
}
