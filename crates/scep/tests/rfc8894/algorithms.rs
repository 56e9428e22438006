//! §2.9, §3.1: algorithms, and keys that only sign.

use pki::cipher::Cipher;
use pki::cms::{EnvelopedData, Recipient, SignedData};
use pki::digest::Digest;
use pki::key::{KeyTransport, SignatureAlgorithm};
use pki::oid;
use scep::Code;
use scep::client::{Algorithms, Answer, Ask};
use scep::server::{Accept, Delivery, Legacy, Opening, Reply, Undeliverable};

use crate::support::craft::Craft;
use crate::support::fixture;
use crate::support::parties::{Device, aes, device, ec_device, service};

fn success(device: &Device, algorithms: &Algorithms, accept: &Accept) -> Vec<u8> {
    let sent = device.ask_by(&Ask::Enrol(&device.request()), algorithms);
    let Opening::Opened(opened) = service().open_with(&sent.der, accept) else { panic!("not opened") };
    let issued = [service().ra.clone()];
    let reply = service().seal(&Reply::Success { certificates: &issued, crl: None }, &opened.to);
    match device.read(&reply, &sent) {
        Ok(Answer::Success { certificates, .. }) => assert_eq!(certificates, issued),
        other => panic!("{other:?}"),
    }
    reply
}

#[test]
fn s20_pkcsreq_with_aes_128_and_sha_256_is_answered_alike() {
    let reply = success(device(), &aes(), &Accept::default());
    let signed = SignedData::parse(&reply).expect("signed");
    assert_eq!(signed.signers[0].digest, oid::SHA256);
    assert_eq!(signed.signers[0].algorithm, pki::der::write::algorithm(&oid::RSA_ENCRYPTION, &pki::der::write::null()));
    let envelope = EnvelopedData::parse(signed.content.expect("content")).expect("envelope");
    assert_eq!(envelope.cipher, oid::AES128_CBC);
}

#[test]
fn s21_triple_des_sha_1_and_other_algorithms_are_answered_in_kind() {
    let accept = Accept { legacy: Legacy::TripleDes, ..Accept::default() };
    for cipher in [Cipher::TripleDes, Cipher::Aes192, Cipher::Aes256] {
        for digest in [Digest::Sha384, Digest::Sha512] {
            for transport in [KeyTransport::Pkcs1, KeyTransport::Oaep(Digest::Sha1), KeyTransport::Oaep(Digest::Sha256)]
            {
                let reply = success(device(), &Algorithms { digest, cipher, transport }, &accept);
                let signed = SignedData::parse(&reply).expect("signed");
                assert_eq!(signed.signers[0].digest, digest.oid());
                let envelope = EnvelopedData::parse(signed.content.expect("content")).expect("envelope");
                assert_eq!(envelope.cipher, cipher.oid());
                let [Recipient::KeyTransport { algorithm, .. }] = envelope.recipients.as_slice() else { panic!() };
                assert_eq!(KeyTransport::parse(algorithm), Some(transport));
            }
        }
    }
}

#[test]
fn s22_single_des_and_md5_are_refused_and_never_sent() {
    let single_des = fixture("micromdm-2.1.0/jscep-server-with-ra-pkcsreq-two-recipients.req.der");
    assert_eq!(service().flawed(&single_des).code, Code::EnvelopeLegacy);
    // Where an endpoint lets old clients in, they get triple DES and SHA-256 back.
    let accept = Accept { legacy: Legacy::SingleDes, ..Accept::default() };
    let Opening::Opened(opened) = service().open_with(&single_des, &accept) else { panic!("not opened") };
    assert_eq!((opened.used.cipher, opened.used.digest), (Cipher::Des, Digest::Sha1));
    let issued = [service().ra.clone()];
    let reply = service().seal(&Reply::Success { certificates: &issued, crl: None }, &opened.to);
    let signed = SignedData::parse(&reply).expect("signed");
    assert_eq!(signed.signers[0].digest, oid::SHA256);
    assert_eq!(EnvelopedData::parse(signed.content.expect("content")).expect("envelope").cipher, oid::DES_EDE3_CBC);
    assert_eq!(Digest::from_oid(&oid::MD5), None);
    assert!(SignatureAlgorithm::parse(&pki::der::write::algorithm(&oid::MD5_WITH_RSA, &[])).is_err());
}

#[test]
fn s23_a_key_that_only_signs_is_answered_under_the_challenge() {
    let device = ec_device();
    let sent = device.enrol();
    let opened = service().opened(&sent.der);
    assert_eq!(opened.to.delivery(), Delivery::Password);
    let reply = success(device, &aes(), &Accept::default());
    let signed = SignedData::parse(&reply).expect("signed");
    let envelope = EnvelopedData::parse(signed.content.expect("content")).expect("envelope");
    assert!(matches!(envelope.recipients.as_slice(), [Recipient::Password { .. }]));
    // Without a challenge nothing could be delivered, and that is known before anything is issued.
    let request = pki::Request::build(&crate::support::parties::subject(), &device.key, &[], None).expect("request");
    let opened = service().opened(&device.ask(&Ask::Enrol(&request)).der);
    assert_eq!(opened.to.delivery(), Delivery::Impossible(Undeliverable::NoChallenge));
    assert_eq!(service().opened(&self::device().enrol().der).to.delivery(), Delivery::KeyTransport);
}

#[test]
fn s24_a_request_that_is_not_encrypted_is_refused() {
    let open = Craft::enrolment(device(), device().request().der().to_vec()).sign(&device().key);
    assert_eq!(service().flawed(&open).code, Code::EnvelopeSyntax);
}
