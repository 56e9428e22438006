use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use ca::Profile;
use pki::Name;
use pki::Time;
use pki::extension::GeneralName;
use pki::key::{KeySpec, Sign};

use super::{CONFIG, Fresh, Wanted, actor, escape, row, secrets, service_certificate};
use crate::config::Config;
use crate::credential::{Role, plan};
use crate::store::{CertificateRecord, Commit, CommitError, ServiceRecord, Slot, Store};
use crate::{ServiceError, key_file};

/// The registration point a new service is to have.
#[derive(Debug, Clone)]
pub struct WantedPoint {
    /// Where it is to listen.
    pub listen: SocketAddr,
    /// How the service reaches it, as `https://host:port`; nothing: at `listen`.
    pub url: Option<String>,
    /// A folder of its own, to be taken to another host; nothing: it shares the service's folder and store.
    pub folder: Option<PathBuf>,
}

const CLIENT_KEY: &str = "keys/policy-module-client-1.key.pem";
const SERVER_KEY: &str = "keys/tls-server-1.key.pem";
/// Both sides know more than RSA, and a key on a curve is made and used in no time.
const KEY: KeySpec = KeySpec::P256;
/// Files of a registration point that has a folder of its own.
const SERVER_CERTIFICATE: &str = "tls/server.pem";
const CLIENT_ISSUER: &str = "trust/issuing-ca.pem";

impl WantedPoint {
    fn url(&self) -> Result<String, ServiceError> {
        if self.url.is_none() && self.listen.ip().is_unspecified() {
            let says =
                format!("the registration point listens on {} and needs an address to be reached at", self.listen);
            return Err(ServiceError::Refused(says));
        }
        let url = self.url.clone().unwrap_or_else(|| format!("https://{}", self.listen));
        let host = url.parse::<http::Uri>().ok().filter(|uri| uri.scheme_str() == Some("https")).and_then(host);
        if host.is_none() {
            return Err(ServiceError::Refused(format!("`{url}` is no https:// address")));
        }
        Ok(url.trim_end_matches('/').to_owned())
    }

    /// What stands in the configuration of the service.
    pub(super) fn written(&self, organisation: &str) -> Result<String, ServiceError> {
        let endpoint = format!(
            r#"
# Challenges for this endpoint are made and verified by the registration point:
# `perennial challenge new --at-registration-point --endpoint mdm`.
[endpoint.mdm]
profile = "device"
challenges = ["module"]

[endpoint.mdm.module]
kind = "registration-point"
url = "{url}"
timeout = "10s"
"#,
            url = self.url()?
        );
        let own = if self.folder.is_none() { self.section(organisation, "") } else { String::new() };
        Ok(format!("{endpoint}{own}"))
    }

    fn section(&self, organisation: &str, more: &str) -> String {
        format!(
            r#"
# `perennial serve --role registration-point` serves this alone.
[registration-point]
listen = "{listen}"
# Who may call: a client certificate of the issuing CA, for Client Authentication, with this name.
client_name = "{client}"
challenge_validity = "60m"
{more}"#,
            listen = self.listen,
            client = client_name(organisation),
        )
    }

    /// Makes both sides' certificates, and the folder of the registration point if it has one. Returns its
    /// configuration then.
    pub(super) async fn make(
        &self,
        wanted: &Wanted,
        config: &Config,
        issuing: &Fresh,
        now: Time,
    ) -> Result<Option<PathBuf>, ServiceError> {
        let store = Store::open(&config.store, &config.node).await?;
        let client = self.client(wanted, config, issuing, now)?;
        let server = self.server(wanted, config, issuing, now)?;
        for (role, fresh) in [(Role::PolicyModuleClient, &client), (Role::TlsServer, &server)] {
            record(&store, role, fresh, issuing, now).await?;
        }
        let folder = &config.folder;
        key_file::write_new(folder, CLIENT_KEY, client.key.to_pem().as_bytes())?;
        let credential = row(Role::PolicyModuleClient, Slot::Current, &client.certificate, CLIENT_KEY, now);
        store.credential_put(&credential, &actor(), now).await?;
        // Of a registration point on another host too: it is renewed here, and taken there.
        key_file::write_new(folder, SERVER_KEY, server.key.to_pem().as_bytes())?;
        let credential = row(Role::TlsServer, Slot::Current, &server.certificate, SERVER_KEY, now);
        store.credential_put(&credential, &actor(), now).await?;
        match &self.folder {
            Some(own) => self.folder(own, wanted, config, &server, issuing).map(Some),
            None => Ok(None),
        }
    }

