//! Whoever holds a recorded message and changes it learns nothing about what is in its envelope: every failure behind
//! the signature looks the same, in octets and in time.
//!
//! The service is in this process, so that time is not the network's.

use std::time::{Duration, Instant};

use pki::cipher::Cipher;
use pki::cms::SignedData;
use pki::der::{tag, write};
use pki::key::{Decrypt, KeySpec, KeyTransport};
use pki::{Certificate, oid};
use scep::FailInfo;
use scep::client::{Answer, Outgoing};
use scep::server::{Accept, Opening, open};
use server::world;

use crate::parties::{Craft, Device, Pair, STATIC, Setup};

/// An envelope in its parts.
struct Envelope {
    encrypted_key: Vec<u8>,
    vector: [u8; 16],
    encrypted: Vec<u8>,
}

impl Envelope {
    /// A good one around this content, under this key.
    fn new(to: &Certificate, content: &[u8], key: &[u8]) -> Envelope {
        let mut vector = [0; 16];
        world::random(&mut vector);
        let encrypted = Cipher::Aes128.encrypt(key.get(..16).expect("a key"), &vector, content).expect("encrypted");
        let encrypted_key = to.public_key().encrypt(KeyTransport::Pkcs1, key).expect("an encrypted key");
        Envelope { encrypted_key, vector, encrypted }
    }

    fn to_der(&self, to: &Certificate) -> Vec<u8> {
        let id = write::sequence(&[to.issuer().der(), &write::tlv(tag::INTEGER, to.serial())]);
        let recipient = write::sequence(&[
            &write::integer(0),
            &id,
            &KeyTransport::Pkcs1.to_der(),
            &write::octets(&self.encrypted_key),
        ]);
        let content = write::sequence(&[
            &write::oid(&oid::CMS_DATA),
            &Cipher::Aes128.to_der(&self.vector),
            &write::tlv(tag::context(0), &self.encrypted),
        ]);
        let all = write::sequence(&[&write::integer(0), &write::constructed(tag::SET, &[&recipient]), &content]);
        write::sequence(&[&write::oid(&oid::CMS_ENVELOPED_DATA), &write::explicit(0, &all)])
    }
}

fn key<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut key = [0; LENGTH];
    world::random(&mut key);
    key
}

/// What goes wrong inside.
const FAILURES: [&str; 8] = [
    "RSA padding",
    "length of the content key",
    "another content key",
    "CBC padding",
    "CBC padding of zero",
    "content of no meaning",
    "content in part",
    "proof of possession",
];

/// A message whose signature is good and whose envelope fails in this way. All are of one length.
fn failing(pair: &Pair, device: &Device, how: &str) -> Outgoing {
    let credentials = pair.service.credentials.load_full();
    let to = &credentials.ra_encryption[0].certificate;
    let request = device.request(Some(STATIC)).der().to_vec();
    let mut envelope = Envelope::new(to, &request, &key::<16>());
    let end = envelope.encrypted.len();
    match how {
        "RSA padding" => {
            envelope.encrypted_key = key::<256>().to_vec();
            // Below the modulus.
            envelope.encrypted_key[0] = 0;
        }
        "length of the content key" => envelope = Envelope::new(to, &request, &key::<24>()),
        "another content key" => {
            let other = to.public_key().encrypt(KeyTransport::Pkcs1, &key::<16>()).expect("an encrypted key");
            envelope.encrypted_key = other;
        }
        "CBC padding" => envelope.encrypted[end - 1] ^= 0x80,
        "CBC padding of zero" => {
            let key = key::<16>();
            let mut blocks = request.clone();
            blocks.resize(end, 0);
            envelope.encrypted_key = to.public_key().encrypt(KeyTransport::Pkcs1, &key).expect("an encrypted key");
            envelope.encrypted = Cipher::Aes128.encrypt_blocks(&key, &envelope.vector, &blocks).expect("encrypted");
        }
        "content of no meaning" => {
            let mut garbage = vec![0; request.len()];
            world::random(&mut garbage);
            envelope = Envelope::new(to, &garbage, &key::<16>());
        }
        "content in part" => {
            let mut part = request.clone();
            part[600..].fill(0);
            envelope = Envelope::new(to, &part, &key::<16>());
        }
        "proof of possession" => {
            let mut wrong = request.clone();
            let last = wrong.len() - 1;
            wrong[last] ^= 1;
            envelope = Envelope::new(to, &wrong, &key::<16>());
        }
        other => panic!("{other}"),
    }
    let craft = Craft::enrolment(device, "transaction", envelope.to_der(to));
    Outgoing { der: craft.sign(&device.key), transaction_id: "transaction".to_owned(), nonce: vec![7; 16] }
}

/// What somebody sees who does not look at nonce, time and signature.
fn shape(reply: &[u8]) -> (usize, Vec<(String, usize)>) {
    let signed = SignedData::parse(reply).expect("a reply");
    let attributes = signed.signers[0].attributes.as_ref().expect("attributes");
    let list = attributes.iter().map(|a| (a.id.to_string(), a.values.len())).collect();
    (reply.len(), list)
}

