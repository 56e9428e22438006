//! The evidence as checks ask for it: who pins what, which certificates play which part, which lines say a given thing.

use std::collections::{BTreeMap, BTreeSet};

use pki::Time;

use crate::cause::Language;
use crate::fact::capi2::{Capi2Body, Capi2Event, PolicyVerdict, UsageSet};
use crate::fact::certificate::{CertificateFact, StoreOwner};
use crate::fact::event::{EventKind, OtherEvent};
use crate::fact::log::{Door, HttpError, TraceMeaning, WebRequest};
use crate::fact::windows::PIN_VALUE;
use crate::fact::{CertificateDescription, Code, Evidence, NdesEvent, Observed, Place, RegistryData, Thumbprint};
use crate::finding::{Certainty, Finding, Line, Missing, Outcome};
use crate::said::{Said, told};
use crate::witness::{Heard, Witness};

/// Client authentication (RFC 5280 §4.2.1.12).
pub(crate) const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
/// Server authentication.
pub(crate) const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// Certificate Request Agent: what marks an NDES RA certificate.
pub(crate) const REQUEST_AGENT: &str = "1.3.6.1.4.1.311.20.2.1";

/// Evidence lines that a finding lists; further ones are counted.
const LISTED: usize = 6;

/// Evidence and the moment it is judged at.
pub struct Case<'e> {
    /// What was handed over.
    pub evidence: &'e Evidence,
    /// The present.
    pub now: Time,
    /// The fullest description of each certificate. Looked up once: logs may hold a hundred thousand events.
    described: BTreeMap<Thumbprint, (&'e Place, &'e CertificateDescription)>,
    /// What the machine's personal store holds.
    machine: BTreeSet<Thumbprint>,
    pinned: Option<Thumbprint>,
    heard: BTreeMap<Witness, Heard>,
    /// CAPI2 events that failed: few among many.
    failed: Vec<(&'e Place, &'e Capi2Event)>,
}

/// The pinned thumbprint as it stands in the registry.
pub(crate) struct Pin<'e> {
    pub(crate) place: &'e Place,
    /// To the letter.
    pub(crate) raw: &'e str,
    /// Read as people mean it.
    pub(crate) thumbprint: Option<Thumbprint>,
}

/// Alternatives of witnesses, each sufficient: without a sign of the cause, hearing all of one alternative clears it.
pub(crate) type Needs = &'static [&'static [Witness]];

impl<'e> Case<'e> {
    /// A case.
    #[must_use]
    pub fn new(evidence: &'e Evidence, now: Time) -> Case<'e> {
        let mut described: BTreeMap<Thumbprint, (&Place, &CertificateDescription)> = BTreeMap::new();
        for (place, one) in evidence.descriptions() {
            let Some(thumbprint) = one.thumbprint else { continue };
            let known = described.entry(thumbprint).or_insert((place, one));
            if known.1.not_after.is_none() && one.not_after.is_some() {
                *known = (place, one);
            }
        }
        let heard = Witness::ALL.iter().map(|witness| (*witness, witness.heard(evidence))).collect();
        let failed = evidence.capi2().map(|(place, event)| (place, event.as_ref())).filter(|(_, event)| failed(event));
        let failed = failed.collect();
        let mut case = Case { evidence, now, described, machine: BTreeSet::new(), pinned: None, heard, failed };
        case.machine = case.machine_store().filter_map(|(_, found)| found.described.thumbprint).collect();
        case.pinned = case.pin().and_then(|pin| pin.thumbprint);
        case
    }

    /// The fullest description of this certificate: the one that knows its dates, if any does.
    #[must_use]
    pub fn describe(&self, thumbprint: Thumbprint) -> Option<(&'e Place, &'e CertificateDescription)> {
        self.described.get(&thumbprint).copied()
    }

    /// The first pinned thumbprint that is not empty.
    pub(crate) fn pin(&self) -> Option<Pin<'e>> {
        let of = |(place, data): (&'e Place, &'e RegistryData)| {
            // Zeros stand in no value: a file torn by a power cut has them.
            let raw = data.text().filter(|text| !text.is_empty() && !text.contains('\0'))?;
            Some(Pin { place, raw, thumbprint: Thumbprint::parse(raw) })
        };
        self.evidence.registry_values(r"MSCEP\Modules\NDESPolicy", PIN_VALUE).find_map(of)
    }

