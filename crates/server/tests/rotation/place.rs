use std::path::PathBuf;
use std::sync::OnceLock;

use pki::key::{KeySpec, PrivateKey};
use pki::{Certificate, Name, Time};
use scep::ca_certs::Authorities;
use scep::client::{self, Ask};
use scep::http::Operation;
use server::config::{Config, Lives};
use server::credential::{Inventory, Role};
use server::device::{self, SOURCE};
use server::init::{self, Wanted, WantedPoint, init};
use server::store::Slot;
use server::{Answer, Service};

pub(crate) const DAY: i64 = 86_400;
pub(crate) const YEAR: i64 = 365 * DAY;

/// 2026-11-24T12:00:00Z.
pub(crate) const START: Time = Time(1_795_521_600);

const CHALLENGE: &str = "the challenge of the test";

/// A service in a folder of its own.
pub(crate) struct Place {
    pub(crate) folder: tempfile::TempDir,
}

impl Place {
    /// A new service; `more` is added to its configuration.
    pub(crate) async fn new(more: &str) -> Place {
        Place::made(more, None).await
    }

    /// A new service with a registration point, which is not started.
    pub(crate) async fn with_point(more: &str) -> Place {
        let listen = "127.0.0.1:8443".parse().expect("an address");
        Place::made(more, Some(WantedPoint { listen, url: None, folder: None })).await
    }

    async fn made(more: &str, registration_point: Option<WantedPoint>) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let wanted = Wanted {
            folder: folder.path().to_owned(),
            listen: "127.0.0.1:8080".parse().expect("an address"),
            public_url: Some("http://scep.example.test".to_owned()),
            store: None,
            organisation: "Example".to_owned(),
            root_key: KeySpec::P256,
            root_validity: server::init::ROOT_VALIDITY,
            issuing_key: KeySpec::P256,
            static_challenge: Some(zeroize::Zeroizing::new(CHALLENGE.to_owned())),
            legacy: init::Legacy::Refuse,
            registration_point,
        };
        init(&wanted, START).await.expect("made");
        let place = Place { folder };
        place.configure(more);
        place
    }

    /// The same service once more, in another folder. It must not be open.
    pub(crate) fn copy(&self) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        let mut pending = vec![std::path::PathBuf::new()];
        while let Some(at) = pending.pop() {
            std::fs::create_dir_all(folder.path().join(&at)).expect("a folder");
            for entry in std::fs::read_dir(self.folder.path().join(&at)).expect("a folder") {
                let entry = entry.expect("an entry");
                let name = at.join(entry.file_name());
                match entry.file_type().expect("a kind").is_dir() {
                    true => pending.push(name),
                    false => drop(std::fs::copy(entry.path(), folder.path().join(&name)).expect("copied")),
                }
            }
        }
        Place { folder }
    }

    pub(crate) fn configure(&self, more: &str) {
        let path = self.folder.path().join(init::CONFIG);
        let text = std::fs::read_to_string(&path).expect("read");
        std::fs::write(&path, format!("{text}\n{more}\n")).expect("written");
    }

    /// Changes what the configuration says.
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let path = self.folder.path().join(init::CONFIG);
        let text = std::fs::read_to_string(&path).expect("read");
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replace(from, to)).expect("written");
    }

    pub(crate) fn config(&self) -> Config {
        let mut config = Config::read(&self.folder.path().join(init::CONFIG)).expect("a configuration");
        config.lives = Lives::Foreseen;
        config
    }

    pub(crate) async fn open(&self, now: Time) -> Service {
        Service::open_at(self.config(), now).await.expect("open")
    }

    pub(crate) fn root_key(&self) -> PathBuf {
        self.folder.path().join(init::ROOT_KEY)
    }
}

pub(crate) fn codes(service: &Service) -> Vec<&'static str> {
    service.state.reasons().iter().map(|r| r.code).collect()
}

pub(crate) fn device_key() -> &'static PrivateKey {
    static KEY: OnceLock<PrivateKey> = OnceLock::new();
    KEY.get_or_init(|| PrivateKey::generate(KeySpec::Rsa2048).expect("a key"))
}

/// What a device gets from GetCACert.
pub(crate) async fn get_ca(service: &Service, now: Time) -> Authorities {
    let endpoint = service.config.endpoints.get("default").expect("an endpoint");
    device::authorities(service, endpoint, now).await.expect("authorities")
}

pub(crate) async fn ask(service: &Service, operation: Operation, now: Time) -> Result<Vec<u8>, String> {
    let endpoint = service.config.endpoints.get("default").expect("an endpoint");
    match service.answer(endpoint, operation, SOURCE, now).await {
        Answer::Body { octets, .. } => Ok(octets),
        other => Err(format!("{other:?}")),
    }
}

/// Who signs a device's message.
pub(crate) enum Signer<'a> {
    Itself,
    Held(&'a Certificate),
}

/// An enrolment by a device that holds `authorities`, whatever the service serves with now.
pub(crate) async fn enrol(
    service: &Service,
    authorities: &Authorities,
    signer: Signer<'_>,
    now: Time,
) -> Result<Certificate, String> {
    let key = device_key();
    let subject = Name::parse("CN=device").expect("a name");
    let (certificate, challenge) = match signer {
        Signer::Itself => (device::self_signed(&subject, key, now)?, Some(CHALLENGE)),
        Signer::Held(certificate) => (certificate.clone(), None),
    };
    let request = device::request(&subject, key, challenge)?;
    let by = device::Signer { certificate: &certificate, key };
    let asked = if challenge.is_some() { Ask::Enrol(&request) } else { Ask::Renew(&request) };
    let sent = device::message(&asked, by, authorities, now)?;
    let endpoint = service.config.endpoints.get("default").expect("an endpoint");
    let operation = Operation::PkiOperation(sent.der.clone());
    let reply = service.answer(endpoint, operation, SOURCE, now).await;
    match device::opened(&reply, &sent, by, authorities)? {
        client::Answer::Success { certificates, .. } => certificates.into_iter().next().ok_or("nothing".to_owned()),
        other => Err(format!("{other:?}")),
    }
}

/// Certificates of a role in a slot, by fingerprint.
pub(crate) async fn held(service: &Service, role: Role, slot: Slot) -> Vec<String> {
    let inventory = Inventory::read(&service.store, &service.config.folder).await.expect("read");
    inventory.of(role).filter(|h| h.record.slot == slot).map(|h| h.record.id.clone()).collect()
}

pub(crate) async fn current(service: &Service, role: Role) -> String {
    held(service, role, Slot::Current).await.pop().expect("a current one")
}
