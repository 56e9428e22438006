//! Challenges are made, verified and spent; every mismatch is named; what came of a request is recorded.

use client::Outcome;
use server::registration::{NoAnswer, Wanted};

use super::stage::{Stage, application, issued, refused};

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_is_good_for_one_certificate() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let challenge = stage.challenge("mdm", "laptop-1").await.challenge;
    let application = application("laptop-1", &challenge);
    let first = issued(stage.submit("mdm", &application).await);
    // The answer was lost: the same request gets the same certificate, and nobody is asked.
    let asked = stage.audit("verify").await.len();
    assert_eq!(issued(stage.submit("mdm", &application).await), first);
    assert_eq!(stage.audit("verify").await.len(), asked);
    assert_eq!(refused(&stage.enrol("mdm", "laptop-1", &challenge).await), "challenge.spent");
    // Once it has been told, the registration point knows it too, whichever service asks.
    server::registration::deliver(&stage.service, server::world::now).await.expect("the store");
    let spent = running.point.store().notifications(10).await.expect("notifications");
    assert_eq!((spent.len(), spent[0].outcome.as_str()), (1, "issued"));
    assert!(spent[0].body.contains(&first.serial_hex()), "{}", spent[0].body);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registration_point_knows_a_spent_challenge_itself() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let challenge = stage.challenge("mdm", "laptop-1").await.challenge;
    issued(stage.enrol("mdm", "laptop-1", &challenge).await);
    server::registration::deliver(&stage.service, server::world::now).await.expect("the store");
    // Another service, with a store of its own, asks about the same challenge.
    let question = question(&challenge, "laptop-1");
    let verdict = stage.service.modules["mdm"].verify(&question).await.expect("an answer");
    let server::registration::Verdict::Refused(reasons) = verdict else { panic!("{verdict:?}") };
    assert_eq!(reasons.refusals[0].code, "challenge.spent", "{reasons:?}");
    running.stop().await;
}

pub(super) fn question(challenge: &str, device: &str) -> server::registration::Question {
    use base64::Engine;
    let application = application(device, challenge);
    let base64 = |der: &[u8]| base64::engine::general_purpose::STANDARD.encode(der);
    let key = application.key();
    let validity = pki::Validity { not_before: pki::Time(0), not_after: server::world::now().plus(3600) };
    let name = application.request().subject();
    let signer = scep::client::self_signed(name, key, validity, &mut server::world::random).expect("a certificate");
    server::registration::Question {
        endpoint: "mdm".to_owned(),
        transaction: "t".to_owned(),
        stated: server::registration::Stated::Enrolment,
        request: base64(application.request().der()),
        signer: base64(signer.der()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_mismatch_is_named_with_expected_and_actual() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let wanted = Wanted {
        endpoint: "other".to_owned(),
        subject: Some("CN=laptop-1".to_owned()),
        names: Some(vec!["DNS:laptop-1.example.test".to_owned()]),
        key_bits: Some(4096),
        signer: Some("00".repeat(20)),
        ..Wanted::default()
    };
    let made = stage.service.modules["mdm"].challenge(&wanted).await.expect("a challenge");
    let verdict = stage.service.modules["mdm"].verify(&question(&made.challenge, "laptop-2")).await.expect("an answer");
    let server::registration::Verdict::Refused(reasons) = verdict else { panic!("{verdict:?}") };
    let named: Vec<(&str, &str, &str)> = reasons
        .refusals
        .iter()
        .map(|r| {
            (
                r.property.as_deref().unwrap_or(""),
                r.expected.as_deref().unwrap_or(""),
                r.actual.as_deref().unwrap_or(""),
            )
        })
        .collect();
    let properties: Vec<&str> = named.iter().map(|(property, _, _)| *property).collect();
    assert_eq!(properties, ["endpoint", "subject", "subjectAltName", "key", "signer"], "{named:?}");
    assert_eq!(named[0], ("endpoint", "other", "mdm"));
    assert_eq!(named[1], ("subject", "CN=laptop-1", "CN=laptop-2"));
    assert!(reasons.refusals.iter().all(|r| r.code == "challenge.mismatch"));
    // The device hears the code, the audit of the SCEP service everything.
    assert_eq!(refused(&stage.enrol("mdm", "laptop-2", &made.challenge).await), "challenge.mismatch");
    let row = &stage.audit("refuse").await[0].entry;
    assert!(row.detail.contains("subject: expected CN=laptop-1, got CN=laptop-2"), "{}", row.detail);
    assert!(row.detail.contains("endpoint: expected other, got mdm"), "{}", row.detail);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn foreign_expired_and_missing_challenges_are_refused() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    assert_eq!(refused(&stage.enrol("mdm", "laptop-1", "P1.foreign").await), "challenge.wrong");
    assert_eq!(refused(&stage.enrol("mdm", "laptop-1", "").await), "challenge.missing");
    let wanted = Wanted { endpoint: "mdm".to_owned(), validity: Some(1), ..Wanted::default() };
    let made = stage.service.modules["mdm"].challenge(&wanted).await.expect("a challenge");
    tokio::time::sleep(std::time::Duration::from_millis(2100)).await;
    assert_eq!(refused(&stage.enrol("mdm", "laptop-1", &made.challenge).await), "challenge.expired");
    // A wrong challenge is refused where an operator decides too.
    assert_eq!(refused(&stage.enrol("mdm-approval", "laptop-1", "P1.foreign").await), "challenge.wrong");
    let outcome = stage.enrol("mdm-approval", "laptop-1", "").await;
    assert!(matches!(outcome, Outcome::Pending), "{outcome:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_challenge_that_no_request_could_fit_is_not_made() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let wanted = |edit: fn(&mut Wanted)| {
        let mut wanted = Wanted { endpoint: "mdm".to_owned(), ..Wanted::default() };
        edit(&mut wanted);
        wanted
    };
    for bad in [
        wanted(|w| w.endpoint = String::new()),
        wanted(|w| w.endpoint = "../x".to_owned()),
        wanted(|w| w.validity = Some(0)),
        wanted(|w| w.validity = Some(i64::MAX)),
        wanted(|w| w.subject = Some("no name".to_owned())),
        wanted(|w| w.key_usage = Some(vec!["everything".to_owned()])),
        wanted(|w| w.sid = Some("S-1".to_owned())),
    ] {
        let answer = stage.service.modules["mdm"].challenge(&bad).await.err();
        let Some(NoAnswer::Rejected { status: 400, says }) = answer else { panic!("{bad:?}: {answer:?}") };
        assert!(says.contains("request.content"), "{says}");
    }
    running.stop().await;
}