    pub(crate) fn heard(&self, witness: Witness) -> bool {
        self.heard.get(&witness) == Some(&Heard::Yes)
    }

    /// Certificates of the machine's personal store.
    pub(crate) fn machine_store(&self) -> impl Iterator<Item = (&'e Place, &'e CertificateFact)> + use<'e> {
        self.store("My")
    }

    /// Certificates of a machine store.
    pub(crate) fn store(&self, name: &'static str) -> impl Iterator<Item = (&'e Place, &'e CertificateFact)> + use<'e> {
        self.evidence.certificates().map(|(place, found)| (place, found.as_ref())).filter(move |(_, found)| {
            found
                .store
                .as_ref()
                .is_some_and(|store| store.owner == StoreOwner::Machine && store.name.eq_ignore_ascii_case(name))
        })
    }

    /// The newest certificate of the same subject, issuer and template that outlives this one and is valid now.
    #[must_use]
    pub fn newer_twin(&self, of: &CertificateDescription) -> Option<(&'e Place, &'e CertificateDescription)> {
        let end = of.not_after?;
        self.evidence
            .descriptions()
            .filter(|(_, other)| other.is_twin_of(of) && other.not_after > Some(end))
            .filter(|(_, other)| other.not_before.is_none_or(|begin| begin <= self.now))
            .filter(|(_, other)| other.not_after.is_some_and(|end| self.now <= end))
            .filter(|(_, other)| !lacks_usage(other, CLIENT_AUTH) || lacks_usage(of, CLIENT_AUTH))
            .max_by_key(|(_, other)| other.not_after)
    }

    /// RA certificates of the machine: in the machine's store, or described by files when no store was listed.
    pub(crate) fn ra_certificates(&self) -> Vec<(&'e Place, &'e CertificateFact)> {
        // No installation has more; who hands over more does not mean well.
        const MOST: usize = 256;
        let is_ra = |found: &CertificateFact| has_usage(&found.described, REQUEST_AGENT);
        let listed: Vec<_> = self.machine_store().filter(|(_, found)| is_ra(found)).take(MOST).collect();
        if !listed.is_empty() || self.heard(Witness::MachineStore) {
            return listed;
        }
        self.evidence
            .certificates()
            .map(|(place, found)| (place, found.as_ref()))
            .filter(|(_, f)| is_ra(f))
            .take(MOST)
            .collect()
    }

    pub(crate) fn is_valid(&self, described: &CertificateDescription) -> bool {
        described.not_before.is_none_or(|begin| begin <= self.now)
            && described.not_after.is_none_or(|end| self.now <= end)
    }

    pub(crate) fn is_expired(&self, described: &CertificateDescription) -> bool {
        described.not_after.is_some_and(|end| end < self.now)
    }

    /// Whether NDES says that it found no certificate to work with: events 2 and 10 with E_INVALIDARG.
    pub(crate) fn ra_start_failures(&self) -> Vec<Line> {
        self.ndes(&[2, 10], &[0x8007_0057])
    }

    /// NDES events with these numbers, and one of these codes (any if the list is empty).
    pub(crate) fn ndes(&self, ids: &[u32], codes: &[u32]) -> Vec<Line> {
        self.ndes_where(|event| {
            ids.contains(&event.head.id) && (codes.is_empty() || event.code.is_some_and(|code| codes.contains(&code.0)))
        })
    }

    pub(crate) fn ndes_where(&self, wanted: impl Fn(&NdesEvent) -> bool) -> Vec<Line> {
        let found = self.evidence.ndes().filter(|(_, event)| wanted(event));
        found.map(|(place, event)| line(place, ndes_says(event))).collect()
    }

    /// Lines of the policy module, the registration point or the connector with such a meaning.
    pub(crate) fn traced(&self, wanted: impl Fn(&TraceMeaning) -> bool) -> Vec<Line> {
        self.traced_text(|meaning, _, _| wanted(meaning))
    }

    /// The same, looking at text and code as well.
    pub(crate) fn traced_text(&self, wanted: impl Fn(&TraceMeaning, &str, Option<Code>) -> bool) -> Vec<Line> {
        let said = |fact: &'e crate::Fact| match &fact.what {
            Observed::TraceLine(it) if wanted(&it.meaning, &it.text, it.code) => {
                Some(line(&fact.place, short(&it.text)))
            }
            Observed::ServiceTrace(it) if wanted(&it.meaning, &it.text, it.code) => {
                Some(line(&fact.place, short(&it.text)))
            }
            _ => None,
        };
        self.evidence.facts.iter().filter_map(said).collect()
    }

    /// WinHTTP errors of the policy module.
    pub(crate) fn send_failed(&self, errors: &[u32]) -> Vec<Line> {
        self.traced(|meaning| matches!(meaning, TraceMeaning::SendFailed(error) if errors.contains(error)))
    }

    /// Web requests.
    pub(crate) fn requests(&self, door: Door, wanted: impl Fn(&WebRequest) -> bool) -> Vec<Line> {
        let found = self.evidence.requests().filter(|(_, request)| request.door == door && wanted(request));
        found.map(|(place, request)| line(place, request_says(request))).collect()
    }

    /// Lines of the HTTPERR log.
    pub(crate) fn http_errors(&self, wanted: impl Fn(&HttpError) -> bool) -> Vec<Line> {
        let found = self.evidence.http_errors().filter(|(_, error)| wanted(error));
        found.map(|(place, error)| line(place, format!("HTTPERR {}", error.reason))).collect()
    }

    /// Events of another provider with one of these numbers.
    pub(crate) fn events(&self, kind: EventKind, ids: &[u32]) -> Vec<Line> {
        self.events_where(|event| event.kind == kind && ids.contains(&event.head.id))
    }

    pub(crate) fn events_where(&self, wanted: impl Fn(&OtherEvent) -> bool) -> Vec<Line> {
        let found = self.evidence.events().filter(|(_, event)| wanted(event));
        found.map(|(place, event)| line(place, event_says(event))).collect()
    }

    /// Connector events that carry one of these codes, in a field or in running text.
    pub(crate) fn connector(&self, codes: &[u32], texts: &[&str]) -> Vec<Line> {
        let codes: Vec<String> = codes.iter().map(|code| format!("0x{code:x}")).collect();
        self.events_where(|event| {
            let ours = matches!(event.kind, EventKind::IntuneConnector | EventKind::CertificateConnectors);
            let said = event.data.iter().map(|(_, value)| value.as_str()).chain(event.message.as_deref());
            ours && said.into_iter().any(|value| {
                let value = value.to_lowercase();
                let word = |code: &String| value.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == code);
                codes.iter().any(word) || texts.iter().any(|text| value.contains(&text.to_lowercase()))
            })
        })
    }

    /// CAPI2 events that failed, by their result or by the revocation status in them.
    pub(crate) fn failed_capi2(&self, wanted: impl Fn(&Capi2Event) -> bool) -> Vec<Line> {
        let found = self.failed.iter().filter(|(_, event)| wanted(event));
        found.map(|(place, event)| line(place, capi2_says(event))).collect()
    }

    /// Whether a CAPI2 event concerns enrolment: it was written for Schannel, IIS or a connector, or it is about a
    /// certificate that NDES uses. Browsers, installers and the like fill the same log.
    pub(crate) fn concerns_enrolment(&self, event: &Capi2Event) -> bool {
        const PROCESSES: [&str; 4] = ["lsass.exe", "w3wp.exe", "ndesconnectorsvc.exe", "pkiconnectorsvc.exe"];
        if event.process.as_deref().is_some_and(|process| PROCESSES.contains(&process)) {
            return true;
        }
        let Some(thumbprint) = event.subject().and_then(|subject| subject.thumbprint) else { return false };
        self.pinned == Some(thumbprint) || self.machine.contains(&thumbprint)
    }

    /// Weighs signs of one cause.
    pub(crate) fn weigh(&self, code: &'static str, signs: Signs, needs: Needs) -> Outcome {
        let Some((certainty, because)) = signs.strongest() else {
            return self.unsigned(needs, Vec::new());
        };
        let severity = crate::cause::of(code).map_or(crate::Severity::Degraded, crate::Cause::severity);
        let certain_with = if certainty == Certainty::Certain { Vec::new() } else { self.unheard(needs) };
        let more = because.len().saturating_sub(LISTED);
        let because = because.into_iter().take(LISTED).collect();
        Outcome::Found(Box::new(Finding {
            code,
            severity,
            certainty,
            certain_with,
            because,
            more,
            values: BTreeMap::new(),
            certificate: None,
            successor: None,
            due: None,
            explained_by: Vec::new(),
        }))
    }

    /// Without a sign: clear if a sufficient set of witnesses was heard, or else what is missing.
    pub(crate) fn unsigned(&self, needs: Needs, leads: Vec<Line>) -> Outcome {
        let heard = needs.iter().any(|all| all.iter().all(|witness| self.heard(*witness)));
        if heard && leads.is_empty() {
            return Outcome::Clear;
        }
        Outcome::CannotTell(Missing { needs: self.unheard(needs), leads })
    }

    /// What is missing of the alternative that lacks least; of all of them when none is begun.
    fn unheard(&self, needs: Needs) -> Vec<Witness> {
        let lacking = |all: &&'static [Witness]| -> Vec<Witness> {
            all.iter().copied().filter(|witness| !self.heard(*witness)).collect()
        };
        needs.iter().map(lacking).filter(|missing| !missing.is_empty()).min_by_key(Vec::len).unwrap_or_default()
    }
}

