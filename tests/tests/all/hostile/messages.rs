//! Messages that are no messages, or none that may be answered with a certificate.

use std::time::{Duration, Instant};

use pki::der::{tag, write};
use pki::digest::Digest;
use pki::{Request, oid};
use scep::FailInfo;
use scep::client::{Ask, Outgoing};

use super::siege::{Mebibytes, SECRET, Siege};
use crate::parties::{Craft, Device, printable};

/// One client at a time: what the process takes anyway, a message of at most 2 MiB, and a few copies of it.
const ONE_CLIENT: Mebibytes = Mebibytes(64);

/// The answer to anything crafted has this nonce and transaction.
fn outgoing(device: &Device, der: Vec<u8>) -> Outgoing {
    Outgoing { der, transaction_id: device.transaction(), nonce: vec![7; 16] }
}

/// A message cut off anywhere is refused with 400, and never answered as if it were whole.
#[test]
fn truncated_at_every_length() {
    let siege = Siege::lay();
    let device = Device::rsa(0);
    let whole = siege.message(&Ask::Enrol(&device.request(Some(SECRET))), &device).der;
    let all = 0..whole.len();
    let sampled = all.clone().filter(|length| *length < 64 || length % 29 == 0 || whole.len() - length < 16);
    let mut seen = std::collections::BTreeSet::new();
    for length in sampled {
        seen.insert(siege.refused(&whole[..length], 400));
    }
    // And with something behind it.
    seen.insert(siege.refused(&[&whole[..], &[0]].concat(), 400));
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), ["http.no-message", "message.syntax"]);
    siege.lift("truncated", &ONE_CLIENT);
}

/// Every octet of the frame changed, one at a time: nothing is issued, and nothing but 400 or a FAILURE comes back.
#[test]
fn one_octet_changed() {
    let siege = Siege::lay();
    let device = Device::rsa(0);
    let whole = siege.message(&Ask::Enrol(&device.request(Some("wrong"))), &device).der;
    for place in (0..whole.len()).filter(|place| *place < 200 || place % 17 == 0) {
        let mut changed = whole.clone();
        changed[place] ^= 0x55;
        let status = siege.respond(&changed).status;
        assert!(status == 400 || status == 200, "octet {place}: {status}");
    }
    siege.lift("one octet changed", &ONE_CLIENT);
}

#[test]
fn nested_deeper_than_any_message() {
    let siege = Siege::lay();
    let indefinite = [0x30, 0x80].repeat(900_000);
    let begun = Instant::now();
    assert_eq!(siege.refused(&indefinite, 413), "message.size");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(siege.refused(&[0xa0, 0x80].repeat(900_000), 413), "message.size");
    assert_eq!(siege.refused(&[0x24, 0x80].repeat(900_000), 413), "message.size");
    // With lengths, each inside the one before.
    let mut nested = Vec::new();
    for _ in 0..2000 {
        nested = write::sequence(&[&nested]);
    }
    assert_eq!(siege.refused(&nested, 413), "message.size");
    // A million empty elements side by side are no nesting, and no message.
    let flat = write::sequence(&[&[0x30, 0x00].repeat(900_000)]);
    let begun = Instant::now();
    assert_eq!(siege.refused(&flat, 400), "message.syntax");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    // An octet string in a million fragments.
    let fragments = [&[0x24, 0x80][..], &[0x04, 0x01, 0x41].repeat(500_000), &[0, 0]].concat();
    let begun = Instant::now();
    assert_eq!(siege.refused(&fragments, 400), "message.syntax");
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    siege.lift("nested", &ONE_CLIENT);
}

