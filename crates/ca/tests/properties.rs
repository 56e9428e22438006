//! What holds for every order and every profile.

mod support;

use ca::{KeyUsageRule, NamesRule, Prepared, Profile, SidForms, SignFailed};
use der::{Decode, Encode};
use pki::extension::{GeneralName, KeyUsage};
use pki::key::{KeySpec, Sign};
use pki::{Name, Oid, oid};
use proptest::prelude::*;
use support::{DAY, NOW, device, key, order_of, serial, tiers};
use x509_cert::der;

fn any_key() -> impl Strategy<Value = KeySpec> {
    prop_oneof![Just(KeySpec::P256), Just(KeySpec::P384), Just(KeySpec::Rsa2048)]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-z0-9-]{1,20}(\\.[a-z]{2,5})?",
        1 => any::<String>(),
        1 => "(tag|TAG):(m|%6d)icrosoft\\.com,20(22-09-14|30-01-01):(sid|%73id):S-1-5-21-[0-9]{1,9}",
        1 => "(https?|urn):[a-z/.]{1,20}",
        1 => "[a-z]{1,9}@[a-z]{1,9}\\.test",
    ]
}

fn any_name() -> impl Strategy<Value = GeneralName> {
    prop_oneof![
        any_text().prop_map(GeneralName::Dns),
        any_text().prop_map(GeneralName::Email),
        any_text().prop_map(GeneralName::Uri),
        any_text().prop_map(|text| GeneralName::from_upn(&text)),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(GeneralName::Ip),
        prop::collection::vec(any::<u8>(), 4).prop_map(GeneralName::Ip),
        any_subject().prop_map(GeneralName::Directory),
        (any::<u8>(), prop::collection::vec(any::<u8>(), 0..9)).prop_map(|(t, v)| GeneralName::Unread(t, v)),
        prop::collection::vec(any::<u8>(), 0..9).prop_map(|v| GeneralName::Other(oid::MS_SID_VALUE, v)),
    ]
}

fn any_subject() -> impl Strategy<Value = Name> {
    let kinds: Vec<Oid> =
        vec![oid::COMMON_NAME, oid::ORGANIZATION, oid::COUNTRY, oid::SERIAL_NUMBER, oid::DOMAIN_COMPONENT];
    prop::collection::vec((prop::sample::select(kinds), any_text()), 0..3).prop_map(|attributes| {
        let attributes: Vec<(Oid, &str)> =
            attributes.iter().map(|(kind, text)| (kind.clone(), text.as_str())).collect();
        Name::from_attributes(&attributes)
    })
}

fn any_order() -> impl Strategy<Value = ca::Order> {
    let usage = prop_oneof![Just(None), (0u16..512).prop_map(|bits| Some(KeyUsage(bits))), Just(Some(KeyUsage(5)))];
    let sid = prop_oneof![Just(None), Just(Some("S-1-5-21-1-2-3-1104"))];
    (any_subject(), prop::collection::vec(any_name(), 0..3), any_key(), usage, sid).prop_map(
        |(subject, names, spec, usage, sid)| {
            let order = order_of(subject, names, key(spec).public_key()).with_key_usage(usage);
            match sid {
                Some(sid) => order.with_sid(sid.parse().expect("a SID")),
                None => order,
            }
        },
    )
}

fn any_profile() -> impl Strategy<Value = Profile> {
    let usage = prop_oneof![Just(KeyUsage(5)), (0u16..512).prop_map(KeyUsage)];
    let rule = prop_oneof![usage.clone().prop_map(KeyUsageRule::Fixed), usage.prop_map(KeyUsageRule::RequestedWithin)];
    let forms = prop_oneof![Just(SidForms::None), Just(SidForms::Extension), Just(SidForms::Uri), Just(SidForms::Both)];
    (rule, forms, 0i64..30_000).prop_map(|(key_usage, sid, days)| Profile {
        key_usage,
        sid,
        validity: days * DAY,
        names: NamesRule::all(),
        ..device()
    })
}

fn prepared(order: &ca::Order, profile: &Profile) -> Option<Prepared> {
    let issuer = &tiers().issuing;
    ca::prepare(order, profile, &issuer.certificate, issuer.key.preferred(), &serial(77), NOW).ok()
}

