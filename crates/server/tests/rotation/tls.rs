//! The certificates of mutual TLS: renewed like the others, and only after a handshake with them.

use pki::crl::Reason;
use pki::{Certificate, Time};
use server::credential::{Inventory, Role, renew, round};
use server::store::{Actor, Slot};
use server::{Service, revocation, task};

use crate::place::*;

const ROLES: [Role; 2] = [Role::TlsServer, Role::PolicyModuleClient];

/// The certificate in use.
pub(crate) async fn serving(service: &Service, role: Role) -> Certificate {
    let inventory = Inventory::read(&service.store, &service.config.folder).await.expect("read");
    inventory.in_slot(role, Slot::Current).and_then(|held| held.certificate.clone()).expect("a current one")
}

fn issuer(service: &Service) -> Certificate {
    service.credentials.load().issuer().expect("a CA").certificate.clone()
}

/// Two thirds of two years, and a day.
const DUE: Time = START.plus(2 * YEAR * 2 / 3 + DAY);

#[tokio::test]
async fn thirteen_years_of_both_sides() {
    let place = Place::with_point("").await;
    let service = place.open(START).await;
    let mut now = START;
    let mut seen = std::collections::BTreeSet::new();
    while now < START.plus(13 * YEAR) {
        now = now.plus(60 * DAY);
        task::round(&service, now).await.expect("a round");
        assert_eq!(codes(&service), Vec::<&str>::new(), "{now}");
        for role in ROLES {
            let certificate = serving(&service, role).await;
            assert!(certificate.validity().contains(now));
            // What stands below a CA follows it.
            certificate.verify_signature(issuer(&service).public_key()).expect("by the current CA");
            seen.insert((role, certificate.thumbprint()));
        }
        let shown = service.credentials.load().policy_module_client.clone().expect("a credential").certificate;
        assert_eq!(shown, serving(&service, Role::PolicyModuleClient).await);
    }
    for role in ROLES {
        let count = seen.iter().filter(|(of, _)| *of == role).count();
        assert!((11..=22).contains(&count), "{}: {count}", role.name());
        assert!(held(&service, role, Slot::Retired).await.len() <= 3);
    }
}

#[tokio::test]
async fn the_next_one_is_like_the_one_before() {
    let place = Place::with_point("").await;
    let service = place.open(START).await;
    for role in ROLES {
        let before = serving(&service, role).await;
        renew(&service, role, START.plus(60)).await.expect("renewed");
        let after = serving(&service, role).await;
        assert_ne!(after, before);
        assert_eq!((after.subject(), after.subject_alt_names()), (before.subject(), before.subject_alt_names()));
        assert_eq!(after.extended_key_usage(), before.extended_key_usage());
        assert_ne!(after.public_key(), before.public_key());
        assert_eq!(after.public_key().kind(), before.public_key().kind());
    }
}

#[tokio::test]
async fn a_service_without_a_registration_point_has_none() {
    let place = Place::new("").await;
    let service = place.open(DUE).await;
    for role in ROLES {
        assert!(service.store.credentials(Some(role.name())).await.expect("read").is_empty());
        let refused = renew(&service, role, DUE).await.expect_err("there is none").to_string();
        assert!(refused.contains("there is none here"), "{refused}");
    }
    assert_eq!(codes(&service), Vec::<&str>::new());
}

/// A handshake that fails keeps the old one in use, months before it ends; whoever mends the cause need do no more.
async fn steps_back(role: Role, break_it: impl FnOnce(&Place), mend: impl FnOnce(&Place), says: &str) {
    let place = Place::with_point("").await;
    break_it(&place);
    let service = place.open(START).await;
    let before = serving(&service, role).await;
    round(&service, DUE).await.expect("a round");
    assert_eq!(serving(&service, role).await, before, "{says}");
    let reasons = service.state.reasons();
    let reason = reasons.iter().find(|reason| reason.role == role).expect(says);
    assert_eq!(reason.code, "credential.proof-failed");
    assert!(reason.says.contains(says), "{}", reason.says);
    assert_eq!(reason.breaks, Some(before.validity().not_after.plus(1)));
    assert!(held(&service, role, Slot::Next).await.is_empty(), "what was no good is thrown away");
    mend(&place);
    drop(service);
    let service = place.open(DUE.plus(1200)).await;
    assert_ne!(serving(&service, role).await, before, "{says}");
    assert_eq!(codes(&service), Vec::<&str>::new());
}

