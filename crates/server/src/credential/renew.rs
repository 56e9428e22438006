use pki::Time;

use super::assess::{self, Wish};
use super::{Inventory, Role, round};
use crate::store::Slot;
use crate::{Service, ServiceError};

/// Makes, proves and activates a new credential of a role now, whatever the age of the one in use.
///
/// # Errors
/// [`ServiceError::Refused`] if this service cannot renew the role, or what was made did not stand the proof; the old
/// one serves on. Or the store does not answer.
pub async fn renew(service: &Service, role: Role, now: Time) -> Result<(), ServiceError> {
    let current = |inventory: &Inventory| inventory.in_slot(role, Slot::Current).map(|h| h.record.id.clone());
    let folder = &service.config.folder;
    let before = current(&Inventory::read(&service.store, folder).await?);
    round::wished(service, Wish::Another(role), now).await?;
    let inventory = Inventory::read(&service.store, folder).await?;
    if current(&inventory) != before {
        return Ok(());
    }
    let why = match service.state.failure(role) {
        Some(reason) => reason.says,
        None if role == Role::Root => "a root is not renewed: every device would have to learn the new one".to_owned(),
        None if role == Role::IssuingCa && assess::signer(&inventory, role, now).is_none() => {
            "the root's key is not here; prepare the next CA with `perennial ca next --root-key FILE`".to_owned()
        }
        None if !round::is_wanted(service, &inventory, role) => "there is none here".to_owned(),
        None => "another node acts, or the configuration leaves the renewal to somebody else".to_owned(),
    };
    Err(ServiceError::Refused(format!("{} was not renewed: {why}", role.name())))
}
