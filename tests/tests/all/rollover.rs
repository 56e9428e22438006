//! The issuing CA changes under devices that know it by its fingerprint alone: the real program on both sides.

use std::path::Path;

use pki::Certificate;
use serde_json::Value;

use crate::harness::{Options, Service};

/// What the service shows as a certificate of this place: `issuing`, `next`, `earlier`.
fn authority(service: &Service, place: &str) -> Value {
    let all = service.operator(&["ca", "show"]);
    all.as_array().expect("a list").iter().find(|ca| ca["place"] == place).expect(place).clone()
}

fn sha256(authority: &Value) -> String {
    authority["sha256"].as_str().expect("a fingerprint").to_owned()
}

/// The certificate a device holds, and its issuer.
fn held(folder: &Path) -> (Certificate, Certificate) {
    let read = |name: &str| Certificate::parse_any(&std::fs::read(folder.join(name)).expect(name)).remove(0);
    (read("certificate.pem"), read("chain.pem"))
}

fn enrolled(service: &Service, device: &str, pin: &str) {
    let (url, subject) = (service.url("/scep"), format!("CN={device}"));
    let line = ["enrol", &url, "--dir", device, "--fingerprint", pin, "--subject", &subject, "--challenge", "secret"];
    let report = service.device(&line).succeeded().json();
    assert_eq!(report["next_ca"], Value::Null, "nothing is announced yet");
}

#[test]
fn s71_a_rollover_costs_a_device_nothing_that_has_heard_the_announcement() {
    let mut service = Service::start(Options { static_challenge: Some("secret"), ..Options::default() });
    let first = authority(&service, "issuing");
    let pin = sha256(&first);
    for device in ["listens", "sleeps"] {
        enrolled(&service, device, &pin);
    }
    let url = service.url("/scep");
    let renew =
        |service: &Service, device: &str| service.device(&["renew", &url, "--dir", device, "--fingerprint", &pin]);

    // The next CA is prepared, and announced; one of the two devices comes by.
    service.stop();
    service.command(&["ca", "next"]).succeeded();
    service.serve();
    let next = authority(&service, "next");
    let report = renew(&service, "listens").succeeded().json();
    assert_eq!(report["next_ca"]["sha256"], next["sha256"]);
    let kept = std::fs::read(service.scratch().join("listens/next-ca.pem")).expect("next-ca.pem");
    let kept: Vec<String> = Certificate::parse_any(&kept).iter().map(|c| pki::digest::hex(&c.fingerprint())).collect();
    assert_eq!(kept, [pin.clone(), sha256(&next)]);
    assert_eq!(pki::digest::hex(&held(&service.scratch().join("listens")).1.fingerprint()), pin);

    // It takes over.
    service.stop();
    service.command(&["credential", "renew", "issuing-ca"]).succeeded();
    service.serve();
    let second = authority(&service, "issuing");
    assert_eq!(second["sha256"], next["sha256"]);

    // The device that knows it renews with the fingerprint it has always had; for the other one it is a stranger.
    let report = renew(&service, "listens").succeeded().json();
    assert_eq!(report["status"], "issued");
    let (certificate, issuer) = held(&service.scratch().join("listens"));
    assert_eq!(pki::digest::hex(&issuer.fingerprint()), sha256(&second));
    certificate.verify_signature(issuer.public_key()).expect("issued by the new CA");
    let refused = renew(&service, "sleeps").failed();
    assert!(refused.stderr.contains("client.fingerprint"), "{}", refused.story());
    assert!(!service.scratch().join("sleeps/next-ca.pem").exists());

    // What a device has been told holds for questions too.
    let getca = ["getca", &url, "--fingerprint", &pin];
    service.device(&getca).failed();
    service.device(&[&getca[..], &["--dir", "listens"]].concat()).succeeded();
}
