//! A policy module reached over HTTP: a registration point over mutual TLS, or a webhook whose requests are signed.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use bytes::Bytes;
use http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use pki::Certificate;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::verify::NotTaken;
use super::words::{Failure, NewChallenge, Notification, Question, Verdict, Wanted};
use super::{Answering, CHALLENGE, NOTIFY, NoAnswer, PolicyModule, VERIFY, tls};
use crate::credential::Credentials;
use crate::event::Events;
use crate::{key_file, world};

/// Octets of the longest answer that is read.
const LONGEST: usize = 256 << 10;
/// Characters of an answer that are passed on if it is no JSON.
const MOST_TEXT: usize = 200;
/// How long an idle connection is kept, shorter than servers usually keep theirs.
const IDLE: Duration = Duration::from_secs(5);

pub(super) type Https = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// How a request shows who sends it.
pub(super) enum Proof {
    /// By the service credential of the policy module, whichever generation is current.
    Certificate,
    /// By an HMAC under the secret in this file: 32 octets in hexadecimal.
    Signature(PathBuf),
}

/// A policy module reached over HTTP.
pub(super) struct Remote {
    /// Its address, without a slash at the end.
    pub(super) url: String,
    /// Certificates that the server's must lead to; nothing: the root of this service.
    pub(super) trust: Option<PathBuf>,
    pub(super) timeout: Duration,
    pub(super) proof: Proof,
    pub(super) folder: PathBuf,
    pub(super) credentials: Arc<ArcSwap<Credentials>>,
    /// The endpoint it is the policy module of.
    pub(super) endpoint: String,
    pub(super) events: Events,
    pub(super) held: ArcSwapOption<Held>,
}

/// Connections, and the certificates they were made with.
pub(super) struct Held {
    made_with: [u8; 32],
    client: Https,
}

impl PolicyModule for Remote {
    fn challenge<'a>(&'a self, wanted: &'a Wanted) -> Answering<'a, NewChallenge> {
        Box::pin(async move { read(&self.post(CHALLENGE, wanted).await?) })
    }

    fn verify<'a>(&'a self, question: &'a Question) -> Answering<'a, Verdict> {
        Box::pin(async move { read(&self.post(VERIFY, question).await?) })
    }

    fn notify<'a>(&'a self, notification: &'a Notification) -> Answering<'a, ()> {
        Box::pin(async move { self.post(NOTIFY, notification).await.map(|_| ()) })
    }
}

impl Remote {
    /// Sends a request, within the time there is; once more if the connection broke: a kept one may have been closed at
    /// the very moment, and every verb may be said twice.
    async fn post<T: Serialize + Sync>(&self, path: &str, words: &T) -> Result<Bytes, NoAnswer> {
        let body = serde_json::to_vec(words).map_err(|e| NoAnswer::NotAsked(e.to_string()))?;
        let body = Bytes::from(body);
        let twice = async {
            match self.exchange(path, &body).await {
                Err(NoAnswer::Unreachable(why)) => {
                    tracing::warn!(url = self.url, why, "a connection broke; it is asked once more");
                    self.exchange(path, &body).await
                }
                other => other,
            }
        };
        tokio::time::timeout(self.timeout, twice).await.unwrap_or(Err(NoAnswer::TimedOut(self.timeout)))
    }

    async fn exchange(&self, path: &str, body: &Bytes) -> Result<Bytes, NoAnswer> {
        let request = self.request(path, body)?;
        let client = self.client()?;
        let unreachable = |error: &dyn std::error::Error| NoAnswer::Unreachable(causes(error));
        let response = client.request(request).await.map_err(|error| match not_taken(&error) {
            Some(why) => NoAnswer::NotTaken(why.to_string()),
            None => unreachable(&error),
        })?;
        let status = response.status();
        let answer = Limited::new(response.into_body(), LONGEST).collect().await;
        let answer = answer.map_err(|e| unreachable(&*e))?.to_bytes();
        if status.is_success() { Ok(answer) } else { Err(rejected(status, &answer)) }
    }

    fn request(&self, path: &str, body: &Bytes) -> Result<Request<Full<Bytes>>, NoAnswer> {
        let mut request = Request::post(format!("{}{path}", self.url))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::USER_AGENT, concat!("perennial/", env!("CARGO_PKG_VERSION")));
        if let Proof::Signature(file) = &self.proof {
            let name = file.to_string_lossy();
            let secret = key_file::read_secret(&self.folder, &name).map_err(|e| NoAnswer::NotAsked(e.to_string()))?;
            let at = world::now().seconds().to_string();
            request =
                request.header("perennial-timestamp", &at).header("perennial-signature", sign(&secret, &at, body));
        }
        request.body(Full::new(body.clone())).map_err(|e| NoAnswer::NotAsked(e.to_string()))
    }

    /// The connections, made anew when a certificate they rest on is another.
    fn client(&self) -> Result<Https, NoAnswer> {
        let credentials = self.credentials.load();
        let roots = match &self.trust {
            Some(path) => trusted(&self.folder.join(path))?,
            None => vec![credentials.root.clone()],
        };
        let own = match (&self.proof, &credentials.policy_module_client) {
            (Proof::Certificate, None) => {
                return Err(NoAnswer::NotAsked("there is no current policy-module-client".to_owned()));
            }
            (Proof::Certificate, Some(own)) => Some((credentials.chain_of(&own.certificate), Arc::clone(&own.key))),
            (Proof::Signature(_), _) => None,
        };
        let all = roots.iter().chain(own.iter().flat_map(|(chain, _)| chain));
        let made_with = pki::digest::sha256(&all.flat_map(Certificate::fingerprint).collect::<Vec<u8>>());
        if let Some(held) = self.held.load().as_ref().filter(|held| held.made_with == made_with) {
            return Ok(held.client.clone());
        }
        let own = own.as_ref().map(|(chain, key)| (chain.as_slice(), &**key));
        let verified = tls::Verified { roots: &roots, place: &self.endpoint, events: Some(&self.events) };
        let client = connections(tls::client(&verified, own).map_err(|e| NoAnswer::NotAsked(e.to_string()))?);
        self.held.store(Some(Arc::new(Held { made_with, client: client.clone() })));
        Ok(client)
    }
}

