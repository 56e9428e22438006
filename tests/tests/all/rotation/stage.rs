//! Two processes: the service, and the registration point that its endpoint `mdm` asks.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ca::Profile;
use pki::Certificate;
use pki::key::PrivateKey;
use serde_json::Value;
use server::world;

use super::history::ROLES;
use crate::harness::program::run;
use crate::harness::{free_address, http, perennial};
use crate::registration::caller::{self, Keyed};
use crate::registration::program::{Process, serve, wait};

const PATIENCE: Duration = Duration::from_secs(60);

pub(super) struct Stage {
    scratch: tempfile::TempDir,
    pub(super) scep: SocketAddr,
    pub(super) point: SocketAddr,
    pub(super) root: Certificate,
    /// Who asks the registration point for challenges: a client certificate of the first generation of the CA, which
    /// stays good through all later ones.
    pub(super) mdm: Keyed,
    serving: [Process; 2],
}

impl Stage {
    /// Starts both, with credentials that live for so many seconds.
    pub(super) fn start(life: u64) -> Stage {
        let scratch = tempfile::tempdir().expect("a folder");
        let folder = scratch.path().join("service");
        let (scep, point) = (free_address(), free_address());
        let mut command = perennial();
        command.arg("init").arg(&folder).args(["--listen", &scep.to_string()]);
        command.args(["--root-key", "p-256", "--ca-key", "p-256"]);
        command.args(["--with-registration-point", "--registration-point-listen", &point.to_string()]);
        run(&mut command, PATIENCE).succeeded();
        let config = folder.join("perennial.toml");
        let mut text = std::fs::read_to_string(&config).expect("the configuration");
        for role in ROLES {
            let _ = write!(text, "\n[credential.{role}]\nvalidity = \"{life}s\"\n");
        }
        std::fs::write(&config, text).expect("written");
        let serving = [serve(&config, "registration-point"), serve(&config, "scep")];
        wait("the service", || http::send(scep, &http::get("/readyz")).is_ok_and(|r| r.status == 200));
        wait("the registration point", || std::net::TcpStream::connect(point).is_ok());
        let certificate = |path: &str| {
            let body = http::send(scep, &http::get(path)).expect("an answer").body;
            Certificate::parse_any(&body).pop().expect("a certificate")
        };
        let (root, issuing) = (certificate("/ca/root.crt"), certificate("/ca/issuing.crt"));
        let key = std::fs::read(folder.join("keys/issuing-ca-1.key.pem")).expect("the key");
        let key = PrivateKey::parse(&key).expect("a key");
        let name = "CN=Perennial Policy Module,O=An MDM";
        let mdm = caller::certificate(name, &Profile::tls_client(86_400), &issuing, &key, world::now());
        let stage = Stage { scratch, scep, point, root, mdm, serving };
        // The first generation was made for years. The TLS certificates and the RA's follow the CA.
        for role in ["issuing-ca", "sealing"] {
            stage.operator(&["credential", "renew", role]);
        }
        stage
    }

    fn config(&self) -> PathBuf {
        self.scratch.path().join("service/perennial.toml")
    }

    /// What an operator's command says.
    pub(super) fn operator(&self, arguments: &[&str]) -> Value {
        let mut command = perennial();
        command.args(arguments).arg("--json").arg("--config").arg(self.config());
        run(&mut command, PATIENCE).succeeded().json()
    }

    /// What either process has logged.
    pub(super) fn logs(&self) -> String {
        let log = |role: &str| std::fs::read_to_string(self.config().with_file_name(format!("{role}.log")));
        ["scep", "registration-point"].map(|role| log(role).expect("a log")).join("\n")
    }

    /// When either process took over something, in seconds since 1970: each step of each rotation.
    pub(super) fn moments(&self) -> Vec<f64> {
        let steps =
            ["the service credentials have changed", "has another certificate", "issuers of clients have changed"];
        let logs = self.logs();
        let lines = logs.lines().filter(|line| steps.iter().any(|step| line.contains(step)));
        lines.map(|line| written_at(line).unwrap_or_else(|| panic!("no time: {line}"))).collect()
    }

    /// How often the policy module had to ask anew because its connection broke.
    pub(super) fn broken_by_module(&self) -> usize {
        self.logs().matches("a connection broke").count()
    }

    /// Whatever either side has refused, and what did not stand its proof.
    pub(super) fn refusals(&self) -> Vec<String> {
        let rows = self.operator(&["audit", "list", "--verb", "refuse", "--limit", "1000"]);
        let refused = rows.as_array().expect("a list").iter().map(ToString::to_string);
        let logs = self.logs();
        let degraded =
            logs.lines().filter(|line| line.contains("degraded") || line.contains(" ERROR ")).map(str::to_owned);
        refused.chain(degraded).collect()
    }

    /// Until the registration point has been told of every certificate.
    pub(super) fn wait_for_notices(&self) {
        let count = |verb: &str| {
            let rows = self.operator(&["audit", "list", "--verb", verb, "--limit", "1000000"]);
            rows.as_array().map_or(0, Vec::len)
        };
        wait("the last notice", || count("notify") >= count("verify"));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let ended: Vec<_> = self.serving.iter_mut().map(Process::ended).collect();
            eprintln!("registration point and service have ended: {ended:?}; they said:\n{}", self.logs());
        }
    }
}

/// The time at the start of a line of a log, as in `2026-11-24T18:26:40.912728Z`.
#[expect(clippy::cast_precision_loss, reason = "a moment of this century")]
fn written_at(line: &str) -> Option<f64> {
    let (seconds, rest) = line.split_once('.')?;
    let fraction: f64 = format!("0.{}", rest.split_once('Z')?.0).parse().ok()?;
    Some(pki::Time::parse_rfc3339(&format!("{seconds}Z"))?.seconds() as f64 + fraction)
}
