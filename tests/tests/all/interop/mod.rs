//! Other people's programs and habits against the real service.

mod by_hand;
mod certmonger;
mod challenge_page;
mod client;
mod conversations;
mod divergences;
mod doors;
mod objects;
mod operation;
mod quirks;
mod scepclient;
mod scepserver;
mod strongswan;

use std::path::Path;

use crate::harness::Service;
use crate::harness::program::{Ran, foreign};

/// What openssl(1) says to these arguments in a folder.
fn openssl(folder: &Path, arguments: &[&str]) -> Ran {
    foreign(Path::new("openssl"), folder, arguments).succeeded()
}

/// The serial number of a certificate in a file, as openssl(1) reads it.
fn serial(folder: &Path, file: &str) -> String {
    openssl(folder, &["x509", "-in", file, "-noout", "-serial"])
        .text()
        .trim()
        .trim_start_matches("serial=")
        .to_ascii_lowercase()
}

/// Writes the CA certificates of a service into files: `root.pem`, `issuing.pem`, and both in `chain.pem`.
fn keep_authorities(service: &Service, folder: &Path) {
    for name in ["root", "issuing"] {
        std::fs::write(folder.join(format!("{name}.crt")), service.get(&format!("/ca/{name}.crt")).body).expect("kept");
        let (input, output) = (format!("{name}.crt"), format!("{name}.pem"));
        openssl(folder, &["x509", "-inform", "DER", "-in", &input, "-out", &output]);
    }
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).expect("a certificate");
    std::fs::write(folder.join("chain.pem"), read("root.pem") + &read("issuing.pem")).expect("kept");
}

/// A certificate in a file, which openssl(1) must find good for TLS clients under the service's CA.
fn verified(folder: &Path, file: &str) {
    let arguments =
        ["verify", "-x509_strict", "-purpose", "sslclient", "-CAfile", "root.pem", "-untrusted", "issuing.pem", file];
    let said = openssl(folder, &arguments).text();
    assert!(said.contains(": OK"), "{said}");
}

/// Waits until one case is pending, and approves it as an operator does.
fn approve_the_only_case(service: &Service) {
    let begun = std::time::Instant::now();
    let case = loop {
        let cases = service.operator(&["case", "list", "--state", "pending"]);
        if let Some(case) = cases[0]["id"].as_str() {
            break case.to_owned();
        }
        assert!(begun.elapsed().as_secs() < 30, "no case is pending: {}", service.log());
        std::thread::sleep(std::time::Duration::from_millis(100));
    };
    service.operator(&["case", "approve", &case]);
}

/// A renewal window as long as the life of the certificates, so that renewal is due at once.
fn always_due(config: String) -> String {
    let due = "[endpoint.default]\nrenewal = { window = \"400d\" }\n";
    let changed = config.replace("[endpoint.default]\n", due);
    assert_ne!(config, changed);
    changed
}

/// The renewals of the audit.
fn renewals(service: &Service) -> usize {
    let listed = service.operator(&["cert", "list"]);
    let listed = listed.as_array().expect("certificates");
    listed.iter().filter(|c| c["authority"].as_str().is_some_and(|a| a.starts_with("renewal"))).count()
}
