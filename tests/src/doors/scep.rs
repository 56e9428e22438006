//! The doors of the protocol: what a client sends to a service, and what a service sends to a client.

use std::hint::black_box;

use pki::cipher::Cipher;
use pki::cms::{EnvelopeFor, NewSignature, SignedContent, SignedData, degenerate, seal_envelope, sign};
use pki::der::{Limits, tag, write};
use pki::digest::Digest;
use pki::key::KeyTransport;
use pki::{Certificate, Oid, Time, oid};
use scep::ca_certs::{self, Authorities};
use scep::caps::Caps;
use scep::client::{Answer, Expected, open_reply};
use scep::http::{MOST_BODY, MOST_QUERY, Method, Operation, get_query, parse};
use scep::server::{
    Accept, Content, DecryptionKey, Delivery, Legacy, Opened, Opening, RaKeys, Reply, SealError, Shape, SigningKey,
    open, seal,
};

use super::fixtures::{self, random};

const NOW: Time = Time(1_795_000_000);
const TRANSACTION: &str = "transaction-1";
const NONCE: [u8; 16] = [7; 16];

/// A request line and a body: the query up to the first line feed (a leading `P` means POST), then the body.
pub fn http_query(data: &[u8]) {
    let mut halves = data.splitn(2, |b| *b == b'\n');
    let line = String::from_utf8_lossy(halves.next().unwrap_or_default());
    let body = halves.next().unwrap_or_default();
    let (method, query) = match line.strip_prefix('P') {
        Some(query) => (Method::Post, query),
        None => (Method::Get, line.strip_prefix('G').unwrap_or(&line)),
    };
    match parse(method, query, body.to_vec()) {
        Ok(Operation::PkiOperation(message)) => {
            assert!(message.len() <= MOST_QUERY.max(MOST_BODY));
            let query = get_query(&message);
            if !message.is_empty() && query.len() <= MOST_QUERY {
                assert_eq!(parse(Method::Get, &query, Vec::new()), Ok(Operation::PkiOperation(message)));
            }
        }
        Ok(_) => {}
        Err(flaw) => assert!(matches!(flaw.status(), 400 | 413)),
    }
}

pub(super) fn http_query_seeds() -> Vec<Vec<u8>> {
    fixtures::under("corpus", ".req.http").iter().map(|path| request_line(path)).collect()
}

fn request_line(path: &std::path::Path) -> Vec<u8> {
    let name = path.to_string_lossy();
    let name = name.split("/fixtures/").last().unwrap_or_default();
    let text = String::from_utf8_lossy(&fixtures::read(name)).into_owned();
    let mut words = text.split(' ');
    let post = words.next() == Some("POST");
    let query = words.next().and_then(|target| target.split_once('?')).map_or("", |(_, query)| query);
    if post {
        let body = fixtures::read(&name.replace(".req.http", ".req.der"));
        [b"P", query.as_bytes(), b"\n", &body].concat()
    } else {
        [b"G", query.as_bytes()].concat()
    }
}

/// The answers to GetCACert, GetNextCACert and GetCACaps, read by a client.
pub fn ca_certs(data: &[u8]) {
    let caps = Caps::parse(data);
    assert_eq!(Caps::parse(caps.to_text().as_bytes()).to_text(), caps.to_text());
    let held = [fixtures::ca().0.clone(), fixtures::ra().0.clone()];
    black_box(ca_certs::read_next(data, &held).is_ok());
    let Ok(certificates) = ca_certs::read(data) else { return };
    assert!(!certificates.is_empty());
    let chosen = Authorities::choose(&certificates);
    assert!(chosen.is_some_and(|chosen| certificates.contains(&chosen.encryption)));
}

pub(super) fn ca_certs_seeds() -> Vec<Vec<u8>> {
    let (ca, ca_key) = fixtures::ca();
    let ra = fixtures::ra().0.clone();
    let mut seeds = fixtures::all("corpus", ".resp.bin");
    seeds.extend(fixtures::all("corpus/keys", ".pem"));
    seeds.push(ca_certs::body(&[ra.clone(), ca.clone()]).octets);
    let next = ca_certs::next_body(&[ra], &SigningKey { certificate: ca, key: ca_key }, NOW);
    seeds.extend(next.map(|body| body.octets));
    seeds
}

fn accept() -> Accept {
    Accept { legacy: Legacy::SingleDes, ..Accept::default() }
}

