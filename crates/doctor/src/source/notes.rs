//! Where a reader writes down what it finds.

use std::sync::Arc;

use crate::fact::evidence::{Tally, Weight, join};
use crate::fact::{Evidence, Observed, Place, Position, RepairKind, SourceRead, When};

/// The evidence, and the entry of the file being read.
pub(crate) struct Notes<'a> {
    /// Everything found so far.
    pub(crate) evidence: &'a mut Evidence,
    /// The file being read.
    pub(crate) source: &'a mut SourceRead,
}

impl Notes<'_> {
    pub(crate) fn file(&self) -> Arc<str> {
        self.source.file.clone()
    }

    pub(crate) fn place(&self, position: Position, when: Option<When>) -> Place {
        Place::new(self.file(), position).at(when)
    }

    /// An item was understood, whether or not it becomes a fact.
    pub(crate) fn understood(&mut self, when: Option<When>) {
        self.source.items += 1;
        self.seen(when);
    }

    /// Something happened at this time.
    pub(crate) fn seen(&mut self, when: Option<When>) {
        if let Some(when) = when {
            self.source.span = join(self.source.span, Some((when, when)));
        }
    }

    pub(crate) fn fact(&mut self, position: Position, when: Option<When>, what: Observed, weight: Weight) {
        let place = self.place(position, when);
        self.evidence.push(place, what, weight);
    }

    pub(crate) fn count(&mut self, tally: Tally, when: Option<When>) {
        self.evidence.count(tally, when);
    }

    pub(crate) fn repaired(&mut self, position: Position, kind: RepairKind, times: u32) {
        let place = self.place(position, None);
        self.evidence.repaired(place, kind, times);
    }

    /// An item could not be read.
    pub(crate) fn damaged(&mut self, position: Position, says: impl Into<String>) {
        self.source.damaged += 1;
        let place = self.place(position, None);
        self.evidence.trouble(place, says);
    }

    /// An item was too long.
    pub(crate) fn too_long(&mut self) {
        self.source.damaged += 1;
        self.evidence.too_long(&self.source.file, 1);
    }

    pub(crate) fn item_limit(&self) -> usize {
        self.evidence.limits().item
    }
}
