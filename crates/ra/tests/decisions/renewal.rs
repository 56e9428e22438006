//! Renewal by the certificate that is to be renewed, rule by rule. That the requester holds the requested key is
//! verified before anything comes here (the request's own signature, in `scep`).

use pki::digest::Digest;
use pki::extension::{Extension, GeneralName, KeyUsage};
use pki::{Certificate, Time, Validity, oid};
use ra::{
    Authority, Case, Decision, Delivery, Held, KeyReuse, Policy, Reason, Refusal, Standing, State, Stated, Verification,
};

use crate::support::*;

/// A renewal in which every rule is kept: a new key, the same names, ten days before the end.
#[derive(Clone)]
struct Renewal {
    asked: Asked,
    case: Case,
    verification: Verification,
    policy: Policy,
    now: Time,
}

const SERIAL: u8 = 7;

fn renewal() -> Renewal {
    let old = issued(key(0), SERIAL);
    Renewal {
        asked: Asked { stated: Stated::Renewal, ..Asked::new(device_request(key(1)), old.clone()) },
        case: Case { signer: Some(held(old)), ..Case::default() },
        verification: Verification::Absent,
        policy: policy(),
        now: now(),
    }
}

impl Renewal {
    fn changed(mut self, change: impl FnOnce(&mut Renewal)) -> Renewal {
        change(&mut self);
        self
    }

    fn decide(&self) -> Decision {
        self.asked.decide(&self.case, &self.verification, &self.policy, self.now)
    }

    fn held(&mut self) -> &mut Held {
        self.case.signer.as_mut().expect("held")
    }

    /// Another old certificate, which the store holds too.
    fn signed_with(&mut self, certificate: Certificate) {
        self.held().certificate = certificate.clone();
        self.asked.signer = certificate;
    }

    fn asks_for(&mut self, names: &[GeneralName]) {
        self.asked.request = request(SUBJECT, names, key(1), &[]);
    }
}

fn ends() -> Time {
    year().not_after
}

struct Rule {
    rule: &'static str,
    passes: fn(&mut Renewal),
    fails: fn(&mut Renewal),
    reason: Reason,
}

