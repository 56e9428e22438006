use std::path::Path;
use std::sync::Arc;

use ca::rotation::{Condition, Generation};
use pki::key::{PrivateKey, Sign};
use pki::{Certificate, Validity};
use ra::sealed::SealingKey;
use scep::ca_certs;

use super::{Credentials, Keyed, Role};
use crate::store::{CredentialRecord, Slot, Store};
use crate::{ServiceError, key_file};

/// Which rows credentials were made from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stamp(Vec<(String, String)>);

/// A row of the store with whatever of it could be read.
#[derive(Clone)]
pub struct Held {
    /// The row.
    pub record: CredentialRecord,
    /// The role.
    pub role: Role,
    /// The certificate; nothing for a secret.
    pub certificate: Option<Certificate>,
    /// Its key; nothing if it is not here.
    pub key: Option<Arc<PrivateKey>>,
    /// When it is valid.
    pub validity: Validity,
    /// Why it is of no use, if it is of none.
    pub unfit: Option<String>,
}

/// All service credentials, read tolerantly: one that is of no use must not keep the others from working.
pub struct Inventory {
    /// What is held, in the order in which it came into its slots.
    pub held: Vec<Held>,
}

impl Inventory {
    /// Reads the rows, and the keys in the folder of the node.
    pub async fn read(store: &Store, folder: &Path) -> Result<Inventory, ServiceError> {
        let rows = store.credentials(None).await?;
        let held = rows.into_iter().filter_map(|row| Some(held(Role::by_name(&row.role)?, row, folder)));
        Ok(Inventory { held: held.collect() })
    }

