use std::sync::Arc;
use std::time::Duration;

use doctor::fact::ProbeFact;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::Uri;
use hyper::body::Bytes;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use pki::Certificate;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme};
use tokio::net::TcpStream;

use crate::failure::Failure;

const PATIENCE: Duration = Duration::from_secs(20);

/// What a server answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) content_type: Option<String>,
    pub(super) body: Vec<u8>,
}

/// Asks a server whatever certificate it shows.
pub(super) struct Fetcher {
    base: Uri,
    tls: Arc<ClientConfig>,
    client: Client<HttpsConnector<HttpConnector>, Empty<Bytes>>,
}

impl Fetcher {
    pub(super) fn new(url: &str) -> Result<Fetcher, Failure> {
        let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let base: Uri = with_scheme.parse().map_err(|error| Failure::new("probe.url", format!("{url}: {error}")))?;
        if base.host().is_none() || !matches!(base.scheme_str(), Some("http" | "https")) {
            return Err(Failure::new("probe.url", format!("{url} is no http or https address")));
        }
        let provider = Arc::new(aws_lc_rs::default_provider());
        let tls = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| Failure::new("probe.tls", error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(LookAtAll(provider)))
            .with_no_client_auth();
        let https = HttpsConnectorBuilder::new().with_tls_config(tls.clone()).https_or_http().enable_http1().build();
        Ok(Fetcher { base, tls: Arc::new(tls), client: Client::builder(TokioExecutor::new()).build(https) })
    }

    pub(super) fn is_tls(&self) -> bool {
        self.base.scheme_str() == Some("https")
    }

    /// The address of a SCEP operation (RFC 8894 §4.1).
    pub(super) fn operation(&self, name: &str) -> String {
        let separator = if self.base.query().is_some() { '&' } else { '?' };
        format!("{}{separator}operation={name}&message=ca", self.base)
    }

    /// Gets an address; at most `limit` octets of it.
    pub(super) async fn get(&self, url: &str, limit: usize) -> Result<Answer, String> {
        let uri: Uri = url.parse().map_err(|error| format!("{error}"))?;
        let asked = async {
            let response = self.client.get(uri).await.map_err(|error| causes(&error))?;
            let (head, body) = response.into_parts();
            let body = Limited::new(body, limit).collect().await.map_err(|error| error.to_string())?.to_bytes();
            let content_type = head.headers.get("content-type").and_then(|v| v.to_str().ok()).map(str::to_owned);
            Ok(Answer { status: head.status.as_u16(), content_type, body: body.to_vec() })
        };
        let slow = || format!("no answer within {} seconds", PATIENCE.as_secs());
        tokio::time::timeout(PATIENCE, asked).await.map_err(|_| slow())?
    }

    /// Shakes hands, to see what the server shows.
    pub(super) async fn handshake(&self) -> ProbeFact {
        let host = self.base.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = self.base.port_u16().unwrap_or(443);
        let address = format!("{host}:{port}");
        match tokio::time::timeout(PATIENCE, self.shown(&host, port)).await {
            Ok(Ok((version, chain, fault))) => ProbeFact::Tls { host: address, version, chain, fault },
            Ok(Err(why)) => ProbeFact::Tls { host: address, version: None, chain: Vec::new(), fault: Some(why) },
            Err(_) => {
                ProbeFact::Tls { host: address, version: None, chain: Vec::new(), fault: Some("no answer".into()) }
            }
        }
    }

    async fn shown(&self, host: &str, port: u16) -> Result<Shown, String> {
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let stream = TcpStream::connect((host, port)).await.map_err(|error| error.to_string())?;
        let connector = tokio_rustls::TlsConnector::from(self.tls.clone());
        let stream = connector.connect(name.clone(), stream).await.map_err(|error| error.to_string())?;
        let (_, session) = stream.get_ref();
        let presented = session.peer_certificates().unwrap_or_default();
        let fault = presented.first().and_then(|leaf| wrong_name(leaf, &name));
        let chain = presented.iter().filter_map(|one| Certificate::parse(one).ok()).collect();
        Ok((session.protocol_version().map(|version| format!("{version:?}")), chain, fault))
    }
}

/// Protocol version, certificates, and why the name does not fit.
type Shown = (Option<String>, Vec<Certificate>, Option<String>);

fn wrong_name(leaf: &CertificateDer<'_>, name: &ServerName<'_>) -> Option<String> {
    let parsed = ParsedCertificate::try_from(leaf).map_err(|error| error.to_string());
    let checked = parsed.and_then(|leaf| {
        rustls::client::verify_server_name(&leaf, name)
            .map_err(|_| "the certificate does not carry this name".to_owned())
    });
    checked.err()
}

/// An error with everything below it: the outermost alone says "client error (Connect)".
fn causes(error: &dyn std::error::Error) -> String {
    let mut says = error.to_string();
    let mut inner = error.source();
    while let Some(error) = inner {
        says = format!("{says}: {error}");
        inner = error.source();
    }
    says
}

/// Accepts every certificate, because the doctor wants to see the bad ones. Nothing secret is ever sent. Signatures are
/// checked all the same: who shows a certificate must hold its key.
#[derive(Debug)]
struct LookAtAll(Arc<CryptoProvider>);

impl ServerCertVerifier for LookAtAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
