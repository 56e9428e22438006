//! micromdm's `scepclient` 2.1 (Debian's package `scep`), which encrypts in single DES and digests with SHA-1.

use std::path::Path;

use super::{always_due, approve_the_only_case, keep_authorities, renewals, serial, verified};
use crate::harness::program::{Ran, foreign, need};
use crate::harness::{Legacy, Options, Service};

fn options() -> Options {
    Options { static_challenge: Some("secret"), legacy: Legacy::Accept, ..Options::default() }
}

fn scepclient(program: &Path, service: &Service, url: &str, challenge: &str) -> Ran {
    let arguments =
        ["-private-key", "k.pem", "-certificate", "c.pem", "-server-url", url, "-challenge", challenge, "-cn", "dev-1"];
    foreign(program, service.scratch(), &arguments)
}

#[test]
fn enrols_at_ndes_address_and_is_counted_as_weak() {
    need!("openssl");
    let program = need!("scepclient");
    let service = Service::start(options());
    scepclient(&program, &service, &service.url("/certsrv/mscep/mscep.dll"), "secret").succeeded();
    keep_authorities(&service, service.scratch());
    verified(service.scratch(), "c.pem");
    let listed = service.operator(&["cert", "list"]);
    assert_eq!(listed[0]["serial"].as_str(), Some(serial(service.scratch(), "c.pem").as_str()));
    assert_eq!(listed[0]["authority"], "static challenge", "{listed}");
}

/// The second call sends a RenewalReq (17) with the same key and transactionID. As long as renewal is not due this is
/// a lost reply as far as anybody can tell, and gets the same certificate (docs/divergences.md).
#[test]
fn renewal_before_it_is_due_gets_the_same_certificate() {
    need!("openssl");
    let program = need!("scepclient");
    let service = Service::start(options());
    let url = service.url("/scep");
    scepclient(&program, &service, &url, "secret").succeeded();
    let first = serial(service.scratch(), "c.pem");
    scepclient(&program, &service, &url, "secret").succeeded();
    assert_eq!(serial(service.scratch(), "c.pem"), first);
    assert_eq!(service.operator(&["cert", "list"]).as_array().map(Vec::len), Some(1));
}

/// It asks again after 30 seconds, without end.
#[test]
fn polls_until_an_operator_approves() {
    need!("openssl");
    let program = need!("scepclient");
    let service =
        Service::start(Options { edit: Some(|config| config + "legacy = \"single-des\"\n"), ..Options::default() });
    let ran = std::thread::scope(|scope| {
        let asking = scope.spawn(|| scepclient(&program, &service, &service.url("/scep/approval"), ""));
        approve_the_only_case(&service);
        asking.join().expect("scepclient ends")
    });
    let said = ran.succeeded().said();
    assert!(said.contains("PENDING") && said.contains("SUCCESS"), "{said}");
    keep_authorities(&service, service.scratch());
    verified(service.scratch(), "c.pem");
}

#[test]
fn renewal_when_it_is_due_gets_another_certificate() {
    need!("openssl");
    let program = need!("scepclient");
    let service = Service::start(Options { edit: Some(always_due), ..options() });
    let url = service.url("/scep");
    scepclient(&program, &service, &url, "secret").succeeded();
    let first = serial(service.scratch(), "c.pem");
    scepclient(&program, &service, &url, "secret").succeeded();
    assert_ne!(first, serial(service.scratch(), "c.pem"));
    keep_authorities(&service, service.scratch());
    verified(service.scratch(), "c.pem");
}

/// It digests with SHA-1, on which a renewal without a good challenge must not rest (RFC 8894 §7.8).
#[test]
fn renewal_on_sha_1_needs_a_good_challenge() {
    need!("openssl");
    let program = need!("scepclient");
    let service = Service::start(Options { edit: Some(always_due), ..options() });
    let url = service.url("/scep");
    scepclient(&program, &service, &url, "secret").succeeded();
    // It would send the old request again, challenge and all.
    std::fs::remove_file(service.scratch().join("csr.pem")).expect("its request");
    scepclient(&program, &service, &url, "left over").failed();
    let refused = service.operator(&["audit", "list", "--outcome", "refused"]);
    assert_eq!(refused[0]["code"], "renewal.digest", "{refused}");
    assert_eq!(renewals(&service), 0);
}

#[test]
fn a_wrong_challenge_is_a_failure_that_the_client_understands() {
    need!("openssl");
    let program = need!("scepclient");
    let service = Service::start(options());
    let ran = scepclient(&program, &service, &service.url("/scep"), "wrong").failed();
    assert!(ran.said().contains("badRequest"), "{}", ran.story());
    assert!(!service.scratch().join("c.pem").exists());
    assert_eq!(service.operator(&["cert", "list"]).as_array().map(Vec::len), Some(0));
}

/// Single DES is refused unless the endpoint allows it, with a signed FAILURE (badAlg) and not an HTTP error.
#[test]
fn single_des_is_refused_where_it_is_not_allowed() {
    need!("openssl");
    let program = need!("scepclient");
    let service = Service::start(Options { legacy: Legacy::Refuse, ..options() });
    let ran = scepclient(&program, &service, &service.url("/scep"), "secret").failed();
    assert!(ran.said().contains("badAlg"), "{}", ran.story());
    assert_eq!(service.operator(&["cert", "list"]).as_array().map(Vec::len), Some(0));
}
