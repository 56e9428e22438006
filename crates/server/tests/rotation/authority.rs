use pki::crl::Reason;
use pki::{Certificate, Crl, Time};
use scep::http::Operation;
use server::credential::{Role, renew};
use server::store::{Actor, Slot};
use server::{Service, init, revocation, task};

use crate::place::*;

#[tokio::test]
async fn the_ca_rolls_over() {
    let place = Place::new("").await;
    let service = place.open(START).await;
    let first = get_ca(&service, START).await;
    let half = START.plus(5 * YEAR + DAY);
    task::round(&service, half).await.expect("a round");
    let caps = String::from_utf8(ask(&service, Operation::GetCaCaps, half).await.expect("caps")).expect("text");
    assert!(caps.contains("GetNextCACert"), "{caps}");
    let next = ask(&service, Operation::GetNextCaCert, half).await.expect("the next CA");
    let held_half = get_ca(&service, half).await;
    assert_eq!(held_half.issuer, first.issuer);
    let next = scep::ca_certs::read_next(&next, std::slice::from_ref(&first.issuer)).expect("signed by the current CA");
    let device = enrol(&service, &held_half, Signer::Itself, half).await.expect("served");
    let two_thirds = START.plus(10 * YEAR * 2 / 3 + 2 * DAY);
    // A device that enrols shortly before renews with the next CA.
    let shortly = two_thirds.plus(-30 * DAY);
    task::round(&service, shortly).await.expect("a round");
    let held_shortly = get_ca(&service, shortly).await;
    let renewing = enrol(&service, &held_shortly, Signer::Itself, shortly).await.expect("served");
    task::round(&service, two_thirds).await.expect("a round");
    let second = get_ca(&service, two_thirds).await;
    assert_eq!(Some(&second.issuer), next.first(), "what was announced has come");
    assert_eq!(second.issuer.subject(), first.issuer.subject());
    assert_ne!(second.issuer.public_key(), first.issuer.public_key());
    for ra in [&second.signing, &second.encryption] {
        ra.verify_signature(second.issuer.public_key()).expect("the RA is signed by the CA that is shown");
    }
    assert!(ask(&service, Operation::GetNextCaCert, two_thirds).await.is_err());
    // Who holds the old certificates is still answered, and renews.
    enrol(&service, &held_shortly, Signer::Itself, two_thirds).await.expect("served");
    let renewed = enrol(&service, &second, Signer::Held(&renewing), two_thirds).await.expect("renewed");
    renewed.verify_signature(second.issuer.public_key()).expect("by the new CA");
    // Both generations publish their lists, each at the address that its certificates state.
    for (ca, certificate) in [(&first.issuer, &device), (&second.issuer, &renewed)] {
        let row = service.store.crl_latest(&ca.fingerprint()).await.expect("read").expect("a list");
        assert!(row.next_update > two_thirds, "{}", row.next_update);
        Crl::parse(&row.der).expect("a list").verify_signature(ca.public_key()).expect("signed");
        let points = certificate.extension(&pki::oid::CRL_DISTRIBUTION_POINTS).expect("points");
        let place = server::credential::place(ca);
        let stated = String::from_utf8_lossy(&points.value).into_owned();
        assert!(stated.contains(&format!("/ca/{place}.crl")), "{stated}");
    }
}

/// Whether a certificate stands on the latest list of a CA.
async fn is_listed(service: &Service, ca: &Certificate, certificate: &Certificate) -> bool {
    let row = service.store.crl_latest(&ca.fingerprint()).await.expect("read").expect("a list");
    let list = Crl::parse(&row.der).expect("a list");
    list.verify_signature(ca.public_key()).expect("signed");
    list.revoked().iter().any(|entry| entry.serial == certificate.serial())
}

async fn revoke(service: &Service, certificate: &Certificate, now: Time) {
    let by = Actor { name: "alice".to_owned(), source: "cli".to_owned() };
    revocation::revoke(service, certificate.serial(), Reason::KeyCompromise, &by, now).await.expect("revoked");
}

