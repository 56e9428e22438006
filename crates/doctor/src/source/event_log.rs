//! Windows event logs (`.evtx`), stretch by stretch.
//!
//! A log is a header of 4 KiB and chunks of 64 KiB that can be read alone. So many chunks are gathered as make a
//! [`Stretch`], which a caller may read wherever it likes. The records of a chunk are rendered by the `evtx` crate and
//! then read like any event XML. A chunk or record that cannot be read is reported; the rest is read.

mod glance;
mod stretch;

pub use stretch::{Stretch, StretchRead};

use pki::Time;
use stretch::Found;

use super::notes::Notes;
use crate::fact::event::CAPI2_CHANNEL;
use crate::fact::evidence::{Weight, join};
use crate::fact::{ChannelState, Observed, Position};

const HEADER: usize = 4096;
const CHUNK: usize = 64 << 10;
/// Chunks read together. What chunks have in common (the shapes of their records) is worked out once for all of them.
const TOGETHER: usize = 64;

static NOTHING: [u8; CHUNK] = [0; CHUNK];

/// Whether these are nothing but zeros. Compared in large pieces: there may be gigabytes of them.
pub(crate) fn is_nothing(octets: &[u8]) -> bool {
    octets.chunks(CHUNK).all(|piece| NOTHING.get(..piece.len()) == Some(piece))
}

/// Reads one log.
pub(crate) struct EventLog {
    /// The header, or [`HEADER`] and then a chunk.
    buffer: Vec<u8>,
    state: State,
    /// Whole chunks that wait to be read, behind a header, and their numbers.
    waiting: Vec<u8>,
    numbers: Vec<u64>,
    ready: Vec<Stretch>,
    chunks: u64,
    found: Found,
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
            state: State::Header,
            waiting: header(),
            numbers: Vec::new(),
            ready: Vec::new(),
            chunks: 0,
            found: Found::default(),
        }
    }

    pub(crate) fn feed(&mut self, mut octets: &[u8], notes: &mut Notes<'_>) {
        while !octets.is_empty() {
            if self.state == State::Chunks && self.buffer.is_empty() && octets.starts_with(&NOTHING) {
                // A hole, as a sparse file has them by the gigabyte: not even copied.
                octets = octets.get(CHUNK..).unwrap_or_default();
                self.chunks += 1;
                continue;
            }
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
        if !is_nothing(&self.buffer) {
            self.waiting.append(&mut self.buffer);
            self.numbers.push(self.chunks);
        }
        self.buffer.clear();
        self.chunks += 1;
        if self.numbers.len() >= TOGETHER {
            self.gather(notes);
        }
    }

    /// Makes a stretch of what waits.
    fn gather(&mut self, notes: &Notes<'_>) {
        if !self.numbers.is_empty() {
            let octets = std::mem::replace(&mut self.waiting, header());
            self.ready.push(Stretch::new(octets, std::mem::take(&mut self.numbers), notes));
        }
    }

    /// Stretches to be read, each once, and given back in this order.
    pub(crate) fn ready(&mut self) -> Vec<Stretch> {
        std::mem::take(&mut self.ready)
    }

    pub(crate) fn join(&mut self, read: StretchRead, notes: &mut Notes<'_>) {
        notes.evidence.absorb(read.evidence);
        notes.source.items += read.source.items;
        notes.source.damaged += read.source.damaged;
        notes.source.span = join(notes.source.span, read.source.span);
        self.found.join(read.found);
    }

    pub(crate) fn finish(&mut self, notes: &mut Notes<'_>) {
        self.gather(notes);
        for stretch in self.ready() {
            self.join(stretch.read(), notes);
        }
        if self.state == State::Header && !self.buffer.is_empty() {
            notes.damaged(Position::Whole, "the event log ends inside its header");
        } else if self.buffer.iter().any(|octet| *octet != 0) {
            let says = format!("the event log ends inside chunk {}", self.chunks);
            notes.damaged(Position::Whole, says);
        }
        let channel = self.found.channel.take().or_else(|| channel_of_name(&notes.source.file));
        if let Some(channel) = channel {
            let span = notes.source.span.map(|(first, last)| (first.at, last.at));
            notes.fact(Position::Whole, None, Observed::Channel(self.channel_state(channel, span)), Weight::Telling);
        }
    }

    fn channel_state(&self, channel: String, span: Option<(Time, Time)>) -> ChannelState {
        ChannelState {
            channel,
            switch: None,
            records: Some(self.found.records),
            max_size: None,
            span,
            oldest_record: self.found.oldest,
        }
    }
}

/// A header like any log's, to stand before chunks that are read together: its own may be damaged.
fn header() -> Vec<u8> {
    let mut header = Vec::with_capacity(HEADER + CHUNK);
    header.extend_from_slice(b"ElfFile\0");
    header.resize(32, 0);
    // Length of the header, minor and major version, and where the chunks begin.
    header.extend_from_slice(&[128, 0, 0, 0, 1, 0, 3, 0, 0, 0x10]);
    header.resize(HEADER, 0);
    header
}

/// The channel an exported log file is named after: Windows writes the slash as `%4`, tools often as `_` or `-`.
fn channel_of_name(file: &str) -> Option<String> {
    let name = file.rsplit(['/', '\\']).next()?.to_lowercase();
    let plain = name.replace("%254", "/").replace("%4", "/").replace(['_', '-', ' '], "");
    let known = [(CAPI2_CHANNEL, "capi2/operational"), (CAPI2_CHANNEL, "capi2operational"), (CAPI2_CHANNEL, "capi2")];
    known.iter().find(|(_, mark)| plain.contains(mark)).map(|(channel, _)| (*channel).to_owned())
}
