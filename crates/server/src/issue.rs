//! From a grant to a certificate: prepared, stored, signed, stored again. Nothing is signed that is not stored.

use std::sync::Arc;

use ca::{Flaw, Order, Prepared, Profile, Serial};
use pki::key::{Sign, SignatureAlgorithm};
use pki::{Certificate, Request, Time};
use ra::{Authority, CaseId, Grant, Pend};
use scep::server::Opened;

use crate::config::{CaInReply, Endpoint};
use crate::credential::{self, Credentials, Keyed};
use crate::enrol::{Desk, Outcome, Trouble};
use crate::store::{
    AuditEntry, CertificateRecord, Commit, CommitError, GrantRecord, Origin, PendRecord, RequestRecord, Unfinished,
};
use crate::{Service, ServiceError, registration, world};

/// Why a grant became no certificate.
pub(crate) enum NotIssued {
    /// The store would not have it.
    Commit(CommitError),
    /// The certificate would be no good.
    Flawed(Vec<Flaw>),
    Trouble(Trouble),
}

impl From<Trouble> for NotIssued {
    fn from(trouble: Trouble) -> NotIssued {
        NotIssued::Trouble(trouble)
    }
}

/// Makes the certificate of a grant. `request` is what was asked, in this message or in the one it asks about;
/// `challenge` the name a policy module has for its challenge.
pub(crate) async fn grant(
    desk: &Desk<'_>,
    opened: &Opened,
    request: &Request,
    grant: Grant,
    challenge: Option<&str>,
) -> Result<Certificate, NotIssued> {
    let issuer = desk.credentials.issuer().ok_or_else(|| Trouble::Internal("there is no issuing CA".to_owned()))?;
    let profile = profile(desk, &grant)?;
    let order = order(&grant)?;
    let profile = addressed(profile, &issuer.certificate, &desk.service.config.public_url);
    let serial = Serial::random(&mut world::random);
    let algorithm = issuer.key.preferred();
    let prepared =
        ca::prepare(&order, &profile, &issuer.certificate, algorithm, &serial, desk.now).map_err(NotIssued::Flawed)?;
    let mut record = record(desk, opened, request, &grant, &prepared, issuer);
    let told = (&record.case, grant.device(), prepared.serial());
    record.notices = registration::issued(desk.endpoint, &opened.transaction_id, request, challenge, told);
    let entry = granted(desk, &record);
    desk.service
        .store
        .commit(Commit::Grant(Box::new(record)), vec![entry], desk.now)
        .await
        .map_err(NotIssued::Commit)?;
    Ok(sign(desk.service, issuer, prepared, desk.now).await?)
}

fn granted(desk: &Desk<'_>, record: &GrantRecord) -> AuditEntry {
    let certificate = &record.certificate;
    let serial = pki::certificate::serial_hex(&certificate.serial);
    let detail = format!(
        "{}; profile {}; subject {}; serial {serial}",
        certificate.authority, record.request.profile, certificate.subject
    );
    desk.entry("grant", &record.case.0, "", &detail)
}

fn profile<'s>(desk: &Desk<'s>, grant: &Grant) -> Result<&'s Profile, Trouble> {
    desk.service
        .config
        .profiles
        .get(grant.profile())
        .ok_or_else(|| Trouble::Internal(format!("there is no profile `{}`", grant.profile())))
}

/// The profile for one generation of the CA: each has its own revocation list.
pub(crate) fn addressed(profile: &Profile, issuer: &Certificate, public_url: &str) -> Profile {
    let place = credential::place(issuer);
    Profile {
        crl_urls: vec![format!("{public_url}/ca/{place}.crl")],
        issuer_urls: vec![format!("{public_url}/ca/{place}.crt")],
        ..profile.clone()
    }
}

