//! F-01: the pinned client certificate has expired, and the registry still names it.

use std::collections::BTreeSet;

use super::Check;
use crate::case::{CLIENT_AUTH, Case, Needs, Signs, capi2_says, certificate_says, has_usage, line};
use crate::fact::capi2::{Capi2Body, Permission};
use crate::fact::log::{Answer, Door, TraceMeaning};
use crate::fact::{Capi2Event, CertificateDescription, Code, DistinguishedName, Place, Thumbprint};
use crate::finding::{Line, Outcome};
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::Registry, Witness::MachineStore], &[Witness::Registry, Witness::Capi2]];

pub(super) const CHECK: Check = Check { code: "F-01", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let pin = case.pin();
    let pinned = pin.as_ref().and_then(|pin| pin.thumbprint);
    let failed = refused_by_schannel(case);
    let footprint = refused_by_registration_point(case);
    let mut signs = Signs::default();
    if let (Some(pin), Some(thumbprint)) = (&pin, pinned) {
        let shown = failed.iter().filter(|sign| sign.thumbprint == Some(thumbprint)).map(|sign| sign.line.clone());
        let expired = case.describe(thumbprint).filter(|(_, described)| case.is_expired(described));
        let expired = expired.map(|(place, described)| line(place, certificate_says(described)));
        signs.certain.extend(shown.chain(expired));
        if !signs.certain.is_empty() {
            signs.certain.insert(0, line(pin.place, format!("NDESCertThumbprint = {}", pin.raw)));
            signs.certain.extend(footprint.clone());
            signs.certain.extend(stalled(case));
        }
    } else if case.heard(Witness::Registry) && pin.is_none() {
        return Outcome::NotApplicable;
    } else {
        signs.probable.extend(failed.iter().map(|sign| sign.line.clone()));
    }
    if signs.is_empty() && pinned.is_none() {
        signs.probable.extend(footprint);
    }
    let leads = if signs.is_empty() { stalled(case) } else { Vec::new() };
    if signs.is_empty() && !leads.is_empty() && !known_good(case, pinned) {
        return case.unsigned(NEEDS, leads);
    }
    if signs.is_empty() && pinned.is_some_and(|pinned| case.describe(pinned).is_none()) {
        return case.unsigned(&[&[Witness::MachineStore]], Vec::new());
    }
    let thumbprint = pinned.or_else(|| failed.iter().find_map(|sign| sign.thumbprint));
    conclude(case, case.weigh("F-01", signs, NEEDS), thumbprint, &failed)
}

/// Names the certificate and, if the evidence holds one, its successor.
fn conclude(case: &Case<'_>, outcome: Outcome, thumbprint: Option<Thumbprint>, failed: &[Refusal]) -> Outcome {
    let Some(thumbprint) = thumbprint else { return outcome };
    let described = case.describe(thumbprint).map_or_else(
        || CertificateDescription {
            thumbprint: Some(thumbprint),
            subject: failed.iter().map(|sign| DistinguishedName::parse(&sign.subject)).next().unwrap_or_default(),
            ..CertificateDescription::default()
        },
        |(_, described)| described.clone(),
    );
    let twin = case.newer_twin(&described).map(|(_, twin)| twin.clone());
    let account = failed.iter().find_map(|sign| sign.account.clone()).unwrap_or_default();
    let outcome = outcome.about(Some(&described)).with("pin", thumbprint).with("account", account);
    match twin {
        Some(twin) => {
            let new = twin.thumbprint.map(|thumbprint| thumbprint.to_string()).unwrap_or_default();
            outcome.with("new", new).map(|finding| finding.successor = Some(twin))
        }
        None => outcome,
    }
}

/// A check of a credential that Windows failed because the certificate is outside its validity.
struct Refusal {
    line: Line,
    thumbprint: Option<Thumbprint>,
    subject: String,
    account: Option<String>,
}

/// Schannel looking at its own credential (event 30), and the chain it built of it (event 11): expired at the leaf.
fn refused_by_schannel(case: &Case<'_>) -> Vec<Refusal> {
    let mut refusals = Vec::new();
    let unfit = not_for_clients(case);
    for (place, event) in case.evidence.capi2() {
        let judged = is_own_and_expired(event) || is_expired_leaf(event);
        if !judged || is_server_certificate(case, event, &unfit) || is_not_yet_valid(case, place, event) {
            continue;
        }
        let Some(subject) = event.subject() else { continue };
        refusals.push(Refusal {
            line: line(place, capi2_says(event)),
            thumbprint: subject.thumbprint,
            subject: subject.subject.clone(),
            account: event.impersonated.clone(),
        });
    }
    let own = case.evidence.capi2().filter(|(_, event)| is_own_and_expired(event));
    let own: BTreeSet<_> = own.map(|(_, event)| event.subject().and_then(|subject| subject.thumbprint)).collect();
    let asked = |sign: &Refusal| own.contains(&sign.thumbprint);
    // A chain that Schannel built alone may be a peer's; it counts beside a check of the own credential.
    refusals.retain(asked);
    refusals
}

