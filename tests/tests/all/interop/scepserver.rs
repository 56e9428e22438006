//! Our device against micromdm's `scepserver` 2.1 (Debian's package `scep`).

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::openssl;
use crate::harness::program::{Ran, find, foreign, run};
use crate::harness::{free_address, http, perennial};

/// A running peer.
struct Peer {
    folder: tempfile::TempDir,
    url: String,
    child: Child,
}

impl Peer {
    fn start() -> Option<Peer> {
        let program = find("scepserver")?;
        find("openssl")?;
        let folder = tempfile::tempdir().expect("a folder");
        foreign(&program, folder.path(), &["ca", "-init"]).succeeded();
        let address = free_address();
        let port = address.port().to_string();
        let child = Command::new(&program)
            .args(["-depot", "depot", "-port", &port, "-challenge", "secret", "-allowrenew", "0"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("scepserver starts");
        let peer = Peer { folder, url: format!("http://{address}/scep"), child };
        let begun = Instant::now();
        while http::send(address, &http::get("/scep?operation=GetCACaps")).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(30), "scepserver does not answer");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(peer)
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn device(&self, arguments: &[&str]) -> Ran {
        let (verb, rest) = arguments.split_first().expect("a command");
        let mut command = perennial();
        command.args([verb, self.url.as_str()]).args(rest).arg("--json").current_dir(self.folder());
        run(&mut command, Duration::from_secs(60))
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn capabilities_and_certificates_are_read() {
    let Some(peer) = Peer::start() else { return };
    let said = peer.device(&["getca"]).succeeded().json();
    let capabilities: Vec<&str> =
        said["capabilities"].as_array().expect("a list").iter().filter_map(|c| c.as_str()).collect();
    assert!(capabilities.contains(&"AES") && capabilities.contains(&"Renewal"), "{said}");
    assert_eq!(said["certificates"][0]["role"], "issuing CA");
    let other = "00".repeat(32);
    peer.device(&["getca", "--fingerprint", &other]).failed();
}

/// scepserver encrypts every reply in single DES; the device reads that only when told to.
#[test]
fn enrols_where_single_des_is_read() {
    let Some(peer) = Peer::start() else { return };
    let wish = ["enrol", "--dir", "d", "--subject", "CN=dev-1,O=x", "--challenge", "secret"];
    let said = peer.device(&[&wish[..], &["--legacy"]].concat()).succeeded().json();
    assert_eq!(said["status"], "issued");
    std::fs::copy(peer.folder().join("depot/ca.pem"), peer.folder().join("ca.pem")).expect("the CA");
    openssl(peer.folder(), &["verify", "-CAfile", "ca.pem", "d/certificate.pem"]);
}

#[test]
fn a_reply_in_single_des_is_not_read_by_default_and_the_key_is_kept() {
    let Some(peer) = Peer::start() else { return };
    let wish = ["enrol", "--dir", "d", "--subject", "CN=dev-1,O=x", "--challenge", "secret"];
    let ran = peer.device(&wish).failed();
    assert_eq!(ran.status.code(), Some(2), "{}", ran.story());
    assert!(ran.said().contains("--legacy"), "{}", ran.story());
    assert!(peer.folder().join("d/pending.pem").is_file(), "the key may hold a certificate already");
}

#[test]
fn a_wrong_challenge_is_refused() {
    let Some(peer) = Peer::start() else { return };
    let wish = ["enrol", "--legacy", "--dir", "d", "--subject", "CN=dev-1,O=x", "--challenge", "wrong"];
    let said = peer.device(&wish).failed();
    assert_eq!((said.status.code(), said.json()["status"].as_str()), (Some(1), Some("refused")), "{}", said.story());
}

/// RFC 8894 §2.5 makes the challenge optional on renewal; scepserver wants one all the same (docs/divergences.md).
#[test]
fn renewal_needs_the_challenge_there() {
    let Some(peer) = Peer::start() else { return };
    let wish = ["enrol", "--legacy", "--dir", "d", "--subject", "CN=dev-1,O=x", "--challenge", "secret"];
    let first = peer.device(&wish).succeeded().json();
    let refused = peer.device(&["renew", "--legacy", "--dir", "d"]).failed().json();
    assert_eq!(refused["status"], "refused");
    let second = peer.device(&["renew", "--legacy", "--dir", "d", "--challenge", "secret"]).succeeded().json();
    assert_ne!(first["serial"], second["serial"]);
}
