//! HTTP: a request out, a bounded body back.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

use crate::ClientError;

/// Characters of an error page that are passed on.
const MOST_TEXT: usize = 300;

pub(crate) struct Transport {
    client: Client<HttpConnector, Full<Bytes>>,
    base: String,
    timeout: Duration,
    limit: usize,
}

impl Transport {
    /// For an address without a path the one every server knows is taken (RFC 8894 §4.1).
    pub(crate) fn new(address: &str, timeout: Duration, limit: usize) -> Result<Transport, ClientError> {
        let refuse = || ClientError::Address(address.to_owned());
        let uri: Uri = address.parse().map_err(|_| refuse())?;
        if uri.scheme_str() != Some("http") || uri.query().is_some() {
            return Err(refuse());
        }
        let authority = uri.authority().ok_or_else(refuse)?;
        let path = if uri.path().len() <= 1 { "/cgi-bin/pkiclient.exe" } else { uri.path() };
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(timeout));
        let client = Client::builder(TokioExecutor::new()).build(connector);
        Ok(Transport { client, base: format!("http://{authority}{path}"), timeout, limit })
    }

    pub(crate) async fn get(&self, what: &'static str, query: &str) -> Result<Bytes, ClientError> {
        self.ask(what, Method::GET, query, Bytes::new()).await
    }

    pub(crate) async fn post(&self, what: &'static str, query: &str, body: Vec<u8>) -> Result<Bytes, ClientError> {
        self.ask(what, Method::POST, query, body.into()).await
    }

    async fn ask(&self, what: &'static str, method: Method, query: &str, body: Bytes) -> Result<Bytes, ClientError> {
        let mut request = Request::builder().method(&method).uri(format!("{}?{query}", self.base));
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/x-pki-message");
        }
        let request = request.body(Full::new(body)).map_err(|_| ClientError::Address(self.base.clone()))?;
        match tokio::time::timeout(self.timeout, self.exchange(what, request)).await {
            Ok(answer) => answer,
            Err(_) => Err(ClientError::TimedOut(what)),
        }
    }

    async fn exchange(&self, what: &'static str, request: Request<Full<Bytes>>) -> Result<Bytes, ClientError> {
        let unreachable = |cause: &dyn std::error::Error| ClientError::Unreachable { what, cause: causes(cause) };
        let response = self.client.request(request).await.map_err(|e| unreachable(&e))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), self.limit).collect().await;
        let body = body.map_err(|e| match e.downcast::<LengthLimitError>() {
            Ok(_) => ClientError::TooLong(what),
            Err(other) => unreachable(&*other),
        })?;
        let body = body.to_bytes();
        if status != StatusCode::OK {
            return Err(ClientError::Status { what, status: status.as_u16(), text: start_of(&body) });
        }
        Ok(body)
    }
}

/// An error with what caused it: hyper's own text says only that something failed.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}

/// The start of a body without control characters.
fn start_of(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    text.chars().filter(|c| !c.is_control()).take(MOST_TEXT).collect()
}
