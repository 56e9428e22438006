//! The decisions. Every reason is collected; nothing here asks anybody anything.

use pki::digest::sha256;
use pki::extension::GeneralName;
use pki::{Request, Time};

use crate::asked::{Delivery, Enrolment, Poll, Stated};
use crate::case::{Case, Held, Known, State};
use crate::challenge::{Verification, Vouched};
use crate::decision::{Authority, Decision, Denial, Grant, Outcome, Pend, Settled};
use crate::policy::{Approval, Policy};
use crate::reason::{Reason, Refusal};
use crate::renewal;

/// SHA-256 over the names a request asks for. The same transaction and key with other names is another request.
#[must_use]
pub fn requested_names(request: &Request) -> [u8; 32] {
    let names = GeneralName::all_to_der(&request.subject_alt_names());
    sha256(&[request.subject().der(), &names].concat())
}

/// The answer of a case that is settled already, if this is the same request again: a lost reply, a poll by sending
/// again, a replay. Also if its challenge was spent by the same key in another transaction.
///
/// A certificate that has been revoked, or that is due for renewal, settles nothing any more: strongSwan derives its
/// transactionID from its key and comes back with it years later.
#[must_use]
pub fn settled(enrolment: &Enrolment<'_>, case: &Case, policy: &Policy, now: Time) -> Option<Settled> {
    same_request(enrolment, case).find_map(|known| {
        let outcome = answer(known, own_certificate(enrolment, case), policy, now)?;
        Some(Settled { case: known.id.clone(), outcome })
    })
}

/// The cases of this very request: the same key and names, in this transaction or by the challenge it was spent on.
fn same_request<'c>(enrolment: &Enrolment<'_>, case: &'c Case) -> impl Iterator<Item = &'c Known> {
    let spent = case.challenge.as_ref().and_then(|record| record.spent.as_ref()).map(|spent| &spent.case);
    let (key, names) = (enrolment.request.public_key().hash(), requested_names(enrolment.request));
    case.known.iter().chain(spent).filter(move |known| known.key == key && known.names == names)
}

/// The signer's certificate, if it is one of this service: octet for octet, for anybody can put an issuer's name and a
/// serial number into a certificate of their own.
fn own_certificate<'c>(enrolment: &Enrolment<'_>, case: &'c Case) -> Option<&'c Held> {
    case.signer.as_ref().filter(|held| held.certificate == *enrolment.signer)
}

fn answer(known: &Known, signer: Option<&Held>, policy: &Policy, now: Time) -> Option<Outcome> {
    match &known.state {
        State::Pending => Some(Outcome::Pending),
        State::Denied(_) => Some(Outcome::Denied),
        State::Approved(_) => None,
        State::Prepared { serial } => Some(Outcome::Certificate(serial.clone())),
        State::Issued { serial, validity, revoked } => {
            // Without a window of its own: the last third of its life. A message that this certificate did not sign may
            // be a retry, however wide the window is: the device may never have got the certificate.
            let third = validity.seconds() / 3;
            let window = policy.renewal.window.unwrap_or(third);
            let signed_by_it = signer.is_some_and(|held| held.certificate.serial() == serial.as_slice());
            let window = if signed_by_it { window } else { window.min(third) };
            let due = now >= validity.not_after.plus(window.saturating_neg());
            (revoked.is_none() && !due).then(|| Outcome::Certificate(serial.clone()))
        }
    }
}

/// Decides about a request for a certificate.
#[must_use]
pub fn decide(
    enrolment: &Enrolment<'_>,
    case: &Case,
    verification: &Verification,
    policy: &Policy,
    now: Time,
) -> Decision {
    if let Some(settled) = settled(enrolment, case, policy, now) {
        return repeated(settled, enrolment.delivery);
    }
    let mut refusals = Vec::new();
    if let Some(known) = case.known.as_ref().filter(|k| k.key != enrolment.request.public_key().hash()) {
        let detail = format!("transaction {} belongs to the key of case {}", enrolment.transaction, known.id);
        refusals.push(Refusal::new(Reason::TransactionKey, detail));
    }
    refusals.extend(undeliverable(enrolment.delivery));
    let signer = own_certificate(enrolment, case);
    let decision = match (signer, approved(enrolment, case)) {
        // What the operator saw is what is made, not what is asked now.
        (_, Some(known)) => Ok(from_approval(known, known.request.as_ref().unwrap_or(enrolment.request))),
        (Some(held), None) => from_certificate(enrolment, held, case, verification, policy, now),
        (None, None) => first(enrolment, verification, policy),
    };
    let decision = decision.map_err(|refusals| with_standing(refusals, case));
    match decision {
        Ok(Decision::Pend(_)) if enrolment.delivery == Delivery::OnlyNow => {
            let detail = "the signer's key only signs, and the challenge to encrypt under would be gone after waiting";
            refusals.push(Refusal::new(Reason::Undeliverable, detail));
            Decision::Deny(Denial::new(refusals))
        }
        Ok(decision) if refusals.is_empty() => with_generation(decision, case),
        Ok(_) => Decision::Deny(Denial::new(refusals)),
        Err(more) => {
            refusals.extend(more);
            let beside = signer.map(|_| beside_renewal(enrolment, case, verification)).unwrap_or_default();
            Decision::Deny(Denial::new(refusals).with_others(beside))
        }
    }
}

