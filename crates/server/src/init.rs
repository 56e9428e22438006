//! A new service in a new folder: keys, a root, an issuing CA, the RA's pair, secrets, a configuration.

mod point;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use ca::authority::{self, Subordinate};
use ca::{Order, Profile, Serial};
use pki::extension::GeneralName;
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name, Time, Validity};

use crate::config::Config;
use crate::credential::{Role, generate, plan, row, secret_row};
use crate::revocation::{self, Renew};
use crate::store::{Actor, Slot, Store};
use crate::{Secrets, Service, ServiceError, key_file, world};

pub use point::WantedPoint;

/// The name of the configuration in the folder.
pub const CONFIG: &str = "perennial.toml";
/// The first secret that challenges are sealed with.
pub(crate) const SEALING: &str = "keys/sealing-1.key";
/// Where the root's key is written; to be taken away from the machine.
pub const ROOT_KEY: &str = "root/root.key.pem";

const YEAR: i64 = 365 * 86_400;
/// How long a new root lives if nobody says, in seconds; it is never renewed.
pub const ROOT_VALIDITY: i64 = 20 * YEAR;

/// What a new service is to be like.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// The folder.
    pub folder: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// How the outside reaches it; nothing: at `listen`.
    pub public_url: Option<String>,
    /// The store; nothing: a database in the folder.
    pub store: Option<String>,
    /// What the CAs are called.
    pub organisation: String,
    /// Key of the root.
    pub root_key: KeySpec,
    /// How long the root lives, in seconds.
    pub root_validity: i64,
    /// Key of the issuing CA.
    pub issuing_key: KeySpec,
    /// A challenge that is the same for all devices.
    pub static_challenge: Option<zeroize::Zeroizing<String>>,
    /// What old clients may use.
    pub legacy: Legacy,
    /// A registration point, and an endpoint whose policy module asks it.
    pub registration_point: Option<WantedPoint>,
}

/// Whether the endpoint takes single and triple DES from clients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Legacy {
    /// It does not.
    Refuse,
    /// It does, in requests.
    Accept,
}

/// What has been made.
pub struct Made {
    /// The configuration file.
    pub config: PathBuf,
    /// The root's key, to be taken away.
    pub root_key: PathBuf,
    /// The root.
    pub root: Certificate,
    /// The issuing CA.
    pub issuing: Certificate,
    /// The configuration of the registration point; nothing if there is none, or it is the same.
    pub point_config: Option<PathBuf>,
    /// The user of the challenge page.
    pub admin_user: String,
    /// The password of the challenge page; only its keyed hash is kept.
    pub admin_password: zeroize::Zeroizing<String>,
}

/// Makes a service. A folder that holds one already is left alone.
pub async fn init(wanted: &Wanted, now: Time) -> Result<Made, ServiceError> {
    let folder = &wanted.folder;
    let config_path = folder.join(CONFIG);
    #[expect(clippy::disallowed_methods, reason = "an existing service must not be overwritten")]
    if config_path.exists() {
        return Err(ServiceError::Refused(format!("{} is there already; nothing was changed", config_path.display())));
    }
    for part in ["", key_file::KEYS, "root"] {
        key_file::make_folder(&folder.join(part))?;
    }
    let (secrets, admin_password) = secrets(folder)?;
    let mut text = written(wanted, &secrets, &admin_password);
    if let Some(point) = &wanted.registration_point {
        text.push_str(&point.written(&wanted.organisation)?);
    }
    // Checked before anything is made that could be in the way of a second try.
    let config = Config::parse(&text, CONFIG, folder)?;
    let authorities = authorities(wanted, &config, now)?;
    let pair = ra_pair(wanted, &config, &authorities, now)?;
    keep(folder, &config, &authorities, &pair, now).await?;
    let point_config = match &wanted.registration_point {
        Some(point) => point.make(wanted, &config, &authorities.issuing, now).await?,
        None => None,
    };
    key_file::write_new(folder, CONFIG, text.as_bytes())?;
    let service = Service::open_at(config, now).await?;
    revocation::publish(&service, Renew::Now, now).await?;
    revocation::publish_root(&service, Renew::Now, now).await?;
    Ok(Made {
        config: config_path,
        root_key: folder.join(ROOT_KEY),
        root: authorities.root.certificate,
        issuing: authorities.issuing.certificate,
        point_config,
        admin_user: "admin".to_owned(),
        admin_password,
    })
}

/// A certificate with the key that is still to be written.
struct Fresh {
    certificate: Certificate,
    key: PrivateKey,
}

struct Authorities {
    root: Fresh,
    issuing: Fresh,
}