/// Connections with these certificates.
pub(super) fn connections(config: rustls::ClientConfig) -> Https {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    let connector =
        HttpsConnectorBuilder::new().with_tls_config(config).https_or_http().enable_http1().wrap_connector(connector);
    Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).pool_idle_timeout(IDLE).build(connector)
}

/// The signature of a webhook's request: HMAC-SHA-256 over the time and the body, so that an old request cannot be sent
/// again as a new one.
pub(super) fn sign(secret: &Zeroizing<[u8; 32]>, at: &str, body: &[u8]) -> String {
    let mac = pki::digest::hmac_sha256(&**secret, &[at.as_bytes(), b".", body]);
    format!("v1={}", pki::digest::hex(&mac).to_ascii_lowercase())
}

#[expect(clippy::disallowed_methods, reason = "a trust bundle is a file, and may be replaced at any time")]
pub(super) fn trusted(path: &Path) -> Result<Vec<Certificate>, NoAnswer> {
    let octets = std::fs::read(path).map_err(|e| NoAnswer::NotAsked(format!("{}: {e}", path.display())))?;
    let found = Certificate::parse_any(&octets);
    let none = || NoAnswer::NotAsked(format!("{}: there is no certificate in it", path.display()));
    if found.is_empty() { Err(none()) } else { Ok(found) }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, NoAnswer> {
    serde_json::from_slice(body).map_err(|e| NoAnswer::Unreadable(format!("{e}: {}", start_of(body))))
}

fn rejected(status: StatusCode, body: &[u8]) -> NoAnswer {
    NoAnswer::Rejected { status: i32::from(status.as_u16()), says: rejection(body) }
}

/// What a body says of why there is no answer.
pub(super) fn rejection(body: &[u8]) -> String {
    let failure: Result<Failure, _> = serde_json::from_slice(body);
    shown(&failure.map_or_else(|_| start_of(body), |failure| failure.error.to_string()))
}

/// An error with what caused it: hyper's own text says only that something failed.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let says = cause.to_string();
        if !text.ends_with(&says) {
            text.push_str(": ");
            text.push_str(&says);
        }
        next = cause.source();
    }
    text
}

/// Why there is no connection: the refusal of the server's certificate in its own words, or whatever was the cause.
pub(super) fn why(error: &(dyn std::error::Error + 'static)) -> String {
    not_taken(error).map_or_else(|| causes(error), ToString::to_string)
}

/// Why the server's certificate was not taken, if that is the cause.
fn not_taken<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e NotTaken> {
    std::iter::successors(Some(error), |error| beneath(*error))
        .find_map(|cause| cause.downcast_ref::<rustls::Error>().and_then(NotTaken::within))
}

/// What an error is made of. An `io::Error` says as its source not what it wraps but that one's source.
fn beneath<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e (dyn std::error::Error + 'static)> {
    let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    match wrapped {
        Some(wrapped) => Some(wrapped),
        None => error.source(),
    }
}

/// The start of a body.
fn start_of(body: &[u8]) -> String {
    shown(&String::from_utf8_lossy(body.get(..body.len().min(4 * MOST_TEXT)).unwrap_or_default()))
}

/// What comes from outside is shown without control characters, and not at any length.
pub(super) fn shown(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MOST_TEXT).collect()
}

/// Whether an address may be used without TLS: only on this machine.
pub(crate) fn stays_here(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signature_covers_time_and_body() {
        let secret = Zeroizing::new([7; 32]);
        let one = sign(&secret, "1", b"{}");
        assert!(one.starts_with("v1=") && one.len() == 3 + 64);
        assert_ne!(one, sign(&secret, "2", b"{}"));
        assert_ne!(one, sign(&secret, "1", b"{ }"));
    }

    #[test]
    fn only_loopback_addresses_stay_here() {
        for (uri, expected) in [
            ("http://127.0.0.1:1/", true),
            ("http://[::1]:1/", true),
            ("http://localhost/", true),
            ("http://10.0.0.1/", false),
            ("http://localhost.example/", false),
        ] {
            assert_eq!(stays_here(&uri.parse().unwrap()), expected, "{uri}");
        }
    }
}
