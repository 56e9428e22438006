//! The proof before a credential takes over: a whole enrolment with it, as a device would do it, from the encrypted
//! request to the opened reply; of a TLS credential a whole handshake with it, as the other side would do it.

use std::sync::{Arc, OnceLock};

use ca::Profile;
use pki::crl::Reason;
use pki::key::{KeySpec, PrivateKey};
use pki::{Certificate, Name, Time, oid};
use ra::{Approval, ChallengeKind, KeyReuse, Policy, Renewal};
use scep::ca_certs::{self, Authorities};
use scep::client::{self, Ask};
use scep::server::{Accept, Shape};

use super::{Credentials, Inventory, Role, generate};
use crate::config::{CaInReply, Doors, Endpoint};
use crate::device::{self, SOURCE, Signer};
use crate::registration::rehearse;
use crate::{Service, enrol, world};

/// The name of the proof's endpoint and profile; no endpoint of a configuration can have it.
pub(crate) const PROOF: &str = "(proof)";

/// How long the certificate of a proof is valid, in seconds. It is revoked at once all the same.
const VALIDITY: i64 = 600;

/// The purpose of a proof's certificate, which is nobody's: a random number under 2.25, where everybody may draw one
/// (ITU-T X.667).
const PURPOSE: &str = "2.25.516280305812082913";

/// What a proof's certificate looks like: for nothing, for ten minutes.
pub(crate) fn profile() -> Profile {
    let nothing = PURPOSE.parse().into_iter().collect();
    Profile { name: PROOF.to_owned(), extended_key_usage: nothing, ..Profile::tls_client(VALIDITY) }
}

/// A whole enrolment with these credentials.
pub(super) async fn enrolment(service: &Service, candidate: Arc<Credentials>, now: Time) -> Result<(), String> {
    let authorities = published(&candidate)?;
    let key = device_key().await?;
    let mut random = [0; 16];
    world::random(&mut random);
    let challenge = zeroize::Zeroizing::new(pki::digest::hex(&random));
    let endpoint = endpoint(service, &challenge);
    let subject = Name::from_attributes(&[(oid::COMMON_NAME, "perennial proof")]);
    let request = device::request(&subject, &key, Some(&challenge))?;
    let own = device::self_signed(&subject, &key, now)?;
    let by = Signer { certificate: &own, key: &key };
    let sent = device::message(&Ask::Enrol(&request), by, &authorities, now)?;
    let answer = enrol::with(service, &endpoint, Arc::clone(&candidate), sent.der.clone(), SOURCE, now).await;
    let reply = device::opened(&answer, &sent, by, &authorities)?;
    let certificate = match reply {
        client::Answer::Success { certificates, .. } => certificates.into_iter().next(),
        client::Answer::Failure { text, .. } => {
            return Err(format!("the enrolment was refused: {}", text.unwrap_or_default()));
        }
        client::Answer::Pending => return Err("the enrolment waits".to_owned()),
    };
    let certificate = certificate.ok_or("the reply holds no certificate")?;
    leads_to_root(&certificate, &candidate)?;
    withdraw(service, &candidate, &certificate, now).await
}

/// What a device would make of GetCACert: it must find the RA's certificates, each signed by the CA, below the root.
fn published(candidate: &Credentials) -> Result<Authorities, String> {
    let all = ca_certs::read(&candidate.ca_body.octets).map_err(|e| e.to_string())?;
    let found = Authorities::choose(&all).ok_or("GetCACert holds no certificates")?;
    if found.signing != candidate.ra_signing.certificate {
        return Err("a device would expect replies to be signed with another certificate".to_owned());
    }
    for used in [&found.signing, &found.encryption] {
        let issued_by = |ca: &Certificate| ca.is_ca() && used.verify_signature(ca.public_key()).is_ok();
        if !all.iter().any(issued_by) {
            return Err(format!("GetCACert does not hold the CA that signed {}", used.subject()));
        }
    }
    Ok(found)
}