fn failed(event: &Capi2Event) -> bool {
    let unknown = match &event.body {
        Capi2Body::Revocation(verdict) => verdict.error.is_some_and(|code| !code.is_success()),
        _ => false,
    };
    unknown || event.result.is_some_and(|code| !code.is_success())
}

/// Signs of one cause by their weight.
#[derive(Default)]
pub(crate) struct Signs {
    pub(crate) certain: Vec<Line>,
    pub(crate) probable: Vec<Line>,
    pub(crate) possible: Vec<Line>,
}

impl Signs {
    pub(crate) fn certain(lines: Vec<Line>) -> Signs {
        Signs { certain: lines, ..Signs::default() }
    }

    pub(crate) fn probable(lines: Vec<Line>) -> Signs {
        Signs { probable: lines, ..Signs::default() }
    }

    pub(crate) fn possible(lines: Vec<Line>) -> Signs {
        Signs { possible: lines, ..Signs::default() }
    }

    #[must_use]
    pub(crate) fn or_probable(mut self, lines: Vec<Line>) -> Signs {
        self.probable.extend(lines);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.certain.is_empty() && self.probable.is_empty() && self.possible.is_empty()
    }

    fn strongest(self) -> Option<(Certainty, Vec<Line>)> {
        let certainty = if !self.certain.is_empty() {
            Certainty::Certain
        } else if !self.probable.is_empty() {
            Certainty::Probable
        } else if !self.possible.is_empty() {
            Certainty::Possible
        } else {
            return None;
        };
        Some((certainty, [self.certain, self.probable, self.possible].concat()))
    }
}

