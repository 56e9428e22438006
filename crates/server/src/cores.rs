//! Room for work that keeps a processor busy: RSA operations, off the threads that serve sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Semaphore;

/// As many pieces of work at a time as there are processors, and a bounded number waiting.
pub(crate) struct Cores {
    free: Arc<Semaphore>,
    waiting: AtomicUsize,
    most_waiting: usize,
}

/// There is more work than can be done soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Busy;

impl Cores {
    pub(crate) fn new(cores: usize, most_waiting: usize) -> Cores {
        Cores { free: Arc::new(Semaphore::new(cores.max(1))), waiting: AtomicUsize::new(0), most_waiting }
    }

    /// Does a piece of work that starts a request: refused if too many wait already.
    pub(crate) async fn begin<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        if self.waiting.load(Ordering::Relaxed) >= self.most_waiting {
            return Err(Busy);
        }
        self.finish(work).await
    }

    /// Does a piece of work for a request that has been begun: it waits, but is not refused.
    pub(crate) async fn finish<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Busy> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let permit = Arc::clone(&self.free).acquire_owned().await;
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        let _permit = permit.map_err(|_| Busy)?;
        tokio::task::spawn_blocking(work).await.map_err(|_| Busy)
    }
}
