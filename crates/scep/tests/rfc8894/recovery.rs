//! §4.4 to §4.7, §5: polling, recovery and the next CA.

use scep::ca_certs::{self, CaCertsFlaw};
use scep::client::Ask;
use scep::server::{Content, DecryptionKey, RaKeys, SigningKey};

use crate::support::parties::{device, service};
use crate::support::{fixture, now, random};

#[test]
fn s66_a_poll_carries_the_transaction_of_its_request() {
    let request = device().request();
    let enrolment = device().ask(&Ask::Enrol(&request));
    let poll = device().ask(&Ask::Poll { issuer: service().ca.subject(), subject: request.subject() });
    assert_ne!(enrolment.nonce, poll.nonce);
    let (first, second) = (service().opened(&enrolment.der), service().opened(&poll.der));
    assert_eq!(first.transaction_id, second.transaction_id);
    assert!(matches!(&second.content, Content::CertPoll { subject, .. } if subject == request.subject()));
}

fn next() -> Vec<pki::Certificate> {
    pki::Certificate::parse_any(&fixture("keys/corpus-b-next-ca.pem"))
}

#[test]
fn s71_the_next_ca_is_believed_only_under_the_current_one() {
    let current = [service().ca.clone()];
    let by_ca = SigningKey { certificate: &service().ca, key: &service().ca_key };
    let body = ca_certs::next_body(&next(), &by_ca, now()).expect("body");
    assert_eq!(ca_certs::read_next(&body.octets, &current).expect("read"), next());
    let by_ra = SigningKey { certificate: &service().ra, key: &service().ra_key };
    let body = ca_certs::next_body(&next(), &by_ra, now()).expect("body");
    assert_eq!(ca_certs::read_next(&body.octets, &current), Err(CaCertsFlaw::Stranger));
    let claimed = SigningKey { certificate: &service().ca, key: &service().ra_key };
    let body = ca_certs::next_body(&next(), &claimed, now()).expect("body");
    assert!(matches!(ca_certs::read_next(&body.octets, &current), Err(CaCertsFlaw::Signature(_))));
    let bag = pki::cms::degenerate(&next(), None);
    assert_eq!(ca_certs::read_next(&bag, &current), Err(CaCertsFlaw::Signers));
}

#[test]
fn s72_the_next_ca_is_a_bag_signed_by_the_current_one() {
    let by_ca = SigningKey { certificate: &service().ca, key: &service().ca_key };
    let body = ca_certs::next_body(&next(), &by_ca, now()).expect("body");
    assert_eq!(body.content_type, "application/x-x509-next-ca-cert");
    let signed = pki::cms::SignedData::parse(&body.octets).expect("signed");
    let bag = pki::cms::SignedData::parse(signed.content.expect("content")).expect("bag");
    assert!(bag.signers.is_empty());
    assert_eq!(bag.read_certificates(), next());
}

#[test]
fn s73_the_recipient_tells_which_generation_was_addressed() {
    let sent = device().enrol();
    let keys = RaKeys {
        decryption: vec![
            DecryptionKey { certificate: &service().ca, key: &service().ca_key },
            DecryptionKey { certificate: &service().ra, key: &service().ra_key },
        ],
        signing: SigningKey { certificate: &service().ra, key: &service().ra_key },
    };
    match scep::server::open(&sent.der, &keys, &scep::server::Accept::default(), &mut random()) {
        scep::server::Opening::Opened(opened) => assert_eq!(opened.used.key, 1),
        other => panic!("{other:?}"),
    }
}

#[test]
fn s75_the_ca_key_takes_no_part_in_messages() {
    // The service of these tests holds the RA's keys only; opening and sealing need no others.
    let sent = device().enrol();
    let opened = service().opened(&sent.der);
    let reply = service().seal(&scep::server::Reply::Pending, &opened.to);
    let authorities = [service().ra.clone()];
    assert!(device().read_from(&reply, &sent, &authorities).is_ok());
    assert!(
        device()
            .read_from(&reply, &sent, &[pki::Certificate::parse_any(&fixture("keys/corpus-s-int.pem")).remove(0)])
            .is_err()
    );
}
