//! F-54: the client encrypts to a certificate that cannot decrypt.

use super::Check;
use super::f25::NEEDS;
use crate::case::{Case, Signs};
use crate::fact::{CertificateDescription, Place};
use crate::finding::Outcome;

/// Days for which clients may hold replaced RA certificates.
const REMEMBERED: i64 = 60;

pub(super) const CHECK: Check = Check { code: "F-54", judge };

fn judge(case: &Case<'_>) -> Outcome {
    let undecipherable = case.ndes(&[18], &[0x8009_0005]);
    let signs = match recently_renewed(case) {
        Some(false) => Signs::probable(undecipherable),
        // Right after a renewal F-35 explains it better.
        Some(true) => Signs::default(),
        None => Signs::possible(undecipherable),
    };
    case.weigh("F-54", signs, NEEDS)
}

pub(super) fn newest_ra<'e>(case: &Case<'e>) -> Option<(&'e Place, &'e CertificateDescription)> {
    let all = case.ra_certificates().into_iter().map(|(place, found)| (place, &found.described));
    all.max_by_key(|(_, described)| described.not_before)
}

/// Whether undecipherable requests came within weeks of a new RA certificate; nothing if no such certificate is known.
pub(super) fn recently_renewed(case: &Case<'_>) -> Option<bool> {
    let begun = newest_ra(case)?.1.not_before?;
    let events = case.evidence.ndes().filter(|(_, event)| event.head.id == 18);
    let first = events.filter_map(|(place, _)| place.when).map(|when| when.at.seconds()).min()?;
    Some((0..REMEMBERED * 86_400).contains(&(first - begun.seconds())))
}
