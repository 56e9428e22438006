//! The doors through which evidence comes in: one reader per kind of file, fed in chunks.
//!
//! A shell opens a file, makes a [`Reading`] with its name, feeds it whatever chunks it likes and finishes it. The kind
//! is told from the content. No reader keeps more than one item (a record, an event, a line, a small file) in memory.

mod encoding;
mod event;
mod event_log;
mod event_xml;
mod lines;
mod notes;
mod recognise;

use std::sync::Arc;

pub use recognise::{LOOKED_AT, recognise};

use crate::fact::{Evidence, SourceRead};
use encoding::TextDecoder;
use notes::Notes;

/// What a file is, told from its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A Windows event log (`.evtx`).
    EventLog,
    /// Events as XML, whole or damaged, alone or inside other text.
    EventXml,
    /// A CMTrace log in either form.
    Trace,
    /// An IIS W3C log.
    WebLog,
    /// An HTTPERR log.
    HttpErrorLog,
    /// An Intune connector's `.svclog`.
    ServiceTrace,
    /// A `.reg` export.
    Registry,
    /// Text printed by `reg query`.
    RegistryQuery,
    /// `applicationHost.config` or `web.config`.
    IisConfiguration,
    /// Certificates: DER, PEM, PKCS#7.
    Certificate,
    /// A PKCS#12 file. It is not opened: the doctor asks for no passwords.
    Pkcs12,
    /// Text printed by `certutil`.
    CertutilText,
    /// Text printed by `wevtutil gl`: a log's configuration.
    ChannelConfiguration,
    /// Event Viewer's CSV or text export, which loses what matters.
    EventTextExport,
    /// An archive; a shell unpacks it.
    Archive,
    /// A text that holds several of these: a ticket, a mail, a thread.
    Paste,
    /// Nothing in it.
    Empty,
    /// None of these.
    Unknown,
}

/// A file being read.
pub struct Reading {
    source: SourceRead,
    head: Vec<u8>,
    reader: Option<Reader>,
}

enum Reader {
    EventLog(Box<event_log::EventLog>),
    Text(Box<TextDecoder>, Vec<TextReader>, String),
    Nothing,
}

/// Readers of decoded text.
enum TextReader {
    EventXml(event_xml::EventXml),
}

impl Reading {
    /// Begins a file. `file` is what findings will call it.
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
        Reading { source, head: Vec::new(), reader: None }
    }

    /// Takes the next octets of the file, however many.
    pub fn feed(&mut self, chunk: &[u8], evidence: &mut Evidence) {
        self.source.octets += chunk.len() as u64;
        if self.reader.is_some() {
            return self.forward(chunk, evidence);
        }
        self.head.extend_from_slice(chunk);
        if self.head.len() >= LOOKED_AT {
            self.begin(evidence);
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
            Some(Reader::Text(decoder, readers, text)) => {
                text.clear();
                decoder.finish(text);
                notes.source.encoding = Some(decoder.name());
                for reader in readers {
                    reader.feed(text, &mut notes);
                    reader.finish(&mut notes);
                }
            }
            Some(Reader::Nothing) | None => {}
        }
        evidence.sources.push(self.source);
    }

    /// Chooses the reader and gives it what came so far.
    fn begin(&mut self, evidence: &mut Evidence) {
        let head = std::mem::take(&mut self.head);
        self.source.kind = recognise(&head, &self.source.file);
        let text =
            |reader: TextReader| Reader::Text(Box::new(TextDecoder::for_start(&head)), vec![reader], String::new());
        self.reader = Some(match self.source.kind {
            Kind::EventLog => Reader::EventLog(Box::new(event_log::EventLog::new())),
            Kind::EventXml => text(TextReader::EventXml(event_xml::EventXml::default())),
            _ => Reader::Nothing,
        });
        self.forward(&head, evidence);
    }

    fn forward(&mut self, chunk: &[u8], evidence: &mut Evidence) {
        let mut notes = Notes { evidence, source: &mut self.source };
        match &mut self.reader {
            Some(Reader::EventLog(log)) => log.feed(chunk, &mut notes),
            Some(Reader::Text(decoder, readers, text)) => {
                text.clear();
                decoder.feed(chunk, text);
                for reader in readers {
                    reader.feed(text, &mut notes);
                }
            }
            Some(Reader::Nothing) | None => {}
        }
    }
}

impl TextReader {
    fn feed(&mut self, text: &str, notes: &mut Notes<'_>) {
        match self {
            TextReader::EventXml(reader) => reader.feed(text, notes),
        }
    }

    fn finish(&mut self, notes: &mut Notes<'_>) {
        match self {
            TextReader::EventXml(reader) => reader.finish(notes),
        }
    }
}
