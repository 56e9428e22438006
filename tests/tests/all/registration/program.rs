//! As an operator does it: `init --with-registration-point`, `serve`, `challenge new --at-registration-point`.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::harness::program::run;
use crate::harness::{free_address, http, perennial};

const PATIENCE: Duration = Duration::from_secs(60);

/// A process that is ended when this is dropped.
pub(crate) struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `serve` in a role; its log is beside the configuration.
pub(crate) fn serve(config: &Path, role: &str) -> Process {
    let log = std::fs::File::create(config.with_file_name(format!("{role}.log"))).expect("a log");
    let arguments = ["serve", "--role", role, "--config"];
    Process(perennial().args(arguments).arg(config).stdout(Stdio::null()).stderr(log).spawn().expect("it starts"))
}

/// Waits until something is so.
pub(crate) fn wait(what: &str, ready: impl Fn() -> bool) {
    let begun = Instant::now();
    while !ready() {
        assert!(begun.elapsed() < PATIENCE, "{what} is not ready");
        std::thread::sleep(Duration::from_millis(20));
    }
}

struct Made {
    scratch: tempfile::TempDir,
    scep: SocketAddr,
    point: SocketAddr,
}

impl Made {
    fn new() -> Made {
        let scratch = tempfile::tempdir().expect("a folder");
        let (scep, point) = (free_address(), free_address());
        let mut command = perennial();
        command.arg("init").arg(scratch.path().join("service"));
        command.args(["--listen", &scep.to_string(), "--root-key", "p-256", "--ca-key", "p-256"]);
        command.args(["--with-registration-point", "--registration-point-listen", &point.to_string()]);
        run(&mut command, PATIENCE).succeeded();
        Made { scratch, scep, point }
    }

    fn config(&self) -> std::path::PathBuf {
        self.scratch.path().join("service/perennial.toml")
    }

    fn wait(&self) {
        wait("the service", || http::send(self.scep, &http::get("/readyz")).is_ok_and(|r| r.status == 200));
        wait("the registration point", || std::net::TcpStream::connect(self.point).is_ok());
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = perennial();
        command.args(arguments).arg("--json").arg("--config").arg(self.config());
        command
    }

    /// From a challenge to a certificate.
    fn enrol(&self) {
        let new = ["challenge", "new", "--at-registration-point", "--endpoint", "mdm", "--subject", "CN=laptop-17"];
        let made = run(&mut self.command(&new), PATIENCE).succeeded().json();
        let challenge = made["challenge"].as_str().expect("a challenge");
        let url = format!("http://{}/scep/mdm", self.scep);
        let mut device = perennial();
        device.args(["enrol", &url, "--subject", "CN=laptop-17", "--challenge", challenge, "--dir"]);
        run(device.arg(self.scratch.path().join("laptop-17")), PATIENCE).succeeded();
        // The registration point verified it, and is told of it.
        let listed = |verb: &str| {
            let audit = run(&mut self.command(&["audit", "list", "--verb", verb]), PATIENCE).succeeded().json();
            audit.as_array().map_or(0, Vec::len)
        };
        assert_eq!(listed("verify"), 1);
        wait("the notice", || listed("notify") == 1);
    }
}

#[test]
fn one_process_serves_both() {
    let made = Made::new();
    let says = run(&mut made.command(&["check"]), PATIENCE).succeeded().json();
    assert!(says["says"].to_string().contains("whichever policy-module-client is current"), "{says}");
    let _serving = serve(&made.config(), "all");
    made.wait();
    made.enrol();
}

#[test]
fn two_processes_serve_one_each() {
    let made = Made::new();
    let _scep = serve(&made.config(), "scep");
    wait("the service", || http::send(made.scep, &http::get("/readyz")).is_ok_and(|r| r.status == 200));
    assert!(std::net::TcpStream::connect(made.point).is_err(), "the registration point is not this process's");
    // The registration point needs no key of a CA or RA: it starts while they are away.
    let keys = made.scratch.path().join("service/keys");
    let theirs = ["issuing-ca-1.key.pem", "ra-signing-1.key.pem", "ra-encryption-1.key.pem"];
    let away = |name: &str| keys.join(format!("{name}.away"));
    for name in theirs {
        std::fs::rename(keys.join(name), away(name)).expect("moved away");
    }
    let _point = serve(&made.config(), "registration-point");
    made.wait();
    for name in theirs {
        std::fs::rename(away(name), keys.join(name)).expect("moved back");
    }
    made.enrol();
}
