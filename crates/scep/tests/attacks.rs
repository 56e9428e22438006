//! What must not work, and what odd clients do that must.

#[path = "support/mod.rs"]
mod support;

use pki::cipher::Cipher;
use pki::cms::{EnvelopeFor, SignedData, seal_envelope};
use pki::der::{normalise, tag, write};
use pki::digest::Digest;
use pki::key::{KeyTransport, PrivateKey, PublicKey};
use pki::{Certificate, Oid, oid};
use scep::server::{Accept, DecryptionKey, Legacy, Opening, RaKeys, Reply, Sha1, Shape, SigningKey, open, seal};
use scep::{Code, FailInfo};
use support::craft::{Craft, Order, attribute, indefinite, issuer_and_serial, printable};
use support::parties::{device, issue, service, subject};
use support::{fixture, now, random};

fn to_ra() -> EnvelopeFor<'static> {
    let ra = &service().ra;
    EnvelopeFor::Key {
        issuer: ra.issuer().der(),
        serial: ra.serial(),
        key: ra.public_key(),
        transport: KeyTransport::Pkcs1,
    }
}

fn envelope() -> Vec<u8> {
    seal_envelope(device().request().der(), Cipher::Aes128, to_ra(), &mut random()).expect("envelope")
}

fn craft() -> Craft {
    Craft::enrolment(device(), envelope())
}

fn code(message: &[u8]) -> Code {
    match service().open(message) {
        Opening::Flawed(flawed) => {
            assert!(!flawed.detail.is_empty());
            flawed.code
        }
        Opening::Unreadable(unreadable) => unreadable.code,
        Opening::Opened(_) => panic!("opened"),
    }
}

fn refused(craft: &Craft) -> Code {
    code(&craft.sign(&device().key))
}

#[test]
fn a_crafted_message_is_opened_when_nothing_is_changed() {
    let opened = service().opened(&craft().sign(&device().key));
    assert_eq!(opened.transaction_id, "transaction-1");
    assert_eq!(opened.sender_nonce, [7; 16]);
    assert_eq!(opened.content.request().and_then(pki::Request::challenge).as_deref(), Some("secret"));
}

#[test]
fn exactly_one_signer_info() {
    for signers in [0, 2, 3] {
        assert_eq!(refused(&Craft { signers, ..craft() }), Code::MessageSigners, "{signers}");
    }
}

#[test]
fn signed_attributes_are_mandatory() {
    assert_eq!(refused(&Craft { signed_attributes: false, ..craft() }), Code::MessageAttributes);
}

#[test]
fn the_signed_content_must_be_data_in_both_places() {
    assert_eq!(refused(&Craft { content_type: oid::CMS_ENVELOPED_DATA, ..craft() }), Code::MessageContentType);
    let other = write::oid(&oid::CMS_SIGNED_DATA);
    assert_eq!(refused(&craft().with(&oid::ATTR_CONTENT_TYPE, Some(&other))), Code::MessageContentType);
    assert_eq!(refused(&craft().with(&oid::ATTR_CONTENT_TYPE, None)), Code::MessageContentType);
}

#[test]
fn no_attribute_stands_there_twice() {
    for id in [oid::SCEP_MESSAGE_TYPE, oid::SCEP_SENDER_NONCE, oid::ATTR_CONTENT_TYPE, oid::ATTR_SIGNING_TIME] {
        let mut craft = craft();
        craft.attributes.push(attribute(&id, &printable("17")));
        craft.attributes.push(attribute(&id, &printable("19")));
        let found = refused(&craft);
        assert_eq!(found, Code::MessageDuplicate, "{id}");
    }
    let mut twice = craft();
    twice.attributes.push(attribute(&oid::SCEP_TRANSACTION_ID, &printable("transaction-2")));
    assert_eq!(refused(&twice), Code::MessageTransaction);
    let two_values = write::sequence(&[
        &write::oid(&oid::SCEP_MESSAGE_TYPE),
        &write::constructed(tag::SET, &[&printable("17"), &printable("19")]),
    ]);
    let mut craft = craft().with(&oid::SCEP_MESSAGE_TYPE, None);
    craft.attributes.push(two_values);
    assert_eq!(refused(&craft), Code::MessageType);
}

#[test]
fn attributes_in_any_order_are_verified_as_sent_or_as_sorted() {
    let mut craft = craft();
    craft.attributes.sort();
    craft.attributes.reverse();
    for order in [Order::Sorted, Order::AsGiven, Order::SentAsGiven] {
        let message = Craft { order, ..craft.clone() }.sign(&device().key);
        service().opened(&message);
    }
}

