//! Lines of text logs.

use super::code::Code;

/// An entry of a CMTrace log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceLine {
    /// `component`.
    pub component: String,
    /// `type` 1, 2, 3. The older form carries none.
    pub severity: Option<Severity>,
    /// `thread`.
    pub thread: Option<u32>,
    /// `file`: source file and line, as printed.
    pub source: String,
    /// The message, possibly of several lines.
    pub text: String,
    /// What it means, where the message is known.
    pub meaning: TraceMeaning,
    /// The first error code in the message.
    pub code: Option<Code>,
}

/// How bad a log says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Says something.
    Information,
    /// Warns.
    Warning,
    /// Complains.
    Error,
}

/// Known messages of the NDES policy module, the registration point and the Intune connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceMeaning {
    /// Not a known message.
    Other,
    /// `Calling VerifyRequest …`: NDES handed a request to the module.
    VerifyCalled,
    /// `Sending request to certificate registration point.` The last line of a policy module that cannot authenticate.
    SendingToRegistrationPoint,
    /// `Verify challenge returns …`.
    VerifyReturned(Answer),
    /// `Exiting VerifyRequest with 0x…`.
    VerifyEnded(Option<Code>),
    /// `Calling Notifyrequest …`.
    NotifyCalled,
    /// `Exiting Notify with 0x…`.
    NotifyEnded(Option<Code>),
    /// A `WINHTTP_CALLBACK_STATUS_FLAG_…` line.
    TlsCallback(TlsFault),
    /// `Failed to send http request …. Error n`: the WinHTTP error.
    SendFailed(u32),
    /// The client certificate could not be found by its thumbprint.
    ClientCertificateNotFound,
    /// Registration point: `validation phase n finished with status …`.
    PhaseFinished(u8, Answer),
    /// Registration point: `VerifyRequest finished with status …`.
    VerifyFinished(Answer),
    /// Registration point: a property of the request and of the challenge differ.
    Mismatch(Property),
    /// Registration point: its own signing certificate could not be retrieved.
    SigningCertificateMissing,
    /// The challenge had expired.
    ChallengeExpired,
}

/// A yes, a no, or something that is neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    /// true.
    True,
    /// false.
    False,
    /// An HTML page: the web server answered instead of the service (403: client certificate refused). Its status, if
    /// the page names one.
    Html(Option<u16>),
    /// Anything else.
    Odd,
}

/// What differs between a request and its challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Property {
    /// Subject name.
    Subject,
    /// Subject alternative name.
    AlternativeName,
    /// Key usage.
    KeyUsage,
    /// Extended key usage.
    ExtendedKeyUsage,
    /// Key length.
    KeyLength,
    /// Template.
    Template,
}

/// WinHTTP's secure-failure flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TlsFault {
    /// Revocation could not be checked (0x1).
    RevocationFailed,
    /// Certificate invalid (0x2).
    InvalidCertificate,
    /// Certificate revoked (0x4).
    Revoked,
    /// Authority unknown (0x8).
    InvalidAuthority,
    /// Name does not match (0x10).
    NameMismatch,
    /// Outside its validity (0x20).
    Expired,
    /// Wrong usage (0x40).
    WrongUsage,
    /// An error inside the TLS library (0x80000000).
    ChannelError,
}

/// An entry of an Intune connector's trace (`.svclog`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceTrace {
    /// `Source/@Name`.
    pub source: String,
    /// `Level` or `SubType` as severity.
    pub severity: Option<Severity>,
    /// `Correlation/@ActivityID`, upper case without braces.
    pub activity: Option<String>,
    /// All text of `ApplicationData`, white space folded.
    pub text: String,
    /// What it means, where known.
    pub meaning: TraceMeaning,
    /// The first error code in the text.
    pub code: Option<Code>,
}

/// A request in an IIS log that concerns enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebRequest {
    /// `cs-method`.
    pub method: String,
    /// `cs-uri-stem`.
    pub path: String,
    /// `cs-uri-query`; the SCEP message is cut out of it (see [`ScepRequest::message`]).
    pub query: String,
    /// `cs-username`, if any.
    pub user: Option<String>,
    /// `c-ip`.
    pub client: Option<String>,
    /// `cs(User-Agent)` with `+` turned back into blanks.
    pub agent: Option<String>,
    /// `sc-status`.
    pub status: Option<u16>,
    /// `sc-substatus`.
    pub substatus: Option<u16>,
    /// `sc-win32-status`.
    pub win32: Option<Code>,
    /// `time-taken`, milliseconds.
    pub millis: Option<u64>,
    /// What part of the chain was called.
    pub door: Door,
    /// The SCEP operation, if it is one.
    pub scep: Option<ScepRequest>,
}

/// What part of the chain a request went to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Door {
    /// `/certsrv/mscep/…`: devices.
    Scep,
    /// `/certsrv/mscep_admin/…`: the challenge page.
    Admin,
    /// `CMCertificateRegistration` or `CertificateRegistrationSvc`: the policy module calling the registration point.
    RegistrationPoint,
    /// Revocation lists and authority certificates published by this web server.
    Publication,
}

/// A SCEP request seen in a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScepRequest {
    /// `operation=…`.
    pub operation: ScepOperation,
    /// The decoded `message` of a `PKIOperation` sent by GET: a CMS message.
    pub message: Option<Vec<u8>>,
    /// Why there is no message though one was sent.
    pub undecoded: Option<Undecoded>,
}

/// SCEP operations (RFC 8894 §4).
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScepOperation {
    /// Capabilities.
    GetCaCaps,
    /// Certificates.
    GetCaCert,
    /// The next authority certificate.
    GetNextCaCert,
    /// A message.
    PkiOperation,
    /// Anything else, or none.
    Other(String),
}

/// Why a message in a query string could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Undecoded {
    /// Not base64, even tolerantly read.
    NotBase64,
    /// Cut off: the outer length is longer than what is there.
    Truncated,
}

/// A line of an HTTPERR log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpError {
    /// `c-ip`.
    pub client: Option<String>,
    /// `cs-method`.
    pub method: Option<String>,
    /// `cs-uri`.
    pub url: Option<String>,
    /// `sc-status`.
    pub status: Option<u16>,
    /// `s-siteid`.
    pub site: Option<String>,
    /// `s-reason`: `URL_Length`, `FieldLength`, `AppOffline`, `Timer_ConnectionIdle` …
    pub reason: String,
    /// `s-queuename`: the application pool.
    pub queue: Option<String>,
}
