//! What operators and tasks ask for: lists, revocation, challenges, notices, service credentials, leases, counts.

use pki::crl::Reason;
use ra::{Revocation, Stored};

use super::made::*;
use super::place::{Place, on_both_engines};
use crate::store::{
    CaseFilter, CaseState, CertificateFilter, CertificateStatus, ChallengeFilter, ChallengeStatus, Commit,
    CredentialMove, CredentialRecord, Lease, Notice, Receipt, RefusalRecord, Slot, Store, StoreError, StoredCrl,
    StoredNotification,
};

on_both_engines!(
    cases_are_listed_latest_first,
    certificates_are_found_by_what_is_known_of_them,
    a_certificate_is_revoked_once,
    a_crl_number_is_used_once_and_only_grows,
    challenges_are_listed_and_forgotten,
    a_notice_waits_until_it_is_delivered,
    notices_of_one_receiver_keep_their_order,
    a_notification_is_recorded_once,
    a_slot_holds_one_service_credential,
    one_node_holds_a_task,
    a_clock_goes_since_it_was_last_set,
    weak_uses_are_counted,
    everything_is_counted,
);

async fn issue(store: &Store, number: u32) {
    let (commit, audit) = granted(grant(number));
    store.commit(commit, audit, NOW.plus(i64::from(number))).await.unwrap();
    let certificate = sign(&tbs(&serial(number), &format!("CN=device {number}")));
    store.issued(&ISSUER, &certificate, Vec::new(), NOW).await.unwrap();
}

async fn cases_are_listed_latest_first(place: Place) {
    let store = place.open("a").await;
    for number in 1..=4 {
        let pend = Commit::Pend(Box::new(pend(number)));
        store.commit(pend, Vec::new(), NOW.plus(i64::from(number))).await.unwrap();
    }
    store.approve(&case_id(2), &ra::Approver("ada".to_owned()), "cli", NOW).await.unwrap();
    let ids = |cases: Vec<crate::store::StoredCase>| cases.into_iter().map(|c| c.id).collect::<Vec<_>>();
    let all = store.cases(&CaseFilter { limit: 3, offset: 1, ..CaseFilter::default() }).await.unwrap();
    assert_eq!(ids(all), [case_id(3), case_id(2), case_id(1)]);
    let pending = CaseFilter { state: Some(CaseState::Pending), limit: 10, ..CaseFilter::default() };
    assert_eq!(ids(store.cases(&pending).await.unwrap()), [case_id(4), case_id(3), case_id(1)]);
    let elsewhere = CaseFilter { endpoint: Some("other".to_owned()), ..pending };
    assert!(store.cases(&elsewhere).await.unwrap().is_empty());
    let device = CaseFilter { device: Some("laptop-1".to_owned()), limit: 10, ..CaseFilter::default() };
    assert_eq!(store.cases(&device).await.unwrap().len(), 4);
}

async fn certificates_are_found_by_what_is_known_of_them(place: Place) {
    let store = place.open("a").await;
    for number in 1..=3 {
        issue(&store, number).await;
    }
    let (commit, audit) = granted(grant(4));
    store.commit(commit, audit, NOW.plus(4)).await.unwrap();
    let now = NOW.plus(10);
    let found = async |filter: CertificateFilter, now| {
        let filter = CertificateFilter { limit: 10, ..filter };
        store.certificates(&filter, now).await.unwrap().into_iter().map(|c| c.subject).collect::<Vec<_>>()
    };
    let any = CertificateFilter::default();
    assert_eq!(found(any.clone(), now).await, ["CN=device 4", "CN=device 3", "CN=device 2", "CN=device 1"]);
    let subject = |part: &str| CertificateFilter { subject: Some(part.to_owned()), ..CertificateFilter::default() };
    assert_eq!(found(subject("DEVICE 2"), now).await, ["CN=device 2"]);
    assert!(found(subject("device_2"), now).await.is_empty(), "no wildcards");
    assert!(found(subject("%"), now).await.is_empty(), "no wildcards");
    let status = |status| CertificateFilter { status: Some(status), ..CertificateFilter::default() };
    assert_eq!(found(status(CertificateStatus::Prepared), now).await, ["CN=device 4"]);
    assert_eq!(found(status(CertificateStatus::Valid), now).await.len(), 3);
    assert_eq!(found(status(CertificateStatus::Expired), now.plus(YEAR)).await.len(), 3);
    let ending = CertificateFilter { ends_before: Some(NOW.plus(YEAR)), ..any.clone() };
    assert!(found(ending, now).await.is_empty());
    let ending = CertificateFilter { ends_before: Some(NOW.plus(YEAR + 1)), ..any };
    assert_eq!(found(ending, now).await.len(), 4);
    let one = store.certificate(&serial(3)).await.unwrap().unwrap();
    assert_eq!((one.case.clone(), one.status(now)), (Some(case_id(3)), CertificateStatus::Valid));
    assert_eq!(store.certificate_of(&case_id(3)).await.unwrap().unwrap(), one);
    assert_eq!(store.certificate(&serial(99)).await.unwrap(), None);
}