fn authorities(wanted: &Wanted, config: &Config, now: Time) -> Result<Authorities, ServiceError> {
    let name = |what: &str| {
        Name::parse(&format!("CN={} {what},O={}", escape(&wanted.organisation), escape(&wanted.organisation)))
            .map_err(|_| ServiceError::Refused(format!("`{}` makes no name", wanted.organisation)))
    };
    let root_key = generate(wanted.root_key)?;
    let validity = lasting(now, wanted.root_validity);
    let root = authority::root(&name("Root CA")?, &root_key, validity, &Serial::random(&mut world::random))
        .map_err(|e| ServiceError::Issue(e.to_string()))?;
    let root = Fresh { certificate: root, key: root_key };
    let life = config.plan(Role::IssuingCa).validity;
    let issuing = issuing(wanted.issuing_key, &name("Issuing CA")?, &root, &config.public_url, life, now)?;
    Ok(Authorities { root, issuing })
}

fn lasting(now: Time, seconds: i64) -> Validity {
    Validity { not_before: now.plus(-plan::backdate(seconds)), not_after: now.plus(seconds) }
}

/// RFC 4514 §2.4.
fn escape(text: &str) -> String {
    text.chars().flat_map(|c| if ",+\"\\<>;=#".contains(c) { vec!['\\', c] } else { vec![c] }).collect()
}

fn issuing(
    spec: KeySpec,
    name: &Name,
    root: &Fresh,
    public_url: &str,
    seconds: i64,
    now: Time,
) -> Result<Fresh, ServiceError> {
    let key = generate(spec)?;
    let wanted = Subordinate {
        subject: name,
        key: key.public_key(),
        validity: lasting(now, seconds),
        crl_urls: &[format!("{public_url}/ca/root.crl")],
        issuer_urls: &[format!("{public_url}/ca/root.crt")],
    };
    let serial = Serial::random(&mut world::random);
    let algorithm = root.key.preferred();
    let prepared = authority::prepare_issuing(&wanted, &root.certificate, algorithm, &serial, now).map_err(flawed)?;
    let signed = ca::sign(prepared, &root.certificate, &root.key);
    let certificate = signed.map_err(|e| ServiceError::Issue(e.to_string()))?;
    Ok(Fresh { certificate, key })
}

struct RaPair {
    signing: Fresh,
    encryption: Fresh,
}

/// The RA's pair is RSA whatever the CA is: clients encrypt to it, and old ones verify nothing else.
fn ra_pair(wanted: &Wanted, config: &Config, authorities: &Authorities, now: Time) -> Result<RaPair, ServiceError> {
    let organisation = escape(&wanted.organisation);
    let made = |what: &str, role: Role| {
        let name = Name::parse(&format!("CN={organisation} RA {what},O={organisation}"))
            .map_err(|_| ServiceError::Refused(format!("`{}` makes no name", wanted.organisation)))?;
        let profile = plan::profile(role, &config.plan(role))
            .ok_or_else(|| ServiceError::Refused(format!("{} has no profile", role.name())))?;
        let profile = crate::issue::addressed(&profile, &authorities.issuing.certificate, &config.public_url);
        service_certificate(&profile, name, Vec::new(), KeySpec::Rsa2048, &authorities.issuing, now)
    };
    Ok(RaPair { signing: made("Signing", Role::RaSigning)?, encryption: made("Encryption", Role::RaEncryption)? })
}

/// A certificate that the service itself needs. It is the CA's own decision: no requester is involved.
#[expect(clippy::disallowed_methods, reason = "a service credential is ordered by the service, not by a grant")]
fn service_certificate(
    profile: &Profile,
    name: Name,
    names: Vec<GeneralName>,
    spec: KeySpec,
    issuer: &Fresh,
    now: Time,
) -> Result<Fresh, ServiceError> {
    let key = generate(spec)?;
    let order = Order::new(name, names, key.public_key().clone());
    let serial = Serial::random(&mut world::random);
    let algorithm = issuer.key.preferred();
    let prepared = ca::prepare(&order, profile, &issuer.certificate, algorithm, &serial, now).map_err(flawed)?;
    let certificate =
        ca::sign(prepared, &issuer.certificate, &issuer.key).map_err(|e| ServiceError::Issue(e.to_string()))?;
    Ok(Fresh { certificate, key })
}

fn flawed(flaws: Vec<ca::Flaw>) -> ServiceError {
    ServiceError::Issue(flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))
}

/// Writes keys into the folder and certificates into the store.
async fn keep(
    folder: &Path,
    config: &Config,
    authorities: &Authorities,
    pair: &RaPair,
    now: Time,
) -> Result<(), ServiceError> {
    let store = Store::open(&config.store, &config.node).await?;
    if !store.credentials(None).await?.is_empty() {
        return Err(ServiceError::Refused("the store holds the credentials of a service already".to_owned()));
    }
    let all = [
        (Role::Root, &authorities.root, ROOT_KEY),
        (Role::IssuingCa, &authorities.issuing, "keys/issuing-ca-1.key.pem"),
        (Role::RaSigning, &pair.signing, "keys/ra-signing-1.key.pem"),
        (Role::RaEncryption, &pair.encryption, "keys/ra-encryption-1.key.pem"),
    ];
    for (role, fresh, file) in all {
        key_file::write_new(folder, file, fresh.key.to_pem().as_bytes())?;
        store.credential_put(&row(role, Slot::Current, &fresh.certificate, file, now), &actor(), now).await?;
    }
    let secret = secret_row(Slot::Current, SEALING, config.plan(Role::Sealing).validity, now);
    Ok(store.credential_put(&secret, &actor(), now).await?)
}

