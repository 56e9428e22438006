//! Every kind of CA key, and the CA that comes next.

use pki::key::{KeyKind, KeySpec};
use scep::caps::{Capability, Caps};
use scep::client::Ask;
use scep::http::Operation;

use crate::parties::{Device, Pair, STATIC, Setup, certificate};

#[tokio::test]
async fn every_kind_of_ca_key_issues_renews_and_lists() {
    for (ca_key, kind) in [
        (KeySpec::Rsa2048, "RSA-2048"),
        (KeySpec::Rsa3072, "RSA-3072"),
        (KeySpec::Rsa4096, "RSA-4096"),
        (KeySpec::P256, "P-256"),
        (KeySpec::P384, "P-384"),
    ] {
        let pair = Pair::with(Setup { ca_key }).await;
        assert_eq!(pair.issuer().public_key().kind().to_string(), kind);
        let old = pair.enrolled("default", &Device::rsa(0)).await;
        old.certificate.verify_signature(pair.issuer().public_key()).expect(kind);
        let phone = Device::new(KeySpec::P256, "CN=phone,O=Example");
        certificate(pair.enrol("default", &phone, Some(STATIC)).await);
        let new = old.successor(1);
        certificate(pair.ask("default", &Ask::Renew(&new.request(None)), "t-2", &old).await);
        let (issuer, serial) = (old.certificate.issuer(), old.certificate.serial());
        let answer = pair.ask("default", &Ask::Crl { issuer, serial }, "t-3", &old).await;
        let scep::client::Answer::Success { crls, .. } = answer else { panic!("{kind}: {answer:?}") };
        crls[0].verify_signature(pair.issuer().public_key()).expect(kind);
        pair.assert_sound().await;
    }
}

async fn ask(pair: &Pair, operation: Operation) -> server::Answer {
    let source = std::net::Ipv4Addr::LOCALHOST.into();
    pair.service.answer(pair.endpoint("default"), operation, source, pair.now).await
}

async fn caps(pair: &Pair) -> Caps {
    let server::Answer::Body { octets, .. } = ask(pair, Operation::GetCaCaps).await else { panic!("no capabilities") };
    Caps::parse(&octets)
}

#[tokio::test]
async fn the_next_ca_is_announced_once_it_is_prepared() {
    let pair = Pair::new().await;
    assert!(!caps(&pair).await.lists(Capability::GetNextCaCert), "only what is true");
    let none = ask(&pair, Operation::GetNextCaCert).await;
    assert!(matches!(none, server::Answer::Refused { status: 404, code: "ca.no-next" }), "{none:?}");

    let root = std::fs::read(pair.folder().join(server::init::ROOT_KEY)).expect("the root's key");
    let root = pki::key::PrivateKey::parse(&root).expect("a key");
    let made = server::init::prepare_next(&pair.service, &root, KeySpec::P384, pair.now).await.expect("prepared");
    let pair = pair.restarted().await;
    assert!(caps(&pair).await.lists(Capability::GetNextCaCert));
    let server::Answer::Body { octets, content_type } = ask(&pair, Operation::GetNextCaCert).await else {
        panic!("no next CA")
    };
    assert_eq!(content_type, "application/x-x509-next-ca-cert");
    let next = scep::ca_certs::read_next(&octets, &[pair.issuer()]).expect("signed by the current CA");
    assert!(next.contains(&made));
    assert_eq!(made.public_key().kind(), &KeyKind::P384);
    scep::ca_certs::read_next(&octets, std::slice::from_ref(&made)).expect_err("not by the next one itself");
    // The current CA goes on issuing.
    let device = pair.enrolled("default", &Device::rsa(0)).await;
    device.certificate.verify_signature(pair.issuer().public_key()).expect("the current CA");
}
