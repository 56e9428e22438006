//! HTTP: sockets on one side, [`Service`] on the other. What is decided is decided elsewhere.

mod admin;
mod basic;
mod door;
mod health;
mod listen;
mod operation;
mod page;
mod publish;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::{any, get, post};

use crate::Service;

pub(crate) use listen::accept;
pub use listen::{Listener, serve};

/// What the handlers share.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Arc<Service>);

/// The address of the peer of a connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) SocketAddr);

/// Every address the service answers at. SCEP's are matched by [`door`], in any case of letters.
pub(crate) fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/ca/{file}", get(publish::file))
        .route("/api/challenges", post(admin::new_challenge))
        .fallback(any(operation::answer))
        .with_state(Shared(service))
}
