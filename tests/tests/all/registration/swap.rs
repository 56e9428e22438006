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

/// Both sides are renewed by the service itself while connections are open; the registration point, which is asked
/// whether it takes the new client, and the policy module follow without a restart.
#[tokio::test(flavor = "multi_thread")]
async fn both_sides_are_renewed_under_open_connections() {
    let stage = Stage::new().await;
    let running = stage.run_point().await;
    let module = &stage.service.modules["mdm"];
    let listed = server::credential::list(&stage.service, world::now()).await.expect("listed");
    for role in [Role::TlsServer, Role::PolicyModuleClient, Role::IssuingCa] {
        assert!(listed.iter().any(|one| one.role == role && one.moments.is_some()), "{role:?}");
        module.challenge(&wanted()).await.expect("a challenge");
        let server = caller::server_of(stage.point, &stage.root()).await;
        let client = stage.service.credentials.load().policy_module_client.clone().expect("a credential").certificate;
        server::credential::renew(&stage.service, role, world::now()).await.expect("renewed");
        // Before the registration point has looked again: the new client, and what is shown, are those of the store.
        module.challenge(&wanted()).await.expect("a challenge");
        running.point.refresh(world::now()).await.expect("taken over");
        let follows = |changed: bool, of: Role| assert_eq!(changed, [of, Role::IssuingCa].contains(&role), "{role:?}");
        follows(caller::server_of(stage.point, &stage.root()).await != server, Role::TlsServer);
        let now = stage.service.credentials.load().policy_module_client.clone().expect("a credential").certificate;
        follows(now != client, Role::PolicyModuleClient);
        module.challenge(&wanted()).await.expect("a challenge");
    }
    assert_eq!(stage.service.state.reasons(), Vec::new());
    running.stop().await;
}

/// A registration point of another host that does not know the new CA, or is down: the new client waits, the old one
/// serves on, and once the other side knows it nothing more need be done.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_client_waits_until_the_registration_point_takes_it() {
    let stage = Stage::new().await;
    let old_issuer = stage.service.credentials.load().issuer().expect("a CA").certificate.clone();
    let issuers = stage.folder().join("issuers.pem");
    std::fs::write(&issuers, old_issuer.to_pem()).expect("written");
    let config = stage.folder().join("perennial.toml");
    let text = std::fs::read_to_string(&config).expect("the configuration");
    let elsewhere = text.replace("client_name = ", "client_issuer = \"issuers.pem\"\nclient_name = ");
    let point_config = server::config::Config::parse(&elsewhere, "test", &stage.folder()).expect("a configuration");
    let running = super::stage::run(&point_config, stage.point).await;
    let module = &stage.service.modules["mdm"];
    let client = || stage.service.credentials.load().policy_module_client.clone().expect("a credential").certificate;
    let before = client();

    let renewed = async |role| server::credential::renew(&stage.service, role, world::now()).await;
    renewed(Role::IssuingCa).await.expect("renewed");
    assert_eq!(client(), before);
    module.challenge(&wanted()).await.expect("a challenge");
    let reasons = stage.service.state.reasons();
    let reason = reasons.iter().find(|r| r.role == Role::PolicyModuleClient).expect("a reason");
    assert_eq!(reason.code, "credential.proof-failed");
    assert!(reason.says.contains("waits") && reason.says.contains("client.signature"), "{}", reason.says);

    // Nor does it take over while nobody answers; and no further one is made.
    running.stop().await;
    let waiting = || async { stage.service.store.credentials(Some(Role::PolicyModuleClient.name())).await };
    let rows = waiting().await.expect("read");
    let refused = renewed(Role::PolicyModuleClient).await.expect_err("nobody answers").to_string();
    assert!(refused.contains("cannot be asked"), "{refused}");
    assert_eq!(waiting().await.expect("read"), rows);

    let new_issuer = stage.service.credentials.load().issuer().expect("a CA").certificate.clone();
    std::fs::write(&issuers, format!("{}{}", old_issuer.to_pem(), new_issuer.to_pem())).expect("written");
    let running = super::stage::run(&point_config, stage.point).await;
    renewed(Role::PolicyModuleClient).await.expect("renewed");
    assert_ne!(client(), before);
    module.challenge(&wanted()).await.expect("a challenge");
    running.stop().await;
}

/// Only a registration point that has judged the new client says 404; a proxy's or its own trouble is no consent.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_says_nothing_of_the_new_client_is_none() {
    let stage = Stage::trusting("trust.pem").await;
    let trust = caller::authority(&pki::Name::parse("CN=Trust").expect("a name"), world::now());
    std::fs::write(stage.folder().join("trust.pem"), trust.certificate.to_pem()).expect("written");
    let own = server_certificate(&trust.certificate, &trust.key, 86_400, world::now());
    let client = || stage.service.credentials.load().policy_module_client.clone().expect("a credential").certificate;
    let before = client();
    let renewed = async || server::credential::renew(&stage.service, Role::PolicyModuleClient, world::now()).await;
    for status in ["503 Service Unavailable", "502 Bad Gateway", "200 OK", "401 Unauthorized"] {
        let impostor = Impostor::listen(stage.point, &own, Manner::Status(status)).await;
        let refused = renewed().await.expect_err(status).to_string();
        let says = format!("does not say whether it takes it: it answers {status}");
        assert!(refused.contains("waits") && refused.contains(&says), "{refused}");
        assert_eq!(client(), before, "{status}");
        impostor.end().await;
    }
    let impostor = Impostor::listen(stage.point, &own, Manner::Status("404 Not Found")).await;
    renewed().await.expect("renewed");
    assert_ne!(client(), before);
    impostor.end().await;
}

/// Nobody answers until the old client certificate is near its end: then the new one takes over unasked.
#[tokio::test(flavor = "multi_thread")]
async fn a_silent_registration_point_holds_a_new_client_back_until_the_old_one_is_near_its_end() {
    let short = "\n[credential.policy-module-client]\nvalidity = \"10s\"\n";
    let stage = Stage::edited(|text| format!("{text}{short}")).await;
    let running = stage.run_point().await;
    server::credential::renew(&stage.service, Role::PolicyModuleClient, world::now()).await.expect("renewed");
    running.stop().await;
    let client = || stage.service.credentials.load().policy_module_client.clone().expect("a credential").certificate;
    let before = client();
    let moments = ca::rotation::Moments::of(before.validity());
    let mut waited = false;
    let changed = loop {
        let now = world::now();
        server::credential::round(&stage.service, now).await.expect("a round");
        if client() != before {
            break now;
        }
        let reasons = stage.service.state.reasons();
        waited |= reasons.iter().any(|r| r.role == Role::PolicyModuleClient && r.says.contains("cannot be asked"));
        assert!(now < moments.ended, "it ended");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    };
    assert!(waited && changed >= moments.emergency, "{changed}, {moments:?}");
    assert_eq!(stage.service.state.reasons(), Vec::new());
}
