//! From evidence to a diagnosis: every check asked, causes above their consequences, noise counted.

use pki::Time;

use crate::case::Case;
use crate::fact::{Evidence, Limit};
use crate::finding::{Certainty, Finding, Outcome, Severity};
use crate::forecast::{self, Due};
use crate::noise::{self, Noise};
use crate::witness::{Heard, Witness};
use crate::{cause, check};

/// What the doctor concludes from the evidence.
#[derive(Debug, Clone, PartialEq)]
pub struct Diagnosis {
    /// The moment it was judged at.
    pub now: Time,
    /// The whole in a word.
    pub verdict: Verdict,
    /// What was found: causes first, consequences last; the worst and surest first.
    pub findings: Vec<Finding>,
    /// Every check with its outcome, by code.
    pub outcomes: Vec<(&'static str, Outcome)>,
    /// What will stop working, and on which day.
    pub forecast: Vec<Due>,
    /// What looks like trouble in the logs and is none.
    pub noise: Noise,
    /// Witnesses and whether they were heard.
    pub witnesses: Vec<(Witness, Heard)>,
}

/// The whole in a word. Its number is the program's exit status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Everything that must be known is known, and nothing is wrong.
    Clear,
    /// Something is wrong, or will be.
    Findings,
    /// Nothing was found, and too little was handed over to say that nothing is wrong.
    CannotTell,
    /// Nothing that was handed over could be read.
    Unusable,
}

impl Verdict {
    /// Exit status.
    #[must_use]
    pub const fn status(self) -> u8 {
        match self {
            Verdict::Clear => 0,
            Verdict::Findings => 1,
            Verdict::CannotTell => 2,
            Verdict::Unusable => 3,
        }
    }

    /// Its name in machine-readable reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Clear => "clear",
            Verdict::Findings => "findings",
            Verdict::CannotTell => "cannot_tell",
            Verdict::Unusable => "unusable",
        }
    }
}

/// Asks every check about the evidence at this moment.
#[must_use]
pub fn diagnose(evidence: &Evidence, now: Time) -> Diagnosis {
    let case = Case::new(evidence, now);
    let outcomes: Vec<_> = check::ALL.iter().map(|check| (check.code, (check.judge)(&case))).collect();
    let mut findings: Vec<Finding> = outcomes
        .iter()
        .filter_map(|(_, outcome)| match outcome {
            Outcome::Found(finding) => Some((**finding).clone()),
            _ => None,
        })
        .collect();
    explain(&mut findings);
    findings.sort_by_key(rank);
    Diagnosis {
        now,
        verdict: verdict(evidence, &findings, &outcomes),
        forecast: forecast::forecast(&case),
        noise: noise::count(evidence),
        witnesses: Witness::ALL.iter().map(|witness| (*witness, witness.heard(evidence))).collect(),
        findings,
        outcomes,
    }
}

/// Notes which findings are brought about by others. A mere possibility explains nothing, and of two that explain each
/// other neither is a consequence.
fn explain(findings: &mut [Finding]) {
    let codes: Vec<_> = findings.iter().filter(|f| f.certainty != Certainty::Possible).map(|f| f.code).collect();
    let explains = |cause: &str, code: &str| {
        cause::of(cause).is_some_and(|cause| cause.explains.iter().any(|explained| explained == code))
    };
    for finding in findings {
        let by = |cause: &&&str| explains(cause, finding.code) && !explains(finding.code, cause);
        finding.explained_by = codes.iter().filter(by).copied().collect();
    }
}

fn rank(finding: &Finding) -> (bool, Severity, Certainty, &'static str) {
    (!finding.explained_by.is_empty(), finding.severity, finding.certainty, finding.code)
}

fn verdict(evidence: &Evidence, findings: &[Finding], outcomes: &[(&'static str, Outcome)]) -> Verdict {
    if findings.iter().any(|finding| finding.severity != Severity::Note) {
        return Verdict::Findings;
    }
    let read_anything = evidence.sources.iter().any(|source| source.items > 0) || !evidence.facts.is_empty();
    if !read_anything {
        return Verdict::Unusable;
    }
    let failures_lost = evidence.limits_hit.iter().any(|limit| matches!(limit, Limit::Facts { failures: 1.., .. }));
    let open = outcomes.iter().any(|(code, outcome)| {
        matches!(outcome, Outcome::CannotTell(_)) && cause::of(code).is_some_and(|cause| cause.essential)
    });
    if open || failures_lost { Verdict::CannotTell } else { Verdict::Clear }
}
