//! The real process, killed with SIGKILL at random moments while four devices enrol and renew without a pause, and
//! started again on the same folder.
//!
//! Each device sends its request again until it is answered, as devices do. In the end there are exactly as many
//! certificates as requests, each as the device got it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use client::{Application, Identity, Options, Outcome, Session, Wish};
use pki::key::{KeySpec, PrivateKey};
use pki::{Certificate, Name};
use server::world;
use zeroize::Zeroizing;

use crate::harness::{self, Service, http};
use crate::parties::Device;

const DEVICES: usize = 4;
/// How long the service is killed and started again, if `SOAK_SECONDS` does not say.
const SECONDS: u64 = 8;
/// How long a device may go on asking for one certificate. A restart is much shorter.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many of its latest requests a device sends once more in the end.
const REPEATED: usize = 10;

#[test]
fn killed_again_and_again_with_an_rsa_ca() {
    killed_again_and_again("rsa-2048");
}

#[test]
fn killed_again_and_again_with_an_ecdsa_ca() {
    killed_again_and_again("p-256");
}

fn seconds() -> Duration {
    let stated = std::env::var("SOAK_SECONDS").ok().map(|text| text.parse().expect("SOAK_SECONDS is a number"));
    Duration::from_secs(stated.unwrap_or(SECONDS))
}

/// What the devices share.
struct Field {
    address: SocketAddr,
    authorization: String,
    stop: AtomicBool,
}

/// A request that was answered with a certificate.
struct Acknowledged {
    application: Application,
    certificate: Certificate,
}

fn killed_again_and_again(ca_key: &'static str) {
    let mut service = Service::start(harness::Options { ca_key: Some(ca_key), ..harness::Options::default() });
    let (user, password) = service.admin();
    let field = Arc::new(Field {
        address: service.address(),
        authorization: format!("Authorization: Basic {}", STANDARD.encode(format!("{user}:{password}"))),
        stop: AtomicBool::new(false),
    });
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let devices: Vec<_> = (0..DEVICES).map(|number| runtime.spawn(live(Arc::clone(&field), number))).collect();
    let (begun, mut kills) = (Instant::now(), 0);
    while begun.elapsed() < seconds() {
        std::thread::sleep(Duration::from_millis(100 + u64::from(random_octet()) * 4));
        service.kill();
        service.serve();
        kills += 1;
    }
    field.stop.store(true, Ordering::Relaxed);
    let lives: Vec<Vec<Acknowledged>> =
        devices.into_iter().map(|device| runtime.block_on(device).expect("a device's life")).collect();
    let total: usize = lives.iter().map(Vec::len).sum();
    let resumed = service.log().matches("signed after a restart").count();
    println!("{ca_key}: {kills} kills, {total} certificates acknowledged, {resumed} of them signed after a restart");
    assert!(kills >= 3 && total > kills * DEVICES, "the devices were busy while the service was killed");

    service.kill();
    assert_all_known(&service, &lives);
    service.serve();
    let session = runtime.block_on(Session::open(&service.url("/scep"), Options::default())).expect("a session");
    for life in &lives {
        for Acknowledged { application, certificate } in life.iter().rev().take(REPEATED) {
            let again = runtime.block_on(session.submit(application)).expect("an answer");
            let Outcome::Issued { certificate: again, .. } = again else { panic!("not issued again: {again:?}") };
            assert_eq!(again, *certificate);
        }
    }
    assert_all_known(&service, &lives);
}

/// As the operator sees it.
fn assert_all_known(service: &Service, lives: &[Vec<Acknowledged>]) {
    service.command(&["audit", "verify"]).succeeded();
    let listed = service.operator(&["cert", "list", "--limit", "10000000"]);
    let listed = listed.as_array().expect("a list");
    let mut known: BTreeMap<&str, &str> = BTreeMap::new();
    for row in listed {
        let text = |key: &str| row[key].as_str().unwrap_or_else(|| panic!("{key} of {row}"));
        assert_eq!(text("status"), "valid");
        assert_eq!(known.insert(text("serial"), text("sha256")), None, "a serial number was used twice");
    }
    let mut acknowledged = 0;
    for Acknowledged { certificate, .. } in lives.iter().flatten() {
        let sha256 = pki::digest::hex(&certificate.fingerprint());
        assert_eq!(known.get(certificate.serial_hex().as_str()), Some(&sha256.as_str()), "what was sent is known");
        acknowledged += 1;
    }
    assert_eq!(known.len(), acknowledged, "one certificate for each request");
}

fn random_octet() -> u8 {
    let mut octet = [0];
    world::random(&mut octet);
    octet[0]
}

/// A device's life: an RSA key that is renewed without end, and first enrolments of keys on a curve between.
async fn live(field: Arc<Field>, number: usize) -> Vec<Acknowledged> {
    let url = format!("http://{}/scep", field.address);
    let session = Session::open(&url, Options::default()).await.expect("a session");
    let rsa = Device::rsa(number);
    let wish = wish(&format!("CN=dev-{number}"), challenge(&field).await);
    let first = Application::first(copy(&rsa.key), &wish).expect("an application");
    let mut all = vec![obtain(&session, first).await];
    let mut held = all[0].certificate.clone();
    while !field.stop.load(Ordering::Relaxed) {
        let identity = Identity { key: copy(&rsa.key), certificate: Some(held.clone()), chain: Vec::new() };
        let renewal = Application::renewal(&identity, copy(&rsa.key), None).expect("an application");
        let renewed = obtain(&session, renewal).await;
        held = renewed.certificate.clone();
        all.push(renewed);
        if all.len() % 4 == 0 {
            let wish = self::wish(&format!("CN=phone-{number}-{}", all.len()), challenge(&field).await);
            let key = PrivateKey::generate(KeySpec::P256).expect("a key");
            let phone = Application::first(key, &wish).expect("an application");
            all.push(obtain(&session, phone).await);
        }
    }
    all
}

fn copy(key: &PrivateKey) -> PrivateKey {
    PrivateKey::from_pkcs8(key.pkcs8()).expect("a key")
}

fn wish(subject: &str, challenge: String) -> Wish {
    let subject = Name::parse(subject).expect("a name");
    Wish { subject, names: Vec::new(), challenge: Some(Zeroizing::new(challenge)) }
}

/// Sends a request until it is answered.
async fn obtain(session: &Session, application: Application) -> Acknowledged {
    let begun = Instant::now();
    loop {
        match session.submit(&application).await {
            Ok(Outcome::Issued { certificate, .. }) => {
                return Acknowledged { application, certificate };
            }
            Ok(other) => panic!("a device is stranded: {other:?}"),
            Err(error) => assert!(begun.elapsed() < PATIENCE, "no answer: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}

/// A one-time challenge, as an operator's program gets it.
async fn challenge(field: &Arc<Field>) -> String {
    let begun = Instant::now();
    loop {
        let (address, request) = (field.address, {
            let request = http::post("/api/challenges", "application/json", br#"{"endpoint":"default"}"#);
            http::with_header(&request, &field.authorization)
        });
        let sent = tokio::task::spawn_blocking(move || http::send(address, &request)).await.expect("sent");
        if let Some(response) = sent.ok().filter(|response| response.status == 200) {
            let made: serde_json::Value = serde_json::from_slice(&response.body).expect("JSON");
            return made["challenge"].as_str().expect("a challenge").to_owned();
        }
        assert!(begun.elapsed() < PATIENCE, "no challenge");
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
}
