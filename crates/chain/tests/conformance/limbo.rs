//! x509-limbo, the 208 cases that are not BetterTLS.

use std::time::{Duration, Instant};

use chain::policy::{Policy, Ssl};
use chain::{Alternatives, Question, Revocation, Rules, Store, Verdict, judge};
use pki::{Certificate, Oid, oid};
use serde_json::Value;

use crate::limbo_reasons::{DISAGREEMENTS, reason_in_id};
use crate::support::{add_crls, certificates, codes, errors, json, text, texts, time};

#[derive(Default)]
pub struct Outcome {
    pub success: (usize, usize),
    pub failure: usize,
    /// FAILURE cases with an error bit or a policy result.
    pub rejected: usize,
    /// FAILURE cases with a finding, error or note, that names the reason in the id.
    pub named: usize,
    pub denial_of_service: Duration,
    pub disagreements: Vec<(String, String)>,
}

pub fn run() -> Outcome {
    let suite = json("x509-limbo/limbo-core.json.xz");
    let mut outcome = Outcome::default();
    for case in suite["testcases"].as_array().expect("testcases") {
        one(case, &mut outcome);
    }
    outcome
}

struct Answer {
    verdict: Verdict,
    /// Codes of the chain and, where the name does not fit, that of the name.
    codes: Vec<&'static str>,
    refused: bool,
}

fn one(case: &Value, outcome: &mut Outcome) {
    let id = text(case, "id");
    let started = Instant::now();
    let answer = ask(case);
    if texts(case, "features").contains(&"denial-of-service") {
        outcome.denial_of_service += started.elapsed();
    }
    if text(case, "expected_result") == "SUCCESS" {
        outcome.success.1 += 1;
        if answer.refused {
            outcome.disagreements.push((id.to_owned(), format!("refused: {}", errors(&answer.verdict))));
        } else {
            outcome.success.0 += 1;
        }
        return;
    }
    outcome.failure += 1;
    outcome.rejected += usize::from(answer.refused);
    let wanted = reason_in_id(id);
    if answer.codes.iter().any(|code| wanted.contains(code)) {
        outcome.named += 1;
    } else {
        let says = format!("wanted one of {wanted:?}, found {:?}: {}", answer.codes, errors(&answer.verdict));
        outcome.disagreements.push((id.to_owned(), says));
    }
}

fn ask(case: &Value) -> Answer {
    let mut store = Store::new();
    for pem in texts(case, "trusted_certs") {
        certificates(pem).iter().for_each(|c| store.trust(c));
    }
    for pem in texts(case, "crls") {
        add_crls(&mut store, pem.as_bytes());
    }
    let additional: Vec<Certificate> =
        texts(case, "untrusted_intermediates").into_iter().flat_map(certificates).collect();
    let leaf = certificates(text(case, "peer_certificate"));
    let server = text(case, "validation_kind") == "SERVER";
    let usages: Vec<Oid> = vec![if server { oid::SERVER_AUTH } else { oid::CLIENT_AUTH }];
    let with_lists = texts(case, "features").contains(&"has-crl");
    let now = "2026-11-22T00:00:00Z";
    let question = Question {
        additional: &additional,
        rules: Rules::Rfc5280,
        usages: &usages,
        revocation: if with_lists { Revocation::ChainExcludingRoot } else { Revocation::None },
        intermediates: case["max_chain_depth"].as_u64().map(|n| n as usize),
        alternatives: Alternatives::UntilGood,
        ..Question::new(&leaf[0], time(case["validation_time"].as_str().unwrap_or(now)))
    };
    let verdict = judge(&store, &question);
    let name = case["expected_peer_name"]["value"].as_str().filter(|_| server);
    let policy =
        Policy::SslServer(Ssl { server_name: name.map(str::to_owned), rules: Rules::Rfc5280, ..Ssl::default() });
    let status = policy.apply(&verdict.chain);
    let mut codes = codes(&verdict);
    if name.is_some_and(|name| !chain::policy::certificate_fits(&leaf[0], name, Rules::Rfc5280)) {
        codes.push(chain::Kind::ServerName.code());
    }
    Answer { refused: status.result != 0, verdict, codes }
}

#[test]
fn every_success_is_accepted_and_every_failure_is_named_or_explained() {
    let outcome = run();
    let unexplained: Vec<_> =
        outcome.disagreements.iter().filter(|(id, _)| !DISAGREEMENTS.iter().any(|(known, _)| known == id)).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let stale: Vec<_> =
        DISAGREEMENTS.iter().filter(|(id, _)| !outcome.disagreements.iter().any(|(found, _)| found == id)).collect();
    assert!(stale.is_empty(), "no longer disagreements: {stale:?}");
    assert_eq!(outcome.success, (63, 63));
    assert!(outcome.named >= 140, "{} of {}", outcome.named, outcome.failure);
    // Debug builds are several times slower than what the figure is about.
    let most = if cfg!(debug_assertions) { 10 } else { 1 };
    assert!(outcome.denial_of_service < Duration::from_secs(most), "{:?}", outcome.denial_of_service);
}
