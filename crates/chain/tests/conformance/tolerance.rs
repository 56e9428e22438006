//! Certificates that are odd on purpose: each is read, and what is odd about it is a finding.

use chain::{Question, Rules, Store, judge};
use pki::der::Reader;
use pki::{Certificate, oid};

use crate::support::{blocks, codes, path, read, time, unpack};

#[derive(Default)]
pub struct Outcome {
    pub certificates: usize,
    pub parsed: usize,
    pub with_findings: usize,
    pub refused: Vec<String>,
}

/// zlint's 813 files.
pub fn zlint() -> Outcome {
    let mut outcome = Outcome::default();
    for (name, content) in tar(&unpack(&read("zlint/testdata.tar.xz"))) {
        let mut found = blocks(&content, "CERTIFICATE");
        // A few files are the text of the certificate with its PEM form, or the PEM form without the first line.
        found.dedup();
        for der in found {
            one(&name, &der, &mut outcome);
        }
    }
    outcome
}

/// OpenSSL's test certificates; half of them carry trust settings after the certificate.
pub fn openssl() -> Outcome {
    let mut outcome = Outcome::default();
    let mut names: Vec<_> = std::fs::read_dir(path("openssl-test-verify/certs"))
        .expect("the folder")
        .map(|e| e.expect("entry").path())
        .collect();
    names.sort();
    for name in names {
        let content = std::fs::read(&name).expect("the file");
        let shown = name.file_name().unwrap_or_default().to_string_lossy().into_owned();
        for label in ["CERTIFICATE", "TRUSTED CERTIFICATE", "X509 CERTIFICATE"] {
            for der in blocks(&content, label) {
                one(&shown, &der, &mut outcome);
            }
        }
    }
    outcome
}

fn one(name: &str, der: &[u8], outcome: &mut Outcome) {
    outcome.certificates += 1;
    let Ok(certificate) = Certificate::read(&mut Reader::new(der)) else {
        outcome.refused.push(name.to_owned());
        return;
    };
    outcome.parsed += 1;
    let mut store = Store::new();
    store.trust(&certificate);
    let usages = [oid::SERVER_AUTH];
    let question = Question {
        rules: Rules::Rfc5280,
        usages: &usages,
        ..Question::new(&certificate, time("2020-01-01T00:00:00Z"))
    };
    outcome.with_findings += usize::from(!codes(&judge(&store, &question)).is_empty());
}

/// The plain files of a tar archive (POSIX ustar).
fn tar(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    let mut at = 0;
    while let Some(header) = archive.get(at..at + 512) {
        let field = |range: std::ops::Range<usize>| {
            let text: Vec<u8> = header[range].iter().copied().take_while(|b| *b != 0).collect();
            String::from_utf8_lossy(&text).trim().to_owned()
        };
        let Ok(size) = usize::from_str_radix(&field(124..136), 8) else { break };
        if matches!(header[156], b'0' | 0) {
            out.push((field(0..100), archive[at + 512..at + 512 + size].to_vec()));
        }
        at += 512 + size.div_ceil(512) * 512;
    }
    out
}

#[test]
fn every_certificate_is_read() {
    let (zlint, openssl) = (zlint(), openssl());
    assert!(zlint.refused.is_empty() && openssl.refused.is_empty(), "{:?} {:?}", zlint.refused, openssl.refused);
    assert!(zlint.certificates > 700 && openssl.certificates > 100);
}

/// A sample of zlint's lints of which the name says what is wrong, and the code that says it too.
#[test]
fn oddities_are_findings() {
    let expected = [
        ("dnsNameUnderscoreInSLD.pem", "CHAIN-NAME-MALFORMED"),
        ("rsawithsha1after2016.pem", "CHAIN-WEAK-SIGNATURE"),
        ("caMaxPathNegative.pem", "CHAIN-BASIC-CONSTRAINTS-UNREADABLE"),
        ("certPolicyDuplicateShort.pem", "CHAIN-EXTENSION-UNREADABLE"),
        ("validityNegative.pem", "CHAIN-TIME-ODD"),
    ];
    let files = tar(&unpack(&read("zlint/testdata.tar.xz")));
    for (file, code) in expected {
        let found = files.iter().find(|(name, _)| name.ends_with(&format!("/{file}")));
        let content = &found.unwrap_or_else(|| panic!("{file} is in the suite")).1;
        let certificate = Certificate::parse(&blocks(content, "CERTIFICATE")[0]).expect("a certificate");
        let question =
            Question { rules: Rules::Rfc5280, ..Question::new(&certificate, certificate.validity().not_before) };
        let codes = codes(&judge(&Store::new(), &question));
        assert!(codes.contains(&code), "{file}: {codes:?}");
    }
}
