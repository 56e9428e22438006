//! The real program, started as an operator starts it: `perennial init` in a temporary folder, `perennial serve` on a
//! free port of the loopback interface, real HTTP.
//!
//! ```ignore
//! let mut service = Service::start(Options { static_challenge: Some("secret"), ..Options::default() });
//! let reply = service.get("/scep?operation=GetCACaps");
//! service.kill();             // SIGKILL, as a power cut
//! service.serve();            // the same folder and address again
//! let cases = service.operator(&["case", "list"]);
//! ```

pub(crate) mod http;
pub(crate) mod program;

use std::fs::File;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use http::Response;
use program::{Ran, run};

/// How long the program may take to make a service, to be ready, or to stop.
const PATIENCE: Duration = Duration::from_secs(60);

/// What old clients may use.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Legacy {
    #[default]
    Refuse,
    /// `init --legacy`: requests in single and triple DES.
    Accept,
}

/// What a service is made with.
#[derive(Default)]
pub(crate) struct Options {
    /// `init --static-challenge`.
    pub(crate) static_challenge: Option<&'static str>,
    /// `init --legacy`.
    pub(crate) legacy: Legacy,
    /// `init --store`, for another store than the database in the folder.
    pub(crate) store: Option<String>,
    /// `init --ca-key`.
    pub(crate) ca_key: Option<&'static str>,
    /// What an operator changes in the configuration before the first start.
    pub(crate) edit: Option<fn(String) -> String>,
    /// Environment variables of `serve`.
    pub(crate) environment: Vec<(&'static str, String)>,
}

/// A service in a folder of its own; it is stopped and the folder deleted when this is dropped.
pub(crate) struct Service {
    scratch: tempfile::TempDir,
    address: SocketAddr,
    config: PathBuf,
    made: Value,
    environment: Vec<(&'static str, String)>,
    serving: Option<Child>,
}

impl Service {
    /// Makes a service, starts it and waits until it is ready.
    pub(crate) fn start(options: Options) -> Service {
        let mut service = Service::init(options);
        service.serve();
        service
    }

    /// Makes a service and does not start it.
    pub(crate) fn init(options: Options) -> Service {
        let scratch = tempfile::tempdir().expect("a temporary folder");
        let address = free_address();
        let folder = scratch.path().join("service");
        let mut command = perennial();
        command.arg("init").arg(&folder).args(["--json", "--listen", &address.to_string(), "--root-key", "rsa-2048"]);
        command.args(options.static_challenge.iter().flat_map(|secret| ["--static-challenge", secret]));
        command.args(options.store.iter().flat_map(|url| ["--store", url]));
        command.args(options.ca_key.iter().flat_map(|key| ["--ca-key", key]));
        command.args((options.legacy == Legacy::Accept).then_some("--legacy"));
        let made = run(&mut command, PATIENCE).succeeded().json();
        let config = folder.join("perennial.toml");
        if let Some(edit) = options.edit {
            let text = std::fs::read_to_string(&config).expect("the configuration");
            std::fs::write(&config, edit(text)).expect("the configuration, changed");
        }
        Service { scratch, address, config, made, environment: options.environment, serving: None }
    }

