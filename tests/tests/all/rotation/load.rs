//! Devices that enrol at a constant rate, each with a challenge that an MDM has had made for it.

use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use pki::cipher::Cipher;
use pki::digest::Digest;
use pki::key::KeyTransport;
use pki::{Certificate, Request};
use rustls::version::TLS13;
use scep::ca_certs::{self, Authorities};
use scep::client::{self, Algorithms, Answer, Ask, Expected, Outgoing};
use scep::server::{Legacy, SigningKey};
use server::world;
use tokio::net::TcpStream;
use tokio::time::MissedTickBehavior;
use tokio_rustls::client::TlsStream;

use super::kept::Kept;
use super::stage::Stage;
use crate::parties::Device;
use crate::registration::caller;

/// Enrolments in a second.
pub(super) const RATE: u64 = 16;
/// Devices that enrol over and over, each over connections that are kept for all the time.
const DEVICES: u64 = 8;
/// Seconds before and after each step of a rotation in which something is said to rotate. A step takes some hundredths of a
/// second, and a key that is made beforehand some tenths.
const AROUND: (f64, f64) = (0.2, 1.0);

/// One enrolment.
pub(super) struct Enrolled {
    /// When the request was sent, in seconds since 1970.
    begun: f64,
    /// Seconds until the reply.
    took: f64,
}

#[derive(Default)]
pub(super) struct Load {
    pub(super) enrolments: Vec<Enrolled>,
    pub(super) failed: Vec<String>,
    /// Connections that the other side ended, or that could not be made.
    pub(super) broken: Vec<String>,
    /// How many different certificates the registration point showed.
    pub(super) servers: usize,
}

/// How long it took.
pub(super) struct Latency {
    count: usize,
    pub(super) p50: f64,
    pub(super) p99: f64,
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "p50 {:.1} ms, p99 {:.1} ms of {} enrolments", self.p50, self.p99, self.count)
    }
}

