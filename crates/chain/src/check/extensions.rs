//! Extensions that cannot be read, are repeated, must not be there, or are critical and unknown (RFC 5280 §4.2).

use std::collections::HashSet;

use pki::extension::Criticality;
use pki::{Oid, oid};

use crate::build::Path;
use crate::facts::Facts;
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::question::{Anchor, Question};

/// Critical extensions both rule sets understand: subject alternative name, name constraints, basic constraints, key
/// usage, extended key usage, policies, mappings, policy constraints, inhibitAnyPolicy.
const UNDERSTOOD: &[Oid] = &[
    oid::KEY_USAGE,
    oid::SUBJECT_ALT_NAME,
    oid::BASIC_CONSTRAINTS,
    oid::NAME_CONSTRAINTS,
    oid::CERTIFICATE_POLICIES,
    oid::POLICY_MAPPINGS,
    oid::POLICY_CONSTRAINTS,
    oid::EXTENDED_KEY_USAGE,
    oid::INHIBIT_ANY_POLICY,
];

/// Identifiers and pointers: understood by RFC 5280's rules though they decide nothing here.
const ALSO_KNOWN: &[Oid] = &[
    oid::SUBJECT_KEY_ID,
    oid::AUTHORITY_KEY_ID,
    oid::ISSUER_ALT_NAME,
    oid::CRL_DISTRIBUTION_POINTS,
    oid::FRESHEST_CRL,
];

/// Faults of extensions that are written out for one certificate.
const SHOWN: usize = 64;

pub(crate) fn extensions(question: &Question<'_>, path: &Path, out: &mut Findings) {
    for (at, facts) in path.each() {
        let judged = path.anchor(question) != Some(at) || question.anchor == Anchor::Everything;
        for fault in faults_of(question, facts).into_iter().take(SHOWN) {
            out.add(at, if judged { fault } else { Fault::noted(fault.kind, fault.says) });
        }
    }
}

fn faults_of(question: &Question<'_>, facts: &Facts) -> Vec<Fault> {
    let c = &facts.certificate;
    let mut out = Vec::new();
    for (what, idle) in unreadable(facts) {
        let make = if idle && question.is_rfc() { Fault::noted } else { Fault::new };
        out.push(make(Kind::ExtensionUnreadable, format!("its {what} cannot be read")));
    }
    if c.version() < 2 && !c.extensions().is_empty() {
        let says = format!("it has {} extensions but is of version {}", c.extensions().len(), c.version() + 1);
        out.push(Fault::new(Kind::ExtensionInOldVersion, says));
    }
    if c.version() != 2 {
        out.push(Fault::noted(Kind::OddVersion, format!("it is of version {}", u64::from(c.version()) + 1)));
    }
    let mut seen = HashSet::new();
    for extension in c.extensions() {
        if !seen.insert(&extension.id) {
            out.push(Fault::new(Kind::ExtensionRepeated, format!("the extension {} is there twice", extension.id)));
        }
        if extension.criticality == Criticality::Critical && !understood(question, facts, &extension.id) {
            let says = format!("the extension {} is critical and not supported", extension.id);
            out.push(Fault::new(Kind::CriticalExtensionUnknown, says));
        }
    }
    if let Some((id, policies)) = facts.policies.value().and_then(|p| p.unknown_qualifier.as_ref().map(|q| (q, p)))
        && is_critical(facts, &oid::CERTIFICATE_POLICIES)
        && !policies.ids.is_empty()
    {
        let says = format!("the certificate policies are critical and have a qualifier {id} that is not supported");
        out.push(Fault::new(Kind::CriticalExtensionUnknown, says));
    }
    out
}

/// Extensions that are there and cannot be read; and whether it decides nothing here, so that RFC 5280 only has it noted.
fn unreadable(facts: &Facts) -> Vec<(&'static str, bool)> {
    let all = [
        (facts.usages.is_unreadable(), "extended key usage", false),
        (facts.names.is_unreadable(), "subject alternative name", false),
        (facts.policies.is_unreadable(), "certificate policies", false),
        (facts.mappings.is_unreadable(), "policy mappings", false),
        (facts.policy_constraints.is_unreadable(), "policy constraints", false),
        (facts.inhibit_any.is_unreadable(), "inhibitAnyPolicy", false),
        (facts.authority.is_unreadable(), "authority key identifier", true),
        (facts.subject_key_id.is_unreadable(), "subject key identifier", true),
        (facts.crl_points.is_unreadable(), "CRL distribution points", true),
    ];
    all.into_iter().filter(|(bad, ..)| *bad).map(|(_, what, idle)| (what, idle)).collect()
}

pub(crate) fn is_critical(facts: &Facts, id: &Oid) -> bool {
    facts.certificate.extension(id).is_some_and(|e| e.criticality == Criticality::Critical)
}

fn understood(question: &Question<'_>, facts: &Facts, id: &Oid) -> bool {
    if UNDERSTOOD.contains(id) {
        return true;
    }
    const OLD_ALT_NAME: &[u8] = &[0x55, 29, 7];
    const OLD_BASIC: &[u8] = &[0x55, 29, 10];
    /// Application policies 1.3.6.1.4.1.311.21.10, which repeat the extended key usage.
    const APPLICATION_POLICIES: &[u8] = &[0x2b, 6, 1, 4, 1, 0x82, 0x37, 21, 10];
    if question.is_rfc() {
        return ALSO_KNOWN.contains(id) || (id.content() == APPLICATION_POLICIES && !facts.usages.is_absent());
    }
    [OLD_ALT_NAME, OLD_BASIC, APPLICATION_POLICIES].contains(&id.content())
}