const RULES: &[Rule] = &[
    Rule {
        rule: "the signer is not self-signed",
        passes: |_| {},
        fails: |r| {
            r.asked.signer = self_signed(key(0));
            r.case.signer = None;
        },
        reason: Reason::SignerUnknown,
    },
    Rule {
        rule: "the signer is in the store",
        passes: |_| {},
        fails: |r| r.case.signer = None,
        reason: Reason::SignerUnknown,
    },
    Rule {
        rule: "a renewal by PKCSReq too wants a signer of the store",
        passes: |r| r.asked.stated = Stated::Enrolment,
        fails: |r| {
            r.asked.stated = Stated::Enrolment;
            r.case.signer = None;
        },
        reason: Reason::SignerUnknown,
    },
    Rule {
        rule: "issuer and serial number alone do not make it the one of the store",
        passes: |_| {},
        fails: |r| r.asked.signer = issued(key(5), SERIAL),
        reason: Reason::SignerUnknown,
    },
    Rule {
        rule: "not revoked",
        passes: |r| r.held().revoked = None,
        fails: |r| r.held().revoked = Some(revocation()),
        reason: Reason::SignerRevoked,
    },
    Rule {
        rule: "not expired beyond the grace",
        passes: |r| r.now = ends().plus(r.policy.renewal.grace),
        fails: |r| r.now = ends().plus(r.policy.renewal.grace + 1),
        reason: Reason::SignerExpired,
    },
    Rule {
        rule: "without grace the last second is the last",
        passes: |r| (r.policy.renewal.grace, r.now) = (0, ends()),
        fails: |r| (r.policy.renewal.grace, r.now) = (0, ends().plus(1)),
        reason: Reason::SignerExpired,
    },
    Rule {
        rule: "valid already",
        passes: |r| (r.policy.renewal.window, r.now) = (None, year().not_before),
        fails: |r| (r.policy.renewal.window, r.now) = (None, year().not_before.plus(-1)),
        reason: Reason::SignerEarly,
    },
    Rule {
        rule: "inside the window",
        passes: |r| r.now = ends().plus(-30 * DAY),
        fails: |r| r.now = ends().plus(-30 * DAY - 1),
        reason: Reason::RenewalWindow,
    },
    Rule {
        rule: "the profile is still permitted",
        passes: |r| r.policy.renewal.profiles.push("kiosk".to_owned()),
        fails: |r| r.policy.renewal.profiles = vec!["kiosk".to_owned()],
        reason: Reason::RenewalProfile,
    },
    Rule {
        rule: "an endpoint may forbid renewal",
        passes: |_| {},
        fails: |r| r.policy.renewal.profiles.clear(),
        reason: Reason::RenewalProfile,
    },
    Rule {
        rule: "the same subject; case and blanks do not count",
        passes: |r| r.asked.request = request("CN=DEV-1,O= example", &own_names(), key(1), &[]),
        fails: |r| r.asked.request = request("CN=dev-2,O=Example", &own_names(), key(1), &[]),
        reason: Reason::RenewalNames,
    },
    Rule {
        rule: "no part of the subject is left out",
        passes: |_| {},
        fails: |r| r.asked.request = request("CN=dev-1", &own_names(), key(1), &[]),
        reason: Reason::RenewalNames,
    },
    Rule {
        rule: "the same alternative names in any order, or none stated",
        passes: |r| r.asks_for(&[GeneralName::from_upn("Dev-1@example.test"), dns("DEV-1.example.test")]),
        fails: |r| r.asks_for(&[dns("dev-2.example.test")]),
        reason: Reason::RenewalNames,
    },
    Rule {
        rule: "no alternative name more",
        passes: |r| r.asks_for(&[]),
        fails: |r| r.asks_for(&[own_names(), vec![dns("admin.example.test")]].concat()),
        reason: Reason::RenewalNames,
    },
    Rule {
        rule: "no alternative name less",
        passes: |r| r.asks_for(&own_names()),
        fails: |r| r.asks_for(&own_names()[..1]),
        reason: Reason::RenewalNames,
    },
    Rule {
        rule: "the same text in another form of name is another name",
        passes: |_| {},
        fails: |r| r.asks_for(&[GeneralName::Email("dev-1.example.test".to_owned()), own_names().remove(1)]),
        reason: Reason::RenewalNames,
    },
    Rule {
        rule: "a new key, where the endpoint wants one",
        passes: |r| r.policy.renewal.key_reuse = KeyReuse::Refuse,
        fails: |r| {
            r.policy.renewal.key_reuse = KeyReuse::Refuse;
            r.asked.request = device_request(key(0));
        },
        reason: Reason::RenewalKey,
    },
    Rule {
        rule: "not over SHA-1",
        passes: |r| r.asked.digest = Digest::Sha512,
        fails: |r| r.asked.digest = Digest::Sha1,
        reason: Reason::RenewalDigest,
    },
    Rule {
        rule: "the reply can reach the signer",
        passes: |r| r.asked.delivery = Delivery::OnlyNow,
        fails: |r| r.asked.delivery = Delivery::Impossible("the signer's key only signs"),
        reason: Reason::Undeliverable,
    },
    Rule {
        rule: "the transaction is not another key's",
        passes: |r| r.case.known = Some(Asked::new(device_request(key(1)), self_signed(key(1))).known("a", revoked())),
        fails: |r| r.case.known = Some(Asked::first(key(2)).known("b", State::Pending)),
        reason: Reason::TransactionKey,
    },
];

fn revoked() -> State {
    State::Issued { serial: vec![1], validity: year(), revoked: Some(revocation()) }
}

#[test]
fn every_rule_has_a_renewal_that_keeps_it_and_one_that_breaks_it() {
    for Rule { rule, passes, fails, reason } in RULES {
        let Decision::Grant(grant) = renewal().changed(passes).decide() else { panic!("refused though kept: {rule}") };
        assert_eq!(grant.authority(), &Authority::Renewal(vec![SERIAL]), "{rule}");
        let decision = renewal().changed(fails).decide();
        let Decision::Deny(denial) = decision else { panic!("broken without effect: {rule}: {decision:?}") };
        let found: Vec<Reason> = denial.refusals.iter().map(|r| r.reason).collect();
        assert_eq!(found, [*reason], "{rule}");
        assert!(!denial.refusals[0].detail.is_empty(), "{rule}");
    }
}

