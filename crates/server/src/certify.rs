//! Requests for certificates: facts, decision, one durable write, signature (the design's steps 3 to 9).

use pki::Request;
use ra::challenge::Presented;
use ra::{Case, CaseId, Decision, Delivery, Denial, Enrolment, Poll, Settled, Stated, Verification};
use scep::FailInfo;
use scep::server::{self, Opened, Undeliverable};

use crate::enrol::{Desk, Outcome, Trouble};
use crate::issue::{self, NotIssued};
use crate::reason;
use crate::registration::{self, Asked};
use crate::signer;
use crate::store::{CaseQuery, Commit, CommitError, RefusalRecord};
use crate::world;

/// How often a decision is taken anew because another node or request wrote first.
const MOST_ATTEMPTS: usize = 5;

/// A PKCSReq or RenewalReq.
pub(crate) async fn request(desk: &Desk<'_>, opened: &Opened, request: &Request) -> Result<Outcome, Trouble> {
    let enrolment = enrolment(desk, opened, request);
    let challenge = request.challenge().filter(|challenge| !challenge.is_empty());
    let (pepper, sealing) = (&desk.service.secrets.pepper, &desk.credentials.sealing);
    let presented = challenge.as_deref().map(|text| Presented::recognise(text, pepper, sealing));
    let policy = &desk.endpoint.policy;
    let mut asked: Option<Asked> = None;
    for _ in 0..MOST_ATTEMPTS {
        let mut case = case(desk, opened, presented.as_ref()).await?;
        // A settled case is answered again whatever has become of challenge and signer.
        let settled = ra::settled(&enrolment, &case, policy, desk.now).is_some();
        let judgement = if settled { None } else { signer::judge(desk, opened, &case).await? };
        case.standing = judgement.as_ref().map(signer::standing);
        let verification = if settled {
            Verification::Absent
        } else {
            let statics = &desk.endpoint.statics;
            ra::challenge::verify(&enrolment, presented.as_ref(), statics, &case, policy, desk.now)
        };
        let verification = match (verification, &presented) {
            (Verification::AskModule, Some(presented)) => {
                let answer = match asked.take() {
                    Some(answer) => answer,
                    None => registration::ask(desk.service, &enrolment, presented).await.map_err(|_| Trouble::Busy)?,
                };
                asked.insert(answer).verification.clone()
            }
            (verification, _) => verification,
        };
        let decision = ra::decide(&enrolment, &case, &verification, policy, desk.now);
        if let (Decision::Deny(denial), Some(judgement)) = (&decision, &judgement) {
            signer::keep(desk, denial, judgement);
        }
        match carry_out(desk, opened, Some(request), decision, asked.as_ref()).await {
            Err(NotDone::Overtaken) => {}
            Err(NotDone::Trouble(trouble)) => return Err(trouble),
            Ok(outcome) => return Ok(outcome),
        }
    }
    Err(Trouble::Busy)
}

/// A CertPoll: what has become of an earlier request?
pub(crate) async fn poll(desk: &Desk<'_>, opened: &Opened) -> Result<Outcome, Trouble> {
    let poll = Poll {
        endpoint: &desk.endpoint.name,
        transaction: &opened.transaction_id,
        signer: &opened.signer,
        delivery: delivery(opened),
    };
    for _ in 0..MOST_ATTEMPTS {
        let case = case(desk, opened, None).await?;
        let asked = case.known.as_ref().and_then(|known| known.request.clone());
        match carry_out(desk, opened, asked.as_ref(), ra::decide_poll(&poll, &case), None).await {
            Err(NotDone::Overtaken) => {}
            Err(NotDone::Trouble(trouble)) => return Err(trouble),
            Ok(outcome) => return Ok(outcome),
        }
    }
    Err(Trouble::Busy)
}

fn enrolment<'a>(desk: &'a Desk<'_>, opened: &'a Opened, request: &'a Request) -> Enrolment<'a> {
    Enrolment {
        endpoint: &desk.endpoint.name,
        transaction: &opened.transaction_id,
        request,
        signer: &opened.signer,
        stated: match opened.message_type {
            scep::MessageType::RenewalReq => Stated::Renewal,
            _ => Stated::Enrolment,
        },
        digest: opened.used.digest,
        delivery: delivery(opened),
    }
}

fn delivery(opened: &Opened) -> Delivery {
    match opened.to.delivery() {
        server::Delivery::KeyTransport => Delivery::Possible,
        server::Delivery::Password => Delivery::OnlyNow,
        server::Delivery::Impossible(why) => Delivery::Impossible(match why {
            Undeliverable::NoChallenge => "the signer's key only signs, and there is no challenge to encrypt under",
            Undeliverable::KeySize => "the signer's RSA key has a size that cannot be encrypted to",
            Undeliverable::NotOpened => "the message was not opened",
        }),
    }
}

