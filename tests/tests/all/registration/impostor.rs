//! Something that listens where the registration point should, and misbehaves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::caller::{Keyed, key_der};

/// What it does with a request.
#[derive(Debug, Clone, Copy)]
pub(super) enum Manner {
    /// It never answers.
    Silent,
    /// It answers this body with status 200.
    Says(&'static str),
    /// It answers nothing but this status.
    Status(&'static str),
    /// It closes the connection in the middle of its answer.
    HangsUp,
    /// It closes the connection before the handshake is over.
    NoTls,
    /// It says that every challenge is good, and takes no notice.
    TakesNoNotice,
}

pub(super) struct Impostor {
    serving: JoinHandle<()>,
    connections: Arc<AtomicUsize>,
}

impl Impostor {
    pub(super) async fn listen(address: SocketAddr, own: &Keyed, manner: Manner) -> Impostor {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let chain = vec![CertificateDer::from(own.certificate.der().to_vec())];
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key_der(&own.key))
            .expect("a key that fits");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(address).await.expect("the port");
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let serving = tokio::spawn(async move {
            let mut under_way = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::Relaxed);
                let acceptor = acceptor.clone();
                if matches!(manner, Manner::NoTls) {
                    continue;
                }
                under_way.spawn(async move {
                    let Ok(mut stream) = acceptor.accept(stream).await else { return };
                    while let Some(request) = request(&mut stream).await {
                        let Some(answer) = answer(manner, &request) else {
                            tokio::time::sleep(Duration::from_secs(60)).await;
                            return;
                        };
                        let _ = stream.write_all(answer.as_bytes()).await;
                        if matches!(manner, Manner::HangsUp) {
                            return;
                        }
                    }
                });
            }
        });
        Impostor { serving, connections }
    }

    /// How many there have been.
    pub(super) fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }

    pub(super) async fn end(self) {
        self.serving.abort();
        let _ = self.serving.await;
    }
}

/// The head and body of a request.
async fn request(stream: &mut (impl AsyncReadExt + Unpin)) -> Option<String> {
    let mut octets = Vec::new();
    loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.ok().filter(|read| *read > 0)?;
        octets.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&octets);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0usize) {
            return Some(text.into_owned());
        }
    }
}

fn answer(manner: Manner, request: &str) -> Option<String> {
    let whole =
        |status: &str, body: &str| Some(format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\n\r\n{body}", body.len()));
    match manner {
        Manner::Silent | Manner::NoTls => None,
        Manner::Says(body) => whole("200 OK", body),
        Manner::Status(status) => whole(status, ""),
        Manner::HangsUp => Some("HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{\"outcome\":\"val".to_owned()),
        Manner::TakesNoNotice if request.starts_with("POST /v1/notify") => whole("503 Service Unavailable", ""),
        Manner::TakesNoNotice => whole("200 OK", "{\"outcome\":\"valid\",\"id\":\"c-1\"}"),
    }
}
