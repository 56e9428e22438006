//! What is to be told is queued by the commit and delivered in order, once, until it is acknowledged.

use client::Outcome;
use server::registration::{Notification, deliver};
use server::store::{Actor, CaseFilter, CaseState};
use server::{operator, world};

use super::impostor::{Impostor, Manner};
use super::outage::server_certificate;
use super::stage::{Stage, issued};

#[tokio::test(flavor = "multi_thread")]
async fn notices_wait_for_the_other_side_and_keep_their_order() {
    let stage = Stage::trusting("trust.pem").await;
    let trust = super::caller::authority(&pki::Name::parse("CN=Trust").expect("a name"), world::now());
    std::fs::write(stage.folder().join("trust.pem"), trust.certificate.to_pem()).expect("written");
    let own = server_certificate(&trust.certificate, &trust.key, 86_400, world::now());
    let impostor = Impostor::listen(stage.point, &own, Manner::TakesNoNotice).await;
    let mut serials = Vec::new();
    for device in ["laptop-1", "laptop-2", "laptop-3"] {
        serials.push(issued(stage.enrol("mdm", device, device).await).serial_hex());
    }
    deliver(&stage.service, server::world::now).await.expect("the store");
    let waiting = stage.service.store.notices_waiting("mdm", 10).await.expect("notices");
    assert_eq!(waiting.iter().map(|n| n.tries).collect::<Vec<_>>(), [1, 0, 0]);
    assert!(waiting[0].failure.as_deref().is_some_and(|why| why.contains("503")), "{:?}", waiting[0].failure);
    impostor.end().await;

    std::fs::write(stage.folder().join("trust.pem"), stage.root().to_pem()).expect("written");
    let running = stage.run_point().await;
    let begun = std::time::Instant::now();
    while !stage.service.store.notices_waiting("mdm", 1).await.expect("notices").is_empty() {
        assert!(begun.elapsed().as_secs() < 20, "the notices are not delivered");
        deliver(&stage.service, server::world::now).await.expect("the store");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let told = running.point.store().notifications(10).await.expect("notifications");
    let read = |body: &str| serde_json::from_str::<Notification>(body).expect("a notification");
    let found: Vec<String> = told.iter().filter_map(|n| read(&n.body).serial).collect();
    assert_eq!(found, serials);
    assert!(told.iter().all(|n| read(&n.body).certificate.is_some()));

    // An acknowledgement was lost: the same is told again, and recorded once.
    stage.service.modules["mdm"].notify(&read(&told[0].body)).await.expect("acknowledged");
    deliver(&stage.service, server::world::now).await.expect("the store");
    assert_eq!(running.point.store().notifications(10).await.expect("notifications").len(), 3);
    running.stop().await;
}

/// A refusal after the module said yes is told too.
#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_after_a_good_challenge_is_told() {
    let stage =
        Stage::edited(|text| text.replace("[profile.device]\n", "[profile.device]\nrsa_bits = [3072, 4096]\n")).await;
    let running = stage.run_point().await;
    let challenge = stage.challenge("mdm", "laptop-1").await;
    let code = super::stage::refused(&stage.enrol("mdm", "laptop-1", &challenge.challenge).await).to_owned();
    deliver(&stage.service, server::world::now).await.expect("the store");
    let told = running.point.store().notifications(10).await.expect("notifications");
    let [told] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!((told.outcome.as_str(), told.challenge.as_deref()), ("refused", Some(challenge.id.as_str())));
    assert!(told.body.contains(&code), "{}", told.body);
    running.stop().await;
}

/// An operator's no is told like any other.
#[tokio::test(flavor = "multi_thread")]
async fn the_no_of_an_operator_is_told() {
    let stage = Stage::edited(|text| text).await;
    let running = stage.run_point().await;
    assert!(matches!(stage.enrol("mdm-approval", "laptop-1", "").await, Outcome::Pending));
    let waiting = CaseFilter { state: Some(CaseState::Pending), limit: 10, ..CaseFilter::default() };
    let cases = stage.service.store.cases(&waiting).await.expect("cases");
    let by = Actor { name: "alice".to_owned(), source: "cli".to_owned() };
    operator::deny(&stage.service, &cases[0].id, &by, "not ours", world::now()).await.expect("denied");
    deliver(&stage.service, world::now).await.expect("the store");
    let told = running.point.store().notifications(10).await.expect("notifications");
    assert_eq!(told.iter().map(|n| n.outcome.as_str()).collect::<Vec<_>>(), ["pending", "refused"]);
    assert!(told[1].body.contains("operator.denied") && told[1].body.contains("alice: not ours"), "{}", told[1].body);
    running.stop().await;
}