    fn client(&self, wanted: &Wanted, config: &Config, issuing: &Fresh, now: Time) -> Result<Fresh, ServiceError> {
        let name = name(&client_name(&wanted.organisation), wanted)?;
        service_certificate(&profile(Role::PolicyModuleClient, config, issuing)?, name, Vec::new(), KEY, issuing, now)
    }

    fn server(&self, wanted: &Wanted, config: &Config, issuing: &Fresh, now: Time) -> Result<Fresh, ServiceError> {
        let url = self.url()?;
        let host = url.parse::<http::Uri>().ok().and_then(host).unwrap_or_default();
        let beside = match host.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => GeneralName::Ip(address.octets().to_vec()),
            Ok(IpAddr::V6(address)) => GeneralName::Ip(address.octets().to_vec()),
            Err(_) => GeneralName::Dns(host),
        };
        let name = name(&format!("{} Registration Point", wanted.organisation), wanted)?;
        service_certificate(&profile(Role::TlsServer, config, issuing)?, name, vec![beside], KEY, issuing, now)
    }

    /// Everything a registration point on another host needs, and no key of a CA or RA.
    fn folder(
        &self,
        own: &Path,
        wanted: &Wanted,
        config: &Config,
        server: &Fresh,
        issuing: &Fresh,
    ) -> Result<PathBuf, ServiceError> {
        for part in ["", key_file::KEYS, "tls", "trust"] {
            key_file::make_folder(&own.join(part))?;
        }
        secrets(own)?;
        key_file::write_new(own, SERVER_KEY, server.key.to_pem().as_bytes())?;
        let chain = format!("{}{}", server.certificate.to_pem(), issuing.certificate.to_pem());
        key_file::write_new(own, SERVER_CERTIFICATE, chain.as_bytes())?;
        key_file::write_new(own, CLIENT_ISSUER, issuing.certificate.to_pem().as_bytes())?;
        let more = format!(
            "certificate = \"{SERVER_CERTIFICATE}\"\nkey = \"{SERVER_KEY}\"\nclient_issuer = \"{CLIENT_ISSUER}\"\n\
             # Without this list a revoked client would not be refused.\nclient_crl = \"{}\"\n",
            Config::crl_url(&config.public_url)
        );
        let text = format!(
            "# Perennial: a registration point alone.\n\n[service]\nstore = \"sqlite:perennial.db\"\n{}",
            self.section(&wanted.organisation, &more)
        );
        Config::parse(&text, CONFIG, own)?;
        key_file::write_new(own, CONFIG, text.as_bytes())?;
        Ok(own.join(CONFIG))
    }
}

/// The host of an address, without the brackets of IPv6.
fn host(uri: http::Uri) -> Option<String> {
    uri.host().map(|host| host.trim_matches(['[', ']']).to_owned())
}

fn client_name(organisation: &str) -> String {
    format!("{organisation} Policy Module")
}

fn name(common: &str, wanted: &Wanted) -> Result<Name, ServiceError> {
    Name::parse(&format!("CN={},O={}", escape(common), escape(&wanted.organisation)))
        .map_err(|_| ServiceError::Refused(format!("`{}` makes no name", wanted.organisation)))
}

/// As its successors are made too: with the address of the CA's list, so that whoever checks can see whether it has been
/// revoked.
fn profile(role: Role, config: &Config, issuing: &Fresh) -> Result<Profile, ServiceError> {
    let profile = plan::profile(role, &config.plan(role))
        .ok_or_else(|| ServiceError::Refused(format!("{} has no profile", role.name())))?;
    Ok(crate::issue::addressed(&profile, &issuing.certificate, &config.public_url))
}

/// Puts a certificate of the service among those that can be listed and revoked.
async fn record(store: &Store, role: Role, fresh: &Fresh, issuing: &Fresh, now: Time) -> Result<(), ServiceError> {
    let (certificate, issuer) = (&fresh.certificate, issuing.certificate.fingerprint());
    let record = CertificateRecord {
        issuer,
        serial: certificate.serial().to_vec(),
        tbs: certificate.tbs().to_vec(),
        algorithm: issuing.key.preferred().to_der(),
        subject: certificate.subject().to_string(),
        validity: certificate.validity(),
        authority: "service credential".to_owned(),
        replaces: None,
    };
    let service = ServiceRecord { profile: role.name().to_owned(), certificate: record };
    let written = store.commit(Commit::Service(Box::new(service)), Vec::new(), now).await;
    written.map_err(|error| match error {
        CommitError::Store(error) => ServiceError::Store(error),
        CommitError::Conflict(what) => ServiceError::Issue(what.to_string()),
    })?;
    store.issued(&issuer, certificate, Vec::new(), now).await?;
    Ok(())
}