impl Load {
    pub(super) fn run(stage: &Stage, length: Duration) -> Load {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let found = Arc::new(Mutex::new(Load::default()));
        runtime.block_on(async {
            let until = Instant::now() + length;
            let lives = (0..DEVICES).map(|number| live(stage, number, until, &found));
            let mut all: Vec<std::pin::Pin<Box<dyn Future<Output = ()> + '_>>> = Vec::new();
            all.extend(lives.map(|life| Box::pin(life) as std::pin::Pin<Box<dyn Future<Output = ()> + '_>>));
            all.push(Box::pin(look(stage, until, &found)));
            together(all).await;
        });
        Arc::into_inner(found).expect("nobody else has it").into_inner().expect("no panic")
    }

    /// Around these moments, in seconds since 1970, and otherwise.
    pub(super) fn latencies(&self, moments: &[f64]) -> (Latency, Latency) {
        let near = |e: &Enrolled, at: f64| e.begun <= at + AROUND.1 && e.begun + e.took >= at - AROUND.0;
        let rotates = |e: &&Enrolled| moments.iter().any(|at| near(e, *at));
        let (around, otherwise): (Vec<_>, Vec<_>) = self.enrolments.iter().partition(rotates);
        (latency(&around), latency(&otherwise))
    }
}

fn latency(of: &[&Enrolled]) -> Latency {
    let mut all: Vec<f64> = of.iter().map(|e| e.took * 1000.0).collect();
    all.sort_by(f64::total_cmp);
    let at = |part: usize| all.get(all.len() * part / 100).copied().unwrap_or_default();
    Latency { count: all.len(), p50: at(50), p99: at(99) }
}

fn since_1970() -> f64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs_f64()
}

/// All of them at once, on one thread.
async fn together<F: Future<Output = ()> + Unpin>(mut all: Vec<F>) {
    std::future::poll_fn(|context| {
        all.retain_mut(|one| std::pin::Pin::new(one).poll(context).is_pending());
        if all.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

/// A device's life.
async fn live(stage: &Stage, number: u64, until: Instant, found: &Mutex<Load>) {
    let note = |kind: fn(&mut Load) -> &mut Vec<String>, what: String| {
        kind(&mut found.lock().expect("no panic")).push(what);
    };
    let device = Device::rsa(usize::try_from(number).expect("few devices"));
    let mut ticks = tokio::time::interval(Duration::from_millis(DEVICES * 1000 / RATE));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::time::sleep(Duration::from_millis(number * 1000 / RATE)).await;
    let mut connections = Connections::open(stage).await;
    while Instant::now() < until {
        ticks.tick().await;
        match connections.enrol(&device).await {
            Ok(Ok(enrolled)) => found.lock().expect("no panic").enrolments.push(enrolled),
            Ok(Err(why)) => note(|load| &mut load.failed, why),
            Err(error) => {
                note(|load| &mut load.broken, error.to_string());
                connections = Connections::open(stage).await;
            }
        }
    }
}

/// Somebody who connects anew all the time.
async fn look(stage: &Stage, until: Instant, found: &Mutex<Load>) {
    let mut seen = BTreeSet::new();
    while Instant::now() < until {
        let shown = caller::server_of(stage.point, &stage.root).await;
        assert!(shown.validity().contains(world::now()), "{:?}", shown.validity());
        seen.insert(shown.thumbprint());
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    found.lock().expect("no panic").servers = seen.len();
}

/// The connections of one device, and of the MDM for it.
struct Connections {
    service: Kept<TcpStream>,
    mdm: Kept<TlsStream<TcpStream>>,
}

impl Connections {
    async fn open(stage: &Stage) -> Connections {
        let plain = |address: SocketAddr| TcpStream::connect(address);
        let service = plain(stage.scep).await.expect("a connection");
        service.set_nodelay(true).expect("set");
        let mdm = caller::connect(stage.point, &stage.root, Some(&stage.mdm), &TLS13).await;
        Connections { service: Kept::new(service, stage.scep), mdm: Kept::new(mdm, stage.point) }
    }

    /// From the challenge to the certificate, with GetCACert each time, as a device does it.
    async fn enrol(&mut self, device: &Device) -> std::io::Result<Result<Enrolled, String>> {
        let wanted = serde_json::json!({ "endpoint": "mdm", "subject": device.subject.to_string() });
        let made = self.mdm.post("/v1/challenge", "application/json", wanted.to_string().as_bytes()).await?;
        let words: serde_json::Value = serde_json::from_slice(&made.body).unwrap_or_default();
        let Some(challenge) = words["challenge"].as_str() else {
            return Ok(Err(format!("no challenge: {} {words}", made.status)));
        };
        let shown = self.service.get("/scep/mdm?operation=GetCACert&message=").await?;
        let authorities = ca_certs::read(&shown.body).ok().and_then(|all| Authorities::choose(&all));
        let Some(authorities) = authorities else { return Ok(Err(format!("no certificates: {}", shown.status))) };
        let sent = message(device, challenge, &authorities);
        let (begun, clock) = (since_1970(), Instant::now());
        let path = "/scep/mdm?operation=PKIOperation";
        let reply = self.service.post(path, "application/x-pki-message", &sent.der).await?;
        let took = clock.elapsed().as_secs_f64();
        if reply.status != 200 {
            return Ok(Err(format!("HTTP {}", reply.status)));
        }
        Ok(issued(&reply.body, device, &sent, &authorities).map(|()| Enrolled { begun, took }))
    }
}

fn message(device: &Device, challenge: &str, authorities: &Authorities) -> Outgoing {
    let request = Request::build(&device.subject, &device.key, &[], Some(challenge)).expect("a request");
    let transaction = client::fresh_transaction_id(&mut world::random);
    let from = SigningKey { certificate: &device.certificate, key: &device.key };
    let algorithms = Algorithms { digest: Digest::Sha256, cipher: Cipher::Aes128, transport: KeyTransport::Pkcs1 };
    let to = &authorities.encryption;
    let ask = Ask::Enrol(&request);
    client::message(&ask, &transaction, &from, to, &algorithms, world::now(), &mut world::random).expect("a message")
}

/// Whether the reply, verified as the device would, holds a certificate of it.
fn issued(reply: &[u8], device: &Device, sent: &Outgoing, authorities: &Authorities) -> Result<(), String> {
    let expected = Expected {
        transaction_id: &sent.transaction_id,
        nonce: &sent.nonce,
        authorities: &authorities.all,
        certificate: &device.certificate,
        key: &device.key,
        challenge: None,
        legacy: Legacy::Refuse,
    };
    let certificates: Vec<Certificate> = match client::open_reply(reply, &expected) {
        Ok(Answer::Success { certificates, .. }) => certificates,
        Ok(Answer::Failure { text, .. }) => return Err(format!("refused: {text:?}")),
        Ok(Answer::Pending) => return Err("it waits".to_owned()),
        Err(error) => return Err(error.to_string()),
    };
    let own = certificates.iter().find(|c| c.public_key() == pki::key::Sign::public_key(&device.key));
    let own = own.ok_or("another's certificate")?;
    if own.validity().contains(world::now()) { Ok(()) } else { Err(format!("not valid: {:?}", own.validity())) }
}
