//! First enrolments: what authorises them, and what a good challenge does not.

use pki::extension::{Extension, KeyUsage};
use pki::oid;
use ra::{
    Approval, Approver, Authority, Case, ChallengeKind, Decision, Delivery, Outcome, Policy, Reason, Refusal, Spend,
    State, Stated, Stored, Verification, Vouched,
};

use crate::support::*;

fn with(approval: Approval) -> Policy {
    Policy { approval, ..policy() }
}

fn wrong() -> Verification {
    Verification::Refused(vec![Refusal::new(Reason::ChallengeWrong, "none of this endpoint's")])
}

fn full() -> Vouched {
    let spend = Spend { key: [3; 32], expires: now().plus(60), stored: Stored::Before };
    Vouched {
        kind: ChallengeKind::OneTime,
        profile: Some("kiosk".to_owned()),
        device: Some("device-1".to_owned()),
        sid: Some("S-1-5-21-1-2-3-1001".to_owned()),
        spend: Some(spend),
    }
}

/// What comes out: granted, asked of an operator, or refused for this.
fn outcome(verification: &Verification, approval: Approval) -> Result<&'static str, Vec<Reason>> {
    match Asked::first(key(0)).decide(&EMPTY, verification, &with(approval), now()) {
        Decision::Grant(_) => Ok("grant"),
        Decision::Pend(_) => Ok("pend"),
        Decision::Deny(denial) => Err(denial.refusals.iter().map(|r| r.reason).collect()),
        Decision::Settled(settled) => panic!("{settled:?}"),
    }
}

#[test]
fn challenge_and_approval_together() {
    use Approval::{Always, Never, WithoutChallenge};
    let good = Verification::Valid(vouched());
    let table = [
        (&good, [Ok("grant"), Ok("grant"), Ok("pend")]),
        (&Verification::Absent, [Err(vec![Reason::ChallengeMissing]), Ok("pend"), Ok("pend")]),
        (&wrong(), [const { Reason::ChallengeWrong }; 3].map(|r| Err(vec![r]))),
        (&Verification::AskModule, [const { Reason::ChallengeUnavailable }; 3].map(|r| Err(vec![r]))),
        (
            &Verification::Unanswered("connection refused".to_owned()),
            [Err(vec![Reason::ChallengeUnavailable]), Ok("pend"), Ok("pend")],
        ),
    ];
    for (verification, expected) in table {
        let found = [Never, WithoutChallenge, Always].map(|approval| outcome(verification, approval));
        assert_eq!(found, expected, "{verification:?}");
    }
}

#[test]
fn a_grant_says_what_the_challenge_vouches_for_and_what_is_spent() {
    let verification = Verification::Valid(full());
    let grant = granted(Asked::first(key(0)).decide(&EMPTY, &verification, &policy(), now()));
    assert_eq!(grant.authority(), &Authority::Challenge(ChallengeKind::OneTime));
    assert_eq!((grant.profile(), grant.device(), grant.sid()), ("kiosk", Some("device-1"), full().sid.as_deref()));
    assert_eq!(grant.spend(), full().spend.as_ref());

    let Decision::Pend(pend) = Asked::first(key(0)).decide(&EMPTY, &verification, &with(Approval::Always), now())
    else {
        panic!("not asked of an operator")
    };
    assert_eq!(
        (pend.profile, pend.device, pend.sid, pend.spend),
        ("kiosk".into(), full().device, full().sid, full().spend)
    );
}

#[test]
fn a_foreign_signer_is_refused_with_a_good_challenge_and_with_a_bad_one() {
    let foreign = Asked::new(device_request(key(0)), issued(key(0), 8));
    let good = Verification::Valid(vouched());
    assert_eq!(reasons(foreign.decide(&EMPTY, &good, &policy(), now())), [Reason::SignerUnknown]);
    let both = [Reason::ChallengeWrong, Reason::SignerUnknown];
    assert_eq!(reasons(foreign.decide(&EMPTY, &wrong(), &with(Approval::Always), now())), both);
    let stated = Asked { stated: Stated::Renewal, ..Asked::first(key(0)) };
    assert_eq!(reasons(stated.decide(&EMPTY, &good, &policy(), now())), [Reason::SignerUnknown]);
}

