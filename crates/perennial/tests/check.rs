//! `perennial check` as it is typed: what it warns of.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test touches files and programs")]

use std::path::Path;
use std::process::Command;

/// A root that ended in 2020.
const ENDED: &str = include_str!("../../../fixtures/suites/openssl-test-verify/certs/root-expired.pem");
const WARNING: &str = "WARNING: CN=Root CA IN trust/issuing-ca.pem ENDED ON 2020-12-11T20:17:04Z: its clients \
                       are refused, and so are those of every CA below it.";

fn said(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_perennial")).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn check(folder: &Path) -> String {
    said(&["check", "--config", folder.join("perennial.toml").to_str().unwrap()])
}

/// Beside a good issuing CA it keeps every client out.
#[test]
fn an_expired_certificate_among_the_issuers_of_clients_is_warned_of() {
    let scratch = tempfile::tempdir().unwrap();
    let (service, point) = (scratch.path().join("service"), scratch.path().join("point"));
    let mut init = vec!["init", service.to_str().unwrap(), "--root-key", "p-256", "--ca-key", "p-256"];
    init.extend(["--with-registration-point", "--registration-point-folder", point.to_str().unwrap()]);
    said(&init);
    let file = point.join("trust/issuing-ca.pem");
    let good = std::fs::read_to_string(&file).unwrap();
    assert!(!check(&point).contains("WARNING"));
    std::fs::write(&file, good + ENDED).unwrap();
    assert!(check(&point).contains(WARNING), "{}", check(&point));
}
