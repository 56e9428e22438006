//! What a registration point on another host needs of this service, written into files.

use std::path::Path;

use pki::{Certificate, Time};

use super::{Inventory, Role};
use crate::store::Slot;
use crate::{Service, ServiceError, key_file};

/// Whether anything was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exported {
    /// What is in use now was in the files already.
    Unchanged,
    /// The files hold what is in use now.
    Written,
}

/// Writes the current credential of a TLS role with its issuer and its key, or the certificates of every generation of the
/// issuing CA, the next one too. Each file is replaced as a whole, the key first.
///
/// # Errors
/// [`ServiceError::Refused`] for another role, or for the key of a CA; or the files cannot be written, or the store does
/// not answer.
pub async fn export(
    service: &Service,
    role: Role,
    certificate: &Path,
    key: Option<&Path>,
    now: Time,
) -> Result<Exported, ServiceError> {
    let refuse = |says: &str| Err(ServiceError::Refused(format!("{}: {says}", role.name())));
    let inventory = Inventory::read(&service.store, &service.config.folder).await?;
    let (certificates, secret) = match (role, key) {
        (Role::IssuingCa, None) => {
            let lives = |c: &Certificate| c.validity().not_after >= now;
            let all: Vec<Certificate> =
                inventory.of(role).filter_map(|h| h.certificate.clone()).filter(lives).collect();
            (all, None)
        }
        (Role::IssuingCa, Some(_)) => return refuse("its key stays where it is"),
        (Role::TlsServer | Role::PolicyModuleClient, Some(path)) => {
            let current = inventory.in_slot(role, Slot::Current);
            let Some((own, key)) = current.and_then(|h| Some((h.certificate.as_ref()?, h.key.clone()?))) else {
                return refuse("there is none here");
            };
            (service.credentials.load().chain_of(own), Some((path, key)))
        }
        (Role::TlsServer | Role::PolicyModuleClient, None) => return refuse("say where its key is to be written"),
        _ => return refuse("only tls-server, policy-module-client and issuing-ca are needed elsewhere"),
    };
    let text: String = certificates.iter().map(Certificate::to_pem).collect();
    let mut changed = false;
    if let Some((path, key)) = secret {
        changed |= key_file::replace(path, key.to_pem().as_bytes())?;
    }
    changed |= key_file::replace(certificate, text.as_bytes())?;
    Ok(if changed { Exported::Written } else { Exported::Unchanged })
}
