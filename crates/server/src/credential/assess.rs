//! What the rules say of what is held, and what is to be said of it to whoever looks.

use ca::rotation::{self, Condition, Due, Generation, Moments, Renewable, Step, Unfit};
use pki::key::Sign;
use pki::{Certificate, Time};

use super::plan::{Source, requirements};
use super::state::{self, Reason};
use super::{Held, Inventory, Keyed, Role, make};
use crate::config::Lives;
use crate::store::Slot;
use crate::{Service, ServiceError};

/// What is wished beside what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
    /// Nothing.
    Nothing,
    /// A new one of this role, whatever its age.
    Another(Role),
}

/// What is to be done next for a role, and with which of those that are held.
pub(super) async fn next(
    service: &Service,
    inventory: &Inventory,
    role: Role,
    wish: Wish,
    now: Time,
) -> Result<Option<(Step, Option<Held>)>, ServiceError> {
    let held: Vec<&Held> = inventory.of(role).collect();
    let mut generations = Vec::with_capacity(held.len());
    for one in &held {
        let mut condition = condition(service, inventory, one, now).await?;
        let wished = wish == Wish::Another(role) && one.record.slot == Slot::Current;
        if wished && condition == Condition::Sound {
            condition = Condition::Stale;
        }
        generations.push(one.generation(condition));
    }
    let mut step = rotation::step(&generations, renewable(service, inventory, role, now), now);
    if let Some(Step::Forget(index)) = step
        && let Some(over) = held.get(index)
        && !is_certainly_over(service, over, now).await?
    {
        step = None;
    }
    let at = |index: usize| held.get(index).map(|h| (*h).clone());
    Ok(step.map(|step| match step {
        Step::Prepare => (step, None),
        Step::Activate(i) | Step::Recall(i) | Step::Discard(i) | Step::Forget(i) => (step, at(i)),
    }))
}

/// How long a clock must have gone on before it is believed that something is over for good, in seconds. A clock that was
/// ahead for hours or days must not cost a key to which devices still encrypt.
const CLOCK_GOES: i64 = 8 * 86_400;

/// Whether what seems to be over still would be if the clock had been set just now.
async fn is_certainly_over(service: &Service, held: &Held, now: Time) -> Result<bool, ServiceError> {
    if service.config.lives == Lives::Foreseen {
        return Ok(true);
    }
    let since = service.store.clock_since(CLOCK_GOES, now).await?;
    Ok(now.seconds() - since.seconds() >= CLOCK_GOES.min(held.validity.seconds()))
}

/// The CA that signs for a role, if it is here with its key and valid.
pub(super) fn signer(inventory: &Inventory, role: Role, now: Time) -> Option<Keyed> {
    let above = match role {
        Role::IssuingCa => Role::Root,
        Role::RaSigning | Role::RaEncryption | Role::TlsServer | Role::PolicyModuleClient => Role::IssuingCa,
        Role::Root | Role::Sealing => return None,
    };
    let held = inventory.in_slot(above, Slot::Current).filter(|h| h.validity.contains(now))?;
    Some(make::keyed(held.certificate.as_ref()?, held.key.as_ref()?))
}

fn renewable(service: &Service, inventory: &Inventory, role: Role, now: Time) -> Renewable {
    if service.config.plan(role).source != Source::Own {
        return Renewable::No;
    }
    match (role, signer(inventory, role, now)) {
        (Role::Sealing, _) => Renewable::Until(Time::NEVER),
        (_, Some(signer)) => Renewable::Until(signer.certificate.validity().not_after),
        (_, None) => Renewable::No,
    }
}

/// How a credential is, apart from its dates.
async fn condition(
    service: &Service,
    inventory: &Inventory,
    held: &Held,
    now: Time,
) -> Result<Condition, ServiceError> {
    if let Some(unfit) = unfit(service, inventory, held, now).await? {
        tracing::debug!(role = held.role.name(), id = held.record.id, unfit, "of no use");
        return Ok(Condition::Unsound);
    }
    let own = service.config.plan(held.role).source == Source::Own;
    let below = !matches!(held.role, Role::Root | Role::IssuingCa | Role::Sealing);
    let issuer = inventory.in_slot(Role::IssuingCa, Slot::Current).and_then(|h| h.certificate.as_ref());
    let stale = match (&held.certificate, issuer) {
        (Some(certificate), Some(issuer)) => !signed_by(certificate, issuer),
        _ => false,
    };
    // What was made for the next CA waits for it: another process may be about to let both take over.
    let next = inventory.in_slot(Role::IssuingCa, Slot::Next).and_then(|h| h.certificate.as_ref());
    let waits = held.record.slot == Slot::Next
        && matches!((&held.certificate, next), (Some(certificate), Some(next)) if signed_by(certificate, next));
    let replaced = stale && !waits && held.record.slot != Slot::Retired;
    Ok(if own && below && replaced { Condition::Stale } else { Condition::Sound })
}

fn signed_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.issuer().matches(issuer.subject()) && certificate.verify_signature(issuer.public_key()).is_ok()
}

/// Whether a credential is of use, its dates left aside.
pub(super) async fn is_of_use(
    service: &Service,
    inventory: &Inventory,
    held: &Held,
    now: Time,
) -> Result<bool, ServiceError> {
    Ok(unfit(service, inventory, held, now).await?.is_none())
}

