//! NIST PKITS: 249 cases, each with the certificates and lists a verifier is given.

use chain::{Initially, PolicyInputs, Question, Revocation, Rules, Store, judge};
use pki::{Certificate, Crl, Oid};
use serde_json::Value;

use crate::support::{errors, json, read, text, texts, time};

/// Cases that cannot come out as expected, with the reason.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("4.1.4", "the chain is signed with DSA, which the crypto library does not have"),
    ("4.1.5", "the chain is signed with DSA, which the crypto library does not have"),
];

pub struct Outcome {
    pub total: usize,
    pub passed: usize,
    /// Cases whose set of valid policies is given, and how many came out equal.
    pub policies: (usize, usize),
    pub disagreements: Vec<(String, String)>,
}

pub fn run() -> Outcome {
    let suite = json("nist-pkits/pkits.json");
    let cases = suite["cases"].as_array().expect("cases");
    let mut outcome = Outcome { total: cases.len(), passed: 0, policies: (0, 0), disagreements: Vec::new() };
    for case in cases {
        one(case, &mut outcome);
    }
    outcome
}

fn certificate(name: &str) -> Certificate {
    Certificate::parse(&read(&format!("nist-pkits/certs/{name}"))).unwrap_or_else(|why| panic!("{name}: {why}"))
}

fn one(case: &Value, outcome: &mut Outcome) {
    let mut store = Store::new();
    store.trust(&certificate(text(case, "trust_anchor")));
    for crl in texts(case, "crls") {
        let der = read(&format!("nist-pkits/crls/{crl}"));
        store.add_crl(Crl::parse(&der).unwrap_or_else(|why| panic!("{crl}: {why}")));
    }
    let bag: Vec<Certificate> = texts(case, "certs_supplied").into_iter().map(certificate).collect();
    let leaf = certificate(text(case, "target"));
    let acceptable: Vec<Oid> = texts(case, "initial_policy_set").iter().map(|o| o.parse().expect("oid")).collect();
    let initially = |key: &str| if case[key] == Value::Bool(true) { Initially::Set } else { Initially::Unset };
    let question = Question {
        additional: &bag,
        rules: Rules::Rfc5280,
        revocation: Revocation::ChainExcludingRoot,
        policies: PolicyInputs {
            acceptable: &acceptable,
            explicit: initially("initial_explicit_policy"),
            mapping_inhibited: initially("initial_policy_mapping_inhibit"),
            any_inhibited: initially("initial_inhibit_any_policy"),
        },
        ..Question::new(&leaf, time(text(case, "time")))
    };
    let verdict = judge(&store, &question);
    let expected = text(case, "expected") == "accept";
    let id = text(case, "id").to_owned();
    if verdict.chain.is_good() == expected {
        outcome.passed += 1;
    } else {
        outcome.disagreements.push((id, format!("expected {}: {}", text(case, "expected"), errors(&verdict))));
    }
    if case["expected_user_constrained_policy_set"].is_array() && expected && verdict.chain.is_good() {
        let mut wanted: Vec<Oid> =
            texts(case, "expected_user_constrained_policy_set").iter().map(|o| o.parse().expect("oid")).collect();
        let mut found = verdict.chain.policies.clone();
        wanted.sort();
        found.sort();
        outcome.policies.0 += 1;
        outcome.policies.1 += usize::from(wanted == found);
    }
}

#[test]
fn every_case_comes_out_as_nist_says() {
    let outcome = run();
    let unexplained: Vec<_> =
        outcome.disagreements.iter().filter(|(id, _)| !EXCEPTIONS.iter().any(|(known, _)| known == id)).collect();
    assert!(unexplained.is_empty(), "{}/{}\n{unexplained:#?}", outcome.passed, outcome.total);
    assert_eq!(outcome.passed + EXCEPTIONS.len(), outcome.total);
    assert_eq!(outcome.policies.0, outcome.policies.1);
}

pub fn exceptions() -> &'static [(&'static str, &'static str)] {
    EXCEPTIONS
}
