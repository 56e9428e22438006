//! Sealed challenges: what they say, and that nobody can say it for us.

use std::sync::LazyLock;

use pki::extension::{Extension, KeyUsage, extended_key_usage_der};
use pki::oid;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use ra::sealed::{Claims, Mismatch, SealingKey, open, seal};

use crate::support::*;

/// A source of octets that differ from call to call.
pub(crate) fn random() -> impl FnMut(&mut [u8]) {
    static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    |out: &mut [u8]| {
        let call = CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let octets = pki::digest::sha256(&call.to_be_bytes());
        out.iter_mut().zip(octets.iter().cycle()).for_each(|(to, from)| *to = *from);
    }
}

/// Claims that say nothing but what they must.
pub(crate) fn claims() -> Claims {
    Claims {
        id: "0123456789abcdef".to_owned(),
        endpoint: "devices".to_owned(),
        expires: now().plus(3600).seconds(),
        device: None,
        user: None,
        sid: None,
        profile: None,
        subject: None,
        names: None,
        key_usage: None,
        extended_key_usage: None,
        key_bits: None,
        signer: None,
    }
}

fn sealing(octet: u8) -> SealingKey {
    SealingKey::new(&[octet; 32]).expect("key")
}

fn sealed(claims: &Claims) -> String {
    seal(claims, &sealing(1), &mut random()).expect("sealed")
}

fn texts<const N: usize>(texts: [&str; N]) -> Option<Vec<String>> {
    Some(texts.map(str::to_owned).to_vec())
}

static ASKED: LazyLock<Asked> = LazyLock::new(|| {
    let extensions = [
        Extension::critical(oid::KEY_USAGE, KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_ENCIPHERMENT).to_der()),
        Extension::plain(oid::EXTENDED_KEY_USAGE, extended_key_usage_der(&[oid::CLIENT_AUTH])),
    ];
    Asked::new(request(SUBJECT, &own_names(), &rsa_key(), &extensions), issued(key(0), 7))
});

type Change = fn(&mut Claims);

/// Each property: claims that fit the request, claims that do not, and what is said then.
fn properties() -> Vec<(&'static str, Change, Change, &'static str)> {
    vec![
        ("endpoint", |_| {}, |c| c.endpoint = "kiosks".to_owned(), "expected kiosks, got devices"),
        (
            "subject",
            |c| c.subject = Some("cn=DEV-1, o=example".to_owned()),
            |c| c.subject = Some("CN=dev-2,O=Example".to_owned()),
            "expected CN=dev-2,O=Example, got CN=dev-1, O=Example",
        ),
        (
            "subjectAltName",
            |c| c.names = texts(["UPN:dev-1@example.test", "dns:DEV-1.example.test"]),
            |c| c.names = texts(["dns:dev-1.example.test"]),
            "expected dns:dev-1.example.test, got dns:dev-1.example.test, upn:dev-1@example.test",
        ),
        (
            "subjectAltName",
            |_| {},
            |c| c.names = texts([]),
            "expected none, got dns:dev-1.example.test, upn:dev-1@example.test",
        ),
        (
            "keyUsage",
            |c| c.key_usage = texts(["keyEncipherment", "digitalSignature", "nonRepudiation"]),
            |c| c.key_usage = texts(["digitalSignature"]),
            "expected digitalSignature, got digitalSignature keyEncipherment",
        ),
        (
            "keyUsage",
            |_| {},
            |c| c.key_usage = texts(["digitalSignature", "keyEncipherment", "whatever"]),
            "expected digitalSignature keyEncipherment whatever, got digitalSignature keyEncipherment",
        ),
        (
            "extendedKeyUsage",
            |c| c.extended_key_usage = texts(["1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.1"]),
            |c| c.extended_key_usage = texts(["1.3.6.1.5.5.7.3.1"]),
            "expected 1.3.6.1.5.5.7.3.1, got 1.3.6.1.5.5.7.3.2",
        ),
        ("key", |c| c.key_bits = Some(2048), |c| c.key_bits = Some(2049), "expected at least 2049 bits, got RSA-2048"),
    ]
}

