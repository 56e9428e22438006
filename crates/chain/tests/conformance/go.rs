//! Go's `verify_test.go`: 26 cases with the roots, intermediates and time to use.

use base64::Engine;
use chain::policy::{Policy, Ssl};
use chain::{Question, Rules, Store, Strength, judge};
use pki::{Certificate, Time};
use serde_json::Value;

use crate::support::{errors, json, text, texts};

#[derive(Default)]
pub struct Outcome {
    pub total: usize,
    pub passed: usize,
    pub disagreements: Vec<(String, String)>,
}

/// Cases that come out otherwise, with the reason.
pub const DISAGREEMENTS: &[(&str, &str)] = &[];

pub fn run() -> Outcome {
    let suite = json("go-x509/verify.json");
    let mut outcome = Outcome::default();
    for case in suite["cases"].as_array().expect("cases") {
        one(case, &mut outcome);
    }
    outcome
}

fn certificate(text: &str) -> Certificate {
    Certificate::parse(&base64::engine::general_purpose::STANDARD.decode(text).expect("base64")).expect("a certificate")
}

fn one(case: &Value, outcome: &mut Outcome) {
    let mut store = Store::new();
    texts(case, "roots").into_iter().for_each(|root| store.trust(&certificate(root)));
    let additional: Vec<Certificate> = texts(case, "intermediates").into_iter().map(certificate).collect();
    let leaf = certificate(text(case, "leaf"));
    let usages: Vec<pki::Oid> = texts(case, "requested_ekus").iter().filter_map(|usage| usage_of(usage)).collect();
    let question = Question {
        additional: &additional,
        rules: Rules::Rfc5280,
        usages: &usages,
        strength: Some(Strength::Legacy),
        ..Question::new(&leaf, Time(case["time"].as_i64().expect("time")))
    };
    let verdict = judge(&store, &question);
    let server_name = case["dns_name"].as_str().filter(|name| !name.is_empty()).map(str::to_owned);
    let policy = Policy::SslServer(Ssl { server_name, rules: Rules::Rfc5280, ..Ssl::default() });
    let accepted = policy.apply(&verdict.chain).result == 0;
    outcome.total += 1;
    if accepted == (text(case, "expected") == "accept") {
        outcome.passed += 1;
    } else {
        let says = format!("expected {}: {}", text(case, "expected"), errors(&verdict));
        outcome.disagreements.push((text(case, "id").to_owned(), says));
    }
}

fn usage_of(name: &str) -> Option<pki::Oid> {
    match name {
        "ServerAuth" | "serverAuth" => Some(pki::oid::SERVER_AUTH),
        "ClientAuth" | "clientAuth" => Some(pki::oid::CLIENT_AUTH),
        "EmailProtection" | "emailProtection" => Some(pki::oid::EMAIL_PROTECTION),
        "Any" | "any" | "anyExtendedKeyUsage" => None,
        other => panic!("usage {other}"),
    }
}

#[test]
fn every_case_comes_out_as_in_go() {
    let outcome = run();
    let found: Vec<&str> = outcome.disagreements.iter().map(|(id, _)| id.as_str()).collect();
    let known: Vec<&str> = DISAGREEMENTS.iter().map(|(id, _)| *id).collect();
    assert_eq!(found, known, "{:#?}", outcome.disagreements);
}
