//! What a profile makes of an order.

mod support;

use ca::{Code, Curve, KeyLimits, KeyUsageRule, NamesRule, Outlive, Profile, Sid, SidForms, SubjectRule, Template};
use pki::der::{tag, write};
use pki::extension::{AccessDescription, AuthorityKeyId, Criticality, DistributionPoint, GeneralName, KeyUsage};
use pki::key::{KeySpec, PublicKey, Sign};
use pki::{Name, Time, oid};
use support::{DAY, NOW, device, issue, key, name, order, order_of, reasons, refused, serial, tiers};

const SID: &str = "S-1-5-21-1004336348-1177238915-682003330-512";

fn public() -> &'static PublicKey {
    key(KeySpec::P256).public_key()
}

fn dns(text: &str) -> GeneralName {
    GeneralName::Dns(text.to_owned())
}

#[test]
fn a_device_certificate_says_what_the_profile_says() {
    let certificate =
        issue(&order("CN=dev-1,O=Example", vec![dns("dev-1.example.test")], public()), &device()).unwrap();
    let issuer = &tiers().issuing.certificate;
    assert_eq!(certificate.version(), 2);
    assert_eq!(certificate.serial(), [7]);
    assert_eq!(certificate.subject(), &name("CN=dev-1,O=Example"));
    assert_eq!(certificate.issuer(), issuer.subject());
    assert_eq!(certificate.validity().not_before, NOW.plus(-DAY));
    assert_eq!(certificate.validity().not_after, NOW.plus(365 * DAY));
    assert_eq!(certificate.public_key(), public());
    assert_eq!(certificate.key_usage(), Some(KeyUsage::DIGITAL_SIGNATURE));
    assert_eq!(certificate.extension(&oid::KEY_USAGE).map(|e| e.criticality), Some(Criticality::Critical));
    assert_eq!(certificate.extended_key_usage(), Some(vec![oid::CLIENT_AUTH]));
    assert_eq!(certificate.subject_alt_names(), [dns("dev-1.example.test")]);
    assert_eq!(certificate.extension(&oid::SUBJECT_ALT_NAME).map(|e| e.criticality), Some(Criticality::NonCritical));
    assert_eq!(certificate.subject_key_id(), Some(&public().key_id()[..]));
    let authority = AuthorityKeyId::parse(&certificate.extension(&oid::AUTHORITY_KEY_ID).unwrap().value).unwrap();
    assert_eq!(authority.key_id.as_deref(), issuer.subject_key_id());
    let points = &certificate.extension(&oid::CRL_DISTRIBUTION_POINTS).unwrap().value;
    let points = DistributionPoint::parse_all(points).unwrap();
    assert_eq!(points[0].uris().collect::<Vec<_>>(), ["http://ca.example.test/issuing.crl"]);
    let access = &certificate.extension(&oid::AUTHORITY_INFO_ACCESS).unwrap().value;
    let access = AccessDescription::parse_all(access).unwrap();
    assert_eq!(access[0].method, oid::ACCESS_CA_ISSUERS);
    assert_eq!(access[0].location, GeneralName::Uri("http://ca.example.test/issuing.crt".to_owned()));
    assert!(certificate.extension(&oid::BASIC_CONSTRAINTS).is_none() && !certificate.is_ca());
}

#[test]
fn the_request_is_not_the_source_of_a_sid() {
    for claim in [
        "tag:microsoft.com,2022-09-14:sid:S-1-5-21-1-2-3-500",
        "TAG:microsoft.com,2022-09-14:SID:S-1-5-21-1-2-3-500",
        "tag:%6Dicrosoft.com,2022-09-14:%73id:S-1-5-21-1-2-3-500",
        " tag:microsoft.com,2022-09-14:sid:",
        "tag:microsoft.com,2031-01-01:upn:a@example.test",
    ] {
        let wanted = order("CN=x", vec![GeneralName::Uri(claim.to_owned())], public());
        assert!(refused(&wanted, &device()).contains(&Code::SidRequested), "{claim}");
    }
    let inside = GeneralName::Other(oid::MS_SID_VALUE, write::octets(b"S-1-5-18"));
    assert_eq!(refused(&order("CN=x", vec![inside], public()), &device()), [Code::SidRequested]);
}

