//! From a request line and body to the operation asked for (RFC 8894 §4.1, §4.3), with every habit of real clients.

mod base64;

use base64::decode;

/// Octets of a query string that are looked at.
pub const MOST_QUERY: usize = 64 << 10;
/// Octets of a body that are looked at.
pub const MOST_BODY: usize = 2 << 20;

/// The HTTP method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET (and HEAD).
    Get,
    /// POST.
    Post,
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// What the service can do.
    GetCaCaps,
    /// The certificates of CA and RA; also asked for as GetCACertChain by old clients.
    GetCaCert,
    /// The certificates of the next CA.
    GetNextCaCert,
    /// A pkiMessage, whatever is in it.
    PkiOperation(Vec<u8>),
}

/// Why a request is no operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpFlaw {
    /// The query string is longer than [`MOST_QUERY`].
    #[error("the query string is too long")]
    QueryTooLong,
    /// The body is longer than [`MOST_BODY`].
    #[error("the body is too long")]
    BodyTooLong,
    /// A GET without `operation`.
    #[error("the request names no operation")]
    NoOperation,
    /// An `operation` that SCEP does not have.
    #[error("the request names an operation that SCEP does not have")]
    UnknownOperation,
    /// A PKIOperation without a message.
    #[error("the request carries no message")]
    NoMessage,
    /// The `message` of a GET is not base64 in any way it is sent.
    #[error("the message is not base64")]
    NotBase64,
}

impl HttpFlaw {
    /// Every one.
    pub const ALL: [HttpFlaw; 6] = [
        HttpFlaw::QueryTooLong,
        HttpFlaw::BodyTooLong,
        HttpFlaw::NoOperation,
        HttpFlaw::UnknownOperation,
        HttpFlaw::NoMessage,
        HttpFlaw::NotBase64,
    ];

    /// The HTTP status that says so: 400 or 413.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            HttpFlaw::QueryTooLong | HttpFlaw::BodyTooLong => 413,
            _ => 400,
        }
    }

    /// The stable text, `http.operation`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            HttpFlaw::QueryTooLong => "http.query-size",
            HttpFlaw::BodyTooLong => "http.body-size",
            HttpFlaw::NoOperation => "http.no-operation",
            HttpFlaw::UnknownOperation => "http.operation",
            HttpFlaw::NoMessage => "http.no-message",
            HttpFlaw::NotBase64 => "http.base64",
        }
    }
}

/// Reads a request. `query` is what stands after the question mark, as received and not decoded in any way.
///
/// Operation names match in any case; a POST without one is a PKIOperation (RFC 8894 §4.3: many servers ignore it).
pub fn parse(method: Method, query: &str, body: Vec<u8>) -> Result<Operation, HttpFlaw> {
    if query.len() > MOST_QUERY {
        return Err(HttpFlaw::QueryTooLong);
    }
    if body.len() > MOST_BODY {
        return Err(HttpFlaw::BodyTooLong);
    }
    let name = match (value(query, "operation"), method) {
        (Some(name), _) => base64::unescape(name),
        (None, Method::Post) => b"PKIOperation".to_vec(),
        (None, Method::Get) => return Err(HttpFlaw::NoOperation),
    };
    let is = |known: &str| name.trim_ascii().eq_ignore_ascii_case(known.as_bytes());
    if is("GetCACaps") {
        Ok(Operation::GetCaCaps)
    } else if is("GetCACert") || is("GetCACertChain") {
        Ok(Operation::GetCaCert)
    } else if is("GetNextCACert") {
        Ok(Operation::GetNextCaCert)
    } else if is("PKIOperation") {
        message(method, query, body).map(Operation::PkiOperation)
    } else {
        Err(HttpFlaw::UnknownOperation)
    }
}

fn message(method: Method, query: &str, body: Vec<u8>) -> Result<Vec<u8>, HttpFlaw> {
    if method == Method::Post && !body.is_empty() {
        return Ok(binary(body));
    }
    // A POST without a body may carry the message as a GET does.
    let text = value(query, "message").filter(|text| !text.is_empty()).ok_or(HttpFlaw::NoMessage)?;
    decode(&base64::unescape(text)).ok_or(HttpFlaw::NotBase64)
}

/// A body that is base64 text stands for what it encodes. A message itself starts with a SEQUENCE, which is `0`, so
/// that text could only be mistaken for it if it started so too; a message in base64 starts with `M`.
fn binary(body: Vec<u8>) -> Vec<u8> {
    if body.trim_ascii_start().first() != Some(&b'M') {
        return body;
    }
    decode(&body).unwrap_or(body)
}

/// The first value of a parameter whose name matches in any case. Only the first `=` separates, because base64 ends
/// with more of them.
fn value<'a>(query: &'a str, wanted: &str) -> Option<&'a str> {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
        .map(|(_, value)| value)
}

/// The query of a PKIOperation by GET: standard base64, then percent escapes (RFC 8894 §4.1).
#[must_use]
pub fn get_query(message: &[u8]) -> String {
    format!("operation=PKIOperation&message={}", base64::encode_escaped(message))
}
