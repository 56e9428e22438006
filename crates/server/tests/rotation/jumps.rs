use server::config::Lives;
use server::credential::{Inventory, Role, renew, round};
use server::store::Slot;
use server::{Service, ServiceError, task};

use crate::place::*;

#[tokio::test]
async fn a_service_that_slept_through_its_own_end_heals_when_it_starts() {
    let place = Place::new("").await;
    let later = START.plus(5 * YEAR);
    let service = place.open(later).await;
    assert_eq!(codes(&service), Vec::<&str>::new());
    let authorities = get_ca(&service, later).await;
    assert!(authorities.signing.validity().contains(later));
    enrol(&service, &authorities, Signer::Itself, later).await.expect("served");
}

#[tokio::test]
async fn a_service_that_slept_through_the_end_of_its_ca_heals_too() {
    let place = Place::new("").await;
    let later = START.plus(12 * YEAR);
    let service = place.open(later).await;
    let authorities = get_ca(&service, later).await;
    assert!(authorities.issuer.validity().contains(later));
    enrol(&service, &authorities, Signer::Itself, later).await.expect("served");
}

#[tokio::test]
async fn the_clock_jumps_ahead_and_back() {
    let place = Place::new("").await;
    let service = place.open(START).await;
    let before = get_ca(&service, START).await;
    let ahead = START.plus(6 * YEAR);
    round(&service, ahead).await.expect("a round");
    enrol(&service, &get_ca(&service, ahead).await, Signer::Itself, ahead).await.expect("served");
    // It was wrong: what was in use before is used again.
    let back = START.plus(DAY);
    round(&service, back).await.expect("a round");
    assert_eq!(get_ca(&service, back).await.signing, before.signing);
    enrol(&service, &before, Signer::Itself, back).await.expect("served");
    // Before the service was made.
    let early = START.plus(-3 * YEAR);
    round(&service, early).await.expect("a round");
    round(&service, back).await.expect("a round");
    enrol(&service, &get_ca(&service, back).await, Signer::Itself, back).await.expect("served");
}

/// A clock that is ahead for a day ends certificates that devices still hold; their keys must outlive that day.
#[tokio::test]
async fn a_clock_that_is_ahead_for_a_day_costs_no_key() {
    let place = Place::new("").await;
    let mut config = place.config();
    config.lives = Lives::Simulated;
    let service = Service::open_at(config, START).await.expect("open");
    let held_by_a_device = get_ca(&service, START).await;
    let last = held_by_a_device.encryption.validity().not_after;
    // It has a successor, which is some way into its own life.
    for month in 1..=23 {
        round(&service, START.plus(month * 30 * DAY)).await.expect("a round");
    }
    let now = last.plus(-20 * DAY);
    for hour in 0..24 {
        round(&service, now.plus(90 * DAY + hour * 3600)).await.expect("a round");
    }
    round(&service, now).await.expect("a round");
    enrol(&service, &held_by_a_device, Signer::Itself, now).await.expect("served");
    // What is over for good is forgotten all the same.
    for day in 0..30 {
        round(&service, last.plus(2 * DAY + day * DAY)).await.expect("a round");
    }
    let over = last.plus(32 * DAY);
    enrol(&service, &held_by_a_device, Signer::Itself, over).await.expect_err("the key is gone");
    assert_eq!(held(&service, Role::RaEncryption, Slot::Retired).await, Vec::<String>::new());
}

/// Nobody believes a list that was made tomorrow.
#[tokio::test]
async fn a_list_that_a_clock_made_that_was_ahead_is_replaced() {
    let place = Place::new("").await;
    let service = place.open(START).await;
    let issuer = service.credentials.load().issuer().expect("a CA").certificate.fingerprint();
    let now = START.plus(DAY);
    for at in [START.plus(90 * DAY), now] {
        task::round(&service, at).await.expect("a round");
        let list = service.store.crl_latest(&issuer).await.expect("read").expect("a list");
        assert!(list.this_update <= at && at < list.next_update, "{list:?}");
    }
}

