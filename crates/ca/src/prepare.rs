//! From an order to octets that may be signed.

use pki::extension::{Extension, GeneralName, KeyUsage, extended_key_usage_der};
use pki::key::SignatureAlgorithm;
use pki::{Certificate, Name, Time, Validity, oid};

use crate::lint::{self, Kind, Names};
use crate::prepared::limited;
use crate::tbs::{self, Fields};
use crate::{Code, Flaw, Order, Outlive, Prepared, Profile, Serial, issuer};

/// Fills the profile from the order and checks the result. `algorithm` is the one the issuer's key will sign with,
/// `now` the moment from which the validity counts. Every flaw is collected (the first 64 are listed), those of the
/// issuer and the profile first.
pub fn prepare(
    order: &Order,
    profile: &Profile,
    issuer: &Certificate,
    algorithm: SignatureAlgorithm,
    serial: &Serial,
    now: Time,
) -> Result<Prepared, Vec<Flaw>> {
    let mut flaws = issuer::flaws(issuer, algorithm, now);
    let parts = parts(order, profile, issuer, now, &mut flaws);
    let Some(parts) = parts.filter(|_| flaws.is_empty()) else { return Err(limited(flaws)) };
    let fields = Fields {
        serial,
        algorithm,
        issuer: issuer.subject(),
        validity: parts.validity,
        subject: &parts.subject,
        key: order.key(),
    };
    let tbs = fields.to_der(&extensions(order, profile, issuer, &parts));
    Prepared::linted(tbs, issuer, algorithm, Kind::EndEntity)
}

/// What the profile makes of the order.
struct Parts {
    subject: Name,
    alternative: Vec<GeneralName>,
    usage: KeyUsage,
    validity: Validity,
}

/// The parts, if all could be made; what is wrong is added to `flaws`, and then that of the names too.
fn parts(order: &Order, profile: &Profile, issuer: &Certificate, now: Time, flaws: &mut Vec<Flaw>) -> Option<Parts> {
    flaws.extend(profile.flaws());
    flaws.extend(profile.keys.check(order.key()));
    flaws.extend(profile.names.check(order.names()));
    let subject = profile.subject.apply(order).map_err(|found| flaws.extend(found)).ok();
    let usage = profile.key_usage.apply(order.key_usage(), order.key().kind());
    let usage = usage.map_err(|found| flaws.push(found)).ok();
    let validity = validity(order, profile, issuer, now).map_err(|found| flaws.push(found)).ok();
    let alternative = alternative_names(order, profile);
    if subject.as_ref().is_some_and(Name::is_empty) && alternative.is_empty() {
        flaws.push(Flaw::new(Code::SubjectEmpty, "There is neither a subject nor a subject alternative name."));
    }
    if !flaws.is_empty() {
        // The octets are not made, but whoever mends the request should hear about its names at the same time.
        let nothing = Name::empty();
        let subject = subject.as_ref().unwrap_or(&nothing);
        flaws.extend(lint::of_names(&Names { subject, alternative: &alternative }));
    }
    Some(Parts { subject: subject?, alternative, usage: usage?, validity: validity? })
}

/// From now, as long as profile, order and issuer allow; backdated, but not before the issuer.
fn validity(order: &Order, profile: &Profile, issuer: &Certificate, now: Time) -> Result<Validity, Flaw> {
    let above = issuer.validity();
    let not_before = now.plus(profile.backdate.saturating_neg()).max(above.not_before);
    let wanted = now.plus(profile.validity);
    let wanted = order.cap().map_or(wanted, |cap| wanted.min(cap));
    if wanted > above.not_after && profile.outlive == Outlive::Refuse {
        let says = format!("It would be valid to {wanted}, and its issuer to {}.", above.not_after);
        return Err(Flaw::new(Code::IssuerOutlived, says));
    }
    let not_after = wanted.min(above.not_after);
    if not_after <= now {
        return Err(Flaw::new(Code::Validity, format!("It would be valid to {not_after}, and it is {now} now.")));
    }
    Ok(Validity { not_before, not_after })
}

fn alternative_names(order: &Order, profile: &Profile) -> Vec<GeneralName> {
    let sid = order.sid().filter(|_| profile.sid.has_uri()).map(crate::Sid::uri);
    order.names().iter().cloned().chain(sid).collect()
}

fn extensions(order: &Order, profile: &Profile, issuer: &Certificate, parts: &Parts) -> Vec<Extension> {
    let mut list = tbs::key_ids(issuer.subject_key_id().unwrap_or_default(), order.key());
    list.push(Extension::critical(oid::KEY_USAGE, parts.usage.to_der()));
    if !profile.extended_key_usage.is_empty() {
        let value = extended_key_usage_der(&profile.extended_key_usage);
        list.push(Extension::plain(oid::EXTENDED_KEY_USAGE, value));
    }
    if !parts.alternative.is_empty() {
        let value = GeneralName::all_to_der(&parts.alternative);
        // Critical where it is all that names the subject (RFC 5280 §4.2.1.6).
        let written = if parts.subject.is_empty() { Extension::critical } else { Extension::plain };
        list.push(written(oid::SUBJECT_ALT_NAME, value));
    }
    list.extend(tbs::addresses(&profile.crl_urls, &profile.issuer_urls));
    list.extend(profile.template.as_ref().map(crate::Template::extension));
    list.extend(order.sid().filter(|_| profile.sid.has_extension()).map(crate::Sid::extension));
    list
}
