//! BoringSSL's `pki` suite: every error of every certificate. Each fault of the baseline must be found on the
//! certificate it is on; we may find more.

use chain::{Alternatives, Anchor, Kind, LeafTrust, Question, Rules, Store, Verdict, judge};
use pki::{Certificate, Oid, oid};
use serde_json::Value;

use crate::boringssl_reasons::DISAGREEMENTS;
use crate::support::{blocks, errors, json, read, text, texts, time};

#[derive(Default)]
pub struct Outcome {
    pub cases: usize,
    /// Cases accepted or refused as the baseline says.
    pub verdicts: usize,
    /// Faults of the baseline, and those found on their certificate.
    pub faults: usize,
    pub found: usize,
    pub disagreements: Vec<(String, String)>,
}

pub fn run() -> Outcome {
    let suite = json("boringssl-pki/verify_chain_index.json");
    let mut outcome = Outcome::default();
    for case in suite["cases"].as_array().expect("cases") {
        one(case, &mut outcome);
    }
    outcome
}

fn one(case: &Value, outcome: &mut Outcome) {
    let id = text(case, "id").to_owned();
    let pem = read(&format!("boringssl-pki/{}", text(case, "chain")));
    let chain: Vec<Certificate> =
        blocks(&pem, "CERTIFICATE").iter().filter_map(|der| Certificate::parse(der).ok()).collect();
    let verdict = ask(case, &chain);
    outcome.cases += 1;
    let expected = text(case, "expected") == "accept";
    let agrees = verdict.chain.is_good() == expected;
    outcome.verdicts += usize::from(agrees);
    let mut missing = Vec::new();
    for fault in case["faults"].as_array().expect("faults") {
        let at = fault["i"].as_u64().expect("i") as usize;
        for error in texts(fault, "errors") {
            outcome.faults += 1;
            if is_found(&verdict, at, error) { outcome.found += 1 } else { missing.push(format!("{at}: {error}")) }
        }
    }
    if !agrees || !missing.is_empty() {
        let says = format!("expected {}, missing {missing:?}, found {}", text(case, "expected"), errors(&verdict));
        outcome.disagreements.push((id, says));
    }
}

fn ask(case: &Value, chain: &[Certificate]) -> Verdict {
    let leaf = chain.first().expect("a target");
    let last = chain.last().expect("a root");
    let trust = text(case, "last_cert_trust");
    let mut store = Store::new();
    match trust {
        "DISTRUSTED" => {
            store.trust_as(last, LeafTrust::AnchorOnly);
            store.distrust(last);
        }
        "UNSPECIFIED" => store.add(last),
        _ if trust.starts_with("TRUSTED_ANCHOR_OR_LEAF") => store.trust_as(last, LeafTrust::AnchorAndLeaf),
        _ if trust.starts_with("TRUSTED_LEAF") => store.trust_as(last, LeafTrust::LeafOnly),
        _ => store.trust_as(last, LeafTrust::AnchorOnly),
    }
    let anchor = match (trust.contains("EXPIRATION"), trust.contains("WITH") && trust.contains("CONSTRAINTS")) {
        (true, true) => Anchor::ConstraintsAndValidity,
        (true, false) => Anchor::Validity,
        (false, true) if !trust.contains("WITH_REQUIRE_BASIC") => Anchor::Constraints,
        _ => Anchor::NameAndKey,
    };
    let usages: Vec<Oid> = match text(case, "key_purpose") {
        purpose if purpose.starts_with("SERVER_AUTH") => vec![oid::SERVER_AUTH],
        purpose if purpose.starts_with("CLIENT_AUTH") => vec![oid::CLIENT_AUTH],
        _ => Vec::new(),
    };
    let question = Question {
        additional: chain,
        rules: Rules::Rfc5280,
        anchor,
        usages: &usages,
        alternatives: Alternatives::UntilGood,
        ..Question::new(leaf, time(text(case, "time")))
    };
    judge(&store, &question)
}

/// The kinds that say what BoringSSL's error says.
fn kinds(error: &str) -> &'static [Kind] {
    match error {
        "VerifySignedData failed" => &[Kind::BadSignature],
        "Time is after notAfter" => &[Kind::Expired],
        "Time is before notBefore" => &[Kind::NotYetValid],
        "Certificate is not a trust anchor" => &[Kind::UntrustedRoot, Kind::NotAnchored, Kind::PartialChain],
        "Distrusted by trust store" => &[Kind::Distrusted],
        "max_path_length reached" => &[Kind::PathLength],
        "Does not have Basic Constraints" => &[Kind::NoBasicConstraints],
        "Basic Constraints indicates not a CA" => &[Kind::NotACa],
        "keyCertSign bit is not set" => &[Kind::CaMayNotSign],
        "Unconsumed critical extension" => &[Kind::CriticalExtensionUnknown],
        "No valid policy" => &[Kind::PolicyRequired],
        "Unacceptable signature algorithm" => &[Kind::WeakSignature],
        "Unacceptable public key" => &[Kind::WeakKey],
        "Couldn't parse SubjectPublicKeyInfo" => &[Kind::UnusableKey],
        "Too many name constraints checks" => &[Kind::NameConstraintsTooMany],
        "subject does not match issuer" => &[Kind::PartialChain],
        _ if error.starts_with("The extended key usage does not include") => &[Kind::WrongUsage, Kind::UsageNotNested],
        _ => &[],
    }
}

fn is_found(verdict: &Verdict, at: usize, error: &str) -> bool {
    let wanted = kinds(error);
    verdict.chain.errors().any(|(on, fault)| {
        // That a chain is partial is said of the chain; that a key cannot be used, of what it signed.
        let place = match fault.kind {
            Kind::PartialChain => true,
            Kind::UnusableKey => on.is_some_and(|on| on + 1 == at),
            _ => on == Some(at),
        };
        place && wanted.contains(&fault.kind)
    })
}

#[test]
fn every_fault_is_found_on_its_certificate_or_explained() {
    let outcome = run();
    let unexplained: Vec<_> =
        outcome.disagreements.iter().filter(|(id, _)| !DISAGREEMENTS.iter().any(|(known, _)| known == id)).collect();
    assert!(unexplained.is_empty(), "{unexplained:#?}");
    let stale: Vec<_> =
        DISAGREEMENTS.iter().filter(|(id, _)| !outcome.disagreements.iter().any(|(found, _)| found == id)).collect();
    assert!(stale.is_empty(), "no longer disagreements: {stale:?}");
}
