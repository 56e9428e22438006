//! Challenges: recognised, verified, never spent by being verified.

use ra::challenge::{Pepper, Presented};
use ra::sealed::{self, SealingKey};
use ra::{
    Case, ChallengeKey, ChallengeKind, ChallengeRecord, Policy, Reason, Refusal, Spend, State, Stored, Verification,
    Vouched,
};

use crate::sealed::{claims, random};
use crate::support::*;

fn pepper() -> Pepper {
    Pepper::new([7; 32])
}

fn sealing() -> [SealingKey; 1] {
    [SealingKey::new(&[9; 32]).expect("key")]
}

struct Desk {
    statics: Vec<ChallengeKey>,
    record: Option<ChallengeRecord>,
    policy: Policy,
    now: pki::Time,
}

fn desk() -> Desk {
    Desk { statics: vec![pepper().key("first"), pepper().key("second")], record: None, policy: policy(), now: now() }
}

impl Desk {
    fn only(kind: ChallengeKind) -> Desk {
        Desk { policy: Policy { challenges: vec![kind], ..policy() }, ..desk() }
    }

    fn verify(&self, asked: &Asked, challenge: &str) -> Verification {
        let presented = Presented::recognise(challenge, &pepper(), &sealing());
        let case = Case { challenge: self.record.clone(), ..Case::default() };
        let enrolment = asked.enrolment();
        ra::challenge::verify(&enrolment, Some(&presented), &self.statics, &case, &self.policy, self.now)
    }

    fn first(&self, challenge: &str) -> Verification {
        self.verify(&Asked::first(key(0)), challenge)
    }
}