#[test]
fn transaction_ids_that_cannot_be_text_are_not_answered() {
    let tried =
        [printable(""), printable(&"x".repeat(256)), printable("a\0b"), printable("a\nb"), write::octets(b"abc")];
    for value in tried {
        assert_eq!(refused(&craft().with(&oid::SCEP_TRANSACTION_ID, Some(&value))), Code::MessageTransaction);
    }
    assert_eq!(refused(&craft().with(&oid::SCEP_TRANSACTION_ID, None)), Code::MessageTransaction);
    let long = "7".repeat(77);
    let utf8 = write::tlv(tag::UTF8_STRING, long.as_bytes());
    let opened = service().opened(&craft().with(&oid::SCEP_TRANSACTION_ID, Some(&utf8)).sign(&device().key));
    assert_eq!(opened.transaction_id, long);
}

#[test]
fn nonces_of_other_lengths_are_taken_and_none_is_refused() {
    for length in [1, 8, 16, 20, 256] {
        let value = write::octets(&vec![9; length]);
        let opened = service().opened(&craft().with(&oid::SCEP_SENDER_NONCE, Some(&value)).sign(&device().key));
        assert_eq!(opened.sender_nonce.len(), length);
    }
    for value in [Some(write::octets(&[])), Some(write::octets(&[9; 257])), Some(printable("nonce")), None] {
        assert_eq!(refused(&craft().with(&oid::SCEP_SENDER_NONCE, value.as_deref())), Code::MessageNonce);
    }
}

#[test]
fn an_unknown_message_type_is_never_opened() {
    for number in 0..=255u16 {
        let typed = craft().with(&oid::SCEP_MESSAGE_TYPE, Some(&printable(&number.to_string())));
        let message = typed.sign(&device().key);
        match number {
            17 | 19 => drop(service().opened(&message)),
            // Known, but the envelope holds a certification request.
            20..=22 => assert_eq!(code(&message), Code::EnvelopeContent, "{number}"),
            _ => assert_eq!(code(&message), Code::MessageType, "{number}"),
        }
    }
    for odd in ["", "019 ", "+19", "1 9", "19\0", "0x13", "-1", "9999999999", "١٩"] {
        let found =
            refused(&craft().with(&oid::SCEP_MESSAGE_TYPE, Some(&write::tlv(tag::UTF8_STRING, odd.as_bytes()))));
        assert_eq!(found, Code::MessageType, "{odd:?}");
    }
    let integer = write::integer(19);
    assert_eq!(refused(&craft().with(&oid::SCEP_MESSAGE_TYPE, Some(&integer))), Code::MessageType);
    assert_eq!(refused(&craft().with(&oid::SCEP_MESSAGE_TYPE, None)), Code::MessageType);
}

#[test]
fn md5_is_never_taken_and_sha1_only_where_allowed() {
    let md5 = Craft { digest_algorithm: write::algorithm(&oid::MD5, &write::null()), ..craft() };
    assert_eq!(refused(&md5), Code::MessageDigest);
    assert_eq!(Code::MessageDigest.fail_info(), Some(FailInfo::BadAlg));
    let md5_signature = Craft { signature_algorithm: write::algorithm(&oid::MD5_WITH_RSA, &write::null()), ..craft() };
    assert_eq!(refused(&md5_signature), Code::MessageSignatureAlgorithm);
    let sha1 = fixture("micromdm-2.1.0/jscep-server-with-ra-pkcsreq-two-recipients.req.der");
    let accept = Accept { sha1: Sha1::Refuse, legacy: Legacy::SingleDes, ..Accept::default() };
    let Opening::Flawed(flawed) = service().open_with(&sha1, &accept) else { panic!("opened") };
    assert_eq!(flawed.code, Code::MessageDigest);
}

#[test]
fn the_signature_is_checked_before_the_envelope_is_looked_at() {
    // A wrong signature over an envelope for somebody else: the signature is what is refused.
    let stranger = Craft { content: Some(b"no envelope".to_vec()), ..craft() };
    assert_eq!(refused(&stranger), Code::EnvelopeSyntax);
    assert_eq!(code(&stranger.sign(&service().ca_key)), Code::MessageSignature);
    let changed = Craft { digest: Digest::Sha512, ..craft() };
    assert_eq!(refused(&changed), Code::MessageSignature);
}

