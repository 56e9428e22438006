//! How many messages are worked on at a time.
//!
//! The RSA operations of a message take a fraction of a millisecond each and are done where the message is worked on:
//! handing them to other threads and back costs more than it gains (docs/decisions/0002). Threads are as
//! many as processors, so nothing is gained by more of them; what waits is bounded here instead.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Room for messages.
pub(crate) struct Admission {
    inside: AtomicUsize,
    most: usize,
}

/// A place that is given back when this is dropped.
pub(crate) struct Place<'a>(&'a Admission);

impl Admission {
    pub(crate) fn new(most: usize) -> Admission {
        Admission { inside: AtomicUsize::new(0), most }
    }

    /// A place, if there is one.
    pub(crate) fn enter(&self) -> Option<Place<'_>> {
        let before = self.inside.fetch_add(1, Ordering::Relaxed);
        let place = Place(self);
        (before < self.most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.inside.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let admission = Admission::new(2);
        let first = admission.enter();
        let second = admission.enter();
        assert!(first.is_some() && second.is_some());
        assert!(admission.enter().is_none() && admission.enter().is_none());
        drop(first);
        assert!(admission.enter().is_some());
    }
}
