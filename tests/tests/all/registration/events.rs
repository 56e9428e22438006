//! Every refusal of a certificate is kept: at the registration point, at the policy module, whichever kind; it is listed
//! with the result Windows has for it, and what is listed as CAPI2 events our own doctor reads.

use std::process::Command;
use std::time::Duration;

use ca::Profile;
use doctor::fact::capi2::Capi2Body;
use doctor::source::Reading;
use doctor::{Evidence, fact};
use pki::Certificate;
use pki::crl::Reason;
use pki::extension::GeneralName;
use rustls::version::TLS13;
use serde_json::Value;
use server::registration::Fault;
use server::store::{Actor, EventFilter, EventRole, Store, StoredEvent};
use server::{revocation, world};

use super::authorisation::{attempts, call};
use super::caller::{self, Keyed};
use super::impostor::{Impostor, Manner};
use super::stage::{Stage, refused};
use crate::harness::perennial;
use crate::harness::program::run;

const PATIENCE: Duration = Duration::from_secs(60);
const HOUR: i64 = 3600;
const VALID: &str = "{\"outcome\":\"valid\",\"id\":\"c-1\"}";

/// The events, once there are so many: they are written while the refusal is on its way.
async fn events(store: &Store, count: u64) -> Vec<StoredEvent> {
    let filter = EventFilter { limit: 1000, ..EventFilter::default() };
    for _ in 0..200 {
        let found = store.events(&filter).await.expect("events");
        if found.iter().map(|event| event.times).sum::<u64>() >= count {
            return found;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{:?}", store.events(&filter).await.expect("events"));
}

fn command(stage: &Stage, words: &[&str]) -> Command {
    let mut command = perennial();
    command.args(words).arg("--config").arg(stage.folder().join("perennial.toml"));
    command
}

/// What the doctor reads: of each event 11 and 30 the leaf's thumbprint and the result.
fn read_by_doctor(xml: &str) -> (Vec<String>, Vec<(String, u32)>) {
    let mut evidence = Evidence::default();
    let mut reading = Reading::new("refused.xml");
    reading.feed(xml.as_bytes(), &mut evidence);
    reading.finish(&mut evidence);
    let print = |of: &fact::capi2::CertificateRef| of.thumbprint.map(|t| pki::digest::hex(&t.0).to_uppercase());
    let (mut chains, mut policies) = (Vec::new(), Vec::new());
    for (_, event) in evidence.capi2() {
        match &event.body {
            Capi2Body::Chain(built) => chains.extend(print(&built.certificate)),
            Capi2Body::Policy(verdict) => {
                let result = event.result.expect("a result").0;
                policies.push((print(&verdict.certificate).expect("a thumbprint"), result));
            }
            _ => {}
        }
    }
    (chains, policies)
}

/// Each fault with its result, as text, as JSON and as events of CAPI2.
#[tokio::test(flavor = "multi_thread")]
async fn every_refused_client_is_listed_with_its_hresult() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let mut expected = Vec::new();
    for attempt in attempts(&stage) {
        assert_eq!(call(&stage, attempt.own.as_ref(), &TLS13).await.status, 403);
        expected.push((attempt.expected, attempt.own.map(|own| own.certificate.thumbprint()).unwrap_or_default()));
    }
    let own = client(&stage);
    let by = Actor { name: "alice".to_owned(), source: "cli".to_owned() };
    let serial = own.certificate.serial();
    revocation::revoke(&stage.service, serial, Reason::KeyCompromise, &by, world::now()).await.expect("revoked");
    assert_eq!(call(&stage, Some(&own), &TLS13).await.status, 403);
    expected.push((Fault::Revoked, own.certificate.thumbprint()));
    let kept = events(&stage.service.store, expected.len() as u64).await;
    running.stop().await;

    let listed = run(&mut command(&stage, &["events", "list", "--json"]), PATIENCE).succeeded().json();
    assert_eq!(listed.as_array().map(Vec::len), Some(expected.len()), "{listed:#}");
    let text = run(&mut command(&stage, &["events", "list"]), PATIENCE).succeeded().text();
    for (fault, thumbprint) in &expected {
        let row = row(&listed, fault.text());
        assert_eq!(row["thumbprint"], thumbprint.as_str(), "{fault:?}");
        let hresult = format!("0x{:08X}", fault.hresult());
        assert!(row["hresult"].as_str().is_some_and(|text| text.starts_with(&hresult)), "{fault:?}: {row}");
        assert_eq!((&row["role"], &row["source"]), (&"client".into(), &"127.0.0.1".into()));
        assert!(text.lines().any(|line| line.contains(&hresult) && line.ends_with(fault.text())), "{fault:?}\n{text}");
        if *fault != Fault::None {
            assert_eq!(row["judgement"]["elements"][0]["thumbprint"], thumbprint.as_str());
            assert_eq!(row["judgement"]["policy"]["result"], hresult.as_str(), "{fault:?}");
        }
    }
    assert_eq!(row(&listed, "client.expired")["error"], "0x1", "CERT_TRUST_IS_NOT_TIME_VALID and nothing else");
    assert_eq!(row(&listed, "client.revoked")["error"], "0x4");

    let xml = run(&mut command(&stage, &["events", "list", "--format", "capi2"]), PATIENCE).succeeded().text();
    let (chains, mut policies) = read_by_doctor(&xml);
    let with_chain = kept.iter().filter(|e| e.event.code != "client.none");
    let mut wanted: Vec<(String, u32)> = with_chain.map(|e| (e.event.thumbprint.clone(), e.event.result)).collect();
    wanted.sort();
    policies.sort();
    assert_eq!((policies, chains.len()), (wanted, expected.len() - 1));
}

fn row<'v>(listed: &'v Value, code: &str) -> &'v Value {
    let mut rows = listed.as_array().expect("a list").iter();
    rows.find(|row| row["code"] == code).unwrap_or_else(|| panic!("no {code} in {listed:#}"))
}

