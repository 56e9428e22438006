//! Every object that leaves the service, read by openssl(1).

use std::path::Path;
use std::time::{Duration, Instant};

use super::client::{Client, SECRET};
use super::{keep_authorities, openssl, serial, verified};
use crate::harness::program::need;
use crate::harness::{Options, Service};
use crate::parties::Device;

/// A service with a device that has enrolled into the folder `d`, and the CA certificates in files.
fn enrolled(ca_key: Option<&'static str>) -> Service {
    let service = Service::start(Options { static_challenge: Some(SECRET), ca_key, ..Options::default() });
    let url = service.url("/scep");
    let wish = ["enrol", &url, "--dir", "d", "--subject", "CN=dev-1,O=Example", "--name", "dns:dev-1.example.test"];
    let more = ["--challenge", SECRET, "--pkcs12", "d.p12", "--pkcs12-password", "geheim"];
    service.device(&[&wish[..], &more].concat()).succeeded();
    keep_authorities(&service, service.scratch());
    service
}

fn keep(service: &Service, file: &str, octets: &[u8]) {
    std::fs::write(service.scratch().join(file), octets).expect("kept");
}

fn text(folder: &Path, file: &str) -> String {
    openssl(folder, &["x509", "-in", file, "-noout", "-text"]).text()
}

#[test]
fn ca_certificates_say_what_they_are_for() {
    need!("openssl");
    for ca_key in [None, Some("p-384")] {
        let service = enrolled(ca_key);
        let folder = service.scratch();
        for file in ["root.pem", "issuing.pem"] {
            let said = text(folder, file);
            assert!(said.contains("CA:TRUE") && said.contains("Certificate Sign, CRL Sign"), "{file}: {said}");
            assert!(said.contains("Version: 3") && said.contains("X509v3 Subject Key Identifier"), "{file}: {said}");
        }
        assert!(text(folder, "issuing.pem").contains("pathlen:0"));
        let said = openssl(folder, &["verify", "-x509_strict", "-CAfile", "root.pem", "issuing.pem"]).text();
        assert!(said.contains("issuing.pem: OK"), "{said}");
    }
}

#[test]
fn an_issued_certificate_verifies_against_the_chain_and_the_list() {
    need!("openssl");
    for ca_key in [None, Some("p-256")] {
        let service = enrolled(ca_key);
        let folder = service.scratch();
        std::fs::copy(folder.join("d/certificate.pem"), folder.join("c.pem")).expect("copied");
        verified(folder, "c.pem");
        let said = text(folder, "c.pem");
        // Each generation of the CA has addresses of its own.
        let issuing = pki::Certificate::parse(&service.get("/ca/issuing.crt").body).expect("the CA");
        let place = format!("/ca/{}", server::credential::place(&issuing));
        assert_eq!(service.get(&format!("{place}.crl")).body, service.get("/ca/issuing.crl").body);
        assert_eq!(service.get(&format!("{place}.crt")).body, issuing.der());
        for part in [
            "CN = dev-1",
            "DNS:dev-1.example.test",
            "TLS Web Client Authentication",
            "Digital Signature, Key Encipherment",
            &service.url(&format!("{place}.crl")),
            &service.url(&format!("{place}.crt")),
        ] {
            assert!(said.contains(part), "no {part} in {said}");
        }
        // Nothing that would make a CA of it.
        assert!(!said.contains("CA:TRUE") && !said.contains("Certificate Sign"), "{said}");
        keep(&service, "issuing.crl", &service.get("/ca/issuing.crl").body);
        openssl(folder, &["crl", "-inform", "DER", "-in", "issuing.crl", "-out", "issuing.crl.pem"]);
        let chain = ["verify", "-crl_check", "-CRLfile", "issuing.crl.pem", "-CAfile", "root.pem"];
        openssl(folder, &[&chain[..], &["-untrusted", "issuing.pem", "c.pem"]].concat());
    }
}