#[tokio::test]
async fn a_lost_key_is_replaced() {
    for role in [Role::RaSigning, Role::RaEncryption] {
        let place = Place::new("").await;
        std::fs::remove_file(place.folder.path().join(format!("keys/{}-1.key.pem", role.name()))).expect("removed");
        let service = place.open(START).await;
        assert_eq!(codes(&service), Vec::<&str>::new());
        enrol(&service, &get_ca(&service, START).await, Signer::Itself, START).await.expect("served");
    }
}

#[tokio::test]
async fn a_credential_that_does_not_stand_the_proof_never_takes_over() {
    let place = Place::new("").await;
    let mut config = place.config();
    // What a proof enrols for is not there, so that none succeeds.
    config.profiles.remove("(proof)");
    let two_thirds = START.plus(2 * YEAR * 2 / 3 + DAY);
    let service = Service::open_at(config, START).await.expect("open");
    let before = get_ca(&service, START).await;
    round(&service, two_thirds).await.expect("a round");
    assert_eq!(get_ca(&service, two_thirds).await, before);
    let reasons = service.state.reasons();
    let reason = reasons.iter().find(|r| r.role == Role::RaSigning).expect("a reason");
    assert_eq!(reason.code, "credential.proof-failed");
    assert_eq!(reason.breaks, Some(before.signing.validity().not_after.plus(1)));
    assert_eq!(held(&service, Role::RaSigning, Slot::Next).await, Vec::<String>::new());
    // It is not tried again at once, but it is tried again.
    let rows = || async { Inventory::read(&service.store, &service.config.folder).await.expect("read").held.len() };
    let count = rows().await;
    round(&service, two_thirds.plus(30)).await.expect("a round");
    assert_eq!(rows().await, count);
    // Whoever has mended it starts the service again, or waits for ten minutes.
    let service = place.open(two_thirds.plus(60)).await;
    assert_eq!(codes(&service), Vec::<&str>::new());
    assert_ne!(get_ca(&service, two_thirds).await.signing, before.signing);
}

#[tokio::test]
async fn of_two_nodes_one_acts_and_the_other_follows() {
    let place = Place::new("").await;
    let node = |name: &str| {
        let mut config = place.config();
        config.node = name.to_owned();
        config
    };
    let a = Service::open_at(node("a"), START).await.expect("open");
    let b = Service::open_at(node("b"), START).await.expect("open");
    let mut now = START;
    for _ in 0..8 {
        now = now.plus(YEAR / 3);
        let (first, second) = tokio::join!(round(&a, now), round(&b, now));
        first.and(second).expect("rounds");
        round(&a, now.plus(200)).await.expect("a round");
        round(&b, now.plus(400)).await.expect("a round");
        assert_eq!(get_ca(&a, now).await, get_ca(&b, now).await);
        assert_eq!(a.credentials.load().stamp, b.credentials.load().stamp);
        enrol(&b, &get_ca(&a, now).await, Signer::Itself, now).await.expect("served");
    }
    let made = held(&a, Role::RaSigning, Slot::Retired).await.len();
    assert!((1..=3).contains(&made), "{made}");
}

#[tokio::test]
async fn an_operator_renews_what_is_young() {
    let place = Place::new("").await;
    let service = place.open(START).await;
    for role in [Role::RaSigning, Role::RaEncryption, Role::Sealing, Role::IssuingCa] {
        let before = current(&service, role).await;
        renew(&service, role, START.plus(60)).await.expect("renewed");
        assert_ne!(current(&service, role).await, before, "{}", role.name());
        enrol(&service, &get_ca(&service, START).await, Signer::Itself, START.plus(60)).await.expect("served");
    }
    let refused = renew(&service, Role::Root, START).await.expect_err("a root is not renewed");
    assert!(matches!(refused, ServiceError::Refused(_)));
    std::fs::remove_file(place.root_key()).expect("removed");
    let refused = renew(&service, Role::IssuingCa, START.plus(90)).await.expect_err("the key is away");
    assert!(refused.to_string().contains("--root-key"), "{refused}");
}
