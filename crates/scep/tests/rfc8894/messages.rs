//! §2.3, §3.2 to §3.4: the messages themselves.

use pki::cms::{EnvelopedData, Recipient, SignedData};
use pki::der::write;
use pki::extension::KeyUsage;
use pki::{Request, oid};
use scep::client::{Answer, Ask, Outgoing, ReplyFlaw};
use scep::server::{Content, EmptyContent, Reply, Shape, SignerKind, seal};
use scep::{Code, FailInfo};

use crate::support::craft::Craft;
use crate::support::parties::{Device, device, ec_device, issue, service, subject};
use crate::support::{fixture, now, random};

#[test]
fn s25_the_signed_content_is_data_and_fits_the_type() {
    let sent = device().enrol();
    let signed = SignedData::parse(&sent.der).expect("signed");
    assert_eq!(signed.content_type, oid::CMS_DATA);
    EnvelopedData::parse(signed.content.expect("content")).expect("an envelope is inside");
    let other = Craft { content_type: oid::CMS_SIGNED_DATA, ..Craft::enrolment(device(), Vec::new()) };
    assert_eq!(service().flawed(&other.sign(&device().key)).code, Code::MessageContentType);
    // The content of a poll under the type of an enrolment.
    let (ca, request) = (service().ca.subject(), device().request());
    let poll = device().ask(&Ask::Poll { issuer: ca, subject: request.subject() });
    let envelope = SignedData::parse(&poll.der).expect("signed").content.expect("content").to_vec();
    let mixed = Craft::enrolment(device(), envelope).sign(&device().key);
    assert_eq!(service().flawed(&mixed).code, Code::EnvelopeContent);
}

#[test]
fn s26_a_signature_without_signed_attributes_is_not_taken() {
    let bare = Craft { signed_attributes: false, ..Craft::enrolment(device(), Vec::new()) }.sign(&device().key);
    match service().open(&bare) {
        scep::server::Opening::Unreadable(unreadable) => assert_eq!(unreadable.code, Code::MessageAttributes),
        other => panic!("{other:?}"),
    }
    assert_eq!(device().read(&bare, &device().enrol()).map(|_| ()), Err(ReplyFlaw::Signers));
    let reply = service().seal(&Reply::Pending, &service().opened(&device().enrol().der).to);
    assert!(SignedData::parse(&reply).expect("signed").signers[0].attributes.is_some());
}

fn shaped(reply: &Reply<'_>, empty_content: EmptyContent) -> (Outgoing, Vec<u8>) {
    let sent = device().enrol();
    let opened = service().opened(&sent.der);
    let shape = Shape { empty_content, ..Shape::default() };
    let reply = seal(reply, &opened.to, &shape, &service().keys(), now(), &mut random()).expect("sealed");
    (sent, reply)
}

#[test]
fn s27_without_data_there_is_no_envelope() {
    let failure = Reply::Failure { fail_info: FailInfo::BadRequest, text: None };
    for reply in [Reply::Pending, failure] {
        let (sent, absent) = shaped(&reply, EmptyContent::Absent);
        assert_eq!(SignedData::parse(&absent).expect("signed").content, None);
        assert!(device().read(&absent, &sent).is_ok());
        // The default keeps an empty content, without which certmonger verifies nothing.
        let (sent, empty) = shaped(&reply, EmptyContent::ZeroOctets);
        assert_eq!(SignedData::parse(&empty).expect("signed").content, Some([].as_slice()));
        assert!(device().read(&empty, &sent).is_ok());
    }
}

#[test]
fn s28_the_envelope_holds_data_and_fits_the_type() {
    let sent = device().enrol();
    let signed = SignedData::parse(&sent.der).expect("signed");
    let envelope = EnvelopedData::parse(signed.content.expect("content")).expect("envelope");
    assert_eq!(envelope.content_type, oid::CMS_DATA);
    assert!(matches!(service().opened(&sent.der).content, Content::PkcsReq(_)));
}

