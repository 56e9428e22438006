//! A handshake in memory with a TLS credential that is to take over: what proves it before it does.
//!
//! The other side is the real one as far as this service knows it: a policy module that trusts what the configured ones
//! trust and looks for the names they look for, or the judgement of the registration point.

use std::sync::Arc;
use std::time::Duration;

use ca::{Order, Profile, Serial, authority};
use pki::extension::GeneralName;
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name, Time, Validity};
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::certificate::Expected;
use super::fault::FaultFound;
use super::point::Point;
use super::{files, point, remote, tls};
use crate::config::{Config, ModuleKind};
use crate::credential::{Credentials, Inventory, Role, leads_to};
use crate::store::Slot;
use crate::trust::{Lists, Trust};
use crate::{Service, ServiceError, world};

/// For a handshake in memory.
const PATIENCE: Duration = Duration::from_secs(10);
/// Octets under way between the two sides.
const PIPE: usize = 64 << 10;

/// A handshake of every policy module that is configured here with a registration point that has the new credential.
/// `before`: what is held now; `promoted`: the same with the new credential in use.
pub(crate) async fn server(
    service: &Service,
    before: &Inventory,
    promoted: &Inventory,
    now: Time,
) -> Result<(), String> {
    let candidate = certificate(promoted, Role::TlsServer)?;
    let authorities: Vec<Certificate> = certificates(promoted, Role::IssuingCa).collect();
    let (chain, key) = point::from_store(promoted, &authorities).map_err(|e| e.to_string())?;
    if chain.first() != Some(&candidate) {
        return Err("its key is not here".to_owned());
    }
    point::fits(&chain, &key, now).map_err(|e| e.to_string())?;
    let server = tls::server(&chain, &key).map_err(|e| e.to_string())?;
    let before = certificate(before, Role::TlsServer).ok();
    for caller in callers(service, before.as_ref(), &candidate)? {
        let client = tls::client(&trusting(&caller.trusts), None).map_err(|e| e.to_string())?;
        let shaken = handshake(server.clone(), client, caller.looks_for.clone(), now).await;
        shaken.map_err(|why| format!("a policy module that asks {} refuses it: {why}", caller.looks_for.to_str()))?;
    }
    Ok(())
}

/// A handshake with the new client credential, and the registration point's judgement of what it showed.
pub(crate) async fn client(
    service: &Service,
    before: &Inventory,
    candidate: &Credentials,
    now: Time,
) -> Result<(), String> {
    let own = candidate.policy_module_client.as_ref().ok_or("its key is not here")?;
    let chain = candidate.chain_of(&own.certificate);
    let stand_in = StandIn::new(now).map_err(|e| e.to_string())?;
    let server = tls::server(&[stand_in.certificate], &stand_in.key).map_err(|e| e.to_string())?;
    let client = tls::client(&trusting(&[stand_in.root]), Some((&chain, &own.key))).map_err(|e| e.to_string())?;
    let name = ServerName::try_from(HOST).map_err(|e| e.to_string())?;
    let shown = handshake(server, client, name, now).await?.ok_or("no certificate was presented")?;
    let issuers = issuers(service, before)?;
    let name = expected_name(&service.config, before).unwrap_or_else(|| common_name(&shown));
    let faults = judged(&shown, &issuers, std::slice::from_ref(&candidate.root), &name, now);
    if faults.is_empty() {
        return Ok(());
    }
    let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
    Err(format!("a registration point refuses it: {}", faults.join("; ")))
}

/// A handshake of a registration point as it is with a policy module that trusts `root` and shows `own`; what the
/// registration point saw.
pub(super) async fn mutual(
    point: &Point,
    root: &Certificate,
    own: (&[Certificate], &PrivateKey),
    now: Time,
) -> Result<Option<Certificate>, String> {
    let server = (*point.tls()).clone();
    let client = tls::client(&trusting(std::slice::from_ref(root)), Some(own)).map_err(|e| e.to_string())?;
    let leaf = point.shown().into_iter().next().ok_or("the registration point has no certificate")?;
    let name = names(&leaf).into_iter().next().ok_or("the registration point's certificate names no host")?;
    handshake(server, client, name, now).await
}

