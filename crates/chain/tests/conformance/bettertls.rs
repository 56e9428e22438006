//! BetterTLS: path building (81) and a tenth of the name constraints.

use base64::Engine;
use chain::policy::{Policy, Ssl};
use chain::{Question, Rules, Store, judge};
use pki::{Certificate, oid};
use serde_json::Value;

use crate::support::{errors, json, text, texts, time};

#[derive(Default)]
pub struct Outcome {
    pub total: usize,
    pub passed: usize,
    /// Cases of which the suite tolerates either outcome, among the passed.
    pub tolerated: usize,
    pub disagreements: Vec<(String, String)>,
}

pub fn path_building() -> Outcome {
    run("bettertls/pathbuilding.json.xz", "pathbuilding")
}

pub fn name_constraints() -> Outcome {
    run("bettertls/nameconstraints-tenth.json.xz", "nameconstraints")
}

fn run(file: &str, name: &str) -> Outcome {
    let suite = json(file);
    let mut store = Store::new();
    store.trust(&certificate(text(&suite, "trustRoot")));
    let at = time(text(&suite, "generated_at"));
    let mut outcome = Outcome::default();
    for case in suite["suites"][name]["testCases"].as_array().expect("testCases") {
        one(case, &store, at, &mut outcome);
    }
    outcome
}

fn certificate(text: &str) -> Certificate {
    let der = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    Certificate::parse(&der).expect("a certificate")
}

fn one(case: &Value, store: &Store, at: pki::Time, outcome: &mut Outcome) {
    let bag: Vec<Certificate> = texts(case, "certificates").into_iter().map(certificate).collect();
    let (leaf, additional) = bag.split_first().expect("a leaf");
    let usages = [oid::SERVER_AUTH];
    let question = Question { additional, rules: Rules::Rfc5280, usages: &usages, ..Question::new(leaf, at) };
    let verdict = judge(store, &question);
    let server_name = Some(text(case, "hostname").to_owned());
    let policy = Policy::SslServer(Ssl { server_name, rules: Rules::Rfc5280, ..Ssl::default() });
    let accepted = policy.apply(&verdict.chain).result == 0;
    outcome.total += 1;
    if accepted == (text(case, "expected") == "ACCEPT") {
        outcome.passed += 1;
    } else if case["failureIsWarning"] == Value::Bool(true) {
        outcome.passed += 1;
        outcome.tolerated += 1;
    } else {
        let says = format!("expected {}: {}", text(case, "expected"), errors(&verdict));
        outcome.disagreements.push((case["id"].to_string(), says));
    }
}

#[test]
fn every_path_is_found_or_refused() {
    let outcome = path_building();
    assert_eq!((outcome.passed, outcome.total), (81, 81), "{:#?}", outcome.disagreements);
}

#[test]
fn every_name_is_constrained() {
    let outcome = name_constraints();
    assert!(outcome.disagreements.is_empty(), "{:#?}", outcome.disagreements);
    assert_eq!(outcome.total, 950);
}
