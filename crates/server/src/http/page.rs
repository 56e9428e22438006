//! The pages that NDES shows: the one for people who open its address, and the one that hands out challenges, in
//! UTF-16LE and with the words that existing scrapers look for.

use askama::Template;
use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, header};

use super::admin::unauthorised;
use super::operation::plain;
use super::{Peer, basic};
use crate::config::Endpoint;
use crate::operator::{self, ChallengeFor};
use crate::{Service, ServiceError, world};

#[derive(Template)]
#[template(path = "challenge.html")]
struct ChallengePage<'a> {
    thumbprint: String,
    challenge: &'a str,
    minutes: i64,
}

#[derive(Template)]
#[template(path = "no-challenge.html")]
struct NoChallengePage {
    why: String,
}

#[derive(Template)]
#[template(path = "information.html")]
struct InformationPage<'a> {
    endpoint: &'a str,
}

/// `/certsrv/mscep_admin/`: a new challenge for whoever may have one.
pub(super) async fn challenge(
    service: &Service,
    endpoint: &Endpoint,
    peer: Peer,
    headers: HeaderMap,
) -> Response<Body> {
    let Some(by) = basic::operator(service, &headers, peer) else {
        tracing::info!(source = %peer.0.ip(), "the challenge page was asked for without a right password");
        return unauthorised();
    };
    let now = world::now();
    match operator::new_challenge(service, endpoint, &ChallengeFor::default(), &by, now).await {
        Ok(made) => {
            let thumbprint = service.credentials.load().issuer().map(|k| grouped(&k.certificate.thumbprint()));
            let minutes = (made.expires.seconds() - now.seconds()) / 60;
            let thumbprint = thumbprint.unwrap_or_default();
            utf16(&ChallengePage { thumbprint, challenge: &made.challenge, minutes })
        }
        Err(ServiceError::Refused(why)) => utf16(&NoChallengePage { why }),
        Err(error) => {
            tracing::error!(%error, "no challenge could be made");
            plain(StatusCode::SERVICE_UNAVAILABLE, "try again later")
        }
    }
}

/// What a person sees who opens the address of an endpoint in a browser.
pub(super) fn information(_service: &Service, endpoint: &Endpoint) -> Response<Body> {
    match (InformationPage { endpoint: &endpoint.name }).render() {
        Ok(page) => html(page.into_bytes(), "text/html; charset=utf-8"),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}

/// NDES sends UTF-16LE with its mark and says no charset; scrapers expect exactly that.
fn utf16(page: &impl Template) -> Response<Body> {
    let Ok(text) = page.render() else { return plain(StatusCode::INTERNAL_SERVER_ERROR, "internal") };
    let octets = std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    html(octets, "text/html")
}

fn html(octets: Vec<u8>, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(octets));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}

/// Hexadecimal digits in groups of eight, as NDES writes thumbprints.
fn grouped(digits: &str) -> String {
    let groups: Vec<&str> = digits.as_bytes().chunks(8).filter_map(|c| std::str::from_utf8(c).ok()).collect();
    groups.join(" ")
}