/// Breaks every rule that can be broken together with the others.
fn all_broken() -> Renewal {
    renewal().changed(|r| {
        r.case.known = Some(Asked::first(key(2)).known("b", State::Pending));
        r.held().revoked = Some(revocation());
        r.now = ends().plus(3 * DAY);
        r.policy.renewal.profiles.clear();
        r.policy.renewal.key_reuse = KeyReuse::Refuse;
        r.asked.request = request("CN=dev-2", &[dns("dev-2.example.test")], key(0), &[]);
        r.asked.digest = Digest::Sha1;
        r.asked.delivery = Delivery::Impossible("the signer's key only signs");
    })
}

#[test]
fn every_broken_rule_is_named_at_once_and_the_most_useful_first() {
    let denial = refused(all_broken().decide());
    let found: Vec<Reason> = denial.refusals.iter().map(|r| r.reason).collect();
    let expected = [
        Reason::TransactionKey,
        Reason::SignerRevoked,
        Reason::SignerExpired,
        Reason::RenewalProfile,
        Reason::RenewalNames,
        Reason::RenewalNames,
        Reason::RenewalKey,
        Reason::RenewalDigest,
        Reason::Undeliverable,
    ];
    assert_eq!(found, expected);
    assert_eq!(denial.reason(), Reason::TransactionKey);
    assert!(denial.is_security_event(), "somebody has the key of a revoked certificate");
    let names: Vec<&str> = denial.refusals[4..6].iter().map(|r| r.detail.as_str()).collect();
    assert_eq!(names[0], "subject: the certificate has CN=dev-1, O=Example, asked is CN=dev-2");
    assert_eq!(
        names[1],
        "subjectAltName: the certificate has dns:dev-1.example.test, upn:dev-1@example.test, asked is \
         dns:dev-2.example.test"
    );

    let early = all_broken().changed(|r| r.now = ends().plus(-31 * DAY));
    assert!(reasons(early.decide()).contains(&Reason::RenewalWindow));
    let too_early = all_broken().changed(|r| r.now = year().not_before.plus(-1));
    assert!(reasons(too_early.decide()).contains(&Reason::SignerEarly));
}

#[test]
fn the_identity_comes_from_the_certificate_and_the_key_from_the_request() {
    let asks = request("CN=DEV-1,O=Example", &[], key(1), &[]);
    let grant = granted(renewal().changed(|r| r.asked.request = asks).decide());
    assert_eq!(grant.subject(), &name(SUBJECT));
    assert_eq!(grant.names(), own_names());
    assert_eq!(grant.key(), key_of(1));
    assert_eq!((grant.profile(), grant.device()), ("device", Some("device-1")));
    assert_eq!(grant.sid(), Some("S-1-5-21-1-2-3-1001"));
    assert_eq!((grant.spend(), grant.case(), grant.generation()), (None, None, 0));
    assert_eq!(grant.key_usage(), Some(KeyUsage::DIGITAL_SIGNATURE), "as in the certificate, if none is asked for");

    let usage = Extension::critical(oid::KEY_USAGE, KeyUsage::KEY_ENCIPHERMENT.to_der());
    let asks = request(SUBJECT, &own_names(), key(1), &[usage]);
    let grant = granted(renewal().changed(|r| r.asked.request = asks).decide());
    assert_eq!(grant.key_usage(), Some(KeyUsage::KEY_ENCIPHERMENT), "the profile says how far");
}

fn key_of(number: usize) -> &'static pki::key::PublicKey {
    use pki::key::Sign;
    key(number).public_key()
}

#[test]
fn the_profile_is_that_of_the_certificate_not_of_the_endpoint() {
    let kiosk = renewal().changed(|r| {
        r.held().profile = "kiosk".to_owned();
        r.policy.renewal.profiles.push("kiosk".to_owned());
    });
    assert_eq!(granted(kiosk.decide()).profile(), "kiosk");
}

