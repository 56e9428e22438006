//! `perennial probe` against a server of this program: what is in order, what will not be, and nobody there.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::disallowed_types, reason = "a test starts programs")]

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

fn perennial(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_perennial")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(folder: &std::path::Path, port: u16) -> Running {
    let (listen, url) = (format!("127.0.0.1:{port}"), format!("http://127.0.0.1:{port}"));
    let folder = folder.join("service");
    let made = perennial(&["init", folder.to_str().unwrap(), "--listen", &listen, "--public-url", &url]);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let config = folder.join("perennial.toml");
    let child = Command::new(env!("CARGO_BIN_EXE_perennial"))
        .args(["serve", "--config", config.to_str().unwrap()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let running = Running(child);
    for _ in 0..600 {
        if TcpStream::connect(&listen).is_ok() {
            return running;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("the service did not start");
}

#[test]
fn a_live_server_is_looked_at_and_foretold() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}/scep");
    let nobody = perennial(&["probe", &url]);
    assert_eq!(nobody.status.code(), Some(3), "{}", String::from_utf8_lossy(&nobody.stdout));

    let _running = serve(folder.path(), port);
    let now = perennial(&["probe", &url]);
    let said = String::from_utf8_lossy(&now.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(now.status.code(), Some(0), "{said}");
    assert!(said.contains("POSTPKIOperation") && said.contains("RA Signing") && said.contains("CRL http://"), "{said}");

    let later = perennial(&["probe", &url, "--at", "2060-01-01", "--format", "json"]);
    assert_eq!(later.status.code(), Some(1));
    let report: serde_json::Value = serde_json::from_slice(&later.stdout).unwrap();
    let codes: Vec<_> = report["findings"].as_array().unwrap().iter().map(|f| f["code"].clone()).collect();
    assert!(codes.contains(&"F-31".into()) && codes.contains(&"F-34".into()), "{codes:?}");
}
