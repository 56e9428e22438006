//! The canary: an enrolment through the whole chain, as a device would do it, over HTTP, with a challenge of its own;
//! what it gets is marked, lives for ten minutes, can do nothing, and is revoked at once. A policy module may let it have
//! more than that ([`Tried::Unmarked`]): that is revoked too, and no other is sent there by itself.
//!
//! The proof before a credential takes over ([`crate::credential`]) asks whether the next one works; the canary asks
//! whether everything does at this moment: the socket, the challenge, the policy module and what is behind it, the RA,
//! the CA, the store.

mod last;
mod one;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use pki::Time;

use crate::config::Endpoint;
use crate::store::{AuditEntry, Commit, Lease, StoreError};
use crate::{Service, world};

pub use last::{Last, Lasts};
pub use one::Tried;

/// The verb of canaries in the audit.
pub const VERB: &str = "canary";
/// The code of a canary that failed.
pub const FAILED: &str = "canary.failed";
/// The code of canaries that should have been run and were not.
pub const LATE: &str = "canary.late";
/// The code of an endpoint that no canary can try.
pub const NOT_TRIED: &str = "canary.not-tried";

/// The code of an endpoint that gave a canary what devices get.
pub const UNMARKED: &str = "canary.unmarked";

/// Every code with its meaning.
pub const ALL: [(&str, &str); 4] = [
    (FAILED, "a canary got no certificate, or one that was no good"),
    (LATE, "there was no canary for three of its intervals"),
    (NOT_TRIED, "no canary can go this endpoint's way"),
    (
        UNMARKED,
        "the endpoint's policy module let a canary have a device's certificate; it was revoked, and no other is sent",
    ),
];

/// Between two looks whether one is due.
const ROUND: Duration = Duration::from_secs(10);
/// How long a node has for one endpoint, in seconds.
const LEASE: i64 = 300;
/// After a start, what is being started elsewhere has so long to come up, in seconds.
const SETTLE: i64 = 60;

/// Runs canaries until the future is dropped: every endpoint at the interval of the configuration, by one of the nodes.
/// `address`: where this service listens.
pub async fn canaries(service: Arc<Service>, address: SocketAddr) {
    let started = world::now();
    let Some(interval) = service.config.canary else { return };
    service.canaries.begin(started);
    loop {
        tokio::time::sleep(ROUND.min(Duration::from_secs(u64::try_from(interval).unwrap_or(10).max(1)))).await;
        let now = world::now();
        if (0..SETTLE.min(interval)).contains(&(now.seconds() - started.seconds())) {
            continue;
        }
        if let Err(error) = round(&service, address, interval, now).await {
            tracing::error!(%error, "no canary could be run");
        }
    }
}

async fn round(service: &Service, address: SocketAddr, interval: i64, now: Time) -> Result<(), StoreError> {
    if !service.canaries.is_due(&service.config, interval, now) {
        return Ok(());
    }
    // Another node may have been first.
    service.canaries.read(&service.store, now.plus(-3 * interval)).await?;
    for endpoint in service.config.endpoints.values() {
        let now = world::now();
        if !service.canaries.is_due_at(&endpoint.name, interval, now) {
            continue;
        }
        if service.store.lease("canary", now.plus(LEASE), now).await? != Lease::Held {
            return Ok(());
        }
        one(service, endpoint, address).await?;
    }
    Ok(())
}

/// Runs one now, and writes down what came of it.
///
/// # Errors
/// The store does not answer.
pub async fn one(service: &Service, endpoint: &Endpoint, address: SocketAddr) -> Result<Last, StoreError> {
    let at = world::now();
    let tried = one::tried(service, endpoint, address, at).await;
    let (outcome, code) = match &tried {
        Tried::Enrolled(_) => ("done", ""),
        Tried::Failed(_) => ("failed", FAILED),
        Tried::NotTried(_) => ("not tried", NOT_TRIED),
        Tried::Unmarked(_) => ("not tried", UNMARKED),
    };
    let entry = AuditEntry {
        code: code.to_owned(),
        ..AuditEntry::by(&service.actor(), VERB, &endpoint.name, outcome, &tried.to_string())
    };
    match &tried {
        Tried::Failed(why) => tracing::error!(endpoint = endpoint.name, why, "a canary failed"),
        other => tracing::info!(endpoint = endpoint.name, outcome = %other, "canary"),
    }
    let last = Last { at, tried };
    service.canaries.put(&endpoint.name, last.clone());
    match service.store.commit(Commit::Deny, vec![entry], at).await {
        Ok(_) => Ok(last),
        Err(crate::store::CommitError::Store(error)) => Err(error),
        Err(crate::store::CommitError::Conflict(what)) => Err(StoreError::Conflict(what.to_string())),
    }
}
