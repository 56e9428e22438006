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
const TOGETHER: usize = 128;

static NOTHING: [u8; CHUNK] = [0; CHUNK];

/// Whether these are nothing but zeros. Compared in large pieces: there may be gigabytes of them.
pub(crate) fn is_nothing(octets: &[u8]) -> bool {
    octets.chunks(CHUNK).all(|piece| NOTHING.get(..piece.len()) == Some(piece))
}

/// Reads one log.
pub(crate) struct EventLog {
    state: State,
    /// The header, until it is whole.
    head: Vec<u8>,
    /// Chunks that wait to be read, behind a header; the last may still be coming in.
    waiting: Vec<u8>,
    /// The place in the log of each whole chunk that waits.
    numbers: Vec<u64>,
    ready: Vec<Stretch>,
    /// Rooms of stretches that were read, to be used again.
    rooms: Vec<Vec<u8>>,
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
            state: State::Header,
            head: Vec::new(),
            waiting: header(),
            numbers: Vec::new(),
            ready: Vec::new(),
            rooms: Vec::new(),
            chunks: 0,
            found: Found::default(),
        }
    }

    pub(crate) fn feed(&mut self, mut octets: &[u8], notes: &mut Notes<'_>) {
        while !octets.is_empty() {
            octets = match self.state {
                State::Header => self.header(octets, notes),
                State::Chunks => self.chunk(octets, notes),
            };
        }
    }

    /// Takes what belongs to the header, and returns the rest.
    fn header<'a>(&mut self, octets: &'a [u8], notes: &mut Notes<'_>) -> &'a [u8] {
        let take = HEADER.saturating_sub(self.head.len()).min(octets.len());
        let (now, later) = octets.split_at_checked(take).unwrap_or((octets, &[]));
        self.head.extend_from_slice(now);
        if self.head.len() < HEADER {
            return later;
        }
        self.state = State::Chunks;
        if self.head.starts_with(b"ElfChnk\0") {
            // Chunks carved out of a file, without its header.
            self.waiting.append(&mut self.head);
        } else if !self.head.starts_with(b"ElfFile\0") {
            let says = "the header of the event log is damaged; its chunks are read all the same";
            notes.damaged(Position::Whole, says);
        }
        later
    }

    /// Octets of the chunk that is coming in.
    fn begun(&self) -> usize {
        self.waiting.len().saturating_sub(HEADER + self.numbers.len() * CHUNK)
    }

    /// Takes what belongs to this chunk, and returns the rest.
    fn chunk<'a>(&mut self, octets: &'a [u8], notes: &Notes<'_>) -> &'a [u8] {
        let begun = self.begun();
        if begun == 0 && octets.starts_with(&NOTHING) {
            // A hole, as a sparse file has them by the gigabyte: not even copied.
            self.chunks += 1;
            return octets.get(CHUNK..).unwrap_or_default();
        }
        let take = CHUNK.saturating_sub(begun).min(octets.len());
        let (now, later) = octets.split_at_checked(take).unwrap_or((octets, &[]));
        self.waiting.extend_from_slice(now);
        if begun + take >= CHUNK {
            let start = self.waiting.len().saturating_sub(CHUNK);
            if is_nothing(self.waiting.get(start..).unwrap_or_default()) {
                self.waiting.truncate(start);
            } else {
                self.numbers.push(self.chunks);
            }
            self.chunks += 1;
            if self.numbers.len() >= TOGETHER {
                self.gather(notes);
            }
        }
        later
    }

    /// Makes a stretch of the whole chunks that wait.
    fn gather(&mut self, notes: &Notes<'_>) {
        if !self.numbers.is_empty() {
            let room = self.rooms.pop().unwrap_or_else(header);
            let octets = std::mem::replace(&mut self.waiting, room);
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
        let mut room = read.octets;
        room.truncate(HEADER);
        if self.rooms.len() < 2 {
            self.rooms.push(room);
        }
    }

    pub(crate) fn finish(&mut self, notes: &mut Notes<'_>) {
        let torn = self.waiting.split_off(self.waiting.len().saturating_sub(self.begun()));
        self.gather(notes);
        for stretch in self.ready() {
            self.join(stretch.read(), notes);
        }
        if self.state == State::Header && !self.head.is_empty() {
            notes.damaged(Position::Whole, "the event log ends inside its header");
        } else if !is_nothing(&torn) {
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
