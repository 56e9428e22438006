//! Windows events other than CAPI2's, and the logs they stand in.

use pki::Time;

use super::code::Code;

/// What every event carries in its `System` element. Damaged text may have lost any of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventHead {
    /// Provider name.
    pub provider: String,
    /// Event number; 0 when it was lost and could not be told from the content.
    pub id: u32,
    /// 1 critical, 2 error, 3 warning, 4 information, 5 verbose. Never judge a CAPI2 event by it.
    pub level: Option<u8>,
    /// The log it was written to.
    pub channel: Option<String>,
    /// The machine.
    pub computer: Option<String>,
    /// SID of the account that wrote it.
    pub user: Option<String>,
    /// Process number.
    pub process_id: Option<u32>,
    /// Record number in its log.
    pub record: Option<u64>,
}

/// An event of the NDES service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NdesEvent {
    /// Its `System` element.
    pub head: EventHead,
    /// The most telling error code found.
    pub code: Option<Code>,
    /// Where the code was found.
    pub code_from: CodeFrom,
    /// Text of the event, from whichever field held it; empty when there was none.
    pub text: String,
    /// All fields as they came.
    pub data: Vec<(String, String)>,
}

/// Where an NDES event's error code stood. The service often swaps its two fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CodeFrom {
    /// No code.
    Nowhere,
    /// In the field `ErrorCode`, where it belongs.
    ErrorCode,
    /// In the field `ErrorMessage`.
    ErrorMessage,
    /// In another field or in the running text.
    Elsewhere,
    /// No number anywhere; a known system message (English, German or French) was recognised.
    MessageText,
}

/// An event of another provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherEvent {
    /// Its `System` element.
    pub head: EventHead,
    /// What kind of witness it is.
    pub kind: EventKind,
    /// Named or numbered data, in order. Unnamed ones have an empty name.
    pub data: Vec<(String, String)>,
    /// A rendered message, if the source carries one (`RenderingInfo`, or text around a pasted event).
    pub message: Option<String>,
    /// The first error code in the data.
    pub code: Option<Code>,
}

/// Providers the checks listen to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EventKind {
    /// TLS: `Schannel`, System log.
    Schannel,
    /// Windows Process Activation Service: application pools (5002, 5009, 5021, 5057, 5059 …).
    Was,
    /// The legacy connector: `Microsoft Intune Connector`.
    IntuneConnector,
    /// The connector since 2021: `Microsoft-Intune-CertificateConnectors`.
    CertificateConnectors,
    /// A crashed process: `Application Error` 1000, `Windows Error Reporting` 1001.
    Crash,
    /// ASP.NET 1309, 1310.
    AspNet,
    /// The certification authority service.
    CertificationAuthority,
    /// CAPI2 in the Application log (plain event data).
    Capi2Application,
    /// Automatic enrolment and its renewals.
    AutoEnrolment,
    /// Certificate life cycle notifications (archived, replaced, about to expire).
    CertificateLifecycle,
    /// AD CS deployment (installation parameters of NDES, event 105).
    Deployment,
    /// The device's side: `DeviceManagement-Enterprise-Diagnostics-Provider`.
    DeviceManagement,
    /// Kerberos key distribution centre (strong mapping: 39, 41 …).
    Kdc,
    /// The time service.
    Time,
    /// http.sys and IIS itself.
    Http,
    /// Logged on, logged off, shut down, cleared: the log's own business.
    EventLog,
}

/// What is known about an event log itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelState {
    /// Channel name, such as `Microsoft-Windows-CAPI2/Operational`; from the records, or from the file name.
    pub channel: String,
    /// Whether the log is switched on, if the source says so (`wevtutil gl`, `reg query`).
    pub switch: Option<Switch>,
    /// Records found; `None` when the source describes the log without its records.
    pub records: Option<u64>,
    /// The log's maximum size in octets, if said.
    pub max_size: Option<u64>,
    /// First and last record's time.
    pub span: Option<(Time, Time)>,
    /// Number of the oldest record; above 1 means older ones were overwritten or the export was filtered.
    pub oldest_record: Option<u64>,
}

/// Whether something is switched on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// The name of the CAPI2 log.
pub const CAPI2_CHANNEL: &str = "Microsoft-Windows-CAPI2/Operational";
/// The provider of CAPI2 events.
pub const CAPI2_PROVIDER: &str = "Microsoft-Windows-CAPI2";
/// The provider of NDES events.
pub const NDES_PROVIDER: &str = "Microsoft-Windows-NetworkDeviceEnrollmentService";
