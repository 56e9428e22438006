//! What real clients and servers said to each other (fixtures/corpus): every message is read, verified and opened as
//! its DECODED.txt says, and every request is answered so that the client who sent it can read the answer.
#![expect(clippy::disallowed_methods, reason = "these tests read fixtures")]

#[path = "support/mod.rs"]
mod support;

use std::collections::BTreeMap;

use pki::key::PrivateKey;
use pki::{Certificate, Request, oid};
use scep::ca_certs::{self, Authorities, CaCertsFlaw};
use scep::caps::{Capability, Caps};
use scep::client::{Answer, Expected, open_reply};
use scep::http::{Method, Operation, parse};
use scep::server::{
    Accept, Content, DecryptionKey, Legacy, Opened, Opening, RaKeys, Reply, Shape, SigningKey, Weak, open, seal,
};
use support::{fixture, fixture_path, now, random};

/// A row of index.tsv.
struct Row {
    client: String,
    what: String,
    recipient: String,
    file: String,
}

fn index() -> Vec<Row> {
    let text = String::from_utf8(fixture("index.tsv")).expect("text");
    text.lines()
        .skip(1)
        .map(|line| {
            let columns: Vec<&str> = line.split('\t').collect();
            let octets = fixture(columns[4]);
            assert_eq!(octets.len().to_string(), columns[5], "{}", columns[4]);
            assert_eq!(pki::digest::hex(&pki::digest::sha256(&octets)), columns[6], "{}", columns[4]);
            let column = |n: usize| columns[n].to_owned();
            Row { client: column(0), what: column(2), recipient: column(3), file: column(4) }
        })
        .collect()
}

/// The sections of a DECODED.txt by file name.
fn decoded(client: &str) -> BTreeMap<String, String> {
    let text = String::from_utf8(fixture(&format!("{client}/DECODED.txt"))).expect("text");
    text.split("\n== ")
        .map(|section| {
            let section = section.trim_start_matches("== ");
            let name = section.split(' ').next().expect("name");
            (name.to_owned(), section.to_owned())
        })
        .collect()
}

/// What stands after `label` up to the end of the line.
fn after<'a>(section: &'a str, label: &str) -> Option<&'a str> {
    section.split_once(label).map(|(_, rest)| rest.lines().next().unwrap_or_default().trim())
}

fn pair(name: &str) -> (Certificate, PrivateKey) {
    let certificate = Certificate::parse_any(&fixture(&format!("keys/{name}.pem"))).remove(0);
    (certificate, PrivateKey::parse(&fixture(&format!("keys/{name}.key"))).expect("key"))
}

fn accept() -> Accept {
    Accept { legacy: Legacy::SingleDes, ..Accept::default() }
}

fn opened(message: &[u8], recipient: &str) -> Opened {
    let (certificate, key) = pair(recipient);
    let keys = RaKeys {
        decryption: vec![DecryptionKey { certificate: &certificate, key: &key }],
        signing: SigningKey { certificate: &certificate, key: &key },
    };
    match open(message, &keys, &accept(), &mut random()) {
        Opening::Opened(opened) => *opened,
        other => panic!("{other:?}"),
    }
}

/// The client's key that belongs to a certificate.
fn client_key(client: &str, certificate: &Certificate) -> Option<PrivateKey> {
    std::fs::read_dir(fixture_path(client))
        .expect("folder")
        .filter_map(|entry| std::fs::read(entry.expect("entry").path()).ok())
        .filter_map(|octets| PrivateKey::parse(&octets).ok())
        .find(|key| pki::key::Sign::public_key(key) == certificate.public_key())
}

/// The one conversation whose client key the corpus does not hold (nor does DECODED.txt show the certificate).
const WITHOUT_KEY: &str = "certmonger/step-ca-0.30.2-get-pkcsreq";