#[test]
fn what_cannot_be_delivered_is_neither_granted_nor_waited_for_nor_repeated() {
    let asked = Asked { delivery: Delivery::Impossible("the key only signs"), ..Asked::first(key(0)) };
    let case = |state| Case { known: Some(asked.known("a", state)), ..Case::default() };
    let good = Verification::Valid(vouched());
    let decided = [
        asked.decide(&EMPTY, &good, &policy(), now()),
        asked.decide(&EMPTY, &good, &with(Approval::Always), now()),
        asked.decide(&EMPTY, &Verification::Absent, &with(Approval::WithoutChallenge), now()),
        asked.decide(&case(approved()), &Verification::Absent, &policy(), now()),
        asked.decide(&case(State::Prepared { serial: vec![1] }), &Verification::Absent, &policy(), now()),
    ];
    for decision in decided {
        assert_eq!(reasons(decision), [Reason::Undeliverable]);
    }
    // There is nothing to deliver in these answers.
    for (state, outcome) in [(State::Pending, Outcome::Pending), (denied(), Outcome::Denied)] {
        let decision = asked.decide(&case(state), &Verification::Absent, &policy(), now());
        assert_eq!(settled(decision).outcome, outcome);
    }
    let both = [Reason::ChallengeWrong, Reason::Undeliverable];
    assert_eq!(reasons(asked.decide(&EMPTY, &wrong(), &policy(), now())), both);
}

/// A reply under the challenge can be sent at once; after waiting nobody has the challenge any more.
#[test]
fn what_can_be_delivered_only_now_is_granted_but_not_waited_for() {
    let asked = Asked { delivery: Delivery::OnlyNow, ..Asked::first(key(0)) };
    let good = Verification::Valid(vouched());
    granted(asked.decide(&EMPTY, &good, &policy(), now()));
    let prepared = Case { known: Some(asked.known("a", State::Prepared { serial: vec![1] })), ..Case::default() };
    let again = settled(asked.decide(&prepared, &Verification::Absent, &policy(), now()));
    assert_eq!(again.outcome, certificate(1));
    let later = asked.decide(&EMPTY, &good, &with(Approval::Always), now());
    assert_eq!(reasons(later), [Reason::Undeliverable]);
    let absent = asked.decide(&EMPTY, &Verification::Absent, &with(Approval::WithoutChallenge), now());
    assert_eq!(reasons(absent), [Reason::Undeliverable]);
}

/// The names asked for go on as they are: the CA refuses a security identifier among them, whatever it says. What the
/// service itself writes comes from the challenge alone.
#[test]
fn a_security_identifier_in_the_request_is_not_what_the_service_knows() {
    let names = [own_names(), vec![sid_uri("S-1-5-21-1-2-3-500")]].concat();
    let asked = Asked::new(request(SUBJECT, &names, key(0), &[]), self_signed(key(0)));
    let anonymous = granted(asked.decide(&EMPTY, &Verification::Valid(vouched()), &policy(), now()));
    assert_eq!((anonymous.sid(), anonymous.names()), (None, names.as_slice()));
    let known = granted(asked.decide(&EMPTY, &Verification::Valid(full()), &policy(), now()));
    assert_eq!((known.sid(), known.names()), (Some("S-1-5-21-1-2-3-1001"), names.as_slice()));
}

#[test]
fn an_approved_request_is_granted_as_the_operator_saw_it() {
    let usage = |usage: KeyUsage| Extension::critical(oid::KEY_USAGE, usage.to_der());
    let seen = request(SUBJECT, &own_names(), key(0), &[usage(KeyUsage::DIGITAL_SIGNATURE)]);
    let asked_now = request(SUBJECT, &own_names(), key(0), &[usage(KeyUsage::KEY_CERT_SIGN)]);
    let asked = Asked::new(asked_now, self_signed(key(0)));
    let mut known = asked.known("a", approved());
    known.request = Some(seen);
    known.generation = 4;
    known.profile = "kiosk".to_owned();
    known.device = Some("device-1".to_owned());
    let case = Case { known: Some(known), ..Case::default() };
    let grant = granted(asked.decide(&case, &Verification::Absent, &policy(), now()));
    assert_eq!(grant.key_usage(), Some(KeyUsage::DIGITAL_SIGNATURE));
    assert_eq!(grant.authority(), &Authority::Operator(Approver("alice".to_owned())));
    assert_eq!((grant.case().map(|c| c.0.as_str()), grant.generation()), (Some("a"), 4));
    assert_eq!((grant.profile(), grant.device(), grant.spend()), ("kiosk", Some("device-1"), None));
}

#[test]
fn an_approval_is_for_one_key_and_its_names() {
    let approved = Case { known: Some(Asked::first(key(0)).known("a", approved())), ..Case::default() };
    let absent = Verification::Absent;
    let other_key = Asked::first(key(1));
    let found = reasons(other_key.decide(&approved, &absent, &policy(), now()));
    assert_eq!(found, [Reason::TransactionKey, Reason::ChallengeMissing]);
    let other_names = Asked::new(request("CN=admin", &[], key(0), &[]), self_signed(key(0)));
    assert_eq!(reasons(other_names.decide(&approved, &absent, &policy(), now())), [Reason::ChallengeMissing]);
}
