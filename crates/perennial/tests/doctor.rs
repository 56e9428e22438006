//! `perennial doctor` as it is typed: what it reads, and with which status it ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test touches files and programs"
)]

#[path = "../../doctor/tests/synthetic/mod.rs"]
mod synthetic;

use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use synthetic::{Deployment, TWIN, sick};

fn doctor(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_perennial"));
    command.args(["doctor", "--at", "2026-11-24T12:00:00Z"]).args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn lay(deployment: &Deployment, folder: &Path) {
    for (name, octets) in deployment.files() {
        std::fs::write(folder.join(name), octets).unwrap();
    }
}

fn incident() -> Deployment {
    let mut deployment = Deployment::healthy();
    (sick::ALL[0].ail)(&mut deployment);
    deployment
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn status_0_for_a_healthy_folder_and_1_for_the_incident() {
    let folder = tempfile::tempdir().unwrap();
    let mut healthy = Deployment::healthy();
    // Answers of a live server are no file.
    healthy.probes.clear();
    lay(&healthy, folder.path());
    let output = doctor(&[folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("Nothing is wrong"));

    lay(&incident(), folder.path());
    let output = doctor(&[folder.path().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains(&format!("/d {TWIN} /f")), "{}", said(&output));
}

#[test]
fn status_2_for_too_little_and_3_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let reg = folder.path().join("MSCEP.reg");
    std::fs::write(&reg, synthetic::files::reg(&Deployment::healthy())).unwrap();
    assert_eq!(doctor(&[reg.to_str().unwrap()]).status.code(), Some(2));
    let picture = folder.path().join("holiday.jpg");
    std::fs::write(&picture, b"\xff\xd8\xff\xe0 a picture").unwrap();
    let output = doctor(&[picture.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("the content is not of a known kind"), "{}", said(&output));
    let nowhere = doctor(&[folder.path().join("nowhere").to_str().unwrap()]);
    assert_eq!(nowhere.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("doctor.path"));
}

fn zipped(files: &[(String, Vec<u8>)], path: &Path) {
    let mut zip = zip::ZipWriter::new(std::fs::File::create(path).unwrap());
    for (name, octets) in files {
        zip.start_file(name.as_str(), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(octets).unwrap();
    }
    zip.finish().unwrap();
}

#[test]
fn an_archive_is_read_like_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("evidence.zip");
    zipped(&incident().files(), &archive);
    let output = doctor(&[archive.to_str().unwrap(), "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["findings"][0]["code"], "F-01");
    assert_eq!(report["findings"][0]["certainty"], "certain");
    let file = report["findings"][0]["because"][0]["file"].as_str().unwrap();
    assert!(file.ends_with("evidence.zip/MSCEP.reg"), "{file}");
}

/// 128 MiB of zeros pack to an eighth of a megabyte: it is stopped and said.
#[test]
fn a_zip_bomb_ends_in_a_said_limit() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("bomb.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
    zip.start_file("Security.evtx", zip::write::SimpleFileOptions::default()).unwrap();
    let zeros = vec![0; 1 << 20];
    (0..128).for_each(|_| zip.write_all(&zeros).unwrap());
    zip.finish().unwrap();
    let output = doctor(&[archive.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(said(&output).contains("larger than may be read"), "{}", said(&output));
}

#[test]
fn a_sparse_file_of_gigabytes_is_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sparse.evtx");
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(b"ElfFile\0").unwrap();
    file.seek(SeekFrom::Start((1 << 30) - 1)).unwrap();
    file.write_all(&[0]).unwrap();
    drop(file);
    assert_eq!(doctor(&[path.to_str().unwrap()]).status.code(), Some(3));
}

#[test]
fn pasted_text_comes_from_standard_input() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_perennial"))
        .args(["doctor", "-", "--lang", "de"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let paste = include_bytes!("../../../fixtures/doctor/synthetic/incident-paste.txt");
    child.stdin.take().unwrap().write_all(paste).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).contains("Das fest eingetragene Client-Zertifikat ist abgelaufen (F-01, wahrscheinlich)."));
}

#[test]
fn what_to_collect_needs_no_evidence() {
    let output = doctor(&["--what-to-collect"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(said(&output).contains("wevtutil sl Microsoft-Windows-CAPI2/Operational /e:true"));
}