/// The one read.
async fn case(desk: &Desk<'_>, opened: &Opened, presented: Option<&Presented>) -> Result<Case, Trouble> {
    let query = CaseQuery {
        endpoint: &desk.endpoint.name,
        transaction: &opened.transaction_id,
        signer: &opened.signer,
        challenge: presented.map(|p| p.key().0),
    };
    Ok(desk.service.store.case(&query).await?)
}

/// Why a decision was not carried out.
enum NotDone {
    /// Another request changed the facts in between.
    Overtaken,
    Trouble(Trouble),
}

impl From<CommitError> for NotDone {
    fn from(error: CommitError) -> NotDone {
        match error {
            CommitError::Conflict(_) => NotDone::Overtaken,
            CommitError::Store(error) => NotDone::Trouble(error.into()),
        }
    }
}

impl From<Trouble> for NotDone {
    fn from(trouble: Trouble) -> NotDone {
        NotDone::Trouble(trouble)
    }
}

/// Does what was decided. `request` is what was asked, in this message or in an earlier one.
async fn carry_out(
    desk: &Desk<'_>,
    opened: &Opened,
    request: Option<&Request>,
    decision: Decision,
    asked: Option<&Asked>,
) -> Result<Outcome, NotDone> {
    let challenge = asked.and_then(|asked| asked.challenge.as_deref());
    match decision {
        Decision::Settled(settled) => Ok(repeat(desk, &settled).await?),
        Decision::Grant(grant) => {
            let missing = || Trouble::Internal("the request of an approved case is not there".to_owned());
            let request = request.ok_or_else(missing)?;
            match issue::grant(desk, opened, request, *grant, challenge).await {
                Ok(certificate) => {
                    desk.service.queued.notify_one();
                    Ok(issue::success(desk, certificate))
                }
                Err(NotIssued::Commit(error)) => Err(error.into()),
                Err(NotIssued::Trouble(trouble)) => Err(NotDone::Trouble(trouble)),
                Err(NotIssued::Flawed(flaws)) => Ok(flawed(desk, opened, &flaws, asked).await),
            }
        }
        Decision::Pend(pend) => {
            issue::pend(desk, opened, &pend, challenge).await?;
            desk.service.queued.notify_one();
            Ok(Outcome::Pending)
        }
        Decision::Deny(denial) => {
            deny(desk, opened, &denial, asked).await;
            let reason = denial.reason();
            Ok(Outcome::Failure(reason::fail_info(reason), reason.text()))
        }
    }
}

/// The certificate would be no good: the profile or the lints say why.
async fn flawed(desk: &Desk<'_>, opened: &Opened, flaws: &[ca::Flaw], asked: Option<&Asked>) -> Outcome {
    let code = flaws.first().map_or("profile.unknown", ca::Flaw::code);
    let detail = flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    refuse(desk, opened, (code, &detail), asked).await;
    Outcome::Failure(FailInfo::BadRequest, code)
}

/// The answer of a settled case, again.
async fn repeat(desk: &Desk<'_>, settled: &Settled) -> Result<Outcome, Trouble> {
    match &settled.outcome {
        ra::Outcome::Pending => Ok(Outcome::Pending),
        ra::Outcome::Denied => {
            let reason = ra::Reason::OperatorDenied;
            Ok(Outcome::Failure(reason::fail_info(reason), reason.text()))
        }
        ra::Outcome::Certificate(serial) => {
            let certificate = issue::stored(desk.service, &desk.credentials, serial, desk.now).await?;
            Ok(issue::success(desk, certificate))
        }
    }
}

async fn deny(desk: &Desk<'_>, opened: &Opened, denial: &Denial, asked: Option<&Asked>) {
    let detail = denial.refusals.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    if denial.is_security_event() {
        let detail = desk.entry("refuse", &opened.transaction_id, denial.reason().text(), &detail).detail;
        tracing::warn!(source = %desk.source, transaction = opened.transaction_id, detail, "somebody should look at this");
    }
    refuse(desk, opened, (denial.reason().text(), &detail), asked).await;
}

/// Writes a refusal down. A policy module that said yes is told that there is no certificate after all.
async fn refuse(desk: &Desk<'_>, opened: &Opened, (code, detail): (&str, &str), asked: Option<&Asked>) {
    let entry = desk.entry("refuse", &opened.transaction_id, code, detail);
    let said_yes = asked.filter(|asked| matches!(asked.verification, Verification::Valid(_)));
    let (Some(asked), Some(request)) = (said_yes, opened.content.request()) else { return desk.record(entry).await };
    let challenge = asked.challenge.as_deref();
    let detail = entry.detail.clone();
    let notices = registration::refused(desk.endpoint, &opened.transaction_id, request, challenge, (code, &detail));
    let id = format!("refusal-{}", CaseId::new(desk.now, &mut world::random));
    let refusal = Commit::Refuse(Box::new(RefusalRecord { id, notices }));
    tracing::info!(code, transaction = opened.transaction_id, source = %desk.source, detail, "refused");
    match desk.service.store.commit(refusal, vec![entry], desk.now).await {
        Ok(()) => desk.service.queued.notify_one(),
        Err(error) => tracing::error!(%error, "the audit could not be written"),
    }
}