    /// Those of a role.
    pub fn of(&self, role: Role) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(move |h| h.role == role)
    }

    /// The one of a role in a slot that holds one.
    #[must_use]
    pub fn in_slot(&self, role: Role, slot: Slot) -> Option<&Held> {
        self.of(role).find(|h| h.record.slot == slot)
    }

    /// Which rows there are.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        let mut rows: Vec<_> = self
            .held
            .iter()
            .map(|h| (h.record.id.clone(), format!("{} {}", h.record.slot.name(), h.state())))
            .collect();
        rows.sort();
        Stamp(rows)
    }

    /// What it would be like with these in use in place of others.
    #[must_use]
    pub fn promoted(&self, ids: &[String]) -> Inventory {
        let roles: Vec<Role> = self.held.iter().filter(|h| ids.contains(&h.record.id)).map(|h| h.role).collect();
        let mut held = self.held.clone();
        for one in held.iter_mut().filter(|h| roles.contains(&h.role)) {
            if ids.contains(&one.record.id) {
                one.record.slot = Slot::Current;
            } else if one.record.slot == Slot::Current {
                one.record.slot = Slot::Retired;
            }
        }
        Inventory { held }
    }

    /// The credentials to serve with. A role whose current one is of no use falls back to another generation, and the
    /// RA in the end to the CA itself (RFC 8894 §2.1.2), until a round has mended it.
    pub fn credentials(&self, folder: &Path) -> Result<Credentials, ServiceError> {
        let missing = |role: Role| {
            let why = self.in_slot(role, Slot::Current).and_then(|h| h.unfit.clone());
            let why = why.unwrap_or_else(|| "was `perennial init` run?".to_owned());
            ServiceError::Credential(format!("there is no current {}: {why}", role.name()))
        };
        let root_held = self.in_slot(Role::Root, Slot::Current).ok_or_else(|| missing(Role::Root))?;
        let root = root_held.certificate.clone().ok_or_else(|| missing(Role::Root))?;
        let root_key = key_file::read(folder, &root_held.record.key_reference).ok();
        let root_key = root_key.filter(|key| key.public_key() == root.public_key());
        let issuing = self.keyed(Role::IssuingCa, &[Slot::Current, Slot::Retired]);
        let issuer = issuing.first().ok_or_else(|| missing(Role::IssuingCa))?.clone();
        let signing = self.keyed(Role::RaSigning, &[Slot::Current, Slot::Retired]);
        let ra_signing = signing.into_iter().next().unwrap_or_else(|| issuer.clone());
        let slots = [Slot::Current, Slot::Retired, Slot::Next];
        let mut ra_encryption = Vec::new();
        let mut answers = Vec::new();
        for held in self.ordered(Role::RaEncryption, &slots) {
            if let Some(keyed) = held.keyed() {
                ra_encryption.push(keyed);
                answers.push(self.shown_beside(held).unwrap_or_else(|| ra_signing.clone()));
            }
        }
        if ra_encryption.is_empty() {
            ra_encryption.push(issuer.clone());
        }
        let next = self.in_slot(Role::IssuingCa, Slot::Next);
        let mut listed = vec![ra_signing.certificate.clone()];
        listed.extend(ra_encryption.first().map(|k| k.certificate.clone()));
        listed.extend([issuer.certificate, root.clone()]);
        Ok(Credentials {
            ca_body: ca_certs::body(&listed),
            sealing: self.sealing(folder)?,
            root,
            root_key,
            issuing,
            next: next.and_then(|h| h.certificate.clone()),
            next_key: next.and_then(|h| h.key.clone()),
            ra_signing,
            ra_encryption,
            policy_module_client: self.serving(Role::PolicyModuleClient),
            answers,
            stamp: self.stamp(),
        })
    }

    /// The credential to serve with: the current one of a role, or the newest earlier one of use.
    #[must_use]
    pub fn serving(&self, role: Role) -> Option<Keyed> {
        self.keyed(role, &[Slot::Current, Slot::Retired]).into_iter().next()
    }

    /// Those of a role that are of use, in the order of the slots, the newest first.
    fn keyed(&self, role: Role, slots: &[Slot]) -> Vec<Keyed> {
        self.ordered(role, slots).into_iter().filter_map(Held::keyed).collect()
    }

    /// What GetCACert showed for signatures beside a retired certificate for encryption: what was retired with it, or
    /// next after it. Clients may know no other (RFC 8894 §4.2.1.2), nor the CA that signed a later one. Of several that
    /// were retired at once, as when a clock was wrong for a while, it is the one that was made with it.
    fn shown_beside(&self, encryption: &Held) -> Option<Keyed> {
        let retired = |h: &&Held| h.record.slot == Slot::Retired && h.record.since >= encryption.record.since;
        let signing = self.of(Role::RaSigning).filter(|_| encryption.record.slot == Slot::Retired);
        let made = |h: &Held| h.validity.not_before.seconds();
        signing.filter(retired).min_by_key(|h| (h.record.since, made(h).abs_diff(made(encryption))))?.keyed()
    }

    fn ordered(&self, role: Role, slots: &[Slot]) -> Vec<&Held> {
        let place = |h: &Held| slots.iter().position(|slot| *slot == h.record.slot);
        let mut wanted: Vec<&Held> = self.of(role).filter(|h| place(h).is_some()).collect();
        wanted.sort_by_key(|h| (place(h), std::cmp::Reverse(h.validity.not_before)));
        wanted
    }

    /// What challenges are sealed with. A registration point on its own host has no rows for it, but files
    /// `keys/sealing-NUMBER.key`: the one with the highest number seals, all of them open.
    pub(crate) fn sealing_keys(&self, folder: &Path) -> Result<Vec<SealingKey>, ServiceError> {
        if self.of(Role::Sealing).next().is_some() {
            return self.sealing(folder);
        }
        let mut keys = Vec::new();
        for (name, secret) in key_file::numbered_secrets(folder, crate::init::SEALING)? {
            let weak = || ServiceError::Credential(format!("{name} is no secret to seal challenges with"));
            keys.push(SealingKey::new(&secret).ok_or_else(weak)?);
        }
        Ok(keys)
    }

    /// The current secret, then the next one (another node may seal with it already) and earlier ones.
    fn sealing(&self, folder: &Path) -> Result<Vec<SealingKey>, ServiceError> {
        let mut keys = Vec::new();
        for held in self.ordered(Role::Sealing, &[Slot::Current, Slot::Next, Slot::Retired]) {
            if held.unfit.is_none() {
                let secret = key_file::read_secret(folder, &held.record.key_reference)?;
                keys.extend(SealingKey::new(&secret));
            }
        }
        if keys.is_empty() {
            return Err(ServiceError::Credential("there is no secret to seal challenges with".to_owned()));
        }
        Ok(keys)
    }
}

