//! Somebody who calls the registration point with whatever certificate and TLS version.

use std::net::SocketAddr;
use std::sync::Arc;

use ca::{Order, Profile, Serial};
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name, Time, Validity};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) struct Keyed {
    pub(crate) certificate: Certificate,
    pub(crate) key: PrivateKey,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) body: Value,
}

/// A CA of somebody else, under this name.
pub(super) fn authority(name: &Name, now: Time) -> Keyed {
    let key = PrivateKey::generate(KeySpec::P256).expect("a key");
    let validity = Validity { not_before: now.plus(-30 * 86_400), not_after: now.plus(365 * 86_400) };
    let certificate = ca::authority::root(name, &key, validity, &serial()).expect("a root");
    Keyed { certificate, key }
}

/// A certificate of this CA as it would have been made at this time.
pub(crate) fn certificate(
    name: &str,
    profile: &Profile,
    issuer: &Certificate,
    issuer_key: &dyn Sign,
    at: Time,
) -> Keyed {
    let key = PrivateKey::generate(KeySpec::P256).expect("a key");
    let order = Order::new(Name::parse(name).expect("a name"), Vec::new(), key.public_key().clone());
    let prepared = ca::prepare(&order, profile, issuer, issuer_key.preferred(), &serial(), at).expect("no flaw");
    let certificate = ca::sign(prepared, issuer, issuer_key).expect("signed");
    Keyed { certificate, key }
}

fn serial() -> Serial {
    Serial::random(&mut server::world::random)
}

pub(super) fn key_der(key: &PrivateKey) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.pkcs8().to_vec()))
}

/// The certificate a server presents now.
pub(crate) async fn server_of(address: SocketAddr, root: &Certificate) -> Certificate {
    let stream = connect(address, root, None, &rustls::version::TLS13).await;
    let chain = stream.get_ref().1.peer_certificates().expect("a certificate");
    Certificate::parse(&chain[0]).expect("a certificate")
}

/// A TLS connection of this version.
pub(crate) async fn connect(
    address: SocketAddr,
    root: &Certificate,
    own: Option<&Keyed>,
    version: &'static SupportedProtocolVersion,
) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root.der().to_vec())).expect("a root");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .expect("a version")
        .with_root_certificates(roots);
    let config = match own {
        Some(own) => {
            let chain = vec![CertificateDer::from(own.certificate.der().to_vec())];
            builder.with_client_auth_cert(chain, key_der(&own.key)).expect("a key that fits")
        }
        None => builder.with_no_client_auth(),
    };
    let stream = TcpStream::connect(address).await.expect("a connection");
    let name = ServerName::IpAddress(address.ip().into());
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("TLS");
    assert_eq!(stream.get_ref().1.protocol_version(), Some(version.version));
    stream
}

/// POST of JSON over a connection of its own.
pub(super) async fn post(
    address: SocketAddr,
    root: &Certificate,
    own: Option<&Keyed>,
    version: &'static SupportedProtocolVersion,
    path: &str,
    body: &[u8],
) -> Response {
    let mut stream = connect(address, root, own, version).await;
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    stream.write_all(body).await.expect("sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer with its end");
    let text = String::from_utf8(answer).expect("text");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body).expect("JSON") };
    Response { status, body }
}