/// A name that a verifier could read a security identifier out of.
fn carries_sid(name: &GeneralName) -> bool {
    matches!(name, GeneralName::Uri(uri) if uri.to_lowercase().contains("icrosoft.com"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn no_order_makes_a_ca_and_every_certificate_is_sound(order in any_order(), profile in any_profile()) {
        let Some(prepared) = prepared(&order, &profile) else { return Ok(()) };
        let issuer = &tiers().issuing;
        let (tbs, subject) = (prepared.tbs().to_vec(), prepared.subject().clone());
        let certificate = ca::sign(prepared, &issuer.certificate, &issuer.key).expect("a signature");
        prop_assert!(!certificate.is_ca());
        prop_assert!(!certificate.key_usage().is_some_and(|usage| usage.allows(KeyUsage::KEY_CERT_SIGN)));
        prop_assert_eq!(certificate.tbs(), &tbs[..]);
        prop_assert_eq!(certificate.subject(), &subject);
        prop_assert!(certificate.verify_signature(issuer.certificate.public_key()).is_ok());
        prop_assert!(certificate.validity().not_after <= issuer.certificate.validity().not_after);
        // A reader that takes DER only reads it and writes the same octets.
        let second = x509_cert::Certificate::from_der(certificate.der());
        prop_assert_eq!(second.expect("DER").to_der().expect("DER"), certificate.der());
    }

    #[test]
    fn a_sid_comes_from_the_service_alone(order in any_order(), profile in any_profile()) {
        let Some(prepared) = prepared(&order, &profile) else { return Ok(()) };
        let issuer = &tiers().issuing;
        let certificate = ca::sign(prepared, &issuer.certificate, &issuer.key).expect("a signature");
        let uris: Vec<GeneralName> = certificate.subject_alt_names().into_iter().filter(carries_sid).collect();
        let known = order.sid().map(|sid| GeneralName::Uri(format!("tag:microsoft.com,2022-09-14:sid:{sid}")));
        let wanted = known.filter(|_| matches!(profile.sid, SidForms::Uri | SidForms::Both));
        prop_assert_eq!(uris, wanted.into_iter().collect::<Vec<_>>());
        let extension = order.sid().is_some() && matches!(profile.sid, SidForms::Extension | SidForms::Both);
        prop_assert_eq!(certificate.extension(&oid::MS_SID).is_some(), extension);
    }

    #[test]
    fn what_is_resumed_is_what_was_prepared(order in any_order(), profile in any_profile()) {
        let Some(prepared) = prepared(&order, &profile) else { return Ok(()) };
        let issuer = &tiers().issuing;
        let resumed = Prepared::resume(prepared.tbs(), &issuer.certificate, prepared.algorithm());
        prop_assert_eq!(resumed, Ok(prepared));
    }

    #[test]
    fn no_foreign_key_signs(order in any_order(), other in any_key()) {
        let profile = device();
        let tiers = tiers();
        let (issuing, root) = (&tiers.issuing.certificate, &tiers.root.certificate);
        for (issuer, key, expected) in [
            (issuing, key(other), SignFailed::ForeignKey),
            (issuing, &tiers.root.key, SignFailed::ForeignKey),
            (root, &tiers.root.key, SignFailed::OtherIssuer),
            (root, &tiers.issuing.key, SignFailed::OtherIssuer),
        ] {
            let Some(prepared) = prepared(&order, &profile) else { return Ok(()) };
            prop_assert_eq!(ca::sign(prepared, issuer, key), Err(expected));
        }
    }

    #[test]
    fn damaged_octets_are_refused_or_still_no_ca(at in any::<prop::sample::Index>(), octet: u8, cut: bool) {
        let order = order_of(Name::parse("CN=x").expect("a name"), Vec::new(), key(KeySpec::P256).public_key());
        let prepared = prepared(&order, &device()).expect("prepared");
        let mut tbs = prepared.tbs().to_vec();
        let at = at.index(tbs.len());
        if cut { tbs.truncate(at) } else { tbs[at] = octet }
        let issuer = &tiers().issuing;
        if let Ok(resumed) = Prepared::resume(&tbs, &issuer.certificate, prepared.algorithm()) {
            let certificate = ca::sign(resumed, &issuer.certificate, &issuer.key).expect("a signature");
            prop_assert!(!certificate.is_ca());
        }
    }
}

#[test]
fn the_orders_above_do_make_certificates() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let made = (0..600).filter(|_| {
        let order = any_order().new_tree(&mut runner).expect("an order").current();
        let profile = any_profile().new_tree(&mut runner).expect("a profile").current();
        prepared(&order, &profile).is_some()
    });
    let made = made.count();
    assert!(made >= 40, "{made} of 600 orders came through; the properties would prove too little");
}
