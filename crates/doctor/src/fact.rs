//! What the evidence says: the one model that every source fills and every check reads.
//!
//! A [`Fact`] is one thing a source said, with the [`Place`] where it said it. Facts are never conclusions: that a
//! certificate is expired is a check's business, that event 11 carried `CERT_TRUST_IS_NOT_TIME_VALID` is a fact.

pub mod capi2;
pub mod certificate;
pub mod code;
pub mod describe;
pub mod event;
pub mod evidence;
pub mod limit;
pub mod log;
pub mod name;
pub mod place;
pub mod probe;
pub mod query;
pub mod windows;

pub use capi2::{Capi2Body, Capi2Event, CrlDescription, ListKind};
pub use certificate::{CertificateDescription, CertificateFact, CertificateOrigin, Thumbprint};
pub use code::Code;
pub use event::{ChannelState, EventHead, NdesEvent, OtherEvent};
pub use evidence::{Evidence, Repair, RepairKind, SourceRead, Trouble};
pub use limit::{Limit, Limits};
pub use log::{HttpError, ServiceTrace, TraceLine, WebRequest};
pub use name::DistinguishedName;
pub use place::{Place, Position, When, Zone};
pub use probe::ProbeFact;
pub use windows::{IisSetting, RegistryData, RegistryKey, RegistryValue};

/// One thing a source said.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Where and when.
    pub place: Place,
    /// What.
    pub what: Observed,
}

/// Everything a source can say.
#[derive(Debug, Clone, PartialEq)]
pub enum Observed {
    /// A record of `Microsoft-Windows-CAPI2/Operational`.
    Capi2(Box<Capi2Event>),
    /// A record of the provider `Microsoft-Windows-NetworkDeviceEnrollmentService`.
    Ndes(Box<NdesEvent>),
    /// A record of another provider that says something about the enrolment chain.
    Event(Box<OtherEvent>),
    /// What is known about an event log itself: switched off, empty, overwritten.
    Channel(ChannelState),
    /// A line of `NDESPlugin.log`, `NDES.log`, `CRP.log` or another CMTrace log.
    TraceLine(Box<TraceLine>),
    /// A line of an IIS W3C log.
    Request(Box<WebRequest>),
    /// A line of an HTTPERR log: a request http.sys refused before IIS saw it.
    HttpError(Box<HttpError>),
    /// A registry key that was exported, whether or not it holds values.
    RegistryKey(RegistryKey),
    /// A registry value.
    Registry(RegistryValue),
    /// An element of `applicationHost.config`.
    Setting(Box<IisSetting>),
    /// A certificate, from a file, a store listing or a log.
    Certificate(Box<CertificateFact>),
    /// A revocation list, from a file or a listing. Those of CAPI2's event 90 stand in the event.
    RevocationList(Box<CrlDescription>),
    /// An entry of an Intune connector's `.svclog`.
    ServiceTrace(Box<ServiceTrace>),
    /// What a live server answered.
    Probe(Box<ProbeFact>),
}
