use std::time::Duration;

use pki::Certificate;
use scep::ca_certs::{self, Authorities};
use scep::caps::{Capability, Caps};
use scep::client::Algorithms;
use scep::server::Legacy;

use crate::authority::Trust;
use crate::transport::Transport;
use crate::{ClientError, Pin, authority, world};

/// How to talk to a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// For each request, from connecting to the last octet.
    pub timeout: Duration,
    /// Octets of the longest answer.
    pub limit: usize,
    /// Which CA is meant, for servers with several (the `message` of GetCACert); empty for the only one.
    pub ca_identifier: String,
    /// The fingerprint a CA certificate must have.
    pub pin: Option<Pin>,
    /// CA certificates, each announced by the one before it (GetNextCACert): what [`crate::Folder::succession`] holds.
    /// Those behind the one with the fingerprint are trusted like it while they are valid, so that the fingerprint need
    /// not change when the CA does.
    pub succession: Vec<Certificate>,
    /// Which old content encryption is read in replies.
    pub legacy: Legacy,
}

impl Default for Options {
    /// 30 seconds, 4 MiB, any CA, no successors, triple DES.
    fn default() -> Self {
        Options {
            timeout: Duration::from_secs(30),
            limit: 4 << 20,
            ca_identifier: String::new(),
            pin: None,
            succession: Vec::new(),
            legacy: Legacy::TripleDes,
        }
    }
}

/// A server that has said what it can do, and whose certificates lead to a CA.
pub struct Session {
    pub(crate) transport: Transport,
    pub(crate) options: Options,
    caps: Caps,
    authorities: Authorities,
}

impl Session {
    /// Asks GetCACaps and GetCACert and verifies the certificates (RFC 8894 §2.2). A server that does not know
    /// GetCACaps has no capability (§3.5.2).
    pub async fn open(address: &str, options: Options) -> Result<Session, ClientError> {
        let transport = Transport::new(address, options.timeout, options.limit)?;
        let message = escape(&options.ca_identifier);
        let caps = match transport.get("GetCACaps", &format!("operation=GetCACaps&message={message}")).await {
            Ok(body) => Caps::parse(&body),
            Err(ClientError::Status { .. }) => Caps::default(),
            Err(other) => return Err(other),
        };
        let body = transport.get("GetCACert", &format!("operation=GetCACert&message={message}")).await?;
        let certificates = ca_certs::read(&body)?;
        let mut authorities =
            Authorities::choose(&certificates).ok_or(ClientError::CaCerts(ca_certs::CaCertsFlaw::Empty))?;
        let trust = Trust { pin: options.pin.as_ref(), succession: &options.succession, now: world::now() };
        authority::verify(&mut authorities, &trust)?;
        Ok(Session { transport, options, caps, authorities })
    }

    /// What the server says it can do.
    #[must_use]
    pub fn caps(&self) -> &Caps {
        &self.caps
    }

    /// The server's certificates.
    #[must_use]
    pub fn authorities(&self) -> &Authorities {
        &self.authorities
    }

    /// The algorithms of messages to this server.
    #[must_use]
    pub fn algorithms(&self) -> Algorithms {
        Algorithms::by(&self.caps)
    }

    /// The certificates of the next CA, signed by the current one (GetNextCACert, RFC 8894 §4.7). Nobody else's
    /// signature counts, whatever other CA the server shows.
    pub async fn next_ca(&self) -> Result<Vec<Certificate>, ClientError> {
        if !self.caps.lists(Capability::GetNextCaCert) {
            return Err(ClientError::NotOffered("GetNextCACert"));
        }
        let message = escape(&self.options.ca_identifier);
        let body = self.transport.get("GetNextCACert", &format!("operation=GetNextCACert&message={message}")).await?;
        Ok(ca_certs::read_next(&body, std::slice::from_ref(&self.authorities.issuer))?)
    }
}

/// Percent escapes for everything but letters, digits and `-._~` (RFC 3986 §2.3).
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~".contains(&octet) {
            out.push(char::from(octet));
        } else {
            out.push_str(&format!("%{octet:02X}"));
        }
    }
    out
}