/// An answer given again. A certificate that cannot be sent back is not promised.
fn repeated(settled: Settled, delivery: Delivery) -> Decision {
    match (&settled.outcome, undeliverable(delivery)) {
        (Outcome::Certificate(_), Some(refusal)) => Decision::Deny(Denial::new(vec![refusal])),
        _ => Decision::Settled(settled),
    }
}

/// What is wrong with the challenge of a renewal that is refused for its own reasons. A challenge that was spent on the
/// same names is left over from the first enrolment (RFC 8894 §2.5) and no reason.
fn beside_renewal(enrolment: &Enrolment<'_>, case: &Case, verification: &Verification) -> Vec<Refusal> {
    let Verification::Refused(refusals) = verification else { return Vec::new() };
    let spent = case.challenge.as_ref().and_then(|record| record.spent.as_ref());
    let left_over = spent.is_some_and(|spent| spent.case.names == requested_names(enrolment.request));
    refusals.iter().filter(|r| !(left_over && r.reason == Reason::ChallengeSpent)).cloned().collect()
}

/// To a refusal of the signer's certificate, what its chain says of it: why, in the words an operator looks for.
fn with_standing(mut refusals: Vec<Refusal>, case: &Case) -> Vec<Refusal> {
    let says = case.standing.as_ref().and_then(|standing| standing.says.as_ref());
    let own = |refusal: &&mut Refusal| {
        matches!(
            refusal.reason,
            Reason::SignerUnknown | Reason::SignerRevoked | Reason::SignerExpired | Reason::SignerEarly
        )
    };
    if let (Some(says), Some(refusal)) = (says, refusals.iter_mut().find(own)) {
        refusal.detail.push_str(&format!("; its chain: {says}"));
    }
    refusals
}

/// What is known before the decision about its place in the store.
fn with_generation(mut decision: Decision, case: &Case) -> Decision {
    let next = case.known.as_ref().map_or(0, |known| known.generation.saturating_add(1));
    match &mut decision {
        Decision::Grant(grant) if grant.case.is_none() => grant.generation = next,
        Decision::Pend(pend) => pend.generation = next,
        _ => {}
    }
    decision
}

fn undeliverable(delivery: Delivery) -> Option<Refusal> {
    match delivery {
        Delivery::Possible | Delivery::OnlyNow => None,
        Delivery::Impossible(why) => Some(Refusal::new(Reason::Undeliverable, why)),
    }
}

/// The case of this request, if an operator has approved it.
fn approved<'c>(enrolment: &Enrolment<'_>, case: &'c Case) -> Option<&'c Known> {
    same_request(enrolment, case).find(|known| matches!(known.state, State::Approved(_)))
}

fn from_approval(known: &Known, request: &Request) -> Decision {
    let State::Approved(approver) = &known.state else { return Decision::Deny(Denial::new(Vec::new())) };
    let mut grant = grant(request, known.profile.clone(), Authority::Operator(approver.clone()));
    grant.case = Some(known.id.clone());
    grant.generation = known.generation;
    grant.device.clone_from(&known.device);
    grant.sid.clone_from(&known.sid);
    Decision::Grant(Box::new(grant))
}

/// A request signed with a certificate of this service: a renewal, whatever its messageType says (Windows, Cisco and
/// macOS renew with PKCSReq). A good challenge makes it a first enrolment; one that is no good any more is left over
/// from that (RFC 8894 §2.5) and counts as none.
fn from_certificate(
    enrolment: &Enrolment<'_>,
    held: &Held,
    case: &Case,
    verification: &Verification,
    policy: &Policy,
    now: Time,
) -> Result<Decision, Vec<Refusal>> {
    if let Verification::Valid(vouched) = verification {
        return match renewal::revoked(held) {
            Some(refusal) => Err(vec![refusal]),
            None => Ok(replacing(held, enrolment, authorised(enrolment, vouched, policy))),
        };
    }
    let mut refusals = renewal::refusals(enrolment, held, policy, now);
    refusals.extend(renewal::issuer_revoked(held, case.standing.as_ref()));
    if !refusals.is_empty() {
        return Err(refusals);
    }
    let serial = held.certificate.serial().to_vec();
    let mut grant = grant(enrolment.request, held.profile.clone(), Authority::Renewal(serial));
    grant.subject = held.certificate.subject().clone();
    grant.names = renewal::own_names(&held.certificate.subject_alt_names());
    grant.key_usage = grant.key_usage.or_else(|| held.certificate.key_usage());
    grant.device.clone_from(&held.device);
    grant.sid.clone_from(&held.sid);
    Ok(replacing(held, enrolment, Decision::Grant(Box::new(grant))))
}

