//! Basic constraints and path length (RFC 5280 §6.1.4 (k) to (m)), on the CA element.

use crate::build::{End, Path, Pool};
use crate::facts::{Facts, Stated};
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::question::Question;

pub(crate) fn basic_constraints(pool: &Pool<'_>, question: &Question<'_>, path: &Path, out: &mut Findings) {
    if question.is_rfc() {
        as_rfc(question, path, out)
    } else {
        as_windows(pool, path, out)
    }
    if let Some(leaf) = path.nodes.first()
        && leaf.basic.is_unreadable()
    {
        out.add(0, Fault::new(Kind::BasicConstraintsUnreadable, "what its basic constraints hold cannot be read"));
    }
}

/// What is wrong with a certificate as a CA.
fn unfit(facts: &Facts) -> Option<Fault> {
    match &facts.basic {
        Stated::Is(basic) if basic.ca => None,
        Stated::Is(_) => Some(Fault::new(Kind::NotACa, format!("{} says that it is no CA", facts.shown()))),
        Stated::Absent => {
            let says = format!("{} has no basic constraints, so it is no CA", facts.shown());
            Some(Fault::new(Kind::NoBasicConstraints, says))
        }
        Stated::Unreadable => {
            let says = "what its basic constraints hold cannot be read, so it is no CA";
            Some(Fault::new(Kind::BasicConstraintsUnreadable, says))
        }
    }
}

fn length_of(facts: &Facts) -> Option<usize> {
    let basic = facts.basic.value()?;
    basic.path_length.and_then(|length| usize::try_from(length).ok())
}

fn as_rfc(question: &Question<'_>, path: &Path, out: &mut Findings) {
    let anchor = path.anchor(question);
    let mut left: Option<usize> = None;
    let mut setter = String::new();
    for (at, facts) in path.each().skip(1).collect::<Vec<_>>().into_iter().rev() {
        let is_anchor = anchor == Some(at);
        let strict = question.anchor == crate::question::Anchor::Everything;
        if let Some(fault) = unfit(facts) {
            let absent = fault.kind == Kind::NoBasicConstraints;
            let judged = !is_anchor || strict || (question.anchor.judges_constraints() && !absent);
            out.add(at, if judged { fault } else { Fault::noted(fault.kind, fault.says) });
        }
        if is_anchor && !question.anchor.judges_constraints() {
            continue;
        }
        if !is_anchor && !facts.is_self_issued() {
            match left {
                Some(0) => out.add(at, Fault::new(Kind::PathLength, format!("{setter} allows no further CA below it"))),
                _ => left = left.map(|n| n - 1),
            }
        }
        if let Some(length) = length_of(facts)
            && left.is_none_or(|n| length < n)
        {
            left = Some(length);
            setter = facts.shown();
        }
    }
}

/// Windows counts every CA below, blames the CA whose limit is exceeded, and from then on every CA below it.
fn as_windows(pool: &Pool<'_>, path: &Path, out: &mut Findings) {
    let last = path.nodes.len().saturating_sub(1);
    let self_signed = matches!(path.end, End::Anchor | End::SelfSigned);
    let mut limit: Option<usize> = None;
    let mut violated = path.end == End::Circle;
    for (at, facts) in path.each().skip(1).collect::<Vec<_>>().into_iter().rev() {
        let below = at - 1;
        let implied = facts.basic.is_absent() && (at == last && self_signed || is_old_and_installed(pool, facts));
        if let Some(fault) = unfit(facts).filter(|_| !implied) {
            out.add(at, fault);
        }
        if let Some(length) = length_of(facts).filter(|_| facts.is_ca()) {
            limit = Some(limit.map_or(length, |n| n.min(length)));
        }
        let exceeded = limit.is_some_and(|n| below > n);
        if violated || exceeded {
            let says = match limit {
                Some(n) if path.end != End::Circle => {
                    format!(
                        "{below} CA certificates follow below {}; the limit in force is {n}, or was exceeded above",
                        facts.shown()
                    )
                }
                _ => "the chain runs in a circle, so it is longer than any limit".to_owned(),
            };
            out.add(at, Fault::new(Kind::PathLength, says));
            violated = true;
        } else {
            limit = limit.map(|n| n.saturating_sub(1));
        }
    }
}

/// A version 1 or 2 certificate cannot say that it is a CA; Windows believes those that are installed.
fn is_old_and_installed(pool: &Pool<'_>, facts: &Facts) -> bool {
    facts.certificate.version() < 2
        && pool.store.with_subject(facts.subject_key).any(|f| f.certificate == facts.certificate)
}
