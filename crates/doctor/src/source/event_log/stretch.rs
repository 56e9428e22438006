//! Chunks of one log, read without regard to what comes before or after them.

use std::borrow::Cow;
use std::io::Cursor;
use std::sync::Arc;

use evtx::{EvtxChunkData, EvtxParser, ParserSettings, RenderedChunkItem};

use super::glance::{Glance, Glanced};
use super::{CHUNK, HEADER};
use crate::fact::{Evidence, Position, SourceRead};
use crate::source::event::{self, soup, wellformed};
use crate::source::notes::Notes;

/// A stretch of an event log, to be read apart from the rest: by another thread, if the caller has one. What comes of it
/// goes back by [`Reading::join`](crate::source::Reading::join).
pub struct Stretch {
    /// A header, then chunks.
    octets: Vec<u8>,
    /// The place of each chunk in the log.
    numbers: Vec<u64>,
    evidence: Evidence,
    source: SourceRead,
}

/// What a [`Stretch`] holds.
pub struct StretchRead {
    pub(super) evidence: Evidence,
    pub(super) source: SourceRead,
    pub(super) found: Found,
    /// Where the octets stood, to be used again.
    pub(super) octets: Vec<u8>,
}

/// What is counted over a whole log.
#[derive(Default)]
pub(super) struct Found {
    glanced: Glanced,
    pub(super) records: u64,
    pub(super) oldest: Option<u64>,
    pub(super) channel: Option<String>,
}

impl Found {
    pub(super) fn join(&mut self, later: Found) {
        self.records += later.records;
        self.oldest = [self.oldest, later.oldest].into_iter().flatten().min();
        self.channel = self.channel.take().or(later.channel);
    }
}

fn settings() -> ParserSettings {
    ParserSettings::new().num_threads(1).indent(false)
}

impl Stretch {
    /// Of a header of [`HEADER`] octets and the chunks with these numbers.
    pub(super) fn new(octets: Vec<u8>, numbers: Vec<u64>, notes: &Notes<'_>) -> Stretch {
        let source = SourceRead { items: 0, damaged: 0, span: None, ..notes.source.clone() };
        Stretch { octets, numbers, evidence: notes.evidence.beside(), source }
    }

    /// Reads it. Chunks without any damage are rendered together, which is faster; otherwise one after another, so that
    /// what is damaged can be named.
    #[must_use]
    pub fn read(self) -> StretchRead {
        let read = self.whole().unwrap_or_else(|| self.chunk_by_chunk());
        StretchRead { octets: self.octets, ..read }
    }

    fn whole(&self) -> Option<StretchRead> {
        let mut read = self.begin();
        let mut notes = Notes { evidence: &mut read.evidence, source: &mut read.source };
        let parser = EvtxParser::from_read_seek(Cursor::new(self.octets.as_slice())).ok()?;
        let mut parser = parser.with_configuration(settings());
        for chunk in parser.chunks_xml_bytes(false) {
            if chunk.items.iter().any(|item| matches!(item, RenderedChunkItem::Failed(_))) {
                return None;
            }
            for (id, xml) in chunk.records() {
                record(id, xml, &mut read.found, &mut notes);
            }
        }
        std::mem::take(&mut read.found.glanced).tell(&mut notes);
        Some(read)
    }

    fn begin(&self) -> StretchRead {
        StretchRead {
            evidence: self.evidence.clone(),
            source: self.source.clone(),
            found: Found::default(),
            octets: Vec::new(),
        }
    }

    fn chunk_by_chunk(&self) -> StretchRead {
        let mut read = self.begin();
        let mut notes = Notes { evidence: &mut read.evidence, source: &mut read.source };
        let settings = Arc::new(settings());
        let chunks = self.octets.get(HEADER..).unwrap_or_default().chunks(CHUNK);
        for (number, octets) in self.numbers.iter().zip(chunks) {
            if let Err(error) = chunk(*number, octets, &settings, &mut read.found, &mut notes) {
                notes.damaged(Position::Whole, format!("chunk {number} cannot be read: {error}"));
            }
        }
        std::mem::take(&mut read.found.glanced).tell(&mut notes);
        read
    }
}

fn chunk(
    number: u64,
    octets: &[u8],
    settings: &Arc<ParserSettings>,
    found: &mut Found,
    notes: &mut Notes<'_>,
) -> Result<(), evtx::err::ChunkError> {
    let mut data = EvtxChunkData::new(octets.to_vec(), false)?;
    let mut chunk = data.parse(settings.clone())?;
    for one in chunk.iter() {
        let rendered = one.and_then(|one| {
            let id = one.event_record_id;
            one.into_xml_bytes().map(|rendered| (id, rendered.data))
        });
        match rendered {
            Ok((id, xml)) => record(id, &xml, found, notes),
            Err(error) => {
                notes.damaged(Position::Whole, format!("a record in chunk {number} cannot be read: {error}"));
            }
        }
    }
    Ok(())
}

/// One record, rendered as XML.
fn record(id: u64, xml: &[u8], found: &mut Found, notes: &mut Notes<'_>) {
    found.records += 1;
    found.oldest = Some(found.oldest.map_or(id, |oldest| oldest.min(id)));
    if xml.len() > notes.item_limit() {
        return notes.too_long();
    }
    let glance = Glance::at(xml);
    if found.channel.is_none() {
        found.channel = glance.as_ref().and_then(|glance| glance.channel).map(str::to_owned);
    }
    if glance.is_some_and(|glance| found.glanced.suffices(&glance, notes)) {
        return;
    }
    let text = std::str::from_utf8(xml).map_or_else(|_| String::from_utf8_lossy(xml), Cow::Borrowed);
    let depth = notes.evidence.limits().depth;
    match wellformed::elements(&text, depth) {
        Ok(events) => events.iter().for_each(|one| event::read(one, id, notes)),
        Err(_) => {
            let mended = soup::mend(&text, depth);
            for (kind, times) in mended.repairs {
                notes.repaired(Position::Record(id), kind, times);
            }
            mended.events.iter().for_each(|one| event::read(one, id, notes));
        }
    }
}
