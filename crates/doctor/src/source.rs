//! The doors through which evidence comes in: one reader per kind of file, fed in chunks.
//!
//! A shell opens a file, makes a [`Reading`] with its name, feeds it whatever chunks it likes and finishes it. The kind
//! is told from the content. No reader keeps more than one item (a record, an event, a line, a small file) in memory.

mod certificate;
mod certutil;
mod certutil_entry;
mod certutil_list;
mod channel;
mod encoding;
mod event;
mod event_log;
mod event_xml;
mod iis_configuration;
mod lines;
mod notes;
mod printed_time;
mod quotes;
mod reading;
mod recognise;
mod registry;
mod registry_data;
mod registry_facts;
mod scep_query;
mod service_trace;
mod stored_certificate;
mod trace;
mod trace_meaning;
mod web_log;

pub(crate) use event::is_key_distribution_centre;
pub use event_log::{Stretch, StretchRead};
pub use reading::Reading;
pub use recognise::{LOOKED_AT, recognise};

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
    /// Certificates: DER, PEM, PKCS#7, serialized stores.
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
