//! Credentials that somebody outside renews: a file that certmonger, cert-manager, an export or an operator writes.
//!
//! Whatever is wrong with a file, the credential in use serves on; what is right is copied, so that it stays when the
//! file changes again, and goes the way of every new credential.

use std::path::Path;
use std::sync::Arc;

use ca::rotation::{Lineage, Moments, Slot as Place};
use pki::key::{PrivateKey, Sign};
use pki::{Certificate, Time};

use super::plan::{Source, requirements};
use super::state::{self, Offer, Reason};
use super::{Inventory, Keyed, Role, assess, make};
use crate::store::Slot;
use crate::{Service, ServiceError, key_file};

/// Looks at the file of a role. A credential in it that is new and good becomes the next one.
pub(super) async fn look(service: &Service, inventory: &Inventory, role: Role, now: Time) -> Result<(), ServiceError> {
    let plan = service.config.plan(role);
    let Source::File { certificate, key } = &plan.source else { return Ok(()) };
    let (certificate, key) =
        (service.config.folder.join(certificate), key.as_ref().map(|k| service.config.folder.join(k)));
    match read(service, inventory, role, &certificate, key.as_deref(), now) {
        Ok(Some(found)) => take(service, inventory, role, &found, now).await,
        Ok(None) => {
            is_readable(service, role);
            Ok(())
        }
        Err(why) => {
            let breaks = inventory.in_slot(role, Slot::Current).map(|h| Moments::of(h.validity).ended);
            let says = format!("{} was not taken over: {why}", certificate.display());
            service.state.failed(Reason { role, code: state::FILE_REFUSED, says, breaks }, now);
            Ok(())
        }
    }
}

/// Only what was wrong with the file is over; whatever else failed makes the role pause still.
fn is_readable(service: &Service, role: Role) {
    if service.state.failure(role).is_some_and(|r| r.code == state::FILE_REFUSED) {
        service.state.succeeded(role);
    }
}