/// The only way from a decision to something that can be signed (docs/decisions/0001).
#[expect(clippy::disallowed_methods, reason = "here a grant becomes an order, and nowhere else")]
fn order(grant: &Grant) -> Result<Order, Trouble> {
    let order = Order::new(grant.subject().clone(), grant.names().to_vec(), grant.key().clone());
    let order = order.with_key_usage(grant.key_usage());
    match grant.sid().map(str::parse).transpose() {
        Ok(Some(sid)) => Ok(order.with_sid(sid)),
        Ok(None) => Ok(order),
        Err(_) => Err(Trouble::Internal(format!("the stored security identifier {:?} is none", grant.sid()))),
    }
}

/// What is stored before the key is used.
fn record(
    desk: &Desk<'_>,
    opened: &Opened,
    request: &Request,
    grant: &Grant,
    prepared: &Prepared,
    issuer: &Keyed,
) -> GrantRecord {
    let (case, origin) = match grant.case() {
        Some(pending) => (pending.clone(), Origin::Approved),
        None => (CaseId::new(desk.now, &mut world::random), Origin::New),
    };
    GrantRecord {
        case,
        origin,
        request: RequestRecord {
            generation: grant.generation(),
            profile: grant.profile().to_owned(),
            device: grant.device().map(str::to_owned),
            sid: grant.sid().map(str::to_owned),
            ..request_record(desk, opened, request)
        },
        certificate: CertificateRecord {
            issuer: issuer.certificate.fingerprint(),
            serial: prepared.serial().to_vec(),
            tbs: prepared.tbs().to_vec(),
            algorithm: issuer.key.preferred().to_der(),
            subject: prepared.subject().to_string(),
            validity: prepared.validity(),
            authority: authority(grant.authority()),
            replaces: grant.replaces().map(<[u8]>::to_vec),
        },
        spend: grant.spend().cloned(),
        notices: Vec::new(),
    }
}

/// What is kept of a request; its challenge is not.
fn request_record(desk: &Desk<'_>, opened: &Opened, request: &Request) -> RequestRecord {
    RequestRecord {
        endpoint: desk.endpoint.name.clone(),
        transaction: opened.transaction_id.clone(),
        generation: 0,
        key: request.public_key().hash(),
        signer_key: opened.signer.public_key().hash(),
        names: ra::requested_names(request),
        signer: opened.signer.der().to_vec(),
        request: request.without_challenge().der().to_vec(),
        profile: String::new(),
        device: None,
        sid: None,
    }
}

fn authority(authority: &Authority) -> String {
    match authority {
        Authority::Challenge(kind) => format!("{} challenge", kind.name()),
        Authority::Renewal(serial) => format!("renewal of {}", pki::certificate::serial_hex(serial)),
        Authority::Operator(approver) => format!("approved by {}", approver.0),
    }
}

/// Writes down that a request waits for an operator.
pub(crate) async fn pend(
    desk: &Desk<'_>,
    opened: &Opened,
    pend: &Pend,
    challenge: Option<&str>,
) -> Result<(), CommitError> {
    let Some(request) = opened.content.request() else { return Ok(()) };
    let case = CaseId::new(desk.now, &mut world::random);
    let mut detail = format!("subject {}", request.subject());
    let mut code = "";
    if let Some(unverified) = &pend.unverified {
        detail.push_str(&format!("; the challenge was NOT verified: {}", unverified.detail));
        code = unverified.reason.text();
    }
    let entry = desk.entry("pend", &case.0, code, &detail);
    let told = (&case, pend.device.as_deref());
    let notices = registration::pending(desk.endpoint, &opened.transaction_id, request, challenge, told);
    let record = PendRecord {
        case,
        request: RequestRecord {
            generation: pend.generation,
            profile: pend.profile.clone(),
            device: pend.device.clone(),
            sid: pend.sid.clone(),
            ..request_record(desk, opened, request)
        },
        spend: pend.spend.clone(),
        notices,
    };
    desk.service.store.commit(Commit::Pend(Box::new(record)), vec![entry], desk.now).await
}

