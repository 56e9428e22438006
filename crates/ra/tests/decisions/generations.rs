//! The same request again: a lost reply is answered as before, and years later it is a new one.

use pki::{Time, Validity};
use ra::{Approval, Authority, Case, ChallengeKind, Decision, Outcome, Policy, Reason, State, Verification};

use crate::support::*;

/// A certificate that was issued an hour ago for a year.
fn fresh() -> Validity {
    Validity { not_before: now().plus(-3600), not_after: now().plus(365 * DAY) }
}

fn after(state: State) -> (Asked, Case) {
    let asked = Asked::first(key(0));
    let case = Case { known: Some(asked.known("a", state)), ..Case::default() };
    (asked, case)
}

const GOOD: fn() -> Verification = || Verification::Valid(vouched());

#[test]
fn a_settled_case_gives_its_answer_again_and_looks_at_nothing_else() {
    let answers = [
        (State::Pending, Outcome::Pending),
        (denied(), Outcome::Denied),
        (State::Prepared { serial: vec![5] }, certificate(5)),
        (issued_state(5, fresh()), certificate(5)),
    ];
    for (state, outcome) in answers {
        let (asked, case) = after(state);
        for verification in [Verification::Absent, GOOD(), Verification::AskModule] {
            let again = settled(asked.decide(&case, &verification, &policy(), now()));
            assert_eq!((again.case.0.as_str(), &again.outcome), ("a", &outcome));
        }
        let known = ra::settled(&asked.enrolment(), &case, &policy(), now());
        assert_eq!(known.map(|settled| settled.outcome), Some(outcome), "nobody need be asked");
    }
}

/// strongSwan derives the transactionID from the key: it is the same when the certificate is due.
#[test]
fn the_same_transaction_years_later_is_the_next_generation() {
    let (asked, mut case) = after(issued_state(5, fresh()));
    case.known.as_mut().expect("known").generation = 3;
    let window = 30 * DAY;
    let opens = fresh().not_after.plus(-window);
    let at = |now: Time| {
        // The certificate itself signs now, as strongSwan does.
        let own = Certified { by: By::Ca, serial: 5, names: &own_names(), key: key(0), validity: fresh() }.make();
        let renewing = Asked { signer: own.clone(), ..asked.clone() };
        let case = Case { signer: Some(held(own)), ..case.clone() };
        renewing.decide(&case, &Verification::Absent, &policy(), now)
    };
    assert_eq!(settled(at(opens.plus(-1))).outcome, certificate(5));
    let grant = granted(at(opens));
    assert_eq!(grant.authority(), &Authority::Renewal(vec![5]));
    assert_eq!((grant.generation(), grant.case()), (4, None));
    let by_challenge = granted(asked.decide(&case, &GOOD(), &policy(), fresh().not_after.plus(9 * 365 * DAY)));
    assert_eq!(by_challenge.generation(), 4);
    let Decision::Pend(pend) =
        asked.decide(&case, &GOOD(), &Policy { approval: Approval::Always, ..policy() }, fresh().not_after)
    else {
        panic!("not pending")
    };
    assert_eq!(pend.generation, 4);
    let refused = asked.decide(&case, &Verification::Absent, &policy(), fresh().not_after);
    assert_eq!(reasons(refused), [Reason::ChallengeMissing]);

    case.known.as_mut().expect("known").generation = u32::MAX;
    assert_eq!(granted(asked.decide(&case, &GOOD(), &policy(), fresh().not_after)).generation(), u32::MAX);
}

/// A window as wide as the certificate is long must not make a lost reply a new request: the challenge is spent.
#[test]
fn a_lost_reply_is_repeated_however_wide_the_window_is() {
    let (asked, case) = after(issued_state(5, fresh()));
    for window in [None, Some(0), Some(30 * DAY), Some(365 * DAY), Some(i64::MAX)] {
        let mut wide = policy();
        wide.renewal.window = window;
        let again = settled(asked.decide(&case, &Verification::Absent, &wide, now()));
        assert_eq!(again.outcome, certificate(5), "{window:?}");
    }
}

/// Who signs with the certificate has it, and wants the next one when the window says so.
#[test]
fn what_the_certificate_itself_signed_is_no_retry() {
    let (asked, case) = after(issued_state(5, fresh()));
    let mut wide = policy();
    wide.renewal.window = Some(300 * DAY);
    let by = |signer: pki::Certificate| {
        let case = Case { signer: Some(held(signer.clone())), ..case.clone() };
        Asked { signer, ..asked.clone() }.decide(&case, &Verification::Absent, &wide, now().plus(100 * DAY))
    };
    let own = Certified { by: By::Ca, serial: 5, names: &own_names(), key: key(0), validity: fresh() }.make();
    let earlier = Certified { by: By::Ca, serial: 4, names: &own_names(), key: key(0), validity: fresh() }.make();
    assert_eq!(granted(by(own)).authority(), &Authority::Renewal(vec![5]));
    assert_eq!(settled(by(earlier)).outcome, certificate(5), "the reply to this renewal was lost");
}

