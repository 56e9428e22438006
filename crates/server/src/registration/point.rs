//! The registration point: its certificate, whom it trusts, what it seals with, what it remembers.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use pki::key::{PrivateKey, Sign};
use pki::{Certificate, Time, oid};
use ra::sealed::SealingKey;

use super::certificate::{Expected, Standing};
use super::fault::{Fault, FaultFound};
use super::list::List;
use super::{files, tls};
use crate::config::{Config, Limits, OwnCertificate, RegistrationPoint};
use crate::credential::{Inventory, Role};
use crate::store::Store;
use crate::{ServiceError, key_file, world};

/// A registration point.
pub struct Point {
    pub(super) config: RegistrationPoint,
    pub(super) limits: Limits,
    pub(super) store: Store,
    folder: std::path::PathBuf,
    trusted: ArcSwap<Trusted>,
    /// When an unknown issuer was last looked for.
    looked: AtomicI64,
    list: Option<List>,
}

/// What may be replaced while the service runs, as one value.
struct Trusted {
    /// The certificate this rests on, with its issuers; to know whether there is another.
    chain: Vec<Certificate>,
    tls: Arc<rustls::ServerConfig>,
    /// The issuers of clients.
    issuers: Vec<Certificate>,
    /// What challenges are sealed with: the current secret first.
    sealing: Arc<Vec<SealingKey>>,
}

impl Point {
    /// Opens the store, and reads certificates and keys. It needs no key of a CA or RA.
    ///
    /// # Errors
    /// The configuration has no registration point, or what it names is not there or no good.
    pub async fn open(config: &Config) -> Result<Point, ServiceError> {
        let missing = || ServiceError::Refused("the configuration has no [registration-point]".to_owned());
        let own = config.registration_point.clone().ok_or_else(missing)?;
        let store = Store::open(&config.store, &config.node).await?;
        let (trusted, _) = trusted(&own, &config.folder, &store, None, world::now()).await?;
        let list = own.client_crl.as_ref().map(|place| List::new(place, &config.folder));
        let point = Point {
            config: own,
            limits: config.limits,
            store,
            folder: config.folder.clone(),
            trusted: ArcSwap::from_pointee(trusted),
            looked: AtomicI64::new(i64::MIN),
            list,
        };
        point.refresh(world::now()).await?;
        Ok(point)
    }

    /// Where it listens.
    #[must_use]
    pub fn listen(&self) -> std::net::SocketAddr {
        self.config.listen
    }

    /// Its store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The certificate that is shown to whoever connects next, with its issuers.
    #[must_use]
    pub fn shown(&self) -> Vec<Certificate> {
        self.trusted.load().chain.clone()
    }

    /// Takes over what has been replaced: its own certificate, the issuers of clients, the secrets, the revocation list
    /// of clients. The next connection uses it; those that are open go on.
    ///
    /// # Errors
    /// A part of what is there now is no good; of that part the old serves on.
    pub async fn refresh(&self, now: Time) -> Result<(), ServiceError> {
        let held = self.trusted.load_full();
        let (found, refused) = trusted(&self.config, &self.folder, &self.store, Some(&held), now).await?;
        if found.chain != held.chain {
            let leaf = found.chain.first().map(Certificate::thumbprint).unwrap_or_default();
            tracing::info!(thumbprint = leaf, "the registration point has another certificate");
        }
        if found.issuers != held.issuers {
            tracing::info!(count = found.issuers.len(), "the issuers of clients have changed");
        }
        self.trusted.store(Arc::new(found));
        if let Some(list) = &self.list {
            list.refresh(&self.trusted.load().issuers, now).await;
        }
        if refused.is_empty() { Ok(()) } else { Err(ServiceError::Refused(refused.join("; "))) }
    }

