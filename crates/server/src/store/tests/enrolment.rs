//! One enrolment through the store: asked, granted, signed, asked again.

use ra::{Approver, CaseId, State, Stored};

use super::made::*;
use super::place::{Place, on_both_engines};
use crate::store::{CaseState, Commit, CommitError, Origin, ServiceRecord, StoreError};

on_both_engines!(
    a_request_nobody_knows_is_an_empty_case,
    a_grant_is_known_from_the_commit_on,
    a_signed_certificate_is_the_signer_of_its_renewal,
    a_spent_challenge_knows_its_case,
    a_retry_is_a_read,
    a_transaction_used_again_is_the_latest_generation,
    an_operator_decides_once,
    a_denied_case_says_who,
    two_signers_of_one_certificate_agree,
    what_was_not_stored_to_be_signed_is_not_issued,
    a_certificate_of_the_service_has_no_case,
);

async fn a_request_nobody_knows_is_an_empty_case(place: Place) {
    let store = place.open("a").await;
    let case = store.case(&query("t", &stranger(), Some(9))).await.unwrap();
    assert!(case.known.is_none() && case.signer.is_none() && case.challenge.is_none());
}

async fn a_grant_is_known_from_the_commit_on(place: Place) {
    let store = place.open("a").await;
    let (commit, audit) = granted(grant(1));
    store.commit(commit, audit, NOW).await.unwrap();
    let known = store.case(&query("transaction 1", &stranger(), None)).await.unwrap().known.unwrap();
    assert_eq!((known.id, known.generation), (case_id(1), 0));
    assert_eq!((known.key, known.signer_key, known.names), ([1; 32], [2; 32], [3; 32]));
    assert_eq!(known.state, State::Prepared { serial: serial(1) });
    assert_eq!((known.device.as_deref(), known.sid.as_deref()), (Some("laptop-1"), Some("S-1-5-21-1")));
    assert!(known.request.is_none(), "only of a case that waits");
    let unfinished = store.unfinished().await.unwrap();
    assert_eq!(unfinished.len(), 1);
    assert_eq!(unfinished[0].tbs, tbs(&serial(1), "CN=device 1"));
    assert_eq!(unfinished[0].case, Some(case_id(1)));
    let signer = stranger();
    let other_endpoint = crate::store::CaseQuery { endpoint: "other", ..query("transaction 1", &signer, None) };
    assert!(store.case(&other_endpoint).await.unwrap().known.is_none());
}

async fn a_signed_certificate_is_the_signer_of_its_renewal(place: Place) {
    let store = place.open("a").await;
    let (commit, audit) = granted(grant(1));
    store.commit(commit, audit, NOW).await.unwrap();
    let certificate = sign(&tbs(&serial(1), "CN=device 1"));
    assert!(store.case(&query("t", &certificate, None)).await.unwrap().signer.is_none(), "not issued yet");
    let counts = store.issued(&ISSUER, &certificate, vec![entry("1")], NOW).await.unwrap();
    assert_eq!(counts, certificate);
    assert!(store.unfinished().await.unwrap().is_empty());

    let case = store.case(&query("transaction 1", &certificate, None)).await.unwrap();
    let signer = case.signer.unwrap();
    assert_eq!((signer.profile.as_str(), signer.endpoint.as_str()), ("device", "devices"));
    assert_eq!((signer.device.as_deref(), signer.revoked), (Some("laptop-1"), None));
    let issued = State::Issued { serial: serial(1), validity: validity(), revoked: None };
    assert_eq!(case.known.unwrap().state, issued);

    // The same serial number and names under another signature: not the certificate that was issued.
    let forged = sign(&tbs(&serial(1), "CN=device 1"));
    assert_ne!(forged, certificate);
    assert!(store.case(&query("t", &forged, None)).await.unwrap().signer.is_none());
}

async fn a_spent_challenge_knows_its_case(place: Place) {
    let store = place.open("a").await;
    store.challenge_new(&challenge(5), &actor(), NOW).await.unwrap();
    let before = store.case(&query("transaction 1", &stranger(), Some(5))).await.unwrap().challenge.unwrap();
    assert_eq!((before.endpoint.as_str(), before.expires), ("devices", NOW.plus(3600)));
    assert!(before.spent.is_none());

    let mut record = grant(1);
    record.spend = Some(spend(5, Stored::Before));
    let (commit, audit) = granted(record);
    store.commit(commit, audit, NOW.plus(1)).await.unwrap();
    let mut sealed = grant(2);
    sealed.spend = Some(spend(6, Stored::OnlySpent));
    let (commit, audit) = granted(sealed);
    store.commit(commit, audit, NOW.plus(2)).await.unwrap();

    for (key, case, at) in [(5, 1, 1), (6, 2, 2)] {
        let spent = store.case(&query("x", &stranger(), Some(key))).await.unwrap().challenge.unwrap().spent.unwrap();
        assert_eq!((spent.case.id, spent.at), (case_id(case), NOW.plus(at)));
        assert_eq!(spent.case.state, State::Prepared { serial: serial(case) });
    }
}

async fn a_retry_is_a_read(place: Place) {
    let store = place.open("a").await;
    let (commit, audit) = granted(grant(1));
    store.commit(commit.clone(), audit.clone(), NOW).await.unwrap();
    let before = store.counts(NOW).await.unwrap();
    for _ in 0..3 {
        store.case(&query("transaction 1", &stranger(), None)).await.unwrap();
    }
    // Should two nodes decide about the same request at once, the second finds the answer of the first.
    assert!(matches!(store.commit(commit, audit, NOW).await, Err(CommitError::Conflict(_))));
    assert_eq!(store.counts(NOW).await.unwrap(), before);
}