/// Whom a policy module takes as its server, for a handshake of which nobody but the one who asks need hear.
fn trusting(roots: &[Certificate]) -> tls::Verified<'_> {
    tls::Verified { roots, place: "(proof)", events: None }
}

/// What a registration point finds wrong with a client certificate; whether it is revoked is not known here.
fn judged(
    shown: &Certificate,
    issuers: &[Certificate],
    roots: &[Certificate],
    name: &str,
    now: Time,
) -> Vec<FaultFound> {
    let trust = Trust::in_issuers(issuers, roots, &[]);
    let expected = Expected { trust: &trust, issuers, name, lists: Lists::IfCurrent };
    let judgement = expected.chain(shown, now);
    expected.judged(judgement, None).faults
}

/// A policy module, as a registration point sees it.
struct Caller {
    looks_for: ServerName<'static>,
    trusts: Vec<Certificate>,
}

/// Who calls this registration point. A module of the configuration may ask another one: it counts if the certificate in
/// use is made out to the host that it asks. If none counts, whoever calls looks for what the certificate is made out to.
fn callers(service: &Service, before: Option<&Certificate>, candidate: &Certificate) -> Result<Vec<Caller>, String> {
    let config = &service.config;
    let root = vec![service.credentials.load().root.clone()];
    let trusts = |bundle: &Option<std::path::PathBuf>| match bundle {
        Some(path) => remote::trusted(&config.folder.join(path)).map_err(|e| e.to_string()),
        None => Ok(root.clone()),
    };
    let mut found = Vec::new();
    for module in config.endpoints.values().filter_map(|endpoint| endpoint.module.as_ref()) {
        let ModuleKind::RegistrationPoint { url, trust } = &module.kind else { continue };
        let host = url.parse::<http::Uri>().ok().and_then(|uri| Some(uri.host()?.trim_matches(['[', ']']).to_owned()));
        let Some(looks_for) = host.and_then(|host| ServerName::try_from(host).ok()) else { continue };
        if before.is_none_or(|before| is_made_out_to(before, &looks_for)) {
            found.push(Caller { looks_for, trusts: trusts(trust)? });
        }
    }
    let bundle = &config.plan(Role::TlsServer).trusted_by;
    if found.is_empty() || bundle.is_some() {
        let names = names(before.unwrap_or(candidate));
        if names.is_empty() {
            return Err("it is made out to no DNS name or address".to_owned());
        }
        let trusts = trusts(bundle)?;
        found.extend(names.into_iter().map(|looks_for| Caller { looks_for, trusts: trusts.clone() }));
    }
    Ok(found)
}

fn is_made_out_to(certificate: &Certificate, name: &ServerName<'_>) -> bool {
    let der = CertificateDer::from(certificate.der());
    ParsedCertificate::try_from(&der).is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok())
}

/// The names of a server's certificate that a client may look for; a wildcard is none.
fn names(certificate: &Certificate) -> Vec<ServerName<'static>> {
    let name = |name: GeneralName| match name {
        GeneralName::Dns(name) => ServerName::try_from(name).ok(),
        GeneralName::Ip(octets) => {
            let four = <[u8; 4]>::try_from(octets.as_slice()).map(std::net::IpAddr::from);
            let address = four.or_else(|_| <[u8; 16]>::try_from(octets.as_slice()).map(std::net::IpAddr::from));
            address.ok().map(|address| ServerName::IpAddress(address.into()))
        }
        _ => None,
    };
    certificate.subject_alt_names().into_iter().filter_map(name).collect()
}

/// Whom the registration point takes certificates from: as configured here, or as far as is known of another host.
fn issuers(service: &Service, inventory: &Inventory) -> Result<Vec<Certificate>, String> {
    let folder = &service.config.folder;
    let own: Vec<Certificate> = certificates(inventory, Role::IssuingCa).collect();
    if let Some(point) = &service.config.registration_point {
        return match &point.client_issuer {
            Some(path) => files::certificates(&folder.join(path)).map_err(|e| e.to_string()),
            None => Ok(own),
        };
    }
    let Some(bundle) = service.config.plan(Role::PolicyModuleClient).trusted_by else { return Ok(own) };
    let bundle = files::certificates(&folder.join(bundle)).map_err(|e| e.to_string())?;
    Ok(own.iter().filter(|ca| leads_to(ca, &bundle, &[])).cloned().collect())
}