#[test]
fn the_bag_of_getcacert_holds_ra_ca_and_root() {
    need!("openssl");
    let service = enrolled(None);
    keep(&service, "bag.der", &service.get("/scep?operation=GetCACert").body);
    let said =
        openssl(service.scratch(), &["pkcs7", "-inform", "DER", "-in", "bag.der", "-print_certs", "-noout"]).text();
    let subjects: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("subject=")).collect();
    // The RA's signing and encryption certificates, then the CA, which is NDES's order; the root comes last.
    assert!(subjects[0].contains("RA Signing") && subjects[1].contains("RA Encryption"), "{subjects:?}");
    assert!(subjects[2].contains("Issuing CA") && subjects[3].contains("Root CA"), "{subjects:?}");
    assert_eq!(subjects.len(), 4);
    // The same by another reader of openssl.
    openssl(service.scratch(), &["cms", "-cmsout", "-inform", "DER", "-in", "bag.der", "-noout", "-print"]);
    keep(&service, "all.pem", said.as_bytes());
}

#[test]
fn a_reply_is_verified_and_decrypted() {
    need!("openssl");
    let service = enrolled(None);
    let folder = service.scratch();
    let client = Client::of(&service);
    let device = Device::rsa(3);
    let sent = client.enrolment(&device);
    keep(&service, "reply.der", &client.post(&sent.der).body);
    keep(&service, "device.key", device.key.to_pem().as_bytes());
    keep(&service, "device.pem", device.certificate.to_pem().as_bytes());
    // -purpose any: an RA's certificate is for SCEP and not for mail.
    let verify = ["cms", "-verify", "-inform", "DER", "-in", "reply.der", "-purpose", "any", "-CAfile", "chain.pem"];
    let said = openssl(folder, &[&verify[..], &["-out", "envelope.der"]].concat());
    assert!(said.said().contains("erification successful"), "{}", said.story());
    let decrypt = ["cms", "-decrypt", "-inform", "DER", "-in", "envelope.der", "-recip", "device.pem"];
    openssl(folder, &[&decrypt[..], &["-inkey", "device.key", "-out", "bag.der"]].concat());
    openssl(folder, &["pkcs7", "-inform", "DER", "-in", "bag.der", "-print_certs", "-out", "issued.pem"]);
    verified(folder, "issued.pem");
    let said = openssl(folder, &["x509", "-in", "issued.pem", "-noout", "-subject"]).text();
    assert!(said.contains("CN = dev-3"), "{said}");
}

#[test]
fn refusals_and_pending_are_verified_too() {
    need!("openssl");
    let service = enrolled(None);
    let mut client = Client::of(&service);
    let device = Device::rsa(4);
    let verify = ["cms", "-verify", "-inform", "DER", "-in", "reply.der", "-purpose", "any", "-CAfile", "chain.pem"];
    let verify = [&verify[..], &["-out", "content"]].concat();
    for (path, challenge) in [("/scep", Some("wrong")), ("/scep/approval", None)] {
        client.path = path;
        let ask = scep::client::Ask::Enrol(&device.request(challenge));
        let sent = client.message(&ask, "t-1", &device, &super::client::MODERN);
        keep(&service, "reply.der", &client.post(&sent.der).body);
        openssl(service.scratch(), &verify);
        assert_eq!(std::fs::read(service.scratch().join("content")).expect("content"), b"", "{path}");
    }
}

#[test]
fn the_list_verifies_and_has_the_revoked_serial() {
    need!("openssl");
    for ca_key in [None, Some("p-256")] {
        let service = enrolled(ca_key);
        let folder = service.scratch();
        let number = serial(folder, "d/certificate.pem");
        service.operator(&["cert", "revoke", &number, "--reason", "keyCompromise"]);
        let response = service.get("/ca/issuing.crl");
        assert_eq!(response.header("content-type"), Some("application/pkix-crl"));
        keep(&service, "issuing.crl", &response.body);
        let arguments = ["crl", "-inform", "DER", "-in", "issuing.crl", "-CAfile", "issuing.pem", "-text"];
        let ran = openssl(folder, &[&arguments[..], &["-out", "issuing.crl.pem"]].concat());
        assert!(ran.said().contains("verify OK"), "{}", ran.story());
        let list = std::fs::read_to_string(folder.join("issuing.crl.pem")).expect("the list");
        assert!(
            list.to_ascii_lowercase().contains(&number)
                && list.contains("Key Compromise")
                && list.contains("CRL Number"),
            "{list}"
        );
        let check = ["verify", "-crl_check", "-CRLfile", "issuing.crl.pem", "-CAfile", "root.pem", "-untrusted"];
        let program = Path::new("openssl");
        let ran = crate::harness::program::foreign(
            program,
            folder,
            &[&check[..], &["issuing.pem", "d/certificate.pem"]].concat(),
        );
        assert!(ran.failed().said().contains("certificate revoked"));
        // The same list by SCEP, to the device that has the certificate.
        let by_scep = service.device(&["getcrl", &service.url("/scep"), "--dir", "d", "--pem"]).succeeded().text();
        keep(&service, "scep.crl.pem", by_scep.as_bytes());
        let said = openssl(folder, &["crl", "-in", "scep.crl.pem", "-noout", "-text"]).text();
        assert!(said.to_ascii_lowercase().contains(&number), "{said}");
        // And the root's, by the root.
        keep(&service, "root.crl", &service.get("/ca/root.crl").body);
        let said =
            openssl(folder, &["crl", "-inform", "DER", "-in", "root.crl", "-CAfile", "root.pem", "-noout"]).said();
        assert!(said.contains("verify OK"), "{said}");
    }
}