fn keys() -> RaKeys<'static> {
    let ((ra, ra_key), (ca, ca_key)) = (fixtures::ra(), fixtures::ca());
    RaKeys {
        decryption: vec![
            DecryptionKey { certificate: ra, key: ra_key },
            DecryptionKey { certificate: ca, key: ca_key },
        ],
        signing: SigningKey { certificate: ra, key: ra_key },
    }
}

/// A pkiMessage as it comes. Whatever is not unreadable can be answered.
pub fn scep_open(data: &[u8]) {
    let shape = Shape::default();
    match open(data, &keys(), &accept(), &mut random()) {
        Opening::Unreadable(_) => {}
        Opening::Flawed(flawed) => {
            assert!(seal(&flawed.reply(), &flawed.to, &shape, &keys(), NOW, &mut random()).is_ok());
        }
        Opening::Opened(opened) => answer(&opened),
    }
}

/// A request that was opened can be answered as its delivery says.
fn answer(opened: &Opened) {
    assert!((1..=255).contains(&opened.transaction_id.len()) && (1..=256).contains(&opened.sender_nonce.len()));
    if let Some(request) = opened.content.request() {
        assert!(request.verify().is_ok());
    }
    let certificates = [fixtures::ra().0.clone()];
    let success = Reply::Success { certificates: &certificates, crl: None };
    let shape = Shape::default();
    let sealed = seal(&success, &opened.to, &shape, &keys(), NOW, &mut random());
    match opened.to.delivery() {
        Delivery::Impossible(_) => assert!(sealed.is_err()),
        Delivery::KeyTransport | Delivery::Password => {
            // A key may look good and not be: the error says so, and FAILURE still goes back.
            assert!(matches!(sealed, Ok(_) | Err(SealError::ClientKey)));
        }
    }
    assert!(seal(&Reply::Pending, &opened.to, &shape, &keys(), NOW, &mut random()).is_ok());
}

/// The pkiMessages of the corpus.
pub(super) fn message_seeds() -> Vec<Vec<u8>> {
    fixtures::all("corpus", ".req.der")
}

/// What stands in their envelopes, with the messageType before it.
pub(super) fn content_seeds() -> Vec<Vec<u8>> {
    let issuer = fixtures::ca().0.subject().der().to_vec();
    let two_names = write::sequence(&[&issuer, &issuer]);
    let name_and_serial = write::sequence(&[&issuer, &write::integer(77)]);
    let mut seeds = vec![[&[20], two_names.as_slice()].concat()];
    seeds.extend([21, 22].map(|kind| [&[kind], name_and_serial.as_slice()].concat()));
    for request in requests() {
        seeds.extend([17, 19].map(|kind| [&[kind], request.as_slice()].concat()));
    }
    seeds
}

/// The certification requests in the messages of the corpus.
pub(super) fn requests() -> Vec<Vec<u8>> {
    let opened = |message: &Vec<u8>| match open(message, &keys(), &accept(), &mut random()) {
        Opening::Opened(opened) => match opened.content {
            Content::PkcsReq(request) | Content::RenewalReq(request) => Some(request.der().to_vec()),
            _ => None,
        },
        _ => None,
    };
    message_seeds().iter().filter_map(opened).collect()
}

/// The envelopes in the messages of the corpus.
pub(super) fn envelopes() -> Vec<Vec<u8>> {
    let inner = |message: &Vec<u8>| {
        let plain = pki::der::normalise(message, Limits::default()).ok()?;
        SignedData::parse(&plain).ok()?.content.map(<[u8]>::to_vec)
    };
    fixtures::all("corpus", ".der").iter().filter_map(inner).filter(|content| !content.is_empty()).collect()
}

/// Octets in an envelope for the registration authority, in a message whose signature is good: the first octet is the
/// messageType, the rest the content.
pub fn scep_content(data: &[u8]) {
    let Some((kind, content)) = data.split_first() else { return };
    let message = wrapped(
        content,
        &fixtures::ra().0,
        &[
            (oid::SCEP_TRANSACTION_ID, write::tlv(tag::PRINTABLE_STRING, TRANSACTION.as_bytes())),
            (oid::SCEP_MESSAGE_TYPE, number(*kind)),
            (oid::SCEP_SENDER_NONCE, write::octets(&NONCE)),
        ],
    );
    match open(&message, &keys(), &accept(), &mut random()) {
        Opening::Unreadable(unreadable) => panic!("{unreadable:?}"),
        Opening::Flawed(flawed) => assert_eq!(flawed.transaction_id, TRANSACTION),
        Opening::Opened(opened) => {
            assert_eq!(opened.message_type.number(), *kind);
            answer(&opened);
        }
    }
}