fn is_own_and_expired(event: &Capi2Event) -> bool {
    event.is_own_credential_check()
        && event.result == Some(Code::CERT_E_EXPIRED)
        && matches!(&event.body, Capi2Body::Policy(verdict) if verdict.element_index.is_none_or(|index| index == 0))
}

fn is_expired_leaf(event: &Capi2Event) -> bool {
    let Capi2Body::Chain(built) = &event.body else { return false };
    let leaf = built.chains.first().and_then(|chain| chain.elements.first());
    event.process.as_deref() == Some("lsass.exe") && leaf.is_some_and(|leaf| leaf.status.error & 1 != 0)
}

/// Whether its validity had not begun when it was judged: Windows says the same of both ends, and the cause is a clock
/// (F-58).
fn is_not_yet_valid(case: &Case<'_>, place: &Place, event: &Capi2Event) -> bool {
    let thumbprint = event.subject().and_then(|subject| subject.thumbprint);
    let begin = thumbprint.and_then(|t| case.describe(t)).and_then(|(_, described)| described.not_before);
    place.when.zip(begin).is_some_and(|(when, begin)| when.at < begin)
}

/// Whether the certificate is known to be good for servers only: then it is the machine's web certificate.
fn is_server_certificate(case: &Case<'_>, event: &Capi2Event, unfit: &BTreeSet<Thumbprint>) -> bool {
    let Some(thumbprint) = event.subject().and_then(|subject| subject.thumbprint) else { return false };
    if let Some((_, described)) = case.describe(thumbprint)
        && described.usages.is_some()
    {
        return !has_usage(described, CLIENT_AUTH) && described.usages.as_ref().is_some_and(|list| !list.is_empty());
    }
    unfit.contains(&thumbprint)
}

/// Leaves of which a chain (event 11) says that they may not be used for client authentication.
fn not_for_clients(case: &Case<'_>) -> BTreeSet<Thumbprint> {
    let refused = case.evidence.capi2().filter_map(|(_, event)| match &event.body {
        Capi2Body::Chain(built) => {
            let leaf = built.chains.first().and_then(|chain| chain.elements.first())?;
            let refused = leaf.application_usage.allows(CLIENT_AUTH) == Some(Permission::Refused);
            built.certificate.thumbprint.filter(|_| refused)
        }
        _ => None,
    });
    refused.collect()
}

/// The other side's view: client certificate expired (403.17), or refused as expired.
fn refused_by_registration_point(case: &Case<'_>) -> Vec<Line> {
    case.requests(Door::RegistrationPoint, |request| {
        request.status == Some(403) && (request.substatus == Some(17) || request.win32 == Some(Code::CERT_E_EXPIRED))
    })
}

/// The policy module's log ends at "Sending request…", again and again, without an answer or an error of its own. Answers
/// from before count for nothing: a log goes back to the days when all was well.
fn stalled(case: &Case<'_>) -> Vec<Line> {
    let meant = |wanted: fn(&TraceMeaning) -> bool| case.traced(wanted);
    let sent = meant(|meaning| *meaning == TraceMeaning::SendingToRegistrationPoint);
    let answered = meant(|meaning| {
        matches!(meaning, TraceMeaning::VerifyReturned(Answer::True | Answer::False | Answer::Html(_)))
            || matches!(meaning, TraceMeaning::SendFailed(_) | TraceMeaning::TlsCallback(_))
            || matches!(meaning, TraceMeaning::ClientCertificateNotFound)
    });
    if answered.is_empty() {
        return sent;
    }
    let moment = |line: &Line| line.place.when.map(|when| (when.at, when.millis));
    let Some(last) = answered.iter().map(moment).max().flatten() else { return Vec::new() };
    let since: Vec<Line> = sent.into_iter().filter(|line| moment(line).is_some_and(|at| at > last)).collect();
    // One may be on its way at the moment the log was copied.
    if since.len() > 1 { since } else { Vec::new() }
}

fn known_good(case: &Case<'_>, pinned: Option<Thumbprint>) -> bool {
    pinned
        .and_then(|pinned| case.describe(pinned))
        .is_some_and(|(_, described)| described.not_after.is_some() && case.is_valid(described))
}
