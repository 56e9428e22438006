//! A registration point on another host: a folder of its own, no key of a CA or RA, the issuer's revocation list
//! fetched; and what is replaced while it runs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ca::Profile;
use pki::crl::Reason;
use rustls::version::TLS13;
use serde_json::Value;
use server::config::Config;
use server::credential::{self, Role};
use server::http::Listener;
use server::revocation::{self, Renew};
use server::store::Actor;
use server::world;
use tokio::task::JoinHandle;

use super::caller::{Keyed, Response, certificate, post, server_of};
use super::stage::{Running, audit, run, wanted};
use crate::harness::perennial;
use crate::harness::program::run as run_program;

const QUESTION: &[u8] = br#"{"endpoint":"mdm","device":"laptop-1"}"#;

fn files(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path.file_name().expect("a name").to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registration_point_of_its_own_host_needs_no_key_of_a_ca() {
    let scratch = tempfile::tempdir().expect("a folder");
    let (folder, apart) = (scratch.path().join("service"), scratch.path().join("point"));
    let address = "127.0.0.1:0".parse().expect("an address");
    let made = server::init::init(&wanted(&folder, address, Some(apart.clone())), world::now()).await.expect("both");
    assert_eq!(made.point_config.as_deref(), Some(apart.join("perennial.toml").as_path()));
    let keys =
        ["issuing-ca.pem", "pepper.key", "perennial.toml", "sealing-1.key", "server.pem", "tls-server-1.key.pem"];
    assert_eq!(files(&apart), keys);
    let service = server::Service::open(Config::read(&folder.join("perennial.toml")).expect("a configuration"));
    let service = service.await.expect("a service");
    // The list in a file, as it would be fetched.
    let list = |crl: &pki::Crl| std::fs::write(apart.join("list.crl"), crl.der()).expect("written");
    let config = apart.join("perennial.toml");
    let text = std::fs::read_to_string(&config).expect("the configuration");
    let url = "http://scep.example.test/ca/issuing.crl";
    assert!(text.contains(url), "{text}");
    std::fs::write(&config, text.replace(url, "list.crl")).expect("written");

    let port = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("its address");
    let point_config = Config::read(&config).expect("a configuration");
    let credential = service.credentials.load().policy_module_client.clone().expect("a credential");
    let key = pki::key::PrivateKey::from_pkcs8(credential.key.pkcs8()).expect("the key");
    let own = Keyed { certificate: credential.certificate.clone(), key };
    let root = service.credentials.load().root.clone();
    let call = async |expected: (u16, &str)| {
        let running = run(&point_config, port).await;
        let response = post(port, &root, Some(&own), &TLS13, "/v1/challenge", QUESTION).await;
        let code = response.body["error"]["code"].as_str().unwrap_or_default().to_owned();
        assert_eq!((response.status, code.as_str()), expected, "{response:?}");
        let rows = audit(running.point.store(), "refuse").await;
        running.stop().await;
        rows
    };

    // Without a list nobody can say whether the client has been revoked: fail closed.
    let rows = call((403, "client.revocation-offline")).await;
    assert!(rows[0].entry.detail.contains("0x80092013"), "{}", rows[0].entry.detail);
    list(revocation::publish(&service, Renew::Now, world::now()).await.expect("a list").crl());
    call((201, "")).await;
    let by = Actor { name: "alice".to_owned(), source: "cli".to_owned() };
    let serial = own.certificate.serial();
    list(&revocation::revoke(&service, serial, Reason::KeyCompromise, &by, world::now()).await.expect("revoked"));
    call((403, "client.revoked")).await;

    // Its events are in its own store, and need no service beside it to be looked at.
    let command = || {
        let mut command = perennial();
        command.args(["events", "list", "--json", "--config"]).arg(&config);
        run_program(&mut command, Duration::from_secs(60)).succeeded().json()
    };
    let mut codes = Vec::new();
    for _ in 0..100 {
        let listed = command();
        let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
        codes =
            listed.as_array().expect("a list").iter().map(|row| (text(row, "hresult"), text(row, "code"))).collect();
        if codes.len() == 2 {
            break;
        }
    }
    codes.sort();
    let revoked = ("0x80092010 CRYPT_E_REVOKED".to_owned(), "client.revoked".to_owned());
    let offline = ("0x80092013 CRYPT_E_REVOCATION_OFFLINE".to_owned(), "client.revocation-offline".to_owned());
    assert_eq!(codes, [revoked, offline]);
}

/// Files that somebody replaces are taken over; what is no good is not, and the old certificate serves on.
#[tokio::test(flavor = "multi_thread")]
async fn replaced_files_are_taken_over_if_they_are_good() {
    let apart = Apart::new().await;
    let (certificate_file, key_file) = (apart.file("tls/server.pem"), apart.file("keys/tls-server-1.key.pem"));
    let before = std::fs::read_to_string(&certificate_file).expect("the certificate");
    let shown = async || server_of(apart.address, &apart.root()).await;
    let at_first = shown().await;
    let (server, client) = (Profile::tls_server(86_400), Profile::tls_client(86_400));
    let (good, wrong) = (apart.made(&server, world::now()), apart.made(&client, world::now()));
    let ended = apart.made(&Profile::tls_server(600), world::now().plus(-3600));
    let early = apart.made(&server, world::now().plus(3 * 86_400));

    let chain = before.matches("BEGIN CERTIFICATE").count();
    assert_eq!(chain, 2, "the issuer is shown too");
    for half in [200, before.len() / 2 + 200, before.len() - 40] {
        std::fs::write(&certificate_file, &before[..half]).expect("half a file");
        apart.refuses("is it whole?").await;
    }
    std::fs::write(&certificate_file, good.certificate.to_pem()).expect("another's");
    apart.refuses("the key is another's").await;
    std::fs::write(&key_file, &good.key.to_pem().as_bytes()[..80]).expect("half a key");
    apart.refuses("keys/tls-server-1.key.pem").await;
    for (own, says) in
        [(&wrong, "it is not for Server Authentication"), (&ended, "it ended on"), (&early, "it is not valid before")]
    {
        std::fs::write(&certificate_file, own.certificate.to_pem()).expect("no good");
        std::fs::write(&key_file, own.key.to_pem().as_bytes()).expect("with its key");
        apart.refuses(says).await;
        assert_eq!(shown().await, at_first, "{says}");
    }
    std::fs::write(&certificate_file, good.certificate.to_pem()).expect("a good one");
    std::fs::write(&key_file, good.key.to_pem().as_bytes()).expect("with its key");
    // By itself, within seconds.
    let begun = std::time::Instant::now();
    while apart.running.point.shown().first() != Some(&good.certificate) {
        assert!(begun.elapsed().as_secs() < 30, "nobody looked");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    apart.stop().await;
}

/// A part that is no good does not hold back another that is.
#[tokio::test(flavor = "multi_thread")]
async fn issuers_and_secrets_are_taken_over_beside_each_other() {
    let apart = Apart::new().await;
    let issuers = apart.file("trust/issuing-ca.pem");
    let (old_ca, old_client) = (std::fs::read_to_string(&issuers).expect("it"), apart.client());
    assert_eq!(apart.ask(&old_client).await, 201);
    credential::renew(&apart.service, Role::IssuingCa, world::now()).await.expect("renewed");
    let new_ca = apart.service.credentials.load().issuer().expect("a CA").certificate.to_pem();
    let new_client = apart.another_client();
    assert_eq!(apart.ask(&new_client).await, 403);
    let both = format!("{old_ca}{new_ca}");
    std::fs::write(&issuers, &both[..both.len() - 40]).expect("written");
    std::fs::write(apart.file("keys/sealing-2.key"), "0011").expect("written");
    let why = apart.running.point.refresh(world::now()).await.expect_err("no good").to_string();
    assert!(why.contains("of the 2 certificates in it 1 can be read"), "{why}");
    assert!(why.contains("sealing-2.key does not hold 32 octets"), "{why}");
    let first = apart.challenge().await;
    assert_eq!(apart.ask(&new_client).await, 403);

    std::fs::write(&issuers, &both).expect("written");
    let why = apart.running.point.refresh(world::now()).await.expect_err("the secret is no good").to_string();
    assert!(!why.contains("certificates"), "{why}");
    assert_eq!((apart.ask(&old_client).await, apart.ask(&new_client).await), (201, 201));

    std::fs::write(apart.file("keys/sealing-2.key"), "5A".repeat(32)).expect("written");
    apart.running.point.refresh(world::now()).await.expect("taken over");
    let second = apart.challenge().await;
    assert_eq!((apart.verify(&first).await, apart.verify(&second).await), ("valid".into(), "valid".into()));
    std::fs::remove_file(apart.file("keys/sealing-1.key")).expect("removed");
    apart.running.point.refresh(world::now()).await.expect("taken over");
    assert_eq!((apart.verify(&first).await, apart.verify(&second).await), ("refused".into(), "valid".into()));
    apart.stop().await;
}

/// The new CA's list replaces that of the old one, whose name it has; what the old one revoked stays so.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_was_revoked_stays_so_when_the_ca_is_renewed() {
    let apart = Apart::with_list().await;
    let issuers = apart.file("trust/issuing-ca.pem");
    let (old_ca, old_client) = (std::fs::read_to_string(&issuers).expect("it"), apart.client());
    assert_eq!(apart.ask(&old_client).await, 201);
    // Lists are told apart by the second in which they were made; the first one is out already.
    let first = world::now();
    while world::now() == first {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let (by, serial) = (Actor { name: "alice".to_owned(), source: "cli".to_owned() }, old_client.certificate.serial());
    revocation::revoke(&apart.service, serial, Reason::KeyCompromise, &by, world::now()).await.expect("revoked");
    credential::renew(&apart.service, Role::IssuingCa, world::now()).await.expect("renewed");
    let new_ca = apart.service.credentials.load().issuer().expect("a CA").certificate.to_pem();
    std::fs::write(&issuers, format!("{old_ca}{new_ca}")).expect("written");
    // A minute later the list is fetched again: that of the new CA.
    apart.running.point.refresh(world::now().plus(61)).await.expect("taken over");
    assert_eq!(apart.ask(&apart.another_client()).await, 201);
    let refused = apart.response(&old_client).await;
    assert_eq!((refused.status, refused.body["error"]["code"].as_str()), (403, Some("client.revoked")));
    apart.stop().await;
}

/// A registration point in a folder of its own, that runs, beside the service it was made with.
struct Apart {
    service: Arc<server::Service>,
    serving: JoinHandle<()>,
    running: Running,
    address: SocketAddr,
    scratch: tempfile::TempDir,
}

impl Apart {
    /// Without a list of revoked clients.
    async fn new() -> Apart {
        let without =
            |text: &str| text.lines().filter(|line| !line.starts_with("client_crl")).collect::<Vec<_>>().join("\n");
        Apart::edited(|text, _| without(&text)).await
    }

    /// It fetches the list of revoked clients from the service, as `init` wrote it.
    async fn with_list() -> Apart {
        Apart::edited(|text, service| text.replace("http://scep.example.test", &format!("http://{service}"))).await
    }

    /// `edit` changes its configuration; it is told where the service listens.
    async fn edited(edit: impl FnOnce(String, SocketAddr) -> String) -> Apart {
        let scratch = tempfile::tempdir().expect("a folder");
        let (folder, apart) = (scratch.path().join("service"), scratch.path().join("point"));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("its address");
        drop(listener);
        server::init::init(&wanted(&folder, address, Some(apart.clone())), world::now()).await.expect("both");
        let service = server::Service::open(Config::read(&folder.join("perennial.toml")).expect("a configuration"));
        let service = Arc::new(service.await.expect("a service"));
        let listener = Listener::bind("127.0.0.1:0".parse().expect("an address")).await.expect("a port");
        let scep = listener.address().expect("its address");
        let serving = tokio::spawn(server::http::serve(Arc::clone(&service), listener, std::future::pending()));
        let config = apart.join("perennial.toml");
        let text = std::fs::read_to_string(&config).expect("the configuration");
        std::fs::write(&config, edit(text, scep)).expect("written");
        let running = run(&Config::read(&config).expect("a configuration"), address).await;
        Apart { service, serving, running, address, scratch }
    }

    async fn stop(self) {
        self.running.stop().await;
        self.serving.abort();
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        self.scratch.path().join("point").join(name)
    }

    fn root(&self) -> pki::Certificate {
        self.service.credentials.load().root.clone()
    }

    /// A certificate for the registration point's address.
    fn made(&self, profile: &Profile, at: pki::Time) -> Keyed {
        let ours = self.service.credentials.load().issuer().expect("a CA").clone();
        match profile.name.as_str() {
            "tls-server" => super::outage::server_certificate(&ours.certificate, &*ours.key, profile.validity, at),
            _ => certificate("CN=point", profile, &ours.certificate, &*ours.key, at),
        }
    }

    fn client(&self) -> Keyed {
        let credential = self.service.credentials.load().policy_module_client.clone().expect("a credential");
        let key = pki::key::PrivateKey::from_pkcs8(credential.key.pkcs8()).expect("the key");
        Keyed { certificate: credential.certificate, key }
    }

    async fn refuses(&self, says: &str) {
        let error = self.running.point.refresh(world::now()).await.expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
    }

    /// A client of the CA that issues now.
    fn another_client(&self) -> Keyed {
        let ours = self.service.credentials.load().issuer().expect("a CA").clone();
        let name = "CN=Example Policy Module,O=Example";
        certificate(name, &Profile::tls_client(3600), &ours.certificate, &*ours.key, world::now())
    }

    /// The answer to this client.
    async fn response(&self, client: &Keyed) -> Response {
        post(self.address, &self.root(), Some(client), &TLS13, "/v1/challenge", QUESTION).await
    }

    /// Its status.
    async fn ask(&self, client: &Keyed) -> u16 {
        self.response(client).await.status
    }

    async fn challenge(&self) -> String {
        let made = post(self.address, &self.root(), Some(&self.client()), &TLS13, "/v1/challenge", QUESTION).await;
        made.body["challenge"].as_str().expect("a challenge").to_owned()
    }

    async fn verify(&self, challenge: &str) -> String {
        let question = serde_json::to_vec(&super::verbs::question(challenge, "laptop-1")).expect("JSON");
        let said = post(self.address, &self.root(), Some(&self.client()), &TLS13, "/v1/verify", &question).await;
        said.body["outcome"].as_str().expect("an outcome").to_owned()
    }
}
