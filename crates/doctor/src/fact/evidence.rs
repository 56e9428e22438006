//! All facts together, and how they were come by.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::limit::{Limit, Limits};
use super::place::{Place, Position, When};
use super::{Fact, Observed, code::Code};
use crate::source::Kind;

/// Everything that was read: facts, the sources they came from, what had to be repaired, and what was left out.
///
/// Readers push into it; checks read it. Two of them made side by side are joined by [`Evidence::absorb`].
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// What was said, in the order it was read.
    pub facts: Vec<Fact>,
    /// The files, in the order they were read, including those that said nothing.
    pub sources: Vec<SourceRead>,
    /// What had to be mended to read damaged text, at most [`Limits::remarks`] of them.
    pub repairs: Vec<Repair>,
    /// What could not be read, at most [`Limits::remarks`] of them.
    pub troubles: Vec<Trouble>,
    /// Limits that were hit.
    pub limits_hit: Vec<Limit>,
    /// How often each kind of thing was said, kept or left out: complete even when limits were hit.
    pub tallies: BTreeMap<Tally, Count>,
    limits: Limits,
    memory_used: usize,
    full: Full,
}

/// Which facts no longer find room. Once one was left out, so are all later ones of its weight: what is kept is then
/// the beginning, and a reader may pass over what would not be kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Full {
    /// There is room.
    #[default]
    Nothing,
    /// Routine facts have used their quarter.
    Routine,
    /// All memory is used.
    All,
}

/// One row of the count: provider or log, number, result.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tally {
    /// Events of a provider with this number and result (0 if the event carries none).
    Event(String, u32, Code),
    /// Web requests with this operation or verb, status, sub-status and Win32 status.
    Request(String, u16, u16, Code),
    /// HTTPERR lines with this reason.
    HttpError(String),
    /// Log lines of this file's component.
    TraceLine(String),
    /// Everything that found no row of its own.
    Rest,
}

/// How often, and from when to when.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How often.
    pub times: u64,
    /// First and last time.
    pub span: Option<(When, When)>,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRead {
    /// As given.
    pub file: Arc<str>,
    /// What it turned out to be.
    pub kind: Kind,
    /// Octets read.
    pub octets: u64,
    /// Text encoding, where there is one, by its WHATWG name.
    pub encoding: Option<&'static str>,
    /// Items understood: records, lines, values, certificates.
    pub items: u64,
    /// Items that could not be read.
    pub damaged: u64,
    /// First and last time in it.
    pub span: Option<(When, When)>,
    /// Said when nothing could be made of the file, and what to hand over instead.
    pub unusable: Option<&'static str>,
}

/// Something that was mended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// Where.
    pub place: Place,
    /// What was done.
    pub kind: RepairKind,
    /// How often in this item.
    pub times: u32,
}

/// What can be mended in damaged text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RepairKind {
    /// Typographic quotes were read as straight ones.
    TypographicQuotes,
    /// A quote was missing at the start or end of an attribute value.
    LostQuote,
    /// A closing tag was missing.
    LostEndTag,
    /// A closing tag had no opening one.
    StrayEndTag,
    /// An angle bracket was missing.
    LostBracket,
    /// A tag was cut in the middle.
    CutTag,
    /// The outermost element was missing: a fragment.
    LostRoot,
    /// Markup was escaped (`&lt;`), once or more.
    EscapedMarkup,
    /// An entity was broken or unknown and kept as text.
    BrokenEntity,
    /// White space inside a name or value was removed or normalised.
    OddSpace,
    /// Text around or between events was passed over.
    TextBetween,
    /// The text claimed one encoding and was in another.
    WrongEncoding,
    /// Characters that no encoding explains were replaced.
    LostCharacters,
    /// A registry path had lost its backslashes and was recognised all the same.
    LostBackslashes,
    /// An event's number was lost and told from its content.
    LostEventId,
    /// The entry was cut off and read as far as it went.
    CutEntry,
    /// A time could not be read.
    UnreadableTime,
}

/// Something that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    /// Where.
    pub place: Place,
    /// What, in a sentence.
    pub says: String,
}

/// Whether a fact tells of something going wrong. Failures are kept longer when memory runs out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    /// Everyday: a success, a repetition.
    Routine,
    /// A failure, or a fact of which there are few (configuration, certificates).
    Telling,
}

impl Evidence {
    /// Empty, with these limits.
    #[must_use]
    pub fn new(limits: Limits) -> Evidence {
        Evidence { limits, ..Evidence::default() }
    }

    /// The limits in force.
    #[must_use]
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// Adds a fact if memory allows; otherwise counts it as left out.
    pub fn push(&mut self, place: Place, what: Observed, weight: Weight) {
        if !self.has_room(weight) {
            return self.leave_out(weight);
        }
        let size = super::query::size_of(&what);
        let (allowed, full) = match weight {
            Weight::Routine => (self.limits.memory / 4, Full::Routine),
            Weight::Telling => (self.limits.memory, Full::All),
        };
        if self.memory_used.saturating_add(size) > allowed {
            self.full = full;
            return self.leave_out(weight);
        }
        self.memory_used += size;
        self.facts.push(Fact { place, what });
    }