fn actor() -> Actor {
    Actor { name: "operator".to_owned(), source: "cli".to_owned() }
}

fn secrets(folder: &Path) -> Result<(Secrets, zeroize::Zeroizing<String>), ServiceError> {
    for name in ["keys/pepper.key", SEALING] {
        let mut octets = zeroize::Zeroizing::new([0; 32]);
        world::random(&mut *octets);
        key_file::write_new(folder, name, zeroize::Zeroizing::new(pki::digest::hex(&*octets)).as_bytes())?;
    }
    let mut password = zeroize::Zeroizing::new([0; 12]);
    world::random(&mut *password);
    Ok((Secrets::load(folder)?, zeroize::Zeroizing::new(pki::digest::hex(&*password))))
}

/// Prepares the CA that will issue next: signed by the root, whose key must be at hand.
pub async fn prepare_next(
    service: &Service,
    root_key: &PrivateKey,
    spec: KeySpec,
    now: Time,
) -> Result<Certificate, ServiceError> {
    let credentials = service.credentials.load_full();
    if credentials.next.is_some() {
        return Err(ServiceError::Refused("a next CA is prepared already".to_owned()));
    }
    if root_key.public_key() != credentials.root.public_key() {
        return Err(ServiceError::Refused("the key is not the root's".to_owned()));
    }
    let current = credentials.issuer().ok_or_else(|| ServiceError::Credential("there is no issuing CA".to_owned()))?;
    let root = Fresh {
        certificate: credentials.root.clone(),
        key: PrivateKey::from_pkcs8(root_key.pkcs8()).map_err(|e| ServiceError::Credential(e.to_string()))?,
    };
    let left = credentials.root.validity().not_after.seconds() - now.seconds();
    let subject = current.certificate.subject();
    let fresh = issuing(
        spec,
        subject,
        &root,
        &service.config.public_url,
        left.min(service.config.plan(Role::IssuingCa).validity),
        now,
    )?;
    let file = format!("keys/issuing-ca-{}.key.pem", &pki::digest::hex(&fresh.certificate.fingerprint())[..16]);
    key_file::write_new(&service.config.folder, &file, fresh.key.to_pem().as_bytes())?;
    let row = row(Role::IssuingCa, Slot::Next, &fresh.certificate, &file, now);
    service.store.credential_put(&row, &actor(), now).await?;
    Ok(fresh.certificate)
}

/// The text of the configuration.
fn written(wanted: &Wanted, secrets: &Secrets, admin_password: &str) -> String {
    let hash = |text: &str| pki::digest::hex(&secrets.pepper.key(text).0);
    let public_url = wanted.public_url.clone().unwrap_or_else(|| format!("http://{}", wanted.listen));
    let store = wanted.store.clone().unwrap_or_else(|| "sqlite:perennial.db".to_owned());
    let (challenges, static_hash) = match &wanted.static_challenge {
        Some(challenge) => ("[\"static\", \"one-time\"]", format!("static_challenge_hash = \"{}\"\n", hash(challenge))),
        None => ("[\"one-time\"]", String::new()),
    };
    let legacy = match wanted.legacy {
        Legacy::Refuse => "refuse",
        Legacy::Accept => "single-des",
    };
    format!(
        r#"# Perennial. `perennial check --config FILE` explains what this means and says what is wrong with it.

[service]
listen = "{listen}"
# How devices reach the service. It stands in certificates, so that they find the revocation list.
public_url = "{public_url}"
store = "{store}"

[ca]
crl_validity = "7d"
crl_overlap = "3d"

# Who may open /certsrv/mscep_admin/ and POST /api/challenges.
[admin]
user = "admin"
password_hash = "{admin}"

[profile.device]
validity = "365d"
key_usage = ["digitalSignature", "keyEncipherment"]
extended_key_usage = ["client-auth"]

# Answers at /scep/default, and at /scep and NDES's own addresses too.
[endpoint.default]
ndes = "on"
profile = "device"
challenges = {challenges}
{static_hash}challenge_validity = "60m"
# "triple-des" or "single-des" for clients that know no AES.
legacy = "{legacy}"

# The same certificates, but an operator decides: `perennial case list`, `perennial case approve ID`.
[endpoint.approval]
profile = "device"
challenges = []
approval = "without-challenge"
"#,
        listen = wanted.listen,
        admin = hash(admin_password),
    )
}