#[tokio::test]
async fn a_server_that_clients_would_not_trust_never_takes_over() {
    let timeout = "timeout = \"10s\"";
    let trusting = "timeout = \"10s\"\ntrust = \"trust.pem\"";
    let foreign = |place: &Place| {
        place.edit(timeout, trusting);
        let key = pki::key::PrivateKey::generate(pki::key::KeySpec::P256).expect("a key");
        let name = pki::Name::parse("CN=Somebody else").expect("a name");
        let validity = pki::Validity { not_before: START, not_after: START.plus(20 * YEAR) };
        let serial = ca::Serial::random(&mut server::world::random);
        let root = ca::authority::root(&name, &key, validity, &serial).expect("a root");
        std::fs::write(place.folder.path().join("trust.pem"), root.to_pem()).expect("written");
    };
    steps_back(Role::TlsServer, foreign, |place| place.edit(trusting, timeout), "0x800B010A CERT_E_CHAINING").await;
}

#[tokio::test]
async fn a_client_that_the_registration_point_would_refuse_never_takes_over() {
    let (right, wrong) = ("client_name = \"Example Policy Module\"", "client_name = \"NDES\"");
    let role = Role::PolicyModuleClient;
    let broken = |place: &Place| place.edit(right, wrong);
    steps_back(role, broken, |place| place.edit(wrong, right), "403.16 client.name").await;
    let stated = format!("{right}\nclient_issuer = \"issuers.pem\"");
    let broken = |place: &Place| {
        place.edit(right, &stated);
        // Its own root signed no client.
        let key = std::fs::read(place.root_key()).expect("read");
        let key = pki::key::PrivateKey::parse(&key).expect("a key");
        let name = pki::Name::parse("CN=Another").expect("a name");
        let validity = pki::Validity { not_before: START, not_after: START.plus(20 * YEAR) };
        let serial = ca::Serial::random(&mut server::world::random);
        let other = ca::authority::root(&name, &key, validity, &serial).expect("a root");
        std::fs::write(place.folder.path().join("issuers.pem"), other.to_pem()).expect("written");
    };
    steps_back(role, broken, |place| place.edit(&stated, right), "403.16 client.issuer").await;
}

#[tokio::test]
async fn what_is_revoked_is_replaced_and_never_comes_back() {
    let place = Place::with_point("").await;
    let service = place.open(START).await;
    let by = Actor { name: "alice".to_owned(), source: "cli".to_owned() };
    for role in ROLES {
        let mut revoked = Vec::new();
        for hour in 1..4 {
            let now = START.plus(hour * 3600);
            let current = serving(&service, role).await;
            revocation::revoke(&service, current.serial(), Reason::KeyCompromise, &by, now).await.expect("revoked");
            revoked.push(current);
            round(&service, now).await.expect("a round");
            let next = serving(&service, role).await;
            assert!(!revoked.contains(&next), "{}", role.name());
            assert_eq!(codes(&service), Vec::<&str>::new());
        }
    }
}

#[tokio::test]
async fn when_the_ca_changes_both_follow_and_both_generations_are_known() {
    let place = Place::with_point("").await;
    let service = place.open(START).await;
    let first = issuer(&service);
    let now = START.plus(3600);
    let old = serving(&service, Role::PolicyModuleClient).await;
    renew(&service, Role::IssuingCa, now).await.expect("renewed");
    assert_ne!(issuer(&service), first);
    for role in ROLES {
        serving(&service, role).await.verify_signature(issuer(&service).public_key()).expect("by the new CA");
    }
    // What the registration point takes clients from, and with which issuer each credential is shown.
    let inventory = Inventory::read(&service.store, &service.config.folder).await.expect("read");
    assert_eq!(inventory.of(Role::IssuingCa).count(), 2);
    let credentials = service.credentials.load();
    assert_eq!(credentials.chain_of(&old), vec![old.clone(), first]);
    let new = serving(&service, Role::PolicyModuleClient).await;
    assert_eq!(credentials.chain_of(&new), vec![new.clone(), issuer(&service)]);
}