async fn a_certificate_is_revoked_once(place: Place) {
    let store = place.open("a").await;
    issue(&store, 1).await;
    issue(&store, 2).await;
    let revocation = Revocation { at: NOW.plus(5), reason: Reason::KeyCompromise };
    let none = store.revoke(&ISSUER, &serial(9), revocation, &actor(), NOW).await.unwrap_err();
    assert_eq!(none.code(), "store.not-found");
    store.revoke(&ISSUER, &serial(1), revocation, &actor(), NOW).await.unwrap();
    let later = Revocation { at: NOW.plus(9), reason: Reason::Superseded };
    let again = store.revoke(&ISSUER, &serial(1), later, &actor(), NOW).await.unwrap_err();
    let expected = StoreError::AlreadyRevoked {
        serial: pki::certificate::serial_hex(&serial(1)),
        at: NOW.plus(5),
        reason: "keyCompromise",
    };
    assert_eq!(again, expected);
    let listed = store.revoked(&ISSUER, NOW).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].serial, listed[0].revocation), (&serial(1), revocation));
    assert!(store.revoked(&ISSUER, NOW.plus(YEAR)).await.unwrap().is_empty(), "it has ended by then");
    assert!(store.revoked(&[8; 32], NOW).await.unwrap().is_empty(), "another issuer's list");
    let certificate =
        pki::Certificate::parse(&store.certificate(&serial(1)).await.unwrap().unwrap().der.unwrap()).unwrap();
    let case = store.case(&query("transaction 1", &certificate, None)).await.unwrap();
    assert_eq!(case.signer.unwrap().revoked, Some(revocation));
    assert!(matches!(case.known.unwrap().state, ra::State::Issued { revoked: Some(r), .. } if r == revocation));
}

async fn a_crl_number_is_used_once_and_only_grows(place: Place) {
    let (a, b) = (place.open("a").await, place.open("b").await);
    let crl = |number| StoredCrl {
        issuer: ISSUER,
        number,
        der: vec![0x30, number as u8],
        this_update: NOW,
        next_update: NOW.plus(3600),
    };
    assert_eq!(a.crl_latest(&ISSUER).await.unwrap(), None);
    let (crl_1, actor) = (crl(1), actor());
    let (one, two) = tokio::join!(a.crl_put(&crl_1, &actor, NOW), b.crl_put(&crl_1, &actor, NOW));
    assert_eq!([&one, &two].iter().filter(|r| r.is_ok()).count(), 1, "{one:?} {two:?}");
    a.crl_put(&crl(5), &actor, NOW).await.unwrap();
    assert_eq!(b.crl_put(&crl(4), &actor, NOW).await.unwrap_err().code(), "store.conflict");
    for number in 6..=150 {
        a.crl_put(&crl(number), &actor, NOW).await.unwrap();
    }
    assert_eq!(b.crl_latest(&ISSUER).await.unwrap(), Some(crl(150)));
    let kept = a.query("SELECT COUNT(*) FROM crl", Vec::new()).await.unwrap().remove(0).int().unwrap();
    assert_eq!(kept, 101);
}