fn number(number: u8) -> Vec<u8> {
    write::tlv(tag::PRINTABLE_STRING, number.to_string().as_bytes())
}

/// Octets in an envelope to `to`, signed by the registration authority.
fn wrapped(content: &[u8], to: &Certificate, attributes: &[(Oid, Vec<u8>)]) -> Vec<u8> {
    let (ra, ra_key) = fixtures::ra();
    let recipient = EnvelopeFor::Key {
        issuer: to.issuer().der(),
        serial: to.serial(),
        key: to.public_key(),
        transport: KeyTransport::Pkcs1,
    };
    let new = NewSignature { certificate: ra, key: ra_key, digest: Digest::Sha256, time: NOW, attributes };
    let sealed = seal_envelope(content, Cipher::Aes128, recipient, &mut random()).map(|envelope| {
        sign(SignedContent::Present(&envelope), &new).unwrap_or_else(|e| panic!("the test's own key failed: {e}"))
    });
    sealed.unwrap_or_else(|e| panic!("the test's own certificate failed: {e}"))
}

/// A CertRep as it comes. The transaction and the nonce it states are taken for those that were sent.
pub fn scep_reply(data: &[u8]) {
    let Ok(plain) = pki::der::normalise(data, Limits::default()) else {
        assert!(reply(data, "", &[]).is_none());
        return;
    };
    let stated = SignedData::parse(&plain).ok();
    let info = stated.as_ref().and_then(|signed| signed.signers.first());
    let value = |id: &Oid| info.and_then(|info| info.attributes.as_ref()?.single(id));
    let transaction = value(&oid::SCEP_TRANSACTION_ID).and_then(|v| v.text()).unwrap_or_default();
    let nonce = value(&oid::SCEP_RECIPIENT_NONCE).map(|v| v.value.to_vec()).unwrap_or_default();
    if reply(data, &transaction, &nonce).is_some() {
        assert!(reply(data, &transaction, b"another nonce").is_none(), "the nonce does not count");
        assert!(reply(data, "another transaction", &nonce).is_none(), "the transaction does not count");
    }
}

fn reply(data: &[u8], transaction_id: &str, nonce: &[u8]) -> Option<Answer> {
    let ((ra, ra_key), ca) = (fixtures::ra(), &fixtures::ca().0);
    let authorities = [ra.clone(), ca.clone()];
    let expected = Expected {
        transaction_id,
        nonce,
        authorities: &authorities,
        certificate: ra,
        key: ra_key,
        challenge: Some("secret"),
        legacy: Legacy::SingleDes,
    };
    open_reply(data, &expected).ok()
}

pub(super) fn reply_seeds() -> Vec<Vec<u8>> {
    let mut seeds = fixtures::all("corpus", ".resp.der");
    seeds.extend(fixtures::all("ndes-scep", ".der"));
    seeds
}

/// Octets in an envelope for the client, in a SUCCESS whose signature is good.
pub fn scep_reply_content(data: &[u8]) {
    let message = wrapped(
        data,
        &fixtures::ra().0,
        &[
            (oid::SCEP_TRANSACTION_ID, write::tlv(tag::PRINTABLE_STRING, TRANSACTION.as_bytes())),
            (oid::SCEP_MESSAGE_TYPE, number(3)),
            (oid::SCEP_PKI_STATUS, number(0)),
            (oid::SCEP_RECIPIENT_NONCE, write::octets(&NONCE)),
        ],
    );
    if let Some(answer) = reply(&message, TRANSACTION, &NONCE) {
        let Answer::Success { certificates, crls } = answer else { panic!("{answer:?}") };
        assert!(certificates.len() <= 64 && crls.len() <= 64);
    }
}

pub(super) fn reply_content_seeds() -> Vec<Vec<u8>> {
    let (ra, ca) = (fixtures::ra().0.clone(), fixtures::ca().0.clone());
    let chain = [ra, ca];
    vec![degenerate(&chain[..1], None), degenerate(&chain, None), degenerate(&[], None)]
}
