//! The servers that are measured.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The challenge all of them take.
pub(crate) const CHALLENGE: &str = "secret";

/// A server to be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Subject {
    Perennial,
    Scepserver,
}

/// A server that runs in a temporary folder until this is dropped.
pub(crate) struct Running {
    process: Child,
    /// Where it answers.
    pub(crate) address: String,
    _folder: tempfile::TempDir,
}

impl Subject {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Subject::Perennial => "perennial",
            Subject::Scepserver => "scepserver",
        }
    }

    pub(crate) fn start(self, perennial: &Path) -> Result<Running, String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        let port = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).map_err(|e| e.to_string())?.port();
        let (process, address) = match self {
            Subject::Perennial => {
                let home = folder.path().join("service");
                run(Command::new(perennial).arg("init").arg(&home).args([
                    "--static-challenge",
                    CHALLENGE,
                    "--listen",
                    &format!("127.0.0.1:{port}"),
                    "--root-key",
                    "rsa-2048",
                ]))?;
                let mut serve = Command::new(perennial);
                serve.arg("serve").arg("--config").arg(home.join("perennial.toml")).env("RUST_LOG", "warn");
                (serve, format!("http://127.0.0.1:{port}/scep"))
            }
            Subject::Scepserver => {
                let depot = folder.path().join("depot");
                run(Command::new("scepserver").args(["ca", "-init", "-keySize", "2048", "-depot"]).arg(&depot))?;
                let mut serve = Command::new("scepserver");
                serve.arg("-depot").arg(&depot).args(["-port", &port.to_string(), "-challenge", CHALLENGE]);
                (serve, format!("http://127.0.0.1:{port}/scep"))
            }
        };
        let mut process = process;
        let process = process.stdout(Stdio::null()).stderr(Stdio::null()).spawn().map_err(|e| e.to_string())?;
        let running = Running { process, address, _folder: folder };
        wait(port)?;
        Ok(running)
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let done = command.output().map_err(|e| format!("{}: {e}", command.get_program().to_string_lossy()))?;
    if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
}

fn wait(port: u16) -> Result<(), String> {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(20) {
        if std::net::TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err("it does not answer".to_owned())
}

impl Running {
    /// Processor time used so far, in milliseconds.
    pub(crate) fn processor_time(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.process.id())).unwrap();
        // After the name in parentheses, which may hold blanks: fields 14 and 15 are ticks of a hundredth of a second.
        let rest = stat.rsplit_once(')').unwrap().1;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
        ticks * 10.0
    }

    /// The most memory it ever held, in MiB.
    pub(crate) fn memory(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse::<f64>().unwrap() / 1024.0
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