/// Records the lineage: a new certificate for the same subject takes the place of the one that signed.
fn replacing(held: &Held, enrolment: &Enrolment<'_>, mut decision: Decision) -> Decision {
    if let Decision::Grant(grant) = &mut decision
        && held.certificate.subject().matches(enrolment.request.subject())
    {
        grant.replaces = Some(held.certificate.serial().to_vec());
    }
    decision
}

/// A request signed with a self-signed certificate, which vouches for nothing (RFC 8894 §2.4).
fn first(enrolment: &Enrolment<'_>, verification: &Verification, policy: &Policy) -> Result<Decision, Vec<Refusal>> {
    let signer = enrolment.signer;
    if enrolment.stated == Stated::Renewal || !signer.is_self_issued() {
        let detail = format!("signed with certificate {} of {}, not issued here", signer.serial_hex(), signer.issuer());
        let mut refusals = vec![Refusal::new(Reason::SignerUnknown, detail)];
        if let Verification::Refused(more) = verification {
            refusals.extend(more.iter().cloned());
        }
        return Err(refusals);
    }
    match verification {
        Verification::Valid(vouched) => Ok(authorised(enrolment, vouched, policy)),
        Verification::Refused(refusals) => Err(refusals.clone()),
        Verification::AskModule => {
            Err(vec![Refusal::new(Reason::ChallengeUnavailable, "the policy module was not asked")])
        }
        Verification::Unanswered(why) => unanswered(why, policy),
        Verification::Absent if policy.approval == Approval::Never => {
            let detail = format!("endpoint {} wants one", enrolment.endpoint);
            Err(vec![Refusal::new(Reason::ChallengeMissing, detail)])
        }
        Verification::Absent => Ok(Decision::Pend(Pend {
            generation: 0,
            profile: policy.profile.clone(),
            device: None,
            sid: None,
            spend: None,
            unverified: None,
        })),
    }
}

/// Nobody could say whether the challenge is good. Where an operator decides, the request waits for them, who is told
/// so; anywhere else it is refused.
fn unanswered(why: &str, policy: &Policy) -> Result<Decision, Vec<Refusal>> {
    let refusal = Refusal::new(Reason::ChallengeUnavailable, why);
    if policy.approval == Approval::Never {
        return Err(vec![refusal]);
    }
    let profile = policy.profile.clone();
    Ok(Decision::Pend(Pend { generation: 0, profile, device: None, sid: None, spend: None, unverified: Some(refusal) }))
}

fn authorised(enrolment: &Enrolment<'_>, vouched: &Vouched, policy: &Policy) -> Decision {
    let profile = vouched.profile.clone().unwrap_or_else(|| policy.profile.clone());
    if policy.approval == Approval::Always {
        return Decision::Pend(Pend {
            generation: 0,
            profile,
            device: vouched.device.clone(),
            sid: vouched.sid.clone(),
            spend: vouched.spend.clone(),
            unverified: None,
        });
    }
    let mut grant = grant(enrolment.request, profile, Authority::Challenge(vouched.kind));
    grant.device.clone_from(&vouched.device);
    grant.sid.clone_from(&vouched.sid);
    grant.spend.clone_from(&vouched.spend);
    Decision::Grant(Box::new(grant))
}

fn grant(request: &Request, profile: String, authority: Authority) -> Grant {
    Grant {
        case: None,
        generation: 0,
        profile,
        subject: request.subject().clone(),
        names: request.subject_alt_names(),
        key: request.public_key().clone(),
        key_usage: request.key_usage(),
        device: None,
        sid: None,
        spend: None,
        replaces: None,
        authority,
    }
}

/// Decides about a question what has become of a request. Only the key that signed the request may ask; whoever else
/// does learns nothing.
#[must_use]
pub fn decide_poll(poll: &Poll<'_>, case: &Case) -> Decision {
    let own = |known: &&Known| known.signer_key == poll.signer.public_key().hash();
    let unknown = |detail| Decision::Deny(Denial::new(vec![Refusal::new(Reason::TransactionUnknown, detail)]));
    let Some(known) = case.known.as_ref().filter(own) else {
        return unknown(format!("no request of this signer with transaction {}", poll.transaction));
    };
    let outcome = match (&known.state, &known.request) {
        (State::Pending, _) | (State::Approved(_), None) => Outcome::Pending,
        (State::Denied(_), _) => Outcome::Denied,
        (State::Issued { revoked: Some(revoked), .. }, _) => {
            return unknown(format!("the certificate of case {} was revoked at {}", known.id, revoked.at));
        }
        (State::Prepared { serial } | State::Issued { serial, .. }, _) => Outcome::Certificate(serial.clone()),
        (State::Approved(_), Some(request)) => {
            return match undeliverable(poll.delivery) {
                Some(refusal) => Decision::Deny(Denial::new(vec![refusal])),
                None => from_approval(known, request),
            };
        }
    };
    repeated(Settled { case: known.id.clone(), outcome }, poll.delivery)
}