fn held(role: Role, record: CredentialRecord, folder: &Path) -> Held {
    let never = Validity { not_before: record.since, not_after: record.until };
    if role == Role::Sealing {
        let validity = Validity::read(&mut pki::der::Reader::new(&record.certificate)).unwrap_or(never);
        let unfit = key_file::read_secret(folder, &record.key_reference).err().map(|e| e.to_string());
        return Held { role, record, certificate: None, key: None, validity, unfit };
    }
    let certificate = match Certificate::parse(&record.certificate) {
        Ok(certificate) => certificate,
        Err(error) => {
            let unfit = Some(format!("the stored certificate cannot be read: {error}"));
            return Held { role, record, certificate: None, key: None, validity: never, unfit };
        }
    };
    let (key, unfit) = match key_file::read(folder, &record.key_reference) {
        Ok(key) if key.public_key() == certificate.public_key() => (Some(key), None),
        Ok(_) => (None, Some(format!("{}: the key does not belong to the certificate", record.key_reference))),
        // The root's key is meant to be away.
        Err(_) if role == Role::Root => (None, None),
        Err(error) => (None, Some(error.to_string())),
    };
    Held { role, validity: certificate.validity(), certificate: Some(certificate), key, unfit, record }
}

impl Held {
    /// The certificate with its key, if both are of use.
    fn keyed(&self) -> Option<Keyed> {
        match (&self.certificate, &self.key, &self.unfit) {
            (Some(certificate), Some(key), None) => {
                Some(Keyed { certificate: certificate.clone(), key: Arc::clone(key) })
            }
            _ => None,
        }
    }

    /// What else changes what can be served with it.
    fn state(&self) -> &'static str {
        match (&self.unfit, &self.key) {
            (Some(_), _) => "of no use",
            (None, Some(_)) => "with its key",
            (None, None) => "alone",
        }
    }

    /// As the rules see it.
    #[must_use]
    pub fn generation(&self, condition: Condition) -> Generation {
        Generation { slot: super::slot(self.record.slot), validity: self.validity, condition }
    }
}

#[cfg(test)]
mod tests {
    use ca::{Serial, authority};
    use pki::key::KeySpec;
    use pki::{Name, Time};

    use super::*;

    fn retired(role: Role, from: i64, since: i64) -> Held {
        let key = PrivateKey::generate(KeySpec::P256).expect("a key");
        let validity = Validity { not_before: Time(from), not_after: Time(from + 1000) };
        let (name, serial) = (Name::parse("CN=RA").expect("a name"), Serial::random(&mut crate::world::random));
        let certificate = authority::root(&name, &key, validity, &serial).expect("a certificate");
        let record = CredentialRecord {
            since: Time(since),
            ..crate::credential::row(role, Slot::Retired, &certificate, "none", Time(since))
        };
        Held { record, role, certificate: Some(certificate), key: Some(Arc::new(key)), validity, unfit: None }
    }

    /// A clock that was ahead made a pair, which is retired at the same moment as the one before it.
    #[test]
    fn a_signature_is_found_beside_its_own_encryption() {
        let (ahead, own) = (retired(Role::RaSigning, 900, 500), retired(Role::RaSigning, 100, 500));
        let (before, encryption) = (retired(Role::RaSigning, 0, 400), retired(Role::RaEncryption, 100, 500));
        for held in [[&ahead, &own, &before], [&before, &own, &ahead]] {
            let inventory = Inventory { held: held.into_iter().cloned().collect() };
            let found = inventory.shown_beside(&encryption).expect("one").certificate;
            assert_eq!(Some(found), own.certificate);
        }
    }
}
