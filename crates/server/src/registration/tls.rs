//! TLS 1.2 and 1.3 for both sides. The server takes any client certificate whose key the client proves to have: the
//! judgement comes after the handshake, for each request, so that a refusal can say why. For the same reason nothing is
//! resumed: a resumed session would bring yesterday's certificate along.

use std::sync::Arc;

use pki::Certificate;
use pki::key::PrivateKey;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{ClientConfig, ServerConfig};

use super::verify::{AnyClient, Server};
use crate::event::Events;
use crate::trust::Trust;

/// The registration point's side, with its certificate and the issuers of it.
pub(super) fn server(chain: &[Certificate], key: &PrivateKey) -> Result<ServerConfig, rustls::Error> {
    let provider = provider();
    let verifier = AnyClient { algorithms: provider.signature_verification_algorithms };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_single_cert(ders(chain), key_der(key))?;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Whom a policy module takes as its server.
pub(super) struct Verified<'a> {
    /// What the server's certificate must lead to.
    pub(super) roots: &'a [Certificate],
    /// The endpoint whose policy module it is.
    pub(super) place: &'a str,
    /// Where refusals are kept; nothing: whoever asks hears of them.
    pub(super) events: Option<&'a Events>,
}

/// The policy module's side: whom it takes as its server, and its own certificate with the issuers of it.
pub(super) fn client(
    verified: &Verified<'_>,
    own: Option<(&[Certificate], &PrivateKey)>,
) -> Result<ClientConfig, rustls::Error> {
    let provider = provider();
    let verifier = Server {
        trust: Trust::in_anchors(verified.roots),
        events: verified.events.cloned(),
        place: verified.place.to_owned(),
        algorithms: provider.signature_verification_algorithms,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match own {
        Some((chain, key)) => builder.with_client_auth_cert(ders(chain), key_der(key))?,
        None => builder.with_no_client_auth(),
    };
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn ders(chain: &[Certificate]) -> Vec<CertificateDer<'static>> {
    chain.iter().map(|c| CertificateDer::from(c.der().to_vec())).collect()
}

fn key_der(key: &PrivateKey) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.pkcs8().to_vec()))
}