fn fits(claims: &Claims) -> Vec<Mismatch> {
    claims.mismatches(&ASKED.enrolment())
}

fn changed(change: Change) -> Claims {
    let mut claims = claims();
    change(&mut claims);
    claims
}

#[test]
fn every_property_that_does_not_fit_is_named_with_both_sides() {
    assert_eq!(fits(&claims()), [], "what is not said is not compared");
    for (property, right, wrong, text) in properties() {
        assert_eq!(fits(&changed(right)), [], "{property}");
        let found = fits(&changed(wrong));
        assert_eq!(found.len(), 1, "{property}: {found:?}");
        assert_eq!(found[0].property, property);
        assert_eq!(found[0].to_string(), format!("{property}: {text}"));
    }
    let signer = ASKED.signer.thumbprint();
    assert_eq!(fits(&Claims { signer: Some(signer.to_lowercase()), ..claims() }), []);
    let other = issued(key(1), 8).thumbprint();
    let found = fits(&Claims { signer: Some(other.clone()), ..claims() });
    assert_eq!(found[0].to_string(), format!("signer: expected {other}, got {signer}"));
}

#[test]
fn all_of_them_are_named_at_once() {
    let mut all = Claims { signer: Some("00".to_owned()), ..claims() };
    properties().iter().for_each(|(_, _, wrong, _)| wrong(&mut all));
    let found: Vec<&str> = fits(&all).iter().map(|m| m.property).collect();
    let expected = ["endpoint", "subject", "subjectAltName", "keyUsage", "extendedKeyUsage", "key", "signer"];
    assert_eq!(found, expected);
}

#[test]
fn a_request_may_leave_usages_out_but_not_names() {
    let bare = Asked::new(request(SUBJECT, &[], key(0), &[]), self_signed(key(0)));
    let strict = Claims {
        key_usage: texts(["digitalSignature"]),
        extended_key_usage: texts([]),
        key_bits: Some(4096),
        ..claims()
    };
    assert_eq!(strict.mismatches(&bare.enrolment()), [], "a key on a curve has enough bits");
    let named = Claims { names: texts(["dns:dev-1.example.test"]), ..claims() };
    let found = named.mismatches(&bare.enrolment());
    assert_eq!(found[0].to_string(), "subjectAltName: expected dns:dev-1.example.test, got none");
    assert_eq!(Claims { names: texts([]), ..claims() }.mismatches(&bare.enrolment()), []);
    let nonsense = Claims { subject: Some("no name".to_owned()), ..claims() };
    assert_eq!(nonsense.mismatches(&bare.enrolment()).len(), 1, "a subject that is no name fits nothing");
}

#[test]
fn a_security_identifier_in_the_request_is_a_name_like_others() {
    let names = [own_names(), vec![sid_uri("S-1-5-21-1-2-3-500")]].concat();
    let asked = Asked::new(request(SUBJECT, &names, key(0), &[]), self_signed(key(0)));
    let claims = Claims { names: texts(["dns:dev-1.example.test", "upn:dev-1@example.test"]), ..claims() };
    assert_eq!(claims.mismatches(&asked.enrolment()).len(), 1);
}

#[test]
fn no_octet_of_a_sealed_challenge_can_be_changed() {
    let text = sealed(&claims());
    assert_eq!(open(&text, &[sealing(1)]), Some(claims()));
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \0";
    for (at, &old) in text.as_bytes().iter().enumerate() {
        for &octet in alphabet.iter().filter(|&&octet| octet != old) {
            let mut octets = text.clone().into_bytes();
            octets[at] = octet;
            let tampered = String::from_utf8(octets).expect("text");
            // Blanks in front of or behind the text do not count, but then something is missing.
            assert_eq!(open(&tampered, &[sealing(1)]), None, "{octet} at {at}");
        }
    }
}