#[test]
fn every_row_of_the_index_is_looked_at() {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in index() {
        let kind = ["req.der", "req.http", "resp.der", "resp.http", "resp.bin"]
            .into_iter()
            .find(|kind| row.file.ends_with(kind))
            .unwrap_or_else(|| panic!("{}", row.file));
        *counts.entry(kind).or_default() += 1;
        match kind {
            "req.der" => request(&row),
            "req.http" => request_line(&row),
            "resp.der" => reply(&row),
            "resp.bin" => other_answer(&row),
            _ => assert!(String::from_utf8(fixture(&row.file)).expect("text").starts_with("HTTP/1."), "{}", row.file),
        }
    }
    let expected = [("req.der", 28), ("req.http", 33), ("resp.bin", 8), ("resp.der", 25), ("resp.http", 33)];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
}

fn request(row: &Row) {
    let opened = opened(&fixture(&row.file), &row.recipient);
    let name = row.file.rsplit('/').next().expect("name");
    let sections = decoded(&row.client);
    let section = &sections[name];
    let stated = |label: &str| after(section, label).unwrap_or_else(|| panic!("{label} in {name}"));
    assert_eq!(stated("transactionID = PrintableString "), format!("'{}'", opened.transaction_id));
    let number = opened.message_type.number().to_string();
    assert_eq!(stated("messageType = PrintableString ").split(' ').next(), Some(number.as_str()), "{name}");
    assert_eq!(stated("senderNonce = OctetString "), pki::digest::hex(&opened.sender_nonce));
    let digest = opened.used.digest.name().replace('-', "").to_lowercase();
    assert!(section.contains(&format!("digest={digest} ")), "{name}");
    assert_eq!(opened.used.weak.contains(&Weak::SingleDes), section.contains("cipher=des,"), "{name}");
    assert_eq!(opened.used.weak.contains(&Weak::TripleDes), section.contains("cipher=tripledes_3key,"), "{name}");
    assert_eq!(opened.used.weak.contains(&Weak::Sha1Digest), digest == "sha1", "{name}");
    match &opened.content {
        Content::PkcsReq(csr) | Content::RenewalReq(csr) => certification_request(csr, section),
        Content::CertPoll { issuer, subject } => {
            assert!(stated("> IssuerAndSubject issuer=").contains(&last_word(&subject.to_string())), "{name}");
            assert!(issuer.to_string().contains("Corpus B Root"), "{name}");
        }
        Content::GetCert { serial, issuer } | Content::GetCrl { serial, issuer } => {
            let serial = format!("serial={}", pki::certificate::serial_hex(serial));
            assert!(stated("> IssuerAndSerial ").ends_with(&serial), "{name} {serial}");
            assert!(issuer.to_string().contains("Corpus B Root"), "{name}");
        }
    }
    answer(row, &opened);
}

/// The common name, as the shortest thing both writings of a name have in common.
fn last_word(name: &str) -> String {
    name.split("CN=").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default().to_owned()
}

fn certification_request(csr: &Request, section: &str) {
    let common_name = csr.subject().common_name().expect("common name");
    assert!(after(section, "> CSR subject=").expect("subject").contains(&format!("Common Name: {common_name}")));
    let challenge = section.split("challengePassword").nth(1).and_then(|rest| rest.split('\'').nth(1));
    assert_eq!(csr.challenge().as_deref(), challenge);
    for name in csr.subject_alt_names() {
        let name = name.to_string();
        assert!(section.contains(name.split_once(':').expect("kind").1), "{name}");
    }
}