async fn a_transaction_used_again_is_the_latest_generation(place: Place) {
    let store = place.open("a").await;
    for generation in 0..3 {
        let mut record = grant(10 + generation);
        record.request = request_record("same", generation);
        let (commit, audit) = granted(record);
        store.commit(commit, audit, NOW).await.unwrap();
    }
    let known = store.case(&query("same", &stranger(), None)).await.unwrap().known.unwrap();
    assert_eq!((known.generation, known.id), (2, case_id(12)));
}

async fn an_operator_decides_once(place: Place) {
    let store = place.open("a").await;
    let ada = Approver("ada".to_owned());
    store.commit(Commit::Pend(Box::new(pend(1))), vec![entry("1")], NOW).await.unwrap();
    let waiting = store.case(&query("transaction 1", &stranger(), None)).await.unwrap().known.unwrap();
    assert_eq!(waiting.state, State::Pending);
    assert_eq!(waiting.request.unwrap().der(), request().der());

    let mut record = grant(1);
    record.origin = Origin::Approved;
    let (commit, audit) = granted(record);
    let early = store.commit(commit.clone(), audit.clone(), NOW).await;
    assert!(matches!(early, Err(CommitError::Conflict(_))), "not approved yet: {early:?}");

    store.approve(&case_id(1), &ada, "cli", NOW).await.unwrap();
    let approved = store.case(&query("transaction 1", &stranger(), None)).await.unwrap().known.unwrap();
    assert_eq!(approved.state, State::Approved(ada.clone()));
    assert!(approved.request.is_some());
    let again = store.deny(&case_id(1), &ada, ("second thoughts", "cli"), &[], NOW).await.unwrap_err();
    assert_eq!(again, StoreError::NotPending { case: case_id(1).0, state: "approved" });

    store.commit(commit.clone(), audit.clone(), NOW).await.unwrap();
    assert!(matches!(store.commit(commit, audit, NOW).await, Err(CommitError::Conflict(_))));
    let found = store.case_by_id(&case_id(1)).await.unwrap().unwrap();
    assert_eq!((found.state, found.decided_by.as_deref()), (CaseState::Prepared, Some("ada")));
    assert_eq!(found.serial, Some(serial(1)));
}

async fn a_denied_case_says_who(place: Place) {
    let store = place.open("a").await;
    let eve = Approver("eve".to_owned());
    let unknown = store.deny(&case_id(1), &eve, ("no", "cli"), &[], NOW).await.unwrap_err();
    assert_eq!(unknown.code(), "store.not-found");
    store.commit(Commit::Pend(Box::new(pend(1))), Vec::new(), NOW).await.unwrap();
    store.deny(&case_id(1), &eve, ("not ours", "cli"), &[], NOW).await.unwrap();
    let known = store.case(&query("transaction 1", &stranger(), None)).await.unwrap().known.unwrap();
    assert_eq!(known.state, State::Denied(eve));
    let found = store.case_by_id(&case_id(1)).await.unwrap().unwrap();
    assert_eq!(found.decided_why.as_deref(), Some("not ours"));
    let rows = store.audit_list(&Default::default(), 10, None).await.unwrap();
    assert_eq!(rows.len(), 1, "what did not happen is not in the audit");
    assert_eq!((rows[0].entry.actor.as_str(), rows[0].entry.outcome.as_str()), ("eve", "denied"));
}

async fn two_signers_of_one_certificate_agree(place: Place) {
    let store = place.open("a").await;
    let (commit, audit) = granted(grant(1));
    store.commit(commit, audit, NOW).await.unwrap();
    let (one, two) = (sign(&tbs(&serial(1), "CN=device 1")), sign(&tbs(&serial(1), "CN=device 1")));
    assert_ne!(one, two);
    let (first, second) = tokio::join!(
        store.issued(&ISSUER, &one, vec![entry("1")], NOW),
        store.issued(&ISSUER, &two, vec![entry("1")], NOW),
    );
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(store.audit_verify().await.unwrap()[0].rows, 2);
}

async fn what_was_not_stored_to_be_signed_is_not_issued(place: Place) {
    let store = place.open("a").await;
    let (commit, audit) = granted(grant(1));
    store.commit(commit, audit, NOW).await.unwrap();
    for certificate in [sign(&tbs(&serial(1), "CN=administrator")), sign(&tbs(&serial(2), "CN=device 1"))] {
        let refused = store.issued(&ISSUER, &certificate, Vec::new(), NOW).await.unwrap_err();
        assert_eq!(refused.code(), "store.not-found");
    }
    assert_eq!(store.unfinished().await.unwrap().len(), 1);
}

async fn a_certificate_of_the_service_has_no_case(place: Place) {
    let store = place.open("a").await;
    let record =
        ServiceRecord { profile: "ra-signing".to_owned(), certificate: certificate_record(&serial(1), "CN=RA") };
    store.commit(Commit::Service(Box::new(record)), vec![entry("1")], NOW).await.unwrap();
    let unfinished = store.unfinished_by(&ISSUER, &serial(1)).await.unwrap().unwrap();
    assert_eq!(unfinished.case, None::<CaseId>);
    let certificate = sign(&unfinished.tbs);
    store.issued(&ISSUER, &certificate, Vec::new(), NOW).await.unwrap();
    let found = store.certificate_by(&ISSUER, &serial(1)).await.unwrap().unwrap();
    assert_eq!((found.profile.as_str(), found.der.as_deref()), ("ra-signing", Some(certificate.der())));
}
