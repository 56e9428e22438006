//! The interface for operators' programs.

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Response, StatusCode, header};
use serde::{Deserialize, Serialize};

use super::operation::{body, plain};
use super::{Peer, Shared, basic};
use crate::operator::{self, ChallengeFor};
use crate::{Service, ServiceError, world};

/// Octets of what is asked for.
const MOST_WANTED: usize = 64 << 10;

/// What a challenge is asked for.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    endpoint: String,
    device: Option<String>,
    sid: Option<String>,
    profile: Option<String>,
}

#[derive(Serialize)]
struct Made<'a> {
    challenge: &'a str,
    expires: String,
}

/// `POST /api/challenges`: a one-time challenge as JSON.
pub(super) async fn new_challenge(
    State(Shared(service)): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    asked: Body,
) -> Response<Body> {
    let Some(by) = basic::operator(&service, &headers, peer) else { return unauthorised() };
    let wanted = match wanted(&service, &headers, asked).await {
        Ok(wanted) => wanted,
        Err(refusal) => return refusal,
    };
    let Some(endpoint) = service.config.endpoints.get(&wanted.endpoint) else {
        return plain(StatusCode::NOT_FOUND, "there is no such endpoint");
    };
    let wish = ChallengeFor { device: wanted.device, sid: wanted.sid, profile: wanted.profile, validity: None };
    match operator::new_challenge(&service, endpoint, &wish, &by, world::now()).await {
        Ok(made) => {
            let made = Made { challenge: &made.challenge, expires: made.expires.to_string() };
            let body = serde_json::to_string(&made).unwrap_or_default();
            let mut response = Response::new(Body::from(body));
            let json = header::HeaderValue::from_static("application/json");
            response.headers_mut().insert(header::CONTENT_TYPE, json);
            response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
            response
        }
        Err(ServiceError::Refused(why)) => plain(StatusCode::BAD_REQUEST, &why),
        Err(error) => {
            tracing::error!(%error, "no challenge could be made");
            plain(StatusCode::SERVICE_UNAVAILABLE, "try again later")
        }
    }
}

/// Reads what is asked for. Only as JSON: a browser sends that to no other site without asking it first.
async fn wanted(service: &Service, headers: &HeaderMap, asked: Body) -> Result<Wanted, Response<Body>> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type: application/json is expected"));
    }
    let octets = body(service, asked, MOST_WANTED).await?;
    serde_json::from_slice(&octets).map_err(|error| plain(StatusCode::BAD_REQUEST, &error.to_string()))
}

/// 401, asking for Basic authentication.
pub(super) fn unauthorised() -> Response<Body> {
    let mut response = plain(StatusCode::UNAUTHORIZED, "who are you?");
    let value = header::HeaderValue::from_static("Basic realm=\"challenges\", charset=\"UTF-8\"");
    response.headers_mut().insert(header::WWW_AUTHENTICATE, value);
    response
}
