//! Asking the evidence.

use super::capi2::{Capi2Body, Capi2Event, CertificateRef, Chain, CrlDescription, RevocationObject};
use super::certificate::{CertificateDescription, CertificateFact, Thumbprint};
use super::event::{ChannelState, EventKind, NdesEvent, OtherEvent};
use super::evidence::{Evidence, Weight};
use super::log::{HttpError, ServiceTrace, TraceLine, WebRequest};
use super::probe::ProbeFact;
use super::windows::{IisSetting, MSCEP_KEY, RegistryData, RegistryKey, RegistryValue};
use super::{Observed, Place};

macro_rules! each {
    ($(#[$doc:meta])* $name:ident, $variant:ident, $kind:ty) => {
        $(#[$doc])*
        pub fn $name(&self) -> impl Iterator<Item = (&Place, &$kind)> {
            self.facts.iter().filter_map(|fact| match &fact.what {
                Observed::$variant(it) => Some((&fact.place, &*it)),
                _ => None,
            })
        }
    };
}

impl Evidence {
    each!(/// CAPI2 events.
        capi2, Capi2, Box<Capi2Event>);
    each!(/// NDES events.
        ndes, Ndes, Box<NdesEvent>);
    each!(/// Events of other providers.
        events, Event, Box<OtherEvent>);
    each!(/// States of event logs.
        channels, Channel, ChannelState);
    each!(/// CMTrace lines.
        trace_lines, TraceLine, Box<TraceLine>);
    each!(/// IIS requests.
        requests, Request, Box<WebRequest>);
    each!(/// HTTPERR lines.
        http_errors, HttpError, Box<HttpError>);
    each!(/// Exported registry keys.
        registry_keys, RegistryKey, RegistryKey);
    each!(/// Registry values.
        registry, Registry, RegistryValue);
    each!(/// IIS settings.
        settings, Setting, Box<IisSetting>);
    each!(/// Certificates with the circumstances they were found in.
        certificates, Certificate, Box<CertificateFact>);
    each!(/// Revocation lists from files and listings.
        revocation_lists, RevocationList, Box<CrlDescription>);
    each!(/// Connector traces.
        service_traces, ServiceTrace, Box<ServiceTrace>);
    each!(/// Answers of a live server.
        probes, Probe, Box<ProbeFact>);

    /// Events of one kind of witness.
    pub fn events_of(&self, kind: EventKind) -> impl Iterator<Item = (&Place, &OtherEvent)> {
        self.events().filter(move |(_, event)| event.kind == kind).map(|(place, event)| (place, event.as_ref()))
    }

    /// Registry values of this name in a key that ends in `key` (case not regarded): `MSCEP\EnforcePassword`.
    pub fn registry_values<'a>(
        &'a self,
        key: &'a str,
        name: &'a str,
    ) -> impl Iterator<Item = (&'a Place, &'a RegistryData)> {
        self.registry()
            .filter(move |(_, value)| value.name.eq_ignore_ascii_case(name) && ends_with_key(&value.key, key))
            .map(|(place, value)| (place, &value.data))
    }

    /// Whether an export holds this key, or something below it, so that missing values in it are known to be missing.
    #[must_use]
    pub fn knows_key(&self, key: &str) -> Known {
        let under = |path: &str| {
            let (path, key) = (path.to_ascii_lowercase(), format!("\\{}", key.to_ascii_lowercase()));
            path.ends_with(&key) || path.contains(&format!("{key}\\"))
        };
        if self.registry_keys().any(|(_, found)| under(&found.path)) { Known::Yes } else { Known::No }
    }

    /// Whether the registry of NDES was handed over.
    #[must_use]
    pub fn knows_mscep(&self) -> Known {
        self.knows_key(MSCEP_KEY)
    }

    /// Every description of a certificate, whatever source it comes from: files, listings, probes, CAPI2 event 90.
    pub fn descriptions(&self) -> impl Iterator<Item = (&Place, &CertificateDescription)> {
        self.facts.iter().flat_map(|fact| {
            let list: Vec<&CertificateDescription> = match &fact.what {
                Observed::Certificate(one) => vec![&one.described],
                Observed::Capi2(event) => match &event.body {
                    Capi2Body::Objects(objects) => objects.certificates.iter().collect(),
                    _ => Vec::new(),
                },
                _ => Vec::new(),
            };
            list.into_iter().map(|described| (&fact.place, described))
        })
    }

    /// Every description of a revocation list, whatever source it comes from: files, listings, CAPI2 event 90.
    pub fn lists(&self) -> impl Iterator<Item = (&Place, &CrlDescription)> {
        self.facts.iter().flat_map(|fact| {
            let list: &[CrlDescription] = match &fact.what {
                Observed::RevocationList(one) => std::slice::from_ref(one),
                Observed::Capi2(event) => match &event.body {
                    Capi2Body::Objects(objects) => &objects.lists,
                    _ => &[],
                },
                _ => &[],
            };
            list.iter().map(|described| (&fact.place, described))
        })
    }

    /// The fullest description of the certificate with this thumbprint: the one that knows its dates, if any does.
    #[must_use]
    pub fn describe(&self, thumbprint: Thumbprint) -> Option<(&Place, &CertificateDescription)> {
        let mut best = None;
        for (place, described) in self.descriptions() {
            if described.thumbprint == Some(thumbprint) {
                if described.not_after.is_some() {
                    return Some((place, described));
                }
                best = best.or(Some((place, described)));
            }
        }
        best
    }
}

/// Whether something is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// The evidence holds it.
    Yes,
    /// It does not.
    No,
}