#[test]
fn the_signer_is_the_one_certificate_that_is_named() {
    let own = device().certificate.der().to_vec();
    let others = [service().ra.der().to_vec(), service().ca.der().to_vec()];
    let many = Craft { certificates: vec![others[0].clone(), own.clone(), others[1].clone(), own.clone()], ..craft() };
    assert_eq!(service().opened(&many.sign(&device().key)).signer, device().certificate);
    assert_eq!(refused(&Craft { certificates: others.to_vec(), ..craft() }), Code::SignerMissing);
    assert_eq!(refused(&Craft { certificates: Vec::new(), ..craft() }), Code::SignerMissing);
    // Same issuer and serial number, another key: which one was meant nobody can say.
    let issued = issue(&subject(), support::parties::device().certificate.public_key(), 9);
    let double = issue(&subject(), service().ra.public_key(), 9);
    let ambiguous = Craft {
        certificates: vec![issued.der().to_vec(), double.der().to_vec()],
        signer_id: issuer_and_serial(&issued),
        ..craft()
    };
    assert_eq!(refused(&ambiguous), Code::SignerAmbiguous);
    let by_key = write::tlv(0x80, &device().certificate.public_key().key_id());
    service().opened(&Craft { signer_id: by_key, ..craft() }.sign(&device().key));
}

/// A certificate whose key is an RSA modulus of so many bits. Nothing can be signed with it.
fn certificate_with_bits(bits: usize) -> Certificate {
    let modulus: Vec<u8> = std::iter::once(0x81).chain(vec![0x55; bits / 8 - 1]).collect();
    let key = write::sequence(&[&write::unsigned(&modulus), &write::integer(65_537)]);
    let algorithm = write::algorithm(&oid::RSA_ENCRYPTION, &write::null());
    let spki = write::sequence(&[&algorithm, &write::bit_octets(&key)]);
    issue(&subject(), &PublicKey::from_spki(&spki).expect("key"), 11)
}

#[test]
fn keys_that_are_too_small_or_too_large_are_refused_before_they_are_used() {
    for bits in [512, 1024, 1536, 4104, 8192, 16_384] {
        let certificate = certificate_with_bits(bits);
        let message = Craft {
            certificates: vec![certificate.der().to_vec()],
            signer_id: issuer_and_serial(&certificate),
            ..craft()
        };
        // The signature is not the certificate's; that nobody noticed shows that it was not looked at.
        assert_eq!(refused(&message), Code::SignerKey, "{bits}");
    }
}

#[test]
fn every_refusal_that_can_be_answered_is_answered() {
    let flawed = service().flawed(&craft().with(&oid::SCEP_MESSAGE_TYPE, None).sign(&device().key));
    let sent =
        scep::client::Outgoing { der: Vec::new(), transaction_id: "transaction-1".to_owned(), nonce: vec![7; 16] };
    let reply = service().seal(&flawed.reply(), &flawed.to);
    match device().read(&reply, &sent) {
        Ok(scep::client::Answer::Failure { fail_info, text, windows_error }) => {
            assert_eq!(fail_info, Some(FailInfo::BadRequest));
            assert_eq!(text.as_deref(), Some("message.type"));
            assert_eq!(windows_error, None);
        }
        other => panic!("{other:?}"),
    }
    let success = Reply::Success { certificates: &[], crl: None };
    let sealed = seal(&success, &flawed.to, &Shape::default(), &service().keys(), now(), &mut random());
    assert!(sealed.is_err(), "nothing is delivered to whoever was refused");
}

/// EnvelopedData taken apart so that parts can be replaced.
struct Envelope {
    recipients: Vec<Vec<u8>>,
    content_type: Oid,
    cipher: Vec<u8>,
    encrypted: Vec<u8>,
}

impl Envelope {
    fn new(plain: &[u8], cipher: Cipher, key: &[u8], sent_key: &[u8]) -> Envelope {
        let iv = vec![3; cipher.block_length()];
        let encrypted = cipher.encrypt(key, &iv, plain).expect("encrypted");
        Envelope {
            recipients: vec![recipient(&service().ra, sent_key)],
            content_type: oid::CMS_DATA,
            cipher: cipher.to_der(&iv),
            encrypted: write::tlv(0x80, &encrypted),
        }
    }

    fn good() -> Envelope {
        Envelope::new(device().request().der(), Cipher::Aes128, &[1; 16], &[1; 16])
    }

