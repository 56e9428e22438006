//! The service and what its clients send to it.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

use pki::key::KeySpec;
use pki::{Certificate, Time};
use scep::client::{Algorithms, Answer, Ask, Expected, Outgoing, message, open_reply};
use scep::http::Operation;
use scep::server::Legacy;
use server::config::{Config, Endpoint};
use server::init::{self, Wanted};
use server::operator::{self, ChallengeFor};
use server::store::{Actor, AuditFilter, AuditRow, CertificateFilter, StoredCertificate};
use server::{Secrets, Service, world};
use tempfile::TempDir;

use super::Device;

/// The static challenge.
pub(crate) const STATIC: &str = "correct horse battery staple";

/// Where every client comes from.
const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7));

/// An endpoint for every rule that is tested.
const CONFIG: &str = r#"
[service]
listen = "127.0.0.1:0"
public_url = "http://scep.example.test"
store = "sqlite:perennial.db"

[profile.device]
validity = "365d"

[profile.windows]
template = { oid = "1.3.6.1.4.1.311.21.8.1.2.3", major = 100, minor = 4 }
sid = ["extension", "uri"]

[profile.first-version]
template = { name = "IPSECIntermediateOffline" }
sid = ["uri"]

[endpoint.default]
ndes = "on"
challenges = ["static", "one-time", "sealed"]
static_challenge_hash = "STATIC_HASH"

[endpoint.once]

[endpoint.approval]
approval = "without-challenge"

[endpoint.always]
approval = "always"

[endpoint.window]
renewal = { window = "30d", grace = "10d", key_reuse = "off" }

[endpoint.no-renewal]
renewal = { profiles = [] }

[endpoint.windows]
profile = "windows"

[endpoint.first-version]
profile = "first-version"
"#;

/// What a service is made like.
#[derive(Clone, Copy)]
pub(crate) struct Setup {
    /// Key of the issuing CA.
    pub(crate) ca_key: KeySpec,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup { ca_key: KeySpec::P256 }
    }
}

/// A service, and the moment it is.
pub(crate) struct Pair {
    pub(crate) service: Service,
    pub(crate) now: Time,
    folder: TempDir,
}

impl Pair {
    /// A new service with an RSA-2048 CA.
    pub(crate) async fn new() -> Pair {
        Pair::with(Setup { ca_key: KeySpec::Rsa2048 }).await
    }

    pub(crate) async fn with(setup: Setup) -> Pair {
        Pair::in_folder(tempfile::tempdir().expect("a folder"), setup).await
    }

    /// A new service in this folder.
    pub(crate) async fn in_folder(folder: TempDir, setup: Setup) -> Pair {
        let now = Time::parse_rfc3339("2026-11-24T12:00:00Z").expect("a time");
        make(folder.path(), setup, now).await;
        Pair { service: open(folder.path()).await, now, folder }
    }

    /// The service ends and another is started on what it left.
    pub(crate) async fn restarted(self) -> Pair {
        self.ended().await.opened().await
    }

    /// The service ends, and what it left stays.
    pub(crate) async fn ended(self) -> Left {
        let Pair { service, now, folder } = self;
        let store = service.store.clone();
        drop(service);
        // What was written before this has been written when this returns.
        store.lease_release("none", now).await.expect("the store");
        drop(store);
        Left { now, folder }
    }

