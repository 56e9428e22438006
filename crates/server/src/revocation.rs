//! Revocation lists: made when something is revoked, and in time before the old one ends.

use std::sync::Arc;

use ca::RevokedEntry;
use pki::crl::Reason;
use pki::key::{PrivateKey, Sign};
use pki::{Certificate, Crl, Time};

use crate::credential::{Credentials, Keyed, Role};
use crate::store::{Actor, StoreError, StoredCrl};
use crate::{Service, ServiceError};

/// How long a root's list is valid, in seconds: a root may be away for long.
const ROOT_VALIDITY: i64 = 365 * 86_400;
/// How long before its end a root's list is made anew, in seconds.
pub(crate) const ROOT_OVERLAP: i64 = 180 * 86_400;

/// How far the clocks of nodes may differ, in seconds.
const CLOCKS_DIFFER: i64 = 300;

/// Whether a list is to be made even if the old one is good for long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renew {
    /// Only if it is due.
    IfDue,
    /// In any case: something has been revoked.
    Now,
}

/// What became of a list.
#[derive(Debug, Clone)]
pub enum Published {
    /// A new one.
    New(Crl),
    /// The old one is still good.
    Unchanged(Crl),
}

impl Published {
    /// The list that is out now.
    #[must_use]
    pub fn crl(&self) -> &Crl {
        match self {
            Published::New(crl) | Published::Unchanged(crl) => crl,
        }
    }
}

/// Makes the lists of every generation of the issuing CA whose certificates may still be valid.
pub async fn publish_all(service: &Service, now: Time) -> Result<(), ServiceError> {
    for issuer in &service.credentials.load_full().issuing {
        if issuer.certificate.validity().contains(now) {
            publish_for(service, issuer, Renew::IfDue, now).await?;
        }
    }
    Ok(())
}

/// Makes the list of the issuing CA.
pub async fn publish(service: &Service, renew: Renew, now: Time) -> Result<Published, ServiceError> {
    let credentials = service.credentials.load_full();
    let issuer = credentials.issuer().ok_or_else(|| ServiceError::Credential("there is no issuing CA".to_owned()))?;
    publish_for(service, issuer, renew, now).await
}

/// Makes the list of one generation of the issuing CA.
pub async fn publish_for(
    service: &Service,
    issuer: &Keyed,
    renew: Renew,
    now: Time,
) -> Result<Published, ServiceError> {
    let lives = Lives { validity: service.config.crl_validity, overlap: service.config.crl_overlap };
    make(service, issuer, lives, renew, now).await
}

/// Makes the root's list, if its key is here; nothing if not.
pub async fn publish_root(service: &Service, renew: Renew, now: Time) -> Result<Option<Published>, ServiceError> {
    let Some(key) = service.credentials.load().root_key.clone() else { return Ok(None) };
    publish_root_with(service, key, renew, now).await.map(Some)
}

/// Makes the root's list with its key, brought from elsewhere.
pub async fn publish_root_with(
    service: &Service,
    key: Arc<PrivateKey>,
    renew: Renew,
    now: Time,
) -> Result<Published, ServiceError> {
    let root = Keyed { certificate: service.credentials.load().root.clone(), key };
    if root.key.public_key() != root.certificate.public_key() {
        return Err(ServiceError::Refused("the key is not the root's".to_owned()));
    }
    let lives = Lives { validity: ROOT_VALIDITY, overlap: ROOT_OVERLAP };
    make(service, &root, lives, renew, now).await
}

#[derive(Clone, Copy)]
struct Lives {
    validity: i64,
    overlap: i64,
}

