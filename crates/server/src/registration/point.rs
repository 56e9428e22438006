//! The registration point: its certificate, whom it trusts, what it seals with, what it remembers.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::ArcSwap;
use pki::key::{PrivateKey, Sign};
use pki::{Certificate, Crl, Time, oid};
use ra::sealed::SealingKey;
use tokio::sync::Mutex;

use super::certificate::{Expected, Judged};
use super::fault::Fault;
use super::list::{EVERY, List, waits};
use super::{files, tls};
use crate::config::{Config, Limits, OwnCertificate, RegistrationPoint};
use crate::credential::{Inventory, Role};
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
    own: ArcSwap<Own>,
    clients: ArcSwap<Clients>,
    /// One refresh at a time: what an earlier one read must not take the place of what a later one did.
    refreshing: Mutex<()>,
    /// When an unknown issuer was last looked for.
    looked: AtomicI64,
    list: Option<List>,
    /// When the store's own lists are read again. What it knows of a revocation counts at once.
    next_look: AtomicI64,
}

/// What the registration point shows and seals with, as one value.
struct Own {
    /// The certificate this rests on, with its issuers; to know whether there is another.
    chain: Vec<Certificate>,
    tls: Arc<rustls::ServerConfig>,
    /// What challenges are sealed with: the current secret first.
    sealing: Arc<Vec<SealingKey>>,
}

/// The CAs of clients.
#[derive(Clone, PartialEq)]
struct Authorities {
    issuers: Vec<Certificate>,
    /// Roots that are known, above those.
    roots: Vec<Certificate>,
}

/// Whom clients must lead to, as one value.
struct Clients {
    authorities: Authorities,
    trust: Trust,
}

impl Clients {
    fn new(authorities: Authorities, lists: &[Crl]) -> Clients {
        let trust = Trust::in_issuers(&authorities.issuers, &authorities.roots, lists);
        Clients { authorities, trust }
    }

    fn is_of(&self, authorities: &Authorities, lists: &[Crl]) -> bool {
        self.trust.is_of(&authorities.issuers, &authorities.roots, lists)
    }
}

