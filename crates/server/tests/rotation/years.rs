use server::credential::{Role, round};
use server::store::Slot;
use server::task;

use crate::place::*;

#[tokio::test]
async fn thirteen_years_go_by_and_every_device_is_served() {
    let place = Place::new("").await;
    let service = place.open(START).await;
    let mut now = START;
    let mut held_before = get_ca(&service, now).await;
    let mut generations = std::collections::BTreeSet::new();
    while now < START.plus(13 * YEAR) {
        now = now.plus(60 * DAY);
        task::round(&service, now).await.expect("a round");
        assert_eq!(codes(&service), Vec::<&str>::new(), "{now}");
        // One device has asked GetCACert sixty days ago, another one now.
        let held_now = get_ca(&service, now).await;
        for authorities in [&held_before, &held_now] {
            let certificate = enrol(&service, authorities, Signer::Itself, now).await;
            certificate.unwrap_or_else(|why| panic!("{now}: {why}"));
        }
        for role in [Role::IssuingCa, Role::RaSigning, Role::RaEncryption, Role::Sealing] {
            generations.insert((role, current(&service, role).await));
        }
        held_before = held_now;
    }
    let count = |role| generations.iter().filter(|(r, _)| *r == role).count();
    assert_eq!(count(Role::IssuingCa), 3);
    assert!((11..=22).contains(&count(Role::RaSigning)), "{}", count(Role::RaSigning));
    assert!(count(Role::RaEncryption) >= 11 && count(Role::Sealing) >= 18);
    // What nobody can hold any more is forgotten, with its key.
    assert!(held(&service, Role::RaEncryption, Slot::Retired).await.len() <= 3);
    let keys = std::fs::read_dir(place.folder.path().join("keys")).expect("keys").count();
    assert!(keys < 20, "{keys}");
    assert!(service.store.audit_verify().await.expect("audit").iter().all(|r| r.fault.is_none()));
}

#[tokio::test]
async fn an_enrolment_shows_the_swap_without_a_restart() {
    let place = Place::new("").await;
    let service = place.open(START).await;
    let before = get_ca(&service, START).await;
    let half = START.plus(YEAR + DAY);
    round(&service, half).await.expect("a round");
    // Prepared: not shown yet, and opened already.
    assert_eq!(get_ca(&service, half).await, before);
    assert_eq!(held(&service, Role::RaSigning, Slot::Next).await.len(), 1);
    assert_eq!(service.credentials.load().ra_encryption.len(), 2);
    let two_thirds = START.plus(2 * YEAR * 2 / 3 + DAY);
    round(&service, two_thirds).await.expect("a round");
    let after = get_ca(&service, two_thirds).await;
    assert_ne!(after.signing, before.signing);
    assert_ne!(after.encryption, before.encryption);
    assert_eq!((after.signing.subject(), &after.issuer), (before.signing.subject(), &before.issuer));
    // A device with the old certificate, to the last day of it.
    let last = before.encryption.validity().not_after;
    round(&service, last).await.expect("a round");
    enrol(&service, &before, Signer::Itself, last).await.expect("served");
    let over = last.plus(2 * DAY);
    round(&service, over).await.expect("a round");
    enrol(&service, &before, Signer::Itself, over).await.expect_err("the key is gone");
    enrol(&service, &get_ca(&service, over).await, Signer::Itself, over).await.expect("served");
}
