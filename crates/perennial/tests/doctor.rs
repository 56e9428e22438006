//! `perennial doctor` as it is typed: what it reads, and with which status it ends.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::disallowed_methods,
    reason = "a test touches files and programs"
)]

#[path = "../../doctor/tests/synthetic/mod.rs"]
mod synthetic;

use std::io::Write;
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

/// Gigabytes of nothing behind every kind of beginning: seconds, and hardly any memory.
#[test]
fn sparse_files_of_ten_gigabytes_are_passed_over() {
    let registry = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\Modules\\NDESPolicy]\r\n\"NDESCertThumbprint\"=\"";
    let utf16: Vec<u8> = [0xfeff].into_iter().chain(registry.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    const TEN: u64 = 10_000_000_000;
    let iis = b"#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time";
    let events = b"<Events><Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>";
    let beginnings: [(&str, &[u8], u64, i32); 8] = [
        ("begun.evtx", b"ElfFile\0", TEN, 3),
        ("u_ex.log", iis, TEN, 3),
        ("MSCEP.reg", &utf16, TEN, 2),
        ("empty.evtx", b"", TEN / 10, 3),
        ("empty.log", b"", TEN / 10, 3),
        ("empty.reg", b"", TEN / 10, 3),
        ("NDESPlugin.log", b"<![LOG[Calling VerifyRequest ...", TEN / 10, 2),
        ("events.xml", events, TEN / 10, 2),
    ];
    for (name, beginning, length, status) in beginnings {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        let mut file = std::fs::File::create(&path).unwrap();
        file.write_all(beginning).unwrap();
        file.set_len(length).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_perennial"))
            .args(["doctor", path.to_str().unwrap()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut most, mut ticks) = (0, 0);
        let ended = loop {
            most = most.max(memory(child.id()).unwrap_or(0));
            ticks = ticks.max(processor_time(child.id()).unwrap_or(0));
            match child.try_wait().unwrap() {
                Some(ended) => break ended,
                None => std::thread::sleep(std::time::Duration::from_millis(20)),
            }
        };
        // Neighbours may be busy, and the program under test is not optimised.
        assert_eq!(ended.code(), Some(status), "{name}");
        assert!(ticks < 30 * 100, "{name}: {ticks} ticks");
        assert!(most < 64 << 10, "{name}: {most} KiB");
    }
}

/// Processor time that a process itself has spent so far, in hundredths of a second: field 14 of `/proc/PID/stat`. What the
/// system spends on finding room for the file in its cache depends on the machine.
fn processor_time(process: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    stat.rsplit_once(')')?.1.split_whitespace().nth(11)?.parse().ok()
}

/// The most memory a process held, in KiB.
fn memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    status.lines().find(|line| line.starts_with("VmHWM:"))?.split_whitespace().nth(1)?.parse().ok()
}

/// Links are not followed: one that leads back to its own folder would have no end.
#[test]
fn a_ring_of_links_ends() {
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("logs");
    std::fs::create_dir(&inner).unwrap();
    std::os::unix::fs::symlink(folder.path(), inner.join("back")).unwrap();
    std::fs::write(inner.join("MSCEP.reg"), synthetic::files::reg(&Deployment::healthy())).unwrap();
    let output = doctor(&[folder.path().to_str().unwrap(), "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["sources"].as_array().unwrap().len(), 1, "{}", said(&output));
}

/// An archive in an archive in an archive: the inner ones are named and not opened.
#[test]
fn archives_in_archives_are_not_opened() {
    let folder = tempfile::tempdir().unwrap();
    let mut octets = synthetic::files::reg(&Deployment::healthy());
    for depth in 0..3 {
        let path = folder.path().join("nested.zip");
        zipped(&[(format!("inner-{depth}.zip"), octets)], &path);
        octets = std::fs::read(&path).unwrap();
    }
    let output = doctor(&[folder.path().join("nested.zip").to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    let words = said(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("an archive inside an archive is not opened"), "{words}");
}

/// Many entries that all point at the same packed octets unpack to no more than what is allowed for each.
#[test]
fn a_bomb_of_many_entries_ends_in_said_limits() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("many.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&archive).unwrap());
    let zeros = vec![0; 1 << 20];
    for n in 0..2 {
        zip.start_file(format!("{n}.log"), zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(b"#Software: Microsoft Internet Information Services 10.0\r\n").unwrap();
        (0..66).for_each(|_| zip.write_all(&zeros).unwrap());
    }
    zip.finish().unwrap();
    let output = doctor(&[archive.to_str().unwrap(), "--format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let said =
        report["remarks"].as_array().unwrap().iter().filter(|remark| remark.as_str().unwrap().contains("larger than"));
    assert_eq!(said.count(), 2, "{report}");
    let octets = report["sources"].as_array().unwrap().iter().map(|source| source["octets"].as_u64().unwrap());
    assert!(octets.max().unwrap() <= 64 << 20);
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
