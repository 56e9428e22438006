//! Renewal by the certificate that is to be renewed: the union of what EJBCA, OpenXPKI and RFC 8894 §2.3–2.5, §7.6 and
//! §7.8 ask for.

use std::collections::BTreeSet;

use pki::Time;
use pki::digest::Digest;
use pki::extension::GeneralName;

use crate::Enrolment;
use crate::case::{Held, Standing};
use crate::policy::{KeyReuse, Policy};
use crate::reason::{Reason, Refusal};

/// The SAN URI in which Windows looks for a security identifier; the service writes it, never the requester.
const SID_URI: &str = "tag:microsoft.com,2022-09-14:sid:";

/// Every reason why the certificate that signed the message does not authorise this renewal; empty if it does. That it
/// is this service's own is known beforehand: `held` is the signer, octet for octet.
pub(crate) fn refusals(enrolment: &Enrolment<'_>, held: &Held, policy: &Policy, now: Time) -> Vec<Refusal> {
    let found = [
        revoked(held),
        validity(held, policy, now),
        profile(held, policy),
        subject(enrolment, held),
        names(enrolment, held),
        key(enrolment, held, policy),
        digest(enrolment),
    ];
    found.into_iter().flatten().collect()
}

pub(crate) fn revoked(held: &Held) -> Option<Refusal> {
    let revoked = held.revoked.as_ref()?;
    let (serial, at, reason) = (held.certificate.serial_hex(), revoked.at, revoked.reason.name());
    Some(Refusal::new(Reason::SignerRevoked, format!("certificate {serial} was revoked at {at}: {reason}")))
}

/// A certificate is as good as who signed it, whatever is said of itself.
pub(crate) fn issuer_revoked(held: &Held, standing: Option<&Standing>) -> Option<Refusal> {
    let revoked = standing?.issuer_revoked.as_ref()?;
    let serial = held.certificate.serial_hex();
    Some(Refusal::new(Reason::SignerRevoked, format!("certificate {serial} is of a CA that was revoked: {revoked}")))
}

fn validity(held: &Held, policy: &Policy, now: Time) -> Option<Refusal> {
    let validity = held.certificate.validity();
    let serial = held.certificate.serial_hex();
    if now < validity.not_before {
        let detail = format!("certificate {serial} is valid from {}", validity.not_before);
        return Some(Refusal::new(Reason::SignerEarly, detail));
    }
    if now > validity.not_after.plus(policy.renewal.grace) {
        let detail = format!("certificate {serial} expired at {}", validity.not_after);
        return Some(Refusal::new(Reason::SignerExpired, detail));
    }
    let opens = validity.not_after.plus(policy.renewal.window?.saturating_neg());
    (now < opens)
        .then(|| Refusal::new(Reason::RenewalWindow, format!("certificate {serial} may be renewed from {opens}")))
}

fn profile(held: &Held, policy: &Policy) -> Option<Refusal> {
    if policy.renewal.profiles.contains(&held.profile) {
        return None;
    }
    let permitted = policy.renewal.profiles.join(", ");
    let detail = format!("the certificate is of profile {}; renewed here: {permitted}", held.profile);
    Some(Refusal::new(Reason::RenewalProfile, detail))
}

fn subject(enrolment: &Enrolment<'_>, held: &Held) -> Option<Refusal> {
    let (asked, has) = (enrolment.request.subject(), held.certificate.subject());
    (!asked.matches(has))
        .then(|| Refusal::new(Reason::RenewalNames, format!("subject: the certificate has {has}, asked is {asked}")))
}

/// Names that the request does not state are taken from the certificate; those it states must be the same.
fn names(enrolment: &Enrolment<'_>, held: &Held) -> Option<Refusal> {
    let asked = comparable(&enrolment.request.subject_alt_names());
    let has = comparable(&held.certificate.subject_alt_names());
    if asked.is_empty() || asked == has {
        return None;
    }
    let list = |names: &BTreeSet<String>| names.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
    let detail = format!("subjectAltName: the certificate has {}, asked is {}", list(&has), list(&asked));
    Some(Refusal::new(Reason::RenewalNames, detail))
}

fn comparable(names: &[GeneralName]) -> BTreeSet<String> {
    own_names(names).iter().map(|name| name.to_string().to_ascii_lowercase()).collect()
}

/// The names without the security identifier, which the service adds itself.
pub(crate) fn own_names(names: &[GeneralName]) -> Vec<GeneralName> {
    let starts = |uri: &String| uri.get(..SID_URI.len()).is_some_and(|start| start.eq_ignore_ascii_case(SID_URI));
    let is_sid = |name: &GeneralName| matches!(name, GeneralName::Uri(uri) if starts(uri));
    names.iter().filter(|name| !is_sid(name)).cloned().collect()
}

fn key(enrolment: &Enrolment<'_>, held: &Held, policy: &Policy) -> Option<Refusal> {
    let same = enrolment.request.public_key().hash() == held.certificate.public_key().hash();
    (same && policy.renewal.key_reuse == KeyReuse::Refuse)
        .then(|| Refusal::new(Reason::RenewalKey, "the request is for the key of the old certificate"))
}

fn digest(enrolment: &Enrolment<'_>) -> Option<Refusal> {
    (enrolment.digest == Digest::Sha1).then(|| Refusal::new(Reason::RenewalDigest, "the message is signed over SHA-1"))
}
