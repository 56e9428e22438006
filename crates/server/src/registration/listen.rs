//! The registration point's listener: TLS, then one request after another, each judged by the certificate of its
//! connection as it stands at that moment.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use pki::{Certificate, Time};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::certificate::Judged;
use super::fault::{Fault, FaultFound};
use super::point::{Point, Presented};
use super::verbs::{Caller, NotDone};
use super::words::{Detail, Failure, Problem};
use super::{CHALLENGE, NOTIFY, VERIFY};
use crate::event::Refused;
use crate::http::{Listener, accept};
use crate::store::{Commit, EventRole};
use crate::world;

/// Octets of a request's body: a request with a large key and a signer's certificate in base64 is a tenth of it.
const LONGEST: usize = 256 << 10;
/// Octets of a request line with its header.
const HEADER: usize = 16 << 10;
/// How long requests under way may take when the service stops.
const DRAIN: Duration = Duration::from_secs(10);
/// Between two looks whether a certificate or list has been replaced.
const ROUND: Duration = Duration::from_secs(2);

/// Serves until `stop` ends, then lets requests under way finish.
pub async fn serve(point: Arc<Point>, listener: Listener, stop: impl Future<Output = ()>) {
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(point.limits.connections));
    let rounds = tokio::spawn(rounds(Arc::clone(&point)));
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(listener.socket(), &slots) => accepted,
            () = &mut stop => break,
        };
        let Some((stream, peer, permit)) = accepted else { continue };
        tokio::spawn(connection(Arc::clone(&point), stream, peer, permit, graceful.watcher()));
    }
    rounds.abort();
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}

async fn rounds(point: Arc<Point>) {
    let mut said = None;
    loop {
        tokio::time::sleep(ROUND).await;
        let refused = point.refresh(world::now()).await.err().map(|error| error.to_string());
        if refused != said {
            match &refused {
                Some(why) => tracing::error!(why, "not taken over; what was there before serves on"),
                None => tracing::info!("all that was replaced is taken over"),
            }
        }
        said = refused;
    }
}