#[test]
fn the_next_ca_is_signed_by_the_current_one() {
    need!("openssl");
    let service = enrolled(None);
    let folder = service.scratch();
    assert_eq!(service.get("/scep?operation=GetNextCACert").status, 404);
    assert!(!service.get("/scep?operation=GetCACaps").text().contains("GetNextCACert"));
    service.operator(&["ca", "next"]);
    // The running service looks at the store from time to time.
    let begun = Instant::now();
    while service.get("/scep?operation=GetNextCACert").status != 200 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the running service takes no notice: {}", service.log());
        std::thread::sleep(Duration::from_millis(250));
    }
    assert!(service.get("/scep?operation=GetCACaps").text().contains("GetNextCACert"));
    let next = service.get("/scep?operation=GetNextCACert");
    assert_eq!(next.header("content-type"), Some("application/x-x509-next-ca-cert"));
    keep(&service, "next.der", &next.body);
    let verify = ["cms", "-verify", "-inform", "DER", "-in", "next.der", "-purpose", "any", "-CAfile", "root.pem"];
    // -nointern: the signer is the CA that is held already, wherever the message may point.
    let signer = ["-nointern", "-certfile", "issuing.pem", "-out", "next-bag.der"];
    openssl(folder, &[&verify[..], &signer].concat());
    openssl(folder, &["pkcs7", "-inform", "DER", "-in", "next-bag.der", "-print_certs", "-out", "next.pem"]);
    openssl(folder, &["verify", "-x509_strict", "-CAfile", "root.pem", "next.pem"]);
    assert_ne!(serial(folder, "next.pem"), serial(folder, "issuing.pem"));
    assert!(text(folder, "next.pem").contains("CA:TRUE"));
    let by_device = service.device(&["getca", &service.url("/scep"), "--next", "--pem"]).succeeded().text();
    keep(&service, "by-device.pem", by_device.as_bytes());
    assert_eq!(serial(folder, "by-device.pem"), serial(folder, "next.pem"));
}

#[test]
fn pkcs12_is_read_and_read_back() {
    need!("openssl");
    let service = enrolled(None);
    let folder = service.scratch();
    let read = ["pkcs12", "-in", "d.p12", "-passin", "pass:geheim", "-nodes", "-out", "d.pem"];
    openssl(folder, &read);
    let all = std::fs::read_to_string(folder.join("d.pem")).expect("kept");
    assert!(all.contains("PRIVATE KEY"), "the key");
    assert_eq!(all.matches("BEGIN CERTIFICATE").count(), 3, "the certificate and its issuers");
    assert_eq!(serial(folder, "d.pem"), serial(folder, "d/certificate.pem"));
    let key = |file: &str| openssl(folder, &["pkey", "-in", file, "-pubout"]).text();
    assert_eq!(key("d.pem"), openssl(folder, &["x509", "-in", "d/certificate.pem", "-noout", "-pubkey"]).text());
    let wrong = ["pkcs12", "-in", "d.p12", "-passin", "pass:wrong", "-nodes"];
    crate::harness::program::foreign(Path::new("openssl"), folder, &wrong).failed();
    // What openssl packs, the device takes for a renewal.
    openssl(folder, &["pkcs12", "-export", "-in", "d.pem", "-passout", "pass:anders", "-out", "made.p12"]);
    let url = service.url("/scep");
    let renew = ["renew", &url, "--dir", "e", "--identity", "made.p12", "--pkcs12-password", "anders"];
    assert_eq!(service.device(&renew).succeeded().json()["status"], "issued");
    assert_ne!(serial(folder, "e/certificate.pem"), serial(folder, "d/certificate.pem"));
}
