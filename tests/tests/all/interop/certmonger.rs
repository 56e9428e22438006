//! certmonger 0.79 (Debian's package `certmonger`), which always asks by GET: its helper `scep-submit` alone, and the
//! whole daemon on a socket of its own with `getcert` in front.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::{always_due, approve_the_only_case, keep_authorities, openssl, renewals, serial, verified};
use crate::harness::program::{Ran, find, foreign, need, run};
use crate::harness::{Options, Service};

const SUBMIT: &str = "/usr/lib/certmonger/scep-submit";

#[test]
fn scep_submit_reads_capabilities_and_certificates() {
    let program = need!(SUBMIT);
    need!("openssl");
    let service = Service::start(Options::default());
    let url = service.url("/scep");
    let capabilities = foreign(&program, service.scratch(), &["-u", &url, "-c"]).succeeded().text();
    assert!(capabilities.lines().any(|line| line == "SCEPStandard"), "{capabilities}");
    let certificates = foreign(&program, service.scratch(), &["-u", &url, "-C"]).succeeded();
    std::fs::write(service.scratch().join("all.pem"), &certificates.stdout).expect("kept");
    assert_eq!(certificates.text().matches("BEGIN CERTIFICATE").count(), 4);
    // It puts what it would encrypt to first.
    let subject = openssl(service.scratch(), &["x509", "-in", "all.pem", "-noout", "-subject"]).text();
    assert!(subject.contains("RA Encryption"), "{subject}");
}

/// certmonger with everything it writes in a folder of its own.
struct Certmonger {
    folder: tempfile::TempDir,
    getcert: PathBuf,
    child: Child,
}

