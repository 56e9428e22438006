use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use arc_swap::ArcSwap;
use pki::Time;
use ra::challenge::Pepper;
use scep::caps::{Caps, NextCa};
use scep::http::Operation;

use tokio::sync::{Notify, Semaphore};

use crate::admission::Admission;
use crate::canary::Lasts;
use crate::config::{Config, ConfigError, Endpoint};
use crate::credential::state::State;
use crate::credential::{self, Credentials, Inventory};
use crate::event::Events;
use crate::registration::{self, PolicyModule};
use crate::signer::Signers;
use crate::store::{Actor, Store, StoreError};
use crate::{Code, enrol, key_file, world};

/// How many bodies larger than messages are may be in memory at once: 64 MiB of them.
const LARGE_BODIES: usize = 32;

/// A running service: one configuration, one store, one set of credentials that is swapped as a whole.
pub struct Service {
    /// The configuration.
    pub config: Config,
    /// The store.
    pub store: Store,
    /// The service credentials.
    pub credentials: Arc<ArcSwap<Credentials>>,
    /// What challenges are hashed with.
    pub secrets: Secrets,
    /// What is not as it should be with the credentials.
    pub state: State,
    /// What came of the last canaries.
    pub canaries: Lasts,
    /// The policy modules by the names of their endpoints.
    pub modules: BTreeMap<String, Arc<dyn PolicyModule>>,
    /// How many questions each policy module may have under way, by the names of their endpoints.
    pub(crate) asking: BTreeMap<String, Semaphore>,
    /// Something has been queued for a policy module.
    pub(crate) queued: Notify,
    /// Until when this node has said that it renews the credentials, in seconds since 1970.
    pub(crate) acts_until: AtomicI64,
    /// Keys made beforehand.
    pub(crate) spare: credential::Spare,
    /// Where refusals of certificates are kept.
    pub(crate) events: Events,
    /// Whom the signer of a renewal must lead to.
    pub(crate) signers: Signers,
    pub(crate) admission: Admission,
    /// Room for bodies that are larger than messages are.
    pub(crate) large_bodies: Admission,
}

/// The secrets behind challenges.
pub struct Secrets {
    /// What challenges are hashed with.
    pub pepper: Pepper,
}

/// Why the service cannot do something; whoever runs it must act.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The configuration.
    #[error("configuration: {0}")]
    Config(#[from] ConfigError),
    /// The store.
    #[error("store: {0}")]
    Store(#[from] StoreError),
    /// A certificate or key of the service itself.
    #[error("credentials: {0}")]
    Credential(String),
    /// A file.
    #[error("{path}: {cause}")]
    File {
        /// The file.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// A certificate of the CA could not be made.
    #[error("certificate: {0}")]
    Issue(String),
    /// What was asked for does not exist, or is not in a state for it.
    #[error("{0}")]
    Refused(String),
}

impl ServiceError {
    pub(crate) fn file(path: &Path, cause: std::io::Error) -> ServiceError {
        ServiceError::File { path: path.display().to_string(), cause }
    }
}

/// What goes back over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// 200 with a body.
    Body {
        /// The Content-Type.
        content_type: &'static str,
        /// The octets.
        octets: Vec<u8>,
    },
    /// An error that no SCEP message can say: the status and a stable code.
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code.
        code: &'static str,
    },
    /// 503: try again soon.
    Busy,
}

impl Secrets {
    /// Reads them from the folder of the node.
    pub fn load(folder: &Path) -> Result<Secrets, ServiceError> {
        let pepper = Pepper::new(*key_file::read_secret(folder, "keys/pepper.key")?);
        Ok(Secrets { pepper })
    }
}

impl Service {
    /// Opens the store and reads the credentials. Certificates that were decided before a crash but not signed are
    /// signed now; credentials that ended while nobody looked are renewed.
    pub async fn open(config: Config) -> Result<Service, ServiceError> {
        Service::open_at(config, world::now()).await
    }

    /// The same at a stated moment.
    pub async fn open_at(config: Config, now: Time) -> Result<Service, ServiceError> {
        let store = Store::open(&config.store, &config.node).await?;
        let inventory = Inventory::read(&store, &config.folder).await?;
        let credentials = inventory.credentials(&config.folder)?;
        let secrets = Secrets::load(&config.folder)?;
        let admission = Admission::new(config.limits.waiting);
        let credentials = Arc::new(ArcSwap::from_pointee(credentials));
        let events = Events::new(&store);
        let modules = registration::modules(&config, &credentials, &events);
        // One that does not answer must not take all the room there is for requests.
        let room = || Semaphore::new((config.limits.waiting / 4).max(1));
        let asking = modules.keys().map(|endpoint| (endpoint.clone(), room())).collect();
        let service = Service {
            config,
            store,
            credentials,
            secrets,
            state: State::default(),
            canaries: Lasts::default(),
            modules,
            asking,
            queued: Notify::new(),
            acts_until: AtomicI64::new(i64::MIN),
            spare: credential::Spare::default(),
            events,
            signers: Signers::default(),
            admission,
            large_bodies: Admission::new(LARGE_BODIES),
        };
        crate::issue::resume(&service, now).await?;
        credential::round(&service, now).await?;
        Ok(service)
    }

    /// This node, as the one who acts.
    pub(crate) fn actor(&self) -> Actor {
        Actor { name: format!("node {}", self.config.node), source: "task".to_owned() }
    }

    /// Answers one operation of SCEP.
    pub async fn answer(&self, endpoint: &Endpoint, operation: Operation, source: IpAddr, now: Time) -> Answer {
        match operation {
            Operation::GetCaCaps => {
                let next = if self.credentials.load().next.is_some() { NextCa::Prepared } else { NextCa::None };
                let octets = Caps::of(&endpoint.accept, next).to_text().into_bytes();
                Answer::Body { content_type: "text/plain", octets }
            }
            Operation::GetCaCert => {
                let body = &self.credentials.load().ca_body;
                Answer::Body { content_type: body.content_type, octets: body.octets.clone() }
            }
            Operation::GetNextCaCert => match self.credentials.load().next_body(now) {
                Some(body) => Answer::Body { content_type: body.content_type, octets: body.octets },
                None => Answer::Refused { status: 404, code: Code::NoNextCa.text() },
            },
            Operation::PkiOperation(message) => enrol::enrol(self, endpoint, message, source, now).await,
        }
    }
}
