//! The configuration as it is written: one TOML file, unknown keys refused, every key with a default that is safe.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;

use super::Span;

/// The whole file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Written {
    pub(super) service: Service,
    #[serde(default)]
    pub(super) ca: Ca,
    #[serde(default)]
    pub(super) canary: Canary,
    pub(super) admin: Option<Admin>,
    #[serde(default)]
    pub(super) limits: Limits,
    #[serde(rename = "registration-point")]
    pub(super) registration_point: Option<RegistrationPoint>,
    #[serde(default)]
    pub(super) credential: BTreeMap<String, Credential>,
    #[serde(default)]
    pub(super) profile: BTreeMap<String, Profile>,
    #[serde(default)]
    pub(super) endpoint: BTreeMap<String, Endpoint>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    #[serde(default = "default_listen")]
    pub(super) listen: SocketAddr,
    pub(super) public_url: Option<String>,
    #[serde(default = "default_store")]
    pub(super) store: String,
    #[serde(default = "default_node")]
    pub(super) node: String,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8080))
}

fn default_store() -> String {
    "sqlite:perennial.db".to_owned()
}

fn default_node() -> String {
    "a".to_owned()
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Ca {
    pub(super) crl_validity: Span,
    pub(super) crl_overlap: Span,
}

impl Default for Ca {
    fn default() -> Ca {
        Ca { crl_validity: Span(7 * 86_400), crl_overlap: Span(3 * 86_400) }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Canary {
    pub(super) run: OnOff,
    pub(super) interval: Span,
}

impl Default for Canary {
    fn default() -> Canary {
        Canary { run: OnOff::On, interval: Span(3600) }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Admin {
    pub(super) user: String,
    pub(super) password_hash: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Limits {
    pub(super) connections: usize,
    pub(super) header_timeout: Span,
    pub(super) request_timeout: Span,
    pub(super) waiting: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { connections: 1024, header_timeout: Span(10), request_timeout: Span(30), waiting: 256 }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Profile {
    pub(super) validity: Span,
    pub(super) backdate: Span,
    pub(super) subject: Option<String>,
    pub(super) names: Vec<String>,
    pub(super) key_usage: Vec<String>,
    pub(super) key_usage_from_request: OnOff,
    pub(super) extended_key_usage: Vec<String>,
    pub(super) keys: Vec<String>,
    pub(super) rsa_bits: (usize, usize),
    pub(super) template: Option<Template>,
    pub(super) sid: Vec<String>,
    pub(super) outlive: Outlive,
}

impl Default for Profile {
    fn default() -> Profile {
        let list = |words: &[&str]| words.iter().map(|w| (*w).to_owned()).collect();
        Profile {
            validity: Span(365 * 86_400),
            backdate: Span(86_400),
            subject: None,
            names: list(&["dns", "email", "ip", "uri", "upn"]),
            key_usage: list(&["digitalSignature", "keyEncipherment"]),
            key_usage_from_request: OnOff::On,
            extended_key_usage: list(&["client-auth"]),
            keys: list(&["rsa", "p-256", "p-384"]),
            rsa_bits: (2048, 4096),
            template: None,
            sid: Vec::new(),
            outlive: Outlive::Shorten,
        }
    }
}

#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnOff {
    On,
    Off,
}

#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outlive {
    Shorten,
    Refuse,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Credential {
    pub(super) validity: Option<Span>,
    pub(super) renew: OnOff,
    pub(super) file: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) thumbprint: Option<String>,
    pub(super) trusted_by: Option<PathBuf>,
}

impl Default for Credential {
    fn default() -> Credential {
        Credential { validity: None, renew: OnOff::On, file: None, key: None, thumbprint: None, trusted_by: None }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Template {
    pub(super) name: Option<String>,
    pub(super) oid: Option<String>,
    #[serde(default)]
    pub(super) major: u32,
    #[serde(default)]
    pub(super) minor: u32,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Endpoint {
    pub(super) ndes: OnOff,
    pub(super) profile: String,
    pub(super) challenges: Vec<String>,
    pub(super) static_challenge_hash: Option<String>,
    pub(super) challenge_validity: Span,
    pub(super) approval: Approval,
    pub(super) module: Option<Module>,
    pub(super) legacy: Legacy,
    pub(super) sha1: OnOff,
    pub(super) renewal: Renewal,
    pub(super) reply: Reply,
}

impl Default for Endpoint {
    fn default() -> Endpoint {
        Endpoint {
            ndes: OnOff::Off,
            profile: "device".to_owned(),
            challenges: vec!["one-time".to_owned()],
            static_challenge_hash: None,
            challenge_validity: Span(3600),
            approval: Approval::Never,
            module: None,
            legacy: Legacy::Refuse,
            sha1: OnOff::On,
            renewal: Renewal::default(),
            reply: Reply::default(),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegistrationPoint {
    pub(super) listen: SocketAddr,
    pub(super) client_name: String,
    #[serde(default = "default_challenge_validity")]
    pub(super) challenge_validity: Span,
    pub(super) certificate: Option<PathBuf>,
    pub(super) key: Option<PathBuf>,
    pub(super) client_issuer: Option<PathBuf>,
    pub(super) client_crl: Option<String>,
}

fn default_challenge_validity() -> Span {
    Span(3600)
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Module {
    pub(super) kind: String,
    pub(super) url: Option<String>,
    pub(super) trust: Option<PathBuf>,
    pub(super) secret_file: Option<PathBuf>,
    pub(super) program: Option<PathBuf>,
    #[serde(default)]
    pub(super) arguments: Vec<String>,
    #[serde(default = "default_timeout")]
    pub(super) timeout: Span,
}

fn default_timeout() -> Span {
    Span(10)
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Approval {
    Never,
    WithoutChallenge,
    Always,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Legacy {
    Refuse,
    TripleDes,
    SingleDes,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Renewal {
    pub(super) profiles: Option<Vec<String>>,
    pub(super) window: Option<Span>,
    pub(super) grace: Span,
    pub(super) key_reuse: OnOff,
}

impl Default for Renewal {
    fn default() -> Renewal {
        Renewal { profiles: None, window: None, grace: Span(0), key_reuse: OnOff::On }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Reply {
    pub(super) failure_text: OnOff,
    pub(super) empty_content: EmptyContent,
    pub(super) ca_certificate: OnOff,
}

impl Default for Reply {
    fn default() -> Reply {
        Reply { failure_text: OnOff::On, empty_content: EmptyContent::ZeroOctets, ca_certificate: OnOff::On }
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum EmptyContent {
    ZeroOctets,
    Absent,
}
