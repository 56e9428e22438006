//! Windows event logs (`.evtx`), chunk by chunk.
//!
//! A log is a header of 4 KiB and chunks of 64 KiB that can be read alone. One chunk is held at a time. The records of a
//! chunk are rendered by the `evtx` crate and then read like any event XML. A chunk or record that cannot be read is
//! reported; the rest is read.

use std::sync::Arc;

use evtx::{EvtxChunkData, ParserSettings};
use pki::Time;

use super::event::{self, soup, wellformed};
use super::notes::Notes;
use crate::fact::event::CAPI2_CHANNEL;
use crate::fact::evidence::Weight;
use crate::fact::{ChannelState, Observed, Position};

const HEADER: usize = 4096;
const CHUNK: usize = 64 << 10;

/// Reads one log.
pub(crate) struct EventLog {
    buffer: Vec<u8>,
    settings: Arc<ParserSettings>,
    state: State,
    chunks: u64,
    records: u64,
    oldest: Option<u64>,
    channel: Option<String>,
}

#[derive(PartialEq)]
enum State {
    Header,
    Chunks,
}

impl EventLog {
    pub(crate) fn new() -> EventLog {
        EventLog {
            buffer: Vec::with_capacity(CHUNK),
            settings: Arc::new(ParserSettings::new().num_threads(1).indent(false)),
            state: State::Header,
            chunks: 0,
            records: 0,
            oldest: None,
            channel: None,
        }
    }

    pub(crate) fn feed(&mut self, mut octets: &[u8], notes: &mut Notes<'_>) {
        while !octets.is_empty() {
            let wanted = if self.state == State::Header { HEADER } else { CHUNK };
            let take = wanted.saturating_sub(self.buffer.len()).min(octets.len());
            let (now, later) = octets.split_at_checked(take).unwrap_or((octets, &[]));
            self.buffer.extend_from_slice(now);
            octets = later;
            if self.buffer.len() >= wanted {
                self.full(notes);
            }
        }
    }

    fn full(&mut self, notes: &mut Notes<'_>) {
        if self.state == State::Header && self.buffer.starts_with(b"ElfChnk\0") {
            // Chunks carved out of a file, without its header.
            self.state = State::Chunks;
            return;
        }
        if self.state == State::Header {
            if !self.buffer.starts_with(b"ElfFile\0") {
                notes.damaged(
                    Position::Whole,
                    "the header of the event log is damaged; its chunks are read all the same",
                );
            }
            self.state = State::Chunks;
            self.buffer.clear();
            return;
        }
        let chunk = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        self.chunk(chunk, notes);
        self.chunks += 1;
    }

    pub(crate) fn finish(&mut self, notes: &mut Notes<'_>) {
        if self.state == State::Header && !self.buffer.is_empty() {
            notes.damaged(Position::Whole, "the event log ends inside its header");
        } else if !self.buffer.is_empty() && self.buffer.iter().any(|octet| *octet != 0) {
            let says = format!("the event log ends inside chunk {}", self.chunks);
            notes.damaged(Position::Whole, says);
        }
        let channel = self.channel.take().or_else(|| channel_of_name(&notes.source.file));
        if let Some(channel) = channel {
            let span = notes.source.span.map(|(first, last)| (first.at, last.at));
            notes.fact(Position::Whole, None, Observed::Channel(self.channel_state(channel, span)), Weight::Telling);
        }
    }

    fn channel_state(&self, channel: String, span: Option<(Time, Time)>) -> ChannelState {
        ChannelState {
            channel,
            switch: None,
            records: Some(self.records),
            max_size: None,
            span,
            oldest_record: self.oldest,
        }
    }

    fn chunk(&mut self, octets: Vec<u8>, notes: &mut Notes<'_>) {
        if octets.iter().all(|octet| *octet == 0) {
            return;
        }
        let number = self.chunks;
        let mut data = match EvtxChunkData::new(octets, false) {
            Ok(data) => data,
            Err(error) => return notes.damaged(Position::Whole, format!("chunk {number} cannot be read: {error}")),
        };
        let mut chunk = match data.parse(self.settings.clone()) {
            Ok(chunk) => chunk,
            Err(error) => return notes.damaged(Position::Whole, format!("chunk {number} cannot be read: {error}")),
        };
        for record in chunk.iter() {
            let rendered = record.and_then(|record| {
                let id = record.event_record_id;
                record.into_xml_bytes().map(|rendered| (id, rendered.data))
            });
            match rendered {
                Ok((id, xml)) => self.record(id, &xml, notes),
                Err(error) => {
                    notes.damaged(Position::Whole, format!("a record in chunk {number} cannot be read: {error}"))
                }
            }
        }
    }

    fn record(&mut self, id: u64, xml: &[u8], notes: &mut Notes<'_>) {
        self.records += 1;
        self.oldest = Some(self.oldest.map_or(id, |oldest| oldest.min(id)));
        let text = String::from_utf8_lossy(xml);
        if self.channel.is_none() {
            self.channel = between(&text, "<Channel>", "</Channel>").map(str::to_owned);
        }
        if text.len() > notes.item_limit() {
            return notes.too_long();
        }
        let depth = notes.evidence.limits().depth;
        let position = Position::Record(id);
        match wellformed::elements(&text, depth) {
            Ok(events) => {
                for one in &events {
                    event::read(one, id, notes);
                }
            }
            Err(_) => {
                let mended = soup::mend(&text, depth);
                for (kind, times) in mended.repairs {
                    notes.repaired(position, kind, times);
                }
                for one in &mended.events {
                    event::read(one, id, notes);
                }
            }
        }
    }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(start)?;
    let (found, _) = rest.split_once(end)?;
    (!found.is_empty() && found.len() < 512).then_some(found)
}

/// The channel an exported log file is named after: Windows writes the slash as `%4`, tools often as `_` or `-`.
fn channel_of_name(file: &str) -> Option<String> {
    let name = file.rsplit(['/', '\\']).next()?.to_lowercase();
    let plain = name.replace("%254", "/").replace("%4", "/").replace(['_', '-', ' '], "");
    let known = [(CAPI2_CHANNEL, "capi2/operational"), (CAPI2_CHANNEL, "capi2operational"), (CAPI2_CHANNEL, "capi2")];
    known.iter().find(|(_, mark)| plain.contains(mark)).map(|(channel, _)| (*channel).to_owned())
}
