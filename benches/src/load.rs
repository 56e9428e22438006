//! The load: messages made beforehand, sent over kept-open connections, replies opened afterwards.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use pki::key::{KeySpec, PrivateKey};
use pki::{Certificate, Name, Request, Time, Validity};
use scep::ca_certs::{self, Authorities};
use scep::caps::Caps;
use scep::client::{Algorithms, Answer, Ask, Expected, Outgoing, message, open_reply, self_signed};
use scep::server::{Legacy, SigningKey};

use crate::subject::{CHALLENGE, Running};

type Http = Client<HttpConnector, Full<Bytes>>;

/// What was measured in one round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// Certificates received.
    pub(crate) enrolled: usize,
    /// Requests sent.
    pub(crate) asked: usize,
    /// Seconds by the wall clock.
    pub(crate) seconds: f64,
    /// Milliseconds of processor time of the server, altogether.
    pub(crate) processor: f64,
    /// Milliseconds until the reply, at the median and at 99 of 100.
    pub(crate) latency: (f64, f64),
    /// MiB of memory at the most.
    pub(crate) memory: f64,
}

/// Different keys, so that nothing is spared by a cache; a new one for each enrolment would take minutes.
const KEYS: usize = 8;

struct Device {
    key: PrivateKey,
    certificate: Certificate,
}

pub(crate) async fn run(running: &Running, enrolments: usize, clients: usize) -> Measured {
    let http: Http = Client::builder(TokioExecutor::new()).build_http();
    let authorities = authorities(&http, &running.address).await;
    let devices = devices();
    let messages: Vec<Outgoing> = (0..enrolments).map(|n| ask(&devices[n % KEYS], n, &authorities)).collect();
    warm_up(&http, running, &devices, &authorities).await;

    let (before, begun) = (running.processor_time(), Instant::now());
    let answers = send(http, &running.address, &messages, clients).await;
    let (seconds, processor) = (begun.elapsed().as_secs_f64(), running.processor_time() - before);

    let enrolled =
        (0..enrolments).filter(|n| is_issued(&answers[*n].0, &messages[*n], &devices[n % KEYS], &authorities));
    let enrolled = enrolled.count();
    let mut latencies: Vec<f64> = answers.iter().map(|(_, latency)| *latency).collect();
    latencies.sort_by(f64::total_cmp);
    let latency = (latencies[enrolments / 2], latencies[enrolments * 99 / 100]);
    Measured { enrolled, asked: enrolments, seconds, processor, latency, memory: running.memory() }
}

async fn get(http: &Http, url: String) -> Bytes {
    http.get(url.parse().unwrap()).await.unwrap().into_body().collect().await.unwrap().to_bytes()
}

async fn authorities(http: &Http, address: &str) -> Authorities {
    let body = get(http, format!("{address}?operation=GetCACert&message=")).await;
    Authorities::choose(&ca_certs::read(&body).unwrap()).unwrap()
}

fn random(out: &mut [u8]) {
    aws_lc_rs::rand::fill(out).unwrap();
}

fn now() -> Time {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Time(i64::try_from(since.as_secs()).unwrap())
}

fn devices() -> Vec<Device> {
    let validity = Validity { not_before: now().plus(-3600), not_after: now().plus(86_400) };
    let device = |n: usize| {
        let key = PrivateKey::generate(KeySpec::Rsa2048).unwrap();
        let name = Name::parse(&format!("CN=device-{n}")).unwrap();
        let certificate = self_signed(&name, &key, validity, &mut random).unwrap();
        Device { key, certificate }
    };
    (0..KEYS).map(device).collect()
}

/// A request with a subject and a transaction of its own.
fn ask(device: &Device, n: usize, authorities: &Authorities) -> Outgoing {
    let mut tag = [0; 8];
    random(&mut tag);
    let tag = pki::digest::hex(&tag);
    let subject = Name::parse(&format!("CN=device-{n}-{tag},O=Bench")).unwrap();
    let request = Request::build(&subject, &device.key, &[], Some(CHALLENGE)).unwrap();
    let from = SigningKey { certificate: &device.certificate, key: &device.key };
    let algorithms = Algorithms::by(&Caps::parse(b"SCEPStandard\n"));
    let ask = Ask::Enrol(&request);
    message(&ask, &format!("{n}-{tag}"), &from, &authorities.encryption, &algorithms, now(), &mut random).unwrap()
}

async fn warm_up(http: &Http, running: &Running, devices: &[Device], authorities: &Authorities) {
    for (n, device) in devices.iter().enumerate() {
        let message = ask(device, n, authorities);
        post(http, &running.address, message.der).await;
    }
}

async fn post(http: &Http, address: &str, body: Vec<u8>) -> Bytes {
    let request = http::Request::post(format!("{address}?operation=PKIOperation"))
        .header(http::header::CONTENT_TYPE, "application/x-pki-message")
        .body(Full::new(Bytes::from(body)))
        .unwrap();
    match http.request(request).await {
        Ok(response) => response.into_body().collect().await.map(|b| b.to_bytes()).unwrap_or_default(),
        Err(_) => Bytes::new(),
    }
}

/// Sends everything, so many at a time; each answer with its milliseconds, in the order of the messages.
async fn send(http: Http, address: &str, messages: &[Outgoing], clients: usize) -> Vec<(Bytes, f64)> {
    let bodies: Arc<Vec<Vec<u8>>> = Arc::new(messages.iter().map(|m| m.der.clone()).collect());
    let next = Arc::new(AtomicUsize::new(0));
    let clients: Vec<_> = (0..clients)
        .map(|_| {
            let (http, address) = (http.clone(), address.to_owned());
            let (bodies, next) = (Arc::clone(&bodies), Arc::clone(&next));
            tokio::spawn(async move {
                let mut out = Vec::new();
                loop {
                    let n = next.fetch_add(1, Ordering::Relaxed);
                    let Some(body) = bodies.get(n) else { return out };
                    let begun = Instant::now();
                    let answer = post(&http, &address, body.clone()).await;
                    out.push((n, answer, begun.elapsed().as_secs_f64() * 1000.0));
                }
            })
        })
        .collect();
    let mut all = Vec::new();
    for client in clients {
        all.extend(client.await.unwrap());
    }
    all.sort_by_key(|(n, _, _)| *n);
    all.into_iter().map(|(_, answer, latency)| (answer, latency)).collect()
}

fn is_issued(reply: &[u8], message: &Outgoing, device: &Device, authorities: &Authorities) -> bool {
    let expected = Expected {
        transaction_id: &message.transaction_id,
        nonce: &message.nonce,
        authorities: &authorities.all,
        certificate: &device.certificate,
        key: &device.key,
        challenge: None,
        legacy: Legacy::SingleDes,
    };
    match open_reply(reply, &expected) {
        Ok(Answer::Success { certificates, .. }) => {
            certificates.iter().any(|c| c.public_key().hash() == device.certificate.public_key().hash())
        }
        _ => false,
    }
}