#[tokio::test]
async fn every_failure_behind_the_signature_has_one_shape() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    let length = failing(&pair, &device, FAILURES[0]).der.len();
    let mut shapes = std::collections::BTreeSet::new();
    for how in FAILURES {
        for _ in 0..3 {
            let sent = failing(&pair, &device, how);
            assert_eq!(sent.der.len(), length, "{how}");
            let reply = pair.reply("default", &sent.der).await;
            shapes.insert(shape(&reply));
            match pair.read(&reply, &sent, &device, None) {
                Answer::Failure {
                    fail_info: Some(FailInfo::BadMessageCheck),
                    text: Some(text),
                    windows_error: None,
                } => {
                    assert_eq!(text, "envelope.content", "{how}");
                }
                other => panic!("{how}: {other:?}"),
            }
        }
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
    // The operator sees which it was.
    let details: std::collections::BTreeSet<String> =
        pair.audit(3 * FAILURES.len() as u32).await.into_iter().map(|row| row.entry.detail).collect();
    assert!(details.len() > 2, "{details:?}");
    assert_eq!(pair.certificates().await, []);
}

/// The content key is tried with every last octet that could be a padding: one answer for all 256.
#[tokio::test]
async fn every_last_octet_of_the_content_gets_one_answer() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    let credentials = pair.service.credentials.load_full();
    let to = &credentials.ra_encryption[0].certificate;
    let key = key::<16>();
    let mut shapes = std::collections::BTreeSet::new();
    let good = Envelope::new(to, &[0x30; 32], &key);
    for last in 0..=255 {
        let mut changed = good.encrypted.clone();
        // The octet before the last block turns the last octet of the plain text into any other.
        let place = changed.len() - 17;
        changed[place] ^= last;
        let envelope = Envelope { encrypted: changed, vector: good.vector, encrypted_key: good.encrypted_key.clone() };
        let craft = Craft::enrolment(&device, "transaction", envelope.to_der(to));
        shapes.insert(shape(&pair.reply("default", &craft.sign(&device.key)).await));
    }
    assert_eq!(shapes.len(), 1, "{shapes:?}");
}

/// How often a measurement is repeated before the difference it shows is believed: a busy machine can show any.
const TRIES: usize = 4;

/// A tenth of the way up: what other programs do to this one only ever makes it slower.
fn typical(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 10]
}

/// The typical time of each kind of failure, taken in turn, so that a busy machine is busy for all of them alike.
async fn measure(rounds: usize, mut time: impl AsyncFnMut(&'static str) -> Duration) -> Vec<Duration> {
    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); FAILURES.len()];
    for round in 0..rounds {
        for turn in 0..FAILURES.len() {
            let which = (turn + round) % FAILURES.len();
            times[which].push(time(FAILURES[which]).await);
        }
    }
    times.iter_mut().map(|times| typical(times)).collect()
}

/// The difference between the slowest and the fastest kind of failure.
fn spread(typical: &[Duration]) -> Duration {
    for (how, time) in FAILURES.iter().zip(typical) {
        println!("{time:>9.1?} {how}");
    }
    *typical.iter().max().expect("times") - *typical.iter().min().expect("times")
}

fn typical_of(mut work: impl FnMut()) -> Duration {
    let mut times: Vec<Duration> = (0..200)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .collect();
    typical(&mut times)
}

/// What one private and one public operation of RSA-2048 take here and now.
fn operations(pair: &Pair) -> (Duration, Duration) {
    let credentials = pair.service.credentials.load_full();
    let ra = &credentials.ra_encryption[0];
    let encrypted = ra.certificate.public_key().encrypt(KeyTransport::Pkcs1, &[1; 16]).expect("encrypted");
    let private = typical_of(|| drop(ra.key.decrypt(KeyTransport::Pkcs1, &encrypted).expect("decrypted")));
    let request = Device::rsa(0).request(None);
    let public = typical_of(|| request.verify().expect("verified"));
    (private, public)
}

/// Not even one public RSA operation more or less, such as a request's signature that is verified in one case only.
#[tokio::test]
async fn every_failure_takes_the_same_time_to_find() {
    let pair = Pair::new().await;
    let device = Device::rsa(0);
    let credentials = pair.service.credentials.load_full();
    let keys = credentials.ra_keys();
    let mut found = Vec::new();
    for _ in 0..TRIES {
        let times = measure(300, async |how| {
            let message = failing(&pair, &device, how).der;
            let begun = Instant::now();
            let opening = open(&message, &keys, &Accept::default(), &mut world::random);
            let took = begun.elapsed();
            assert!(matches!(opening, Opening::Flawed(_)), "{how}");
            took
        });
        let (spread, (private, public)) = (spread(&times.await), operations(&pair));
        println!("{spread:>9.1?} spread; RSA operations: private {private:.1?}, public {public:.1?}");
        if spread < public {
            return;
        }
        found.push((spread, public));
    }
    panic!("the kinds of failure differ in time by more than a public operation: {found:?}");
}

/// With everything around it: the store, the signature, the last look at the reply.
#[tokio::test]
async fn every_failure_takes_the_same_time_to_answer() {
    // In memory where that can be had, so that what is measured is not the disk.
    let folder = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder");
    let pair = Pair::in_folder(folder, Setup { ca_key: KeySpec::Rsa2048 }).await;
    let device = Device::rsa(0);
    let mut found = Vec::new();
    for _ in 0..TRIES {
        let times = measure(120, async |how| {
            let message = failing(&pair, &device, how).der;
            let begun = Instant::now();
            pair.reply("default", &message).await;
            begun.elapsed()
        });
        let (spread, (private, _)) = (spread(&times.await), operations(&pair));
        println!("{spread:>9.1?} spread; one private RSA operation takes {private:.1?}");
        if spread < Duration::from_micros(40).max(private / 20) {
            return;
        }
        found.push(spread);
    }
    panic!("the kinds of failure are answered at different times: {found:?}");
}
