//! `perennial demo incident`: what it tells is what the README quotes, and what it leaves behind is what the doctor
//! finds the cause in.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test touches files and programs"
)]

use std::path::Path;
use std::process::{Command, Output};

fn perennial(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_perennial")).args(arguments).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The block that the README quotes under this command.
fn quoted(readme: &str) -> &str {
    let (_, after) = readme.split_once("## The incident").expect("the section");
    let (_, block) = after.split_once("```text\n").expect("a quotation");
    block.split_once("```").expect("its end").0
}

/// The thumbprint the story names with this word.
fn thumbprint(told: &str, word: &str) -> String {
    let line = told.lines().find(|line| line.starts_with(word)).expect(word);
    line.trim_start_matches(word).trim().to_owned()
}

#[test]
fn the_incident_goes_as_it_is_told_and_the_doctor_finds_the_cause_in_what_it_leaves() {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("evidence");
    let output = perennial(&["demo", "incident", "--dir", folder.to_str().unwrap()]);
    let told = said(&output);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")).unwrap();
    assert!(told.contains(quoted(&readme)), "README quotes:\n{}\nthe program says:\n{told}", quoted(&readme));
    let (pinned, renewed) = (thumbprint(&told, "pinned"), thumbprint(&told, "renewed"));
    assert_ne!(pinned, renewed);

    let registry = std::fs::read(folder.join("MSCEP.reg")).unwrap();
    assert_eq!(registry[..2], [0xff, 0xfe], "UTF-16, least octet first");
    let events = std::fs::read_to_string(folder.join("CAPI2.xml")).unwrap();
    assert!(events.contains("<EventID>11</EventID>") && events.contains("<EventID>30</EventID>"));

    // When it was collected, and much later.
    for at in ["2026-01-16T06:00:00Z", "2027-06-01T00:00:00Z"] {
        let output = perennial(&["doctor", folder.to_str().unwrap(), "--format", "json", "--at", at]);
        assert_eq!(output.status.code(), Some(1));
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let findings = report["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert_eq!(findings[0]["code"], "F-01");
        assert_eq!(findings[0]["certainty"], "certain");
        let commands = findings[0]["commands"].to_string();
        assert!(commands.contains(&format!("/d {renewed} /f")), "{commands}");
        assert!(!commands.contains(&pinned), "{commands}");
    }

    // Whoever moves away from such a machine is told of the pin.
    let registry = folder.join("MSCEP.reg");
    let registry = registry.to_str().unwrap();
    let certificates = folder.to_str().unwrap();
    let imported = said(&perennial(&["import-ndes", registry, "--certificates", certificates, "--at", "2026-01-16"]));
    let expected =
        format!("# The pin: the pinned certificate {pinned} (CN=Example Policy Module, O=Example) expired at ");
    assert!(imported.contains(&expected), "{imported}");
    assert!(imported.contains(&format!("; its successor is {renewed}, until ")), "{imported}");
    assert!(imported.contains(&format!("\n# thumbprint = \"{pinned}\"  # ")), "{imported}");
}

#[test]
fn a_folder_that_holds_something_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.txt"), "mine").unwrap();
    let output = perennial(&["demo", "incident", "--dir", folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("demo.folder"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