    /// Whether facts of this weight can still be kept. What cannot is counted by [`Evidence::leave_out`] and need not be
    /// read further.
    #[must_use]
    pub(crate) fn has_room(&self, weight: Weight) -> bool {
        match weight {
            Weight::Routine => self.full == Full::Nothing,
            Weight::Telling => self.full != Full::All,
        }
    }

    /// Counts a fact that is not kept.
    pub(crate) fn leave_out(&mut self, weight: Weight) {
        self.left_out_elsewhere(1, u64::from(weight == Weight::Telling));
    }

    /// An empty one to be filled beside this one and absorbed later: with the same limits, and with no room for what
    /// finds none here any more.
    #[must_use]
    pub(crate) fn beside(&self) -> Evidence {
        Evidence { limits: self.limits, full: self.full, ..Evidence::default() }
    }

    /// Counts one thing, kept or not.
    pub fn count(&mut self, tally: Tally, when: Option<When>) {
        self.count_all(tally, Count { times: 1, span: when.map(|w| (w, w)) });
    }

    /// Counts what was counted elsewhere.
    pub(crate) fn count_all(&mut self, tally: Tally, count: Count) {
        let full = self.tallies.len() >= self.limits.tallies && !self.tallies.contains_key(&tally);
        let row = self.tallies.entry(if full { Tally::Rest } else { tally }).or_default();
        row.add(count);
    }

    /// Notes a repair.
    pub fn repaired(&mut self, place: Place, kind: RepairKind, times: u32) {
        if self.repairs.len() < self.limits.remarks {
            self.repairs.push(Repair { place, kind, times });
        }
    }

    /// Notes something unreadable.
    pub fn trouble(&mut self, place: Place, says: impl Into<String>) {
        if self.troubles.len() < self.limits.remarks {
            self.troubles.push(Trouble { place, says: says.into() });
        }
    }

    /// Notes that so many items of this file were too long and were skipped.
    pub fn too_long(&mut self, file: &Arc<str>, more: u64) {
        for limit in &mut self.limits_hit {
            if let Limit::LongItem { file: known, items } = limit
                && known == file
            {
                *items += more;
                return;
            }
        }
        if self.limits_hit.len() < self.limits.remarks {
            self.limits_hit.push(Limit::LongItem { file: file.clone(), items: more });
        }
    }

    /// Notes that elements of this file nested too deep.
    pub fn too_deep(&mut self, file: &Arc<str>) {
        let depth = Limit::Depth { file: file.clone() };
        if !self.limits_hit.contains(&depth) && self.limits_hit.len() < self.limits.remarks {
            self.limits_hit.push(depth);
        }
    }

    /// Joins what another reader found. The limits of `self` stay; facts beyond them are left out and counted.
    pub fn absorb(&mut self, other: Evidence) {
        for fact in other.facts {
            let weight = super::query::weight_of(&fact.what);
            self.push(fact.place, fact.what, weight);
        }
        self.sources.extend(other.sources);
        let room = self.limits.remarks.saturating_sub(self.repairs.len());
        self.repairs.extend(other.repairs.into_iter().take(room));
        let room = self.limits.remarks.saturating_sub(self.troubles.len());
        self.troubles.extend(other.troubles.into_iter().take(room));
        for limit in other.limits_hit {
            match limit {
                Limit::Facts { left_out, failures } => self.left_out_elsewhere(left_out, failures),
                Limit::LongItem { file, items } => self.too_long(&file, items),
                Limit::Depth { file } => self.too_deep(&file),
                limit @ Limit::Size { .. } => self.limits_hit.push(limit),
            }
        }
        for (tally, count) in other.tallies {
            self.count_all(tally, count);
        }
    }

    fn left_out_elsewhere(&mut self, more: u64, more_failures: u64) {
        for limit in &mut self.limits_hit {
            if let Limit::Facts { left_out, failures } = limit {
                *left_out += more;
                *failures += more_failures;
                return;
            }
        }
        self.limits_hit.push(Limit::Facts { left_out: more, failures: more_failures });
    }

    /// A place in a file as a whole.
    #[must_use]
    pub fn whole(file: &Arc<str>) -> Place {
        Place::new(file.clone(), Position::Whole)
    }
}

impl Count {
    /// Adds another.
    pub(crate) fn add(&mut self, other: Count) {
        self.times += other.times;
        self.span = join(self.span, other.span);
    }
}

/// The span that holds both.
#[must_use]
pub fn join(one: Option<(When, When)>, other: Option<(When, When)>) -> Option<(When, When)> {
    match (one, other) {
        (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
        (span, None) | (None, span) => span,
    }
}