#[test]
fn a_sid_the_service_knows_stands_where_the_profile_wants_it() {
    let sid: Sid = SID.parse().unwrap();
    let uri = GeneralName::Uri(format!("tag:microsoft.com,2022-09-14:sid:{SID}"));
    for (forms, in_extension, in_uri) in [
        (SidForms::None, None, None),
        (SidForms::Extension, Some(()), None),
        (SidForms::Uri, None, Some(())),
        (SidForms::Both, Some(()), Some(())),
    ] {
        let profile = Profile { sid: forms, names: NamesRule::default(), ..device() };
        let with = issue(&order("CN=x", Vec::new(), public()).with_sid(sid.clone()), &profile).unwrap();
        let names = with.subject_alt_names();
        assert_eq!(names, in_uri.map(|()| uri.clone()).into_iter().collect::<Vec<_>>(), "{forms:?}");
        let extension = with.extension(&oid::MS_SID).map(|e| (e.criticality, e.value.clone()));
        let expected = in_extension.map(|()| (Criticality::NonCritical, sid_extension()));
        assert_eq!(extension, expected, "{forms:?}");
        let without = issue(&order("CN=x", Vec::new(), public()), &profile).unwrap();
        assert!(without.extension(&oid::MS_SID).is_none() && without.subject_alt_names().is_empty());
    }
}

/// KB5014754: SEQUENCE { [0] { OID 1.3.6.1.4.1.311.25.2.1, [0] { OCTET STRING } } }, written out.
fn sid_extension() -> Vec<u8> {
    let mut out = vec![0x30, 0x3e, 0xa0, 0x3c, 0x06, 0x0a, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x19, 0x02, 0x01];
    out.extend([0xa0, 0x2e, 0x04, 0x2c]);
    out.extend(SID.as_bytes());
    out
}

#[test]
fn both_template_forms() {
    let first = Profile { template: Some(Template::V1("User".to_owned())), ..device() };
    let certificate = issue(&order("CN=x", Vec::new(), public()), &first).unwrap();
    let expected = [0x1e, 8, 0, b'U', 0, b's', 0, b'e', 0, b'r'];
    assert_eq!(certificate.extension(&oid::MS_TEMPLATE_NAME).map(|e| &e.value[..]), Some(&expected[..]));
    let oid = "1.3.6.1.4.1.311.21.8.5".parse().unwrap();
    let second = Profile { template: Some(Template::V2 { oid, major: 100, minor: 3 }), ..device() };
    let certificate = issue(&order("CN=x", Vec::new(), public()), &second).unwrap();
    let expected = [0x30, 18, 6, 10, 0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 8, 5, 2, 1, 100, 2, 1, 3];
    assert_eq!(certificate.extension(&oid::MS_TEMPLATE).map(|e| &e.value[..]), Some(&expected[..]));
}

