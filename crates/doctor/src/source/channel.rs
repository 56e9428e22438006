//! What `wevtutil gl` prints: whether a log is switched on, and how large it may grow.

use super::notes::Notes;
use crate::fact::event::{ChannelState, Switch};
use crate::fact::evidence::Weight;
use crate::fact::{Observed, Position};

/// Reads the text; it may hold several logs one after another.
pub(crate) fn read(text: &str, notes: &mut Notes<'_>) {
    let mut open: Option<(u64, ChannelState)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        let Some((key, value)) = line.trim().split_once(':') else { continue };
        let value = value.trim();
        if key == "name" {
            close(&mut open, notes);
            let state = ChannelState {
                channel: value.to_owned(),
                switch: None,
                records: None,
                max_size: None,
                span: None,
                oldest_record: None,
            };
            open = Some((number, state));
            continue;
        }
        let Some((_, state)) = &mut open else { continue };
        match (key, value) {
            ("enabled", "true") => state.switch = Some(Switch::On),
            ("enabled", "false") => state.switch = Some(Switch::Off),
            ("maxSize", size) => state.max_size = size.parse().ok(),
            ("numberOfLogRecords", count) => state.records = count.parse().ok(),
            ("oldestRecordNumber", oldest) => state.oldest_record = oldest.parse().ok(),
            _ => {}
        }
    }
    close(&mut open, notes);
}

fn close(open: &mut Option<(u64, ChannelState)>, notes: &mut Notes<'_>) {
    if let Some((number, state)) = open.take() {
        notes.understood(None);
        notes.fact(Position::Line(number), None, Observed::Channel(state), Weight::Telling);
    }
}
