use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ra::ChallengeKind;

use super::check::Flaws;
use super::written;
use crate::registration::{Place, stays_here};

/// A registration point.
#[derive(Debug, Clone)]
pub struct RegistrationPoint {
    /// Where it listens, with TLS.
    pub listen: SocketAddr,
    /// The name a policy module's certificate must have: the common name of its subject, a DNS name or a URI.
    pub client_name: String,
    /// How long a challenge is good if who asks for it does not say, in seconds.
    pub challenge_validity: i64,
    /// Its own certificate.
    pub certificate: OwnCertificate,
    /// A file with the certificates of the issuer of policy modules; nothing: the issuing CAs of the store.
    pub client_issuer: Option<PathBuf>,
    /// Where that issuer's revocation list is; nothing: only what the store knows is revoked.
    pub(crate) client_crl: Option<Place>,
}

impl RegistrationPoint {
    /// Whether the issuer's revocation list is fetched.
    #[must_use]
    pub fn has_client_crl(&self) -> bool {
        self.client_crl.is_some()
    }
}

/// Where a registration point's own certificate is.
#[derive(Debug, Clone)]
pub enum OwnCertificate {
    /// In the store: whichever `tls-server` is current.
    Credential,
    /// In files, which may be replaced at any time.
    Files {
        /// The certificate, then its issuers, PEM.
        certificate: PathBuf,
        /// Its key.
        key: PathBuf,
    },
}

/// A policy module.
#[derive(Debug, Clone)]
pub struct Module {
    /// Which kind, and where.
    pub kind: ModuleKind,
    /// For a whole answer to arrive.
    pub timeout: Duration,
}

/// Which kind a policy module is.
#[derive(Debug, Clone)]
pub enum ModuleKind {
    /// A registration point, asked over mutual TLS.
    RegistrationPoint {
        /// Its address, without a slash at the end.
        url: String,
        /// A file with the certificates its own must lead to; nothing: the root of this service.
        trust: Option<PathBuf>,
    },
    /// A web service, asked with signed requests.
    Webhook {
        /// Its address, without a slash at the end.
        url: String,
        /// A file with the certificates its own must lead to; nothing: the root of this service.
        trust: Option<PathBuf>,
        /// The file with the secret: 32 octets in hexadecimal.
        secret: PathBuf,
    },
    /// A program.
    Command {
        /// The program.
        program: PathBuf,
        /// What stands behind its name.
        arguments: Vec<String>,
    },
}

pub(super) fn point(written: &written::RegistrationPoint, flaws: &mut Flaws) -> Option<RegistrationPoint> {
    let before = flaws.count();
    if written.client_name.trim().is_empty() {
        flaws.add("registration-point.client_name", "is empty; any certificate of the issuer would do");
    }
    if written.challenge_validity.0 <= 0 {
        flaws.add("registration-point.challenge_validity", "must be more than nothing");
    }
    let certificate = match (&written.certificate, &written.key) {
        (None, None) => OwnCertificate::Credential,
        (Some(certificate), Some(key)) => OwnCertificate::Files { certificate: certificate.clone(), key: key.clone() },
        _ => {
            flaws.add("registration-point.certificate", "and `key` are stated together or not at all");
            OwnCertificate::Credential
        }
    };
    let client_crl = written.client_crl.as_deref().and_then(|text| place(text, flaws));
    (flaws.count() == before).then(|| RegistrationPoint {
        listen: written.listen,
        client_name: written.client_name.clone(),
        challenge_validity: written.challenge_validity.0,
        certificate,
        client_issuer: written.client_issuer.clone(),
        client_crl,
    })
}

fn place(text: &str, flaws: &mut Flaws) -> Option<Place> {
    if !text.contains("://") {
        return Some(Place::File(PathBuf::from(text)));
    }
    match text.parse::<http::Uri>() {
        Ok(uri) if uri.scheme_str() == Some("http") && uri.host().is_some() => Some(Place::Http(uri)),
        _ => {
            flaws.add("registration-point.client_crl", format!("{text} is neither a file nor an http:// address"));
            None
        }
    }
}

