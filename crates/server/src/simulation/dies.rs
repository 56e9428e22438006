use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use crate::store::Store;

/// A future that is dropped once so much has been written, as a process dies between two of its steps.
pub(super) struct Dies<F> {
    inner: Pin<Box<F>>,
    store: Store,
    until: u64,
}

impl<F: Future> Dies<F> {
    pub(super) fn new(inner: F, store: Store, until: u64) -> Dies<F> {
        Dies { inner: Box::pin(inner), store, until }
    }
}

impl<F: Future> Future for Dies<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.store.sent() >= self.until {
            return Poll::Ready(None);
        }
        self.inner.as_mut().poll(context).map(Some)
    }
}
