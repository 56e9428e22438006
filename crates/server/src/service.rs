use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;
use pki::Time;
use ra::challenge::Pepper;
use ra::sealed::SealingKey;
use scep::caps::{Caps, NextCa};
use scep::http::Operation;

use tokio::sync::{Notify, Semaphore};

use crate::admission::Admission;
use crate::config::{Config, ConfigError, Endpoint};
use crate::credential::Credentials;
use crate::registration::{self, PolicyModule};
use crate::store::{Store, StoreError};
use crate::{Code, enrol, key_file};

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
    /// What challenges are hashed and sealed with.
    pub secrets: Secrets,
    /// The policy modules by the names of their endpoints.
    pub modules: BTreeMap<String, Arc<dyn PolicyModule>>,
    /// How many questions each policy module may have under way, by the names of their endpoints.
    pub(crate) asking: BTreeMap<String, Semaphore>,
    /// Something has been queued for a policy module.
    pub(crate) queued: Notify,
    pub(crate) admission: Admission,
    /// Room for bodies that are larger than messages are.
    pub(crate) large_bodies: Admission,
}

/// The secrets behind challenges.
pub struct Secrets {
    /// What challenges are hashed with.
    pub pepper: Pepper,
    /// What challenges are sealed with: the newest first.
    pub sealing: Vec<SealingKey>,
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
        let sealing = SealingKey::new(&*key_file::read_secret(folder, "keys/sealing-1.key")?)
            .ok_or_else(|| ServiceError::Credential("keys/sealing-1.key cannot be used".to_owned()))?;
        Ok(Secrets { pepper, sealing: vec![sealing] })
    }
}

impl Service {
    /// Opens the store and reads the credentials. Certificates that were decided before a crash but not signed are
    /// signed now.
    pub async fn open(config: Config) -> Result<Service, ServiceError> {
        let store = Store::open(&config.store, &config.node).await?;
        let credentials = Credentials::load(&store, &config.folder).await?;
        let secrets = Secrets::load(&config.folder)?;
        let admission = Admission::new(config.limits.waiting);
        let credentials = Arc::new(ArcSwap::from_pointee(credentials));
        let modules = registration::modules(&config, &credentials);
        // One that does not answer must not take all the room there is for requests.
        let room = || Semaphore::new((config.limits.waiting / 4).max(1));
        let asking = modules.keys().map(|endpoint| (endpoint.clone(), room())).collect();
        let queued = Notify::new();
        let large_bodies = Admission::new(LARGE_BODIES);
        let service = Service { config, store, credentials, secrets, modules, asking, queued, admission, large_bodies };
        crate::issue::resume(&service).await?;
        Ok(service)
    }

    /// Takes over credentials that another process has put into the store. The next reply uses them; if they cannot be
    /// read, those that are held stay.
    pub async fn take_over_credentials(&self) -> Result<(), ServiceError> {
        if let Some(credentials) = self.credentials.load_full().changed(&self.store, &self.config.folder).await? {
            self.credentials.store(std::sync::Arc::new(credentials));
            tracing::info!("other credentials were found in the store and are used from now on");
        }
        Ok(())
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