    /// The issuers of clients, looked at once more if none of them made a certificate: a CA that has just taken over may
    /// have signed it before the next round sees it. At most once a second, whoever asks.
    async fn issuers_for(&self, certificate: &Certificate, now: Time) -> Arc<Trusted> {
        let trusted = self.trusted.load_full();
        let known = Expected { issuers: &trusted.issuers, name: &self.config.client_name }.issuer_of(certificate);
        if known.is_some() || self.looked.swap(now.seconds(), Ordering::Relaxed) == now.seconds() {
            return trusted;
        }
        if let Err(error) = self.refresh(now).await {
            tracing::debug!(%error, "what was there before serves on");
        }
        self.trusted.load_full()
    }

    /// What challenges are sealed with at this moment.
    pub(super) fn with_sealing<T>(&self, work: impl FnOnce(&[SealingKey]) -> T) -> T {
        work(&self.trusted.load().sealing)
    }

    /// TLS, as it is at this moment.
    pub(super) fn tls(&self) -> Arc<rustls::ServerConfig> {
        Arc::clone(&self.trusted.load().tls)
    }

    /// Everything that is wrong with the certificate a client presented; the most useful first.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn judge(&self, presented: &Presented, now: Time) -> Result<Vec<FaultFound>, ServiceError> {
        let certificate = match presented {
            Presented::Nothing => return Ok(vec![FaultFound::new(Fault::None, "the client presented no certificate")]),
            Presented::Unreadable(why) => return Ok(vec![FaultFound::new(Fault::Malformed, why.clone())]),
            Presented::Certificate(certificate) => certificate,
        };
        let trusted = self.issuers_for(certificate, now).await;
        let expected = Expected { issuers: &trusted.issuers, name: &self.config.client_name };
        let standing = match expected.issuer_of(certificate) {
            Some(issuer) => self.standing(certificate, issuer, now).await?,
            // Of a certificate of somebody else nothing can be known, and nothing need be.
            None => Standing::Good,
        };
        Ok(expected.faults(certificate, &standing, now))
    }

    /// Revoked is what either the store or the list says is.
    async fn standing(&self, of: &Certificate, issuer: &Certificate, now: Time) -> Result<Standing, ServiceError> {
        let row = self.store.certificate_by(&issuer.fingerprint(), of.serial()).await?;
        if let Some(revocation) = row.and_then(|row| row.revoked) {
            return Ok(Standing::Revoked(revocation));
        }
        Ok(self.list.as_ref().map_or(Standing::Good, |list| list.standing(of, now)))
    }
}

/// What a client presented in the handshake. That it has the key is proved.
#[derive(Debug, Clone)]
pub(super) enum Presented {
    /// No certificate.
    Nothing,
    /// Something that is none.
    Unreadable(String),
    /// A certificate.
    Certificate(Box<Certificate>),
}

impl Presented {
    /// Who this is, for the audit.
    pub(super) fn name(&self) -> String {
        match self {
            Presented::Nothing | Presented::Unreadable(_) => "nobody".to_owned(),
            Presented::Certificate(certificate) => certificate.subject().to_string(),
        }
    }
}

/// What is there now. A part that is no good is left as it was, if it was there before, and the reason is returned.
async fn trusted(
    own: &RegistrationPoint,
    folder: &Path,
    store: &Store,
    held: Option<&Trusted>,
    now: Time,
) -> Result<(Trusted, Vec<String>), ServiceError> {
    let inventory = Inventory::read(store, folder).await?;
    let authorities: Vec<Certificate> = inventory.of(Role::IssuingCa).filter_map(|h| h.certificate.clone()).collect();
    let mut refused = Vec::new();
    let issuers = client_issuers(own, folder, &authorities);
    let issuers = or_before(issuers, held.map(|h| h.issuers.clone()), &mut refused)?;
    let shown = shown(own, folder, &inventory, &authorities, held, now);
    let (chain, tls) = or_before(shown, held.map(|h| (h.chain.clone(), Arc::clone(&h.tls))), &mut refused)?;
    let sealing = inventory.sealing_keys(folder).map(Arc::new);
    let sealing = or_before(sealing, held.map(|h| Arc::clone(&h.sealing)), &mut refused)?;
    Ok((Trusted { chain, tls, issuers, sealing }, refused))
}