#[test]
fn s29_a_bag_has_no_content_and_no_signature() {
    let bag = pki::cms::degenerate(&[service().ra.clone(), service().ca.clone()], None);
    let read = SignedData::parse(&bag).expect("bag");
    assert!(read.content.is_none() && read.signers.is_empty() && read.crls.is_empty());
    assert_eq!(read.read_certificates(), [service().ra.clone(), service().ca.clone()]);
}

#[test]
fn s30_the_signing_certificate_is_in_the_message() {
    let sent = device().enrol();
    let signed = SignedData::parse(&sent.der).expect("signed");
    assert_eq!(signed.read_certificates(), std::slice::from_ref(&device().certificate));
    assert!(signed.signers[0].id.names(&device().certificate));
    assert_eq!(service().opened(&sent.der).signer, device().certificate);
    let without = Craft { certificates: Vec::new(), ..Craft::enrolment(device(), Vec::new()) };
    assert_eq!(service().flawed(&without.sign(&device().key)).code, Code::SignerMissing);
}

/// The device with a certificate of the CA, renewing with another key.
fn renewing() -> (Device, Request) {
    let key = pki::key::PrivateKey::parse(&fixture("jscep/jscep-server.key.key.pem")).expect("key");
    let certificate = issue(&subject(), device().certificate.public_key(), 77);
    let next = pki::key::PrivateKey::parse(&fixture("jscep/jscep-server.key2.key.pem")).expect("key");
    (Device { key, certificate }, Request::build(&subject(), &next, &[], None).expect("request"))
}

#[test]
fn s31_the_reply_is_encrypted_to_whoever_signed() {
    let (old, request) = renewing();
    let sent = old.ask(&Ask::Renew(&request));
    let opened = service().opened(&sent.der);
    assert_eq!(opened.signer_kind, SignerKind::Issued);
    let issued = [issue(&subject(), request.public_key(), 78)];
    let reply = service().seal(&Reply::Success { certificates: &issued, crl: None }, &opened.to);
    let signed = SignedData::parse(&reply).expect("signed");
    let envelope = EnvelopedData::parse(signed.content.expect("content")).expect("envelope");
    let [Recipient::KeyTransport { id, .. }] = envelope.recipients.as_slice() else { panic!("one recipient") };
    assert!(id.names(&old.certificate));
    match old.read(&reply, &sent) {
        Ok(Answer::Success { certificates, .. }) => assert_eq!(certificates, issued),
        other => panic!("{other:?}"),
    }
}

#[test]
fn s32_a_first_request_is_signed_with_a_self_signed_certificate() {
    let certificate = &device().certificate;
    assert!(certificate.is_self_signed());
    assert_eq!(certificate.subject(), device().request().subject());
    assert_eq!(certificate.public_key(), device().request().public_key());
    let both = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_ENCIPHERMENT);
    assert_eq!(certificate.key_usage(), Some(both));
    assert_eq!(ec_device().certificate.key_usage(), Some(KeyUsage::DIGITAL_SIGNATURE), "an EC key encrypts nothing");
    assert_eq!(service().opened(&device().enrol().der).signer_kind, SignerKind::SelfIssuedSameKey);
}

#[test]
fn s43_the_request_has_subject_key_and_challenge() {
    let opened = service().opened(&device().enrol().der);
    let Content::PkcsReq(request) = &opened.content else { panic!("no enrolment") };
    assert_eq!(request.subject(), &subject());
    assert_eq!(request.public_key(), device().certificate.public_key());
    assert_eq!(request.challenge().as_deref(), Some("secret"));
}

