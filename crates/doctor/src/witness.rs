//! The kinds of evidence that checks ask for, how to tell whether one was handed over, and how to collect it.

use crate::fact::certificate::{CertificateOrigin, StoreOwner};
use crate::fact::event::{CAPI2_CHANNEL, EventKind, Switch};
use crate::fact::evidence::Tally;
use crate::fact::log::Door;
use crate::fact::query::Known;
use crate::fact::{Evidence, Observed, ProbeFact};
use crate::source::{Kind, is_key_distribution_centre};

/// A kind of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Witness {
    /// The registry of NDES and its policy module.
    Registry,
    /// The machine's personal certificate store.
    MachineStore,
    /// The machine's trusted roots.
    RootStore,
    /// `Microsoft-Windows-CAPI2/Operational`, switched on and not empty.
    Capi2,
    /// The Application log, where NDES writes.
    ApplicationLog,
    /// The System log: Schannel and application pools.
    SystemLog,
    /// `NDESPlugin.log`.
    PolicyModuleLog,
    /// `CRP.log`, or the connector's `.svclog`.
    RegistrationPointLog,
    /// IIS log of the NDES host.
    NdesWebLog,
    /// IIS log of the registration point's host.
    RegistrationPointWebLog,
    /// HTTPERR log of the NDES host.
    HttpErrorLog,
    /// `applicationHost.config`.
    IisConfiguration,
    /// Event log of the Intune connector.
    ConnectorLog,
    /// Event log of a device.
    DeviceLog,
    /// Kerberos events of a domain controller.
    DomainControllerLog,
    /// Answers of the live server.
    Probe,
    /// A capture of the requests as devices send them.
    Capture,
}

/// Whether a witness was heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// Its evidence is there.
    Yes,
    /// Its evidence is there and says nothing: the log is switched off or empty.
    Silent,
    /// It was not handed over.
    No,
}

/// An export of fewer events than this is taken for an excerpt that someone copied: it can accuse and not acquit.
const WHOLE_EXPORT: u64 = 3;

impl Witness {
    /// Every witness, in the order in which it is best collected.
    pub const ALL: [Witness; 17] = [
        Witness::Registry,
        Witness::MachineStore,
        Witness::RootStore,
        Witness::Capi2,
        Witness::ApplicationLog,
        Witness::SystemLog,
        Witness::PolicyModuleLog,
        Witness::RegistrationPointLog,
        Witness::NdesWebLog,
        Witness::RegistrationPointWebLog,
        Witness::HttpErrorLog,
        Witness::IisConfiguration,
        Witness::ConnectorLog,
        Witness::DeviceLog,
        Witness::DomainControllerLog,
        Witness::Probe,
        Witness::Capture,
    ];

    /// Its name in machine-readable reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Witness::Registry => "registry",
            Witness::MachineStore => "machine_store",
            Witness::RootStore => "root_store",
            Witness::Capi2 => "capi2_log",
            Witness::ApplicationLog => "application_log",
            Witness::SystemLog => "system_log",
            Witness::PolicyModuleLog => "policy_module_log",
            Witness::RegistrationPointLog => "registration_point_log",
            Witness::NdesWebLog => "ndes_web_log",
            Witness::RegistrationPointWebLog => "registration_point_web_log",
            Witness::HttpErrorLog => "http_error_log",
            Witness::IisConfiguration => "iis_configuration",
            Witness::ConnectorLog => "connector_log",
            Witness::DeviceLog => "device_log",
            Witness::DomainControllerLog => "domain_controller_log",
            Witness::Probe => "probe",
            Witness::Capture => "capture",
        }
    }

    /// Whether the evidence holds it.
    #[must_use]
    pub fn heard(self, evidence: &Evidence) -> Heard {
        let yes = |there: bool| if there { Heard::Yes } else { Heard::No };
        match self {
            Witness::Registry => yes(evidence.knows_mscep() == Known::Yes),
            Witness::MachineStore => yes(knows_store(evidence, "My")),
            Witness::RootStore => yes(knows_store(evidence, "Root")),
            Witness::Capi2 => capi2(evidence),
            Witness::ApplicationLog => log(evidence, "Application", |what| matches!(what, Observed::Ndes(_))),
            Witness::SystemLog => {
                let system = [EventKind::Schannel, EventKind::Was];
                log(evidence, "System", move |what| matches!(what, Observed::Event(e) if system.contains(&e.kind)))
            }
            Witness::ConnectorLog => log(evidence, "Intune", |what| {
                matches!(what, Observed::Event(e)
                    if matches!(e.kind, EventKind::IntuneConnector | EventKind::CertificateConnectors))
            }),
            Witness::DeviceLog => log(
                evidence,
                "DeviceManagement",
                |what| matches!(what, Observed::Event(e) if e.kind == EventKind::DeviceManagement),
            ),
            Witness::DomainControllerLog => yes(from_domain_controller(evidence)),
            Witness::PolicyModuleLog => yes(traced(evidence, "ndes")),
            Witness::RegistrationPointLog => yes(traced(evidence, "crp") || evidence.service_traces().next().is_some()),
            Witness::NdesWebLog => yes(asked(evidence, Door::Scep) || asked(evidence, Door::Admin)),
            Witness::RegistrationPointWebLog => yes(asked(evidence, Door::RegistrationPoint)),
            Witness::HttpErrorLog => yes(evidence.sources.iter().any(|source| source.kind == Kind::HttpErrorLog)),
            Witness::IisConfiguration => yes(evidence.settings().next().is_some()),
            Witness::Probe => probed(evidence),
            Witness::Capture => Heard::No,
        }
    }
}