impl Certmonger {
    fn start() -> Option<Certmonger> {
        let (program, getcert) = (find("certmonger")?, find("getcert")?);
        find("openssl")?;
        let folder = tempfile::tempdir().expect("a folder");
        for (_, part) in Certmonger::PLACES {
            std::fs::create_dir(folder.path().join(part)).expect("a folder");
        }
        let socket = folder.path().join("socket");
        let mut command = Command::new(program);
        command.arg("-n").arg("-L").arg("-P").arg(&socket);
        Certmonger::at(&mut command, folder.path());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let certmonger = Certmonger { folder, getcert, child: child.expect("certmonger starts") };
        let begun = Instant::now();
        while !certmonger.getcert(&["list-cas"]).status.success() {
            assert!(begun.elapsed() < Duration::from_secs(30), "certmonger does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(certmonger)
    }

    const PLACES: [(&str, &str); 5] = [
        ("CERTMONGER_REQUESTS_DIR", "requests"),
        ("CERTMONGER_CAS_DIR", "cas"),
        ("CERTMONGER_LOCAL_CA_DIR", "local"),
        ("CERTMONGER_CONFIG_DIR", "etc"),
        ("CERTMONGER_TMPDIR", "tmp"),
    ];

    fn at(command: &mut Command, folder: &Path) {
        command.envs(Certmonger::PLACES.map(|(name, part)| (name, folder.join(part))));
        // Where there is only one of them, it would be the system's.
        command.env("CERTMONGER_SYSTEM_LOCK_FILE", folder.join("lock")).env("HOME", folder).current_dir(folder);
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn getcert(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(&self.getcert);
        Certmonger::at(&mut command, self.folder());
        let socket = format!("unix:path={}", self.folder().join("socket").display());
        run(command.args(arguments).env("CERTMONGER_PVT_ADDRESS", socket), Duration::from_secs(60))
    }

    /// Makes the service known, and asks for a certificate in `c.pem`.
    fn request(&self, url: &str, more: &[&str]) {
        self.getcert(&["add-scep-ca", "-c", "t", "-u", url]).succeeded();
        let (key, certificate) = (self.folder().join("k.pem"), self.folder().join("c.pem"));
        let (key, certificate) = (key.display().to_string(), certificate.display().to_string());
        let fixed = ["request", "-c", "t", "-I", "id", "-k", &key, "-f", &certificate, "-N", "CN=dev-1"];
        self.getcert(&[&fixed[..], &["-D", "dev-1.example.test"], more].concat()).succeeded();
    }

    fn status(&self) -> String {
        self.getcert(&["list", "-i", "id"]).text()
    }

    /// Waits for a state of the request.
    fn wait_for(&self, state: &str) {
        let begun = Instant::now();
        while !self.status().contains(&format!("status: {state}")) {
            assert!(begun.elapsed() < Duration::from_secs(90), "not {state}: {}", self.status());
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn verified(&self, service: &Service) -> String {
        keep_authorities(service, self.folder());
        verified(self.folder(), "c.pem");
        serial(self.folder(), "c.pem")
    }
}

impl Drop for Certmonger {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn enrols_and_is_refused_with_a_wrong_challenge() {
    let Some(right) = Certmonger::start() else { return };
    let service = Service::start(Options { static_challenge: Some("secret"), ..Options::default() });
    let url = service.url("/scep");
    right.request(&url, &["-L", "secret"]);
    right.wait_for("MONITORING");
    right.verified(&service);
    let names = openssl(right.folder(), &["x509", "-in", "c.pem", "-noout", "-ext", "subjectAltName"]).text();
    assert!(names.contains("DNS:dev-1.example.test"), "{names}");

    let Some(wrong) = Certmonger::start() else { return };
    wrong.request(&url, &["-L", "wrong"]);
    wrong.wait_for("CA_REJECTED");
    assert_eq!(service.operator(&["cert", "list"]).as_array().map(Vec::len), Some(1));
}

/// The challenge is spent: what counts is the certificate. `getcert rekey` renews with a new key, `getcert resubmit` with the same one; the second is the same certificate
/// unless renewal is due (docs/divergences.md).
#[test]
fn renews_with_a_new_key_and_with_the_same_one() {
    let Some(certmonger) = Certmonger::start() else { return };
    let service = Service::start(Options { edit: Some(always_due), ..Options::default() });
    certmonger.request(&service.url("/scep"), &["-L", &service.challenge()]);
    certmonger.wait_for("MONITORING");
    let mut serials = vec![certmonger.verified(&service)];
    for verb in ["rekey", "resubmit"] {
        certmonger.getcert(&[verb, "-i", "id", "-w"]).succeeded();
        certmonger.wait_for("MONITORING");
        serials.push(certmonger.verified(&service));
    }
    serials.dedup();
    assert_eq!(serials.len(), 3, "{serials:?}");
    assert_eq!(renewals(&service), 2, "{}", service.operator(&["cert", "list"]));
}

/// certmonger would ask again after a week; `getcert refresh` makes it ask now. It goes on waiting because PENDING
/// carries a content of no octets (docs/divergences.md).
#[test]
fn polls_until_an_operator_approves() {
    let Some(certmonger) = Certmonger::start() else { return };
    let service = Service::start(Options::default());
    certmonger.request(&service.url("/scep/approval"), &[]);
    certmonger.wait_for("CA_WORKING");
    certmonger.getcert(&["refresh", "-i", "id"]).succeeded();
    certmonger.wait_for("CA_WORKING");
    approve_the_only_case(&service);
    certmonger.getcert(&["refresh", "-i", "id"]).succeeded();
    certmonger.wait_for("MONITORING");
    certmonger.verified(&service);
}

/// What RFC 8894 §3.3.2.3 says, and what certmonger makes of it.
#[test]
fn does_not_understand_pending_without_content() {
    let Some(certmonger) = Certmonger::start() else { return };
    let service = Service::start(Options {
        edit: Some(|config| config + "reply = { empty_content = \"absent\" }\n"),
        ..Options::default()
    });
    certmonger.request(&service.url("/scep/approval"), &[]);
    certmonger.wait_for("CA_UNREACHABLE");
    assert!(certmonger.status().contains("failed to verify signature"), "{}", certmonger.status());
}