/// The request is answered, and the client opens the answer with its own key.
fn answer(row: &Row, opened: &Opened) {
    let (ca, ca_key) = pair(&row.recipient);
    let (ra, ra_key) = pair("corpus-b-ra");
    let keys = RaKeys {
        decryption: vec![DecryptionKey { certificate: &ca, key: &ca_key }],
        signing: SigningKey { certificate: &ra, key: &ra_key },
    };
    let authorities = [ra.clone()];
    let issued = [ra.clone(), ca.clone()];
    let Some(key) = client_key(&row.client, &opened.signer) else {
        assert!(row.file.starts_with(WITHOUT_KEY), "{}", row.file);
        return;
    };
    let expected = Expected {
        transaction_id: &opened.transaction_id,
        nonce: &opened.sender_nonce,
        authorities: &authorities,
        certificate: &opened.signer,
        key: &key,
        challenge: None,
        legacy: Legacy::TripleDes,
    };
    let reply = Reply::Success { certificates: &issued, crl: None };
    let sealed = seal(&reply, &opened.to, &Shape::default(), &keys, now(), &mut random()).expect("sealed");
    match open_reply(&sealed, &expected) {
        Ok(Answer::Success { certificates, .. }) => assert_eq!(certificates, issued),
        other => panic!("{}: {other:?}", row.file),
    }
    let sealed = seal(&Reply::Pending, &opened.to, &Shape::default(), &keys, now(), &mut random()).expect("sealed");
    assert!(matches!(open_reply(&sealed, &expected), Ok(Answer::Pending)), "{}", row.file);
}

fn request_line(row: &Row) {
    let text = String::from_utf8(fixture(&row.file)).expect("text");
    let mut words = text.split(' ');
    let method = words.next().expect("method");
    let target = words.next().expect("target");
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let message = || fixture(&row.file.replace(".req.http", ".req.der"));
    let asked = match method {
        "GET" => parse(Method::Get, query, Vec::new()),
        _ => parse(Method::Post, query, message()),
    };
    match asked.unwrap_or_else(|flaw| panic!("{}: {flaw}", row.file)) {
        Operation::PkiOperation(octets) => assert_eq!(octets, message(), "{}", row.file),
        Operation::GetCaCaps => assert!(row.what.starts_with("getcacaps"), "{}", row.file),
        Operation::GetCaCert => assert!(row.what.starts_with("getcacert") || row.client == "certmonger"),
        Operation::GetNextCaCert => assert_eq!(row.what, "getnextcacert"),
    }
}

fn reply(row: &Row) {
    let asked = opened(&fixture(&row.file.replace(".resp.der", ".req.der")), &row.recipient);
    let own = client_key(&row.client, &asked.signer);
    assert_eq!(own.is_none(), row.file.starts_with(WITHOUT_KEY), "{}", row.file);
    let key = own.unwrap_or_else(|| pair("corpus-b-ra").1);
    let authorities: Vec<Certificate> =
        ["corpus-b-ca", "corpus-b-ra", "corpus-s-int"].map(|name| pair(name).0).into_iter().collect();
    let name = row.file.rsplit('/').next().expect("name");
    let sections = decoded(&row.client);
    let section = &sections[name];
    let expected = Expected {
        transaction_id: &asked.transaction_id,
        nonce: &asked.sender_nonce,
        authorities: &authorities,
        certificate: &asked.signer,
        key: &key,
        challenge: None,
        legacy: Legacy::SingleDes,
    };
    let answer = open_reply(&fixture(&row.file), &expected);
    if row.file.starts_with(WITHOUT_KEY) {
        assert_eq!(answer.map(|_| ()), Err(scep::client::ReplyFlaw::NotOpened));
        return;
    }
    match answer.unwrap_or_else(|flaw| panic!("{name}: {flaw}")) {
        Answer::Pending => assert!(section.contains("pkiStatus = PrintableString 3 "), "{name}"),
        Answer::Failure { .. } => assert!(section.contains("pkiStatus = PrintableString 2 "), "{name}"),
        Answer::Success { certificates, crls } => {
            let counts = format!("{} certificate(s), {} crl(s)", certificates.len(), crls.len());
            assert!(after(section, "> degenerate SignedData").expect("bag").ends_with(&counts), "{name}");
            for certificate in certificates {
                assert!(
                    section
                        .contains(&format!(">     cert serial={} ", certificate.serial_hex().trim_start_matches('0'))),
                    "{name}"
                );
            }
            let other_nonce = Expected { nonce: b"another nonce", ..expected };
            assert!(open_reply(&fixture(&row.file), &other_nonce).is_err(), "{name}");
        }
    }
}

