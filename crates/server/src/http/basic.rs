//! HTTP Basic authentication (RFC 7617) for operators.

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;

use super::Peer;
use crate::Service;
use crate::store::Actor;

/// The operator a request comes from; nothing if it says nobody, or is wrong.
pub(super) fn operator(service: &Service, headers: &HeaderMap, peer: Peer) -> Option<Actor> {
    let admin = service.config.admin.as_ref()?;
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    // NDES's scrapers send DOMAIN\user.
    let user = user.rsplit('\\').next().unwrap_or(user);
    let hash = service.secrets.pepper.key(password);
    let right = hash.0.ct_eq(&admin.password.0) & user.as_bytes().ct_eq(admin.user.as_bytes());
    bool::from(right).then(|| Actor { name: user.to_owned(), source: peer.0.ip().to_string() })
}
