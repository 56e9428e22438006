//! openssl(1) reads and verifies every object this crate makes.
#![allow(clippy::disallowed_methods, reason = "a test runs another program on files of its own")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use ca::{Profile, RevokedEntry, Sid, SidForms, Template};
use pki::crl::Reason;
use pki::extension::GeneralName;
use pki::key::{KeySpec, Sign};
use pki::{Certificate, Crl};
use support::{Authority, DAY, NOW, device, key, order, serial};
use tempfile::TempDir;

const SPECS: [KeySpec; 5] = [KeySpec::Rsa2048, KeySpec::Rsa3072, KeySpec::Rsa4096, KeySpec::P256, KeySpec::P384];

/// What it printed; it must have succeeded.
fn openssl(arguments: &[&str]) -> String {
    let run = run(arguments);
    assert!(run.0, "openssl {} failed:\n{}", arguments.join(" "), run.1);
    run.1
}

fn run(arguments: &[&str]) -> (bool, String) {
    let output = Command::new("openssl").args(arguments).output().unwrap_or_else(|e| {
        panic!("openssl(1) could not be run ({e}); install it (Debian: apt-get install openssl), these tests need it")
    });
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
}

struct Folder(TempDir);

impl Folder {
    fn new() -> Folder {
        Folder(TempDir::new().expect("a folder"))
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    }