async fn challenges_are_listed_and_forgotten(place: Place) {
    let store = place.open("a").await;
    for number in 1..=3 {
        store.challenge_new(&challenge(number), &actor(), NOW.plus(i64::from(number))).await.unwrap();
    }
    let twice = store.challenge_new(&challenge(1), &actor(), NOW).await.unwrap_err();
    assert_eq!(twice.code(), "store.conflict");
    let mut record = grant(1);
    record.spend = Some(spend(2, Stored::Before));
    let (commit, audit) = granted(record);
    store.commit(commit, audit, NOW.plus(9)).await.unwrap();
    let found = async |status, now| {
        let filter = ChallengeFilter { status: Some(status), limit: 10, ..ChallengeFilter::default() };
        store.challenges(&filter, now).await.unwrap().into_iter().map(|c| c.challenge.key[0]).collect::<Vec<_>>()
    };
    assert_eq!(found(ChallengeStatus::Outstanding, NOW.plus(10)).await, [3, 1]);
    assert_eq!(found(ChallengeStatus::Spent, NOW.plus(10)).await, [2]);
    assert_eq!(found(ChallengeStatus::Expired, NOW.plus(3601)).await, [3, 1]);
    let all = store.challenges(&ChallengeFilter { limit: 1, offset: 1, ..Default::default() }, NOW).await.unwrap();
    assert_eq!(all[0].spent, Some((case_id(1), NOW.plus(9))));
    assert_eq!(store.challenges_forget_expired(NOW.plus(3600), 0).await.unwrap(), 0);
    assert_eq!(store.challenges_forget_expired(NOW.plus(3700), 100).await.unwrap(), 0);
    assert_eq!(store.challenges_forget_expired(NOW.plus(3701), 100).await.unwrap(), 3);
}

async fn a_notice_waits_until_it_is_delivered(place: Place) {
    let store = place.open("a").await;
    let mut record = grant(1);
    record.notices =
        ["first", "second"].map(|body| Notice { kind: "webhook issued".to_owned(), body: body.to_owned() }).to_vec();
    let (commit, audit) = granted(record);
    store.commit(commit, audit, NOW).await.unwrap();
    let due = store.notices_due(NOW, 10).await.unwrap();
    assert_eq!(due.iter().map(|d| d.notice.body.as_str()).collect::<Vec<_>>(), ["first", "second"]);
    assert_eq!((due[0].tries, &due[0].case), (0, &Some(case_id(1))));
    store.notice_failed(&due[0].id, NOW.plus(60), "connection refused", NOW).await.unwrap();
    store.notice_delivered(&due[1].id, NOW).await.unwrap();
    assert!(store.notices_due(NOW.plus(59), 10).await.unwrap().is_empty());
    let again = store.notices_due(NOW.plus(60), 10).await.unwrap();
    assert_eq!((again.len(), again[0].tries, again[0].failure.as_deref()), (1, 1, Some("connection refused")));
    let twice = store.notice_delivered(&due[1].id, NOW).await.unwrap_err();
    assert_eq!(twice.code(), "store.not-found");
}

async fn notices_of_one_receiver_keep_their_order(place: Place) {
    let store = place.open("a").await;
    for number in 1..4 {
        let mut record = grant(number);
        record.notices = vec![Notice { kind: "mdm".to_owned(), body: format!("{number}") }];
        let (commit, audit) = granted(record);
        store.commit(commit, audit, NOW).await.unwrap();
    }
    let notices = vec![Notice { kind: "mdm".to_owned(), body: "refusal".to_owned() }];
    let refusal = RefusalRecord { id: "r1".to_owned(), notices };
    store.commit(Commit::Refuse(Box::new(refusal)), vec![entry("x")], NOW).await.unwrap();
    let first = store.notices_waiting("mdm", 1).await.unwrap().remove(0);
    store.notice_failed(&first.id, NOW.plus(60), "connection refused", NOW).await.unwrap();
    let waiting = store.notices_waiting("mdm", 10).await.unwrap();
    let bodies: Vec<&str> = waiting.iter().map(|d| d.notice.body.as_str()).collect();
    assert_eq!(bodies, ["1", "2", "3", "refusal"]);
    assert_eq!((waiting[0].next_try, waiting[1].next_try, &waiting[3].case), (NOW.plus(60), NOW, &None));
    assert!(store.notices_waiting("other", 10).await.unwrap().is_empty());
}

