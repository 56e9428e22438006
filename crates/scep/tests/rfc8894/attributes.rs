//! §3.2.1: the attributes of a message.

use pki::cms::{Attributes, SignedData};
use pki::der::tag;
use pki::{Oid, oid};
use scep::client::{Answer, Ask, Outgoing, ReplyFlaw, fresh_transaction_id, transaction_id};
use scep::server::{FailText, Reply, Shape, seal};
use scep::{Code, FailInfo, MessageType, PkiStatus};

use crate::support::craft::{Craft, printable};
use crate::support::parties::{device, service};
use crate::support::{now, random};

fn with_attributes<T>(message: &[u8], look: impl Fn(&Attributes<'_>) -> T) -> T {
    let signed = SignedData::parse(message).expect("signed");
    look(signed.signers[0].attributes.as_ref().expect("attributes"))
}

fn value(message: &[u8], id: &Oid) -> Option<(u8, Vec<u8>)> {
    with_attributes(message, |attributes| attributes.single(id).map(|v| (v.tag, v.value.to_vec())))
}

fn text(message: &[u8], id: &Oid) -> Option<String> {
    let (kind, octets) = value(message, id)?;
    assert_eq!(kind, tag::PRINTABLE_STRING, "{id}");
    Some(String::from_utf8(octets).expect("text"))
}

/// An enrolment and one reply of each kind.
fn conversation() -> (Outgoing, [Vec<u8>; 3]) {
    let sent = device().enrol();
    let opened = service().opened(&sent.der);
    let issued = [service().ra.clone()];
    let failure = Reply::Failure { fail_info: FailInfo::BadCertId, text: Some("no such certificate") };
    let replies = [Reply::Success { certificates: &issued, crl: None }, Reply::Pending, failure];
    (sent, replies.map(|reply| service().seal(&reply, &opened.to)))
}

#[test]
fn s33_every_message_has_the_common_attributes() {
    let (sent, replies) = conversation();
    for message in [&sent.der, &replies[0], &replies[1], &replies[2]] {
        for id in [
            oid::SCEP_TRANSACTION_ID,
            oid::SCEP_MESSAGE_TYPE,
            oid::SCEP_SENDER_NONCE,
            oid::ATTR_CONTENT_TYPE,
            oid::ATTR_MESSAGE_DIGEST,
        ] {
            assert!(value(message, &id).is_some(), "{id}");
        }
    }
}

#[test]
fn s34_a_reply_has_status_nonce_and_reason() {
    let (sent, [success, pending, failure]) = conversation();
    for (reply, status) in [(&success, "0"), (&pending, "3"), (&failure, "2")] {
        assert_eq!(text(reply, &oid::SCEP_PKI_STATUS).as_deref(), Some(status));
        assert_eq!(text(reply, &oid::SCEP_TRANSACTION_ID).as_deref(), Some("transaction-1"));
        assert_eq!(value(reply, &oid::SCEP_RECIPIENT_NONCE), Some((tag::OCTET_STRING, sent.nonce.clone())));
        assert_eq!(value(reply, &oid::SCEP_FAIL_INFO).is_some(), status == "2");
    }
    assert_eq!(text(&failure, &oid::SCEP_FAIL_INFO).as_deref(), Some("4"));
    let reason = (tag::UTF8_STRING, b"no such certificate".to_vec());
    assert_eq!(value(&failure, &oid::SCEP_FAIL_INFO_TEXT), Some(reason));
}

#[test]
fn s35_attributes_are_encoded_as_prescribed() {
    let (sent, [success, _, failure]) = conversation();
    assert_eq!(oid::SCEP_TRANSACTION_ID.to_string(), "2.16.840.1.113733.1.9.7");
    assert_eq!(text(&sent.der, &oid::SCEP_MESSAGE_TYPE).as_deref(), Some("19"));
    assert_eq!(text(&success, &oid::SCEP_MESSAGE_TYPE).as_deref(), Some("3"));
    assert!(text(&failure, &oid::SCEP_FAIL_INFO).is_some());
    let (kind, nonce) = value(&success, &oid::SCEP_SENDER_NONCE).expect("nonce");
    assert_eq!((kind, nonce.len()), (tag::OCTET_STRING, 16));
    assert_eq!(value(&sent.der, &oid::SCEP_SENDER_NONCE), Some((tag::OCTET_STRING, sent.nonce)));
    // An endpoint may leave the text out.
    let opened = service().opened(&device().enrol().der);
    let shape = Shape { fail_text: FailText::Omit, ..Shape::default() };
    let failure = Reply::Failure { fail_info: FailInfo::BadRequest, text: Some("reason") };
    let silent = seal(&failure, &opened.to, &shape, &service().keys(), now(), &mut random()).expect("sealed");
    assert_eq!(value(&silent, &oid::SCEP_FAIL_INFO_TEXT), None);
}

#[test]
fn s36_transaction_ids_are_printable_and_stand_for_one_operation() {
    let of_key = transaction_id(device().certificate.public_key());
    assert_eq!(of_key, transaction_id(device().request().public_key()));
    assert_ne!(of_key, transaction_id(service().ra.public_key()));
    let mut random = random();
    let fresh = [fresh_transaction_id(&mut random), fresh_transaction_id(&mut random)];
    assert_ne!(fresh[0], fresh[1]);
    assert!(fresh.iter().chain([&of_key]).all(|id| id.bytes().all(|b| b.is_ascii_hexdigit())));
    // What does not belong to the transaction is not taken.
    let (mut sent, replies) = conversation();
    sent.transaction_id = "transaction-2".to_owned();
    assert_eq!(device().read(&replies[1], &sent).map(|_| ()), Err(ReplyFlaw::Transaction));
}

#[test]
fn s37_an_undefined_message_type_is_an_error() {
    for number in 0..=255u8 {
        let typed = Craft::enrolment(device(), Vec::new())
            .with(&oid::SCEP_MESSAGE_TYPE, Some(&printable(&number.to_string())))
            .sign(&device().key);
        let expected = match number {
            17 | 19..=22 => Code::EnvelopeMissing,
            _ => Code::MessageType,
        };
        assert_eq!(service().flawed(&typed).code, expected, "{number}");
    }
}

/// A reply as a server would sign it, with one attribute replaced.
fn odd_reply(sent: &Outgoing, id: &Oid, replaced: Option<&[u8]>) -> Vec<u8> {
    let ra = crate::support::parties::Device {
        key: pki::key::PrivateKey::parse(&crate::support::fixture("keys/corpus-b-ra.key")).expect("key"),
        certificate: service().ra.clone(),
    };
    Craft::enrolment(&ra, Vec::new())
        .with(&oid::SCEP_MESSAGE_TYPE, Some(&printable("3")))
        .with(&oid::SCEP_PKI_STATUS, Some(&printable("3")))
        .with(&oid::SCEP_RECIPIENT_NONCE, Some(&pki::der::write::octets(&sent.nonce)))
        .with(id, replaced)
        .sign(&ra.key)
}

#[test]
fn s38_every_reply_has_one_of_three_states() {
    assert_eq!([PkiStatus::Success, PkiStatus::Failure, PkiStatus::Pending].map(PkiStatus::number), [0, 2, 3]);
    let sent = device().enrol();
    let pending = odd_reply(&sent, &oid::SCEP_PKI_STATUS, Some(&printable("3")));
    assert!(matches!(device().read(&pending, &sent), Ok(Answer::Pending)));
    for odd in
        [Some(printable("1")), Some(printable("4")), Some(printable("")), Some(pki::der::write::integer(0)), None]
    {
        let reply = odd_reply(&sent, &oid::SCEP_PKI_STATUS, odd.as_deref());
        assert_eq!(device().read(&reply, &sent).map(|_| ()), Err(ReplyFlaw::Attribute("pkiStatus")));
    }
    let wrong_type = odd_reply(&sent, &oid::SCEP_MESSAGE_TYPE, Some(&printable("19")));
    assert_eq!(device().read(&wrong_type, &sent).map(|_| ()), Err(ReplyFlaw::Attribute("messageType")));
}

#[test]
fn s39_every_refusal_has_one_of_five_reasons() {
    let numbers: Vec<u8> = Code::ALL.iter().filter_map(|code| code.fail_info()).map(FailInfo::number).collect();
    assert!(numbers.iter().all(|n| *n <= 4));
    assert_eq!(Code::MessageSignature.fail_info(), Some(FailInfo::BadMessageCheck));
    assert_eq!(Code::EnvelopeCipher.fail_info(), Some(FailInfo::BadAlg));
    assert_eq!(Code::MessageType.fail_info(), Some(FailInfo::BadRequest));
}

#[test]
fn s40_the_text_of_a_refusal_is_passed_on_and_not_read() {
    let (sent, [_, _, failure]) = conversation();
    let Ok(Answer::Failure { fail_info, text, .. }) = device().read(&failure, &sent) else { panic!("no failure") };
    assert_eq!((fail_info, text.as_deref()), (Some(FailInfo::BadCertId), Some("no such certificate")));
}

#[test]
fn s41_nonces_are_fresh_copied_and_compared() {
    let mut random = random();
    let opened = service().opened(&device().enrol().der);
    let mut nonces = std::collections::BTreeSet::new();
    for _ in 0..3 {
        let shape = Shape::default();
        let reply = seal(&Reply::Pending, &opened.to, &shape, &service().keys(), now(), &mut random).expect("sealed");
        assert_eq!(value(&reply, &oid::SCEP_RECIPIENT_NONCE).expect("nonce").1, opened.sender_nonce);
        nonces.insert(value(&reply, &oid::SCEP_SENDER_NONCE).expect("nonce").1);
    }
    nonces.insert(opened.sender_nonce.clone());
    assert_eq!(nonces.len(), 4, "none is used twice, and none is the client's");
    let sent = device().enrol();
    for wrong in [Some(pki::der::write::octets(&[1; 16])), Some(printable("nonce")), None] {
        let reply = odd_reply(&sent, &oid::SCEP_RECIPIENT_NONCE, wrong.as_deref());
        assert_eq!(device().read(&reply, &sent).map(|_| ()), Err(ReplyFlaw::Nonce));
    }
    // Old iOS sends eight octets and wants as many back.
    let eight = pki::der::write::octets(&[8; 8]);
    let message = Craft::enrolment(device(), Vec::new()).with(&oid::SCEP_SENDER_NONCE, Some(&eight));
    let flawed = service().flawed(&message.sign(&device().key));
    let reply = service().seal(&flawed.reply(), &flawed.to);
    assert_eq!(value(&reply, &oid::SCEP_RECIPIENT_NONCE).expect("nonce").1, [8; 8]);
}

#[test]
fn s42_every_message_says_what_it_is() {
    let request = device().request();
    let (issuer, subject) = (service().ca.subject(), request.subject());
    for (ask, expected) in [
        (Ask::Enrol(&request), MessageType::PkcsReq),
        (Ask::Renew(&request), MessageType::RenewalReq),
        (Ask::Poll { issuer, subject }, MessageType::CertPoll),
        (Ask::Certificate { issuer, serial: &[5] }, MessageType::GetCert),
        (Ask::Crl { issuer, serial: &[5] }, MessageType::GetCrl),
    ] {
        let sent = device().ask(&ask);
        assert_eq!(text(&sent.der, &oid::SCEP_MESSAGE_TYPE), Some(expected.number().to_string()));
        assert_eq!(service().opened(&sent.der).message_type, expected);
    }
}
