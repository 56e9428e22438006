use ca::rotation::{Condition, Moments};
use pki::Time;

use super::plan::Source;
use super::{Inventory, Role, assess};
use crate::{Service, ServiceError};

/// A service credential, for who looks at it.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The role.
    pub role: Role,
    /// The name of its slot: `next`, `current`, `retired`.
    pub slot: &'static str,
    /// Its name in the store and the audit.
    pub id: String,
    /// The certificate; nothing for a secret.
    pub certificate: Option<pki::Certificate>,
    /// When it is valid.
    pub validity: pki::Validity,
    /// When its successor is made and takes over; nothing if nothing renews it.
    pub moments: Option<Moments>,
    /// Where its key is, relative to the folder of the service.
    pub key_reference: String,
    /// `good`, or what is wrong with it.
    pub state: String,
}

/// All service credentials, from the root down.
///
/// # Errors
/// The store does not answer.
pub async fn list(service: &Service, now: Time) -> Result<Vec<Listed>, ServiceError> {
    let inventory = Inventory::read(&service.store, &service.config.folder).await?;
    let mut out = Vec::new();
    for role in Role::ALL {
        let renewed = role != Role::Root && service.config.plan(role).source != Source::Nobody;
        for (held, generation) in assess::generations(service, &inventory, role, now).await? {
            let state = match (generation.condition, &held.unfit) {
                (_, Some(unfit)) => unfit.clone(),
                (Condition::Unsound, None) => "of no use".to_owned(),
                (Condition::Stale, None) => "to be replaced: its issuer has been".to_owned(),
                (Condition::Sound, None) if now > held.validity.not_after => "ended".to_owned(),
                (Condition::Sound, None) if now < held.validity.not_before => "not valid yet".to_owned(),
                (Condition::Sound, None) => "good".to_owned(),
            };
            out.push(Listed {
                role,
                slot: held.record.slot.name(),
                id: held.record.id,
                certificate: held.certificate,
                validity: held.validity,
                moments: renewed.then(|| Moments::of(held.validity)),
                key_reference: held.record.key_reference,
                state,
            });
        }
    }
    Ok(out)
}