async fn make(
    service: &Service,
    issuer: &Keyed,
    lives: Lives,
    renew: Renew,
    now: Time,
) -> Result<Published, ServiceError> {
    let fingerprint = issuer.certificate.fingerprint();
    // Another node may publish the same number first; then its list counts, unless it lacks what was revoked here.
    for _ in 0..5 {
        let latest = service.store.crl_latest(&fingerprint).await?;
        let due = latest.as_ref().is_none_or(|row| is_due(row, lives.overlap, now));
        if let (Some(row), false, Renew::IfDue) = (&latest, due, renew) {
            return read(&row.der).map(Published::Unchanged);
        }
        let entries = entries(service, &issuer.certificate, now).await?;
        let number = latest.map_or(1, |row| row.number + 1);
        let crl = ca::crl(&issuer.certificate, &*issuer.key, &entries, number, now, now.plus(lives.validity))
            .map_err(|e| ServiceError::Issue(e.to_string()))?;
        let list = StoredCrl {
            issuer: fingerprint,
            number,
            der: crl.der().to_vec(),
            this_update: now,
            next_update: now.plus(lives.validity),
        };
        let actor = service.actor();
        match service.store.crl_put(&list, &actor, now).await {
            Ok(()) => return Ok(Published::New(crl)),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ServiceError::Issue("other nodes publish lists faster than this one".to_owned()))
}

/// A list is due before the old one ends; and at once if a clock that was ahead made the old one, because nobody believes
/// a list of tomorrow.
fn is_due(latest: &StoredCrl, overlap: i64, now: Time) -> bool {
    latest.this_update > now.plus(CLOCKS_DIFFER) || ca::crl_due(latest.next_update, overlap, now)
}

/// What stands on a list: certificates that would still be valid, of every generation of the CA. A list speaks for the
/// name of its issuer (RFC 5280 §5.1.2.3, §6.3.3), and the generations have one name: whoever has the list of one of them
/// believes it of certificates of the others too. Serial numbers are random, so that no two generations share one.
async fn entries(service: &Service, issuer: &Certificate, now: Time) -> Result<Vec<RevokedEntry>, ServiceError> {
    let mut entries = Vec::new();
    for generation in generations(service, issuer).await? {
        let revoked = service.store.revoked(&generation, now).await?;
        entries.extend(revoked.into_iter().map(|r| RevokedEntry {
            serial: r.serial,
            at: r.revocation.at,
            reason: r.revocation.reason,
        }));
    }
    Ok(entries)
}

/// The fingerprints of every CA with this one's name, itself first. The store is asked and not what this process holds:
/// the key of an earlier one may be gone, and another process may have made a next one.
async fn generations(service: &Service, issuer: &Certificate) -> Result<Vec<[u8; 32]>, ServiceError> {
    let rows = service.store.credentials(Some(Role::IssuingCa.name())).await?;
    let all = rows.iter().filter_map(|row| Certificate::parse(&row.certificate).ok());
    let others = all.filter(|ca| ca != issuer && ca.subject().matches(issuer.subject()));
    Ok(std::iter::once(issuer.fingerprint()).chain(others.map(|ca| ca.fingerprint())).collect())
}

fn read(der: &[u8]) -> Result<Crl, ServiceError> {
    Crl::parse(der).map_err(|e| ServiceError::Issue(format!("the stored list cannot be read: {e}")))
}

/// Revokes a certificate and publishes the lists that say so: that of its issuer, which is returned, and those of the other
/// generations.
pub async fn revoke(
    service: &Service,
    serial: &[u8],
    reason: Reason,
    by: &Actor,
    now: Time,
) -> Result<Crl, ServiceError> {
    let unknown =
        || ServiceError::Refused(format!("there is no certificate {} here", pki::certificate::serial_hex(serial)));
    let issuer = service.store.certificate(serial).await?.ok_or_else(unknown)?.issuer;
    service.store.revoke(&issuer, serial, ra::Revocation { at: now, reason }, by, now).await?;
    let credentials = service.credentials.load_full();
    let published = match credentials.issuer_by(&issuer) {
        Some(issuer) => publish_for(service, issuer, Renew::Now, now).await?,
        None => publish(service, Renew::Now, now).await?,
    };
    for other in beside(&credentials, published.crl()) {
        if other.certificate.validity().contains(now) {
            publish_for(service, &other, Renew::Now, now).await?;
        }
    }
    Ok(published.crl().clone())
}

/// The CAs of the name of a list that did not make it, with the next one: it may have a list already, from an attempt to
/// take over that was cut short.
fn beside(credentials: &Credentials, list: &Crl) -> Vec<Keyed> {
    let all = credentials.issuing.iter().cloned().chain(credentials.next_keyed());
    let named = all.filter(|ca| ca.certificate.subject().matches(list.issuer()));
    named.filter(|ca| list.verify_signature(ca.certificate.public_key()).is_err()).collect()
}