/// Answers that are no pkiMessage.
fn other_answer(row: &Row) {
    let body = fixture(&row.file);
    match (row.client.as_str(), row.what.as_str()) {
        // The client asked for certificates under both names it uses.
        ("certmonger", _) => {
            let certificates = ca_certs::read(&body).expect("certificates");
            assert_eq!(certificates, [pair("corpus-b-ca").0]);
            let chosen = Authorities::choose(&certificates).expect("chosen");
            assert_eq!((&chosen.encryption, &chosen.signing), (&certificates[0], &certificates[0]));
        }
        (_, "getnextcacert") => {
            // jscep's server puts the next certificate beside the signed content: not to be trusted.
            let current = [pair("corpus-b-ca").0, pair("corpus-b-ra").0];
            assert_eq!(ca_certs::read_next(&body, &current), Err(CaCertsFlaw::NotCovered));
            assert_eq!(ca_certs::read_next(&body, &[pair("corpus-s-int").0]), Err(CaCertsFlaw::Stranger));
            let beside = Certificate::parse_any(&fixture("keys/corpus-b-next-ca.pem"));
            assert!(ca_certs::read(&body).expect("bag").starts_with(&beside));
        }
        (_, what) if what.starts_with("getcacaps") => {
            let caps = Caps::parse(&body);
            assert!(caps.has(Capability::Aes) && caps.has(Capability::PostPkiOperation), "{}", row.file);
            assert_eq!(caps.lists(Capability::Sha384), what.ends_with("sha384"));
        }
        // Error pages and error text.
        _ => assert!(ca_certs::read(&body).is_err() && Caps::parse(&body).is_empty(), "{}", row.file),
    }
}

#[test]
fn a_message_for_two_recipients_is_opened_with_whichever_key_is_first() {
    let message = fixture("micromdm-2.1.0/jscep-server-with-ra-pkcsreq-two-recipients.req.der");
    let (ca, ca_key) = pair("corpus-b-ca");
    let (ra, ra_key) = pair("corpus-b-ra");
    let both = |first: usize| {
        let mut decryption =
            vec![DecryptionKey { certificate: &ca, key: &ca_key }, DecryptionKey { certificate: &ra, key: &ra_key }];
        decryption.rotate_left(first);
        RaKeys { decryption, signing: SigningKey { certificate: &ra, key: &ra_key } }
    };
    for first in [0, 1] {
        match open(&message, &both(first), &accept(), &mut random()) {
            Opening::Opened(opened) => assert_eq!(opened.used.key, 0),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_ndes_answered_is_verified_and_its_shape_understood() {
    let certificate = String::from_utf8(support::ndes("ndes-ra-signing.pem")).expect("text");
    let signing = Certificate::parse_any(certificate.as_bytes());
    let reply = support::ndes("ndes-certrep-success.der");
    // The client's key was never published, so the envelope stays closed; everything before it is checked.
    let key = PrivateKey::parse(&fixture("keys/corpus-b-ra.key")).expect("key");
    let mut expected = Expected {
        transaction_id: "HVvzN0228V+AW+dUuDe8OPyDXD0=",
        nonce: &pki::digest::unhex("D99D3154DE07114059AF075C5C17D573").expect("hex"),
        authorities: &signing,
        certificate: &signing[0],
        key: &key,
        challenge: None,
        legacy: Legacy::Refuse,
    };
    assert!(signing[0].extended_key_usage().expect("usages").contains(&oid::REQUEST_AGENT));
    assert_eq!(open_reply(&reply, &expected).map(|_| ()), Err(scep::client::ReplyFlaw::NotOpened));
    expected.transaction_id = "another";
    assert_eq!(open_reply(&reply, &expected).map(|_| ()), Err(scep::client::ReplyFlaw::Transaction));
    expected.transaction_id = "HVvzN0228V+AW+dUuDe8OPyDXD0=";
    expected.nonce = b"another";
    assert_eq!(open_reply(&reply, &expected).map(|_| ()), Err(scep::client::ReplyFlaw::Nonce));
}
