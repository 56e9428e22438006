//! `.svclog`: WCF traces of the Intune connector, `E2ETraceEvent` elements one after another without a root.

use super::event::tree::Element;
use super::event::{bare_guid, parse_time, wellformed};
use super::notes::Notes;
use super::trace_meaning;
use crate::fact::evidence::Tally;
use crate::fact::log::Severity;
use crate::fact::{Code, Observed, Position, RepairKind, ServiceTrace, query};

const END: &str = "</E2ETraceEvent>";

/// Reads one trace.
#[derive(Default)]
pub(crate) struct ServiceTraces {
    pending: String,
    searched: usize,
    entries: u64,
}

impl ServiceTraces {
    pub(crate) fn feed(&mut self, text: &str, notes: &mut Notes<'_>) {
        self.pending.push_str(text);
        while let Some(at) = self.next_end() {
            let rest = self.pending.split_off(at);
            let piece = std::mem::replace(&mut self.pending, rest);
            self.searched = 0;
            self.entry(&piece, notes);
        }
        if self.pending.len() > notes.item_limit() {
            self.pending.clear();
            self.searched = 0;
            notes.too_long();
        }
    }

    fn next_end(&mut self) -> Option<usize> {
        let mut from = self.searched.saturating_sub(END.len());
        while !self.pending.is_char_boundary(from) {
            from -= 1;
        }
        self.searched = self.pending.len();
        self.pending.get(from..)?.find(END).map(|at| from + at + END.len())
    }

    pub(crate) fn finish(&mut self, notes: &mut Notes<'_>) {
        let rest = std::mem::take(&mut self.pending);
        if rest.contains("<E2ETraceEvent") {
            self.entry(&rest, notes);
        }
    }

    fn entry(&mut self, piece: &str, notes: &mut Notes<'_>) {
        let Some(start) = piece.find("<E2ETraceEvent") else { return };
        self.entries += 1;
        let own = piece.get(start..).unwrap_or_default();
        let position = Position::Item(self.entries);
        match wellformed::elements(own, notes.evidence.limits().depth) {
            Ok(elements) => {
                for element in &elements {
                    note(element, position, notes);
                }
            }
            Err(_) => {
                // A live writer cuts the last entry; its words still tell.
                notes.repaired(position, RepairKind::CutEntry, 1);
                let element = Element { text: without_tags(own).into(), ..Element::default() };
                note(&element, position, notes);
            }
        }
    }
}

fn note(element: &Element<'_>, position: Position, notes: &mut Notes<'_>) {
    let attribute = |name: &str, key: &str| element.find(name).and_then(|found| found.attribute(key));
    let when = attribute("TimeCreated", "SystemTime").and_then(parse_time);
    let data = element.find("ApplicationData").unwrap_or(element);
    let text = data.whole_text();
    let trace = ServiceTrace {
        source: attribute("Source", "Name").unwrap_or_default().to_owned(),
        severity: attribute("SubType", "Name").and_then(severity).or_else(|| level(element.text_of("Level"))),
        activity: attribute("Correlation", "ActivityID").map(bare_guid),
        meaning: trace_meaning::of(&text),
        code: Code::find(&text),
        text,
    };
    notes.understood(when);
    notes.count(Tally::TraceLine(trace.source.clone()), when);
    let what = Observed::ServiceTrace(Box::new(trace));
    let weight = query::weight_of(&what);
    notes.fact(position, when, what, weight);
}

fn severity(name: &str) -> Option<Severity> {
    match name.to_ascii_lowercase().as_str() {
        "error" | "critical" => Some(Severity::Error),
        "warning" => Some(Severity::Warning),
        "information" | "verbose" => Some(Severity::Information),
        _ => None,
    }
}

fn level(text: Option<&str>) -> Option<Severity> {
    match text?.parse::<u8>().ok()? {
        1 | 2 => Some(Severity::Error),
        3 => Some(Severity::Warning),
        _ => Some(Severity::Information),
    }
}

fn without_tags(text: &str) -> String {
    let mut words = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        words.push_str(before);
        words.push(' ');
        rest = after.split_once('>').map_or("", |(_, rest)| rest);
    }
    words.push_str(rest);
    words.split_whitespace().collect::<Vec<_>>().join(" ")
}