/// What is there now.
struct Found {
    own: Own,
    authorities: Authorities,
    /// Why a part of it is what there was before.
    refused: Vec<String>,
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
        let found = found(&own, &config.folder, &store, None, world::now()).await?;
        let list = own.client_crl.as_ref().map(|place| List::new(place, &config.folder));
        let point = Point {
            config: own,
            limits: config.limits,
            events: Events::new(&store),
            store,
            folder: config.folder.clone(),
            own: ArcSwap::from_pointee(found.own),
            clients: ArcSwap::from_pointee(Clients::new(found.authorities, &[])),
            refreshing: Mutex::const_new(()),
            looked: AtomicI64::new(i64::MIN),
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

    /// The certificate that is shown to whoever connects next, with its issuers.
    #[must_use]
    pub fn shown(&self) -> Vec<Certificate> {
        self.own.load().chain.clone()
    }

    /// Takes over what has been replaced: its own certificate, the issuers of clients, the secrets, the revocation list
    /// of clients. The next connection uses it; those that are open go on.
    ///
    /// # Errors
    /// A part of what is there now is no good; of that part the old serves on.
    pub async fn refresh(&self, now: Time) -> Result<(), ServiceError> {
        let _one = self.refreshing.lock().await;
        let (own, clients) = (self.own.load_full(), self.clients.load_full());
        let held = Some((&*own, &clients.authorities));
        let found = found(&self.config, &self.folder, &self.store, held, now).await?;
        if found.own.chain != own.chain {
            let leaf = found.own.chain.first().map(Certificate::thumbprint).unwrap_or_default();
            tracing::info!(thumbprint = leaf, "the registration point has another certificate");
        }
        self.own.store(Arc::new(found.own));
        self.refresh_clients(&clients, found.authorities, now).await?;
        if found.refused.is_empty() { Ok(()) } else { Err(ServiceError::Refused(found.refused.join("; "))) }
    }

    /// Whom clients must lead to, with what is known of revocation. Whatever ends this early, the next one starts from
    /// what is held still, and makes up for it.
    async fn refresh_clients(&self, held: &Clients, authorities: Authorities, now: Time) -> Result<(), ServiceError> {
        match &self.list {
            Some(list) => {
                list.refresh(&authorities.issuers, now).await;
                let fetched = list.held();
                self.take_over(held, authorities, fetched.as_deref().map_or(&[], std::slice::from_ref));
            }
            None => {
                if held.authorities == authorities && waits(self.next_look.load(Ordering::Relaxed), now) {
                    return Ok(());
                }
                let all = authorities.issuers.iter().chain(&authorities.roots);
                let lists = trust::lists(&self.store, all).await?;
                self.next_look.store(now.plus(EVERY).seconds(), Ordering::Relaxed);
                self.take_over(held, authorities, &lists);
            }
        }
        Ok(())
    }

    /// Known signatures are forgotten with what is replaced, so nothing is without need.
    fn take_over(&self, held: &Clients, authorities: Authorities, lists: &[Crl]) {
        if held.is_of(&authorities, lists) {
            return;
        }
        if held.authorities.issuers != authorities.issuers {
            tracing::info!(count = authorities.issuers.len(), "the issuers of clients have changed");
        }
        self.clients.store(Arc::new(Clients::new(authorities, lists)));
    }

    /// Looks once more who issues to clients, if it is not this second that it was last done: a CA that has just taken
    /// over may have signed a certificate before the next round sees it.
    async fn looks_again(&self, now: Time) {
        if self.looked.swap(now.seconds(), Ordering::Relaxed) != now.seconds()
            && let Err(error) = self.refresh(now).await
        {
            tracing::debug!(%error, "what was there before serves on");
        }
    }

    /// What challenges are sealed with at this moment.
    pub(super) fn with_sealing<T>(&self, work: impl FnOnce(&[SealingKey]) -> T) -> T {
        work(&self.own.load().sealing)
    }

    /// TLS, as it is at this moment.
    pub(super) fn tls(&self) -> Arc<rustls::ServerConfig> {
        Arc::clone(&self.own.load().tls)
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
        let clients = self.clients.load_full();
        let judgement = self.expected(&clients).chain(certificate, now);
        let (clients, judgement) = match self.expected(&clients).issuer_of(&judgement) {
            Some(_) => (clients, judgement),
            None => {
                self.looks_again(now).await;
                let clients = self.clients.load_full();
                let judgement = self.expected(&clients).chain(certificate, now);
                (clients, judgement)
            }
        };
        let expected = self.expected(&clients);
        let revoked = match expected.issuer_of(&judgement) {
            Some(issuer) => self.store.certificate_by(&issuer.fingerprint(), certificate.serial()).await?,
            // Of a certificate of somebody else nothing is known here.
            None => None,
        };
        Ok(expected.judged(judgement, revoked.and_then(|row| row.revoked)))
    }

    fn expected<'a>(&'a self, clients: &'a Clients) -> Expected<'a> {
        let lists = if self.list.is_some() { Lists::Needed } else { Lists::IfCurrent };
        Expected { trust: &clients.trust, issuers: &clients.authorities.issuers, name: &self.config.client_name, lists }
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
async fn found(
    own: &RegistrationPoint,
    folder: &Path,
    store: &Store,
    held: Option<(&Own, &Authorities)>,
    now: Time,
) -> Result<Found, ServiceError> {
    let inventory = Inventory::read(store, folder).await?;
    let authorities: Vec<Certificate> = inventory.of(Role::IssuingCa).filter_map(|h| h.certificate.clone()).collect();
    let (before, clients) = held.unzip();
    let mut refused = Vec::new();
    let issuers = client_issuers(own, folder, &authorities);
    let issuers = or_before(issuers, clients.map(|c| c.issuers.clone()), &mut refused)?;
    let shown = shown(own, folder, &inventory, &authorities, before, now);
    let (chain, tls) = or_before(shown, before.map(|h| (h.chain.clone(), Arc::clone(&h.tls))), &mut refused)?;
    let sealing = inventory.sealing_keys(folder).map(Arc::new);
    let sealing = or_before(sealing, before.map(|h| Arc::clone(&h.sealing)), &mut refused)?;
    // In a file of issuers there may be roots too.
    let known = inventory.of(Role::Root).filter_map(|h| h.certificate.clone());
    let roots = known.chain(issuers.iter().filter(|c| c.is_self_signed()).cloned()).collect();
    let authorities = Authorities { issuers, roots };
    Ok(Found { own: Own { chain, tls, sealing }, authorities, refused })
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
    held: Option<&Own>,
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

#[cfg(test)]
mod tests;
