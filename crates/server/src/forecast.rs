//! On which day what will fail, and why: the rounds of the service itself, on a copy of its state, with a clock that
//! jumps from one due date to the next.
//!
//! The copy has a store and new keys of its own; the service's keys are read where they are, and nothing of the service
//! is changed. What people do in the meantime, and what is revoked, cannot be known.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ca::rotation::next_due;
use ca::{Code, Order, Serial};
use pki::key::Sign;
use pki::{Certificate, Name, Time};

use crate::config::{Config, Lives, ModuleKind};
use crate::credential::plan::Source;
use crate::credential::{Inventory, Role, state};
use crate::store::{Actor, Slot, Store};
use crate::{Service, ServiceError, issue, key_file, revocation, task, world};

/// More rounds than any sensible configuration needs.
const MOST_ROUNDS: usize = 20_000;

/// What happens on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A credential is renewed.
    Renewed,
    /// From now on somebody could know that something will fail.
    Foreseeable,
    /// Something fails.
    Fails,
}

/// Something that will happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: Time,
    /// What kind of thing.
    pub kind: Kind,
    /// To what: a role, or an endpoint.
    pub what: String,
    /// A stable code; empty for a renewal.
    pub code: &'static str,
    /// What, in a sentence.
    pub says: String,
}

/// What will happen until a day.
#[derive(Debug, Clone)]
pub struct Forecast {
    /// From when.
    pub from: Time,
    /// Until when.
    pub until: Time,
    /// What happens, in order.
    pub events: Vec<Event>,
}

impl Forecast {
    /// What fails, the first first.
    pub fn failures(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|event| event.kind == Kind::Fails)
    }
}

/// A revocation list of the root ends, and nobody has made the next one.
pub const ROOT_LIST_ENDS: &str = "crl.root-ends";
/// An endpoint cannot issue what its profile says.
pub const ENDPOINT: &str = "endpoint.cannot-issue";

/// The codes of this module with their meanings.
pub const ALL: [(&str, &str); 2] = [
    (ROOT_LIST_ENDS, "a revocation list of the root ends, and nobody has made the next one"),
    (ENDPOINT, "an endpoint cannot issue what its profile says"),
];

/// Looks ahead from `now` until `until`. `scratch`: an empty folder.
///
/// # Errors
/// The state cannot be read, or the copy cannot be written.
pub async fn forecast(service: &Service, scratch: &Path, now: Time, until: Time) -> Result<Forecast, ServiceError> {
    let copy = copy(service, scratch, now).await?;
    let mut seen = Seen { events: Vec::new(), known: BTreeSet::new(), current: currents(&copy).await?, from: now };
    let mut at = now;
    for _ in 0..MOST_ROUNDS {
        task::round(&copy, at).await?;
        look(&copy, &mut seen, at).await?;
        at = match next(&copy, at).await? {
            Some(next) if next <= until => next,
            _ => break,
        };
    }
    seen.events.sort_by(|a, b| (a.at, a.kind, &a.what).cmp(&(b.at, b.kind, &b.what)));
    seen.events.retain(|event| event.at <= until);
    Ok(Forecast { from: now, until, events: seen.events })
}

