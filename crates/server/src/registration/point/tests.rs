//! What is taken over when something goes wrong in the middle of it.

#![expect(clippy::disallowed_methods, reason = "tests write files and order what they like")]

use pki::Name;
use pki::key::KeySpec;

use super::*;
use crate::credential::{self, Keyed};
use crate::init::{self, Legacy, Wanted, WantedPoint};

/// A service, and a registration point in a folder of its own beside it that fetches no list.
async fn apart(folder: &Path) -> (crate::Service, Config) {
    let address = "127.0.0.1:9".parse().expect("an address");
    let point = folder.join("point");
    let wanted = Wanted {
        folder: folder.join("service"),
        listen: address,
        public_url: Some("http://scep.example.test".to_owned()),
        store: None,
        organisation: "Example".to_owned(),
        root_key: KeySpec::P256,
        root_validity: init::ROOT_VALIDITY,
        issuing_key: KeySpec::P256,
        static_challenge: None,
        legacy: Legacy::Refuse,
        registration_point: Some(WantedPoint { listen: address, url: None, folder: Some(point.clone()) }),
    };
    init::init(&wanted, world::now()).await.expect("both");
    let service = crate::Service::open(Config::read(&folder.join("service/perennial.toml")).expect("a configuration"));
    let text = std::fs::read_to_string(point.join("perennial.toml")).expect("the configuration");
    let text: Vec<&str> = text.lines().filter(|line| !line.starts_with("client_crl")).collect();
    let config = Config::parse(&text.join("\n"), "test", &point).expect("a configuration");
    (service.await.expect("a service"), config)
}

fn client_of(ca: &Keyed) -> Presented {
    let key = PrivateKey::generate(KeySpec::P256).expect("a key");
    let name = Name::parse("CN=Example Policy Module").expect("a name");
    let order = ca::Order::new(name, Vec::new(), key.public_key().clone());
    let (profile, serial) = (ca::Profile::tls_client(3600), ca::Serial::random(&mut world::random));
    let prepared = ca::prepare(&order, &profile, &ca.certificate, ca.key.preferred(), &serial, world::now());
    let certificate = ca::sign(prepared.expect("prepared"), &ca.certificate, &*ca.key).expect("signed");
    Presented::Certificate(Box::new(certificate))
}

/// The store fails between the new issuers and what is known of revocation: the next round makes up for it, though
/// nothing has changed since.
#[tokio::test]
async fn issuers_are_taken_over_when_the_store_is_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let (service, config) = apart(folder.path()).await;
    let point = Point::open(&config).await.expect("a registration point");
    let issuer = || service.credentials.load().issuer().expect("a CA").clone();
    let old = issuer();
    credential::renew(&service, Role::IssuingCa, world::now()).await.expect("renewed");
    let new = issuer();
    let both = format!("{}{}", old.certificate.to_pem(), new.certificate.to_pem());
    std::fs::write(folder.path().join("point/trust/issuing-ca.pem"), both).expect("written");

    let store = rusqlite::Connection::open(folder.path().join("point/perennial.db")).expect("its store");
    store.execute_batch("ALTER TABLE crl RENAME TO away").expect("renamed");
    let now = world::now();
    point.refresh(now).await.expect_err("the lists cannot be read");
    store.execute_batch("ALTER TABLE away RENAME TO crl").expect("renamed");
    point.refresh(now.plus(2)).await.expect("taken over");
    for ca in [&old, &new] {
        let judged = point.judge(&client_of(ca), now).await.expect("judged");
        assert_eq!(judged.faults.iter().map(ToString::to_string).collect::<Vec<_>>(), Vec::<String>::new());
    }
}
