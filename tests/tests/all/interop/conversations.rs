//! The requests of real clients in `fixtures/corpus`, octet for octet, sent to a service that holds the keys they were
//! encrypted to, as earlier keys of its RA.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pki::cms::SignedData;
use pki::der::{Limits, normalise};
use pki::key::{PrivateKey, Sign};
use pki::{Certificate, oid};
use scep::client::{Answer, Expected, open_reply};
use scep::server::Legacy as Old;
use server::config::Config;
use server::store::{Actor, CredentialRecord, Slot, Store};
use server::world;

use super::client::{Client, SECRET, attributes};
use crate::harness::{Legacy, Options, Service};

fn corpus(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/corpus").join(file)
}

fn read(file: &str) -> Vec<u8> {
    std::fs::read(corpus(file)).expect(file)
}

/// A row of index.tsv that is a pkiMessage to a server.
struct Request {
    client: String,
    what: String,
    recipient: String,
    file: String,
}

fn requests() -> Vec<Request> {
    let index = String::from_utf8(read("index.tsv")).expect("text");
    let rows = index.lines().skip(1).map(|line| line.split('\t').map(str::to_owned).collect::<Vec<_>>());
    rows.filter(|row| row[4].ends_with(".req.der"))
        .map(|row| Request {
            client: row[0].clone(),
            what: row[2].clone(),
            recipient: row[3].clone(),
            file: row[4].clone(),
        })
        .collect()
}

/// Gives the service another key to open envelopes with: one that clients may still hold the certificate of.
async fn hold(service: &Service, name: &str) {
    let config = Config::read(&service.folder().join("perennial.toml")).expect("a configuration");
    let certificate = Certificate::parse_any(&read(&format!("keys/{name}.pem"))).remove(0);
    let file = format!("keys/{name}.key.pem");
    std::fs::write(service.folder().join(&file), read(&format!("keys/{name}.key"))).expect("a key");
    let store = Store::open(&config.store, &config.node).await.expect("the store");
    let record = CredentialRecord {
        id: pki::digest::hex(&certificate.fingerprint()),
        role: "ra-encryption".to_owned(),
        slot: Slot::Retired,
        certificate: certificate.der().to_vec(),
        key_reference: file,
        since: world::now().plus(-86_400),
        until: certificate.validity().not_after,
    };
    let actor = Actor { name: "test".to_owned(), source: "test".to_owned() };
    store.credential_put(&record, &actor, world::now()).await.expect("stored");
}

/// The private key that belongs to a certificate, from the client's folder.
fn key(client: &str, certificate: &Certificate) -> Option<PrivateKey> {
    let folder = std::fs::read_dir(corpus(client)).expect("a folder");
    let keys = folder.filter_map(|entry| PrivateKey::parse(&std::fs::read(entry.expect("an entry").path()).ok()?).ok());
    keys.into_iter().find(|key| key.public_key() == certificate.public_key())
}

/// What the service says to a request, as the client that sent it reads it.
fn answer(client: &Client<'_>, request: &Request, message: &[u8], reply: &[u8]) -> Option<Answer> {
    let normalised = normalise(message, Limits::default()).expect("BER");
    let signed = SignedData::parse(&normalised).expect("a message");
    let signer = signed.signers[0].named_among(&signed.certificates).remove(0);
    let key = key(&request.client, &signer)?;
    let (transaction_id, nonce) = attributes(&normalised, |attributes| {
        let text = attributes.single(&oid::SCEP_TRANSACTION_ID).and_then(|value| value.text());
        let nonce = attributes.single(&oid::SCEP_SENDER_NONCE).map(|value| value.value.to_vec());
        (text.expect("a transactionID"), nonce.expect("a nonce"))
    });
    let expected = Expected {
        transaction_id: &transaction_id,
        nonce: &nonce,
        authorities: &client.authorities.all,
        certificate: &signer,
        key: &key,
        challenge: Some(SECRET),
        legacy: Old::TripleDes,
    };
    Some(open_reply(reply, &expected).unwrap_or_else(|flaw| panic!("{}: {flaw}", request.file)))
}

/// Every first request is granted, because its challenge is right; every question about another service's certificate
/// is refused, because it is another service's. Nothing is unreadable.
#[test]
fn every_request_of_a_real_client_is_opened_and_answered() {
    let mut service =
        Service::init(Options { static_challenge: Some(SECRET), legacy: Legacy::Accept, ..Options::default() });
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut recipients: Vec<String> = requests().into_iter().map(|request| request.recipient).collect();
    recipients.sort_unstable();
    recipients.dedup();
    for name in &recipients {
        runtime.block_on(hold(&service, name));
    }
    service.serve();
    let client = Client::of(&service);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for request in requests() {
        let message = read(&request.file);
        let response = client.post(&message);
        assert_eq!(response.status, 200, "{}: {}", request.file, response.text());
        let status = attributes(&response.body, |a| a.single(&oid::SCEP_PKI_STATUS).and_then(|value| value.text()));
        let Some(answer) = answer(&client, &request, &message, &response.body) else {
            assert_eq!(status.as_deref(), Some("0"), "{}", request.file);
            *counts.entry("granted, to a key that is not here").or_default() += 1;
            continue;
        };
        let what = match answer {
            Answer::Success { .. } => "granted",
            Answer::Failure { text, .. } => match text.as_deref() {
                Some("renewal.signer") => "renewal of another service's certificate",
                Some("certificate.unknown" | "crl.unknown") => "another service's certificate",
                other => panic!("{} ({}): {other:?}", request.file, request.what),
            },
            Answer::Pending => panic!("{} waits", request.file),
        };
        *counts.entry(what).or_default() += 1;
    }
    // Polls are granted too: the request they ask about was sent here before.
    let expected = [
        ("another service's certificate", 2),
        ("granted", 22),
        ("granted, to a key that is not here", 1),
        ("renewal of another service's certificate", 3),
    ];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
}
