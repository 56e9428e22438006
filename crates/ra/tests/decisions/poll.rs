//! Questions what has become of a request.

use pki::Certificate;
use ra::{Authority, Case, Decision, Delivery, Known, Outcome, Poll, Reason, State};

use crate::support::*;

fn poll(signer: &Certificate, delivery: Delivery, known: Option<Known>) -> Decision {
    let case = Case { known, ..Case::default() };
    ra::decide_poll(&Poll { endpoint: "devices", transaction: "T-1", signer, delivery }, &case)
}

fn known(state: State) -> Known {
    Known { request: Some(device_request(key(0))), ..Asked::first(key(0)).known("a", state) }
}

fn states() -> [State; 5] {
    [State::Pending, approved(), State::Prepared { serial: vec![5] }, issued_state(5, year()), denied()]
}

#[test]
fn the_signer_of_the_request_learns_how_far_it_is() {
    let own = self_signed(key(0));
    let answers = [
        (State::Pending, Outcome::Pending),
        (State::Prepared { serial: vec![5] }, certificate(5)),
        (issued_state(5, year()), certificate(5)),
        (denied(), Outcome::Denied),
    ];
    for (state, outcome) in answers {
        assert_eq!(settled(poll(&own, Delivery::Possible, Some(known(state)))).outcome, outcome);
    }
    let grant = granted(poll(&own, Delivery::Possible, Some(known(approved()))));
    assert_eq!(grant.case().map(|case| case.0.as_str()), Some("a"));
    assert!(matches!(grant.authority(), Authority::Operator(_)));
    assert_eq!(grant.names(), own_names());
    let without_request = Known { request: None, ..known(approved()) };
    assert_eq!(settled(poll(&own, Delivery::Possible, Some(without_request))).outcome, Outcome::Pending);
}

/// It may be signed with another certificate, but not with another key.
#[test]
fn whoever_else_asks_learns_nothing_not_even_that_there_is_a_request() {
    let other_certificate = issued(key(0), 6);
    assert_eq!(
        settled(poll(&other_certificate, Delivery::Possible, Some(known(State::Pending)))).outcome,
        Outcome::Pending
    );

    let stranger = self_signed(key(1));
    let nothing_there = refused(poll(&stranger, Delivery::Possible, None));
    assert_eq!(nothing_there.reason(), Reason::TransactionUnknown);
    for state in states() {
        for delivery in [Delivery::Possible, Delivery::Impossible("the key only signs")] {
            let denial = refused(poll(&stranger, delivery, Some(known(state.clone()))));
            assert_eq!(denial, nothing_there, "{state:?}");
        }
    }
}

#[test]
fn a_certificate_that_cannot_be_delivered_is_neither_made_nor_promised() {
    let own = self_signed(key(0));
    let delivery = Delivery::Impossible("the key only signs");
    for state in [approved(), State::Prepared { serial: vec![5] }, issued_state(5, year())] {
        assert_eq!(reasons(poll(&own, delivery, Some(known(state)))), [Reason::Undeliverable]);
    }
    for (state, outcome) in [(State::Pending, Outcome::Pending), (denied(), Outcome::Denied)] {
        assert_eq!(settled(poll(&own, delivery, Some(known(state)))).outcome, outcome);
    }
}

#[test]
fn a_revoked_certificate_is_not_handed_out() {
    let revoked = State::Issued { serial: vec![5], validity: year(), revoked: Some(revocation()) };
    let denial = refused(poll(&self_signed(key(0)), Delivery::Possible, Some(known(revoked))));
    assert_eq!(denial.reason(), Reason::TransactionUnknown);
    assert!(!denial.is_security_event());
}
