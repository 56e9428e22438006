//! A registration point on another host: a folder of its own, no key of a CA or RA, the issuer's revocation list
//! fetched; and what is replaced while it runs.

use std::path::Path;
use std::time::Duration;

use ca::Profile;
use pki::crl::Reason;
use rustls::version::TLS13;
use serde_json::Value;
use server::config::Config;
use server::revocation::{self, Renew};
use server::store::Actor;
use server::world;

use super::caller::{Keyed, certificate, post};
use super::stage::{audit, run, wanted};
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
    let scratch = tempfile::tempdir().expect("a folder");
    let (folder, apart) = (scratch.path().join("service"), scratch.path().join("point"));
    let address = "127.0.0.1:0".parse().expect("an address");
    server::init::init(&wanted(&folder, address, Some(apart.clone())), world::now()).await.expect("both");
    let service = server::Service::open(Config::read(&folder.join("perennial.toml")).expect("a configuration"));
    let service = service.await.expect("a service");
    let config = Config::read(&apart.join("perennial.toml")).expect("a configuration");
    let point = server::registration::Point::open(&config).await.expect("a registration point");
    let (certificate_file, key_file) = (apart.join("tls/server.pem"), apart.join("keys/tls-server-1.key.pem"));
    let before = std::fs::read_to_string(&certificate_file).expect("the certificate");
    let now = world::now();
    let credentials = service.credentials.load();
    let ours = credentials.issuer().expect("a CA");
    let made = |profile: &Profile| certificate("CN=point", profile, &ours.certificate, &*ours.key, now);
    let good = made(&Profile::tls_server(86_400));
    let wrong = made(&Profile::tls_client(86_400));

    let refuse = async |says: &str| {
        let error = point.refresh(now).await.expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
    };
    std::fs::write(&certificate_file, &before[..200]).expect("half a file");
    refuse("there is no certificate in it").await;
    std::fs::write(&certificate_file, good.certificate.to_pem()).expect("another's");
    refuse("the key is another's").await;
    std::fs::write(&certificate_file, wrong.certificate.to_pem()).expect("for another purpose");
    std::fs::write(&key_file, wrong.key.to_pem().as_bytes()).expect("with its key");
    refuse("it is not for Server Authentication").await;
    std::fs::write(&certificate_file, good.certificate.to_pem()).expect("a good one");
    std::fs::write(&key_file, good.key.to_pem().as_bytes()).expect("with its key");
    point.refresh(now).await.expect("taken over");
}