/// What is in the files, if it is new and good for the role.
fn read(
    service: &Service,
    inventory: &Inventory,
    role: Role,
    certificate: &Path,
    key: Option<&Path>,
    now: Time,
) -> Result<Option<Keyed>, String> {
    let content = key_file::read_outside(certificate).map_err(|e| e.to_string())?;
    let mut found = Certificate::parse_any(&content);
    if found.is_empty() {
        return Err("there is no whole certificate in it".to_owned());
    }
    let wanted = requirements(role, assess::issuers(inventory, role));
    // A file with its chain holds the CA's certificate too.
    if found.len() > 1 {
        found.retain(|c| !c.is_ca());
    }
    let newest = found.iter().max_by_key(|c| c.validity().not_before).ok_or("it holds the certificates of CAs only")?;
    if inventory.of(role).any(|h| h.certificate.as_ref() == Some(newest) && h.key.is_some()) {
        return Ok(None);
    }
    let key = match key {
        Some(path) => key_file::read_outside(path).map_err(|e| e.to_string())?,
        None => content.clone(),
    };
    let key = PrivateKey::parse(&key).map_err(|e| format!("the key: {e}"))?;
    let unfit = wanted.check(newest, key.public_key(), now);
    if !unfit.is_empty() {
        return Err(unfit.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
    }
    in_lineage(service, inventory, role, newest)?;
    Ok(Some(Keyed { certificate: newest.clone(), key: Arc::new(key) }))
}

/// A pinned thumbprint names the certificate that had it and its successors.
fn in_lineage(service: &Service, inventory: &Inventory, role: Role, found: &Certificate) -> Result<(), String> {
    let Some(pin) = service.config.plan(role).thumbprint else { return Ok(()) };
    if found.thumbprint().eq_ignore_ascii_case(&pin) {
        return Ok(());
    }
    let pinned = |c: &&Certificate| c.thumbprint().eq_ignore_ascii_case(&pin);
    let known = inventory.of(role).filter_map(|h| h.certificate.as_ref()).find(pinned);
    match known {
        Some(pinned) if Lineage::of(pinned).has(found) => Ok(()),
        Some(pinned) => Err(format!("it is no successor of the pinned certificate of {}", pinned.subject())),
        None => {
            Err(format!("the certificate with the pinned thumbprint {pin} is not known, so neither are its successors"))
        }
    }
}

/// Copies it and makes it the next one; a next one that is there makes room. One that has just failed its proof is thrown
/// away, and lies in the file still: it is not copied again before the role's pause is over, another is.
async fn take(
    service: &Service,
    inventory: &Inventory,
    role: Role,
    found: &Keyed,
    now: Time,
) -> Result<(), ServiceError> {
    let actor = service.actor();
    let id = pki::digest::hex(&found.certificate.fingerprint());
    is_readable(service, role);
    if service.state.offered(role, &id) == Offer::Another {
        service.state.succeeded(role);
    } else if service.state.pauses(role, service.config.plan(role).validity, now) {
        return Ok(());
    }
    if !super::round::acts(service, now).await? {
        return Ok(());
    }
    if let Some(next) = inventory.in_slot(role, Slot::Next) {
        service
            .store
            .credential_forget(&next.record.id, Slot::Next, "a newer one came from outside", &actor, now)
            .await?;
    }
    let known = inventory.of(role).find(|h| h.record.id == id);
    let file = format!("{}/{}-{}.key.pem", key_file::KEYS, role.name(), found.certificate.serial_hex());
    match key_file::write_new(&service.config.folder, &file, found.key.to_pem().as_bytes()) {
        // From a round that was cut short.
        Err(_)
            if key_file::read(&service.config.folder, &file)
                .is_ok_and(|k| k.public_key() == found.key.public_key()) => {}
        other => other?,
    }
    if known.is_none() {
        let row = make::row(role, Slot::Next, &found.certificate, &file, now);
        service.store.credential_put(&row, &actor, now).await?;
    }
    Ok(())
}

/// Whether the other side would not trust a credential, now or when its next authority takes over.
pub(super) fn distrust(service: &Service, inventory: &Inventory, role: Role, now: Time) -> Option<Reason> {
    let bundle = service.config.plan(role).trusted_by?;
    let path = service.config.folder.join(&bundle);
    let reason = |says: String, breaks| Some(Reason { role, code: state::NOT_TRUSTED, says, breaks: Some(breaks) });
    let trusted = match key_file::read_outside(&path) {
        Ok(content) => Certificate::parse_any(&content),
        Err(error) => return reason(error.to_string(), now),
    };
    let current = inventory.in_slot(role, Slot::Current)?.certificate.clone()?;
    let cas: Vec<Certificate> = assess::issuers(inventory, Role::RaSigning);
    if !leads_to(&current, &trusted, &cas) {
        let says = format!("{} holds neither {} nor what is above it", path.display(), current.issuer());
        return reason(says, now);
    }
    let next = inventory.in_slot(Role::IssuingCa, Slot::Next)?;
    let ca = inventory.in_slot(Role::IssuingCa, Slot::Current)?;
    if leads_to(next.certificate.as_ref()?, &trusted, &cas) {
        return None;
    }
    let says = format!("{} lacks the next CA (serial {})", path.display(), next.certificate.as_ref()?.serial_hex());
    reason(says, Moments::of(ca.validity).activate)
}

/// Whether a certificate is in a bundle, or leads to one in it.
pub(crate) fn leads_to(certificate: &Certificate, bundle: &[Certificate], cas: &[Certificate]) -> bool {
    let mut at = certificate.clone();
    for _ in 0..4 {
        if bundle.contains(&at) {
            return true;
        }
        let above = |ca: &&Certificate| **ca != at && at.verify_signature(ca.public_key()).is_ok();
        match cas.iter().chain(bundle).find(above) {
            Some(ca) => at = ca.clone(),
            None => return false,
        }
    }
    false
}

/// Whether the source of a role is a file; such a credential takes over as soon as it is proven.
pub(super) fn hurries(service: &Service, inventory: &Inventory, role: Role) -> bool {
    let from_file = matches!(service.config.plan(role).source, Source::File { .. });
    from_file && inventory.of(role).any(|h| super::slot(h.record.slot) == Place::Next)
}