/// What is good, or what there was before.
fn or_before<T>(
    found: Result<T, ServiceError>,
    before: Option<T>,
    refused: &mut Vec<String>,
) -> Result<T, ServiceError> {
    match (found, before) {
        (Err(error), Some(before)) => {
            refused.push(error.to_string());
            Ok(before)
        }
        (found, _) => found,
    }
}

fn client_issuers(
    own: &RegistrationPoint,
    folder: &Path,
    authorities: &[Certificate],
) -> Result<Vec<Certificate>, ServiceError> {
    let issuers = match &own.client_issuer {
        Some(path) => files::certificates(&folder.join(path))?,
        None => authorities.to_owned(),
    };
    if issuers.is_empty() {
        let says = "there is no issuer of clients: the store has no issuing CA, and client_issuer is not stated";
        return Err(ServiceError::Credential(says.to_owned()));
    }
    Ok(issuers)
}

/// The certificate that is shown to clients with its issuers, and TLS with it. At the start one that has ended is
/// taken too: it is better than none, and may be replaced.
fn shown(
    own: &RegistrationPoint,
    folder: &Path,
    inventory: &Inventory,
    authorities: &[Certificate],
    held: Option<&Trusted>,
    now: Time,
) -> Result<(Vec<Certificate>, Arc<rustls::ServerConfig>), ServiceError> {
    let (chain, key) = match &own.certificate {
        OwnCertificate::Files { certificate, key } => {
            let chain = files::certificates(&folder.join(certificate))?;
            if let Some(held) = held.filter(|held| held.chain == chain) {
                return Ok((chain, Arc::clone(&held.tls)));
            }
            (chain, key_file::read(folder, &key.to_string_lossy())?)
        }
        OwnCertificate::Credential => from_store(inventory, authorities)?,
    };
    if let Some(held) = held.filter(|held| held.chain == chain) {
        return Ok((chain, Arc::clone(&held.tls)));
    }
    let at = if held.is_some() { now } else { chain.first().map_or(now, |leaf| leaf.validity().not_after) };
    fits(&chain, &key, at)?;
    let config = tls::server(&chain, &key).map_err(|e| ServiceError::Credential(e.to_string()))?;
    Ok((chain, Arc::new(config)))
}

/// The current TLS server credential of the store, with its issuer.
pub(super) fn from_store(
    inventory: &Inventory,
    authorities: &[Certificate],
) -> Result<(Vec<Certificate>, Arc<PrivateKey>), ServiceError> {
    let current = inventory.serving(Role::TlsServer).ok_or_else(|| {
        ServiceError::Credential("there is no current tls-server; state `certificate` and `key`".to_owned())
    })?;
    let issued = |issuer: &&Certificate| current.certificate.verify_signature(issuer.public_key()).is_ok();
    let issuer = authorities.iter().find(issued).cloned();
    Ok((std::iter::once(current.certificate).chain(issuer).collect(), current.key))
}

/// A certificate that no client would take is not taken here either.
pub(super) fn fits(chain: &[Certificate], key: &PrivateKey, now: Time) -> Result<(), ServiceError> {
    let refuse = |why: String| Err(ServiceError::Credential(format!("the registration point's certificate: {why}")));
    let Some(leaf) = chain.first() else { return refuse("there is none".to_owned()) };
    if key.public_key() != leaf.public_key() {
        return refuse("the key is another's".to_owned());
    }
    if !leaf.extended_key_usage().is_some_and(|purposes| purposes.contains(&oid::SERVER_AUTH)) {
        return refuse("it is not for Server Authentication".to_owned());
    }
    let validity = leaf.validity();
    if now > validity.not_after {
        return refuse(format!("it ended on {}", validity.not_after));
    }
    if now < validity.not_before {
        return refuse(format!("it is not valid before {}", validity.not_before));
    }
    Ok(())
}