#[test]
fn without_a_window_the_last_third_is_when_it_is_due() {
    let validity = Validity { not_before: now(), not_after: now().plus(300) };
    let (asked, case) = after(issued_state(5, validity));
    let mut open = policy();
    open.renewal.window = None;
    let at = |seconds| asked.decide(&case, &GOOD(), &open, now().plus(seconds));
    assert_eq!(settled(at(199)).outcome, certificate(5));
    assert_eq!(granted(at(200)).generation(), 1);
}

#[test]
fn a_revoked_certificate_settles_nothing() {
    let state = State::Issued { serial: vec![5], validity: fresh(), revoked: Some(revocation()) };
    let (asked, case) = after(state);
    assert_eq!(granted(asked.decide(&case, &GOOD(), &policy(), now())).generation(), 1);
    assert_eq!(reasons(asked.decide(&case, &Verification::Absent, &policy(), now())), [Reason::ChallengeMissing]);
}

#[test]
fn other_names_or_another_key_are_another_request() {
    let (_, case) = after(issued_state(5, fresh()));
    let other_names = Asked::new(request(SUBJECT, &[dns("b.example.test")], key(0), &[]), self_signed(key(0)));
    assert_eq!(granted(other_names.decide(&case, &GOOD(), &policy(), now())).generation(), 1);
    let other_subject = Asked::new(request("CN=b", &own_names(), key(0), &[]), self_signed(key(0)));
    assert_eq!(granted(other_subject.decide(&case, &GOOD(), &policy(), now())).generation(), 1);
    let found = reasons(Asked::first(key(1)).decide(&case, &GOOD(), &policy(), now()));
    assert_eq!(found, [Reason::TransactionKey]);
}

/// A request in another transaction, with a one-time challenge that was spent on `first`.
fn with_spent(first: &Asked, state: State, again: &Asked) -> Decision {
    let case = Case { challenge: Some(record(Some(first.known("a", state)))), ..Case::default() };
    let presented = ra::challenge::Presented::recognise("x", &ra::challenge::Pepper::new([1; 32]), &[]);
    let verification = ra::challenge::verify(&again.enrolment(), Some(&presented), &[], &case, &policy(), now());
    again.decide(&case, &verification, &policy(), now())
}

#[test]
fn a_spent_challenge_with_the_same_key_in_another_transaction_gets_its_answer() {
    let first = Asked::first(key(0));
    let again = Asked { transaction: "T-2", ..first.clone() };
    for (state, outcome) in [(State::Pending, Outcome::Pending), (issued_state(5, fresh()), certificate(5))] {
        assert_eq!(settled(with_spent(&first, state, &again)).outcome, outcome);
    }
    let grant = granted(with_spent(&first, approved(), &again));
    assert_eq!(grant.case().map(|case| case.0.as_str()), Some("a"));
}

#[test]
fn a_spent_challenge_with_another_key_or_other_names_is_a_security_event() {
    let first = Asked::first(key(0));
    let other_names = Asked::new(request("CN=admin", &[], key(0), &[]), self_signed(key(0)));
    for (thief, by) in [(Asked::first(key(1)), "another key"), (other_names, "the same key for other names")] {
        for state in [State::Pending, approved(), denied(), issued_state(5, fresh())] {
            let denial = refused(with_spent(&first, state, &Asked { transaction: "T-2", ..thief.clone() }));
            assert_eq!(denial.reason(), Reason::ChallengeSpent);
            assert_eq!(denial.refusals[0].detail, format!("spent at 2026-11-24T11:59:00Z by {by} (case a)"));
            assert!(denial.is_security_event());
        }
    }
}

#[test]
fn a_device_whose_certificate_was_revoked_needs_a_new_challenge_and_is_no_thief() {
    let first = Asked::first(key(0));
    let revoked = State::Issued { serial: vec![5], validity: fresh(), revoked: Some(revocation()) };
    let denial = refused(with_spent(&first, revoked, &Asked { transaction: "T-2", ..first.clone() }));
    assert_eq!(denial.reason(), Reason::ChallengeExpired);
    assert!(!denial.is_security_event());
}

#[test]
fn the_kind_of_a_challenge_has_a_name() {
    let kinds = [ChallengeKind::Static, ChallengeKind::OneTime, ChallengeKind::Sealed, ChallengeKind::Module];
    assert_eq!(kinds.map(ChallengeKind::name), ["static", "one-time", "sealed", "module"]);
}