    fn der(&self) -> Vec<u8> {
        let recipients: Vec<&[u8]> = self.recipients.iter().map(Vec::as_slice).collect();
        let content = write::sequence(&[&write::oid(&self.content_type), &self.cipher, &self.encrypted]);
        let enveloped = write::sequence(&[&write::integer(0), &write::constructed(tag::SET, &recipients), &content]);
        write::sequence(&[&write::oid(&oid::CMS_ENVELOPED_DATA), &write::explicit(0, &enveloped)])
    }

    fn signed(&self) -> Vec<u8> {
        Craft::enrolment(device(), self.der()).sign(&device().key)
    }
}

fn recipient(certificate: &Certificate, key: &[u8]) -> Vec<u8> {
    let encrypted = certificate.public_key().encrypt(KeyTransport::Pkcs1, key).expect("encrypted");
    recipient_with(certificate, &encrypted)
}

fn recipient_with(certificate: &Certificate, encrypted: &[u8]) -> Vec<u8> {
    let transport = KeyTransport::Pkcs1.to_der();
    write::sequence(&[&write::integer(0), &issuer_and_serial(certificate), &transport, &write::octets(encrypted)])
}

#[test]
fn fragments_and_odd_content_types_in_the_envelope_are_taken() {
    service().opened(&Envelope::good().signed());
    let mut ndes = Envelope::good();
    ndes.content_type = oid::CMS_ENCRYPTED_DATA;
    service().opened(&ndes.signed());
    let mut fragments = Envelope::good();
    let whole = pki::der::Reader::new(&fragments.encrypted).any().expect("element").value.to_vec();
    let parts: Vec<Vec<u8>> = whole.chunks(100).map(write::octets).collect();
    fragments.encrypted = write::constructed(0xa0, &parts.iter().map(Vec::as_slice).collect::<Vec<_>>());
    service().opened(&fragments.signed());
    let mut other = Envelope::good();
    other.content_type = oid::CMS_SIGNED_DATA;
    assert_eq!(code(&other.signed()), Code::EnvelopeSyntax);
}

#[test]
fn one_recipient_among_ours_and_no_stranger() {
    let mut to_ca_only = Envelope::good();
    to_ca_only.recipients = vec![recipient(&service().ca, &[1; 16])];
    assert_eq!(code(&to_ca_only.signed()), Code::EnvelopeRecipient);
    let mut to_both = Envelope::good();
    to_both.recipients.push(recipient(&service().ca, &[2; 16]));
    service().opened(&to_both.signed());
    let mut twice = Envelope::good();
    twice.recipients.push(recipient(&service().ra, &[2; 16]));
    assert_eq!(code(&twice.signed()), Code::EnvelopeRecipients);
    let mut none = Envelope::good();
    none.recipients = Vec::new();
    assert_eq!(code(&none.signed()), Code::EnvelopeRecipient);
    let mut crowd = Envelope::good();
    crowd.recipients = vec![recipient(&service().ca, &[2; 16]); 33];
    assert_eq!(code(&crowd.signed()), Code::EnvelopeSyntax);
}

#[test]
fn legacy_ciphers_are_opened_only_where_allowed() {
    let request = device().request();
    for (cipher, needed) in [(Cipher::Des, Legacy::SingleDes), (Cipher::TripleDes, Legacy::TripleDes)] {
        let key: Vec<u8> = (1..=cipher.key_length() as u8).collect();
        let message = Envelope::new(request.der(), cipher, &key, &key).signed();
        for legacy in [Legacy::Refuse, Legacy::TripleDes, Legacy::SingleDes] {
            match service().open_with(&message, &Accept { legacy, ..Accept::default() }) {
                Opening::Opened(_) => assert!(legacy >= needed),
                Opening::Flawed(flawed) => {
                    assert!(legacy < needed);
                    assert_eq!(flawed.code, Code::EnvelopeLegacy);
                }
                Opening::Unreadable(_) => panic!("unreadable"),
            }
        }
    }
    let mut rc2 = Envelope::good();
    rc2.cipher = write::algorithm(&"1.2.840.113549.3.2".parse().expect("oid"), &write::octets(&[0; 8]));
    assert_eq!(code(&rc2.signed()), Code::EnvelopeCipher);
}

#[test]
fn vectors_and_lengths_that_cannot_be_are_refused_before_decryption() {
    let mut empty = Envelope::good();
    empty.encrypted = write::tlv(0x80, &[]);
    assert_eq!(code(&empty.signed()), Code::EnvelopeSyntax);
    let mut odd = Envelope::good();
    odd.encrypted = write::tlv(0x80, &[1; 17]);
    assert_eq!(code(&odd.signed()), Code::EnvelopeSyntax);
    let mut short = Envelope::good();
    short.cipher = Cipher::Aes128.to_der(&[0; 8]);
    assert_eq!(code(&short.signed()), Code::EnvelopeSyntax);
}

