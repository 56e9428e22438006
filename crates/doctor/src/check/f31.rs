//! F-31: the RA certificates of NDES have expired, or will soon: nothing renews them.

use pki::Time;
use pki::extension::KeyUsage;

use super::Check;
use crate::case::{Case, Needs, REQUEST_AGENT, Signs, certificate_says, has_usage, line};
use crate::fact::certificate::Archived;
use crate::fact::{CertificateDescription, Place, ProbeFact};
use crate::finding::{Finding, Outcome, Severity};
use crate::witness::Witness;

const NEEDS: Needs = &[&[Witness::MachineStore], &[Witness::Probe]];

/// Days before their end from which on RA certificates are reported.
const EARLY: i64 = 60;

pub(super) const CHECK: Check = Check { code: "F-31", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let candidates = known(case);
    let mut worst: Option<(Place, CertificateDescription)> = None;
    for usage in [KeyUsage::DIGITAL_SIGNATURE, KeyUsage::KEY_ENCIPHERMENT] {
        let mut fit = candidates.iter().filter(|(_, d)| d.key_usage.is_some_and(|bits| bits.allows(usage)));
        let Some(first) = fit.next() else { continue };
        // The newest of each kind is the one that NDES takes.
        let newest = fit.fold(first, |best, one| if one.1.not_after > best.1.not_after { one } else { best });
        if worst.as_ref().is_none_or(|(_, known)| newest.1.not_after < known.not_after) {
            worst = Some(newest.clone());
        }
    }
    let failures = case.ra_start_failures();
    let Some((place, described)) = worst else {
        return case.unsigned(NEEDS, failures);
    };
    let left = described.not_after.map_or(i64::MAX, |end| days(case.now, end));
    let mut signs = Signs::default();
    if left <= EARLY {
        let mut lines = vec![line(&place, certificate_says(&described))];
        if left < 0 {
            lines.extend(failures);
        }
        // A certificate file may be any, an old one kept beside the others as well.
        let in_use = case.heard(Witness::MachineStore) || case.heard(Witness::Probe);
        *if in_use { &mut signs.certain } else { &mut signs.probable } = lines;
    }
    let outcome = case.weigh("F-31", signs, NEEDS).about(Some(&described));
    let outcome = if left >= 0 { outcome.with("days", left) } else { outcome };
    outcome.map(|finding| coming(finding, left, described.not_after))
}

/// RA certificates of the store that are not archived, and those the server hands out.
fn known(case: &Case<'_>) -> Vec<(Place, CertificateDescription)> {
    let listed = case.ra_certificates();
    let listed = listed.iter().filter(|(_, found)| found.archived != Some(Archived::Yes));
    let mut all: Vec<_> = listed.map(|(place, found)| ((*place).clone(), found.described.clone())).collect();
    for (place, probe) in case.evidence.probes() {
        if let ProbeFact::CaCertificates { certificates, .. } = probe.as_ref() {
            let described = certificates.iter().map(CertificateDescription::of);
            all.extend(described.filter(|d| has_usage(d, REQUEST_AGENT)).map(|d| (place.clone(), d)));
        }
    }
    all
}

fn days(from: Time, to: Time) -> i64 {
    (to.seconds() - from.seconds()).div_euclid(86_400)
}

/// While they are still good it is a warning with a date.
fn coming(finding: &mut Finding, left: i64, end: Option<Time>) {
    if left >= 0 {
        finding.due = end;
        finding.severity = if left <= 14 { Severity::Degraded } else { Severity::Warning };
    }
}
