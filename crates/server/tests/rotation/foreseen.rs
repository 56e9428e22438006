//! Each deliberately faulty configuration fails on its day, and a good one never.

use ca::rotation::Moments;
use pki::Time;
use server::forecast::{self, Event, Forecast, Kind, forecast};

use crate::place::*;

async fn foreseen(place: &Place, years: i64) -> Forecast {
    let service = place.open(START).await;
    let scratch = tempfile::tempdir().expect("a folder");
    let before = std::fs::read_dir(place.folder.path().join("keys")).expect("keys").count();
    let seen = forecast(&service, scratch.path(), START, START.plus(years * YEAR)).await.expect("a forecast");
    assert_eq!(
        std::fs::read_dir(place.folder.path().join("keys")).expect("keys").count(),
        before,
        "it changes nothing"
    );
    assert!(seen.events.is_sorted_by_key(|event| event.at));
    seen
}

fn failure<'f>(seen: &'f Forecast, what: &str, code: &str) -> &'f Event {
    let found = seen.failures().find(|event| event.what == what && event.code == code);
    found.unwrap_or_else(|| panic!("no {code} of {what} in {:#?}", seen.events))
}

#[tokio::test]
async fn a_good_configuration_never_fails() {
    let place = Place::new("").await;
    let seen = foreseen(&place, 12).await;
    assert_eq!(seen.failures().collect::<Vec<_>>(), Vec::<&Event>::new());
    let renewed = |what: &str| seen.events.iter().filter(|e| e.kind == Kind::Renewed && e.what == what).count();
    assert_eq!(renewed("issuing-ca"), 2);
    assert!(renewed("ra-signing") >= 11 && renewed("ra-encryption") >= 11 && renewed("sealing") >= 20);
}

#[tokio::test]
async fn a_credential_that_nothing_renews() {
    let place = Place::new("[credential.ra-encryption]\nrenew = \"off\"").await;
    let ends = get_ca(&place.open(START).await, START).await.encryption.validity().not_after;
    let seen = foreseen(&place, 3).await;
    assert_eq!(failure(&seen, "ra-encryption", "credential.ended").at, ends.plus(1));
    let warned = seen.events.iter().find(|e| e.kind == Kind::Foreseeable && e.code == "credential.late");
    assert!(warned.expect("foreseeable").at < ends.plus(-200 * DAY));
    assert_eq!(foreseen(&place, 1).await.failures().count(), 0);
}

#[tokio::test]
async fn a_root_that_ends_before_its_children() {
    let place =
        Place::new("[credential.ra-signing]\nvalidity = \"3650d\"\n[credential.ra-encryption]\nvalidity = \"3650d\"")
            .await;
    let root = place.open(START).await.credentials.load().root.validity().not_after;
    let seen = foreseen(&place, 21).await;
    assert_eq!(failure(&seen, "root", "credential.ended").at, root.plus(1));
    // A year before, devices get less than a year.
    assert_eq!(failure(&seen, "endpoint default", forecast::ENDPOINT).at, root.plus(1 - YEAR));
}

#[tokio::test]
async fn while_the_root_is_offline_its_list_ends_and_its_ca_grows_old() {
    let place = Place::new("").await;
    let service = place.open(START).await;
    let (root, issuing) = {
        let credentials = service.credentials.load();
        (credentials.root.fingerprint(), credentials.issuer().expect("a CA").certificate.validity().not_after)
    };
    let list = service.store.crl_latest(&root).await.expect("read").expect("a list").next_update;
    drop(service);
    std::fs::remove_file(place.root_key()).expect("removed");
    let seen = foreseen(&place, 11).await;
    // A CRL that nobody signs.
    assert_eq!(failure(&seen, "root", forecast::ROOT_LIST_ENDS).at, list.plus(1));
    // A CA whose remaining life is shorter than the profile's validity.
    assert_eq!(failure(&seen, "endpoint default", forecast::ENDPOINT).at, issuing.plus(1 - YEAR));
    assert_eq!(failure(&seen, "issuing-ca", "credential.ended").at, issuing.plus(1));
}

#[tokio::test]
async fn a_file_that_nobody_replaces() {
    let place = Place::new("[credential.ra-signing]\nfile = \"ra.pem\"").await;
    let ends: Time = get_ca(&place.open(START).await, START).await.signing.validity().not_after;
    let inventory = std::fs::read_to_string(place.folder.path().join("keys/ra-signing-1.key.pem")).expect("read");
    let certificate = get_ca(&place.open(START).await, START).await.signing.to_pem();
    std::fs::write(place.folder.path().join("ra.pem"), format!("{inventory}{certificate}")).expect("written");
    let seen = foreseen(&place, 3).await;
    assert_eq!(failure(&seen, "ra-signing", "credential.ended").at, ends.plus(1));
}

#[tokio::test]
async fn a_trust_bundle_that_lacks_the_next_ca() {
    let place = Place::new("[credential.ra-signing]\ntrusted_by = \"bundle.pem\"").await;
    let service = place.open(START).await;
    let issuer = get_ca(&service, START).await.issuer;
    let root = service.credentials.load().root.to_pem();
    drop(service);
    let bundle = place.folder.path().join("bundle.pem");
    std::fs::write(&bundle, issuer.to_pem()).expect("written");
    let seen = foreseen(&place, 8).await;
    let fails = failure(&seen, "ra-signing", "credential.not-trusted");
    assert_eq!(fails.at, Moments::of(issuer.validity()).activate);
    let foreseeable = seen.events.iter().find(|e| e.kind == Kind::Foreseeable && e.code == "credential.not-trusted");
    assert!(foreseeable.expect("foreseeable").at < fails.at.plus(-YEAR));
    // With the root in it every generation is trusted.
    std::fs::write(&bundle, root).expect("written");
    assert_eq!(foreseen(&place, 8).await.failures().count(), 0);
}

#[tokio::test]
async fn both_sides_of_mutual_tls_are_renewed_in_a_forecast_too() {
    let place = Place::with_point("").await;
    place.edit("timeout = \"10s\"", "timeout = \"10s\"\ntrust = \"trust.pem\"");
    let service = place.open(START).await;
    let credentials = service.credentials.load_full();
    let (root, issuer) = (credentials.root.to_pem(), credentials.issuer().expect("a CA").certificate.to_pem());
    drop(service);
    let bundle = place.folder.path().join("trust.pem");
    std::fs::write(&bundle, &root).expect("written");
    let seen = foreseen(&place, 7).await;
    assert_eq!(seen.failures().collect::<Vec<_>>(), Vec::<&Event>::new());
    let renewed = |what: &str| seen.events.iter().filter(|e| e.kind == Kind::Renewed && e.what == what).count();
    assert!(renewed("tls-server") >= 5 && renewed("policy-module-client") >= 5, "{:#?}", seen.events);
    // Whoever trusts nothing but the CA of today does not trust what the next one signs.
    std::fs::write(&bundle, issuer).expect("written");
    let seen = foreseen(&place, 9).await;
    let ends = failure(&seen, "tls-server", "credential.ended");
    let known =
        seen.events.iter().find(|e| e.kind == Kind::Foreseeable && e.what == "tls-server").expect("foreseeable");
    assert!(known.code == "credential.proof-failed" && known.at < ends.at.plus(-200 * DAY), "{known:?}");
}