fn refusals(verification: Verification) -> Vec<Refusal> {
    match verification {
        Verification::Refused(refusals) => refusals,
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
fn assert_refused(verification: Verification, expected: &[Reason]) {
    let found: Vec<Reason> = refusals(verification).iter().map(|r| r.reason).collect();
    assert_eq!(found, expected);
}

#[test]
fn no_challenge_is_no_wrong_challenge() {
    let asked = Asked::first(key(0));
    let found = ra::challenge::verify(&asked.enrolment(), None, &desk().statics, &EMPTY, &policy(), now());
    assert_eq!(found, Verification::Absent);
}

#[test]
fn every_static_challenge_of_the_endpoint_is_good_and_nothing_is_spent() {
    for challenge in ["first", "second", " first", "second\r\n", "\tfirst "] {
        assert_eq!(desk().first(challenge), Verification::Valid(vouched()), "{challenge:?}");
    }
    for challenge in ["", " ", "firs", "first1", "First", "fir st", "first\0", "third", "firstsecond"] {
        assert_refused(desk().first(challenge), &[Reason::ChallengeWrong]);
    }
    assert_refused(Desk { statics: Vec::new(), ..desk() }.first("first"), &[Reason::ChallengeWrong]);
    assert_refused(Desk::only(ChallengeKind::OneTime).first("first"), &[Reason::ChallengeWrong]);
    assert_refused(Desk::only(ChallengeKind::Sealed).first("first"), &[Reason::ChallengeWrong]);
    let detail = refusals(desk().first("third")).remove(0).detail;
    assert_eq!(detail, "none of the challenges of endpoint devices", "the challenge itself is not told");
}

#[test]
fn blanks_around_a_challenge_count_neither_when_it_is_set_nor_when_it_is_used() {
    let set = Desk { statics: vec![pepper().key(" secret\n")], ..desk() };
    assert_eq!(set.first("secret"), Verification::Valid(vouched()));
}

#[test]
fn what_no_kind_knows_is_for_the_policy_module() {
    let mut with_module = desk();
    with_module.policy.challenges.push(ChallengeKind::Module);
    assert_eq!(with_module.first("third"), Verification::AskModule);
    assert_eq!(with_module.first("first"), Verification::Valid(vouched()));
    let spent = Desk { record: Some(record(Some(Asked::first(key(1)).known("a", State::Pending)))), ..with_module };
    assert_refused(spent.first("third"), &[Reason::ChallengeSpent]);
}

fn one_time() -> Desk {
    Desk { record: Some(record(None)), ..desk() }
}

fn vouched_once(challenge: &str) -> Vouched {
    let expires = now().plus(3600);
    Vouched {
        kind: ChallengeKind::OneTime,
        profile: Some("kiosk".to_owned()),
        device: Some("device-1".to_owned()),
        sid: Some("S-1-5-21-1-2-3-1001".to_owned()),
        spend: Some(Spend { key: pepper().key(challenge).0, expires, stored: Stored::Before }),
    }
}

#[test]
fn a_one_time_challenge_is_good_to_its_last_second() {
    let expires = record(None).expires;
    for (at, good) in [(now(), true), (expires.plus(-1), true), (expires, true), (expires.plus(1), false)] {
        let found = Desk { now: at, ..one_time() }.first("once");
        if good {
            assert_eq!(found, Verification::Valid(vouched_once("once")));
        } else {
            assert_refused(found, &[Reason::ChallengeExpired]);
        }
    }
}

#[test]
fn a_one_time_challenge_is_for_one_endpoint_and_one_request() {
    let elsewhere = Asked { endpoint: "kiosks", ..Asked::first(key(0)) };
    let found = refusals(one_time().verify(&elsewhere, "once"));
    assert_eq!(found, [Refusal::new(Reason::ChallengeWrong, "made for endpoint devices, used at kiosks")]);

    let spent_by = |asked: &Asked| record(Some(asked.known("a", issued_state(5, year()))));
    let other_names = Asked::new(request(SUBJECT, &[], key(0), &[]), self_signed(key(0)));
    let table = [
        (Asked::first(key(0)), Reason::ChallengeExpired),
        (other_names, Reason::ChallengeSpent),
        (Asked::first(key(1)), Reason::ChallengeSpent),
    ];
    for (spender, reason) in table {
        assert_refused(Desk { record: Some(spent_by(&spender)), ..desk() }.first("once"), &[reason]);
    }

    let everything = Desk { record: Some(spent_by(&Asked::first(key(1)))), now: now().plus(7200), ..desk() };
    let all = [Reason::ChallengeSpent, Reason::ChallengeWrong, Reason::ChallengeExpired];
    assert_refused(everything.verify(&elsewhere, "once"), &all);

    let not_here = Desk { record: Some(record(None)), ..Desk::only(ChallengeKind::Static) };
    assert_refused(not_here.first("once"), &[Reason::ChallengeWrong]);
}

fn seal(claims: &sealed::Claims) -> String {
    sealed::seal(claims, &sealing()[0], &mut random()).expect("sealed")
}

#[test]
fn a_sealed_challenge_vouches_for_what_it_says() {
    let claims = sealed::Claims {
        profile: Some("kiosk".to_owned()),
        device: Some("device-1".to_owned()),
        sid: Some("S-1-5-21-1-2-3-1001".to_owned()),
        ..claims()
    };
    let Verification::Valid(found) = desk().first(&format!("  {}\n", seal(&claims))) else { panic!("refused") };
    let spend = found.spend.clone().expect("spend");
    assert_eq!((spend.expires, spend.stored), (claims.expires(), Stored::OnlySpent));
    assert_eq!(
        Vouched { spend: None, ..found },
        Vouched { kind: ChallengeKind::Sealed, spend: None, ..vouched_once("") }
    );

    let again = Presented::recognise(&seal(&claims), &pepper(), &sealing());
    assert_eq!(again.key().0, spend.key, "sealed anew with the same id it is the same challenge");
    assert_eq!(again.claims(), Some(&claims));
    assert_refused(Desk::only(ChallengeKind::OneTime).first(&seal(&claims)), &[Reason::ChallengeWrong]);
}

#[test]
fn a_sealed_challenge_is_good_to_its_last_second_and_once() {
    let text = seal(&claims());
    let expires = claims().expires();
    for (at, expected) in [(expires, None), (expires.plus(1), Some(Reason::ChallengeExpired))] {
        let found = Desk { now: at, ..desk() }.first(&text);
        match expected {
            None => assert!(matches!(found, Verification::Valid(_))),
            Some(reason) => assert_refused(found, &[reason]),
        }
    }
    let spent = Desk { record: Some(record(Some(Asked::first(key(1)).known("a", State::Pending)))), ..desk() };
    assert_refused(spent.first(&text), &[Reason::ChallengeSpent]);
    let elsewhere = Asked { endpoint: "kiosks", ..Asked::first(key(0)) };
    let late = Desk { now: expires.plus(1), ..spent };
    let all = [Reason::ChallengeSpent, Reason::ChallengeExpired, Reason::ChallengeMismatch];
    assert_refused(late.verify(&elsewhere, &text), &all);
}

/// Ids stand in the audit; somebody who reads it must not be able to use one.
#[test]
fn the_id_of_a_sealed_challenge_is_no_challenge() {
    let key = |text: &str| Presented::recognise(text, &pepper(), &sealing()).key();
    assert_ne!(key(&claims().id), key(&seal(&claims())));
}

#[test]
fn the_pepper_decides_under_which_key_a_challenge_is_known() {
    let other = Pepper::new([8; 32]);
    assert_eq!(pepper().key("secret"), pepper().key("secret"));
    assert_ne!(pepper().key("secret"), other.key("secret"));
    assert_ne!(pepper().key("secret"), pepper().key("Secret"));
    let text = seal(&claims());
    let by = |pepper: &Pepper| Presented::recognise(&text, pepper, &sealing()).key();
    assert_ne!(by(&pepper()), by(&other));
}
