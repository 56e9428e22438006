//! BoringSSL's revocation lists (65) and OCSP answers (36).

use chain::ocsp::OcspResponse;
use chain::trust::result;
use chain::{Question, Revocation, Rules, Store, judge};
use pki::{Certificate, Crl};

use crate::support::{blocks, json, path, read, text, time};

#[derive(Default)]
pub struct Outcome {
    pub total: usize,
    pub passed: usize,
    pub disagreements: Vec<(String, String)>,
}

const WEEK: i64 = 7 * 86_400;

pub fn lists() -> Outcome {
    let mut outcome = Outcome::default();
    for case in json("boringssl-pki/crl_index.json").as_array().expect("cases") {
        let pem = read(&format!("boringssl-pki/{}", text(case, "file")));
        let mut store = store(&pem);
        for der in blocks(&pem, "CRL") {
            // One that cannot be read is one there is none of.
            if let Ok(crl) = Crl::parse(&der) {
                store.add_crl(crl);
            }
        }
        one(&store, &pem, text(case, "id"), text(case, "time"), text(case, "expected_status"), &mut outcome);
    }
    outcome
}

pub fn answers() -> Outcome {
    let mut outcome = Outcome::default();
    let mut names: Vec<String> = std::fs::read_dir(path("boringssl-pki/ocsp_unittest"))
        .expect("the folder")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    for name in names {
        let pem = read(&format!("boringssl-pki/ocsp_unittest/{name}"));
        let mut store = store(&pem);
        for der in blocks(&pem, "OCSP RESPONSE") {
            if let Ok(response) = OcspResponse::parse(&der) {
                store.add_response(response);
            }
        }
        one(&store, &pem, &name, "2017-03-05T00:00:00Z", expected(&name), &mut outcome);
    }
    outcome
}

/// What each file is for stands in its first line.
fn expected(name: &str) -> &'static str {
    match name.trim_end_matches(".pem") {
        // The certificate's serial number is written with a zero too many, and so is the answer's.
        "good_response_invalid_serial" => "good",
        "revoke_response" | "revoke_response_reason" | "multiple_response_good_revoked" => "revoked",
        "good_response"
        | "good_response_next_update"
        | "good_response_sha256"
        | "has_extension"
        | "has_single_extension"
        | "has_version"
        | "multiple_response"
        | "ocsp_extra_certs"
        | "ocsp_sign_direct"
        | "ocsp_sign_indirect"
        | "responder_id"
        | "responder_name"
        | "produced_early_response"
        | "produced_late_response" => "good",
        _ => "unknown",
    }
}

/// The issuer, trusted, and another of its generations if there is one.
fn store(pem: &[u8]) -> Store {
    let mut store = Store::new();
    for label in ["CA CERTIFICATE", "CA CERTIFICATE 2"] {
        for der in blocks(pem, label) {
            store.trust(&Certificate::parse(&der).expect("a certificate"));
        }
    }
    store
}

fn one(store: &Store, pem: &[u8], id: &str, at: &str, expected: &str, outcome: &mut Outcome) {
    let leaf = Certificate::parse(&blocks(pem, "CERTIFICATE")[0]).expect("a certificate");
    let question = Question {
        rules: Rules::Rfc5280,
        revocation: Revocation::EndCertificate,
        revocation_age: Some(WEEK),
        ..Question::new(&leaf, time(at))
    };
    let verdict = judge(store, &question);
    let found = verdict.chain.elements[0].revocation.clone().expect("revocation was asked for");
    let status = match found.result {
        result::OK => "good",
        result::CRYPT_E_REVOKED => "revoked",
        _ => "unknown",
    };
    outcome.total += 1;
    if status == expected {
        outcome.passed += 1;
    } else {
        outcome
            .disagreements
            .push((id.to_owned(), format!("expected {expected}, found {status}: {:?}", found.because)));
    }
}

/// Lists of which the suite says that nothing can be told from them, and we can.
pub const DISAGREEMENTS: &[(&str, &str)] = &[
    (
        "crl/bad_crldp_has_crlissuer",
        "the certificate names another CRL issuer, but the list is its own issuer's and covers \
      everything: RFC 5280 §6.3.3 ends with a look at such lists",
    ),
    (
        "crl/bad_idp_indirectcrl",
        "an indirect list of the certificate's own issuer is a list like another; BoringSSL has no \
      indirect lists",
    ),
];

#[test]
fn every_list_says_what_it_should() {
    let outcome = lists();
    let found: Vec<&str> = outcome.disagreements.iter().map(|(id, _)| id.as_str()).collect();
    let known: Vec<&str> = DISAGREEMENTS.iter().map(|(id, _)| *id).collect();
    assert_eq!(found, known, "{:#?}", outcome.disagreements);
}

#[test]
fn every_answer_says_what_it_should() {
    let outcome = answers();
    assert_eq!(outcome.passed, outcome.total, "{:#?}", outcome.disagreements);
}