/// Lines only if there are lines of the other kind as well.
pub(crate) fn both(first: Vec<Line>, second: Vec<Line>) -> Vec<Line> {
    if first.is_empty() || second.is_empty() { Vec::new() } else { [first, second].concat() }
}

pub(crate) fn line(place: &Place, says: impl Into<Said>) -> Line {
    let Said { english, german } = says.into();
    Line { place: place.clone(), says: english, german }
}

/// Whether the usages are known and hold this one.
pub(crate) fn has_usage(described: &CertificateDescription, usage: &str) -> bool {
    described.usages.as_ref().is_some_and(|list| list.iter().any(|one| one == usage))
}

/// Whether the usages are known, limited, and lack this one.
pub(crate) fn lacks_usage(described: &CertificateDescription, usage: &str) -> bool {
    described.usages.as_ref().is_some_and(|list| !list.is_empty() && !list.iter().any(|one| one == usage))
}

/// A certificate in a line: subject, thumbprint and end.
pub(crate) fn certificate_says(described: &CertificateDescription) -> String {
    let mut says = described.subject.to_string();
    if let Some(thumbprint) = described.thumbprint {
        says.push_str(&format!(", {thumbprint}"));
    }
    if let (Some(begin), Some(end)) = (described.not_before, described.not_after) {
        says.push_str(&format!(", {} – {}", begin.date(), end.date()));
    }
    says
}