/// The answer to a refusal without what is random in it: what an attacker can tell apart.
fn visible(message: &[u8]) -> (Code, usize, Vec<u8>) {
    let flawed = service().flawed(message);
    let reply = service().seal(&flawed.reply(), &flawed.to);
    let normalised = normalise(&reply, pki::der::Limits::default()).expect("normalised");
    let signed = SignedData::parse(&normalised).expect("signed");
    let attributes = signed.signers[0].attributes.as_ref().expect("attributes");
    let told: Vec<u8> = attributes
        .iter()
        .filter(|a| a.id != oid::SCEP_SENDER_NONCE)
        .flat_map(|a| [a.id.content(), a.values].concat())
        .collect();
    (flawed.code, reply.len(), told)
}

#[test]
fn everything_that_goes_wrong_inside_the_envelope_looks_the_same() {
    let request = device().request();
    let wrong_key = Envelope::new(request.der(), Cipher::Aes128, &[1; 16], &[2; 16]);
    let short_key = Envelope::new(request.der(), Cipher::Aes128, &[1; 16], &[1; 8]);
    let long_key = Envelope::new(request.der(), Cipher::Aes128, &[1; 16], &[1; 32]);
    let no_key = Envelope::new(request.der(), Cipher::Aes128, &[1; 16], &[]);
    let mut no_padding = Envelope::good();
    no_padding.recipients = vec![recipient_with(&service().ra, &[0x41; 256])];
    let mut short_rsa = Envelope::good();
    short_rsa.recipients = vec![recipient_with(&service().ra, &[0x41; 31])];
    let mut too_large = Envelope::good();
    too_large.recipients = vec![recipient_with(&service().ra, &[0xff; 256])];
    let garbage = Envelope::new(b"no request at all", Cipher::Aes128, &[1; 16], &[1; 16]);
    let nothing = Envelope::new(b"", Cipher::Aes128, &[1; 16], &[1; 16]);
    let trailing = Envelope::new(&[request.der(), &[0]].concat(), Cipher::Aes128, &[1; 16], &[1; 16]);
    let mut forged = request.der().to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let forged = Envelope::new(&forged, Cipher::Aes128, &[1; 16], &[1; 16]);
    let all =
        [wrong_key, short_key, long_key, no_key, no_padding, short_rsa, too_large, garbage, nothing, trailing, forged];
    let seen: Vec<_> = all.iter().map(|envelope| visible(&envelope.signed())).collect();
    assert_eq!(seen[0].0, Code::EnvelopeContent);
    assert!(seen.iter().all(|one| *one == seen[0]), "{seen:?}");
}

#[test]
fn every_padding_octet_gets_the_same_answer() {
    let (cipher, key, iv) = (Cipher::Aes128, [1; 16], [3; 16]);
    let mut blocks = device().request().der().to_vec();
    blocks.resize(blocks.len().next_multiple_of(16), 0xee);
    let first = {
        let mut envelope = Envelope::good();
        envelope.encrypted = write::tlv(0x80, &cipher.encrypt_blocks(&key, &iv, &blocks).expect("encrypted"));
        visible(&envelope.signed())
    };
    assert_eq!(first.0, Code::EnvelopeContent);
    for pad in 0..=255u8 {
        let last = blocks.len() - 1;
        blocks[last] = pad;
        let mut envelope = Envelope::good();
        envelope.encrypted = write::tlv(0x80, &cipher.encrypt_blocks(&key, &iv, &blocks).expect("encrypted"));
        assert_eq!(visible(&envelope.signed()), first, "{pad}");
    }
}

#[test]
fn indefinite_lengths_are_read_and_nesting_is_bounded() {
    let message = craft().sign(&device().key);
    for depth in 1..6 {
        assert_ne!(indefinite(&message, depth), message);
        service().opened(&indefinite(&message, depth));
    }
    let bomb: Vec<u8> = [0x30, 0x80].repeat(900_000);
    assert_eq!(code(&bomb), Code::MessageSize);
    let mut deep = vec![0x05, 0x00];
    for _ in 0..5_000 {
        deep = write::tlv(tag::SEQUENCE, &deep);
    }
    assert_eq!(code(&deep), Code::MessageSize);
    assert_eq!(code(&vec![0x30; (2 << 20) + 1]), Code::MessageSize);
    assert_eq!(code(&[]), Code::MessageSyntax);
    assert_eq!(code(b"<html>"), Code::MessageSyntax);
}

