//! GetCert and GetCRL (RFC 8894 §3.3.4): one's own certificates, and the list of the CA.

use pki::Name;
use pki::crl::Reason;
use scep::FailInfo;
use scep::client::{Answer, Ask};
use server::revocation;

use crate::parties::{Device, Pair, certificate};

#[track_caller]
fn unknown(answer: &Answer) {
    let is = matches!(answer, Answer::Failure { fail_info: Some(FailInfo::BadCertId), .. });
    assert!(is, "not badCertId: {answer:?}");
}

async fn get(pair: &Pair, issuer: &Name, serial: &[u8], by: &Device) -> Answer {
    pair.ask("default", &Ask::Certificate { issuer, serial }, "t-get", by).await
}

#[tokio::test]
async fn a_device_gets_its_own_certificates_and_nobody_elses() {
    let pair = Pair::new().await;
    let old = pair.enrolled("default", &Device::rsa(0)).await;
    let issuer = old.certificate.issuer().clone();
    let own = certificate(get(&pair, &issuer, old.certificate.serial(), &old).await);
    assert_eq!(own, old.certificate);
    // After a renewal the old one too, by the new key.
    let new = old.successor(1);
    let renewed = certificate(pair.ask("default", &Ask::Renew(&new.request(None)), "t-1", &old).await);
    let new = new.holding(&renewed);
    assert_eq!(certificate(get(&pair, &issuer, old.certificate.serial(), &new).await), old.certificate);
    // Another device, a self-signed certificate of the same name, a number that is not there, another issuer.
    let other = pair.enrolled("default", &Device::rsa(2)).await;
    unknown(&get(&pair, &issuer, old.certificate.serial(), &other).await);
    let thief = Device::rsa(3).named(&old.subject.to_string());
    unknown(&get(&pair, &issuer, old.certificate.serial(), &thief).await);
    unknown(&get(&pair, &issuer, &[0x7f; 16], &old).await);
    unknown(&get(&pair, &Name::parse("CN=Another CA").expect("a name"), old.certificate.serial(), &old).await);
    // A revoked certificate speaks for its own key only.
    revocation::revoke(&pair.service, renewed.serial(), Reason::Superseded, &Pair::by(), pair.now)
        .await
        .expect("revoked");
    unknown(&get(&pair, &issuer, old.certificate.serial(), &new).await);
}

#[tokio::test]
async fn the_list_of_the_ca_names_what_was_revoked() {
    let mut pair = Pair::new().await;
    let device = pair.enrolled("default", &Device::rsa(0)).await;
    let (issuer, serial) = (device.certificate.issuer().clone(), device.certificate.serial().to_vec());
    let ask = Ask::Crl { issuer: &issuer, serial: &serial };
    let Answer::Success { crls, certificates } = pair.ask("default", &ask, "t-1", &device).await else {
        panic!("no list")
    };
    assert!(certificates.is_empty());
    assert!(crls[0].revoked().iter().all(|entry| entry.serial != serial));
    crls[0].verify_signature(pair.issuer().public_key()).expect("the CA's signature");
    let number = crls[0].number();

    pair.wait_days(1);
    revocation::revoke(&pair.service, &serial, Reason::KeyCompromise, &Pair::by(), pair.now).await.expect("revoked");
    let Answer::Success { crls, .. } = pair.ask("default", &ask, "t-2", &device).await else { panic!("no list") };
    assert!(crls[0].revoked().iter().any(|entry| entry.serial == serial));
    assert!(crls[0].number() > number, "its number grows");
    let foreign = Name::parse("CN=Another CA").expect("a name");
    unknown(&pair.ask("default", &Ask::Crl { issuer: &foreign, serial: &serial }, "t-3", &device).await);
}

#[tokio::test]
async fn the_list_is_made_anew_in_time() {
    let mut pair = Pair::new().await;
    let device = pair.enrolled("default", &Device::rsa(0)).await;
    let (issuer, serial) = (device.certificate.issuer().clone(), device.certificate.serial().to_vec());
    for _ in 0..10 {
        pair.wait_days(2);
        server::task::round(&pair.service, pair.now).await.expect("a round");
        let ask = Ask::Crl { issuer: &issuer, serial: &serial };
        let Answer::Success { crls, .. } = pair.ask("default", &ask, "t-1", &device).await else { panic!("no list") };
        let next = crls[0].next_update().expect("a next update");
        assert!(next.seconds() - pair.now.seconds() > 2 * 86_400, "a list that ends soon is out at {}", pair.now);
    }
}