/// The name that a policy module is known by: as configured here, or that of the certificate in use.
fn expected_name(config: &Config, before: &Inventory) -> Option<String> {
    let configured = config.registration_point.as_ref().map(|point| point.client_name.clone());
    configured.or_else(|| certificate(before, Role::PolicyModuleClient).ok().map(|c| common_name(&c)))
}

fn common_name(certificate: &Certificate) -> String {
    certificate.subject().common_name().unwrap_or_default()
}

fn certificate(inventory: &Inventory, role: Role) -> Result<Certificate, String> {
    let held = inventory.in_slot(role, Slot::Current).and_then(|held| held.certificate.clone());
    held.ok_or_else(|| format!("there is no {}", role.name()))
}

fn certificates(inventory: &Inventory, role: Role) -> impl Iterator<Item = Certificate> {
    inventory.of(role).filter_map(|held| held.certificate.clone())
}

/// One handshake between both sides, by a clock that shows `now`; what the client presented in it.
async fn handshake(
    mut server: ServerConfig,
    mut client: ClientConfig,
    name: ServerName<'static>,
    now: Time,
) -> Result<Option<Certificate>, String> {
    let clock = Arc::new(Stopped(now));
    server.time_provider = Arc::<Stopped>::clone(&clock);
    client.time_provider = clock;
    let (here, there) = tokio::io::duplex(PIPE);
    let accept = TlsAcceptor::from(Arc::new(server)).accept(here);
    let connect = TlsConnector::from(Arc::new(client)).connect(name, there);
    let both = async { tokio::join!(connect, accept) };
    let (connected, accepted) = tokio::time::timeout(PATIENCE, both).await.map_err(|_| "no end of the handshake")?;
    // The side that refuses knows why; the other only hears an alert, or nothing more.
    let _ = connected.map_err(|e| remote::why(&e))?;
    let accepted = accepted.map_err(|e| e.to_string())?;
    let shown = accepted.get_ref().1.peer_certificates().and_then(<[_]>::first);
    shown.map(|leaf| Certificate::parse(leaf).map_err(|e| e.to_string())).transpose()
}

#[derive(Debug)]
struct Stopped(Time);

