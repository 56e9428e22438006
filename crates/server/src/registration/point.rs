//! The registration point: its certificate, whom it trusts, what it seals with, what it remembers.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use pki::key::{PrivateKey, Sign};
use pki::{Certificate, Time, oid};
use ra::sealed::SealingKey;

use super::certificate::{Expected, Standing};
use super::fault::{Fault, FaultFound};
use super::list::List;
use super::tls;
use crate::config::{Config, Limits, OwnCertificate, RegistrationPoint};
use crate::credential::{Inventory, Role, Stamp};
use crate::store::Store;
use crate::{ServiceError, key_file, world};

/// A registration point.
pub struct Point {
    pub(super) config: RegistrationPoint,
    pub(super) limits: Limits,
    pub(super) store: Store,
    folder: std::path::PathBuf,
    trusted: ArcSwap<Trusted>,
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
        let point = Point {
            config: own,
            limits: config.limits,
            store,
            folder: config.folder.clone(),
            trusted: ArcSwap::from_pointee(trusted),
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
        if found.chain != held.chain || found.issuers != held.issuers || found.stamp != held.stamp {
            self.trusted.store(Arc::new(found));
        }
        if let Some(list) = &self.list {
            list.refresh(&self.trusted.load().issuers, now).await;
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
        let trusted = self.trusted.load_full();
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
            (chain, key_file::read(folder, &key.to_string_lossy())?)
        }
        OwnCertificate::Credential => from_store(&inventory, &authorities)?,
    };
    let sealing = inventory.sealing_keys(folder)?;
    let stamp = inventory.stamp();
    if let Some(held) = held.filter(|held| held.chain == chain) {
        return Ok(Trusted { chain, tls: Arc::clone(&held.tls), issuers, sealing, stamp });
    }
    fits(&chain, &key)?;
    let config = tls::server(&chain, &key).map_err(|e| ServiceError::Credential(e.to_string()))?;
    Ok(Trusted { chain, tls: Arc::new(config), issuers, sealing, stamp })
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
