//! The registration point: its certificate, whom it trusts, what it seals with, what it remembers.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use pki::key::{PrivateKey, Sign};
use pki::{Certificate, Crl, Time, oid};
use ra::sealed::SealingKey;

use super::certificate::{Expected, Judged};
use super::fault::Fault;
use super::list::{Fetched, List};
use super::tls;
use crate::config::{Config, Limits, OwnCertificate, RegistrationPoint};
use crate::credential::{Inventory, Role, Stamp};
use crate::event::Events;
use crate::store::Store;
use crate::trust::{self, Lists, Trust};
use crate::{ServiceError, key_file, world};

/// A registration point.
pub struct Point {
    pub(super) config: RegistrationPoint,
    pub(super) limits: Limits,
    pub(super) store: Store,
    folder: std::path::PathBuf,
    pub(super) events: Events,
    trusted: ArcSwap<Trusted>,
    clients: ArcSwap<Trust>,
    list: Option<List>,
    /// When the store's own lists are read again.
    next_look: AtomicI64,
}

/// Seconds between two looks for newer lists in the store. What it knows of a revocation counts at once.
const EVERY: i64 = 60;

/// What may be replaced while the service runs, as one value.
struct Trusted {
    /// The certificate this rests on, with its issuers; to know whether there is another.
    chain: Vec<Certificate>,
    tls: Arc<rustls::ServerConfig>,
    /// The issuers of clients.
    issuers: Vec<Certificate>,
    /// Roots that are known, above those.
    roots: Vec<Certificate>,
    /// What challenges are sealed with: the current secret first.
    sealing: Vec<SealingKey>,
    /// Which rows of the store all of it rests on.
    stamp: Stamp,
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
        let trusted = trusted(&own, &config.folder, &store, None).await?;
        let list = own.client_crl.as_ref().map(|place| List::new(place, &config.folder));
        let clients = Trust::in_issuers(&trusted.issuers, &trusted.roots, &[]);
        let point = Point {
            config: own,
            limits: config.limits,
            events: Events::new(&store),
            store,
            folder: config.folder.clone(),
            trusted: ArcSwap::from_pointee(trusted),
            clients: ArcSwap::from_pointee(clients),
            list,
            next_look: AtomicI64::new(i64::MIN),
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

    /// Takes over what has been replaced: its own certificate, the issuers of clients, their revocation list. The next
    /// connection uses it.
    ///
    /// # Errors
    /// What is there now is no good; the old one serves on.
    pub async fn refresh(&self, now: Time) -> Result<(), ServiceError> {
        let held = self.trusted.load_full();
        let found = trusted(&self.config, &self.folder, &self.store, Some(&held)).await?;
        if found.chain != held.chain {
            let leaf = found.chain.first().map(Certificate::thumbprint).unwrap_or_default();
            tracing::info!(thumbprint = leaf, "the registration point has another certificate");
        }
        let same_clients = found.issuers == held.issuers && found.roots == held.roots;
        if found.chain != held.chain || !same_clients || found.stamp != held.stamp {
            self.trusted.store(Arc::new(found));
        }
        self.refresh_clients(same_clients, now).await
    }

    /// Whom clients must lead to, with what is known of revocation.
    async fn refresh_clients(&self, same: bool, now: Time) -> Result<(), ServiceError> {
        let trusted = self.trusted.load_full();
        let lists: Vec<Crl> = match &self.list {
            Some(list) => {
                if list.refresh(&trusted.issuers, now).await == Fetched::Nothing && same {
                    return Ok(());
                }
                list.held().into_iter().collect()
            }
            None => {
                // A clock that was set back must not keep old lists for long.
                let until = self.next_look.load(Ordering::Relaxed);
                if same && (now.seconds()..=now.plus(EVERY).seconds()).contains(&until) {
                    return Ok(());
                }
                self.next_look.store(now.plus(EVERY).seconds(), Ordering::Relaxed);
                trust::lists(&self.store, trusted.issuers.iter().chain(&trusted.roots)).await?
            }
        };
        if !self.clients.load().is_of(&trusted.issuers, &trusted.roots, &lists) {
            self.clients.store(Arc::new(Trust::in_issuers(&trusted.issuers, &trusted.roots, &lists)));
        }
        Ok(())
    }

    /// What challenges are sealed with at this moment.
    pub(super) fn with_sealing<T>(&self, work: impl FnOnce(&[SealingKey]) -> T) -> T {
        work(&self.trusted.load().sealing)
    }

    /// TLS, as it is at this moment.
    pub(super) fn tls(&self) -> Arc<rustls::ServerConfig> {
        Arc::clone(&self.trusted.load().tls)
    }

    /// The certificate a client presented, with everything that is wrong with it. Revoked is what either the store or a
    /// list says is.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn judge(&self, presented: &Presented, now: Time) -> Result<Judged, ServiceError> {
        let certificate = match presented {
            Presented::Nothing => return Ok(Judged::without_chain(Fault::None, "the client presented no certificate")),
            Presented::Unreadable(why) => return Ok(Judged::without_chain(Fault::Malformed, why.clone())),
            Presented::Certificate(certificate) => certificate,
        };
        let (trusted, trust) = (self.trusted.load_full(), self.clients.load_full());
        let lists = if self.list.is_some() { Lists::Needed } else { Lists::IfCurrent };
        let name = &self.config.client_name;
        let expected = Expected { trust: &trust, issuers: &trusted.issuers, name, lists };
        let judgement = expected.chain(certificate, now);
        let revoked = match expected.issuer_of(&judgement) {
            Some(issuer) => self.store.certificate_by(&issuer.fingerprint(), certificate.serial()).await?,
            // Of a certificate of somebody else nothing is known here.
            None => None,
        };
        Ok(expected.judged(judgement, revoked.and_then(|row| row.revoked)))
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

async fn trusted(
    own: &RegistrationPoint,
    folder: &Path,
    store: &Store,
    held: Option<&Trusted>,
) -> Result<Trusted, ServiceError> {
    let inventory = Inventory::read(store, folder).await?;
    let authorities: Vec<Certificate> = inventory.of(Role::IssuingCa).filter_map(|h| h.certificate.clone()).collect();
    let issuers = match &own.client_issuer {
        Some(path) => read_certificates(&folder.join(path))?,
        None => authorities.clone(),
    };
    if issuers.is_empty() {
        let says = "there is no issuer of clients: the store has no issuing CA, and client_issuer is not stated";
        return Err(ServiceError::Credential(says.to_owned()));
    }
    let (chain, key) = match &own.certificate {
        OwnCertificate::Files { certificate, key } => {
            let chain = read_certificates(&folder.join(certificate))?;
            (chain, Arc::new(key_file::read(folder, &key.to_string_lossy())?))
        }
        OwnCertificate::Credential => from_store(&inventory, &authorities)?,
    };
    let sealing = inventory.sealing_keys(folder)?;
    // In a file of issuers there may be roots too.
    let known = inventory.of(Role::Root).filter_map(|h| h.certificate.clone());
    let roots: Vec<Certificate> = known.chain(issuers.iter().filter(|c| c.is_self_signed()).cloned()).collect();
    let stamp = inventory.stamp();
    if let Some(held) = held.filter(|held| held.chain == chain) {
        return Ok(Trusted { chain, tls: Arc::clone(&held.tls), issuers, roots, sealing, stamp });
    }
    fits(&chain, &key)?;
    let config = tls::server(&chain, &key).map_err(|e| ServiceError::Credential(e.to_string()))?;
    Ok(Trusted { chain, tls: Arc::new(config), issuers, roots, sealing, stamp })
}

/// The current TLS server credential of the store, with its issuer.
fn from_store(
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
fn fits(chain: &[Certificate], key: &PrivateKey) -> Result<(), ServiceError> {
    let refuse = |why: String| Err(ServiceError::Credential(format!("the registration point's certificate: {why}")));
    let Some(leaf) = chain.first() else { return refuse("there is none".to_owned()) };
    if key.public_key() != leaf.public_key() {
        return refuse("the key is another's".to_owned());
    }
    if !leaf.extended_key_usage().is_some_and(|purposes| purposes.contains(&oid::SERVER_AUTH)) {
        return refuse("it is not for Server Authentication".to_owned());
    }
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "certificates live in files, which may be replaced at any time")]
fn read_certificates(path: &Path) -> Result<Vec<Certificate>, ServiceError> {
    let octets = std::fs::read(path).map_err(|cause| ServiceError::file(path, cause))?;
    let found = Certificate::parse_any(&octets);
    if found.is_empty() {
        return Err(ServiceError::Credential(format!("{}: there is no certificate in it", path.display())));
    }
    Ok(found)
}
