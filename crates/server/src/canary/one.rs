use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use client::{Application, Options, Outcome, Pin, Session, Wish};
use pki::crl::Reason;
use pki::key::KeySpec;
use pki::{Certificate, Name, Time, oid};
use ra::sealed::Claims;
use ra::{Approval, ChallengeKind};
use zeroize::Zeroizing;

use crate::config::{Endpoint, ModuleKind};
use crate::credential::{PROOF, aside, proof_profile};
use crate::operator::{self, ChallengeFor};
use crate::registration::{NoAnswer, Wanted};
use crate::{Service, world};

/// The device a canary says it is; its subject too, so that everybody who meets it knows.
const DEVICE: &str = "perennial canary";
/// How long its challenge is good, in seconds.
const CHALLENGE: i64 = 300;
/// For each request.
const TIMEOUT: Duration = Duration::from_secs(30);

/// What came of a canary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// It got a certificate, which has been revoked, within so many milliseconds.
    Enrolled(u64),
    /// It got none, or something was wrong with it.
    Failed(String),
    /// There is no way in for it.
    NotTried(String),
    /// It got what a device gets, instead of something of no use; that has been revoked, and no other is sent out by
    /// itself.
    Unmarked(String),
}

impl std::fmt::Display for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Tried::Enrolled(milliseconds) => write!(f, "enrolled within {milliseconds} ms, and revoked"),
            Tried::Failed(why) | Tried::NotTried(why) | Tried::Unmarked(why) => f.write_str(why),
        }
    }
}

pub(super) async fn tried(service: &Service, endpoint: &Endpoint, address: SocketAddr, now: Time) -> Tried {
    let begun = tokio::time::Instant::now();
    match enrolled(service, endpoint, address, now).await {
        Ok(()) => Tried::Enrolled(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)),
        Err(no) => no,
    }
}

async fn enrolled(service: &Service, endpoint: &Endpoint, address: SocketAddr, now: Time) -> Result<(), Tried> {
    let failed = |what: &str, why: &dyn std::fmt::Display| Tried::Failed(format!("{what}: {why}"));
    let challenge = challenge(service, endpoint, now).await?;
    let root = service.credentials.load().root.fingerprint().to_vec();
    let options = Options { timeout: TIMEOUT, pin: Some(Pin::Sha256(root)), ..Options::default() };
    let url = format!("http://{}/scep/{}", reachable(address), endpoint.name);
    let session = Session::open(&url, options).await.map_err(|e| failed(&url, &e))?;
    // A key of its own for each: the transaction is named by the key, and a known one would only be answered again.
    let key = aside(KeySpec::Rsa2048).await.map_err(|e| failed("key", &e))?;
    let subject = Name::from_attributes(&[(oid::COMMON_NAME, DEVICE)]);
    let wish = Wish { subject, names: Vec::new(), challenge: Some(challenge) };
    let application = Application::first(key, &wish).map_err(|e| failed("request", &e))?;
    match session.submit(&application).await.map_err(|e| failed(&url, &e))? {
        Outcome::Issued { certificate, .. } => {
            withdraw(service, &certificate).await?;
            if is_marked(&certificate) { Ok(()) } else { Err(Tried::Unmarked(unmarked(&certificate))) }
        }
        Outcome::Pending => Err(Tried::Failed(format!("{url}: the request waits for an operator"))),
        Outcome::Refused(refusal) => Err(failed(&format!("{url}: refused"), &refusal)),
    }
}

/// The way in that the endpoint has for devices, if a program can go it: not with a secret of which only the keyed hash
/// is kept, and not past an operator.
async fn challenge(service: &Service, endpoint: &Endpoint, now: Time) -> Result<Zeroizing<String>, Tried> {
    let takes = |kind| endpoint.policy.challenges.contains(&kind);
    let no = |why: &str| Err(Tried::NotTried(why.to_owned()));
    if endpoint.policy.approval == Approval::Always {
        return no("an operator decides about every request here");
    }
    let wanted = ChallengeFor {
        device: Some(DEVICE.to_owned()),
        profile: Some(PROOF.to_owned()),
        validity: Some(CHALLENGE),
        ..ChallengeFor::default()
    };
    let made = if takes(ChallengeKind::Module) && endpoint.module.is_some() {
        return of_module(service, endpoint).await;
    } else if takes(ChallengeKind::OneTime) {
        operator::new_challenge(service, endpoint, &wanted, &service.actor(), now).await
    } else if takes(ChallengeKind::Sealed) {
        operator::seal_challenge(service, endpoint, &wanted, Claims::default(), now)
    } else {
        return no("only challenges that are known here as keyed hashes, or an operator, let a device in");
    };
    made.map(|made| made.challenge).map_err(|e| Tried::Failed(format!("challenge: {e}")))
}

async fn of_module(service: &Service, endpoint: &Endpoint) -> Result<Zeroizing<String>, Tried> {
    let (Some(module), Some(kind)) = (service.modules.get(&endpoint.name), endpoint.module.as_ref().map(|m| &m.kind))
    else {
        return Err(Tried::Failed("the policy module has not been set up".to_owned()));
    };
    let wanted = Wanted {
        endpoint: endpoint.name.clone(),
        validity: Some(CHALLENGE),
        device: Some(DEVICE.to_owned()),
        profile: Some(PROOF.to_owned()),
        ..Wanted::default()
    };
    match (module.challenge(&wanted).await, kind) {
        (Ok(made), _) => Ok(Zeroizing::new(made.challenge)),
        // Webhooks and programs need not make challenges: whoever enrols may have them from elsewhere.
        (Err(no @ NoAnswer::Rejected { .. }), ModuleKind::Webhook { .. } | ModuleKind::Command { .. }) => {
            Err(Tried::NotTried(format!("the policy module makes no challenges: {no}")))
        }
        (Err(no), _) => Err(Tried::Failed(format!("challenge of the policy module: {no}"))),
    }
}

/// Whether it is what a canary is to get: a policy module may not care which profile its challenge was made for.
fn is_marked(certificate: &Certificate) -> bool {
    let profile = proof_profile();
    certificate.extended_key_usage().is_some_and(|purposes| purposes == profile.extended_key_usage)
        && certificate.validity().seconds() <= profile.validity + profile.backdate
}

fn unmarked(certificate: &Certificate) -> String {
    format!(
        "the policy module let the canary have a device's certificate ({}, until {}); it has been revoked, and no other \
         is sent out by itself",
        certificate.serial_hex(),
        certificate.validity().not_after
    )
}

async fn withdraw(service: &Service, certificate: &Certificate) -> Result<(), Tried> {
    let credentials = service.credentials.load_full();
    let known = || Tried::Failed("the certificate was issued by a CA that is not this service's".to_owned());
    let issuer = credentials.issuer_of(certificate).ok_or_else(known)?.certificate.fingerprint();
    let now = world::now();
    let revocation = ra::Revocation { at: now, reason: Reason::CessationOfOperation };
    let revoked = service.store.revoke(&issuer, certificate.serial(), revocation, &service.actor(), now).await;
    revoked.map_err(|e| Tried::Failed(format!("the certificate could not be revoked: {e}")))
}

/// Where a service that listens everywhere is reached on its own machine.
fn reachable(address: SocketAddr) -> SocketAddr {
    let here = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        other => other,
    };
    SocketAddr::new(here, address.port())
}
