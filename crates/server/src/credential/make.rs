//! The next generation: made here, signed by the CA that is here, and never with the credential that it follows.

use std::sync::Arc;

use ca::authority::{self, Subordinate};
use ca::{Order, Prepared, Serial};
use pki::extension::GeneralName;
use pki::key::{PrivateKey, PublicKey, Sign};
use pki::{Certificate, Name, Time, Validity};

use super::plan::{self, backdate};
use super::{Inventory, Keyed, Role, generate, spec_like};
use crate::store::{AuditEntry, CertificateRecord, Commit, CredentialRecord, ServiceRecord, Slot};
use crate::{Service, ServiceError, key_file, world};

/// Makes the next credential of a role under `issuer`, and stores it as next. The key is in its file before the
/// certificate is signed, and what is signed is in the store before.
pub(super) async fn next(
    service: &Service,
    inventory: &Inventory,
    role: Role,
    issuer: Option<&Keyed>,
    now: Time,
) -> Result<String, ServiceError> {
    if role == Role::Sealing {
        return secret(service, now).await;
    }
    let issuer = issuer.ok_or_else(|| ServiceError::Credential("there is nobody to sign it".to_owned()))?;
    let before = inventory.in_slot(role, Slot::Current).or_else(|| inventory.of(role).last());
    let before = before.and_then(|h| h.certificate.clone());
    let model = Model::of(role, before.as_ref(), issuer);
    let spec = model.spec;
    let key = match service.spare.take(spec) {
        Some(key) => key,
        None => generate::aside(spec).await?,
    };
    let prepared = prepare(service, role, &model, key.public_key(), issuer, now)?;
    let serial = pki::certificate::serial_hex(prepared.serial());
    let file = format!("{}/{}-{serial}.key.pem", key_file::KEYS, role.name());
    keep(service, &file, key.to_pem()).await?;
    let certificate = sign(service, role, prepared, issuer, now).await?;
    let row = row(role, Slot::Next, &certificate, &file, now);
    service.store.credential_put(&row, &service.actor(), now).await?;
    Ok(row.id)
}

/// Writes a key where nobody waits for the disk: to be durable takes it several turns.
async fn keep(service: &Service, file: &str, text: zeroize::Zeroizing<String>) -> Result<(), ServiceError> {
    let (folder, file) = (service.config.folder.clone(), file.to_owned());
    let written = tokio::task::spawn_blocking(move || key_file::write_new(&folder, &file, text.as_bytes())).await;
    written.map_err(|error| ServiceError::Issue(error.to_string()))?
}

/// What stays the same from one generation to the next.
struct Model {
    subject: Name,
    names: Vec<GeneralName>,
    spec: pki::key::KeySpec,
}