fn ends_with_key(path: &str, key: &str) -> bool {
    let Some(start) = path.len().checked_sub(key.len()) else { return false };
    path.get(start..).is_some_and(|end| end.eq_ignore_ascii_case(key))
        && (start == 0 || path.get(..start).is_some_and(|before| before.ends_with('\\')))
}

/// How a fact is weighed when facts of two readers are joined: as its reader did.
pub(crate) fn weight_of(what: &Observed) -> Weight {
    match what {
        Observed::Capi2(event) if event.is_failure() || matches!(event.body, Capi2Body::Objects(_)) => Weight::Telling,
        Observed::Capi2(_) => Weight::Routine,
        Observed::Request(request) if request.status.is_some_and(|status| status < 400) => Weight::Routine,
        Observed::TraceLine(line) if line.meaning == super::log::TraceMeaning::Other && line.code.is_none() => {
            Weight::Routine
        }
        Observed::ServiceTrace(line) if line.meaning == super::log::TraceMeaning::Other && line.code.is_none() => {
            Weight::Routine
        }
        Observed::Setting(_) => Weight::Routine,
        _ => Weight::Telling,
    }
}

/// Roughly what a fact takes in memory, in octets.
pub(crate) fn size_of(what: &Observed) -> usize {
    const FACT: usize = std::mem::size_of::<super::Fact>() + 32;
    FACT + match what {
        Observed::Capi2(event) => capi2_size(event),
        Observed::Ndes(event) => 256 + event.text.len() + pairs(&event.data),
        Observed::Event(event) => 256 + pairs(&event.data) + event.message.as_ref().map_or(0, String::len),
        Observed::Channel(state) => state.channel.len(),
        Observed::TraceLine(line) => 160 + line.text.len() + line.source.len() + line.component.len(),
        Observed::Request(request) => 400 + request_size(request),
        Observed::HttpError(error) => 200 + error.url.as_ref().map_or(0, String::len),
        Observed::RegistryKey(key) => key.path.len(),
        Observed::Registry(value) => value.key.len() + value.name.len() + data_size(&value.data),
        Observed::Setting(setting) => 100 + setting.location.len() + setting.path.len() + pairs(&setting.attributes),
        Observed::Certificate(one) => {
            description_size(&one.described) + one.certificate.as_ref().map_or(0, |c| 2 * c.der().len())
        }
        Observed::ServiceTrace(line) => 160 + line.text.len(),
        Observed::RevocationList(list) => 400 + list.issuer.attributes.len() * 96,
        Observed::Probe(_) => 4096,
    }
}

fn request_size(request: &WebRequest) -> usize {
    let message = request.scep.as_ref().and_then(|scep| scep.message.as_ref()).map_or(0, Vec::len);
    request.path.len() + request.query.len() + request.agent.as_ref().map_or(0, String::len) + message
}

fn pairs(list: &[(String, String)]) -> usize {
    list.iter().map(|(name, value)| name.len() + value.len() + 48).sum()
}

fn data_size(data: &RegistryData) -> usize {
    match data {
        RegistryData::Text(text) | RegistryData::ExpandText(text) | RegistryData::Unreadable(text) => text.len(),
        RegistryData::Texts(list) => list.iter().map(|text| text.len() + 24).sum(),
        RegistryData::Binary(octets) => octets.len(),
        RegistryData::Dword(_) | RegistryData::Qword(_) | RegistryData::Deleted => 8,
    }
}

fn description_size(described: &CertificateDescription) -> usize {
    let names = described.subject.attributes.len() + described.issuer.attributes.len();
    600 + names * 96 + described.alternative_names.len() * 64 + described.crl_urls.len() * 128
}

fn capi2_size(event: &Capi2Event) -> usize {
    let body = match &event.body {
        Capi2Body::Chain(built) => {
            built.additional.iter().map(reference_size).sum::<usize>()
                + built.chains.iter().map(chain_size).sum::<usize>()
        }
        Capi2Body::Objects(objects) => {
            objects.certificates.iter().map(description_size).sum::<usize>() + objects.lists.len() * 400
        }
        Capi2Body::Retrieval(retrieval) => {
            400 + retrieval.response_headers.iter().map(|h| h.len() + 24).sum::<usize>()
                + retrieval.actions.iter().map(|(name, _)| name.len() + 40).sum::<usize>()
        }
        Capi2Body::Start => 0,
        _ => 400,
    };
    400 + body
}

fn reference_size(reference: &CertificateRef) -> usize {
    48 + reference.subject.len()
}

fn chain_size(chain: &Chain) -> usize {
    let objects = |object: &RevocationObject| object.url.as_ref().map_or(0, String::len) + 100;
    let element = |e: &super::capi2::ChainElement| {
        300 + e.certificate.subject.len()
            + e.revocation.as_ref().and_then(|r| r.object.as_ref()).map_or(0, objects)
            + usage_size(&e.application_usage)
            + usage_size(&e.issuance_usage)
    };
    64 + chain.elements.iter().map(element).sum::<usize>()
}

fn usage_size(set: &super::capi2::UsageSet) -> usize {
    match set {
        super::capi2::UsageSet::Only(list) => list.len() * 48,
        _ => 0,
    }
}
