//! The doors through which evidence comes in: one reader per kind of file, fed in chunks.

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
    /// Nothing in it.
    Empty,
    /// None of these.
    Unknown,
}
