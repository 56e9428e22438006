//! One round: what is due for every role, by the clock on the wall and what is in the store, and nothing else.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use ca::rotation::{self, Due, Moments, Step};
use pki::Time;

use super::assess::{self, Wish};
use super::plan::Source;
use super::state::{self, Reason};
use super::{Credentials, Held, Inventory, Role, adopt, make, prove};
use crate::registration::question::{self, NotYet};
use crate::revocation::{self, Renew};
use crate::store::{CredentialMove, Lease, Slot, StoreError};
use crate::{Service, ServiceError, key_file};

/// From the CA down: what stands below follows what stands above.
const ORDER: [Role; 6] =
    [Role::IssuingCa, Role::RaSigning, Role::RaEncryption, Role::Sealing, Role::TlsServer, Role::PolicyModuleClient];

/// More than any role needs at once, after whatever sleep.
const MOST_STEPS: usize = 64;

/// How long a node acts alone, in seconds.
const LEASE: i64 = 120;

/// Does everything that is due. What cannot be done is not an error: the old credential serves on, and
/// [`state::State`] says why.
///
/// # Errors
/// The store does not answer.
pub async fn round(service: &Service, now: Time) -> Result<(), ServiceError> {
    wished(service, Wish::Nothing, now).await
}

pub(super) async fn wished(service: &Service, wish: Wish, now: Time) -> Result<(), ServiceError> {
    for role in ORDER {
        let inventory = Inventory::read(&service.store, &service.config.folder).await?;
        if is_wanted(service, &inventory, role) {
            adopt::look(service, &inventory, role, now).await?;
            steps(service, role, wish, now).await?;
        }
    }
    let inventory = reload(service).await?;
    let mut found = Vec::new();
    for role in [Role::Root].into_iter().chain(ORDER).filter(|role| is_wanted(service, &inventory, *role)) {
        found.extend(assess::reasons(service, &inventory, role, now).await?);
    }
    service.state.replace(found);
    Ok(())
}

/// Whether a service has a role at all. One without a registration point needs no TLS credential; the first of one is
/// made by `perennial init`, which knows its names, or comes from outside.
pub(super) fn is_wanted(service: &Service, inventory: &Inventory, role: Role) -> bool {
    let tls = matches!(role, Role::TlsServer | Role::PolicyModuleClient);
    let from_outside = || matches!(service.config.plan(role).source, Source::File { .. });
    !tls || inventory.of(role).next().is_some() || from_outside()
}

/// Takes the steps of a role until there is none, or one fails.
async fn steps(service: &Service, role: Role, mut wish: Wish, now: Time) -> Result<(), ServiceError> {
    for _ in 0..MOST_STEPS {
        let inventory = Inventory::read(&service.store, &service.config.folder).await?;
        let hurried = adopt::hurries(service, &inventory, role);
        let asked = if hurried { Wish::Another(role) } else { wish };
        let Some((step, held)) = assess::next(service, &inventory, role, asked, now).await? else { return Ok(()) };
        let tries = matches!(step, Step::Prepare | Step::Activate(_));
        if tries && wish == Wish::Nothing && service.state.pauses(role, service.config.plan(role).validity, now)
            || !acts(service, now).await?
        {
            return Ok(());
        }
        match take(service, &inventory, role, step, held, now).await {
            Ok(()) => {}
            // Another node was first: what is to be done is asked anew.
            Err(NotTaken::Overtaken) => {}
            Err(NotTaken::Store(error)) => return Err(error.into()),
            Err(NotTaken::Failed(code, says)) => {
                let breaks = inventory.in_slot(role, Slot::Current).map(|h| Moments::of(h.validity).ended);
                service.state.failed(Reason { role, code, says, breaks }, now);
                return Ok(());
            }
        }
        if matches!(step, Step::Activate(_)) {
            service.state.succeeded(role);
            wish = Wish::Nothing;
        }
    }
    Ok(())
}