/// Why a credential is of no use, its dates left aside.
async fn unfit(
    service: &Service,
    inventory: &Inventory,
    held: &Held,
    now: Time,
) -> Result<Option<String>, ServiceError> {
    if held.unfit.is_some() {
        // Of several nodes another may hold the key: then it is this node that has a problem, not the credential.
        return Ok(held.unfit.clone().filter(|_| !service.config.is_shared()));
    }
    let (Some(certificate), Some(key)) = (&held.certificate, &held.key) else { return Ok(None) };
    let dated = |flaw: &Unfit| matches!(flaw, Unfit::Ended(_) | Unfit::Early(_));
    let found = requirements(held.role, issuers(inventory, held.role)).check(certificate, key.public_key(), now);
    if let Some(flaw) = found.iter().find(|flaw| !dated(flaw)) {
        return Ok(Some(flaw.to_string()));
    }
    let stored = service.store.certificate(certificate.serial()).await?;
    let revoked = stored.filter(|row| row.der.as_deref() == Some(certificate.der())).and_then(|row| row.revoked);
    Ok(revoked.map(|r| format!("it was revoked on {}", r.at)))
}

/// Who may have signed a credential of a role.
pub(super) fn issuers(inventory: &Inventory, role: Role) -> Vec<Certificate> {
    let of = |role: Role| inventory.of(role).filter_map(|h| h.certificate.clone());
    match role {
        Role::IssuingCa => of(Role::Root).collect(),
        Role::RaSigning | Role::RaEncryption | Role::TlsServer | Role::PolicyModuleClient => {
            of(Role::IssuingCa).chain(of(Role::Root)).collect()
        }
        Role::Root | Role::Sealing => Vec::new(),
    }
}

/// Everything about a role that somebody should know before it breaks.
pub(super) async fn reasons(
    service: &Service,
    inventory: &Inventory,
    role: Role,
    now: Time,
) -> Result<Vec<Reason>, ServiceError> {
    let mut found: Vec<Reason> = service.state.failure(role).into_iter().collect();
    let reason = |code, says: String, breaks| Reason { role, code, says, breaks };
    let Some(current) = inventory.in_slot(role, Slot::Current) else {
        if role != Role::Sealing {
            found.push(reason(state::ENDED, format!("there is no {}", role.name()), Some(now)));
        }
        return Ok(found);
    };
    if let Some(says) = current.unfit.clone() {
        let code = if service.config.is_shared() { state::KEY_MISSING } else { state::ENDED };
        found.push(reason(code, says, Some(now)));
    } else if let Some(says) = unfit(service, inventory, current, now).await? {
        found.push(reason(state::ENDED, says, Some(now)));
    }
    let ended = Moments::of(current.validity).ended;
    let next = inventory.in_slot(role, Slot::Next);
    match rotation::due(current.validity, now) {
        Due::Ended => {
            found.push(reason(state::ENDED, format!("it ended on {}", current.validity.not_after), Some(ended)))
        }
        Due::Early => found.push(reason(
            state::ENDED,
            format!("it is not valid before {}: is the clock right?", current.validity.not_before),
            Some(now),
        )),
        Due::Nothing => {}
        _ if next.is_some() => {}
        due => found.extend(unrenewed(service, inventory, current, due, now)),
    }
    found.extend(super::adopt::distrust(service, inventory, role, now));
    Ok(found)
}

/// Why a credential past half of its life has no successor.
fn unrenewed(service: &Service, inventory: &Inventory, current: &Held, due: Due, now: Time) -> Option<Reason> {
    let role = current.role;
    let plan = service.config.plan(role);
    let ended = Moments::of(current.validity).ended;
    let reason = |code, says: String| Some(Reason { role, code, says, breaks: Some(ended) });
    let until = current.validity.not_after;
    match &plan.source {
        Source::File { certificate, .. } if due >= Due::Activate => reason(
            state::LATE,
            format!("it ends on {until}, and nobody has put a new one into {}", certificate.display()),
        ),
        Source::Nobody if due >= Due::Activate => {
            reason(state::LATE, format!("it ends on {until}, and nothing renews it"))
        }
        Source::File { .. } | Source::Nobody => None,
        Source::Own if role == Role::Root && due < Due::Activate => None,
        Source::Own if role == Role::Root => reason(
            state::ISSUER_ENDS,
            format!("the root ends on {until}; nothing can replace it but a new root on every device"),
        ),
        Source::Own => match signer(inventory, role, now) {
            Some(signer) if signer.certificate.validity().not_after <= until && !follows(inventory, role) => {
                let says =
                    format!("it ends on {until} with {}, which would sign the next one", signer.certificate.subject());
                reason(state::ISSUER_ENDS, says)
            }
            None if role == Role::IssuingCa => {
                let says = format!(
                    "it ends on {until}; the root's key is needed for the next one: run `perennial ca next --root-key FILE`"
                );
                reason(state::ROOT_KEY_AWAY, says)
            }
            _ if due >= Due::Activate => reason(state::LATE, format!("it ends on {until} and has not been renewed")),
            _ => None,
        },
    }
}

/// Whether the next of the role comes with the next CA, which is ready.
fn follows(inventory: &Inventory, role: Role) -> bool {
    let ready = inventory.in_slot(Role::IssuingCa, Slot::Next).is_some_and(|next| next.key.is_some());
    ready && !matches!(role, Role::Root | Role::IssuingCa | Role::Sealing)
}

/// The generations of a role, for who looks at them.
pub(super) async fn generations(
    service: &Service,
    inventory: &Inventory,
    role: Role,
    now: Time,
) -> Result<Vec<(Held, Generation)>, ServiceError> {
    let mut out = Vec::new();
    for held in inventory.of(role) {
        let condition = condition(service, inventory, held, now).await?;
        out.push((held.clone(), held.generation(condition)));
    }
    Ok(out)
}
