//! The configuration: as it is written and as it is checked are two types, so that nothing unchecked is ever used.

mod check;
mod credential;
mod profile;
mod registration;
mod span;
mod written;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ra::{ChallengeKey, Policy};
use scep::server::{Accept, Shape};

use crate::credential::Role;
use crate::credential::plan::Plan;
pub use registration::{Module, ModuleKind, OwnCertificate, RegistrationPoint};

pub use span::{NotASpan, Span};

/// A checked configuration.
#[derive(Debug, Clone)]
pub struct Config {
    /// The folder the file is in; relative paths start here.
    pub folder: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How the outside reaches the service, without a slash at the end: where certificates say that the CRL is.
    pub public_url: String,
    /// The store: `sqlite:PATH` or `postgres://…`.
    pub store: String,
    /// The name of this node: several may share a store.
    pub node: String,
    /// For how long a CRL is valid, in seconds.
    pub crl_validity: i64,
    /// How long before its end the next one is made, in seconds.
    pub crl_overlap: i64,
    /// Whether it is the service that devices reach; a file never says otherwise.
    pub lives: Lives,
    /// How often a canary tries every endpoint, in seconds; nothing: never.
    pub canary: Option<i64>,
    /// Who may use the challenge page and the interface for operators; nobody without it.
    pub admin: Option<Admin>,
    /// Limits on clients.
    pub limits: Limits,
    /// The registration point, if this configuration has one.
    pub registration_point: Option<RegistrationPoint>,
    /// What is said of service credentials; of a role that is not here the defaults hold.
    pub credentials: BTreeMap<Role, Plan>,
    /// The profiles by name.
    pub profiles: BTreeMap<String, ca::Profile>,
    /// The endpoints by name.
    pub endpoints: BTreeMap<String, Endpoint>,
}

/// Whether a service is the one that devices reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lives {
    /// It is, by the clock on the wall.
    Now,
    /// It is simulated, on a clock that is moved by hand and may be wrong: nobody outside hears of it.
    Simulated,
    /// It is a copy of one, on a clock that leaps from one due date to the next and is right: nobody outside hears of it.
    Foreseen,
}

/// Who may use the challenge page.
#[derive(Debug, Clone)]
pub struct Admin {
    /// The user name.
    pub user: String,
    /// The keyed hash of the password.
    pub password: ChallengeKey,
}

/// Limits on clients.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Connections open at once; more wait to be accepted.
    pub connections: usize,
    /// For the request line and header to arrive.
    pub header_timeout: Duration,
    /// For the whole of a request to arrive.
    pub request_timeout: Duration,
    /// Requests that may wait for a free core; more are answered 503.
    pub waiting: usize,
}

/// One way in.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Its name: it answers at `/scep/NAME`.
    pub name: String,
    /// Whether it is the one that answers at `/scep` and at NDES's addresses.
    pub doors: Doors,
    /// What is allowed.
    pub policy: Policy,
    /// Keyed hashes of static challenges.
    pub statics: Vec<ChallengeKey>,
    /// How long a new challenge is good, in seconds.
    pub challenge_validity: i64,
    /// Who is asked about challenges that nobody here knows, and told what came of requests.
    pub module: Option<Module>,
    /// Which algorithms are taken.
    pub accept: Accept,
    /// What replies look like.
    pub shape: Shape,
    /// Whether a reply carries the CA's certificate beside the issued one.
    pub ca_in_reply: CaInReply,
}

/// Where an endpoint answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doors {
    /// At `/scep/NAME` only.
    Own,
    /// At `/scep` and at NDES's addresses too.
    Ndes,
}

/// Whether a reply carries the CA's certificate (Cisco's VPN wants it, Juniper's refuses it).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaInReply {
    /// It does.
    Sent,
    /// It does not.
    Omitted,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("{path}: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// It is no TOML, or has keys that are not known.
    #[error("{path}: {cause}")]
    Syntax {
        /// The file.
        path: String,
        /// Where and why, with the line drawn.
        cause: toml::de::Error,
    },
    /// Keys that say what cannot be.
    #[error("{path}:\n{}", .flaws.join("\n"))]
    Flaws {
        /// The file.
        path: String,
        /// Each key with what is wrong with it.
        flaws: Vec<String>,
    },
}

impl Config {
    /// Reads and checks a file; every flaw is reported, not only the first.
    #[expect(clippy::disallowed_methods, reason = "this is where the shell reads its configuration")]
    pub fn read(path: &Path) -> Result<Config, ConfigError> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|cause| ConfigError::Unreadable { path: name.clone(), cause })?;
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Config::parse(&text, &name, folder)
    }

    /// Checks the text of a configuration. `name` is for messages.
    pub fn parse(text: &str, name: &str, folder: &Path) -> Result<Config, ConfigError> {
        let written: written::Written =
            toml::from_str(text).map_err(|cause| ConfigError::Syntax { path: name.to_owned(), cause })?;
        check::check(&written, folder).map_err(|flaws| ConfigError::Flaws { path: name.to_owned(), flaws })
    }

    /// What holds for the credentials of a role.
    #[must_use]
    pub fn plan(&self, role: Role) -> Plan {
        self.credentials.get(&role).cloned().unwrap_or_else(|| Plan::default_of(role))
    }

    /// Whether other nodes may use the store too.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        !self.store.starts_with("sqlite:")
    }

    /// The address of the issuing CA's list, as certificates state it.
    #[must_use]
    pub fn crl_url(public_url: &str) -> String {
        format!("{public_url}/ca/issuing.crl")
    }
}