#[test]
fn no_truncation_is_opened_and_none_panics() {
    for message in [craft().sign(&device().key), fixture("jscep/jscep-server-with-ra-ber-pkcsreq.req.der")] {
        for end in 0..message.len() {
            let cut = message.get(..end).expect("part");
            assert!(!matches!(service().open(cut), Opening::Opened(_)), "{end}");
        }
    }
}

#[test]
fn a_changed_bit_is_noticed_wherever_it_matters() {
    let message = craft().sign(&device().key);
    let whole = service().opened(&message);
    let mut opened = 0;
    for at in 0..message.len() {
        let mut changed = message.clone();
        changed[at] ^= 1 << (at % 8);
        // A few octets matter to nobody: the version numbers, the algorithms listed outside the SignerInfo, NULL
        // parameters, and the certificate's own signature, which is another's to check.
        if let Opening::Opened(other) = service().open(&changed) {
            opened += 1;
            assert_eq!(other.transaction_id, whole.transaction_id);
            assert_eq!(other.sender_nonce, whole.sender_nonce);
            assert_eq!(other.message_type, whole.message_type);
            assert_eq!(other.signer.public_key().key_octets(), whole.signer.public_key().key_octets());
            let success = Reply::Success { certificates: std::slice::from_ref(&service().ra), crl: None };
            service().seal(&success, &other.to);
            assert_eq!(other.content.request().map(pki::Request::der), whole.content.request().map(pki::Request::der));
        }
    }
    assert!(opened < message.len() / 3, "{opened} of {}", message.len());
}

#[test]
fn the_key_generation_is_picked_by_the_recipient() {
    let old = PrivateKey::parse(&fixture("keys/corpus-s-int.key")).expect("key");
    let old_certificate = Certificate::parse_any(&fixture("keys/corpus-s-int.pem")).remove(0);
    let keys = |service: &'static support::parties::Service| RaKeys {
        decryption: vec![
            DecryptionKey { certificate: &service.ca, key: &service.ca_key },
            DecryptionKey { certificate: &service.ra, key: &service.ra_key },
        ],
        signing: SigningKey { certificate: &service.ra, key: &service.ra_key },
    };
    let message = craft().sign(&device().key);
    let Opening::Opened(opened) = open(&message, &keys(service()), &Accept::default(), &mut random()) else {
        panic!("not opened")
    };
    assert_eq!(opened.used.key, 1);
    let only_old =
        RaKeys { decryption: vec![DecryptionKey { certificate: &old_certificate, key: &old }], ..keys(service()) };
    let Opening::Flawed(flawed) = open(&message, &only_old, &Accept::default(), &mut random()) else {
        panic!("opened")
    };
    assert_eq!(flawed.code, Code::EnvelopeRecipient);
    assert!(flawed.detail.contains("serial 05 of CN=Corpus B Root"), "{}", flawed.detail);
}

proptest::proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(2_000))]

    #[test]
    fn nothing_read_from_outside_panics(octets in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
        let _ = service().open(&octets);
        let _ = scep::ca_certs::read(&octets);
        let _ = scep::ca_certs::read_next(&octets, std::slice::from_ref(&service().ca));
        let _ = scep::caps::Caps::parse(&octets);
        let sent = scep::client::Outgoing { der: Vec::new(), transaction_id: String::new(), nonce: Vec::new() };
        let _ = device().read(&octets, &sent);
    }

    #[test]
    fn nothing_changed_on_the_way_panics(
        changes in proptest::collection::vec((proptest::num::usize::ANY, proptest::num::u8::ANY), 1..20),
        which in 0usize..3,
    ) {
        let sources = [
            "jscep/jscep-server-with-ra-ber-pkcsreq.req.der",
            "jscep/jscep-server-with-ra-ber-pkcsreq.resp.der",
            "micromdm-2.1.0/jscep-server-with-ra-pkcsreq-two-recipients.req.der",
        ];
        let mut octets = fixture(sources[which]);
        for (at, value) in changes {
            let at = at % octets.len();
            octets[at] = value;
        }
        let _ = service().open(&octets);
        let sent = scep::client::Outgoing { der: Vec::new(), transaction_id: String::new(), nonce: Vec::new() };
        let _ = device().read(&octets, &sent);
    }
}