struct Seen {
    events: Vec<Event>,
    known: BTreeSet<(String, &'static str, Kind)>,
    current: Vec<(Role, String)>,
    from: Time,
}

impl Seen {
    /// Notes the first time of each.
    fn note(&mut self, at: Time, kind: Kind, what: &str, code: &'static str, says: String) {
        if self.known.insert((what.to_owned(), code, kind)) {
            self.events.push(Event { at: at.max(self.from), kind, what: what.to_owned(), code, says });
        }
    }
}

/// The state in a folder of its own.
async fn copy(service: &Service, scratch: &Path, now: Time) -> Result<Service, ServiceError> {
    let config = config(&service.config, scratch)?;
    key_file::make_folder(&scratch.join(key_file::KEYS))?;
    let mut pepper = zeroize::Zeroizing::new([0; 32]);
    world::random(&mut *pepper);
    let text = zeroize::Zeroizing::new(pki::digest::hex(&*pepper));
    key_file::write_new(scratch, "keys/pepper.key", text.as_bytes())?;
    let store = Store::open(&config.store, &config.node).await?;
    let actor = Actor { name: "forecast".to_owned(), source: "cli".to_owned() };
    let mut issuers = Vec::new();
    for mut row in service.store.credentials(None).await? {
        row.key_reference = absolute(&service.config.folder.join(&row.key_reference))?.display().to_string();
        store.credential_put(&row, &actor, row.since).await?;
        issuers.extend(Certificate::parse(&row.certificate).ok().filter(Certificate::is_ca));
    }
    for issuer in issuers {
        if let Some(list) = service.store.crl_latest(&issuer.fingerprint()).await? {
            store.crl_put(&list, &actor, now).await?;
        }
    }
    drop(store);
    Service::open_at(config, now).await
}

fn config(of: &Config, scratch: &Path) -> Result<Config, ServiceError> {
    let mut config = of.clone();
    config.lives = Lives::Foreseen;
    config.folder = scratch.to_owned();
    config.store = format!("sqlite:{}", scratch.join("forecast.db").display());
    for plan in config.credentials.values_mut() {
        if let Source::File { certificate, key } = &mut plan.source {
            *certificate = absolute(certificate)?;
            *key = key.as_deref().map(absolute).transpose()?;
        }
        plan.trusted_by = plan.trusted_by.as_deref().map(absolute).transpose()?;
    }
    // What the proofs of TLS credentials read.
    let here = |path: &Path| absolute(&of.folder.join(path));
    for module in config.endpoints.values_mut().filter_map(|endpoint| endpoint.module.as_mut()) {
        if let ModuleKind::RegistrationPoint { trust, .. } = &mut module.kind {
            *trust = trust.as_deref().map(here).transpose()?;
        }
    }
    if let Some(point) = &mut config.registration_point {
        point.client_issuer = point.client_issuer.as_deref().map(here).transpose()?;
    }
    Ok(config)
}

fn absolute(path: &Path) -> Result<PathBuf, ServiceError> {
    std::path::absolute(path).map_err(|cause| ServiceError::file(path, cause))
}

/// Which credential of each role is in use.
async fn currents(service: &Service) -> Result<Vec<(Role, String)>, ServiceError> {
    let inventory = Inventory::read(&service.store, &service.config.folder).await?;
    let current = |role| inventory.in_slot(role, Slot::Current).map(|h| (role, h.record.id.clone()));
    Ok(Role::ALL.into_iter().filter_map(current).collect())
}

async fn look(service: &Service, seen: &mut Seen, at: Time) -> Result<(), ServiceError> {
    let inventory = Inventory::read(&service.store, &service.config.folder).await?;
    let current = currents(service).await?;
    for (role, id) in current.iter().filter(|one| !seen.current.contains(one)) {
        let until = inventory.in_slot(*role, Slot::Current).map(|h| h.validity.not_after);
        let until = until.map_or_else(String::new, |until| format!(" until {until}"));
        let (what, says) = (role.name().to_owned(), format!("renewed{until} ({})", id.get(..16).unwrap_or(id)));
        seen.events.push(Event { at, kind: Kind::Renewed, what, code: "", says });
    }
    seen.current = current;
    for reason in service.state.reasons() {
        let now = matches!(reason.code, state::ENDED | state::NOT_TRUSTED | state::KEY_MISSING);
        match reason.breaks.filter(|breaks| now && *breaks <= at) {
            Some(breaks) => seen.note(breaks, Kind::Fails, reason.role.name(), reason.code, reason.says),
            None => {
                let breaks = reason.breaks.map_or_else(String::new, |at| format!(" (breaks {at})"));
                let says = format!("{}{breaks}", reason.says);
                seen.note(at, Kind::Foreseeable, reason.role.name(), reason.code, says);
            }
        }
    }
    root_list(service, seen, at).await?;
    endpoints(service, seen, at);
    Ok(())
}

async fn root_list(service: &Service, seen: &mut Seen, at: Time) -> Result<(), ServiceError> {
    let root = service.credentials.load().root.fingerprint();
    let ended = match service.store.crl_latest(&root).await? {
        Some(list) if list.next_update >= at => return Ok(()),
        Some(list) => list.next_update.plus(1),
        None => at,
    };
    let says =
        "the root's revocation list has ended and the root's key is away: `perennial crl --root --root-key FILE`";
    seen.note(ended, Kind::Fails, Role::Root.name(), ROOT_LIST_ENDS, says.to_owned());
    Ok(())
}

/// Whether every endpoint can issue what its profile says.
#[expect(clippy::disallowed_methods, reason = "it is prepared to see whether it could be, and never signed")]
fn endpoints(service: &Service, seen: &mut Seen, at: Time) {
    let credentials = service.credentials.load_full();
    let Some(issuer) = credentials.issuer() else { return };
    for endpoint in service.config.endpoints.values() {
        let Some(profile) = service.config.profiles.get(&endpoint.policy.profile) else { continue };
        let what = format!("endpoint {}", endpoint.name);
        let profile = issue::addressed(profile, &issuer.certificate, &service.config.public_url);
        let subject = Name::from_attributes(&[(pki::oid::COMMON_NAME, "forecast")]);
        let order = Order::new(subject, Vec::new(), credentials.ra_signing.certificate.public_key().clone());
        let serial = Serial::random(&mut world::random);
        let timely = |code: Code| matches!(code, Code::IssuerExpired | Code::IssuerOutlived | Code::Validity);
        match ca::prepare(&order, &profile, &issuer.certificate, issuer.key.preferred(), &serial, at) {
            Err(flaws) => {
                if let Some(flaw) = flaws.iter().find(|flaw| timely(flaw.reason())) {
                    seen.note(at, Kind::Fails, &what, ENDPOINT, flaw.to_string());
                }
            }
            Ok(prepared) if prepared.validity().not_after < at.plus(profile.validity) => {
                let says = format!(
                    "certificates of profile {} end early, on {}, with their CA",
                    profile.name,
                    prepared.validity().not_after
                );
                seen.note(at, Kind::Fails, &what, ENDPOINT, says);
            }
            Ok(_) => {}
        }
    }
}

/// The next moment at which something may be otherwise.
async fn next(service: &Service, at: Time) -> Result<Option<Time>, ServiceError> {
    let inventory = Inventory::read(&service.store, &service.config.folder).await?;
    let generations: Vec<_> = inventory.held.iter().map(|h| h.generation(ca::rotation::Condition::Sound)).collect();
    let mut moments: Vec<Time> = next_due(&generations, at).into_iter().collect();
    let root = service.credentials.load().root.fingerprint();
    if let Some(list) = service.store.crl_latest(&root).await? {
        moments.extend([list.next_update.plus(-revocation::ROOT_OVERLAP), list.next_update.plus(1)]);
    }
    if let Some(issuer) = service.credentials.load().issuer() {
        let ends = issuer.certificate.validity().not_after;
        moments.extend(service.config.profiles.values().map(|p| ends.plus(1 - p.validity)));
    }
    Ok(moments.into_iter().filter(|moment| *moment > at).min())
}
