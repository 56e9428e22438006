//! Good requests, with a good challenge, for names that no certificate may have.

use std::time::{Duration, Instant};

use pki::der::{tag, write};
use pki::extension::{BasicConstraints, Extension, GeneralName, KeyUsage};
use pki::key::PrivateKey;
use pki::{Name, Oid, Request, oid};
use scep::client::Ask;

use super::siege::{Mebibytes, SECRET, Siege};
use crate::parties::Device;

/// As for messages: one client at a time.
const ONE_CLIENT: Mebibytes = Mebibytes(64);

fn subject(attributes: &[(Oid, u8, &[u8])]) -> Name {
    let rdn = |(kind, tag, value): &(Oid, u8, &[u8])| {
        write::set_of(vec![write::sequence(&[&write::oid(kind), &write::tlv(*tag, value)])])
    };
    let rdns: Vec<Vec<u8>> = attributes.iter().map(rdn).collect();
    let der = write::sequence(&rdns.iter().map(Vec::as_slice).collect::<Vec<_>>());
    Name::read(&mut pki::der::Reader::new(&der)).expect("a name that can be read")
}

fn names(list: &[GeneralName]) -> Extension {
    Extension::plain(oid::SUBJECT_ALT_NAME, GeneralName::all_to_der(list))
}

/// The code of the refusal.
#[track_caller]
fn refused(siege: &Siege, device: &Device, subject: &Name, extensions: &[Extension]) -> String {
    let request = Request::build(subject, &device.key, extensions, Some(SECRET)).expect("a request");
    let sent = siege.message(&Ask::Enrol(&request), device);
    let begun = Instant::now();
    let (_, code) = siege.failure(&sent, device);
    assert!(begun.elapsed() < Duration::from_secs(2), "{code} took {:?}", begun.elapsed());
    code
}

#[test]
fn subjects_with_nul_and_worse() {
    let siege = Siege::lay();
    let device = Device::rsa(0);
    let long = "x".repeat(1_000_000);
    let many: Vec<_> = (0..20_000).map(|_| (oid::ORGANIZATIONAL_UNIT, tag::UTF8_STRING, b"x".as_slice())).collect();
    for (attributes, code) in [
        (vec![(oid::COMMON_NAME, tag::UTF8_STRING, b"admin\0.example.test".as_slice())], "lint.name-text"),
        (vec![(oid::COMMON_NAME, tag::BMP_STRING, b"\0a\0\0\0b")], "lint.name-text"),
        (vec![(oid::COMMON_NAME, tag::UTF8_STRING, b"line\nbreak")], "lint.name-text"),
        (vec![(oid::COMMON_NAME, tag::UTF8_STRING, b"\xff\xfe")], "lint.der"),
        (vec![(oid::COMMON_NAME, tag::OCTET_STRING, b"dev")], "lint.name-text"),
        (vec![(oid::COMMON_NAME, tag::UTF8_STRING, b"")], "lint.name-length"),
        (vec![(oid::COMMON_NAME, tag::UTF8_STRING, long.as_bytes())], "lint.name-length"),
        (vec![(oid::COUNTRY, tag::PRINTABLE_STRING, b"Switzerland")], "lint.name-length"),
        (many, "lint.name-count"),
    ] {
        assert_eq!(refused(&siege, &device, &subject(&attributes), &[]), code);
    }
    siege.lift("subjects", &ONE_CLIENT);
}

#[test]
fn subject_alternative_names_with_nul_and_worse() {
    let siege = Siege::lay();
    let device = Device::rsa(0);
    let dns = |text: &str| GeneralName::Dns(text.to_owned());
    let many: Vec<_> = (0..30_000).map(|number| dns(&format!("host-{number}.example.test"))).collect();
    for (list, code) in [
        (vec![dns("good.example.test"), dns("admin\0.example.test")], "lint.name-text"),
        (vec![dns(&"a.".repeat(200_000))], "lint.dns"),
        (vec![GeneralName::Email("a\0@example.test".to_owned())], "lint.name-text"),
        (vec![GeneralName::Email("nobody".to_owned())], "lint.email"),
        (vec![GeneralName::Ip(vec![1; 5])], "lint.ip"),
        (vec![GeneralName::Uri("no uri".to_owned())], "lint.uri"),
        (vec![GeneralName::Uri("http://x\0y".to_owned())], "lint.name-text"),
        (vec![GeneralName::Directory(Name::parse("CN=x").expect("a name"))], "profile.name-kind"),
        (many, "lint.name-count"),
    ] {
        assert_eq!(refused(&siege, &device, &device.subject, &[names(&list)]), code);
    }
    siege.lift("subject alternative names", &ONE_CLIENT);
}

