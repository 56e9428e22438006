//! Whether the service is well: for load balancers, for monitoring, for people.
//!
//! `ready` is false only while enrolments cannot work; what will stop them one day, or stops them at one endpoint, is
//! `degraded`. Anybody may know what is wrong by its code; only operators read what it is about.

use std::fmt::Write;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Response, StatusCode};
use pki::Time;

use super::operation::plain;
use super::{Peer, Shared, basic};
use crate::store::CredentialRecord;
use crate::{Service, world};

/// One thing that is not as it should be.
struct Degraded {
    /// A role or an endpoint.
    what: String,
    code: &'static str,
    breaks: Option<Time>,
    says: String,
}

/// The process runs.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// The first line is `ready`, or says why not; then a line for everything that is degraded.
pub(super) async fn readyz(
    State(Shared(service)): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Response<Body> {
    let now = world::now();
    let (status, mut out) = match why_not(&service, now).await {
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {why}")),
        None => (StatusCode::OK, "ready".to_owned()),
    };
    let operator = basic::operator(&service, &headers, peer).is_some();
    for one in degraded(&service, now) {
        let breaks = one.breaks.map_or_else(String::new, |at| format!(" breaks={at}"));
        let _ = write!(out, "\ndegraded {} {}{breaks}", one.what, one.code);
        if operator {
            let _ = write!(out, ": {}", one.says);
        }
    }
    plain(status, &out)
}

/// Why enrolments cannot work: the store does not answer, or a device would believe none of the certificates.
async fn why_not(service: &Service, now: Time) -> Option<&'static str> {
    if let Err(error) = service.store.credentials(None).await {
        tracing::error!(%error, "not ready");
        return Some("store");
    }
    let credentials = service.credentials.load();
    let valid = |certificate: &pki::Certificate| certificate.validity().contains(now);
    match credentials.issuer() {
        Some(issuer) if valid(&issuer.certificate) => {}
        _ => return Some("issuing-ca"),
    }
    if !valid(&credentials.ra_signing.certificate) {
        return Some("ra-signing");
    }
    (!credentials.ra_encryption.first().is_some_and(|k| valid(&k.certificate))).then_some("ra-encryption")
}

fn degraded(service: &Service, now: Time) -> Vec<Degraded> {
    let of_credentials = service.state.reasons().into_iter().map(|r| Degraded {
        what: r.role.name().to_owned(),
        code: r.code,
        breaks: r.breaks,
        says: r.says,
    });
    let of_canaries = service
        .canaries
        .degraded(&service.config, now)
        .into_iter()
        .map(|(endpoint, code, says)| Degraded { what: format!("endpoint {endpoint}"), code, breaks: None, says });
    of_credentials.chain(of_canaries).collect()
}

/// The same as numbers, in the text format of Prometheus (version 0.0.4).
pub(super) async fn metrics(State(Shared(service)): State<Shared>) -> Response<Body> {
    let now = world::now();
    let rows = service.store.credentials(None).await.unwrap_or_default();
    let ready = why_not(&service, now).await.is_none();
    plain(StatusCode::OK, written(&service, &rows, if ready { 1 } else { 0 }, now).trim_end())
}

fn written(service: &Service, rows: &[CredentialRecord], ready: u8, now: Time) -> String {
    let mut out = String::new();
    let mut family = |name: &str, help: &str, values: Vec<(String, i64)>| {
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} gauge");
        for (labels, value) in values {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    };
    family("perennial_ready", "1 if enrolments can work", vec![(String::new(), i64::from(ready))]);
    let reasons = degraded(service, now);
    let of = |d: &Degraded| (format!("{{what=\"{}\",code=\"{}\"}}", d.what, d.code), 1);
    family("perennial_degraded", "1 for each thing that is not as it should be", reasons.iter().map(of).collect());
    let of = |r: &CredentialRecord| {
        let id = r.id.get(..16).unwrap_or(&r.id);
        (format!("{{role=\"{}\",slot=\"{}\",id=\"{id}\"}}", r.role, r.slot.name()), r.until.seconds())
    };
    let help = "the last second of a service credential, since 1970";
    family("perennial_credential_not_after_seconds", help, rows.iter().map(of).collect());
    let lasts = service.canaries.all();
    let label = |name: &String| format!("{{endpoint=\"{name}\"}}");
    let at = lasts.iter().map(|(name, last)| (label(name), last.at.seconds())).collect();
    family("perennial_canary_last_seconds", "when the last canary was sent out, since 1970", at);
    let tried = lasts.iter().filter_map(|(name, last)| Some((label(name), i64::from(last.succeeded()?)))).collect();
    family("perennial_canary_success", "1 if the last canary got its certificate", tried);
    out
}