pub(super) fn module(
    written: Option<&written::Module>,
    challenges: &[ChallengeKind],
    key: &str,
    flaws: &mut Flaws,
) -> Option<Module> {
    let wanted = challenges.contains(&ChallengeKind::Module);
    let written = match (written, wanted) {
        (Some(written), true) => written,
        (None, false) => return None,
        (None, true) => {
            flaws.add(key, "is missing, though `module` is among the challenges");
            return None;
        }
        (Some(_), false) => {
            flaws.add(key, "is there, though `module` is not among the challenges");
            return None;
        }
    };
    let seconds = u64::try_from(written.timeout.0).ok().filter(|s| (1..=120).contains(s));
    if seconds.is_none() {
        flaws.add(&format!("{key}.timeout"), "must be from 1s to 120s; a device waits so long");
    }
    let kind = ModuleDraft { written, key, flaws }.kind()?;
    Some(Module { kind, timeout: Duration::from_secs(seconds?) })
}

struct ModuleDraft<'a> {
    written: &'a written::Module,
    key: &'a str,
    flaws: &'a mut Flaws,
}

impl ModuleDraft<'_> {
    fn kind(&mut self) -> Option<ModuleKind> {
        let w = self.written;
        match w.kind.as_str() {
            "registration-point" => {
                self.none_of(&[("secret_file", w.secret_file.is_some()), ("program", w.program.is_some())]);
                self.none_of(&[("arguments", !w.arguments.is_empty())]);
                let url = self.url(OnlyTls::Yes)?;
                Some(ModuleKind::RegistrationPoint { url, trust: w.trust.clone() })
            }
            "webhook" => {
                self.none_of(&[("program", w.program.is_some()), ("arguments", !w.arguments.is_empty())]);
                let url = self.url(OnlyTls::ButHere);
                let secret = self.needed("secret_file", w.secret_file.as_ref());
                Some(ModuleKind::Webhook { url: url?, trust: w.trust.clone(), secret: secret? })
            }
            "command" => {
                self.none_of(&[("url", w.url.is_some()), ("trust", w.trust.is_some())]);
                self.none_of(&[("secret_file", w.secret_file.is_some())]);
                let program = self.needed("program", w.program.as_ref())?;
                Some(ModuleKind::Command { program, arguments: w.arguments.clone() })
            }
            other => {
                let says = format!("`{other}` is no kind of module; there are registration-point, webhook, command");
                self.flaw("kind", says);
                None
            }
        }
    }

    fn flaw(&mut self, of: &str, what: impl std::fmt::Display) {
        self.flaws.add(&format!("{}.{of}", self.key), what);
    }

    fn none_of(&mut self, keys: &[(&str, bool)]) {
        for (of, _) in keys.iter().filter(|(_, stated)| *stated) {
            self.flaw(of, format!("means nothing for a {}", self.written.kind));
        }
    }

    fn needed<T: Clone>(&mut self, of: &str, value: Option<&T>) -> Option<T> {
        if value.is_none() {
            self.flaw(of, format!("is missing; a {} needs it", self.written.kind));
        }
        value.cloned()
    }

    fn url(&mut self, tls: OnlyTls) -> Option<String> {
        let text = self.needed("url", self.written.url.as_ref())?;
        let uri = text.parse::<http::Uri>().ok().filter(|uri| uri.host().is_some() && uri.query().is_none());
        let good = uri.is_some_and(|uri| match (uri.scheme_str(), tls) {
            (Some("https"), _) => true,
            (Some("http"), OnlyTls::ButHere) => stays_here(&uri),
            _ => false,
        });
        if !good {
            self.flaw("url", format!("{text} is no https:// address; a webhook may have http:// on this machine"));
        }
        good.then(|| text.trim_end_matches('/').to_owned())
    }
}

/// Whether an address must be one of TLS.
#[derive(Debug, Clone, Copy)]
enum OnlyTls {
    /// It must.
    Yes,
    /// Only if it leads to another machine.
    ButHere,
}