fn short(text: &str) -> String {
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match text.char_indices().nth(160) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

fn ndes_says(event: &NdesEvent) -> Said {
    let code = event.code.map_or(String::new(), |code| format!(" {code}"));
    let text = if event.text.is_empty() { String::new() } else { format!(": {}", short(&event.text)) };
    told!("NDES event {}{code}{text}", "NDES-Ereignis {}{code}{text}", event.head.id)
}

fn event_says(event: &OtherEvent) -> Said {
    let code = event.code.map_or(String::new(), |code| format!(" {code}"));
    let said = event.data.iter().map(|(_, value)| value.as_str()).find(|value| value.len() > 12);
    let said = said.or(event.message.as_deref()).map_or(String::new(), |text| format!(": {}", short(text)));
    told!("{} event {}{code}{said}", "{}, Ereignis {}{code}{said}", event.head.provider, event.head.id)
}

fn request_says(request: &WebRequest) -> String {
    let operation = match request.scep.as_ref().map(|scep| &scep.operation) {
        Some(crate::fact::log::ScepOperation::GetCaCaps) => "GetCACaps ",
        Some(crate::fact::log::ScepOperation::GetCaCert) => "GetCACert ",
        Some(crate::fact::log::ScepOperation::GetNextCaCert) => "GetNextCACert ",
        Some(crate::fact::log::ScepOperation::PkiOperation) => "PKIOperation ",
        _ => "",
    };
    let status = request.status.map_or("-".to_owned(), |status| status.to_string());
    let sub = request.substatus.map_or(String::new(), |sub| format!(".{sub}"));
    let win32 = request.win32.filter(|code| code.0 != 0).map_or(String::new(), |code| format!(", win32 {code}"));
    format!("{operation}{} {} → {status}{sub}{win32}", request.method, request.path)
}

/// What a check of a policy could not have seen (rule R-10), and whose credential it looked at.
fn ignored(event: &Capi2Event, verdict: &PolicyVerdict, language: Language) -> String {
    let own = match event.is_own_credential_check() {
        true => language.pick(", Schannel checking its own credential", ", Schannel prüft das eigene Zertifikat"),
        false => "",
    };
    let bits = verdict.ignore.unwrap_or(0);
    let blind: Vec<&str> = [
        (PolicyVerdict::IGNORE_REVOCATION, language.pick("revocation", "Sperrung")),
        (PolicyVerdict::IGNORE_WRONG_USAGE, language.pick("usage", "Verwendung")),
    ]
    .into_iter()
    .filter(|(bit, _)| bits & bit != 0)
    .map(|(_, name)| name)
    .collect();
    let blind = match blind.is_empty() {
        true => String::new(),
        false => {
            format!("{}{}", language.pick(", blind to ", ", blind für "), blind.join(language.pick(" and ", " und ")))
        }
    };
    format!("{own}{blind}")
}

fn usages(list: &[String], language: Language) -> String {
    let name = |usage: &String| match usage.as_str() {
        CLIENT_AUTH => language.pick("client authentication", "Clientauthentifizierung").to_owned(),
        SERVER_AUTH => language.pick("server authentication", "Serverauthentifizierung").to_owned(),
        REQUEST_AGENT => language.pick("certificate request agent", "Zertifikatanforderungs-Agent").to_owned(),
        other => other.to_owned(),
    };
    if list.is_empty() {
        language.pick("nothing", "nichts").to_owned()
    } else {
        list.iter().take(6).map(name).collect::<Vec<_>>().join(", ")
    }
}

pub(crate) fn capi2_says(event: &Capi2Event) -> Said {
    Said::by(|language| capi2_in(event, language))
}

fn capi2_in(event: &Capi2Event, language: Language) -> String {
    let result = language.pick(", result ", ", Ergebnis ");
    let result = event.result.map_or(String::new(), |code| format!("{result}{code}"));
    let about = event.subject().map_or(String::new(), |subject| {
        let thumbprint = subject.thumbprint.map_or(String::new(), |t| format!(" {t}"));
        format!(", {}{thumbprint}", subject.subject)
    });
    let what = match &event.body {
        Capi2Body::Chain(built) => {
            let chain = built.chains.first();
            let status = chain.map_or(0, |chain| chain.status.error);
            let leaf = chain.and_then(|chain| chain.elements.first()).map(|leaf| &leaf.application_usage);
            let usages = match leaf {
                Some(UsageSet::Only(list)) => {
                    let usable = language.pick(", leaf usable for ", ", Endzertifikat verwendbar für ");
                    format!("{usable}{}", usages(list, language))
                }
                _ => String::new(),
            };
            let built = language.pick("chain built, error status", "Kette gebildet, Fehlerstatus");
            format!("{built} 0x{status:X}{usages}")
        }
        Capi2Body::Policy(verdict) => {
            let policy = verdict.policy_name.clone().unwrap_or_default();
            let element = verdict
                .element_index
                .map_or(String::new(), |index| format!(", {} {index}", language.pick("element", "Element")));
            format!("{policy}{element}{}", ignored(event, verdict, language))
        }
        Capi2Body::Revocation(_) => language.pick("revocation checked", "Sperrung geprüft").to_owned(),
        Capi2Body::Rejected(_) => {
            language.pick("revocation information rejected", "Sperrinformation verworfen").to_owned()
        }
        Capi2Body::Retrieval(got) => {
            let status = got.http_status.as_ref().map_or(String::new(), |status| format!(" {status}"));
            format!("{} {}{status}", language.pick("fetched", "abgerufen:"), got.url.clone().unwrap_or_default())
        }
        Capi2Body::PrivateKey(_) => language.pick("private key acquired", "privaten Schlüssel geöffnet").to_owned(),
        Capi2Body::Objects(_) => language.pick("certificates in detail", "Zertifikate im Einzelnen").to_owned(),
        Capi2Body::Start => language.pick("begun", "begonnen").to_owned(),
        Capi2Body::Other(name) => name.clone(),
    };
    let by = language.pick(" by ", " von ");
    let process = event.process.as_ref().map_or(String::new(), |process| format!("{by}{process}"));
    format!("{} {}{process}: {what}{about}{result}", language.pick("CAPI2 event", "CAPI2-Ereignis"), event.head.id)
}