fn leads_to_root(certificate: &Certificate, candidate: &Credentials) -> Result<(), String> {
    let issuer = candidate.issuer().ok_or("there is no issuing CA")?;
    certificate
        .verify_signature(issuer.certificate.public_key())
        .map_err(|e| format!("the certificate issued: {e}"))?;
    let root = candidate.root.public_key();
    issuer.certificate.verify_signature(root).map_err(|e| format!("the issuing CA is not signed by the root: {e}"))
}

/// The certificate was only a proof.
async fn withdraw(
    service: &Service,
    candidate: &Credentials,
    certificate: &Certificate,
    now: Time,
) -> Result<(), String> {
    let issuer = candidate.issuer_of(certificate).ok_or("there is no issuing CA")?.certificate.fingerprint();
    let revocation = ra::Revocation { at: now, reason: Reason::CessationOfOperation };
    let revoked = service.store.revoke(&issuer, certificate.serial(), revocation, &service.actor(), now).await;
    revoked.map_err(|e| e.to_string())
}

/// One key for all proofs: to make an RSA key costs more than all else, and the key guards nothing.
async fn device_key() -> Result<Arc<PrivateKey>, String> {
    static KEY: OnceLock<Arc<PrivateKey>> = OnceLock::new();
    if let Some(key) = KEY.get() {
        return Ok(Arc::clone(key));
    }
    let key = Arc::new(generate::aside(KeySpec::Rsa2048).await.map_err(|e| e.to_string())?);
    Ok(Arc::clone(KEY.get_or_init(|| key)))
}

fn endpoint(service: &Service, challenge: &str) -> Endpoint {
    Endpoint {
        name: PROOF.to_owned(),
        doors: Doors::Own,
        policy: Policy {
            profile: PROOF.to_owned(),
            challenges: vec![ChallengeKind::Static],
            approval: Approval::Never,
            renewal: Renewal { profiles: Vec::new(), window: None, grace: 0, key_reuse: KeyReuse::Allow },
        },
        statics: vec![service.secrets.pepper.key(challenge)],
        challenge_validity: VALIDITY,
        accept: Accept::default(),
        shape: Shape::default(),
        ca_in_reply: CaInReply::Sent,
        module: None,
    }
}

/// Whether a secret seals what it opens again.
pub(super) fn sealing(candidate: &Credentials, now: Time) -> Result<(), String> {
    let key = candidate.sealing.first().ok_or("there is no secret")?;
    let claims: ra::sealed::Claims =
        serde_json::from_value(serde_json::json!({ "id": PROOF, "endpoint": PROOF, "expires": now.seconds() }))
            .map_err(|e| e.to_string())?;
    let text = ra::sealed::seal(&claims, key, &mut world::random).ok_or("nothing could be sealed")?;
    match ra::sealed::open(&text, &candidate.sealing) {
        Some(opened) if opened == claims => Ok(()),
        _ => Err("what was sealed does not open".to_owned()),
    }
}

/// What is to be proved: everything as it would be with the new credential in use.
pub(super) struct Trial<'a> {
    /// What is held, as it is.
    pub(super) before: &'a Inventory,
    /// The same with the new credential in use.
    pub(super) promoted: &'a Inventory,
    /// What would be served with.
    pub(super) candidate: Arc<Credentials>,
}

/// The proof that belongs to a role.
pub(super) async fn of(service: &Service, role: Role, trial: Trial<'_>, now: Time) -> Result<(), String> {
    match role {
        Role::Sealing => sealing(&trial.candidate, now),
        Role::TlsServer => rehearse::server(service, trial.before, trial.promoted, now).await,
        Role::PolicyModuleClient => rehearse::client(service, trial.before, &trial.candidate, now).await,
        Role::Root | Role::IssuingCa | Role::RaSigning | Role::RaEncryption => {
            enrolment(service, trial.candidate, now).await
        }
    }
}