async fn connection(
    point: Arc<Point>,
    stream: TcpStream,
    peer: SocketAddr,
    permit: OwnedSemaphorePermit,
    watcher: Watcher,
) {
    let handshake = TlsAcceptor::from(point.tls()).accept(stream);
    let stream = match tokio::time::timeout(point.limits.header_timeout, handshake).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::info!(source = %peer.ip(), %error, "no TLS connection"),
        Err(_) => return tracing::info!(source = %peer.ip(), "no TLS connection in time"),
    };
    let presented = Arc::new(presented(&stream));
    let limits = point.limits;
    let service = service_fn(move |request| {
        let (point, presented) = (Arc::clone(&point), Arc::clone(&presented));
        async move { Ok::<_, std::convert::Infallible>(answer(&point, &presented, peer, request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.header_timeout)
        .max_buf_size(HEADER)
        .serve_connection(TokioIo::new(stream), service);
    // A client that hangs up or speaks no HTTP is its own problem.
    let _ = watcher.watch(connection).await;
    drop(permit);
}

fn presented(stream: &TlsStream<TcpStream>) -> Presented {
    let Some(leaf) = stream.get_ref().1.peer_certificates().and_then(<[_]>::first) else { return Presented::Nothing };
    match Certificate::parse(leaf) {
        Ok(certificate) => Presented::Certificate(Box::new(certificate)),
        Err(error) => Presented::Unreadable(error.to_string()),
    }
}

async fn answer(point: &Point, presented: &Presented, peer: SocketAddr, request: Request<Incoming>) -> Response<Body> {
    let now = world::now();
    let caller = Caller { name: presented.name(), source: peer.ip().to_string() };
    match point.judge(presented, now).await {
        Err(error) => own_fault(&error),
        Ok(judged) => match judged.faults.first() {
            Some(first) => {
                keep(point, &caller, first, &judged, now);
                forbidden(point, &caller, request.uri().path(), first, &judged.faults, now).await
            }
            None => verb(point, &caller, request, now).await,
        },
    }
}

/// Keeps the refusal as an event.
fn keep(point: &Point, caller: &Caller, first: &FaultFound, judged: &Judged, now: Time) {
    point.events.keep(Refused {
        role: EventRole::Client,
        place: "registration-point".to_owned(),
        source: caller.source.clone(),
        code: first.fault.text(),
        result: first.fault.hresult(),
        detail: judged.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        judgement: judged.judgement.clone(),
        at: now,
    });
}

/// The refusal of a client certificate: in the audit, in the log and in the answer.
async fn forbidden(
    point: &Point,
    caller: &Caller,
    path: &str,
    first: &FaultFound,
    faults: &[FaultFound],
    now: Time,
) -> Response<Body> {
    let all: Vec<String> = faults.iter().map(ToString::to_string).collect();
    tracing::warn!(source = caller.source, client = caller.name, faults = all.join("; "), "a client was refused");
    let shown: String = path.chars().take(64).collect();
    let entry = caller.entry("refuse", &shown, first.fault.text(), &all.join("; "));
    if let Err(error) = point.store.commit(Commit::Deny, vec![entry], now).await {
        tracing::error!(%error, "the audit could not be written");
    }
    let one = |found: &FaultFound| Detail {
        code: found.fault.text().to_owned(),
        detail: found.to_string(),
        ..Detail::default()
    };
    let problem = Problem {
        status: first.fault.status().to_owned(),
        code: first.fault.text().to_owned(),
        hresult: Some(hresult(first.fault)),
        says: first.detail.clone(),
        faults: faults.iter().map(one).collect(),
    };
    json(StatusCode::FORBIDDEN, &Failure { error: problem })
}

fn hresult(fault: Fault) -> String {
    format!("0x{:08X}", fault.hresult())
}

async fn verb(point: &Point, caller: &Caller, request: Request<Incoming>, now: Time) -> Response<Body> {
    let path = request.uri().path().to_owned();
    if ![CHALLENGE, VERIFY, NOTIFY].contains(&path.as_str()) {
        return problem(StatusCode::NOT_FOUND, "request.path", "there are /v1/challenge, /v1/verify and /v1/notify");
    }
    if request.method() != Method::POST {
        return problem(StatusCode::METHOD_NOT_ALLOWED, "request.method", "POST is expected");
    }
    let body = match body(point, request).await {
        Ok(body) => body,
        Err(response) => return *response,
    };
    match path.as_str() {
        CHALLENGE => match read(&body) {
            Ok(wanted) => said(StatusCode::CREATED, point.challenge(wanted, caller, now).await),
            Err(response) => *response,
        },
        VERIFY => match read(&body) {
            Ok(question) => said(StatusCode::OK, point.verify(&question, caller, now).await),
            Err(response) => *response,
        },
        _ => match read(&body) {
            Ok(told) => match point.notify(&told, caller, now).await {
                Ok(()) => empty(),
                Err(error) => not_done(&error),
            },
            Err(response) => *response,
        },
    }
}

/// The body, bounded in size and time.
async fn body(point: &Point, request: Request<Incoming>) -> Result<Bytes, Box<Response<Body>>> {
    let read = Limited::new(request.into_body(), LONGEST).collect();
    let (status, code, says) = match tokio::time::timeout(point.limits.request_timeout, read).await {
        Ok(Ok(body)) => return Ok(body.to_bytes()),
        Ok(Err(e)) if e.is::<LengthLimitError>() => {
            (StatusCode::PAYLOAD_TOO_LARGE, "request.size", "the body is longer than 256 KiB")
        }
        Ok(Err(_)) => (StatusCode::BAD_REQUEST, "request.body", "the body did not arrive"),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "request.body", "the body did not arrive in time"),
    };
    Err(Box::new(problem(status, code, says)))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Box<Response<Body>>> {
    let refuse = |e: serde_json::Error| problem(StatusCode::BAD_REQUEST, "request.json", &e.to_string());
    serde_json::from_slice(body).map_err(|e| Box::new(refuse(e)))
}

fn said<T: Serialize>(status: StatusCode, outcome: Result<T, NotDone>) -> Response<Body> {
    match outcome {
        Ok(words) => json(status, &words),
        Err(error) => not_done(&error),
    }
}

fn not_done(error: &NotDone) -> Response<Body> {
    match error {
        NotDone::Content(says) => problem(StatusCode::BAD_REQUEST, "request.content", says),
        NotDone::Own(_) => own_fault(error),
    }
}

/// Whoever calls need not know more than that it may try again.
fn own_fault(error: &dyn std::fmt::Display) -> Response<Body> {
    tracing::error!(%error, "the registration point could not answer");
    problem(StatusCode::SERVICE_UNAVAILABLE, "service.unavailable", "try again later")
}

fn problem(status: StatusCode, code: &str, says: &str) -> Response<Body> {
    let problem = Problem {
        status: status.as_u16().to_string(),
        code: code.to_owned(),
        says: says.to_owned(),
        ..Problem::default()
    };
    json(status, &Failure { error: problem })
}

fn json<T: Serialize>(status: StatusCode, words: &T) -> Response<Body> {
    let mut response = Response::new(Body::from(serde_json::to_vec(words).unwrap_or_default()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

fn empty() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}