#[test]
fn s44_the_issued_certificate_comes_first() {
    let sent = device().enrol();
    let opened = service().opened(&sent.der);
    let certificates = [issue(&subject(), device().certificate.public_key(), 79), service().ca.clone()];
    let reply = service().seal(&Reply::Success { certificates: &certificates, crl: None }, &opened.to);
    match device().read(&reply, &sent) {
        Ok(Answer::Success { certificates: read, crls }) => {
            assert_eq!(read, certificates);
            assert!(crls.is_empty());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn s45_a_revocation_list_comes_where_lists_are() {
    let ca = service();
    let content = pki::crl::CrlContent {
        issuer: ca.ca.subject(),
        this_update: now(),
        next_update: now().plus(86_400),
        revoked: &[],
        extensions: &[pki::extension::Extension::plain(oid::CRL_NUMBER, write::integer(7))],
    };
    let list = pki::Crl::build(&content, &ca.ca_key).expect("list");
    let sent = device().ask(&Ask::Crl { issuer: ca.ca.subject(), serial: device().certificate.serial() });
    let opened = ca.opened(&sent.der);
    let Content::GetCrl { issuer, serial } = &opened.content else { panic!("no question for a list") };
    assert_eq!((issuer, serial.as_slice()), (ca.ca.subject(), device().certificate.serial()));
    let reply = ca.seal(&Reply::Success { certificates: &[], crl: Some(&list) }, &opened.to);
    match device().read(&reply, &sent) {
        Ok(Answer::Success { certificates, crls }) => {
            assert!(certificates.is_empty());
            assert_eq!(crls.iter().map(|l| l.der()).collect::<Vec<_>>(), [list.der()]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn s46_a_refusal_has_a_reason_and_no_envelope() {
    for fail_info in
        [FailInfo::BadAlg, FailInfo::BadMessageCheck, FailInfo::BadRequest, FailInfo::BadTime, FailInfo::BadCertId]
    {
        let (sent, reply) = shaped(&Reply::Failure { fail_info, text: None }, EmptyContent::ZeroOctets);
        match device().read(&reply, &sent) {
            Ok(Answer::Failure { fail_info: read, text, .. }) => assert_eq!((read, text), (Some(fail_info), None)),
            other => panic!("{other:?}"),
        }
        assert!(SignedData::parse(&reply).expect("signed").content.is_some_and(<[u8]>::is_empty));
    }
}

#[test]
fn s47_pending_has_no_envelope() {
    let (sent, reply) = shaped(&Reply::Pending, EmptyContent::ZeroOctets);
    assert!(SignedData::parse(&reply).expect("signed").content.is_some_and(<[u8]>::is_empty));
    assert!(matches!(device().read(&reply, &sent), Ok(Answer::Pending)));
}

#[test]
fn s49_getcert_and_getcrl_name_issuer_and_serial_number() {
    let issuer = service().ca.subject();
    let opened = service().opened(&device().ask(&Ask::Certificate { issuer, serial: &[0, 0x9c] }).der);
    let Content::GetCert { issuer: asked, serial } = &opened.content else { panic!("no question") };
    assert_eq!((asked, serial.as_slice()), (issuer, [0, 0x9c].as_slice()));
}

#[test]
fn s52_the_challenge_is_in_the_request_and_may_be_missing_from_a_renewal() {
    let (old, request) = renewing();
    let opened = service().opened(&old.ask(&Ask::Renew(&request)).der);
    assert_eq!(opened.content.request().and_then(Request::challenge), None);
    let opened = service().opened(&device().enrol().der);
    assert_eq!(opened.content.request().and_then(Request::challenge).as_deref(), Some("secret"));
}

#[test]
fn s53_a_self_signed_certificate_is_told_apart() {
    assert_eq!(service().opened(&device().enrol().der).signer_kind, SignerKind::SelfIssuedSameKey);
    let next = pki::key::PrivateKey::parse(&fixture("jscep/jscep-server.key2.key.pem")).expect("key");
    let request = Request::build(&subject(), &next, &[], None).expect("request");
    assert_eq!(service().opened(&device().ask(&Ask::Renew(&request)).der).signer_kind, SignerKind::SelfIssued);
}

#[test]
fn s58_a_request_not_signed_with_its_own_key_is_refused() {
    let (old, request) = renewing();
    for at in [request.der().len() - 1, request.der().len() - 200] {
        let mut forged = request.der().to_vec();
        forged[at] ^= 1;
        let forged = Request::parse(&forged).expect("still a request");
        for ask in [Ask::Enrol(&forged), Ask::Renew(&forged)] {
            let flawed = service().flawed(&old.ask(&ask).der);
            assert_eq!(flawed.code, Code::EnvelopeContent);
            assert!(flawed.detail.contains("own signature"), "{}", flawed.detail);
        }
    }
}
