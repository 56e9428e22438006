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

impl Process {
    /// How it ended, if it has.
    pub(crate) fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.0.try_wait().expect("a status")
    }
}

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

/// The registration point's own host: what it rests on is listed with its ends, and what the service has renewed is
/// brought there.
#[test]
fn on_a_host_of_its_own_files_are_listed_and_replaced() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (service, point) = (scratch.path().join("service"), scratch.path().join("point"));
    let mut init = perennial();
    init.arg("init").arg(&service).args(["--root-key", "p-256", "--ca-key", "p-256", "--with-registration-point"]);
    init.arg("--registration-point-folder").arg(&point);
    run(&mut init, PATIENCE).succeeded();
    let there = |arguments: &[&str]| {
        let mut command = perennial();
        command.args(arguments).arg("--config").arg(point.join("perennial.toml"));
        run(&mut command, PATIENCE)
    };
    let here = |arguments: &[&str]| {
        let mut command = perennial();
        command.args(arguments).arg("--config").arg(service.join("perennial.toml")).current_dir(&point);
        run(&mut command, PATIENCE)
    };
    let serials = |of: &str| -> Vec<String> {
        let listed = there(&["credential", "list", "--json"]).json();
        let rows = listed["credentials"].as_array().expect("credentials").clone();
        let of = rows.iter().filter(|row| row["role"] == of);
        of.map(|row| row["serial"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let listed = there(&["credential", "list"]).succeeded().text();
    for says in ["tls-server", "issuing-ca  trusted", "sealing", "good"] {
        assert!(listed.contains(says), "{listed}");
    }
    let checked = there(&["check"]).succeeded().text();
    assert!(checked.contains("The certificate of the tls-server (current) ends on"), "{checked}");

    let (server, issuers) = (serials("tls-server"), serials("issuing-ca"));
    let key = point.join("keys/tls-server-1.key.pem");
    let old_key = std::fs::read(&key).expect("the key");
    here(&["credential", "renew", "issuing-ca"]).succeeded();
    let export = ["credential", "export", "tls-server", "--certificate", "tls/server.pem", "--key"];
    let export = [export.as_slice(), &["keys/tls-server-1.key.pem"]].concat();
    let issuing = ["credential", "export", "issuing-ca", "--certificate", "trust/issuing-ca.pem"];
    for command in [export.as_slice(), &issuing] {
        assert!(here(command).succeeded().text().contains("written"));
        assert!(here(command).succeeded().text().contains("nothing has changed"));
    }
    assert_ne!(serials("tls-server"), server);
    let both = serials("issuing-ca");
    assert!(both.len() == 2 && both.contains(&issuers[0]), "{both:?}");

    // A copy that was cut short: the certificate is new, the key is not. It must be repeated before a restart.
    std::fs::write(&key, old_key).expect("the old key");
    assert!(there(&["check"]).succeeded().text().contains("credential.file-refused"));
    let start = there(&["serve", "--role", "registration-point"]).failed();
    assert!(start.said().contains("the key is another's"), "{}", start.said());
    assert!(here(&export).succeeded().text().contains("written"));
    assert!(!there(&["check"]).succeeded().text().contains("credential.file-refused"));
    let refused = here(&["credential", "export", "issuing-ca", "--certificate", "x.pem", "--key", "y.pem"]).failed();
    assert!(refused.said().contains("its key stays where it is"), "{}", refused.said());

    let file = point.join("tls/server.pem");
    let text = std::fs::read_to_string(&file).expect("the certificate");
    std::fs::write(&file, &text[..text.len() / 2]).expect("half a file");
    let listed = there(&["credential", "list"]).failed().text();
    assert!(listed.contains("degraded[credential.file-refused]: tls-server"), "{listed}");
    assert!(there(&["check"]).succeeded().text().contains("credential.file-refused"));
}