/// A name as long as the message fills neither the audit nor the log.
#[test]
fn names_as_long_as_the_message() {
    let siege = Siege::lay();
    let long = "x".repeat(400_000);
    let name = subject(&[(oid::COMMON_NAME, tag::UTF8_STRING, long.as_bytes())]);
    let key = PrivateKey::from_pkcs8(Device::rsa(0).key.pkcs8()).expect("a key");
    let device = Device::with(key, &name.to_string());
    let other = Name::parse("CN=x").expect("a name");
    // Self-signed and refused as a renewal, foreign, and with a signature that is wrong.
    let renewal = siege.message(&Ask::Renew(&device.request(None)), &device);
    assert_eq!(siege.failure(&renewal, &device).1, "renewal.signer");
    let poll = siege.message(&Ask::Poll { issuer: &other, subject: &other }, &device);
    assert_eq!(siege.failure(&poll, &device).1, "transaction.unknown");
    let crl = siege.message(&Ask::Crl { issuer: &name, serial: &[1] }, &Device::rsa(1));
    assert_eq!(siege.failure(&crl, &Device::rsa(1)).1, "crl.unknown");
    let mut wrong = siege.message(&Ask::Enrol(&device.request(Some("wrong"))), &device);
    *wrong.der.last_mut().expect("octets") ^= 1;
    assert_eq!(siege.failure(&wrong, &device).1, "message.signature");
    let rows = siege.service.operator(&["audit", "list"]);
    let longest = rows.as_array().expect("rows").iter().map(|row| row["detail"].as_str().map_or(0, str::len)).max();
    assert!(longest.is_some_and(|longest| (1000..5000).contains(&longest)), "{longest:?}");
    assert!(siege.service.log().len() < 50_000, "the log has {} octets", siege.service.log().len());
    siege.lift("long names", &ONE_CLIENT);
}

/// What would make a device a CA is not in its certificate, whatever it asks for.
#[test]
fn nobody_becomes_a_ca() {
    let siege = Siege::lay();
    let usage = |names: &[&str]| {
        let usages = names.iter().map(|name| KeyUsage::by_name(name).expect("a usage"));
        Extension::critical(oid::KEY_USAGE, usages.fold(KeyUsage(0), KeyUsage::with).to_der())
    };
    let ca = Extension::critical(oid::BASIC_CONSTRAINTS, BasicConstraints { ca: true, path_length: None }.to_der());
    let purposes = Extension::plain(
        oid::EXTENDED_KEY_USAGE,
        pki::extension::extended_key_usage_der(&[oid::ANY_EXTENDED_KEY_USAGE, oid::REQUEST_AGENT]),
    );
    let mut issued = 0;
    for (number, extensions) in [
        vec![ca.clone()],
        vec![usage(&["keyCertSign", "cRLSign"])],
        vec![ca, usage(&["digitalSignature", "keyCertSign"]), purposes],
    ]
    .into_iter()
    .enumerate()
    {
        let device = Device::rsa(number);
        let request = device.request_with(&extensions, Some(SECRET));
        let sent = siege.message(&Ask::Enrol(&request), &device);
        let scep::client::Answer::Success { certificates, .. } = siege.answer(&sent, &device) else { continue };
        issued += 1;
        let certificate = &certificates[0];
        assert!(!certificate.is_ca(), "{number}");
        let granted = certificate.key_usage().expect("a key usage").names().join(" ");
        assert!(!granted.contains("keyCertSign") && !granted.contains("cRLSign"), "{granted}");
        assert_eq!(certificate.extended_key_usage(), Some(vec![oid::CLIENT_AUTH]));
    }
    println!("{issued} of 3 issued, as no CA");
}
