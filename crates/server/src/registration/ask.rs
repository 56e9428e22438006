//! A challenge that nobody here knows: the endpoint's policy module is asked, and its answer becomes a verification.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki::Time;
use ra::challenge::Presented;
use ra::{ChallengeKind, Enrolment, Reason, Refusal, Spend, Stored, Verification, Vouched};

use super::words::{Detail, Question, Stated, Valid, Verdict};
use crate::Service;

/// What a policy module said of a request.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// Whether the challenge is good.
    pub(crate) verification: Verification,
    /// The name of the challenge, for notifications.
    pub(crate) challenge: Option<String>,
}

/// Asks the policy module of the endpoint. No answer, or one that cannot be read, is never a yes.
///
/// # Errors
/// Too many wait for the module already: the device may try again soon.
pub(crate) async fn ask(service: &Service, enrolment: &Enrolment<'_>, presented: &Presented) -> Result<Asked, Busy> {
    let room = service.asking.get(enrolment.endpoint).map(tokio::sync::Semaphore::try_acquire);
    let _under_way = room.transpose().map_err(|_| Busy)?;
    Ok(answer(service, enrolment, presented).await)
}

/// More questions are under way than the module may have.
pub(crate) struct Busy;

async fn answer(service: &Service, enrolment: &Enrolment<'_>, presented: &Presented) -> Asked {
    let unanswered = |why: String| Asked { verification: Verification::Unanswered(why), challenge: None };
    let Some(module) = service.modules.get(enrolment.endpoint) else {
        return unanswered("the endpoint has no policy module".to_owned());
    };
    match module.verify(&question(enrolment)).await {
        Ok(Verdict::Valid(valid)) => match vouched(service, presented, &valid) {
            Ok(vouched) => Asked { verification: Verification::Valid(vouched), challenge: valid.id },
            Err(why) => unanswered(why),
        },
        Ok(Verdict::Refused(reasons)) => {
            Asked { verification: Verification::Refused(refusals(&reasons.refusals)), challenge: None }
        }
        Err(no_answer) => {
            tracing::warn!(endpoint = enrolment.endpoint, error = %no_answer, "the policy module gave no answer");
            unanswered(format!("the policy module of endpoint {}: {no_answer}", enrolment.endpoint))
        }
    }
}

fn question(enrolment: &Enrolment<'_>) -> Question {
    Question {
        endpoint: enrolment.endpoint.to_owned(),
        transaction: enrolment.transaction.to_owned(),
        stated: match enrolment.stated {
            ra::Stated::Enrolment => Stated::Enrolment,
            ra::Stated::Renewal => Stated::Renewal,
        },
        request: STANDARD.encode(enrolment.request.der()),
        signer: STANDARD.encode(enrolment.signer.der()),
    }
}

/// What the module vouches for. A profile or an identifier that cannot be makes the answer unreadable.
fn vouched(service: &Service, presented: &Presented, valid: &Valid) -> Result<Vouched, String> {
    if let Some(profile) = valid.profile.as_ref().filter(|p| !service.config.profiles.contains_key(*p)) {
        return Err(format!(
            "the policy module names a profile that does not exist: {}",
            super::remote::shown(profile)
        ));
    }
    if let Some(sid) = valid.sid.as_ref().filter(|sid| sid.parse::<ca::Sid>().is_err()) {
        return Err(format!(
            "the policy module names a security identifier that is none: {}",
            super::remote::shown(sid)
        ));
    }
    let key = presented.key().0;
    Ok(Vouched {
        kind: ChallengeKind::Module,
        profile: valid.profile.clone(),
        device: valid.device.clone(),
        sid: valid.sid.clone(),
        spend: valid.expires.map(|expires| Spend { key, expires: Time(expires), stored: Stored::OnlySpent }),
    })
}

/// The module's reasons, as far as they are ours; any other is a refusal all the same.
fn refusals(details: &[Detail]) -> Vec<Refusal> {
    let mut found: Vec<Refusal> = details.iter().take(32).map(refusal).collect();
    if found.is_empty() {
        found.push(Refusal::new(Reason::ModuleRefused, "it does not say why"));
    }
    found
}

fn refusal(detail: &Detail) -> Refusal {
    const FROM_MODULE: [Reason; 6] = [
        Reason::ChallengeSpent,
        Reason::ChallengeExpired,
        Reason::ChallengeWrong,
        Reason::ChallengeMissing,
        Reason::ChallengeMismatch,
        Reason::ModuleRefused,
    ];
    let text = super::remote::shown(&detail.detail);
    match FROM_MODULE.into_iter().find(|reason| reason.text() == detail.code) {
        Some(reason) => Refusal::new(reason, text),
        None => Refusal::new(Reason::ModuleRefused, format!("{}: {text}", super::remote::shown(&detail.code))),
    }
}