#[test]
fn a_part_of_a_sealed_challenge_does_not_open_and_neither_does_more_than_one() {
    let text = sealed(&claims());
    for end in 0..text.len() {
        assert_eq!(open(&text[..end], &[sealing(1)]), None, "{end}");
        assert_eq!(open(&text[end + 1..], &[sealing(1)]), None, "from {end}");
    }
    for more in ["A", "AAAA", "=", "==", "\0", ".", &text] {
        assert_eq!(open(&format!("{text}{more}"), &[sealing(1)]), None, "{more}");
    }
    assert_eq!(open(&format!(" \r\n{text}\t "), &[sealing(1)]), Some(claims()));
}

#[test]
fn another_version_never_opens() {
    let text = sealed(&claims());
    let (_, body) = text.split_once('.').expect("prefix");
    for prefix in ["P0.", "P2.", "P.", "p1.", "P1", "P1..", "P1.P1.", ""] {
        assert_eq!(open(&format!("{prefix}{body}"), &[sealing(1)]), None, "{prefix}");
    }
}

#[test]
fn ten_kilobytes_are_not_looked_at() {
    let long = Claims { device: Some("x".repeat(10_000)), ..claims() };
    assert_eq!(open(&sealed(&long), &[sealing(1)]), None);
    let longest = Claims { device: Some("x".repeat(5_000)), ..claims() };
    assert_eq!(open(&sealed(&longest), &[sealing(1)]), Some(longest));
    for junk in ["A".repeat(10_000), format!("P1.{}", "A".repeat(10_000)), " ".repeat(10_000)] {
        assert_eq!(open(&junk, &[sealing(1)]), None);
    }
}

#[test]
fn old_keys_open_what_they_sealed_as_long_as_they_are_kept() {
    let by_old = seal(&claims(), &sealing(1), &mut random()).expect("sealed");
    let by_new = seal(&claims(), &sealing(2), &mut random()).expect("sealed");
    for text in [&by_old, &by_new] {
        assert_eq!(open(text, &[sealing(2), sealing(1)]), Some(claims()));
        assert_eq!(open(text, &[sealing(1), sealing(2)]), Some(claims()));
        assert_eq!(open(text, &[sealing(3)]), None);
        assert_eq!(open(text, &[]), None);
    }
    assert_eq!(open(&by_old, &[sealing(2)]), None);
    assert_eq!(open(&by_new, &[sealing(2)]), Some(claims()));
}

#[test]
fn the_same_claims_are_never_sealed_to_the_same_text() {
    assert_ne!(sealed(&claims()), sealed(&claims()));
    assert!(!sealed(&claims()).contains(&claims().id));
}

fn any_claims() -> impl Strategy<Value = Claims> {
    let text = || option::of(".{0,40}");
    let list = || option::of(vec(".{0,20}", 0..4));
    let who = (".{0,40}", ".{0,40}", any::<i64>(), text(), text(), text(), text(), text());
    let what = (list(), list(), list(), option::of(any::<u32>()), text());
    (who, what).prop_map(|((id, endpoint, expires, device, user, sid, profile, subject), what)| {
        let (names, key_usage, extended_key_usage, key_bits, signer) = what;
        Claims {
            id,
            endpoint,
            expires,
            device,
            user,
            sid,
            profile,
            subject,
            names,
            key_usage,
            extended_key_usage,
            key_bits,
            signer,
        }
    })
}

proptest! {
    #[test]
    fn what_is_sealed_is_opened(claims in any_claims()) {
        prop_assert_eq!(open(&sealed(&claims), &[sealing(1)]), Some(claims));
    }

    #[test]
    fn no_claims_and_no_text_panic(claims in any_claims(), text in "(P1\\.)?.{0,200}") {
        prop_assert_eq!(open(&text, &[sealing(1)]), None);
        let elsewhere = claims.mismatches(&ASKED.enrolment()).iter().any(|m| m.property == "endpoint");
        prop_assert_eq!(elsewhere, claims.endpoint != "devices");
        prop_assert!(!claims.expires().to_string().is_empty());
    }
}