/// The service alone writes security identifiers: one in a request is neither compared nor copied, and one in the old
/// certificate is written anew from what the service knows.
#[test]
fn a_security_identifier_in_a_renewal_is_neither_compared_nor_copied() {
    let with_sid = [own_names(), vec![sid_uri("S-1-5-21-1-2-3-1001")]].concat();
    let old = Certified { by: By::Ca, serial: SERIAL, names: &with_sid, key: key(0), validity: year() }.make();
    let shouted = GeneralName::Uri("TAG:Microsoft.com,2022-09-14:SID:S-1-5-21-1-2-3-500".to_owned());
    let asked: [Vec<GeneralName>; 5] = [
        vec![],
        own_names(),
        with_sid.clone(),
        [own_names(), vec![sid_uri("S-1-5-21-1-2-3-500")]].concat(),
        [vec![shouted], own_names()].concat(),
    ];
    for names in asked {
        let renewal = renewal().changed(|r| {
            r.signed_with(old.clone());
            r.asks_for(&names);
        });
        let grant = granted(renewal.decide());
        assert_eq!(grant.names(), own_names(), "{names:?}");
        assert_eq!(grant.sid(), Some("S-1-5-21-1-2-3-1001"), "{names:?}");
        let unknown = granted(renewal.changed(|r| r.held().sid = None).decide());
        assert_eq!((unknown.sid(), unknown.names()), (None, own_names().as_slice()), "{names:?}");
    }
}

#[test]
fn a_good_challenge_makes_it_a_first_enrolment_with_other_names() {
    let broken = all_broken().changed(|r| {
        r.case.known = None;
        r.held().revoked = None;
        r.asked.delivery = Delivery::Possible;
        r.verification = Verification::Valid(vouched());
    });
    let grant = granted(broken.decide());
    assert_eq!(grant.authority(), &Authority::Challenge(ra::ChallengeKind::Static));
    assert_eq!((grant.subject(), grant.names()), (&name("CN=dev-2"), [dns("dev-2.example.test")].as_slice()));
    assert_eq!((grant.device(), grant.sid()), (None, None), "what the old certificate says is not taken over");

    let revoked = broken.changed(|r| r.held().revoked = Some(revocation()));
    assert_eq!(reasons(revoked.decide()), [Reason::SignerRevoked], "a revoked certificate signs nothing any more");
}

#[test]
fn a_challenge_left_over_from_the_first_enrolment_does_not_stand_in_the_way() {
    for verification in [
        Verification::Refused(vec![Refusal::new(Reason::ChallengeSpent, "spent by another key")]),
        Verification::Refused(vec![Refusal::new(Reason::ChallengeExpired, "it was good until then")]),
        Verification::AskModule,
    ] {
        let grant = granted(renewal().changed(|r| r.verification = verification).decide());
        assert_eq!(grant.authority(), &Authority::Renewal(vec![SERIAL]));
    }
}

#[test]
fn what_is_wrong_with_the_challenge_is_written_down_after_what_is_wrong_with_the_renewal() {
    let refusals = vec![
        Refusal::new(Reason::ChallengeSpent, "spent by another key"),
        Refusal::new(Reason::ChallengeMismatch, "subject: expected CN=a, got CN=b"),
    ];
    let early = renewal().changed(|r| {
        r.now = ends().plus(-40 * DAY);
        r.verification = Verification::Refused(refusals);
    });
    let with_names_of = |asked: &Asked| {
        let spent = record(Some(asked.known("a", issued_state(SERIAL, year()))));
        let renewal = early.clone().changed(|r| r.case.challenge = Some(spent));
        refused(renewal.decide())
    };
    let found = |denial: &ra::Denial| denial.refusals.iter().map(|r| r.reason).collect::<Vec<_>>();

    let left_over = with_names_of(&Asked::first(key(0)));
    assert_eq!(found(&left_over), [Reason::RenewalWindow, Reason::ChallengeMismatch]);
    assert!(!left_over.is_security_event());

    let somebody_else = Asked::new(request("CN=dev-2", &[], key(3), &[]), self_signed(key(3)));
    let stolen = with_names_of(&somebody_else);
    assert_eq!(found(&stolen), [Reason::RenewalWindow, Reason::ChallengeSpent, Reason::ChallengeMismatch]);
    assert_eq!(stolen.reason(), Reason::RenewalWindow);
    assert!(stolen.is_security_event());
}

