//! What operators do: each act is one durable write with their name in the audit.

use pki::{Request, Time};
use ra::sealed::{self, Claims};
use ra::{Approver, CaseId, Reason};

use crate::config::Endpoint;
use crate::store::{Actor, ChallengeNew, Notice, StoredCase};
use crate::{Service, ServiceError, registration, world};

/// Octets of a one-time challenge; it is written as twice as many hexadecimal digits in upper case, as NDES writes its
/// own: some scrapers of the page look for nothing else.
const CHALLENGE: usize = 16;

/// What a new challenge is for.
#[derive(Debug, Clone, Default)]
pub struct ChallengeFor {
    /// The device, for the audit and the list of certificates.
    pub device: Option<String>,
    /// The security identifier that goes into the certificate.
    pub sid: Option<String>,
    /// Another profile than the endpoint's.
    pub profile: Option<String>,
    /// How long it is good, in seconds; nothing: as long as the endpoint says.
    pub validity: Option<i64>,
}

/// A new challenge. Only its keyed hash is stored; this is the only time it is seen.
pub struct NewlyMade {
    /// The challenge.
    pub challenge: zeroize::Zeroizing<String>,
    /// Until when it is good.
    pub expires: Time,
}

/// Makes a one-time challenge.
pub async fn new_challenge(
    service: &Service,
    endpoint: &Endpoint,
    wanted: &ChallengeFor,
    by: &Actor,
    now: Time,
) -> Result<NewlyMade, ServiceError> {
    check(service, endpoint, wanted)?;
    if !endpoint.policy.challenges.contains(&ra::ChallengeKind::OneTime) {
        return Err(ServiceError::Refused(format!("endpoint {} takes no one-time challenges", endpoint.name)));
    }
    let mut octets = zeroize::Zeroizing::new([0; CHALLENGE]);
    world::random(&mut *octets);
    let mut challenge = zeroize::Zeroizing::new(pki::digest::hex(&*octets));
    challenge.make_ascii_uppercase();
    let expires = now.plus(wanted.validity.unwrap_or(endpoint.challenge_validity));
    let challenge_row = ChallengeNew {
        key: service.secrets.pepper.key(&challenge).0,
        endpoint: endpoint.name.clone(),
        expires,
        profile: wanted.profile.clone(),
        device: wanted.device.clone(),
        sid: wanted.sid.clone(),
    };
    service.store.challenge_new(&challenge_row, by, now).await?;
    Ok(NewlyMade { challenge, expires })
}

fn check(service: &Service, endpoint: &Endpoint, wanted: &ChallengeFor) -> Result<(), ServiceError> {
    if let Some(profile) = wanted.profile.as_ref().filter(|p| !service.config.profiles.contains_key(*p)) {
        return Err(ServiceError::Refused(format!("there is no profile `{profile}`")));
    }
    if let Some(sid) = &wanted.sid
        && sid.parse::<ca::Sid>().is_err()
    {
        return Err(ServiceError::Refused(format!("`{sid}` is no security identifier (S-1-5-21-…)")));
    }
    if wanted.validity.is_some_and(|v| v <= 0) {
        return Err(ServiceError::Refused(format!(
            "a challenge of endpoint {} must live for some time",
            endpoint.name
        )));
    }
    Ok(())
}

/// Makes a sealed challenge. Nothing is stored; `claims.id`, `endpoint` and `expires` are filled in.
pub fn seal_challenge(
    service: &Service,
    endpoint: &Endpoint,
    wanted: &ChallengeFor,
    mut claims: Claims,
    now: Time,
) -> Result<NewlyMade, ServiceError> {
    check(service, endpoint, wanted)?;
    if !endpoint.policy.challenges.contains(&ra::ChallengeKind::Sealed) {
        return Err(ServiceError::Refused(format!("endpoint {} takes no sealed challenges", endpoint.name)));
    }
    let mut id = [0; CHALLENGE];
    world::random(&mut id);
    claims.id = pki::digest::hex(&id);
    claims.endpoint.clone_from(&endpoint.name);
    let expires = now.plus(wanted.validity.unwrap_or(endpoint.challenge_validity));
    claims.expires = expires.seconds();
    claims.device.clone_from(&wanted.device);
    claims.sid.clone_from(&wanted.sid);
    claims.profile.clone_from(&wanted.profile);
    let credentials = service.credentials.load_full();
    let sealed = credentials.sealing.first().and_then(|key| sealed::seal(&claims, key, &mut world::random));
    let text = sealed.ok_or_else(|| ServiceError::Issue("the challenge could not be sealed".to_owned()))?;
    Ok(NewlyMade { challenge: zeroize::Zeroizing::new(text), expires })
}

/// Says yes to a pending case. The certificate is made when the device asks again.
pub async fn approve(service: &Service, case: &CaseId, by: &Actor, now: Time) -> Result<(), ServiceError> {
    Ok(service.store.approve(case, &Approver(by.name.clone()), &by.source, now).await?)
}

/// Says no to a pending case. The endpoint's policy module is told, as of any other outcome.
pub async fn deny(service: &Service, case: &CaseId, by: &Actor, why: &str, now: Time) -> Result<(), ServiceError> {
    let notices = match service.store.case_by_id(case).await? {
        Some(found) => told(service, &found, by, why),
        None => Vec::new(),
    };
    Ok(service.store.deny(case, &Approver(by.name.clone()), (why, &by.source), &notices, now).await?)
}

fn told(service: &Service, case: &StoredCase, by: &Actor, why: &str) -> Vec<Notice> {
    let Some(endpoint) = service.config.endpoints.get(&case.endpoint) else { return Vec::new() };
    let Ok(request) = Request::parse(&case.request) else { return Vec::new() };
    let detail = format!("{}: {why}", by.name);
    let code = Reason::OperatorDenied.text();
    registration::refused(endpoint, &case.transaction, &request, None, (code, &detail))
}
