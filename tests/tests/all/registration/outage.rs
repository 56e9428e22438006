//! The other side down, slow, talking rubbish, closing in the middle, with an expired certificate or a foreign one: the
//! device gets a FAILURE with a code, or waits where an operator decides; never a certificate. Then it is well again,
//! and so is everything else.

use ca::Profile;
use client::Outcome;
use pki::extension::GeneralName;
use pki::key::Sign;
use server::credential::Inventory;
use server::store::{CaseFilter, CaseState};
use server::world;

use super::caller::{self, Keyed};
use super::impostor::{Impostor, Manner};
use super::stage::{Stage, issued, refused};

const HOUR: i64 = 3600;

/// A certificate for the registration point's address, made at this time by this CA.
pub(super) fn server_certificate(issuer: &pki::Certificate, key: &dyn Sign, validity: i64, at: pki::Time) -> Keyed {
    let own = pki::key::PrivateKey::generate(pki::key::KeySpec::P256).expect("a key");
    let name = pki::Name::parse("CN=Example Registration Point").expect("a name");
    let names = vec![GeneralName::Ip(vec![127, 0, 0, 1])];
    let order = ca::Order::new(name, names, own.public_key().clone());
    let serial = ca::Serial::random(&mut world::random);
    let profile = Profile::tls_server(validity);
    let prepared = ca::prepare(&order, &profile, issuer, key.preferred(), &serial, at).expect("no flaw");
    Keyed { certificate: ca::sign(prepared, issuer, key).expect("signed"), key: own }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_certificate_without_an_answer_and_recovery_by_itself() {
    let stage = Stage::trusting("trust.pem").await;
    let now = world::now();
    // The impostors' certificates come from a CA that is trusted for the time being.
    let trust = caller::authority(&pki::Name::parse("CN=Trust").expect("a name"), now);
    let other = caller::authority(&pki::Name::parse("CN=Other").expect("a name"), now);
    std::fs::write(stage.folder().join("trust.pem"), trust.certificate.to_pem()).expect("written");
    let good = server_certificate(&trust.certificate, &trust.key, 24 * HOUR, now);
    let expired = server_certificate(&trust.certificate, &trust.key, HOUR, now.plus(-3 * HOUR));
    let foreign = server_certificate(&other.certificate, &other.key, 24 * HOUR, now);

    unavailable(&stage, "down", "cannot be reached").await;
    let valid = "{\"outcome\":\"valid\",\"id\":\"c-1\"}";
    for (own, manner, says) in [
        (&good, Manner::Silent, "did not answer within 1 s"),
        (&good, Manner::Says("<html>certainly</html>"), "cannot be read"),
        (&good, Manner::Says("{\"outcome\":\"perhaps\"}"), "cannot be read"),
        (&good, Manner::Says("true"), "cannot be read"),
        (&good, Manner::Says("{\"outcome\":\"valid\",\"profile\":\"administrator\"}"), "profile that does not exist"),
        (&good, Manner::HangsUp, "cannot be reached"),
        (&good, Manner::NoTls, "cannot be reached"),
        (&expired, Manner::Says(valid), "0x800B0101 CERT_E_EXPIRED server.expired"),
        (&foreign, Manner::Says(valid), "0x800B010A CERT_E_CHAINING server.chain"),
    ] {
        let impostor = Impostor::listen(stage.point, own, manner).await;
        unavailable(&stage, &format!("{manner:?}"), says).await;
        impostor.end().await;
    }

    // The real one comes back under the real root; nobody restarts the service.
    std::fs::write(stage.folder().join("trust.pem"), stage.root().to_pem()).expect("written");
    let running = stage.run_point().await;
    let challenge = stage.challenge("mdm", "laptop-1").await;
    issued(stage.enrol("mdm", "laptop-1", &challenge.challenge).await);
    running.stop().await;
}

/// FAILURE where only challenges count, PENDING where an operator decides; the audit says why.
async fn unavailable(stage: &Stage, what: &str, says: &str) {
    let outcome = stage.enrol("mdm", "laptop-1", "P1.whatever").await;
    assert_eq!(refused(&outcome), "challenge.unavailable", "{what}");
    let row = &stage.audit("refuse").await[0].entry;
    assert_eq!(row.code, "challenge.unavailable");
    assert!(row.detail.contains(says), "{what}: {}", row.detail);
    let outcome = stage.enrol("mdm-approval", "laptop-1", "P1.whatever").await;
    assert!(matches!(outcome, Outcome::Pending), "{what}: {outcome:?}");
    let pended = &stage.audit("pend").await[0].entry;
    assert!(pended.detail.contains("NOT verified") && pended.detail.contains(says), "{what}: {}", pended.detail);
    let issued = CaseFilter { state: Some(CaseState::Issued), limit: 1, ..CaseFilter::default() };
    assert!(stage.service.store.cases(&issued).await.expect("cases").is_empty(), "{what}");
}

/// What cannot be asked is not asked: an endpoint whose credential is missing refuses.
#[tokio::test(flavor = "multi_thread")]
async fn a_service_without_its_client_credential_issues_nothing() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let challenge = stage.challenge("mdm", "laptop-1").await;
    let inventory = Inventory::read(&stage.service.store, &stage.folder()).await.expect("them");
    let mut credentials = inventory.credentials(&stage.folder()).expect("credentials");
    credentials.policy_module_client = None;
    stage.service.credentials.store(std::sync::Arc::new(credentials));
    assert_eq!(refused(&stage.enrol("mdm", "laptop-1", &challenge.challenge).await), "challenge.unavailable");
    running.stop().await;
}