/// The generations have one name, and who has the list of one believes it of certificates of the others.
#[tokio::test]
async fn the_list_of_every_generation_names_what_any_of_them_revoked() {
    let place = Place::new("").await;
    let service = place.open(START).await;
    let first = get_ca(&service, START).await;
    let before = enrol(&service, &first, Signer::Itself, START).await.expect("served");
    let after = enrol(&service, &first, Signer::Itself, START).await.expect("served");
    revoke(&service, &before, START.plus(30)).await;
    renew(&service, Role::IssuingCa, START.plus(60)).await.expect("renewed");
    let second = get_ca(&service, START.plus(60)).await;
    // The first list of the new one, made before it took over.
    assert!(is_listed(&service, &second.issuer, &before).await);
    revoke(&service, &after, START.plus(90)).await;
    let own = enrol(&service, &second, Signer::Itself, START.plus(90)).await.expect("served");
    revoke(&service, &own, START.plus(120)).await;
    for ca in [&first.issuer, &second.issuer] {
        for revoked in [&before, &after, &own] {
            assert!(is_listed(&service, ca, revoked).await, "{} by {}", revoked.serial_hex(), ca.serial_hex());
        }
    }
    // The key of the earlier one may be gone: what it signed is out still.
    let inventory = server::credential::Inventory::read(&service.store, &service.config.folder).await.expect("read");
    let retired = inventory.in_slot(Role::IssuingCa, Slot::Retired).expect("a retired CA");
    std::fs::remove_file(place.folder.path().join(&retired.record.key_reference)).expect("removed");
    drop(service);
    let service = place.open(START.plus(150)).await;
    assert_eq!(service.credentials.load().issuing.len(), 1);
    revocation::publish(&service, revocation::Renew::Now, START.plus(150)).await.expect("a list");
    assert!(is_listed(&service, &second.issuer, &before).await && is_listed(&service, &second.issuer, &after).await);
}

/// A next CA has a list from an attempt to take over; it must not lack what is revoked until it does.
#[tokio::test]
async fn the_list_of_the_next_ca_follows() {
    let place = Place::new("").await;
    let service = place.open(START).await;
    let half = START.plus(5 * YEAR + DAY);
    task::round(&service, half).await.expect("a round");
    let next = service.credentials.load().next_keyed().expect("the next CA");
    revocation::publish_for(&service, &next, revocation::Renew::Now, half).await.expect("a list");
    let device = enrol(&service, &get_ca(&service, half).await, Signer::Itself, half).await.expect("served");
    revoke(&service, &device, half.plus(60)).await;
    assert!(is_listed(&service, &next.certificate, &device).await);
}

#[tokio::test]
async fn without_the_roots_key_it_is_said_five_years_before() {
    let place = Place::new("").await;
    let away = std::fs::read(place.root_key()).expect("read");
    std::fs::remove_file(place.root_key()).expect("removed");
    let service = place.open(START).await;
    assert_eq!(codes(&service), Vec::<&str>::new());
    let half = START.plus(5 * YEAR + DAY);
    server::credential::round(&service, half).await.expect("a round");
    let reasons = service.state.reasons();
    let reason = reasons.iter().find(|r| r.role == Role::IssuingCa).expect("a reason");
    assert_eq!(reason.code, "credential.root-key-away");
    let ends = get_ca(&service, half).await.issuer.validity().not_after;
    assert_eq!(reason.breaks, Some(ends.plus(1)));
    // Somebody brings it.
    let key = pki::key::PrivateKey::parse(&away).expect("a key");
    init::prepare_next(&service, &key, pki::key::KeySpec::P256, half).await.expect("prepared");
    server::credential::round(&service, half.plus(30)).await.expect("a round");
    assert_eq!(codes(&service), Vec::<&str>::new());
    let two_thirds = START.plus(10 * YEAR * 2 / 3 + 2 * DAY);
    server::credential::round(&service, two_thirds).await.expect("a round");
    assert!(get_ca(&service, two_thirds).await.issuer.validity().not_after > ends);
}

#[tokio::test]
async fn a_ca_that_is_replaced_takes_its_ra_with_it() {
    let place = Place::new("").await;
    let service = place.open(START).await;
    let before = get_ca(&service, START).await;
    renew(&service, Role::IssuingCa, START.plus(60)).await.expect("renewed");
    let after = get_ca(&service, START.plus(60)).await;
    assert!(after.signing != before.signing && after.encryption != before.encryption);
    assert_eq!(held(&service, Role::IssuingCa, Slot::Retired).await.len(), 1);
    enrol(&service, &before, Signer::Itself, START.plus(60)).await.expect("served");
}

/// The command line and the service are two processes of one node, so that no lease keeps them apart.
#[tokio::test]
async fn an_operator_replaces_the_ca_while_the_service_goes_its_rounds() {
    let place = Place::new("").await;
    let (service, operator) = (place.open(START).await, place.open(START).await);
    for hour in 1..4 {
        let now = START.plus(hour * 3600);
        let before = current(&service, Role::IssuingCa).await;
        let done = std::cell::Cell::new(false);
        let rounds = async {
            while !done.get() {
                server::credential::round(&service, now).await.expect("a round");
                tokio::task::yield_now().await;
            }
        };
        let renewed = async {
            let renewed = renew(&operator, Role::IssuingCa, now).await;
            done.set(true);
            renewed
        };
        let (renewed, ()) = tokio::join!(renewed, rounds);
        renewed.expect("renewed");
        assert_ne!(current(&service, Role::IssuingCa).await, before);
        server::credential::round(&service, now).await.expect("a round");
        assert_eq!(codes(&service), Vec::<&str>::new());
        enrol(&service, &get_ca(&service, now).await, Signer::Itself, now).await.expect("served");
    }
}