async fn a_notification_is_recorded_once(place: Place) {
    let store = place.open("a").await;
    let told = |id: &str, outcome: &str| StoredNotification {
        id: id.to_owned(),
        client: "CN=module".to_owned(),
        endpoint: "mdm".to_owned(),
        transaction: "t".to_owned(),
        outcome: outcome.to_owned(),
        challenge: Some("c1".to_owned()),
        key: [1; 32],
        names: [2; 32],
        body: "{}".to_owned(),
        received_at: NOW,
    };
    assert_eq!(store.registration_spent("c1").await.unwrap(), None);
    assert_eq!(store.notification_put(&told("n1", "refused"), entry("x"), NOW).await.unwrap(), Receipt::Recorded);
    assert_eq!(store.registration_spent("c1").await.unwrap(), None);
    assert_eq!(store.notification_put(&told("n2", "issued"), entry("x"), NOW).await.unwrap(), Receipt::Recorded);
    assert_eq!(store.notification_put(&told("n2", "issued"), entry("x"), NOW).await.unwrap(), Receipt::Repeated);
    let spent = store.registration_spent("c1").await.unwrap().unwrap();
    assert_eq!((spent.id.as_str(), spent.key, spent.names), ("n2", [1; 32], [2; 32]));
    let listed = store.notifications(10).await.unwrap();
    assert_eq!(listed.iter().map(|n| n.id.as_str()).collect::<Vec<_>>(), ["n1", "n2"]);
    assert_eq!(store.audit_verify().await.unwrap()[0].rows, 2);
}

async fn a_slot_holds_one_service_credential(place: Place) {
    let store = place.open("a").await;
    let credential = |id: &str, slot| CredentialRecord {
        id: id.to_owned(),
        role: "ra-signing".to_owned(),
        slot,
        certificate: vec![0x30, 0],
        key_reference: format!("file:{id}.key"),
        since: NOW,
        until: NOW.plus(YEAR),
    };
    store.credential_put(&credential("one", Slot::Current), &actor(), NOW).await.unwrap();
    let second = store.credential_put(&credential("two", Slot::Current), &actor(), NOW).await.unwrap_err();
    assert_eq!(second.code(), "store.conflict");
    store.credential_put(&credential("two", Slot::Next), &actor(), NOW).await.unwrap();
    let step = |id: &str, from, to| CredentialMove { id: id.to_owned(), from, to };
    let moves = [step("one", Slot::Current, Slot::Retired), step("two", Slot::Next, Slot::Current)];
    store.credentials_move(&moves, &actor(), NOW.plus(5)).await.unwrap();
    // A second node comes with the same idea.
    assert_eq!(store.credentials_move(&moves, &actor(), NOW.plus(6)).await.unwrap_err().code(), "store.conflict");
    let slots: Vec<_> =
        store.credentials(Some("ra-signing")).await.unwrap().into_iter().map(|c| (c.id, c.slot, c.since)).collect();
    let at = NOW.plus(5);
    assert_eq!(slots, [("one".to_owned(), Slot::Retired, at), ("two".to_owned(), Slot::Current, at)]);
    assert!(store.credentials(Some("tls")).await.unwrap().is_empty());
    assert_eq!(store.credentials(None).await.unwrap().len(), 2);
}