/// Whether a domain controller's log was read: the events of its key distribution centre that concern nobody are only
/// counted, and only they are in the log of a sound one.
fn from_domain_controller(evidence: &Evidence) -> bool {
    let written = evidence.tallies.iter().map(|(tally, count)| match tally {
        Tally::Event(provider, ..) if is_key_distribution_centre(provider) => count.times,
        _ => 0,
    });
    written.sum::<u64>() >= WHOLE_EXPORT || evidence.events_of(EventKind::Kdc).next().is_some()
}

/// A server that answered nothing says nothing about itself.
fn probed(evidence: &Evidence) -> Heard {
    let mut outcome = Heard::No;
    for (_, probe) in evidence.probes() {
        match probe.as_ref() {
            ProbeFact::Failed { .. } => outcome = Heard::Silent,
            _ => return Heard::Yes,
        }
    }
    outcome
}

fn asked(evidence: &Evidence, door: Door) -> bool {
    evidence.requests().any(|(_, request)| request.door == door)
}

/// Whether a trace log of this family was read: by its file's name, or by its component's.
fn traced(evidence: &Evidence, family: &str) -> bool {
    evidence.trace_lines().any(|(place, line)| {
        let file = place.file.rsplit(['/', '\\']).next().unwrap_or_default().to_lowercase();
        file.contains(family) || line.component.to_lowercase().contains(family)
    })
}

fn knows_store(evidence: &Evidence, name: &str) -> bool {
    evidence.certificates().any(|(_, found)| {
        matches!(found.origin, CertificateOrigin::StoreListing | CertificateOrigin::Registry)
            && found
                .store
                .as_ref()
                .is_some_and(|store| store.owner == StoreOwner::Machine && store.name.eq_ignore_ascii_case(name))
    })
}

/// The CAPI2 log is off by default: an empty or disabled one says nothing about the machine.
fn capi2(evidence: &Evidence) -> Heard {
    let mut states = evidence.channels().filter(|(_, state)| state.channel.eq_ignore_ascii_case(CAPI2_CHANNEL));
    let (mut off, mut empty) = (false, false);
    states.by_ref().for_each(|(_, state)| {
        off |= state.switch == Some(Switch::Off);
        empty |= state.records == Some(0);
    });
    match log(evidence, CAPI2_CHANNEL, |what| matches!(what, Observed::Capi2(_))) {
        Heard::Yes if off => Heard::Silent,
        Heard::No if off || empty => Heard::Silent,
        heard => heard,
    }
}

/// Whether a log was handed over whole: as an event log file, or as an export of several events.
fn log(evidence: &Evidence, channel: &str, concerns: impl Fn(&Observed) -> bool) -> Heard {
    let mut silent = false;
    for (_, state) in evidence.channels() {
        if state.channel.to_lowercase().contains(&channel.to_lowercase()) {
            match state.records {
                Some(0) => silent = true,
                Some(_) => return Heard::Yes,
                None => {}
            }
        }
    }
    let files = evidence.facts.iter().filter(|fact| concerns(&fact.what)).map(|fact| fact.place.file.as_ref());
    let files: std::collections::BTreeSet<&str> = files.collect();
    let exported = evidence.sources.iter().filter(|source| {
        source.kind == Kind::EventXml && source.items >= WHOLE_EXPORT && files.contains(source.file.as_ref())
    });
    match exported.count() {
        0 if silent => Heard::Silent,
        0 => Heard::No,
        _ => Heard::Yes,
    }
}