/// Signs what is stored, and stores the certificate. If somebody else signed it meanwhile, theirs is the certificate.
async fn sign(service: &Service, issuer: &Keyed, prepared: Prepared, now: Time) -> Result<Certificate, Trouble> {
    let signed = ca::sign(prepared, &issuer.certificate, &*issuer.key);
    let certificate = signed.map_err(|e| Trouble::Internal(e.to_string()))?;
    Ok(service.store.issued(&issuer.certificate.fingerprint(), &certificate, Vec::new(), now).await?)
}

/// A certificate the store knows. If it was decided but not signed yet, what is stored is signed now.
pub(crate) async fn stored(
    service: &Service,
    credentials: &Credentials,
    serial: &[u8],
    now: Time,
) -> Result<Certificate, Trouble> {
    let missing = || Trouble::Internal(format!("certificate {} is not there", pki::certificate::serial_hex(serial)));
    let row = service.store.certificate(serial).await?.ok_or_else(missing)?;
    if let Some(der) = row.der {
        return parsed(&der);
    }
    if let Some(unfinished) = service.store.unfinished_by(&row.issuer, serial).await? {
        return finish(service, credentials, unfinished, now).await;
    }
    // Another copy of the same request has signed it since the first read.
    let row = service.store.certificate_by(&row.issuer, serial).await?.ok_or_else(missing)?;
    parsed(&row.der.ok_or_else(missing)?)
}

fn parsed(der: &[u8]) -> Result<Certificate, Trouble> {
    Certificate::parse(der).map_err(|e| Trouble::Internal(e.to_string()))
}

async fn finish(
    service: &Service,
    credentials: &Credentials,
    unfinished: Unfinished,
    now: Time,
) -> Result<Certificate, Trouble> {
    let meant = |keyed: &Keyed| keyed.certificate.fingerprint() == unfinished.issuer;
    let root = credentials.root_keyed().filter(meant);
    let next = credentials.next_keyed().filter(meant);
    let (issuer, resume): (_, fn(&[u8], &Certificate, SignatureAlgorithm) -> _) = match &root {
        Some(root) => (Some(root), Prepared::resume_issuing),
        None => (credentials.issuer_by(&unfinished.issuer).or(next.as_ref()), Prepared::resume),
    };
    let issuer = issuer.ok_or_else(|| Trouble::Internal("the CA that was to sign is not there any more".to_owned()))?;
    let algorithm = SignatureAlgorithm::parse(&unfinished.algorithm).map_err(|e| Trouble::Internal(e.to_string()))?;
    let prepared = resume(&unfinished.tbs, &issuer.certificate, algorithm)
        .map_err(|flaws| Trouble::Internal(flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")))?;
    sign(service, issuer, prepared, now).await
}

/// Signs what was decided before a crash and not signed.
pub(crate) async fn resume(service: &Service, now: Time) -> Result<(), ServiceError> {
    let credentials: Arc<Credentials> = service.credentials.load_full();
    for unfinished in service.store.unfinished().await? {
        let serial = pki::certificate::serial_hex(&unfinished.serial);
        match finish(service, &credentials, unfinished, now).await {
            Ok(certificate) => tracing::info!(serial, subject = %certificate.subject(), "signed after a restart"),
            Err(error) => tracing::error!(serial, %error, "what was decided before the restart could not be signed"),
        }
    }
    Ok(())
}

/// A reply with a certificate.
pub(crate) fn success(desk: &Desk<'_>, certificate: Certificate) -> Outcome {
    Outcome::Success(with_issuer(desk.endpoint, &desk.credentials, certificate), None)
}

pub(crate) fn with_issuer(
    endpoint: &Endpoint,
    credentials: &Credentials,
    certificate: Certificate,
) -> Vec<Certificate> {
    let issuer = match endpoint.ca_in_reply {
        CaInReply::Sent => credentials.issuer_of(&certificate).map(|k| k.certificate.clone()),
        CaInReply::Omitted => None,
    };
    std::iter::once(certificate).chain(issuer).collect()
}
