//! An enrolment put together with openssl(1) and sent with curl(1). openssl has no option for SCEP's signed
//! attributes, so that the outer layer alone is made here.

use std::path::Path;

use pki::key::PrivateKey;
use pki::{Certificate, Name};

use super::client::Client;
use super::{keep_authorities, openssl, verified};
use crate::harness::program::{foreign, need};
use crate::harness::{Options, Service};
use crate::parties::{Craft, Device};

const CONFIG: &str = "\
[req]
prompt = no
distinguished_name = name
attributes = attributes
req_extensions = extensions
[name]
O = Example
CN = by-hand
[attributes]
challengePassword = secret
[extensions]
subjectAltName = DNS:by-hand.example.test
keyUsage = critical, digitalSignature, keyEncipherment
[self]
keyUsage = critical, digitalSignature, keyEncipherment
";

/// Key, request and self-signed certificate, all of them openssl's.
fn device(folder: &Path) -> Device {
    std::fs::write(folder.join("req.conf"), CONFIG).expect("kept");
    openssl(folder, &["genrsa", "-out", "k.pem", "2048"]);
    let config = ["-config", "req.conf", "-key", "k.pem", "-new"];
    openssl(folder, &[&["req"], &config[..], &["-outform", "DER", "-out", "request.der"]].concat());
    openssl(folder, &[&["req"], &config[..], &["-x509", "-extensions", "self", "-out", "self.pem"]].concat());
    let read = |file: &str| std::fs::read(folder.join(file)).expect(file);
    Device {
        key: PrivateKey::parse(&read("k.pem")).expect("a key"),
        certificate: Certificate::parse_any(&read("self.pem")).remove(0),
        subject: Name::parse("CN=by-hand,O=Example").expect("a name"),
    }
}

/// Encrypts the request with openssl, signs it here, posts it with curl, and opens the reply with openssl.
fn enrols(cipher: &str, stream: &[&str], outside: impl Fn(Vec<u8>) -> Vec<u8>) {
    need!("openssl");
    let curl = need!("curl");
    let service = Service::start(Options { static_challenge: Some("secret"), ..Options::default() });
    let folder = service.scratch();
    keep_authorities(&service, folder);
    let client = Client::of(&service);
    let device = device(folder);
    std::fs::write(folder.join("ra.pem"), client.authorities.encryption.to_pem()).expect("kept");
    std::fs::write(folder.join("signer.pem"), client.authorities.signing.to_pem()).expect("kept");
    let encrypt = ["cms", "-encrypt", "-binary", "-in", "request.der", "-outform", "DER", "-out", "envelope.der"];
    openssl(folder, &[&encrypt[..], &[cipher], stream, &["ra.pem"]].concat());
    let envelope = std::fs::read(folder.join("envelope.der")).expect("the envelope");
    // An indefinite length is what -stream is about.
    assert_eq!(envelope[1] == 0x80, !stream.is_empty());
    let message = outside(Craft::enrolment(&device, "by-hand-1", envelope).sign(&device.key));
    std::fs::write(folder.join("message.der"), message).expect("kept");
    let url = service.url("/cgi-bin/pkiclient.exe?operation=PKIOperation");
    let header = "Content-Type: application/x-pki-message";
    let post = ["-sS", "--fail", "-H", header, "--data-binary", "@message.der", "-o", "reply.der", &url];
    foreign(&curl, folder, &post).succeeded();
    // With nothing but the signer's certificate from GetCACert, and the chain.
    let verify = ["cms", "-verify", "-inform", "DER", "-in", "reply.der", "-purpose", "any", "-nointern"];
    let trust = ["-certfile", "signer.pem", "-CAfile", "chain.pem", "-out", "reply-envelope.der"];
    openssl(folder, &[&verify[..], &trust].concat());
    let decrypt = ["cms", "-decrypt", "-inform", "DER", "-in", "reply-envelope.der", "-recip", "self.pem"];
    openssl(folder, &[&decrypt[..], &["-inkey", "k.pem", "-out", "bag.der"]].concat());
    openssl(folder, &["pkcs7", "-inform", "DER", "-in", "bag.der", "-print_certs", "-out", "issued.pem"]);
    verified(folder, "issued.pem");
    let said = openssl(folder, &["x509", "-in", "issued.pem", "-noout", "-subject", "-ext", "subjectAltName"]).text();
    assert!(said.contains("CN = by-hand") && said.contains("DNS:by-hand.example.test"), "{said}");
}

#[test]
fn with_der() {
    enrols("-aes128", &[], |message| message);
}

#[test]
fn with_aes_192_and_256() {
    enrols("-aes192", &[], |message| message);
    enrols("-aes256", &[], |message| message);
}

/// The envelope as openssl streams it: indefinite lengths, the content in pieces.
#[test]
fn with_a_streamed_envelope() {
    enrols("-aes128", &["-stream"], |message| message);
}

/// The outer layer in indefinite lengths too, as BouncyCastle writes it.
#[test]
fn with_indefinite_lengths_outside() {
    enrols("-aes128", &["-stream"], |message| super::client::indefinite(&message, 4));
}

#[test]
fn a_request_without_proof_of_possession_gets_nothing() {
    let service = Service::start(Options { static_challenge: Some("secret"), ..Options::default() });
    let client = Client::of(&service);
    let device = Device::rsa(1);
    let mut request = device.request(Some("secret")).der().to_vec();
    *request.last_mut().expect("a signature") ^= 1;
    let craft = Craft::enrolment(&device, "t", client.sealed(&request));
    let reply = client.post(&craft.sign(&device.key));
    assert_eq!(super::client::refusal(&reply.body), "envelope.content");
    assert_eq!(service.operator(&["cert", "list"]).as_array().map(Vec::len), Some(0));
}
