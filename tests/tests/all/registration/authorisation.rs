//! Who may call: every fault a client certificate can have is refused, with its own code, in the words of IIS and CAPI2,
//! and stands in the audit; by TLS 1.2 and 1.3.

use ca::Profile;
use pki::crl::Reason;
use rustls::SupportedProtocolVersion;
use rustls::version::{TLS12, TLS13};
use server::registration::Fault;
use server::store::Actor;
use server::{revocation, world};

use super::caller::{self, Keyed, Response, post};
use super::stage::Stage;

const NAME: &str = "CN=Example Policy Module,O=Example";
const HOUR: i64 = 3600;

/// A question that a registration point would answer: whoever gets an answer to it got in.
const QUESTION: &[u8] = br#"{"endpoint":"mdm","device":"laptop-1"}"#;

pub(super) struct Attempt {
    pub(super) own: Option<Keyed>,
    pub(super) expected: Fault,
}

pub(super) async fn call(stage: &Stage, own: Option<&Keyed>, version: &'static SupportedProtocolVersion) -> Response {
    post(stage.point, &stage.root(), own, version, "/v1/challenge", QUESTION).await
}

/// Certificates that have one fault each.
pub(super) fn attempts(stage: &Stage) -> Vec<Attempt> {
    let now = world::now();
    let credentials = stage.service.credentials.load();
    let ours = credentials.issuer().expect("a CA");
    let by_us =
        |name: &str, profile: &Profile, at| caller::certificate(name, profile, &ours.certificate, &*ours.key, at);
    let client = Profile::tls_client(365 * 86_400);
    let other = caller::authority(&pki::Name::parse("CN=Other CA").expect("a name"), now);
    let namesake = caller::authority(ours.certificate.subject(), now);
    let by = |ca: &Keyed| caller::certificate(NAME, &client, &ca.certificate, &ca.key, now);
    let early = Profile { backdate: 0, ..client.clone() };
    [
        (None, Fault::None),
        (Some(by(&other)), Fault::Issuer),
        (Some(by(&namesake)), Fault::Signature),
        (Some(by_us(NAME, &Profile::tls_client(HOUR), now.plus(-3 * HOUR))), Fault::Expired),
        (Some(by_us(NAME, &early, now.plus(3 * HOUR))), Fault::Early),
        (Some(by_us(NAME, &Profile::tls_server(365 * 86_400), now)), Fault::Purpose),
        (Some(by_us("CN=laptop-17", &client, now)), Fault::Name),
    ]
    .map(|(own, expected)| Attempt { own, expected })
    .into_iter()
    .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_is_refused_with_its_code_by_both_versions_of_tls() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    for attempt in attempts(&stage) {
        for version in [&TLS12, &TLS13] {
            refused(&stage, attempt.own.as_ref(), version, attempt.expected).await;
        }
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_call_gets_an_answer_until_its_certificate_is_revoked() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let credential = stage.service.credentials.load().policy_module_client.clone().expect("a credential");
    let key = pki::key::PrivateKey::from_pkcs8(credential.key.pkcs8()).expect("the key");
    let own = Keyed { certificate: credential.certificate.clone(), key };
    for version in [&TLS12, &TLS13] {
        let response = call(&stage, Some(&own), version).await;
        assert_eq!(response.status, 201, "{response:?}");
    }
    let by = Actor { name: "alice".to_owned(), source: "cli".to_owned() };
    let serial = own.certificate.serial();
    revocation::revoke(&stage.service, serial, Reason::KeyCompromise, &by, world::now()).await.expect("revoked");
    for version in [&TLS12, &TLS13] {
        refused(&stage, Some(&own), version, Fault::Revoked).await;
    }
    running.stop().await;
}

/// Another generation of the issuer's certificate, a second certificate of the same name: no thumbprint counts.
#[tokio::test(flavor = "multi_thread")]
async fn any_valid_generation_may_call() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let credentials = stage.service.credentials.load();
    let ours = credentials.issuer().expect("a CA");
    let client = Profile::tls_client(HOUR);
    for _ in 0..2 {
        let own = caller::certificate(NAME, &client, &ours.certificate, &*ours.key, world::now());
        assert_eq!(call(&stage, Some(&own), &TLS13).await.status, 201);
    }
    running.stop().await;
}

async fn refused(stage: &Stage, own: Option<&Keyed>, version: &'static SupportedProtocolVersion, expected: Fault) {
    let response = call(stage, own, version).await;
    assert_eq!(response.status, 403, "{expected:?}: {response:?}");
    let error = &response.body["error"];
    assert_eq!(error["code"], expected.text(), "{response:?}");
    assert_eq!(error["status"], expected.status());
    assert_eq!(error["hresult"], format!("0x{:08X}", expected.hresult()));
    assert_eq!(error["faults"].as_array().map(Vec::len), Some(1), "{response:?}");
    let row = &stage.audit("refuse").await[0];
    assert_eq!((row.entry.code.as_str(), row.entry.outcome.as_str()), (expected.text(), "refused"));
    assert!(row.entry.detail.contains(expected.status()), "{}", row.entry.detail);
}
