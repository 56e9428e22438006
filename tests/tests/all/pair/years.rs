//! Years of renewals.

use scep::client::Ask;

use crate::parties::{Device, Pair, STATIC, certificate, refused};

/// strongSwan derives its transactionID from its key: the same id comes back at each renewal with the same key.
#[tokio::test]
async fn a_transaction_id_derived_from_the_key_comes_back_for_years() {
    let mut pair = Pair::new().await;
    let mut device = pair.enrolled("default", &Device::rsa(0)).await;
    let transaction = device.transaction();
    for generation in 1..=8 {
        // Within the first two thirds it is a retry.
        pair.wait_days(200);
        let repeated =
            certificate(pair.ask("default", &Ask::Renew(&device.request(None)), &transaction, &device).await);
        assert_eq!(repeated, device.certificate, "generation {generation}");
        pair.wait_days(100);
        let renewed = certificate(pair.ask("default", &Ask::Renew(&device.request(None)), &transaction, &device).await);
        assert_ne!(renewed.serial(), device.certificate.serial(), "generation {generation}");
        let again = certificate(pair.ask("default", &Ask::Renew(&device.request(None)), &transaction, &device).await);
        assert_eq!(again, renewed, "a retry of generation {generation}");
        device = device.holding(&renewed);
        pair = pair.restarted().await;
    }
    pair.assert_sound().await;
}

/// With the challenge of years ago still in its configuration, and a self-signed certificate: a first enrolment, for
/// which a one-time challenge is good once and a static one always.
#[tokio::test]
async fn a_device_that_always_enrols_anew_needs_a_challenge_that_is_still_good() {
    let mut pair = Pair::new().await;
    let device = Device::rsa(0);
    let challenge = pair.challenge("default").await;
    let first = certificate(pair.enrol("default", &device, Some(&challenge)).await);
    pair.wait_days(300);
    assert_eq!(refused(pair.enrol("default", &device, Some(&challenge)).await), "challenge.expired");
    let second = certificate(pair.enrol("default", &device, Some(STATIC)).await);
    assert_ne!(first, second);
    pair.wait_days(300);
    let third = certificate(pair.enrol("default", &device, Some(STATIC)).await);
    assert_ne!(second, third);
    assert_eq!(certificate(pair.enrol("default", &device, Some(STATIC)).await), third);
    assert_eq!(pair.certificates().await.len(), 3);
}

/// A device with a new key each time, from its first certificate to the end of its CA, nine years on.
#[tokio::test]
async fn nine_years_of_renewals_with_new_keys_are_one_lineage() {
    let mut pair = Pair::new().await;
    let mut device = pair.enrolled("window", &Device::rsa(0)).await;
    let first = device.certificate.clone();
    for year in 1..=9 {
        pair.now = device.certificate.validity().not_after.plus(-20 * 86_400);
        let new = device.successor(year);
        let answer = pair.ask("window", &Ask::Renew(&new.request(None)), &new.transaction(), &device).await;
        let renewed = certificate(answer);
        assert!(renewed.validity().not_after > device.certificate.validity().not_after, "year {year}");
        device = new.holding(&renewed);
    }
    let mut serial = device.certificate.serial().to_vec();
    let mut steps = 0;
    while let Some(row) = pair.service.store.certificate(&serial).await.expect("the store") {
        let Some(before) = row.replaces else { break };
        (serial, steps) = (before, steps + 1);
    }
    assert_eq!((serial.as_slice(), steps), (first.serial(), 9));
    pair.assert_sound().await;
}
