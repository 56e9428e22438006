use axum::body::{Body, Bytes};
use axum::extract::{Extension, State};
use axum::http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use scep::http as door_words;
use scep::http::HttpFlaw;

use super::door::{self, Door};
use super::{Peer, Shared, page};
use crate::config::Endpoint;
use crate::{Answer, Service, world};

/// Everything that is no address of its own: SCEP's doors, the challenge page, and what does not exist.
pub(super) async fn answer(
    State(Shared(service)): State<Shared>,
    Extension(peer): Extension<Peer>,
    request: Request<Body>,
) -> Response<Body> {
    let path = request.uri().path().to_owned();
    match door::find(&service.config, &path) {
        Some(Door::Scep(endpoint)) => scep(&service, endpoint, peer, request).await,
        // Each look at the page makes a challenge; a HEAD would make one that nobody sees. Some scrapers POST.
        Some(Door::ChallengePage(_)) if !matches!(*request.method(), Method::GET | Method::POST) => {
            plain(StatusCode::METHOD_NOT_ALLOWED, "GET or POST")
        }
        Some(Door::ChallengePage(endpoint)) => {
            page::challenge(&service, endpoint, peer, request.headers().clone()).await
        }
        None => plain(StatusCode::NOT_FOUND, "not found"),
    }
}

async fn scep(service: &Service, endpoint: &Endpoint, peer: Peer, request: Request<Body>) -> Response<Body> {
    let method = match *request.method() {
        Method::GET | Method::HEAD => door_words::Method::Get,
        Method::POST => door_words::Method::Post,
        _ => return plain(StatusCode::METHOD_NOT_ALLOWED, "GET or POST"),
    };
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = match body(service, request.into_body(), door_words::MOST_BODY).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    match door_words::parse(method, &query, body) {
        Ok(operation) => of(service.answer(endpoint, operation, peer.0.ip(), world::now()).await),
        Err(flaw) => refused(service, endpoint, peer, flaw).await,
    }
}

/// A body, bounded in size and time. One that says it is longer is not read at all.
pub(super) async fn body(service: &Service, body: Body, most: usize) -> Result<Vec<u8>, Response<Body>> {
    let too_long = || plain(StatusCode::PAYLOAD_TOO_LARGE, HttpFlaw::BodyTooLong.code());
    if axum::body::HttpBody::size_hint(&body).lower() > most as u64 {
        return Err(too_long());
    }
    match tokio::time::timeout(service.config.limits.request_timeout, Limited::new(body, most).collect()).await {
        Ok(Ok(body)) => Ok(Bytes::into(body.to_bytes())),
        Ok(Err(e)) if e.is::<LengthLimitError>() => Err(too_long()),
        Ok(Err(_)) => Err(plain(StatusCode::BAD_REQUEST, "the body did not arrive")),
        Err(_) => Err(plain(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

async fn refused(service: &Service, endpoint: &Endpoint, peer: Peer, flaw: HttpFlaw) -> Response<Body> {
    if flaw == HttpFlaw::NoOperation {
        return page::information(service, endpoint);
    }
    tracing::info!(endpoint = endpoint.name, source = %peer.0.ip(), code = flaw.code(), "no SCEP request");
    let status = StatusCode::from_u16(flaw.status()).unwrap_or(StatusCode::BAD_REQUEST);
    plain(status, flaw.code())
}

fn of(answer: Answer) -> Response<Body> {
    let response = match answer {
        Answer::Body { content_type, octets } => {
            Response::builder().header(header::CONTENT_TYPE, content_type).body(Body::from(octets))
        }
        Answer::Refused { status, code } => {
            return plain(StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST), code);
        }
        Answer::Busy => Response::builder()
            .status(StatusCode::SERVICE_UNAVAILABLE)
            .header(header::RETRY_AFTER, "2")
            .body(Body::from("busy\n")),
    };
    response.unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "internal"))
}

/// A short text: a stable code, and nothing of what happened inside.
pub(super) fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{text}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("text/plain"));
    response
}
