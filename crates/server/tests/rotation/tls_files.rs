//! The registration point's TLS certificate in a file that somebody else renews.

use ca::{Order, Profile, Serial};
use pki::extension::GeneralName;
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name, Time};
use server::Service;
use server::credential::{Keyed, Role, round};
use server::store::{AuditFilter, Slot};

use crate::adopted::{pem, put};
use crate::place::*;
use crate::tls::serving;

const HERE: [u8; 4] = [127, 0, 0, 1];

/// A certificate that a CA makes for somebody outside.
fn made(issuer: &Keyed, profile: &Profile, address: [u8; 4], now: Time) -> (Certificate, PrivateKey) {
    let key = PrivateKey::generate(KeySpec::P256).expect("a key");
    let names = if profile.name == "tls-server" { vec![GeneralName::Ip(address.to_vec())] } else { Vec::new() };
    let order = Order::new(Name::parse("CN=Point").expect("a name"), names, key.public_key().clone());
    let serial = Serial::random(&mut server::world::random);
    let algorithm = issuer.key.preferred();
    let prepared = ca::prepare(&order, profile, &issuer.certificate, algorithm, &serial, now).expect("prepared");
    (ca::sign(prepared, &issuer.certificate, &*issuer.key).expect("signed"), key)
}

struct Outside {
    _place: Place,
    service: Service,
    path: std::path::PathBuf,
    ours: Keyed,
}

impl Outside {
    async fn new() -> Outside {
        let place = Place::with_point("[credential.tls-server]\nfile = \"outside/server.pem\"").await;
        let path = place.folder.path().join("outside/server.pem");
        std::fs::create_dir(place.folder.path().join("outside")).expect("a folder");
        let service = place.open(START).await;
        let ours = service.credentials.load().issuer().expect("a CA").clone();
        Outside { _place: place, service, path, ours }
    }

    fn good(&self, now: Time) -> (Certificate, PrivateKey) {
        made(&self.ours, &Profile::tls_server(YEAR), HERE, now)
    }

    /// The file is refused for this reason, and the old certificate serves on.
    async fn refuses(&self, code: &str, reason: &str, now: Time) {
        let before = serving(&self.service, Role::TlsServer).await;
        round(&self.service, now).await.expect("a round");
        let reasons = self.service.state.reasons();
        let found = reasons.iter().find(|r| r.code == code).unwrap_or_else(|| panic!("{reason}: {reasons:?}"));
        assert!(found.role == Role::TlsServer && found.says.contains(reason), "{}", found.says);
        assert_eq!(serving(&self.service, Role::TlsServer).await, before);
        assert!(held(&self.service, Role::TlsServer, Slot::Next).await.is_empty());
    }

    async fn takes(&self, wanted: &Certificate, now: Time) {
        round(&self.service, now).await.expect("a round");
        assert_eq!(&serving(&self.service, Role::TlsServer).await, wanted);
        assert_eq!(codes(&self.service), Vec::<&str>::new());
    }
}

const REFUSED: &str = "credential.file-refused";

#[tokio::test]
async fn a_renamed_file_takes_over_and_a_restart_finds_it_without_the_file() {
    let o = Outside::new().await;
    o.refuses(REFUSED, "No such file", START).await;
    let (first, second) = (o.good(START), o.good(START.plus(DAY)));
    put(&o.path, &pem(&first));
    o.takes(&first.0, START.plus(3600)).await;
    // With its chain, as many programs write it.
    put(&o.path, &format!("{}{}", pem(&second), o.ours.certificate.to_pem()));
    o.takes(&second.0, START.plus(DAY)).await;
    std::fs::remove_file(&o.path).expect("removed");
    let again = Service::open_at(o.service.config.clone(), START.plus(2 * DAY)).await.expect("open");
    assert_eq!(serving(&again, Role::TlsServer).await, second.0);
}

#[tokio::test]
async fn half_a_file_is_refused_wherever_it_ends() {
    let o = Outside::new().await;
    let whole = pem(&o.good(START));
    for part in [0, 40, whole.len() / 2, whole.len() - 40] {
        std::fs::write(&o.path, whole.get(..part).expect("ASCII")).expect("written");
        o.refuses(REFUSED, "was not taken over", START.plus(60)).await;
    }
}

#[tokio::test]
async fn another_key_another_purpose_and_another_time_are_refused() {
    let o = Outside::new().await;
    let (one, other) = (o.good(START), o.good(START));
    put(&o.path, &format!("{}{}", &*other.1.to_pem(), one.0.to_pem()));
    o.refuses(REFUSED, "the key does not belong to the certificate", START).await;
    put(&o.path, &pem(&made(&o.ours, &Profile::tls_client(YEAR), HERE, START)));
    o.refuses(REFUSED, "its extended key usage lacks", START).await;
    put(&o.path, &pem(&o.good(START.plus(10 * DAY))));
    o.refuses(REFUSED, "it is not valid before", START).await;
}

#[tokio::test]
async fn another_issuer_is_refused() {
    let o = Outside::new().await;
    let stranger = Place::new("").await.open(START).await;
    let theirs = stranger.credentials.load().issuer().expect("a CA").clone();
    put(&o.path, &pem(&made(&theirs, &Profile::tls_server(YEAR), HERE, START)));
    o.refuses(REFUSED, "none of the expected authorities has signed it", START).await;
}

/// Only the handshake tells: nothing is wrong with the certificate but that clients look for another name.
#[tokio::test]
async fn another_name_does_not_stand_the_proof() {
    let o = Outside::new().await;
    put(&o.path, &pem(&made(&o.ours, &Profile::tls_server(YEAR), [10, 0, 0, 1], START)));
    o.refuses("credential.proof-failed", "a policy module that asks 127.0.0.1 refuses it", START).await;
    // It lies in the file still, and is left alone for a while.
    let tried = async || {
        let filter = AuditFilter { verb: Some("credential".to_owned()), ..AuditFilter::default() };
        let rows = o.service.store.audit_list(&filter, 1000, None).await.expect("the audit");
        (rows.len(), rows.iter().filter(|row| row.entry.detail.contains("not proven")).count())
    };
    let first = tried().await;
    assert_eq!(first.1, 1);
    for seconds in [10, 20, 590] {
        o.refuses("credential.proof-failed", "a policy module that asks 127.0.0.1", START.plus(seconds)).await;
        assert_eq!(tried().await, first, "after {seconds} s");
    }
    o.refuses("credential.proof-failed", "a policy module that asks 127.0.0.1", START.plus(600)).await;
    assert_eq!(tried().await.1, 2);
    // Another one does not wait.
    let good = o.good(START);
    put(&o.path, &pem(&good));
    o.takes(&good.0, START.plus(610)).await;
}
