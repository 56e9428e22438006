//! `perennial import-ndes` as it is typed: with which status it ends, and that `perennial check` takes what it prints.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test touches files and programs"
)]

use std::path::Path;
use std::process::{Command, Output};

const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/doctor");

fn perennial(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_perennial")).args(arguments).output().unwrap()
}

fn check(configuration: &[u8], folder: &Path) {
    let file = folder.join("perennial.toml");
    std::fs::write(&file, configuration).unwrap();
    let output = perennial(&["check", "--config", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
fn status_1_and_a_good_configuration_where_somebody_must_decide() {
    let folder = tempfile::tempdir().unwrap();
    let registry = format!("{FIXTURES}/registry/MSCEP.reg");
    let iis = format!("{FIXTURES}/iis/ws2022-applicationHost.config");
    let output = perennial(&["import-ndes", &registry, "--applicationhost", &iis]);
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("listen = \"0.0.0.0:80\"  # applicationHost.config: http *:80:"), "{text}");
    check(text.as_bytes(), folder.path());

    let output = perennial(&["import-ndes", &registry, "--json"]);
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    check(json["configuration"].as_str().unwrap().as_bytes(), folder.path());
    assert!(json["notes"].as_array().unwrap().iter().any(|note| note["needs"] == "you"));
}

#[test]
fn status_0_where_everything_has_its_equivalent() {
    let folder = tempfile::tempdir().unwrap();
    let mut text = "Windows Registry Editor Version 5.00\r\n".to_owned();
    let base = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP";
    text.push_str(&format!("\r\n[{base}]\r\n"));
    for slot in ["SignatureTemplate", "EncryptionTemplate", "GeneralPurposeTemplate"] {
        text.push_str(&format!("\"{slot}\"=\"IPSECIntermediateOffline\"\r\n"));
    }
    text.push_str(&format!("\r\n[{base}\\EnforcePassword]\r\n\"EnforcePassword\"=dword:00000001\r\n"));
    let registry = folder.path().join("MSCEP.reg");
    std::fs::write(&registry, text).unwrap();
    let original = std::fs::read_to_string(format!("{FIXTURES}/iis/ws2022-applicationHost.config")).unwrap();
    let iis = folder.path().join("applicationHost.config");
    std::fs::write(&iis, original.replace("*:80:", "*:80:scep.example.com")).unwrap();
    let output = perennial(&["import-ndes", registry.to_str().unwrap(), "--applicationhost", iis.to_str().unwrap()]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(text.contains("public_url = \"http://scep.example.com\""), "{text}");
    check(text.as_bytes(), folder.path());
}

#[test]
fn status_2_where_there_is_no_ndes() {
    let other = format!("{FIXTURES}/registry/ConfigurationStatus.reg");
    for path in [other.as_str(), "/nowhere/MSCEP.reg"] {
        let output = perennial(&["import-ndes", path]);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
    }
    let output = perennial(&["import-ndes", &other]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("import.foreign"));
}
