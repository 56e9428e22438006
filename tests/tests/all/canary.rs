//! The canary through the real program: an enrolment through everything, marked and revoked; and what health says of it.

use std::net::SocketAddr;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::program::{Ran, run};
use crate::harness::{free_address, http, perennial};

const PATIENCE: Duration = Duration::from_secs(60);

/// A service and a registration point, a process each.
struct Pair {
    scratch: tempfile::TempDir,
    scep: SocketAddr,
    processes: Vec<Child>,
    password: String,
}

impl Drop for Pair {
    fn drop(&mut self) {
        for process in &mut self.processes {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

impl Pair {
    /// `more` goes to the end of the configuration.
    fn start(more: &str) -> Pair {
        let scratch = tempfile::tempdir().expect("a folder");
        let (scep, point) = (free_address(), free_address());
        let mut command = perennial();
        command.arg("init").arg(scratch.path().join("service"));
        command.args(["--json", "--listen", &scep.to_string(), "--root-key", "p-256", "--ca-key", "p-256"]);
        command.args(["--with-registration-point", "--registration-point-listen", &point.to_string()]);
        let made = run(&mut command, PATIENCE).succeeded().json();
        let password = made["admin_password"].as_str().expect("a password").to_owned();
        let mut pair = Pair { scratch, scep, processes: Vec::new(), password };
        let text = std::fs::read_to_string(pair.config()).expect("the configuration");
        std::fs::write(pair.config(), format!("{text}\n{more}\n")).expect("written");
        for role in ["registration-point", "scep"] {
            let log = std::fs::File::create(pair.scratch.path().join(role)).expect("a log");
            let mut command = perennial();
            command.args(["serve", "--role", role, "--config"]).arg(pair.config());
            pair.processes.push(command.stdout(Stdio::null()).stderr(log).spawn().expect("it starts"));
        }
        pair.wait("the service", |pair| pair.get("/readyz").is_some_and(|(status, _)| status == 200));
        pair.wait("the registration point", |_| std::net::TcpStream::connect(point).is_ok());
        pair
    }

    fn config(&self) -> std::path::PathBuf {
        self.scratch.path().join("service/perennial.toml")
    }

    fn command(&self, arguments: &[&str]) -> Ran {
        run(perennial().args(arguments).arg("--json").arg("--config").arg(self.config()), PATIENCE)
    }

    fn get(&self, path: &str) -> Option<(u16, String)> {
        let response = http::send(self.scep, &http::get(path)).ok()?;
        Some((response.status, String::from_utf8_lossy(&response.body).into_owned()))
    }

    /// What an operator sees at `/readyz`.
    fn readyz_of_operator(&self) -> String {
        use base64::Engine;
        let encoded = base64::engine::general_purpose::STANDARD.encode(format!("admin:{}", self.password));
        let request =
            format!("GET /readyz HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {encoded}\r\nConnection: close\r\n\r\n");
        let response = http::send(self.scep, request.as_bytes()).expect("an answer");
        String::from_utf8_lossy(&response.body).into_owned()
    }

    fn wait(&self, what: &str, ready: impl Fn(&Pair) -> bool) {
        let begun = Instant::now();
        while !ready(self) {
            assert!(begun.elapsed() < PATIENCE, "{what}: {:?}\n{}", self.get("/readyz"), self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn log(&self) -> String {
        let of = |role: &str| std::fs::read_to_string(self.scratch.path().join(role)).unwrap_or_default();
        format!("{}{}", of("scep"), of("registration-point"))
    }

    fn end_registration_point(&mut self) {
        let mut point = self.processes.remove(0);
        point.kill().expect("killed");
        point.wait().expect("ended");
    }
}

fn outcomes(shown: &Value) -> Vec<(String, String)> {
    let text = |one: &Value, key: &str| one[key].as_str().unwrap_or_default().to_owned();
    let rows = shown.as_array().expect("rows");
    rows.iter().map(|one| (text(one, "endpoint"), text(one, "outcome"))).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect()
}

#[test]
fn a_canary_goes_through_everything_and_leaves_nothing_of_use() {
    let mut pair = Pair::start("[canary]\nrun = \"off\"");
    let ran = pair.command(&["canary"]);
    assert_eq!(ran.status.code(), Some(0), "{}", ran.story());
    let expected = [("approval", "not tried"), ("default", "enrolled"), ("mdm", "enrolled")];
    assert_eq!(outcomes(&ran.json()), pairs(&expected));
    // One of them was verified by the registration point; both are revoked.
    let verified = pair.command(&["audit", "list", "--verb", "verify"]).succeeded().json();
    assert_eq!(verified.as_array().map(Vec::len), Some(1));
    let listed = pair.command(&["cert", "list"]).succeeded().json();
    let listed = listed.as_array().expect("rows").clone();
    let marked = |one: &&Value| one["subject"] == "CN=perennial canary";
    let canaries: Vec<&Value> = listed.iter().filter(marked).collect();
    assert_eq!(canaries.len(), 2, "{listed:?}");
    assert!(canaries.iter().all(|one| one["status"] == "revoked"), "{canaries:?}");

    pair.end_registration_point();
    let ran = pair.command(&["canary", "--endpoint", "mdm"]);
    assert_eq!(ran.status.code(), Some(1));
    assert!(ran.json()[0]["says"].as_str().expect("why").contains("cannot be reached"), "{}", ran.story());
    let ran = pair.command(&["canary", "--endpoint", "approval"]);
    assert_eq!(ran.status.code(), Some(2));
}

#[test]
fn the_service_sends_canaries_and_health_tells_of_them() {
    let mut pair = Pair::start("[canary]\ninterval = \"10s\"");
    let success = |endpoint: &str, value: u8| format!("perennial_canary_success{{endpoint=\"{endpoint}\"}} {value}");
    let says = |pair: &Pair, line: &str| pair.get("/metrics").is_some_and(|(_, body)| body.contains(line));
    pair.wait("a canary", |pair| says(pair, &success("mdm", 1)) && says(pair, &success("default", 1)));
    assert_eq!(pair.get("/readyz"), Some((200, "ready\n".to_owned())));
    pair.end_registration_point();
    // Devices can still enrol at the other endpoint: degraded, and ready.
    pair.wait("the failure", |pair| says(pair, &success("mdm", 0)));
    assert_eq!(pair.get("/readyz"), Some((200, "ready\ndegraded endpoint mdm canary.failed\n".to_owned())));
    assert!(says(&pair, &success("default", 1)));
    let told = pair.readyz_of_operator();
    assert!(told.contains("cannot be reached"), "{told}");
}

/// A program that lets everybody in, whatever profile the challenge was asked for.
const LETS_IN: &str = r#"#!/bin/sh
case "$(cat)" in
*'"verb":"challenge"'*) echo '{"id": "1", "challenge": "open sesame", "expires": 4102444800}' ;;
*'"verb":"verify"'*) echo valid ;;
esac
"#;

#[test]
fn a_canary_that_gets_what_devices_get_is_the_last_of_its_kind() {
    let pair = Pair::start(
        "[canary]\ninterval = \"10s\"\n[endpoint.program]\nprofile = \"device\"\nchallenges = [\"module\"]\n\
         [endpoint.program.module]\nkind = \"command\"\nprogram = \"lets-in.sh\"\n",
    );
    let program = pair.config().with_file_name("lets-in.sh");
    std::fs::write(&program, LETS_IN).expect("written");
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&program, mode).expect("allowed");
    let canaries = |pair: &Pair| {
        let audit = pair.command(&["audit", "list", "--verb", "canary", "--limit", "100"]).succeeded().json();
        let of = |name: &str| {
            let rows = audit.as_array().expect("rows").iter().filter(|row| row["object"] == name);
            rows.map(|row| row["code"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        (of("program"), of("default"))
    };
    pair.wait("two rounds", |pair| canaries(pair).1.len() >= 2);
    assert_eq!(canaries(&pair).0, ["canary.unmarked"]);
    let listed = pair.command(&["cert", "list"]).succeeded().json();
    let marked = |one: &&Value| one["subject"] == "CN=perennial canary";
    assert!(listed.as_array().expect("rows").iter().filter(marked).all(|one| one["status"] == "revoked"), "{listed}");
}
