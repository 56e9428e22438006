//! One file being read, from its first octet to its last.

use std::sync::Arc;

use super::encoding::TextDecoder;
use super::event_log::{Stretch, StretchRead};
use super::notes::Notes;
use super::web_log::{Flavour, WebLog};
use super::{Kind, LOOKED_AT, recognise};
use super::{certificate, certutil, channel, event_log, event_xml, iis_configuration, registry, service_trace, trace};
use crate::fact::{Evidence, Position, RepairKind, SourceRead};

/// A file being read.
///
/// ```
/// use doctor::{Evidence, source::Reading};
///
/// let mut evidence = Evidence::default();
/// let mut reading = Reading::new("NDESPlugin.log");
/// reading.feed(b"Calling VerifyRequest ...  $$<NDESPlugin><08-10-2015 09:12:44.1", &mut evidence);
/// reading.feed(b"23-120><thread=4 (0x4)>\r\n", &mut evidence);
/// reading.finish(&mut evidence);
/// assert_eq!(evidence.trace_lines().count(), 1);
/// ```
pub struct Reading {
    source: SourceRead,
    head: Vec<u8>,
    reader: Option<Reader>,
    /// Octets of nothing but zeros that were passed over.
    nothing: u64,
}

enum Reader {
    EventLog(Box<event_log::EventLog>),
    WebLog(Box<WebLog>),
    Text(Box<TextDecoder>, Vec<TextReader>, String),
    Whole(Vec<u8>),
    Nothing,
}

/// Readers of decoded text.
enum TextReader {
    EventXml(Box<event_xml::EventXml>),
    Trace(Box<trace::Trace>),
    ServiceTrace(Box<service_trace::ServiceTraces>),
    Registry(Box<registry::Registry>),
    RegistryQuery(Box<registry::RegistryQuery>),
    Certutil(Box<certutil::Certutil>),
}

impl Reading {
    /// Begins a file. `file` is what findings will call it; its ending helps where the content says nothing.
    #[must_use]
    pub fn new(file: &str) -> Reading {
        let source = SourceRead {
            file: Arc::from(file),
            kind: Kind::Unknown,
            octets: 0,
            encoding: None,
            items: 0,
            damaged: 0,
            span: None,
            unusable: None,
        };
        Reading { source, head: Vec::new(), reader: None, nothing: 0 }
    }

    /// Takes the next octets of the file, however many.
    pub fn feed(&mut self, chunk: &[u8], evidence: &mut Evidence) {
        for piece in chunk.chunks(PIECE) {
            for stretch in self.feed_apart(piece, evidence) {
                self.join(stretch.read(), evidence);
            }
        }
    }

    /// Takes the next octets of the file, and leaves to the caller what can be read apart from the rest: stretches of an
    /// event log. Each has to be given back by [`Reading::join`], in the order in which they came and before
    /// [`Reading::finish`]; the evidence is then the same as by [`Reading::feed`].
    #[must_use]
    pub fn feed_apart(&mut self, chunk: &[u8], evidence: &mut Evidence) -> Vec<Stretch> {
        self.source.octets += chunk.len() as u64;
        if self.is_hole(chunk) {
            self.nothing += chunk.len() as u64;
        } else if self.reader.is_some() {
            self.forward(chunk, evidence);
        } else {
            self.head.extend_from_slice(chunk);
            if self.head.len() >= LOOKED_AT {
                self.begin(evidence);
            }
        }
        match &mut self.reader {
            Some(Reader::EventLog(log)) => log.ready(),
            _ => Vec::new(),
        }
    }

    /// Whether the octets are a hole in a text: zeros without end, as a sparse file or one torn by a power cut has them.
    fn is_hole(&self, chunk: &[u8]) -> bool {
        const LEAST: usize = 64 << 10;
        let is_text = matches!(self.reader, Some(Reader::Text(..) | Reader::WebLog(_)));
        is_text && chunk.len() >= LEAST && event_log::is_nothing(chunk)
    }

    /// Takes back what a stretch held.
    pub fn join(&mut self, read: StretchRead, evidence: &mut Evidence) {
        if let Some(Reader::EventLog(log)) = &mut self.reader {
            log.join(read, &mut Notes { evidence, source: &mut self.source });
        }
    }

    /// Takes the end of the file and files the account of it.
    pub fn finish(mut self, evidence: &mut Evidence) {
        if self.reader.is_none() {
            self.begin(evidence);
        }
        let mut notes = Notes { evidence, source: &mut self.source };
        match &mut self.reader {
            Some(Reader::EventLog(log)) => log.finish(&mut notes),
            Some(Reader::WebLog(log)) => log.finish(&mut notes),
            Some(Reader::Text(decoder, readers, text)) => {
                text.clear();
                decoder.finish(text);
                notes.source.encoding = Some(decoder.name());
                if decoder.lost() > 0 {
                    let times = u32::try_from(decoder.lost()).unwrap_or(u32::MAX);
                    notes.repaired(Position::Whole, RepairKind::LostCharacters, times);
                }
                for reader in readers {
                    reader.feed(text, &mut notes);
                    reader.finish(&mut notes);
                }
            }
            Some(Reader::Whole(octets)) => whole(octets, &mut notes),
            Some(Reader::Nothing) | None => {}
        }
        if self.nothing > 0 {
            let says = format!("{} octets of nothing but zeros were passed over", self.nothing);
            Notes { evidence, source: &mut self.source }.damaged(Position::Whole, says);
        }
        self.source.unusable = unusable(&self.source);
        evidence.sources.push(self.source);
    }