#[test]
fn a_pattern_fills_its_places_and_nothing_escapes_from_them() {
    let profile =
        Profile { subject: SubjectRule::pattern("CN={cn} ({serialNumber}),OU={dns},O={upn}").unwrap(), ..device() };
    let names = vec![dns("a.test"), dns("b.test"), GeneralName::from_upn("u@a.test")];
    let asked = Name::from_attributes(&[(oid::SERIAL_NUMBER, "42"), (oid::COMMON_NAME, "x,O=Evil+C=CH")]);
    let certificate = issue(&order_of(asked, names, public()), &profile).unwrap();
    assert_eq!(certificate.subject(), &name("CN=x\\,O\\=Evil\\+C\\=CH (42),OU=a.test,O=u@a.test"));
    let flaws = issue(&order("CN=x", Vec::new(), public()), &profile).unwrap_err();
    assert_eq!(reasons(&flaws), [Code::SubjectMissing; 3]);
    assert!(flaws[0].says().contains("{upn}"), "{}", flaws[0]);
    for bad in ["", "nonsense", "CN={", "CN={other}", "CN={cn"] {
        assert!(SubjectRule::pattern(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_certificate_names_somebody() {
    let profile = device();
    assert_eq!(refused(&order("", Vec::new(), public()), &profile), [Code::SubjectEmpty]);
    let certificate = issue(&order("", vec![dns("a.test")], public()), &profile).unwrap();
    assert_eq!(certificate.extension(&oid::SUBJECT_ALT_NAME).map(|e| e.criticality), Some(Criticality::Critical));
}

#[test]
fn old_string_types_are_replaced_and_the_text_stays() {
    let rdn = |tag, text: &[u8]| {
        write::set_of(vec![write::sequence(&[&write::oid(&oid::COMMON_NAME), &write::tlv(tag, text)])])
    };
    let der = write::sequence(&[
        &rdn(tag::BMP_STRING, b"\0Z\0\xfc"),
        &rdn(tag::TELETEX_STRING, b"a\xe9"),
        &rdn(tag::PRINTABLE_STRING, b"a@b_c"),
        &rdn(tag::PRINTABLE_STRING, b"plain"),
        &rdn(tag::UTF8_STRING, b"plain"),
    ]);
    let asked = Name::read(&mut pki::der::Reader::new(&der)).unwrap();
    let certificate = issue(&order_of(asked.clone(), Vec::new(), public()), &device()).unwrap();
    assert!(certificate.subject().matches(&asked));
    let tags: Vec<u8> = certificate.subject().rdns().iter().map(|rdn| rdn[0].value.tag).collect();
    assert_eq!(tags, [tag::UTF8_STRING, tag::UTF8_STRING, tag::UTF8_STRING, tag::PRINTABLE_STRING, tag::UTF8_STRING]);
}

#[test]
fn kinds_of_names_beyond_the_profile_are_told_one_by_one() {
    let rule = NamesRule { allowed: vec![ca::NameKind::Dns] };
    let profile = Profile { names: rule, ..device() };
    let names = vec![
        dns("a.test"),
        GeneralName::Email("a@b.test".to_owned()),
        GeneralName::Ip(vec![192, 0, 2, 1]),
        GeneralName::RegisteredId(oid::COMMON_NAME),
        GeneralName::from_upn("u@a.test"),
    ];
    let flaws = issue(&order("CN=x", names, public()), &profile).unwrap_err();
    assert_eq!(reasons(&flaws), [Code::NameKind; 4]);
    assert_eq!(
        flaws[0].to_string(),
        "profile.name-kind: The request asks for email:a@b.test; kinds of names allowed: dns."
    );
}

#[test]
fn every_flaw_is_told_at_once() {
    let profile = Profile {
        keys: KeyLimits { rsa_min: 3072, ..KeyLimits::default() },
        names: NamesRule::default(),
        key_usage: KeyUsageRule::RequestedWithin(KeyUsage::DIGITAL_SIGNATURE),
        validity: 30 * 365 * DAY,
        outlive: Outlive::Refuse,
        ..device()
    };
    let long = format!("CN={},O=a\\00b", "x".repeat(65));
    let wanted = order(&long, vec![dns("not a host")], key(KeySpec::Rsa2048).public_key())
        .with_key_usage(Some(KeyUsage::KEY_CERT_SIGN));
    let expected = [
        Code::KeySize,
        Code::NameKind,
        Code::KeyUsage,
        Code::IssuerOutlived,
        Code::LintNameLength,
        Code::LintNameText,
        Code::LintDns,
    ];
    assert_eq!(refused(&wanted, &profile), expected);
}

#[test]
fn flaws_are_few_and_short_whatever_is_asked() {
    let names = vec![dns(&"x ".repeat(5_000)); 1_000];
    let flaws = issue(&order("CN=x", names, public()), &device()).unwrap_err();
    assert_eq!(flaws.len(), 64);
    assert!(flaws.iter().all(|flaw| flaw.says().chars().count() <= 401));
}

#[test]
fn keys_within_the_limits() {
    let curves = |curves: &[Curve]| Profile {
        keys: KeyLimits { rsa_min: 2048, rsa_max: 3072, curves: curves.to_vec() },
        ..device()
    };
    let of = |spec| order("CN=x", Vec::new(), key(spec).public_key());
    assert!(issue(&of(KeySpec::Rsa2048), &curves(&[])).is_ok());
    assert!(issue(&of(KeySpec::P384), &curves(&[Curve::P384])).is_ok());
    assert_eq!(refused(&of(KeySpec::P384), &curves(&[Curve::P256])), [Code::KeyKind]);
    let no_rsa = Profile { keys: KeyLimits { rsa_min: 0, rsa_max: 0, curves: vec![Curve::P256] }, ..device() };
    assert_eq!(refused(&of(KeySpec::Rsa2048), &no_rsa), [Code::KeyKind]);
    assert!(issue(&of(KeySpec::P256), &no_rsa).is_ok());
}

#[test]
fn keys_with_which_nothing_is_safe() {
    let rsa = |id: &pki::Oid, bits: usize, last: u8, exponent: u64| {
        let mut modulus = vec![0xc1; bits / 8];
        *modulus.last_mut().unwrap() = last;
        let numbers = write::sequence(&[&write::unsigned(&modulus), &write::integer(exponent)]);
        let algorithm = write::algorithm(id, &write::null());
        PublicKey::from_spki(&write::sequence(&[&algorithm, &write::bit_octets(&numbers)])).unwrap()
    };
    let plain = oid::RSA_ENCRYPTION;
    for (bad, code) in [
        (rsa(&plain, 2048, 2, 65_537), Code::KeyWeak),
        (rsa(&plain, 2048, 1, 1), Code::KeyWeak),
        (rsa(&plain, 2048, 1, 4), Code::KeyWeak),
        (rsa(&plain, 1024, 1, 65_537), Code::KeySize),
        (rsa(&plain, 16_384, 1, 65_537), Code::KeySize),
        (rsa(&oid::RSASSA_PSS, 2048, 1, 65_537), Code::KeyKind),
        (rsa(&oid::DSA, 2048, 1, 65_537), Code::KeyKind),
    ] {
        assert!(refused(&order("CN=x", Vec::new(), &bad), &device()).contains(&code), "{code}");
    }
    assert!(issue(&order("CN=x", Vec::new(), &rsa(&plain, 2048, 1, 65_537)), &device()).is_ok());
    let unsigned = write::sequence(&[&write::tlv(tag::INTEGER, &[0xc1; 256]), &write::integer(3)]);
    let spki = write::sequence(&[&write::algorithm(&plain, &write::null()), &write::bit_octets(&unsigned)]);
    let negative = PublicKey::from_spki(&spki).unwrap();
    assert_eq!(refused(&order("CN=x", Vec::new(), &negative), &device()), [Code::KeyWeak]);
}

#[test]
fn how_long_it_is_valid() {
    let wanted = order("CN=x", Vec::new(), public());
    let until = |wanted: &ca::Order, profile: &Profile| issue(wanted, profile).map(|c| c.validity());
    let above = tiers().issuing.certificate.validity();
    let long = Profile { validity: 50 * 365 * DAY, backdate: 50 * 365 * DAY, ..device() };
    assert_eq!(until(&wanted, &long).unwrap(), above);
    assert_eq!(refused(&wanted, &Profile { outlive: Outlive::Refuse, ..long }), [Code::IssuerOutlived]);
    let capped = wanted.clone().not_after(NOW.plus(90)).not_after(NOW.plus(60));
    assert_eq!(until(&capped, &device()).unwrap().not_after, NOW.plus(60));
    assert_eq!(refused(&capped.not_after(NOW), &device()), [Code::Validity]);
    assert_eq!(refused(&wanted, &Profile { validity: 0, ..device() }), [Code::ProfileContent, Code::Validity]);
}

#[test]
fn an_issuer_that_cannot_issue() {
    let issuer = &tiers().issuing;
    let wanted = order("CN=x", Vec::new(), public());
    let algorithm = issuer.key.preferred();
    let at = |certificate, algorithm, now: Time| {
        ca::prepare(&wanted, &device(), certificate, algorithm, &serial(3), now).map_err(|f| reasons(&f))
    };
    let after = issuer.certificate.validity().not_after.plus(1);
    assert_eq!(at(&issuer.certificate, algorithm, after), Err(vec![Code::IssuerExpired, Code::Validity]));
    let before = issuer.certificate.validity().not_before.plus(-1);
    assert_eq!(at(&issuer.certificate, algorithm, before).unwrap_err(), [Code::IssuerExpired]);
    let weak = pki::key::SignatureAlgorithm::Ecdsa(pki::digest::Digest::Sha1);
    assert_eq!(at(&issuer.certificate, weak, NOW).unwrap_err(), [Code::IssuerAlgorithm]);
    let other = pki::key::SignatureAlgorithm::Ed25519;
    assert_eq!(at(&issuer.certificate, other, NOW).unwrap_err(), [Code::IssuerAlgorithm]);
    let leaf = issue(&wanted, &device()).unwrap();
    assert_eq!(at(&leaf, algorithm, NOW).unwrap_err(), [Code::IssuerNotCa]);
}

#[test]
fn a_profile_is_checked_without_an_order() {
    let bad = [
        Profile { validity: -1, ..device() },
        Profile { backdate: -1, ..device() },
        Profile { key_usage: KeyUsageRule::Fixed(KeyUsage::KEY_CERT_SIGN), ..device() },
        Profile { key_usage: KeyUsageRule::RequestedWithin(KeyUsage(0)), ..device() },
        Profile { extended_key_usage: vec![oid::CLIENT_AUTH, oid::CLIENT_AUTH], ..device() },
        Profile { crl_urls: vec!["not an address".to_owned()], ..device() },
        Profile { issuer_urls: vec![String::new()], ..device() },
        Profile { template: Some(Template::V1(String::new())), ..device() },
        Profile { template: Some(Template::V1("\u{1f332}".to_owned())), ..device() },
        Profile { keys: KeyLimits { rsa_min: 4096, rsa_max: 2048, curves: Vec::new() }, ..device() },
    ];
    for profile in bad {
        assert_eq!(reasons(&profile.flaws()), [Code::ProfileContent], "{profile:?}");
    }
    assert!(device().flaws().is_empty());
}

#[test]
fn service_certificates() {
    let rsa = key(KeySpec::Rsa2048).public_key();
    for (profile, usage, purpose) in [
        (Profile::ra_signing(DAY), KeyUsage::DIGITAL_SIGNATURE, oid::REQUEST_AGENT),
        (Profile::ra_encryption(DAY), KeyUsage::KEY_ENCIPHERMENT, oid::REQUEST_AGENT),
        (Profile::tls_client(DAY), KeyUsage::DIGITAL_SIGNATURE, oid::CLIENT_AUTH),
        (Profile::tls_server(DAY), KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_ENCIPHERMENT), oid::SERVER_AUTH),
    ] {
        let certificate = issue(&order("CN=service", Vec::new(), rsa), &profile).unwrap();
        assert_eq!(certificate.key_usage(), Some(usage), "{}", profile.name);
        assert_eq!(certificate.extended_key_usage(), Some(vec![purpose]), "{}", profile.name);
        assert!(profile.flaws().is_empty());
    }
    let on_curve = order("CN=service", Vec::new(), public());
    assert!(refused(&on_curve, &Profile::ra_encryption(DAY)).contains(&Code::KeyKind));
    let server = issue(&order("", vec![dns("*.example.test")], public()), &Profile::tls_server(DAY)).unwrap();
    assert_eq!(server.key_usage(), Some(KeyUsage::DIGITAL_SIGNATURE));
}