async fn one_node_holds_a_task(place: Place) {
    let (a, b) = (place.open("a").await, place.open("b").await);
    let until = NOW.plus(60);
    let (one, two) = tokio::join!(a.lease("crl", until, NOW), b.lease("crl", until, NOW));
    let (holder, other) = match (one.unwrap(), two.unwrap()) {
        (Lease::Held, Lease::Other { .. }) => (&a, &b),
        (Lease::Other { .. }, Lease::Held) => (&b, &a),
        both => panic!("{both:?}"),
    };
    assert_eq!(holder.lease("crl", NOW.plus(90), NOW.plus(30)).await.unwrap(), Lease::Held);
    let refused = other.lease("crl", NOW.plus(200), NOW.plus(89)).await.unwrap();
    assert_eq!(refused, Lease::Other { node: holder.node().to_owned(), until: NOW.plus(90) });
    assert_eq!(other.lease("crl", NOW.plus(200), NOW.plus(90)).await.unwrap(), Lease::Held, "the lease has ended");
    holder.lease_release("crl", NOW.plus(91)).await.unwrap();
    assert!(matches!(holder.lease("crl", NOW.plus(300), NOW.plus(92)).await.unwrap(), Lease::Other { .. }));
    other.lease_release("crl", NOW.plus(93)).await.unwrap();
    assert_eq!(holder.lease("crl", NOW.plus(300), NOW.plus(93)).await.unwrap(), Lease::Held);
    assert_eq!(other.lease("other", NOW.plus(300), NOW.plus(93)).await.unwrap(), Lease::Held);
}

async fn weak_uses_are_counted(place: Place) {
    let store = place.open("a").await;
    for seconds in 0..3 {
        store.weak_use_add("192.0.2.1", "devices", "des-cbc", NOW.plus(seconds)).await.unwrap();
    }
    store.weak_use_add("192.0.2.2", "devices", "des-cbc", NOW).await.unwrap();
    let uses = store.weak_uses(10).await.unwrap();
    assert_eq!(uses.len(), 2);
    assert_eq!((uses[0].client.as_str(), uses[0].uses), ("192.0.2.1", 3));
    assert_eq!((uses[0].first_at, uses[0].last_at), (NOW, NOW.plus(2)));
}

async fn everything_is_counted(place: Place) {
    let store = place.open("a").await;
    issue(&store, 1).await;
    issue(&store, 2).await;
    let revocation = Revocation { at: NOW, reason: Reason::Unspecified };
    store.revoke(&ISSUER, &serial(2), revocation, &actor(), NOW).await.unwrap();
    let (commit, audit) = granted(grant(3));
    store.commit(commit, audit, NOW).await.unwrap();
    store.commit(Commit::Pend(Box::new(pend(4))), Vec::new(), NOW).await.unwrap();
    store.challenge_new(&challenge(1), &actor(), NOW).await.unwrap();
    let counts = store.counts(NOW).await.unwrap();
    let certificates = (counts.certificates_valid, counts.certificates_revoked, counts.certificates_prepared);
    assert_eq!(certificates, (1, 1, 1));
    assert_eq!((counts.cases_pending, counts.cases_issued, counts.cases_denied), (1, 2, 0));
    assert_eq!((counts.challenges_outstanding, counts.notices_waiting, counts.audit_rows), (1, 1, 5));
    assert_eq!(store.counts(NOW.plus(2 * YEAR)).await.unwrap().certificates_expired, 1);
}

async fn a_clock_goes_since_it_was_last_set(place: Place) {
    let (store, most) = (place.open("a").await, 8 * 86_400);
    let since = async |at: i64| store.clock_since(most, NOW.plus(at)).await.unwrap().seconds() - NOW.seconds();
    assert_eq!([since(0).await, since(5000).await, since(most).await], [0, 0, 0]);
    // Another node asks of the same clock.
    assert_eq!(place.open("b").await.clock_since(most, NOW.plus(most + 10)).await.unwrap(), NOW);
    // It leaps ahead, goes on, leaps back.
    assert_eq!([since(10 * most).await, since(10 * most + 7200).await], [10 * most, 10 * most]);
    assert_eq!([since(2 * most).await, since(2 * most + 50).await, since(3 * most).await], [2 * most; 3]);
}
