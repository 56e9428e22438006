//! Events as text: exports, and everything people paste.
//!
//! The text is cut after each `</Event>`, however it is escaped. A piece that is well-formed is read as XML; any other
//! is mended first. Pieces are bounded, so a file may be of any size.

use super::event::{self, soup, wellformed};
use super::notes::Notes;
use crate::fact::{Position, RepairKind};

/// Reads events out of text.
#[derive(Default)]
pub(crate) struct EventXml {
    pending: String,
    /// How far `pending` has been searched for an end.
    searched: usize,
    events: u64,
}

const ENDS: [&str; 4] = ["</Event>", "</event>", "&lt;/Event&gt;", "&amp;lt;/Event&amp;gt;"];

impl EventXml {
    pub(crate) fn feed(&mut self, text: &str, notes: &mut Notes<'_>) {
        self.pending.push_str(text);
        while let Some(end) = self.next_end() {
            let rest = self.pending.split_off(end);
            let piece = std::mem::replace(&mut self.pending, rest);
            self.searched = 0;
            self.piece(&piece, notes);
        }
        if self.pending.len() > notes.item_limit() {
            let piece = std::mem::take(&mut self.pending);
            self.searched = 0;
            self.piece(&piece, notes);
            notes.too_long();
        }
    }

    /// Where the first event in `pending` ends.
    fn next_end(&mut self) -> Option<usize> {
        const LONGEST: usize = 21;
        let mut from = self.searched.saturating_sub(LONGEST);
        while !self.pending.is_char_boundary(from) {
            from -= 1;
        }
        let tail = self.pending.get(from..)?;
        let found = ENDS.iter().filter_map(|end| tail.find(end).map(|at| from + at + end.len())).min();
        self.searched = self.pending.len();
        found
    }

    pub(crate) fn finish(&mut self, notes: &mut Notes<'_>) {
        let rest = std::mem::take(&mut self.pending);
        self.piece(&rest, notes);
    }

    fn piece(&mut self, piece: &str, notes: &mut Notes<'_>) {
        if piece.trim().is_empty() {
            return;
        }
        let depth = notes.evidence.limits().depth;
        if let Some(start) = event_start(piece) {
            let (before, own) = piece.split_at_checked(start).unwrap_or(("", piece));
            match wellformed::elements(own, depth) {
                Ok(events) if events.iter().all(|one| one.is("Event")) && is_container(before) => {
                    return self.events(&events, notes);
                }
                Err(wellformed::NotWellFormed::Dtd) => {
                    notes.damaged(Position::Whole, "a document type definition was refused");
                }
                _ => {}
            }
        }
        if piece.len() < 200 && is_container(piece) {
            return;
        }
        self.mend(piece, depth, notes);
    }

    fn mend(&mut self, piece: &str, depth: usize, notes: &mut Notes<'_>) {
        let mended = soup::mend(piece, depth);
        if mended.too_deep {
            let file = notes.file();
            notes.evidence.too_deep(&file);
        }
        let position = Position::Item(self.events + 1);
        for (kind, times) in &mended.repairs {
            notes.repaired(position, *kind, *times);
        }
        if piece.contains("MicrosoftCryptographyMSCEP") {
            notes.repaired(position, RepairKind::LostBackslashes, 1);
        }
        self.events(&mended.events, notes);
    }

    fn events(&mut self, events: &[event::tree::Element<'_>], notes: &mut Notes<'_>) {
        for one in events {
            self.events += 1;
            event::read(one, self.events, notes);
        }
    }
}

/// Where `<Event>` or `<Event …` begins.
fn event_start(piece: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = piece.get(from..)?.find("<Event") {
        let at = from + at;
        let next = piece.get(at + 6..)?.chars().next()?;
        if next == '>' || next.is_whitespace() {
            return Some(at);
        }
        from = at + 6;
    }
    None
}

/// Whether text around events is only what belongs there: an XML declaration, an `<Events>` element, blanks.
fn is_container(text: &str) -> bool {
    let mut rest = text.trim_start_matches('\u{feff}').trim();
    loop {
        let tag = rest.starts_with("<?") || rest.starts_with("<Events") || rest.starts_with("</Events");
        if !tag {
            return rest.is_empty();
        }
        let Some((_, after)) = rest.split_once('>') else { return false };
        rest = after.trim();
    }
}