impl Model {
    fn of(role: Role, before: Option<&Certificate>, issuer: &Keyed) -> Model {
        match before {
            Some(c) => {
                Model { subject: c.subject().clone(), names: c.subject_alt_names(), spec: spec_like(c.public_key()) }
            }
            None => Model {
                subject: Name::from_attributes(&[(
                    pki::oid::COMMON_NAME,
                    &format!("{} of {}", role.name(), issuer.certificate.subject()),
                )]),
                names: Vec::new(),
                spec: pki::key::KeySpec::Rsa2048,
            },
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "a service credential is ordered by the service, not by a grant")]
fn prepare(
    service: &Service,
    role: Role,
    model: &Model,
    key: &PublicKey,
    issuer: &Keyed,
    now: Time,
) -> Result<Prepared, ServiceError> {
    let plan = service.config.plan(role);
    let algorithm = issuer.key.preferred();
    let serial = Serial::random(&mut world::random);
    let prepared = match plan::profile(role, &plan) {
        Some(profile) => {
            let profile = crate::issue::addressed(&profile, &issuer.certificate, &service.config.public_url);
            let order = Order::new(model.subject.clone(), model.names.clone(), key.clone());
            ca::prepare(&order, &profile, &issuer.certificate, algorithm, &serial, now)
        }
        None => {
            let above = issuer.certificate.validity();
            let not_before = now.plus(-backdate(plan.validity)).max(above.not_before);
            let url = &service.config.public_url;
            let wanted = Subordinate {
                subject: &model.subject,
                key,
                validity: Validity { not_before, not_after: now.plus(plan.validity).min(above.not_after) },
                crl_urls: &[format!("{url}/ca/root.crl")],
                issuer_urls: &[format!("{url}/ca/root.crt")],
            };
            authority::prepare_issuing(&wanted, &issuer.certificate, algorithm, &serial, now)
        }
    };
    prepared.map_err(|flaws| ServiceError::Issue(flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))
}

/// Stores what is to be signed, signs it, stores the certificate.
async fn sign(
    service: &Service,
    role: Role,
    prepared: Prepared,
    issuer: &Keyed,
    now: Time,
) -> Result<Certificate, ServiceError> {
    let fingerprint = issuer.certificate.fingerprint();
    let record = ServiceRecord {
        profile: role.name().to_owned(),
        certificate: CertificateRecord {
            issuer: fingerprint,
            serial: prepared.serial().to_vec(),
            tbs: prepared.tbs().to_vec(),
            algorithm: issuer.key.preferred().to_der(),
            subject: prepared.subject().to_string(),
            validity: prepared.validity(),
            authority: "service credential".to_owned(),
            replaces: None,
        },
    };
    let serial = pki::certificate::serial_hex(prepared.serial());
    let detail = format!("{}; serial {serial}; until {}", role.name(), prepared.validity().not_after);
    let entry = AuditEntry::by(&service.actor(), "credential", role.name(), "prepared", &detail);
    let committed = service.store.commit(Commit::Service(Box::new(record)), vec![entry], now).await;
    committed.map_err(|e| ServiceError::Issue(e.to_string()))?;
    let signed = ca::sign(prepared, &issuer.certificate, &*issuer.key);
    let certificate = signed.map_err(|e| ServiceError::Issue(e.to_string()))?;
    Ok(service.store.issued(&fingerprint, &certificate, Vec::new(), now).await?)
}

/// A new secret to seal challenges with.
async fn secret(service: &Service, now: Time) -> Result<String, ServiceError> {
    let mut name = [0; 8];
    world::random(&mut name);
    let file = format!("{}/sealing-{}.key", key_file::KEYS, pki::digest::hex(&name));
    let mut octets = zeroize::Zeroizing::new([0; 32]);
    world::random(&mut *octets);
    let text = zeroize::Zeroizing::new(pki::digest::hex(&*octets));
    keep(service, &file, text).await?;
    let life = service.config.plan(Role::Sealing).validity;
    let row = secret_row(Slot::Next, &file, life, now);
    service.store.credential_put(&row, &service.actor(), now).await?;
    Ok(row.id)
}

/// A credential as the store keeps it.
pub(crate) fn row(role: Role, slot: Slot, certificate: &Certificate, file: &str, now: Time) -> CredentialRecord {
    CredentialRecord {
        id: pki::digest::hex(&certificate.fingerprint()),
        role: role.name().to_owned(),
        slot,
        certificate: certificate.der().to_vec(),
        key_reference: file.to_owned(),
        since: now,
        until: certificate.validity().not_after,
    }
}

/// A secret has no certificate; its row holds its validity, as a certificate would write it.
pub(crate) fn secret_row(slot: Slot, file: &str, life: i64, now: Time) -> CredentialRecord {
    let validity = Validity { not_before: now.plus(-backdate(life)), not_after: now.plus(life) };
    CredentialRecord {
        id: file.to_owned(),
        role: Role::Sealing.name().to_owned(),
        slot,
        certificate: validity.to_der(),
        key_reference: file.to_owned(),
        since: now,
        until: validity.not_after,
    }
}

/// A key that is only held, so that it can be lent.
pub(super) fn keyed(certificate: &Certificate, key: &Arc<PrivateKey>) -> Keyed {
    Keyed { certificate: certificate.clone(), key: Arc::clone(key) }
}