#[test]
fn a_window_without_bounds_or_an_end_without_end_is_no_trap() {
    for window in [i64::MIN, 0, i64::MAX] {
        let decision = renewal().changed(|r| r.policy.renewal.window = Some(window)).decide();
        assert_eq!(matches!(decision, Decision::Grant(_)), window == i64::MAX, "{window}");
    }
    let never = Validity { not_before: year().not_before, not_after: Time::NEVER };
    let old = Certified { by: By::Ca, serial: SERIAL, names: &own_names(), key: key(0), validity: never }.make();
    let endless = renewal().changed(|r| {
        r.signed_with(old);
        r.policy.renewal.grace = i64::MAX;
    });
    assert_eq!(reasons(endless.decide()), [Reason::RenewalWindow]);
}

#[test]
fn the_lineage_is_recorded_whatever_authorises_the_renewal() {
    let serial = issued(key(0), SERIAL).serial().to_vec();
    let by_certificate = granted(renewal().decide());
    assert_eq!(by_certificate.replaces(), Some(serial.as_slice()));
    let by_challenge = granted(renewal().changed(|r| r.verification = Verification::Valid(vouched())).decide());
    assert!(matches!(by_challenge.authority(), Authority::Challenge(_)));
    assert_eq!(by_challenge.replaces(), Some(serial.as_slice()));
    let for_another = renewal().changed(|r| {
        r.verification = Verification::Valid(vouched());
        r.asked.request = request("CN=another", &[], key(1), &[]);
    });
    assert_eq!(granted(for_another.decide()).replaces(), None, "another subject takes nobody's place");
}

/// What a chain engine says of the signer makes nothing better: it explains a refusal, and a CA that was revoked is one.
#[test]
fn what_is_known_of_the_chain_explains_a_refusal_and_forbids_a_revoked_ca() {
    let says = "0x800B0101 CERT_E_EXPIRED: CHAIN-EXPIRED it expired";
    let standing = |says: Option<&str>, issuer_revoked: Option<&str>| {
        let text = |text: Option<&str>| text.map(str::to_owned);
        Some(Standing { says: text(says), issuer_revoked: text(issuer_revoked) })
    };
    let refusals = |renewal: &Renewal| match renewal.decide() {
        Decision::Deny(denial) => denial.refusals,
        other => panic!("{other:?}"),
    };
    // In its grace: allowed, whatever a chain engine thinks of an expired certificate.
    let late = renewal().changed(|r| {
        r.now = ends().plus(DAY);
        r.policy.renewal.grace = 2 * DAY;
        r.case.standing = standing(Some(says), None);
    });
    assert!(matches!(late.decide(), Decision::Grant(_)), "{:?}", late.decide());
    // After it: refused as before, and the operator reads why.
    let found = refusals(&late.clone().changed(|r| r.now = ends().plus(3 * DAY)));
    assert_eq!(found.iter().map(|r| r.reason).collect::<Vec<_>>(), [Reason::SignerExpired]);
    assert!(found[0].detail.ends_with(says), "{}", found[0].detail);
    // Somebody else's certificate is explained too.
    let found = refusals(&renewal().changed(|r| {
        r.case.signer = None;
        r.case.standing = standing(Some("0x80096004 TRUST_E_CERT_SIGNATURE: forged"), None);
    }));
    assert_eq!(found[0].reason, Reason::SignerUnknown);
    assert!(found[0].detail.contains("TRUST_E_CERT_SIGNATURE"), "{}", found[0].detail);
    // A good chain adds nothing; a CA that was revoked forbids what every rule allows.
    let good = renewal().changed(|r| r.case.standing = standing(None, None));
    assert!(matches!(good.decide(), Decision::Grant(_)));
    let found = refusals(&good.changed(|r| r.case.standing = standing(None, Some("the CA CN=CA: it was revoked"))));
    assert_eq!(found.iter().map(|r| r.reason).collect::<Vec<_>>(), [Reason::SignerRevoked]);
    assert!(found[0].detail.contains("CN=CA"), "{}", found[0].detail);
}
