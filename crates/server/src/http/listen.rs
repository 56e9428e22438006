use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Peer, router};
use crate::Service;

/// Octets of a request line with its header. A query of 64 KiB fits.
const HEADER: usize = 128 << 10;
/// How long requests under way may take when the service stops.
const DRAIN: Duration = Duration::from_secs(10);

/// A bound socket.
pub struct Listener(TcpListener);

impl Listener {
    /// Binds an address.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Listener> {
        TcpListener::bind(address).await.map(Listener)
    }

    /// The address, with the port that was found if none was given.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.0.local_addr()
    }

    pub(crate) fn socket(&self) -> &TcpListener {
        &self.0
    }
}

/// Serves until `stop` ends, then lets requests under way finish.
pub async fn serve(service: Arc<Service>, listener: Listener, stop: impl Future<Output = ()>) {
    let router = router(Arc::clone(&service));
    let graceful = GracefulShutdown::new();
    let slots = Arc::new(Semaphore::new(service.config.limits.connections));
    tokio::pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = accept(&listener.0, &slots) => accepted,
            () = &mut stop => break,
        };
        let Some((stream, peer, permit)) = accepted else { continue };
        let app = router.clone().layer(Extension(Peer(peer)));
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(service.config.limits.header_timeout)
            .max_buf_size(HEADER)
            .half_close(true)
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that hangs up or speaks no HTTP is its own problem.
            let _ = watched.await;
            drop(permit);
        });
    }
    let _ = tokio::time::timeout(DRAIN, graceful.shutdown()).await;
}

/// The next connection, once there is room for one.
pub(crate) async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let permit = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => {
            let _ = stream.set_nodelay(true);
            Some((stream, peer, permit))
        }
        Err(error) => {
            // Out of file descriptors, most likely: not to be tried again at once.
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(50)).await;
            None
        }
    }
}