    /// Starts it and waits until it is ready. Panics with its log if it ends instead.
    pub(crate) fn serve(&mut self) {
        assert!(self.serving.is_none(), "the service runs already");
        let log = File::options().create(true).append(true).open(self.log_path()).expect("a log");
        let child = perennial()
            .args(["serve", "--config"])
            .arg(&self.config)
            .env("RUST_LOG", "info")
            .envs(self.environment.iter().map(|(name, value)| (*name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the program starts");
        self.serving = Some(child);
        let begun = Instant::now();
        while !self.is_ready() {
            if let Some(status) = self.serving.as_mut().and_then(|child| child.try_wait().expect("a status")) {
                self.serving = None;
                panic!("the service ended with {status} instead of serving:\n{}", self.log());
            }
            assert!(begun.elapsed() < PATIENCE, "the service is not ready:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn is_ready(&self) -> bool {
        http::send(self.address, &http::get("/readyz")).is_ok_and(|response| response.status == 200)
    }

    /// SIGKILL, as a power cut: nothing is finished or flushed.
    pub(crate) fn kill(&mut self) {
        let mut child = self.serving.take().expect("the service runs");
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
    }

    /// SIGTERM, as an operator stops it; it must end with status 0.
    pub(crate) fn stop(&mut self) {
        let mut child = self.serving.take().expect("the service runs");
        run(Command::new("kill").arg(child.id().to_string()), PATIENCE).succeeded();
        let status = program::wait(&mut child, PATIENCE).expect("it ends when told to");
        assert!(status.success(), "stopped with {status}:\n{}", self.log());
    }

    /// Stops it and starts it again.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.serve();
    }

    /// The process number of `serve`.
    pub(crate) fn process(&self) -> u32 {
        self.serving.as_ref().expect("the service runs").id()
    }

    /// The address of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A folder for what a test needs beside the service.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// The folder that `init` made.
    pub(crate) fn folder(&self) -> PathBuf {
        self.scratch.path().join("service")
    }

    /// User and password of the challenge page.
    pub(crate) fn admin(&self) -> (String, String) {
        let text = |key: &str| self.made[key].as_str().expect("init says it").to_owned();
        (text("admin_user"), text("admin_password"))
    }

    /// What `serve` has written to standard error.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    fn log_path(&self) -> PathBuf {
        self.scratch.path().join("serve.log")
    }

    /// Runs an operator's command on this service, which must succeed, and reads its JSON.
    pub(crate) fn operator(&self, arguments: &[&str]) -> Value {
        self.command(arguments).succeeded().json()
    }

    /// Runs an operator's command on this service.
    pub(crate) fn command(&self, arguments: &[&str]) -> Ran {
        run(perennial().args(arguments).arg("--json").arg("--config").arg(&self.config), PATIENCE)
    }

    /// Runs a command of the device side in the scratch folder.
    pub(crate) fn device(&self, arguments: &[&str]) -> Ran {
        run(perennial().args(arguments).arg("--json").current_dir(self.scratch()), PATIENCE)
    }

    /// A one-time challenge.
    pub(crate) fn challenge(&self) -> String {
        let made = self.operator(&["challenge", "new"]);
        made["challenge"].as_str().expect("a challenge").to_owned()
    }

    /// GET.
    pub(crate) fn get(&self, path: &str) -> Response {
        self.send(&http::get(path))
    }

    /// POST of a body with a content type.
    pub(crate) fn post(&self, path: &str, content_type: &str, body: &[u8]) -> Response {
        self.send(&http::post(path, content_type, body))
    }

    /// Sends octets over a connection of their own and reads the response.
    pub(crate) fn send(&self, request: &[u8]) -> Response {
        http::send(self.address, request).unwrap_or_else(|error| panic!("{error}; the service says:\n{}", self.log()))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(mut child) = self.serving.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            eprintln!("the service said:\n{}", self.log());
        }
    }
}

/// The program under test, without what the environment says about another service.
pub(crate) fn perennial() -> Command {
    let mut command = Command::new(binary());
    command.env_remove("PERENNIAL_CONFIG").env_remove("PERENNIAL_CHALLENGE").stdin(Stdio::null());
    command
}

/// `PERENNIAL_BIN`, or what the build put beside the folder of this test.
fn binary() -> PathBuf {
    let path = std::env::var_os("PERENNIAL_BIN").map_or_else(
        || {
            let own = std::env::current_exe().expect("the path of the test");
            own.ancestors().nth(2).expect("the folder of the build").join("perennial")
        },
        PathBuf::from,
    );
    assert!(
        path.is_file(),
        "{} is missing: run `cargo build -p perennial` first, or name the program with PERENNIAL_BIN",
        path.display()
    );
    path
}

/// An address nobody listens at, below the ports that outgoing connections get: between this and the start of the
/// service only another listener could take it, and then the service ends and says so.
pub(crate) fn free_address() -> SocketAddr {
    for _ in 0..100 {
        let mut octets = [0; 2];
        server::world::random(&mut octets);
        let address = SocketAddr::from(([127, 0, 0, 1], 20_000 + u16::from_le_bytes(octets) % 12_000));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
    panic!("no free port between 20000 and 32000");
}