/// Whether it is this node that acts. It takes the lease anew when half of it is over, not at each of many steps: every
/// one is a durable write, for which the enrolments of that moment would wait.
pub(super) async fn acts(service: &Service, now: Time) -> Result<bool, ServiceError> {
    let left = service.acts_until.load(Ordering::Relaxed).saturating_sub(now.seconds());
    // A clock that went back has more of it left than there ever was.
    if (LEASE / 2..=LEASE).contains(&left) {
        return Ok(true);
    }
    let until = now.plus(LEASE);
    let held = service.store.lease("credentials", until, now).await? == Lease::Held;
    service.acts_until.store(if held { until.seconds() } else { i64::MIN }, Ordering::Relaxed);
    Ok(held)
}

enum NotTaken {
    Overtaken,
    Store(StoreError),
    Failed(&'static str, String),
}

impl From<StoreError> for NotTaken {
    fn from(error: StoreError) -> NotTaken {
        match error {
            StoreError::Conflict(_) | StoreError::NotFound(_) => NotTaken::Overtaken,
            other => NotTaken::Store(other),
        }
    }
}

async fn take(
    service: &Service,
    inventory: &Inventory,
    role: Role,
    step: Step,
    held: Option<Held>,
    now: Time,
) -> Result<(), NotTaken> {
    let actor = service.actor();
    match (step, held) {
        (Step::Prepare, _) => {
            let signer = assess::signer(inventory, role, now);
            prepare(service, inventory, role, signer.as_ref(), now).await?;
        }
        (Step::Activate(_), Some(held)) => activate(service, inventory, &held, now).await?,
        (Step::Recall(_), Some(held)) => {
            service.store.credentials_move(&moves(inventory, std::slice::from_ref(&held)), &actor, now).await?;
        }
        (Step::Discard(_), Some(held)) => {
            let why = held.unfit.clone().unwrap_or_else(|| "it has ended, or its issuer has changed".to_owned());
            forget(service, &held, &why, now).await?;
        }
        (Step::Forget(_), Some(held)) => forget(service, &held, "nobody can hold it any more", now).await?,
        (_, None) => return Ok(()),
    }
    // What is served from follows at once.
    reload(service).await.map_err(|e| NotTaken::Failed(state::NOT_MADE, e.to_string()))?;
    Ok(())
}

async fn prepare(
    service: &Service,
    inventory: &Inventory,
    role: Role,
    signer: Option<&super::Keyed>,
    now: Time,
) -> Result<String, NotTaken> {
    match make::next(service, inventory, role, signer, now).await {
        Ok(id) => Ok(id),
        Err(ServiceError::Store(error)) => Err(error.into()),
        Err(error) => Err(NotTaken::Failed(state::NOT_MADE, error.to_string())),
    }
}

/// Removes a credential: the row first, then the key.
async fn forget(service: &Service, held: &Held, why: &str, now: Time) -> Result<(), NotTaken> {
    let record = &held.record;
    service.store.credential_forget(&record.id, record.slot, why, &service.actor(), now).await?;
    key_file::forget(&service.config.folder, &record.key_reference);
    Ok(())
}

/// Proves a next credential and lets it take over. A CA brings an RA with it: devices must find the RA's certificates
/// signed by the CA that they are shown.
async fn activate(service: &Service, inventory: &Inventory, held: &Held, now: Time) -> Result<(), NotTaken> {
    let folder = &service.config.folder;
    let mut ids = vec![held.record.id.clone()];
    if held.role == Role::IssuingCa {
        ids.extend(entourage(service, inventory, held, now).await?);
    }
    let inventory = Inventory::read(&service.store, folder).await.map_err(failed)?;
    let promoted = inventory.promoted(&ids);
    let candidate = Arc::new(promoted.credentials(folder).map_err(failed)?);
    if let (Role::IssuingCa, Some(issuer)) = (held.role, candidate.issuer()) {
        revocation::publish_for(service, issuer, Renew::IfDue, now).await.map_err(failed)?;
    }
    let trial = prove::Trial { before: &inventory, promoted: &promoted, candidate: Arc::clone(&candidate) };
    if let Err(why) = prove::of(service, held.role, trial, now).await {
        for id in &ids {
            if let Some(held) = inventory.held.iter().find(|h| h.record.id == *id) {
                forget(service, held, &format!("not proven: {why}"), now).await?;
            }
        }
        return Err(NotTaken::Failed(state::PROOF_FAILED, format!("a new one was made and is no good: {why}")));
    }
    if held.role == Role::PolicyModuleClient {
        taken_outside(service, &inventory, &candidate, now).await?;
    }
    let taking_over: Vec<Held> = inventory.held.iter().filter(|h| ids.contains(&h.record.id)).cloned().collect();
    Ok(service.store.credentials_move(&moves(&inventory, &taking_over), &service.actor(), now).await?)
}

/// Asks the registration points themselves whether they take a new client certificate: one on another host may not know
/// a CA that has taken over. One that refuses it is asked again from time to time, as long as the old one works; one that
/// does not answer until the old one is near its end. The new one waits; nothing is made anew.
async fn taken_outside(
    service: &Service,
    inventory: &Inventory,
    candidate: &Credentials,
    now: Time,
) -> Result<(), NotTaken> {
    let Some(current) = inventory.in_slot(Role::PolicyModuleClient, Slot::Current) else { return Ok(()) };
    let due = rotation::due(current.validity, now);
    if due == Due::Ended || !assess::is_of_use(service, inventory, current, now).await.map_err(failed)? {
        return Ok(());
    }
    let why = match question::asked(service, candidate).await {
        Ok(()) => return Ok(()),
        Err(NotYet::Silent(_)) if due >= Due::Emergency => return Ok(()),
        Err(NotYet::Silent(why) | NotYet::Refused(why)) => why,
    };
    Err(NotTaken::Failed(state::PROOF_FAILED, format!("a new one is ready, and waits: {why}")))
}

fn failed(error: ServiceError) -> NotTaken {
    match error {
        ServiceError::Store(error) => error.into(),
        other => NotTaken::Failed(state::NOT_MADE, other.to_string()),
    }
}

/// The RA below the next CA, made now if it is not there.
async fn entourage(service: &Service, inventory: &Inventory, ca: &Held, now: Time) -> Result<Vec<String>, NotTaken> {
    let (Some(certificate), Some(key)) = (&ca.certificate, &ca.key) else { return Ok(Vec::new()) };
    let signer = make::keyed(certificate, key);
    let mut ids = Vec::new();
    for role in [Role::RaSigning, Role::RaEncryption] {
        if service.config.plan(role).source != Source::Own {
            continue;
        }
        let next = inventory.in_slot(role, Slot::Next);
        let below = |h: &&Held| {
            h.unfit.is_none()
                && h.validity.contains(now)
                && h.certificate.as_ref().is_some_and(|c| c.verify_signature(certificate.public_key()).is_ok())
        };
        match (next.filter(below), next) {
            (Some(ready), _) => ids.push(ready.record.id.clone()),
            (None, other) => {
                if let Some(other) = other {
                    forget(service, other, "the CA changes", now).await?;
                }
                ids.push(prepare(service, inventory, role, Some(&signer), now).await?);
            }
        }
    }
    Ok(ids)
}

/// Out with the current ones of these roles, in with these.
fn moves(inventory: &Inventory, promoted: &[Held]) -> Vec<CredentialMove> {
    let mut out = Vec::new();
    for held in promoted {
        if let Some(current) = inventory.in_slot(held.role, Slot::Current) {
            out.push(CredentialMove { id: current.record.id.clone(), from: Slot::Current, to: Slot::Retired });
        }
        out.push(CredentialMove { id: held.record.id.clone(), from: held.record.slot, to: Slot::Current });
    }
    out
}

/// Takes over what is in the store, whoever put it there: another node, the command line, this one.
async fn reload(service: &Service) -> Result<Inventory, ServiceError> {
    let inventory = Inventory::read(&service.store, &service.config.folder).await?;
    if service.credentials.load().stamp != inventory.stamp() {
        let fresh = inventory.credentials(&service.config.folder)?;
        service.credentials.store(Arc::new(fresh));
        tracing::info!("the service credentials have changed");
    }
    Ok(inventory)
}