fn client(stage: &Stage) -> Keyed {
    let credential = stage.service.credentials.load().policy_module_client.clone().expect("a credential");
    let key = pki::key::PrivateKey::from_pkcs8(credential.key.pkcs8()).expect("the key");
    Keyed { certificate: credential.certificate, key }
}

/// Whoever calls again and again fills no table; one event is shown by the start of its name.
#[tokio::test(flavor = "multi_thread")]
async fn the_same_refusal_is_counted_and_shown_by_its_name() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let ours = stage.service.credentials.load().issuer().expect("a CA").clone();
    let client = Profile::tls_client(HOUR);
    let expired = caller::certificate(
        "CN=Example Policy Module",
        &client,
        &ours.certificate,
        &*ours.key,
        world::now().plus(-3 * HOUR),
    );
    for _ in 0..5 {
        call(&stage, Some(&expired), &TLS13).await;
    }
    let kept = events(&stage.service.store, 5).await;
    // One row, or two if the clock struck in between.
    assert!(kept.len() <= 2, "{kept:?}");
    running.stop().await;

    let id = &kept[0].id;
    let shown = run(&mut command(&stage, &["events", "show", &id[..13]]), PATIENCE).succeeded().text();
    for says in [id, "0x800B0101 CERT_E_EXPIRED", "CERT_TRUST_IS_NOT_TIME_VALID", "CHAIN-EXPIRED", "element 2"] {
        assert!(shown.contains(says), "{says}: {shown}");
    }
    let xml = run(&mut command(&stage, &["events", "show", id, "--format", "capi2"]), PATIENCE).succeeded().text();
    let thumbprint = expired.certificate.thumbprint();
    assert_eq!(read_by_doctor(&xml), (vec![thumbprint.clone()], vec![(thumbprint, 0x800B_0101)]));
    run(&mut command(&stage, &["events", "show", "zz"]), PATIENCE).failed();
    let long_ago = run(&mut command(&stage, &["events", "list", "--since", "2h", "--json"]), PATIENCE).json();
    assert_eq!(long_ago.as_array().map(Vec::len), Some(kept.len()));
    let later = ["events", "list", "--since", "2999-01-01T00:00:00Z", "--json"];
    assert_eq!(run(&mut command(&stage, &later), PATIENCE).succeeded().json(), Value::Array(Vec::new()));
}

/// A CA beside the configured one, under the same root, is none of the configured ones.
#[tokio::test(flavor = "multi_thread")]
async fn another_ca_of_the_same_root_lets_nobody_in() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let credentials = stage.service.credentials.load_full();
    let root = credentials.root_keyed().expect("the root's key");
    let now = world::now();
    let key = pki::key::PrivateKey::generate(pki::key::KeySpec::P256).expect("a key");
    let wanted = ca::authority::Subordinate {
        subject: &pki::Name::parse("CN=Another CA").expect("a name"),
        key: pki::key::Sign::public_key(&key),
        validity: pki::Validity { not_before: now.plus(-HOUR), not_after: now.plus(24 * HOUR) },
        crl_urls: &[],
        issuer_urls: &[],
    };
    let serial = ca::Serial::random(&mut world::random);
    let other = ca::authority::issuing(&wanted, &root.certificate, &*root.key, &serial).expect("a CA");
    let client = Profile::tls_client(HOUR);
    let by_other = caller::certificate("CN=Example Policy Module", &client, &other, &key, now);
    // Nor is the root itself, whose chain is as good as can be.
    let by_root = caller::certificate("CN=Example Policy Module", &client, &root.certificate, &*root.key, now);
    for own in [by_other, by_root] {
        let response = call(&stage, Some(&own), &TLS13).await;
        assert_eq!((response.status, &response.body["error"]["code"]), (403, &"client.issuer".into()), "{response:?}");
        assert_eq!(response.body["error"]["faults"].as_array().map(Vec::len), Some(1), "{response:?}");
    }
    running.stop().await;
}