impl TimeProvider for Stopped {
    fn current_time(&self) -> Option<UnixTime> {
        u64::try_from(self.0.seconds()).ok().map(|seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// The name of a registration point that stands in for the real one, whose key is elsewhere.
const HOST: &str = "registration-point.invalid";

/// A server for one handshake, with a root of its own that nobody else trusts.
struct StandIn {
    root: Certificate,
    certificate: Certificate,
    key: PrivateKey,
}

impl StandIn {
    #[expect(clippy::disallowed_methods, reason = "its root is no CA of anybody, and is forgotten at once")]
    fn new(now: Time) -> Result<StandIn, ServiceError> {
        let issue = |why: String| ServiceError::Issue(why);
        let (above, key) = (crate::credential::generate(KeySpec::P256)?, crate::credential::generate(KeySpec::P256)?);
        let (life, name) = (600, Name::from_attributes(&[(pki::oid::COMMON_NAME, "perennial proof")]));
        let validity = Validity { not_before: now.plus(-life), not_after: now.plus(life) };
        let serial = || Serial::random(&mut world::random);
        let root = authority::root(&name, &above, validity, &serial()).map_err(|e| issue(e.to_string()))?;
        let names = vec![GeneralName::Dns(HOST.to_owned())];
        let order = Order::new(name, names, key.public_key().clone());
        let profile = Profile { backdate: life, ..Profile::tls_server(life) };
        let prepared = ca::prepare(&order, &profile, &root, above.preferred(), &serial(), now)
            .map_err(|flaws| issue(flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
        let certificate = ca::sign(prepared, &root, &above).map_err(|e| issue(e.to_string()))?;
        Ok(StandIn { root, certificate, key })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registration::Fault;

    const NOW: Time = Time(1_795_521_600);
    const DAY: i64 = 86_400;

    struct Ca {
        certificate: Certificate,
        key: PrivateKey,
    }

    fn root(name: &str) -> Ca {
        let key = PrivateKey::generate(KeySpec::P256).expect("a key");
        let validity = Validity { not_before: NOW.plus(-400 * DAY), not_after: NOW.plus(400 * DAY) };
        let name = Name::parse(&format!("CN={name}")).expect("a name");
        let serial = Serial::random(&mut world::random);
        Ca { certificate: authority::root(&name, &key, validity, &serial).expect("a root"), key }
    }

    #[expect(clippy::disallowed_methods, reason = "a test orders what it likes")]
    fn made(by: &Ca, profile: &Profile, at: Time) -> (Certificate, PrivateKey) {
        let key = PrivateKey::generate(KeySpec::P256).expect("a key");
        let names = vec![GeneralName::Dns("point.example.test".to_owned())];
        let order = Order::new(Name::parse("CN=Module").expect("a name"), names, key.public_key().clone());
        let serial = Serial::random(&mut world::random);
        let prepared =
            ca::prepare(&order, profile, &by.certificate, by.key.preferred(), &serial, at).expect("prepared");
        (ca::sign(prepared, &by.certificate, &by.key).expect("signed"), key)
    }

    async fn shake(server: &(Certificate, PrivateKey), trusts: &Ca, host: &str) -> Result<(), String> {
        let server = tls::server(std::slice::from_ref(&server.0), &server.1).expect("a server");
        let client = tls::client(&trusting(std::slice::from_ref(&trusts.certificate)), None).expect("a client");
        let host = ServerName::try_from(host.to_owned()).expect("a name");
        handshake(server, client, host, NOW).await.map(|_| ())
    }

    #[tokio::test]
    async fn a_server_that_is_no_good_does_not_stand_a_handshake() {
        let (ours, theirs) = (root("Ours"), root("Theirs"));
        let good = made(&ours, &Profile::tls_server(DAY), NOW);
        let host = "point.example.test";
        assert_eq!(shake(&good, &ours, host).await, Ok(()));
        let wrong = [
            (shake(&good, &theirs, host).await, "CERT_E_CHAINING"),
            (shake(&good, &ours, "other.example.test").await, "CERT_E_CN_NO_MATCH"),
            (shake(&made(&ours, &Profile::tls_client(DAY), NOW), &ours, host).await, "CERT_E_WRONG_USAGE"),
            (shake(&made(&ours, &Profile::tls_server(DAY), NOW.plus(-3 * DAY)), &ours, host).await, "CHAIN-EXPIRED"),
            (shake(&made(&ours, &Profile::tls_server(DAY), NOW.plus(3 * DAY)), &ours, host).await, "CHAIN-NOT-YET"),
        ];
        for (outcome, says) in wrong {
            let why = outcome.expect_err(says);
            assert!(why.contains(says), "{says}: {why}");
        }
    }

    /// What the client shows in the handshake is what is judged.
    #[tokio::test]
    async fn a_client_that_is_no_good_is_judged_so() {
        let (ours, theirs) = (root("Ours"), root("Theirs"));
        let server = made(&ours, &Profile::tls_server(DAY), NOW);
        let judge = async |own: (Certificate, PrivateKey), name: &str| {
            let server = tls::server(std::slice::from_ref(&server.0), &server.1).expect("a server");
            let roots = std::slice::from_ref(&ours.certificate);
            let client = tls::client(&trusting(roots), Some((std::slice::from_ref(&own.0), &own.1))).expect("a client");
            let host = ServerName::try_from("point.example.test").expect("a name");
            let shown = handshake(server, client, host, NOW).await.expect("a handshake").expect("a certificate");
            assert_eq!(shown, own.0);
            let found = judged(&shown, roots, &[], name, NOW);
            found.first().map(|found| found.fault)
        };
        let client = Profile::tls_client(DAY);
        assert_eq!(judge(made(&ours, &client, NOW), "Module").await, None);
        assert_eq!(judge(made(&ours, &client, NOW), "Other").await, Some(Fault::Name));
        assert_eq!(judge(made(&ours, &Profile::tls_server(DAY), NOW), "Module").await, Some(Fault::Purpose));
        assert_eq!(judge(made(&theirs, &client, NOW), "Module").await, Some(Fault::Issuer));
        assert_eq!(judge(made(&ours, &client, NOW.plus(-3 * DAY)), "Module").await, Some(Fault::Expired));
    }
}
