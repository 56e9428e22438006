//! The chain engine: OCSP answers, and path building with whatever certificates and lists somebody sends.

use std::hint::black_box;

use chain::ocsp::OcspResponse;
use chain::policy::{Policy, Ssl};
use chain::render::{EventContext, events, json, text};
use chain::{Alternatives, Budget, Chain, ErrorStatus, Question, Revocation, Rules, Store, judge};
use pki::der::Reader;
use pki::{Certificate, Crl, Time, oid, pem};

use super::fixtures;

/// A time at which most certificates of the suites are valid.
const AT: Time = Time(1_600_000_000);

/// An OCSP answer, read and then asked about the certificate of a real one.
pub fn ocsp(data: &[u8]) {
    let Ok(response) = OcspResponse::parse(data) else { return };
    assert_eq!(response.der(), data);
    black_box(response.status());
    let pem = fixtures::read("suites/boringssl-pki/ocsp_unittest/good_response.pem");
    let objects = pem::decode(&String::from_utf8_lossy(&pem));
    let certificate = |label: &str| {
        let found = objects.iter().find(|p| p.label == label).and_then(|p| Certificate::parse(&p.der).ok());
        found.unwrap_or_else(|| panic!("{label} of the fixture"))
    };
    let (ca, leaf) = (certificate("CA CERTIFICATE"), certificate("CERTIFICATE"));
    let mut store = Store::new();
    store.trust(&ca);
    store.add_response(response);
    let at = Time(1_488_672_000);
    black_box(judge(&store, &Question { revocation: Revocation::EndCertificate, ..Question::new(&leaf, at) }));
}

pub(super) fn ocsp_seeds() -> Vec<Vec<u8>> {
    objects("suites/boringssl-pki/ocsp_unittest", "OCSP RESPONSE")
}

/// Certificates and lists one after another: the first certificate is asked about, the last one trusted.
pub fn chain_build(data: &[u8]) {
    let (certificates, lists) = read_all(data);
    let (Some(leaf), Some(root)) = (certificates.first(), certificates.last()) else { return };
    let mut store = Store::new();
    store.trust(root);
    for crl in lists {
        store.add_crl(crl);
    }
    for rules in [Rules::Windows, Rules::Rfc5280] {
        let question = Question {
            additional: &certificates,
            rules,
            usages: &[oid::SERVER_AUTH],
            revocation: Revocation::Chain,
            alternatives: Alternatives::All,
            budget: Budget { steps: 256, signatures: 32, chains: 8, name_comparisons: 65_536, ..Budget::default() },
            ..Question::new(leaf, AT)
        };
        let verdict = judge(&store, &question);
        let every = std::iter::once(&verdict.chain).chain(&verdict.alternatives);
        every.for_each(holds);
        let ssl = Ssl { server_name: Some("www.example.test".to_owned()), ..Ssl::default() };
        let status = Policy::SslServer(ssl).apply(&verdict.chain);
        assert!(verdict.chain.is_good() || status.result != 0, "an error bit that no policy refuses");
        black_box((text(&verdict, Some(&status)), json(&verdict, Some(&status))));
        let (computer, process, task) = ("host".to_owned(), "fuzz".to_owned(), "task".to_owned());
        let context = EventContext { computer, process, created: AT, task, record: 1 };
        black_box(events(&question, &verdict, Some(&status), &context));
    }
}

/// What holds for every chain: its word is that of its elements and of what only a chain can have, every bit has a
/// fault that sets it, and every fault says something.
fn holds(chain: &Chain) {
    let mut word = ErrorStatus(0);
    for (_, fault) in chain.all_faults() {
        word |= fault.bits;
        assert!(!fault.says.is_empty());
    }
    assert_eq!(word, chain.error, "the chain's word is the sum of its faults");
    for element in &chain.elements {
        assert_eq!(element.error.0 & !chain.error.0, 0, "an element's bit is not in the chain's word");
    }
}

fn read_all(data: &[u8]) -> (Vec<Certificate>, Vec<Crl>) {
    let (mut certificates, mut lists) = (Vec::new(), Vec::new());
    let mut reader = Reader::new(data);
    while let Ok(element) = reader.any() {
        if let Ok(certificate) = Certificate::parse(element.raw) {
            certificates.push(certificate);
        } else if let Ok(crl) = Crl::parse(element.raw) {
            lists.push(crl);
        }
        if certificates.len() + lists.len() == 16 {
            break;
        }
    }
    (certificates, lists)
}

pub(super) fn chain_build_seeds() -> Vec<Vec<u8>> {
    let files = fixtures::all("suites/boringssl-pki/verify_certificate_chain_unittest", "chain.pem");
    let mut seeds: Vec<Vec<u8>> = files.iter().map(|pem| concatenated(pem)).filter(|seed| !seed.is_empty()).collect();
    seeds.extend(fixtures::all("suites/boringssl-pki/crl_unittest", ".pem").iter().map(|pem| concatenated(pem)));
    let pkits = ["ValidCertificatePathTest1EE", "GoodCACert", "TrustAnchorRootCertificate"];
    let mut valid: Vec<u8> =
        pkits.iter().flat_map(|name| fixtures::read(&format!("suites/nist-pkits/certs/{name}.crt"))).collect();
    valid.extend(fixtures::read("suites/nist-pkits/crls/GoodCACRL.crl"));
    seeds.push(valid);
    seeds
}

fn concatenated(pem: &[u8]) -> Vec<u8> {
    pem::decode(&String::from_utf8_lossy(pem)).into_iter().flat_map(|object| object.der).collect()
}

fn objects(folder: &str, label: &str) -> Vec<Vec<u8>> {
    let files = fixtures::all(folder, ".pem");
    let found = files.iter().flat_map(|pem| pem::decode(&String::from_utf8_lossy(pem)));
    found.filter(|object| object.label == label).map(|object| object.der).collect()
}