/// Inside a good signature and a good envelope, where only a client with a key gets.
#[test]
fn nested_inside_the_envelope() {
    let siege = Siege::lay();
    let device = Device::rsa(0);
    for content in [
        [0x30, 0x80].repeat(700_000),
        write::sequence(&[&[0x31, 0x00].repeat(700_000)]),
        vec![0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
        vec![0x30],
        vec![0],
        Vec::new(),
    ] {
        let sent = outgoing(&device, siege.craft(&device, &content).sign(&device.key));
        assert_eq!(siege.failure(&sent, &device), (FailInfo::BadMessageCheck, "envelope.content".to_owned()));
    }
    siege.lift("nested inside", &ONE_CLIENT);
}

#[test]
fn every_message_type() {
    let siege = Siege::lay();
    let device = Device::rsa(0);
    let content = device.request(Some("wrong")).der().to_vec();
    let numbers = (0..=255).map(|number: u32| number.to_string());
    let words =
        ["", " ", "019", "+19", "-19", "19 ", "1e1", "0x13", "٣", "PKCSReq", &"9".repeat(400)].map(str::to_owned);
    for text in numbers.chain(words) {
        let craft = siege.craft(&device, &content).with(&oid::SCEP_MESSAGE_TYPE, &printable(&text));
        let (fail_info, code) = siege.failure(&outgoing(&device, craft.sign(&device.key)), &device);
        let expected = match text.as_str() {
            "19" => (FailInfo::BadRequest, "challenge.wrong"),
            // A renewal, whose signer is none of ours: of both reasons the first is told.
            "17" => (FailInfo::BadRequest, "challenge.wrong"),
            // CertPoll, GetCert and GetCRL with a request in them.
            "20" | "21" | "22" => (FailInfo::BadMessageCheck, "envelope.content"),
            _ => (FailInfo::BadRequest, "message.type"),
        };
        // The leading zero and blank of some clients may be read as the number they mean.
        if !["019", "19 "].contains(&text.as_str()) {
            assert_eq!((fail_info, code.as_str()), expected, "messageType {text:?}");
        }
    }
    siege.lift("messageTypes", &ONE_CLIENT);
}

#[test]
fn signers_that_are_not_one() {
    let siege = Siege::lay();
    let device = Device::rsa(0);
    let good = siege.craft(&device, device.request(Some(SECRET)).der());
    for signers in [0, 2, 3, 64, 65, 1000] {
        let craft = Craft { signers, ..good.clone() };
        let code = siege.refused(&craft.sign(&device.key), 400);
        assert!(["message.signers", "message.syntax"].contains(&code.as_str()), "{signers} signers: {code}");
    }
    siege.lift("signers", &ONE_CLIENT);
}

#[test]
fn a_foreign_signer() {
    let siege = Siege::lay();
    let (device, other) = (Device::rsa(0), Device::rsa(1));
    let good = siege.craft(&device, device.request(Some(SECRET)).der());
    let failure = |craft: &Craft, key| siege.failure(&outgoing(&device, craft.sign(key)), &device);
    // Signed by another key than the certificate's.
    assert_eq!(failure(&good, &other.key), (FailInfo::BadMessageCheck, "message.signature".to_owned()));
    // By a certificate that is not there, and by one among many that are.
    let none = Craft { certificates: Vec::new(), ..good.clone() };
    assert_eq!(failure(&none, &device.key), (FailInfo::BadMessageCheck, "signer.missing".to_owned()));
    let foreign = Craft { certificates: vec![other.certificate.der().to_vec()], ..good.clone() };
    assert_eq!(failure(&foreign, &device.key), (FailInfo::BadMessageCheck, "signer.missing".to_owned()));
    let garbage = Craft { certificates: vec![write::sequence(&[&write::integer(1)])], ..good.clone() };
    assert_eq!(failure(&garbage, &device.key), (FailInfo::BadMessageCheck, "signer.missing".to_owned()));
    // Somebody else's request in an envelope of one's own: no proof that the signer has that key, nor its challenge.
    let stolen = siege.craft(&other, device.request(Some("wrong")).der());
    let sent = outgoing(&other, stolen.sign(&other.key));
    assert_eq!(siege.failure(&sent, &other), (FailInfo::BadRequest, "challenge.wrong".to_owned()));
    // Digests that are none, or broken.
    let sha1 = Craft { digest: Digest::Sha512, ..good };
    let mut der = sha1.sign(&device.key);
    let end = der.len() - 1;
    der[end] ^= 1;
    assert_eq!(siege.failure(&outgoing(&device, der), &device).1, "message.signature");
    siege.lift("foreign signers", &ONE_CLIENT);
}

#[test]
fn a_wrong_challenge() {
    let siege = Siege::lay();
    let device = Device::rsa(0);
    let long = "x".repeat(500_000);
    for (challenge, code) in [
        (Some("guess"), "challenge.wrong"),
        (Some("open sesame!"), "challenge.wrong"),
        (Some("open\0sesame"), "challenge.wrong"),
        (Some(long.as_str()), "challenge.wrong"),
        (Some("P1."), "challenge.wrong"),
        (Some("P1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), "challenge.wrong"),
        (Some(""), "challenge.missing"),
        (None, "challenge.missing"),
    ] {
        let sent = siege.message(&Ask::Enrol(&device.request(challenge)), &device);
        assert_eq!(siege.failure(&sent, &device), (FailInfo::BadRequest, code.to_owned()));
    }
    siege.lift("wrong challenges", &ONE_CLIENT);
}

/// An RSA key of so many bits, with this exponent. Nobody has the private one.
fn huge_key(bits: usize, exponent: &[u8]) -> Vec<u8> {
    let modulus = vec![0xc5; bits / 8];
    let key = write::sequence(&[&write::unsigned(&modulus), &write::unsigned(exponent)]);
    write::sequence(&[&write::algorithm(&oid::RSA_ENCRYPTION, &write::null()), &write::bit_octets(&key)])
}

/// A request for any key; its signature is as long as the key wants.
fn request_for_key(subject: &[u8], spki: &[u8], bits: usize) -> Vec<u8> {
    let challenge = write::sequence(&[
        &write::oid(&oid::ATTR_CHALLENGE_PASSWORD),
        &write::set_of(vec![write::directory_string(SECRET)]),
    ]);
    let info = write::sequence(&[&write::integer(0), subject, spki, &write::constructed(0xa0, &[&challenge])]);
    let algorithm = pki::key::SignatureAlgorithm::RsaPkcs1(Digest::Sha256).to_der();
    write::sequence(&[&info, &algorithm, &write::bit_octets(&vec![0x42; bits / 8])])
}

/// Neither as the key asked for nor as the signer's is time spent on them.
#[test]
fn keys_too_large_to_work_with() {
    let siege = Siege::lay();
    let device = Device::rsa(0);
    let large = [0xff; 512];
    for (bits, exponent) in
        [(16_384, &[1, 0, 1][..]), (8192, &[1, 0, 1]), (4096, &large), (2048, &large), (131_072, &[3])]
    {
        let spki = huge_key(bits, exponent);
        let begun = Instant::now();
        let request = request_for_key(device.subject.der(), &spki, bits);
        let sent = outgoing(&device, siege.craft(&device, &request).sign(&device.key));
        let (fail_info, code) = siege.failure(&sent, &device);
        assert_eq!((fail_info, code.as_str()), (FailInfo::BadMessageCheck, "envelope.content"), "asked for: {bits}");

        let mut craft = siege.craft(&device, device.request(Some(SECRET)).der());
        craft.certificates = vec![swapped_key(&device, &spki)];
        let (_, code) = siege.failure(&outgoing(&device, craft.sign(&device.key)), &device);
        assert!(["signer.key", "signer.missing", "message.signature"].contains(&code.as_str()), "{bits}: {code}");
        assert!(begun.elapsed() < Duration::from_secs(1), "{bits} bits took {:?}", begun.elapsed());
    }
    // Too small.
    for bits in [512, 1024] {
        let request = request_for_key(device.subject.der(), &huge_key(bits, &[1, 0, 1]), bits);
        let sent = outgoing(&device, siege.craft(&device, &request).sign(&device.key));
        assert_eq!(siege.failure(&sent, &device).1, "envelope.content");
    }
    siege.lift("keys too large", &ONE_CLIENT);
}

/// The device's certificate with another key in it; the signature over it fits no longer.
fn swapped_key(device: &Device, spki: &[u8]) -> Vec<u8> {
    let (der, old) = (device.certificate.der(), device.certificate.public_key().spki_der());
    let tbs = device.certificate.tbs();
    let at = tbs.windows(old.len()).position(|w| w == old).expect("the key");
    let header = tbs.len() - pki::der::Reader::single(tbs, tag::SEQUENCE, "tbs").expect("tbs").value.len();
    let changed = [&tbs[header..at], spki, &tbs[at + old.len()..]].concat();
    let rest = &der[der.windows(tbs.len()).position(|w| w == tbs).expect("tbs") + tbs.len()..];
    write::sequence(&[&write::tlv(tag::SEQUENCE, &changed), rest])
}

#[test]
fn a_request_whose_signature_is_wrong() {
    let siege = Siege::lay();
    let device = Device::rsa(0);
    let mut der = device.request(Some(SECRET)).der().to_vec();
    let end = der.len() - 1;
    der[end] ^= 1;
    let request = Request::parse(&der).expect("still a request");
    assert!(request.verify().is_err());
    let sent = siege.message(&Ask::Enrol(&request), &device);
    assert_eq!(siege.failure(&sent, &device), (FailInfo::BadMessageCheck, "envelope.content".to_owned()));
    siege.lift("no proof of possession", &ONE_CLIENT);
}