    /// Days go by.
    pub(crate) fn wait_days(&mut self, days: i64) {
        self.now = self.now.plus(days * 86_400);
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn endpoint(&self, name: &str) -> &Endpoint {
        self.service.config.endpoints.get(name).expect("an endpoint")
    }

    pub(crate) fn by() -> Actor {
        Actor { name: "alice".to_owned(), source: "cli".to_owned() }
    }

    /// A one-time challenge.
    pub(crate) async fn challenge(&self, endpoint: &str) -> String {
        self.challenge_for(endpoint, &ChallengeFor::default()).await
    }

    pub(crate) async fn challenge_for(&self, endpoint: &str, wanted: &ChallengeFor) -> String {
        let made = operator::new_challenge(&self.service, self.endpoint(endpoint), wanted, &Pair::by(), self.now).await;
        made.expect("a challenge").challenge.to_string()
    }

    /// What GetCACert gives.
    pub(crate) fn authorities(&self) -> Vec<Certificate> {
        let credentials = self.service.credentials.load();
        scep::ca_certs::read(&credentials.ca_body.octets).expect("certificates")
    }

    pub(crate) fn issuer(&self) -> Certificate {
        self.service.credentials.load().issuer().expect("a CA").certificate.clone()
    }

    /// A message as our own client makes it.
    pub(crate) fn message(&self, ask: &Ask<'_>, transaction: &str, by: &Device) -> Outgoing {
        self.message_with(ask, transaction, by, &algorithms())
    }

    pub(crate) fn message_with(
        &self,
        ask: &Ask<'_>,
        transaction: &str,
        by: &Device,
        algorithms: &Algorithms,
    ) -> Outgoing {
        let to = &self.service.credentials.load().ra_encryption[0].certificate;
        message(ask, transaction, &by.identity(), to, algorithms, self.now, &mut world::random).expect("a message")
    }

    /// What the service answers to these octets.
    pub(crate) async fn answer(&self, endpoint: &str, message: &[u8]) -> server::Answer {
        let operation = Operation::PkiOperation(message.to_vec());
        self.service.answer(self.endpoint(endpoint), operation, SOURCE, self.now).await
    }

    /// The octets of a reply.
    pub(crate) async fn reply(&self, endpoint: &str, message: &[u8]) -> Vec<u8> {
        match self.answer(endpoint, message).await {
            server::Answer::Body { octets, .. } => octets,
            other => panic!("no reply: {other:?}"),
        }
    }

    /// A reply as the client that asked reads it.
    pub(crate) fn read(&self, reply: &[u8], sent: &Outgoing, by: &Device, challenge: Option<&str>) -> Answer {
        let expected = Expected {
            transaction_id: &sent.transaction_id,
            nonce: &sent.nonce,
            authorities: &self.authorities(),
            certificate: &by.certificate,
            key: &by.key,
            challenge,
            legacy: Legacy::Refuse,
        };
        open_reply(reply, &expected).expect("a reply that is believed")
    }

    /// Sends a message and reads what comes back.
    pub(crate) async fn send(&self, endpoint: &str, sent: &Outgoing, by: &Device, challenge: Option<&str>) -> Answer {
        let reply = self.reply(endpoint, &sent.der).await;
        self.read(&reply, sent, by, challenge)
    }

    /// Asks and reads what comes back.
    pub(crate) async fn ask(&self, endpoint: &str, ask: &Ask<'_>, transaction: &str, by: &Device) -> Answer {
        let challenge = match ask {
            Ask::Enrol(request) | Ask::Renew(request) => request.challenge(),
            _ => None,
        };
        let sent = self.message(ask, transaction, by);
        self.send(endpoint, &sent, by, challenge.as_deref()).await
    }

    /// A first enrolment under the transactionID of the device's key.
    pub(crate) async fn enrol(&self, endpoint: &str, device: &Device, challenge: Option<&str>) -> Answer {
        self.ask(endpoint, &Ask::Enrol(&device.request(challenge)), &device.transaction(), device).await
    }

    /// A device that has enrolled with a one-time challenge, with its certificate in its hands.
    pub(crate) async fn enrolled(&self, endpoint: &str, device: &Device) -> Device {
        let challenge = self.challenge(endpoint).await;
        device.holding(&certificate(self.enrol(endpoint, device, Some(&challenge)).await))
    }

    /// What has become of a request?
    pub(crate) async fn poll(&self, endpoint: &str, device: &Device) -> Answer {
        let issuer = self.issuer();
        let ask = Ask::Poll { issuer: issuer.subject(), subject: &device.subject };
        self.ask(endpoint, &ask, &device.transaction(), device).await
    }

    /// The only case that waits.
    pub(crate) async fn waiting_case(&self) -> ra::CaseId {
        let filter = server::store::CaseFilter {
            state: Some(server::store::CaseState::Pending),
            limit: 10,
            ..Default::default()
        };
        let cases = self.service.store.cases(&filter).await.expect("cases");
        assert_eq!(cases.len(), 1, "{cases:?}");
        cases[0].id.clone()
    }

    pub(crate) async fn approve(&self) {
        let case = self.waiting_case().await;
        operator::approve(&self.service, &case, &Pair::by(), self.now).await.expect("approved");
    }

    /// Every certificate the store knows, signed or not.
    pub(crate) async fn certificates(&self) -> Vec<StoredCertificate> {
        let filter = CertificateFilter { limit: 100_000, ..CertificateFilter::default() };
        self.service.store.certificates(&filter, self.now).await.expect("certificates")
    }

    /// What the store knows of a certificate.
    pub(crate) async fn stored(&self, certificate: &Certificate) -> StoredCertificate {
        self.service.store.certificate(certificate.serial()).await.expect("the store").expect("it is there")
    }

    /// The latest row of the audit.
    pub(crate) async fn last_audit(&self) -> AuditRow {
        self.audit(1).await.remove(0)
    }

    /// The latest rows of the audit.
    pub(crate) async fn audit(&self, rows: u32) -> Vec<AuditRow> {
        self.service.store.audit_list(&AuditFilter::default(), rows, None).await.expect("the audit")
    }

    /// What must hold whatever happened: the audit is whole, nothing waits to be signed, no serial number is used twice,
    /// and every certificate is signed by the CA over exactly what the store says of it.
    pub(crate) async fn assert_sound(&self) {
        for chain in self.service.store.audit_verify().await.expect("the audit") {
            assert_eq!(chain.fault, None, "{}", chain.chain);
            assert!(chain.rows > 0);
        }
        assert_eq!(self.service.store.unfinished().await.expect("the store"), []);
        let all = self.certificates().await;
        let serials: BTreeSet<&[u8]> = all.iter().map(|c| c.serial.as_slice()).collect();
        assert_eq!(serials.len(), all.len(), "a serial number was used twice");
        let issuer = self.issuer();
        for stored in all {
            let certificate = Certificate::parse(&stored.der.expect("signed")).expect("a certificate");
            assert_eq!(certificate.serial(), stored.serial);
            assert_eq!(certificate.validity(), stored.validity);
            certificate.verify_signature(issuer.public_key()).expect("the CA's signature");
        }
    }
}

/// What a service has left behind.
pub(crate) struct Left {
    now: Time,
    folder: TempDir,
}

impl Left {
    /// Starts a service on it.
    pub(crate) async fn open(&self) -> Service {
        open(self.folder.path()).await
    }