    fn certificate(&self, name: &str, certificate: &Certificate) -> PathBuf {
        self.put(name, &certificate.to_pem())
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn list(issuer: &Authority, entries: &[RevokedEntry]) -> Crl {
    ca::crl(&issuer.certificate, &issuer.key, entries, 5, NOW, NOW.plus(7 * DAY)).expect("a list")
}

fn leaf(issuer: &Authority, number: u64) -> Certificate {
    let sid: Sid = "S-1-5-21-1-2-3-1104".parse().expect("a SID");
    let oid = "1.3.6.1.4.1.311.21.8.5".parse().expect("an identifier");
    let profile =
        Profile { sid: SidForms::Both, template: Some(Template::V2 { oid, major: 100, minor: 3 }), ..device() };
    let names = vec![
        GeneralName::Dns("dev-1.example.test".to_owned()),
        GeneralName::Email("dev@example.test".to_owned()),
        GeneralName::Ip(vec![192, 0, 2, 1]),
        GeneralName::Ip([&[0x20, 1, 0x0d, 0xb8][..], &[0; 11], &[1]].concat()),
        GeneralName::Directory(support::name("CN=Zürich,C=CH")),
        GeneralName::from_upn("dev@example.test"),
    ];
    let wanted = order("CN=dev-1,O=Example", names, key(KeySpec::Rsa2048).public_key()).with_sid(sid);
    let algorithm = issuer.key.preferred();
    let prepared =
        ca::prepare(&wanted, &profile, &issuer.certificate, algorithm, &serial(number), NOW).expect("prepared");
    ca::sign(prepared, &issuer.certificate, &issuer.key).expect("a certificate")
}

/// Root, issuing CA and a device below it, with lists of both authorities, for a kind of CA key.
fn chain_verifies(spec: KeySpec) {
    let folder = Folder::new();
    let root = support::root(spec);
    let issuing = support::issuing(spec, &root);
    let (good, bad) = (leaf(&issuing, 0x1001), leaf(&issuing, 0x1002));
    let root_path = folder.certificate("root.pem", &root.certificate);
    let issuing_path = folder.certificate("issuing.pem", &issuing.certificate);
    let revoked = RevokedEntry { serial: bad.serial().to_vec(), at: NOW.plus(-1), reason: Reason::KeyCompromise };
    let lists = [list(&root, &[]), list(&issuing, &[revoked])];
    let lists: String = lists.iter().map(|l| pki::pem::encode("X509 CRL", l.der())).collect();
    let lists_path = folder.put("lists.pem", &lists);
    let now = NOW.plus(60).seconds().to_string();
    let verify = |name: &str, certificate: &Certificate| {
        let path = folder.certificate(name, certificate);
        let common = ["verify", "-x509_strict", "-check_ss_sig", "-attime", &now, "-CAfile", text(&root_path)];
        let rest = ["-untrusted", text(&issuing_path), "-CRLfile", text(&lists_path), "-crl_check_all", text(&path)];
        run(&[&common[..], &rest].concat())
    };
    let (passed, said) = verify("good.pem", &good);
    assert!(passed, "{} {said}", spec.name());
    let (passed, said) = verify("bad.pem", &bad);
    assert!(!passed && said.contains("certificate revoked"), "{} {said}", spec.name());
}

#[test]
fn chains_and_lists_verify_with_rsa() {
    for spec in SPECS.iter().take(3) {
        chain_verifies(*spec);
    }
}

#[test]
fn chains_and_lists_verify_with_curves() {
    for spec in SPECS.iter().skip(3) {
        chain_verifies(*spec);
    }
}

#[test]
fn a_device_certificate_reads_as_it_was_meant() {
    let folder = Folder::new();
    let path = folder.certificate("leaf.pem", &leaf(&support::tiers().issuing, 0x1001));
    let printed = openssl(&["x509", "-in", text(&path), "-noout", "-text", "-nameopt", "RFC2253"]);
    for expected in [
        "Version: 3 (0x2)",
        "Serial Number: 4097 (0x1001)",
        "Issuer: CN=Example Issuing CA,O=Example",
        "Not Before: Nov 23 12:00:00 2026 GMT",
        "Not After : Nov 24 12:00:00 2027 GMT",
        "Subject: CN=dev-1,O=Example",
        "TLS Web Client Authentication",
        "DNS:dev-1.example.test, email:dev@example.test, IP Address:192.0.2.1, IP Address:2001:DB8:0:0:0:0:0:1",
        "URI:tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-1104",
        "URI:http://ca.example.test/issuing.crl",
        "CA Issuers - URI:http://ca.example.test/issuing.crt",
        "1.3.6.1.4.1.311.25.2",
        "1.3.6.1.4.1.311.21.7",
    ] {
        assert!(printed.contains(expected), "{expected} is not in\n{printed}");
    }
}

#[test]
fn service_certificates_serve_their_purpose() {
    let tiers = support::tiers();
    let folder = Folder::new();
    let root = folder.certificate("root.pem", &tiers.root.certificate);
    let issuing = folder.certificate("issuing.pem", &tiers.issuing.certificate);
    let now = NOW.plus(60).seconds().to_string();
    let dns = vec![GeneralName::Dns("scep.example.test".to_owned())];
    for (profile, names, purpose) in [
        (Profile::tls_server(DAY), dns.clone(), "sslserver"),
        (Profile::tls_client(DAY), dns, "sslclient"),
        (Profile::ra_signing(DAY), Vec::new(), "any"),
        (Profile::ra_encryption(DAY), Vec::new(), "any"),
    ] {
        let wanted = order("CN=service", names, key(KeySpec::Rsa2048).public_key());
        let certificate = support::issue(&wanted, &profile).expect("a certificate");
        let path = folder.certificate("service.pem", &certificate);
        let arguments = ["verify", "-x509_strict", "-attime", &now, "-purpose", purpose, "-CAfile", text(&root)];
        openssl(&[&arguments[..], &["-untrusted", text(&issuing), text(&path)]].concat());
    }
}

#[test]
fn a_list_reads_as_it_was_meant() {
    let folder = Folder::new();
    let tiers = support::tiers();
    let entries = [
        RevokedEntry { serial: vec![0x10, 1], at: NOW.plus(-DAY), reason: Reason::CessationOfOperation },
        RevokedEntry { serial: vec![0x10, 2], at: NOW, reason: Reason::Unspecified },
    ];
    let path = folder.put("list.pem", &pki::pem::encode("X509 CRL", list(&tiers.issuing, &entries).der()));
    let issuer = folder.certificate("issuing.pem", &tiers.issuing.certificate);
    let printed = openssl(&["crl", "-in", text(&path), "-noout", "-text", "-CAfile", text(&issuer)]);
    for expected in [
        "verify OK",
        "Version 2 (0x1)",
        "Next Update: Dec  1 12:00:00 2026 GMT",
        "Serial Number: 1001",
        "Cessation Of Operation",
        "Serial Number: 1002",
        "X509v3 CRL Number",
        "X509v3 Authority Key Identifier",
    ] {
        assert!(printed.contains(expected), "{expected} is not in\n{printed}");
    }
    assert!(!printed.contains("Unspecified"), "{printed}");
}
