//! A service whose endpoint `mdm` asks a registration point, on one host, over real sockets.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use client::{Application, Options, Outcome, Session, Wish};
use pki::key::{KeySpec, PrivateKey};
use pki::{Certificate, Name};
use server::config::Config;
use server::http::Listener;
use server::init::{self, Wanted, WantedPoint};
use server::registration::{NewChallenge, Point, Wanted as Challenge};
use server::store::{AuditFilter, AuditRow, Store};
use server::{Service, world};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zeroize::Zeroizing;

/// What is added to the configuration that `init` writes.
const APPROVAL: &str = r#"
[endpoint.mdm-approval]
profile = "device"
challenges = ["module"]
approval = "without-challenge"

[endpoint.mdm-approval.module]
kind = "registration-point"
url = "URL"
timeout = "1s"
"#;

pub(super) struct Stage {
    pub(super) service: Arc<Service>,
    /// Where the registration point listens, if it does.
    pub(super) point: SocketAddr,
    scep: SocketAddr,
    serving: JoinHandle<()>,
    scratch: tempfile::TempDir,
}

/// A registration point that runs.
pub(super) struct Running {
    pub(super) point: Arc<Point>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Running {
    pub(super) async fn stop(self) {
        let _ = self.stop.send(());
        self.serving.await.expect("it ends");
    }
}

impl Stage {
    /// A service; its registration point does not run yet.
    pub(super) async fn new() -> Stage {
        Stage::edited(|text| text).await
    }

    /// A service that trusts not its own root but what is in a file of its folder.
    pub(super) async fn trusting(file: &str) -> Stage {
        Stage::edited(|text| text.replace("timeout = \"1s\"", &format!("timeout = \"1s\"\ntrust = \"{file}\""))).await
    }

    pub(super) async fn edited(edit: impl FnOnce(String) -> String) -> Stage {
        let scratch = tempfile::tempdir().expect("a folder");
        let point = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("its address");
        let folder = scratch.path().join("service");
        init::init(&wanted(&folder, point, None), world::now()).await.expect("a service");
        let path = folder.join("perennial.toml");
        let text =
            std::fs::read_to_string(&path).expect("the configuration").replace("timeout = \"10s\"", "timeout = \"1s\"");
        let text = text + &APPROVAL.replace("URL", &format!("https://{point}"));
        std::fs::write(&path, edit(text)).expect("written");
        let service = Arc::new(Service::open(Config::read(&path).expect("a configuration")).await.expect("a service"));
        let listener = Listener::bind("127.0.0.1:0".parse().expect("an address")).await.expect("a port");
        let scep = listener.address().expect("its address");
        let serving = tokio::spawn(server::http::serve(Arc::clone(&service), listener, std::future::pending()));
        Stage { service, point, scep, serving, scratch }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.scratch.path().join("service")
    }

    pub(super) async fn run_point(&self) -> Running {
        run(&self.service.config, self.point).await
    }

    pub(super) fn root(&self) -> Certificate {
        self.service.credentials.load().root.clone()
    }

    /// A challenge for a device, made by the registration point.
    pub(super) async fn challenge(&self, endpoint: &str, device: &str) -> NewChallenge {
        let wanted = Challenge {
            endpoint: endpoint.to_owned(),
            device: Some(device.to_owned()),
            subject: Some(format!("CN={device}")),
            ..Challenge::default()
        };
        self.service.modules["mdm"].challenge(&wanted).await.expect("a challenge")
    }

    /// A device asks for a certificate, as any device does.
    pub(super) async fn enrol(&self, endpoint: &str, device: &str, challenge: &str) -> Outcome {
        self.submit(endpoint, &application(device, challenge)).await
    }

    pub(super) async fn submit(&self, endpoint: &str, application: &Application) -> Outcome {
        let url = format!("http://{}/scep/{endpoint}", self.scep);
        let session = Session::open(&url, Options::default()).await.expect("a session");
        session.submit(application).await.expect("an answer")
    }

    /// What the audit says was refused, or done, with this verb, the latest first.
    pub(super) async fn audit(&self, verb: &str) -> Vec<AuditRow> {
        audit(&self.service.store, verb).await
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(super) fn application(device: &str, challenge: &str) -> Application {
    let wish = Wish {
        subject: Name::parse(&format!("CN={device}")).expect("a name"),
        names: Vec::new(),
        challenge: Some(Zeroizing::new(challenge.to_owned())),
    };
    Application::first(PrivateKey::generate(KeySpec::Rsa2048).expect("a key"), &wish).expect("an application")
}

pub(super) async fn audit(store: &Store, verb: &str) -> Vec<AuditRow> {
    let filter = AuditFilter { verb: Some(verb.to_owned()), ..AuditFilter::default() };
    store.audit_list(&filter, 100, None).await.expect("the audit")
}

pub(super) async fn run(config: &Config, address: SocketAddr) -> Running {
    let point = Arc::new(Point::open(config).await.expect("a registration point"));
    let listener = Listener::bind(address).await.expect("the port");
    let (stop, stopped) = oneshot::channel();
    let stopped = async move {
        let _ = stopped.await;
    };
    let serving = tokio::spawn(server::registration::serve(Arc::clone(&point), listener, stopped));
    Running { point, stop, serving }
}

pub(super) fn wanted(folder: &Path, point: SocketAddr, apart: Option<PathBuf>) -> Wanted {
    Wanted {
        folder: folder.to_owned(),
        listen: "127.0.0.1:0".parse().expect("an address"),
        public_url: Some("http://scep.example.test".to_owned()),
        store: None,
        organisation: "Example".to_owned(),
        root_key: KeySpec::P384,
        root_validity: server::init::ROOT_VALIDITY,
        issuing_key: KeySpec::P256,
        static_challenge: None,
        legacy: init::Legacy::Refuse,
        registration_point: Some(WantedPoint { listen: point, url: None, folder: apart }),
    }
}

/// The text of a FAILURE.
#[track_caller]
pub(super) fn refused(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Refused(refusal) if refusal.fail_info.is_some() => refusal.text.as_deref().expect("a code"),
        other => panic!("not refused with failInfo: {other:?}"),
    }
}

/// The certificate of a SUCCESS.
#[track_caller]
pub(super) fn issued(outcome: Outcome) -> Certificate {
    match outcome {
        Outcome::Issued { certificate, .. } => certificate,
        other => panic!("no certificate: {other:?}"),
    }
}