    pub(crate) async fn opened(self) -> Pair {
        Pair { service: self.open().await, now: self.now, folder: self.folder }
    }
}

/// AES-128 and SHA-256.
pub(crate) fn algorithms() -> Algorithms {
    let text = b"AES\nSHA-256\n";
    Algorithms::by(&scep::caps::Caps::parse(text))
}

async fn make(folder: &Path, setup: Setup, now: Time) {
    let wanted = Wanted {
        folder: folder.to_owned(),
        listen: "127.0.0.1:0".parse().expect("an address"),
        public_url: Some("http://scep.example.test".to_owned()),
        store: None,
        organisation: "Example".to_owned(),
        root_key: KeySpec::P384,
        root_validity: server::init::ROOT_VALIDITY,
        issuing_key: setup.ca_key,
        static_challenge: None,
        legacy: init::Legacy::Refuse,
        registration_point: None,
    };
    init::init(&wanted, now).await.expect("a service");
}

async fn open(folder: &Path) -> Service {
    let secrets = Secrets::load(folder).expect("secrets");
    let hash = pki::digest::hex(&secrets.pepper.key(STATIC).0);
    let text = CONFIG.replace("STATIC_HASH", &hash);
    let config = Config::parse(&text, "perennial.toml", folder).expect("a configuration");
    Service::open(config).await.expect("the service")
}

/// The certificate of a SUCCESS.
#[track_caller]
pub(crate) fn certificate(answer: Answer) -> Certificate {
    match answer {
        Answer::Success { mut certificates, .. } => certificates.remove(0),
        other => panic!("no certificate: {other:?}"),
    }
}

/// The failInfoText of a FAILURE.
#[track_caller]
pub(crate) fn refused(answer: Answer) -> String {
    match answer {
        Answer::Failure { fail_info: Some(_), text: Some(text), .. } => text,
        other => panic!("not refused with failInfo and text: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn pending(answer: &Answer) {
    assert!(matches!(answer, Answer::Pending), "not pending: {answer:?}");
}
