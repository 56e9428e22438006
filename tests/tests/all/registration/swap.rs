//! Connections are kept, and nothing that is replaced in memory or in the store needs a restart.

use std::sync::Arc;

use ca::Profile;
use pki::crl::Reason;
use pki::extension::GeneralName;
use pki::key::Sign;
use server::credential::{Inventory, Keyed, Role};
use server::registration::{NoAnswer, Wanted};
use server::store::{Actor, CredentialMove, CredentialRecord, Slot};
use server::{revocation, world};

use super::caller;
use super::impostor::{Impostor, Manner};
use super::outage::server_certificate;
use super::stage::{Stage, issued};

fn by() -> Actor {
    Actor { name: "alice".to_owned(), source: "cli".to_owned() }
}

fn wanted() -> Wanted {
    Wanted { endpoint: "mdm".to_owned(), ..Wanted::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_connection_serves_many_questions() {
    let stage = Stage::trusting("trust.pem").await;
    let trust = caller::authority(&pki::Name::parse("CN=Trust").expect("a name"), world::now());
    std::fs::write(stage.folder().join("trust.pem"), trust.certificate.to_pem()).expect("written");
    let own = server_certificate(&trust.certificate, &trust.key, 86_400, world::now());
    let impostor = Impostor::listen(stage.point, &own, Manner::TakesNoNotice).await;
    for device in ["laptop-1", "laptop-2", "laptop-3"] {
        issued(stage.enrol("mdm", device, device).await);
    }
    assert_eq!(impostor.connections(), 1);
    impostor.end().await;
}

/// A kept connection is judged anew at every request; another credential makes another connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_client_is_refused_on_its_open_connection_and_its_successor_is_not() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let module = &stage.service.modules["mdm"];
    module.challenge(&wanted()).await.expect("a challenge");
    let old = stage.service.credentials.load().policy_module_client.clone().expect("a credential");
    let serial = old.certificate.serial();
    revocation::revoke(&stage.service, serial, Reason::Superseded, &by(), world::now()).await.expect("revoked");
    let Some(NoAnswer::Rejected { status: 403, says }) = module.challenge(&wanted()).await.err() else {
        panic!("taken")
    };
    assert!(says.contains("403.13 client.revoked (0x80092010)"), "{says}");

    let inventory = Inventory::read(&stage.service.store, &stage.folder()).await.expect("them");
    let mut credentials = inventory.credentials(&stage.folder()).expect("credentials");
    let ours = credentials.issuer().expect("a CA").clone();
    let name = "CN=Example Policy Module,O=Example";
    let next = caller::certificate(name, &Profile::tls_client(3600), &ours.certificate, &*ours.key, world::now());
    credentials.policy_module_client = Some(Keyed { certificate: next.certificate, key: Arc::new(next.key) });
    stage.service.credentials.store(Arc::new(credentials));
    module.challenge(&wanted()).await.expect("a challenge again");
    running.stop().await;
}

/// The next connection sees the new certificate, and the service that asks does not notice.
#[tokio::test(flavor = "multi_thread")]
async fn a_renewed_server_certificate_is_used_from_the_next_connection_on() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let module = &stage.service.modules["mdm"];
    module.challenge(&wanted()).await.expect("a challenge");
    let before = caller::server_of(stage.point, &stage.root()).await;
    let next = successor(&stage).await;
    running.point.refresh(world::now()).await.expect("taken over");
    assert_eq!(caller::server_of(stage.point, &stage.root()).await, next);
    assert_ne!(before, next);
    module.challenge(&wanted()).await.expect("a challenge");
    running.stop().await;
}

/// Puts another TLS server credential into the store, as its renewal does.
async fn successor(stage: &Stage) -> pki::Certificate {
    let store = &stage.service.store;
    let now = world::now();
    let credentials = stage.service.credentials.load();
    let ours = credentials.issuer().expect("a CA");
    let key = pki::key::PrivateKey::generate(pki::key::KeySpec::P256).expect("a key");
    let name = pki::Name::parse("CN=Example Registration Point 2").expect("a name");
    let order = ca::Order::new(name, vec![GeneralName::Ip(vec![127, 0, 0, 1])], key.public_key().clone());
    let serial = ca::Serial::random(&mut world::random);
    let profile = Profile::tls_server(86_400);
    let algorithm = ours.key.preferred();
    let prepared = ca::prepare(&order, &profile, &ours.certificate, algorithm, &serial, now).expect("no flaw");
    let certificate = ca::sign(prepared, &ours.certificate, &*ours.key).expect("signed");
    std::fs::write(stage.folder().join("keys/tls-server-2.key.pem"), key.to_pem().as_bytes()).expect("written");
    let role = Role::TlsServer.name();
    let current = store.credentials(Some(role)).await.expect("credentials").remove(0);
    let record = CredentialRecord {
        id: pki::digest::hex(&certificate.fingerprint()),
        role: role.to_owned(),
        slot: Slot::Next,
        certificate: certificate.der().to_vec(),
        key_reference: "keys/tls-server-2.key.pem".to_owned(),
        since: now,
        until: certificate.validity().not_after,
    };
    store.credential_put(&record, &by(), now).await.expect("stored");
    let moves = [
        CredentialMove { id: current.id, from: Slot::Current, to: Slot::Retired },
        CredentialMove { id: record.id, from: Slot::Next, to: Slot::Current },
    ];
    store.credentials_move(&moves, &by(), now).await.expect("moved");
    certificate
}

/// What nothing renews is shown as that, and not promised.
#[tokio::test(flavor = "multi_thread")]
async fn tls_credentials_are_watched_and_not_renewed() {
    let stage = Stage::new().await;
    let listed = server::credential::list(&stage.service, world::now()).await.expect("listed");
    for one in &listed {
        let never = matches!(one.role, Role::Root | Role::TlsServer | Role::PolicyModuleClient);
        assert_eq!(one.moments.is_none(), never, "{:?}", one.role);
    }
    assert!(listed.iter().any(|one| one.role == Role::TlsServer));
    let refused = server::credential::renew(&stage.service, Role::TlsServer, world::now()).await.expect_err("renewed");
    assert!(refused.to_string().contains("not renewed by this program yet"), "{refused}");
    let years = world::now().plus(9 * 365 * 86_400);
    server::credential::round(&stage.service, years).await.expect("a round");
    let reasons = stage.service.state.reasons();
    assert!(reasons.iter().any(|r| r.role == Role::TlsServer && r.says.contains("nothing renews it")), "{reasons:?}");
}