    /// Chooses the reader and gives it what came so far.
    fn begin(&mut self, evidence: &mut Evidence) {
        let head = std::mem::take(&mut self.head);
        self.source.kind = recognise(&head, &self.source.file);
        self.reader = Some(Reader::of(self.source.kind, &head));
        // In pieces: a caller that hands over a whole file at once must not make the decoder's text as large.
        for piece in head.chunks(PIECE) {
            self.forward(piece, evidence);
        }
    }

    fn forward(&mut self, chunk: &[u8], evidence: &mut Evidence) {
        let mut notes = Notes { evidence, source: &mut self.source };
        match &mut self.reader {
            Some(Reader::EventLog(log)) => log.feed(chunk, &mut notes),
            Some(Reader::WebLog(log)) => log.feed(chunk, &mut notes),
            Some(Reader::Text(decoder, readers, text)) => {
                for piece in chunk.chunks(PIECE) {
                    text.clear();
                    decoder.feed(piece, text);
                    for reader in readers.iter_mut() {
                        reader.feed(text, &mut notes);
                    }
                }
            }
            Some(Reader::Whole(octets)) => {
                let room = notes.evidence.limits().whole.saturating_sub(octets.len());
                if room < chunk.len() {
                    notes.too_long();
                    self.reader = Some(Reader::Nothing);
                } else {
                    octets.extend_from_slice(chunk);
                }
            }
            Some(Reader::Nothing) | None => {}
        }
    }
}

/// Octets decoded at once.
const PIECE: usize = 256 << 10;

impl Reader {
    fn of(kind: Kind, head: &[u8]) -> Reader {
        let text =
            |readers: Vec<TextReader>| Reader::Text(Box::new(TextDecoder::for_start(head)), readers, String::new());
        match kind {
            Kind::EventLog => Reader::EventLog(Box::new(event_log::EventLog::new())),
            Kind::WebLog => Reader::WebLog(Box::new(WebLog::new(Flavour::Requests))),
            Kind::HttpErrorLog => Reader::WebLog(Box::new(WebLog::new(Flavour::Errors))),
            Kind::EventXml => text(vec![TextReader::EventXml(Box::default())]),
            Kind::Trace => text(vec![TextReader::Trace(Box::default())]),
            Kind::ServiceTrace => text(vec![TextReader::ServiceTrace(Box::default())]),
            Kind::Registry => text(vec![TextReader::Registry(Box::new(registry::Registry::new()))]),
            Kind::RegistryQuery => text(vec![TextReader::RegistryQuery(Box::default())]),
            Kind::CertutilText => text(vec![TextReader::Certutil(Box::new(certutil::Certutil::new()))]),
            Kind::Paste => text(vec![
                TextReader::EventXml(Box::default()),
                TextReader::Trace(Box::default()),
                TextReader::Registry(Box::new(registry::Registry::new())),
                TextReader::RegistryQuery(Box::default()),
                TextReader::Certutil(Box::new(certutil::Certutil::new())),
            ]),
            Kind::Certificate | Kind::IisConfiguration | Kind::ChannelConfiguration => Reader::Whole(Vec::new()),
            Kind::Pkcs12 | Kind::EventTextExport | Kind::Archive | Kind::Empty | Kind::Unknown => Reader::Nothing,
        }
    }
}

/// Files that are read as a whole.
fn whole(octets: &[u8], notes: &mut Notes<'_>) {
    if notes.source.kind == Kind::Certificate {
        return certificate::read(octets, notes);
    }
    let mut decoder = TextDecoder::for_start(octets);
    let mut text = String::new();
    decoder.feed(octets, &mut text);
    decoder.finish(&mut text);
    notes.source.encoding = Some(decoder.name());
    match notes.source.kind {
        Kind::IisConfiguration => iis_configuration::read(&text, notes),
        _ => channel::read(&text, notes),
    }
}

/// Why nothing can be made of a file, and what to hand over instead.
fn unusable(source: &SourceRead) -> Option<&'static str> {
    match source.kind {
        Kind::Pkcs12 => Some(
            "a PKCS#12 file holds a private key and is not opened; export the certificate alone, without its key \
             (certutil -store -v My, or a .cer file)",
        ),
        Kind::EventTextExport => Some(
            "text and CSV exports of the event viewer lose what matters; save the log as .evtx \
             (wevtutil epl LOGNAME FILE.evtx) or copy the event's XML view",
        ),
        Kind::Archive => Some("an archive inside an archive is not opened"),
        Kind::Empty => Some("the file is empty"),
        Kind::Unknown => Some("the content is not of a known kind"),
        _ => None,
    }
}

impl TextReader {
    fn feed(&mut self, text: &str, notes: &mut Notes<'_>) {
        match self {
            TextReader::EventXml(reader) => reader.feed(text, notes),
            TextReader::Trace(reader) => reader.feed(text, notes),
            TextReader::ServiceTrace(reader) => reader.feed(text, notes),
            TextReader::Registry(reader) => reader.feed(text, notes),
            TextReader::RegistryQuery(reader) => reader.feed(text, notes),
            TextReader::Certutil(reader) => reader.feed(text, notes),
        }
    }

    fn finish(&mut self, notes: &mut Notes<'_>) {
        match self {
            TextReader::EventXml(reader) => reader.finish(notes),
            TextReader::Trace(reader) => reader.finish(notes),
            TextReader::ServiceTrace(reader) => reader.finish(notes),
            TextReader::Registry(reader) => reader.finish(notes),
            TextReader::RegistryQuery(reader) => reader.finish(notes),
            TextReader::Certutil(reader) => reader.finish(notes),
        }
    }
}