/// To Windows a certificate that states no purpose is good for any. Here it could be anybody's.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_states_its_purpose() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let ours = stage.service.credentials.load().issuer().expect("a CA").clone();
    for purposes in [vec![], vec![pki::oid::ANY_EXTENDED_KEY_USAGE]] {
        let profile = Profile { extended_key_usage: purposes, ..Profile::tls_client(HOUR) };
        let own =
            caller::certificate("CN=Example Policy Module", &profile, &ours.certificate, &*ours.key, world::now());
        let response = call(&stage, Some(&own), &TLS13).await;
        assert_eq!((response.status, &response.body["error"]["code"]), (403, &"client.purpose".into()), "{response:?}");
    }
    running.stop().await;
}

/// A server certificate for these names by this CA, made at this time.
fn server(issuer: &Certificate, key: &pki::key::PrivateKey, profile: &Profile, ip: [u8; 4], at: pki::Time) -> Keyed {
    use pki::key::Sign;
    let own = pki::key::PrivateKey::generate(pki::key::KeySpec::P256).expect("a key");
    let name = pki::Name::parse("CN=Example Registration Point").expect("a name");
    let order = ca::Order::new(name, vec![GeneralName::Ip(ip.to_vec())], own.public_key().clone());
    let serial = ca::Serial::random(&mut world::random);
    let prepared = ca::prepare(&order, profile, issuer, key.preferred(), &serial, at).expect("no flaw");
    Keyed { certificate: ca::sign(prepared, issuer, key).expect("signed"), key: own }
}

/// The other direction: a registration point whose certificate is no good gets no request, the device FAILURE, the
/// operator the reason, and the event says which certificate it was.
#[tokio::test(flavor = "multi_thread")]
async fn every_refused_server_is_listed_with_its_hresult() {
    let stage = Stage::trusting("trust.pem").await;
    let now = world::now();
    let trust = caller::authority(&pki::Name::parse("CN=Trust").expect("a name"), now);
    let other = caller::authority(&pki::Name::parse("CN=Other").expect("a name"), now);
    let namesake = caller::authority(trust.certificate.subject(), now);
    std::fs::write(stage.folder().join("trust.pem"), trust.certificate.to_pem()).expect("written");
    let here = [127, 0, 0, 1];
    let good = Profile::tls_server(24 * HOUR);
    let for_clients = Profile { extended_key_usage: vec![pki::oid::CLIENT_AUTH], ..good.clone() };
    let by = |ca: &Keyed, profile: &Profile, ip, at| server(&ca.certificate, &ca.key, profile, ip, at);
    let mut listed = 0;
    for (own, result, name, code, error) in [
        (
            by(&trust, &Profile::tls_server(HOUR), here, now.plus(-3 * HOUR)),
            0x800B_0101_u32,
            "CERT_E_EXPIRED",
            "server.expired",
            0x1,
        ),
        (by(&trust, &good, [127, 0, 0, 9], now), 0x800B_010F, "CERT_E_CN_NO_MATCH", "server.name", 0),
        (by(&other, &good, here, now), 0x800B_010A, "CERT_E_CHAINING", "server.chain", 0x1_0000),
        (by(&namesake, &good, here, now), 0x8009_6004, "TRUST_E_CERT_SIGNATURE", "server.signature", 0x8),
        (by(&trust, &for_clients, here, now), 0x800B_0110, "CERT_E_WRONG_USAGE", "server.purpose", 0x10),
        (other, 0x800B_0109, "CERT_E_UNTRUSTEDROOT", "server.untrusted-root", 0x20),
    ] {
        let impostor = Impostor::listen(stage.point, &own, Manner::Says(VALID)).await;
        assert_eq!(refused(&stage.enrol("mdm", "laptop-1", "P1.whatever").await), "challenge.unavailable", "{code}");
        impostor.end().await;
        let detail = &stage.audit("refuse").await[0].entry.detail;
        assert!(detail.contains(&format!("its certificate is refused: 0x{result:08X} {name} {code}: ")), "{detail}");
        listed += 1;
        let kept = events(&stage.service.store, listed).await;
        let event = &kept.iter().find(|e| e.event.code == code).unwrap_or_else(|| panic!("{code}: {kept:?}")).event;
        assert_eq!((event.role, event.place.as_str(), event.source.as_str()), (EventRole::Server, "mdm", "127.0.0.1"));
        assert_eq!((event.result, event.error & error), (result, error), "{code}: {}", event.detail);
        assert_eq!(event.thumbprint, own.certificate.thumbprint());
        let (_, policies) = read_by_doctor(&event.capi2);
        assert_eq!(policies, [(own.certificate.thumbprint(), result)], "{}", event.capi2);
    }
    // What is good is taken, and is no event.
    let own = by(&trust, &good, here, now);
    let impostor = Impostor::listen(stage.point, &own, Manner::TakesNoNotice).await;
    super::stage::issued(stage.enrol("mdm", "laptop-1", "P1.whatever").await);
    impostor.end().await;
    assert_eq!(events(&stage.service.store, listed).await.iter().map(|e| e.times).sum::<u64>(), listed);
}
