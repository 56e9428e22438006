//! What anybody may fetch: certificates and lists of the CAs.

use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{Response, StatusCode, header};

use super::Shared;
use super::operation::plain;
use crate::{Service, credential};

/// Certificates state these addresses (RFC 5280 §4.2.1.13, §4.2.2.1; media types of RFC 2585 §4).
pub(super) async fn file(State(Shared(service)): State<Shared>, Path(file): Path<String>) -> Response<Body> {
    let credentials = service.credentials.load_full();
    let issuing = credentials.issuer().map(|k| k.certificate.clone());
    match (file.as_str(), issuing) {
        ("issuing.crt", Some(certificate)) => octets(certificate.der().to_vec(), "application/pkix-cert"),
        ("root.crt", _) => octets(credentials.root.der().to_vec(), "application/pkix-cert"),
        ("issuing.crl", Some(certificate)) => crl(&service, &certificate.fingerprint()).await,
        ("root.crl", _) => crl(&service, &credentials.root.fingerprint()).await,
        (other, _) => generation(&service, other).await,
    }
}

/// What belongs to one generation of the issuing CA; that is what certificates name.
async fn generation(service: &Service, file: &str) -> Response<Body> {
    let credentials = service.credentials.load_full();
    let (place, kind) = file.split_once('.').unwrap_or((file, ""));
    let named = credentials.issuing.iter().find(|k| credential::place(&k.certificate) == place);
    match (named, kind) {
        (Some(keyed), "crt") => octets(keyed.certificate.der().to_vec(), "application/pkix-cert"),
        (Some(keyed), "crl") => crl(service, &keyed.certificate.fingerprint()).await,
        _ => plain(StatusCode::NOT_FOUND, "not found"),
    }
}

async fn crl(service: &Service, issuer: &[u8; 32]) -> Response<Body> {
    match service.store.crl_latest(issuer).await {
        Ok(Some(row)) => octets(row.der, "application/pkix-crl"),
        Ok(None) => plain(StatusCode::NOT_FOUND, "no list has been made yet"),
        Err(error) => {
            tracing::error!(%error, "a list could not be read");
            plain(StatusCode::SERVICE_UNAVAILABLE, "try again later")
        }
    }
}

fn octets(body: Vec<u8>, content_type: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    response
}
