//! A diagnosis in words, in one language, ready to be printed in four ways.

mod german;
mod html;
mod label;
mod layout;
mod markdown;
mod redact;
mod text;
mod timeline;
mod writer;

use serde::Serialize;

use crate::Diagnosis;
use crate::cause::Language;
use crate::fact::Evidence;
use crate::finding::Outcome;

pub use html::html;
pub use markdown::markdown;
pub use text::{Colour, text};

use redact::Redactor;
use writer::Writer;

/// What the JSON form calls itself; the number changes when a reader would have to.
pub const SCHEMA: &str = "perennial-doctor-report/1";

/// Whether names are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// As they are.
    Shown,
    /// Hosts, names, addresses and SIDs are replaced, the same by the same.
    Redacted,
}

/// A diagnosis in words.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: &'static str,
    /// `en` or `de`.
    pub language: &'static str,
    /// The moment it was judged at.
    pub judged_at: String,
    /// `clear`, `findings`, `cannot_tell`, `unusable`.
    pub verdict: &'static str,
    /// The program's exit status.
    pub status: u8,
    /// The verdict in a sentence.
    pub headline: String,
    /// Causes first, consequences last.
    pub findings: Vec<Entry>,
    /// What stays open, and how to settle it.
    pub cannot_tell: Vec<Open>,
    /// Checks that found nothing and would have.
    pub clear: Vec<Coded>,
    /// Checks that have nothing to look at.
    pub not_applicable: Vec<Coded>,
    /// What ends when.
    pub forecast: Vec<Ending>,
    /// What looks like trouble and is none.
    pub noise: Passed,
    /// Kinds of evidence, and how to collect what is missing.
    pub witnesses: Vec<Heeded>,
    /// Files that were read.
    pub sources: Vec<Source>,
    /// What a live server answered, in short.
    pub answers: Vec<String>,
    /// What was mended in damaged text.
    pub repairs: Vec<Mended>,
    /// Limits that were hit, and what could not be read.
    pub remarks: Vec<String>,
}

/// A finding in words.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// `F-01`.
    pub code: &'static str,
    /// A headline.
    pub title: String,
    /// `outage`, `degraded`, `warning`, `note`.
    pub severity: &'static str,
    /// `certain`, `probable`, `possible`.
    pub certainty: &'static str,
    /// What is the matter.
    pub says: String,
    /// Why that breaks enrolment.
    pub why: String,
    /// The evidence.
    pub because: Vec<Cited>,
    /// Further evidence lines that are not listed.
    pub more: usize,
    /// What would make it certain.
    pub certain_with: Vec<Wanted>,
    /// What to do.
    pub do_this: String,
    /// Commands that do it.
    pub commands: Vec<String>,
    /// What to restart.
    pub restart: Vec<String>,
    /// How to see that it is mended.
    pub verify: String,
    /// Commands that show it.
    pub verify_commands: Vec<String>,
    /// How to keep it from coming back.
    pub prevent: String,
    /// The certificate it is about.
    pub certificate: Option<Shown>,
    /// The certificate that should stand in its place.
    pub successor: Option<Shown>,
    /// When it begins to hurt, if that is still to come.
    pub due: Option<String>,
    /// Findings that explain it.
    pub explained_by: Vec<&'static str>,
    /// Pages to read.
    pub references: Vec<String>,
}

/// A line of evidence.
#[derive(Debug, Clone, Serialize)]
pub struct Cited {
    /// The file.
    pub file: String,
    /// The record, line or item.
    pub position: String,
    /// When, UTC.
    pub time: Option<String>,
    /// What stands there.
    pub says: String,
}

/// A certificate.
#[derive(Debug, Clone, Serialize)]
pub struct Shown {
    /// SHA-1 thumbprint.
    pub thumbprint: Option<String>,
    /// Subject.
    pub subject: String,
    /// Issuer.
    pub issuer: String,
    /// Begin of validity.
    pub not_before: Option<String>,
    /// End of validity.
    pub not_after: Option<String>,
}

/// Evidence that is wanted.
#[derive(Debug, Clone, Serialize)]
pub struct Wanted {
    /// Its name.
    pub witness: &'static str,
    /// In words.
    pub title: &'static str,
    /// How to collect it.
    pub commands: Vec<&'static str>,
}

/// A check that stays open.
#[derive(Debug, Clone, Serialize)]
pub struct Open {
    /// Its code.
    pub code: &'static str,
    /// The cause's headline.
    pub title: String,
    /// What points at it.
    pub leads: Vec<Cited>,
    /// What would settle it, by name.
    pub needs: Vec<&'static str>,
}

/// A check and its headline.
#[derive(Debug, Clone, Serialize)]
pub struct Coded {
    /// Its code.
    pub code: &'static str,
    /// The cause's headline.
    pub title: String,
}

/// A function that ends.
#[derive(Debug, Clone, Serialize)]
pub struct Ending {
    /// When.
    pub at: String,
    /// Days from now; negative if it is past.
    pub days: i64,
    /// What ends.
    pub role: &'static str,
    /// In words.
    pub title: String,
    /// The certificate.
    pub certificate: Shown,
    /// What could take over if someone acts.
    pub successor: Option<String>,
    /// Of a revocation list: the roles whose certificates can then no longer be checked.
    pub stops: Vec<&'static str>,
}

/// Noise by kind.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Passed {
    /// See [`crate::noise::Noise::healed`].
    pub healed: u64,
    /// See [`crate::noise::Noise::uncached`].
    pub uncached: u64,
    /// See [`crate::noise::Noise::reported_only`].
    pub reported_only: u64,
}

/// A kind of evidence.
#[derive(Debug, Clone, Serialize)]
pub struct Heeded {
    /// Its name.
    pub witness: &'static str,
    /// In words.
    pub title: &'static str,
    /// `yes`, `silent`, `no`.
    pub heard: &'static str,
    /// How to collect it.
    pub commands: Vec<&'static str>,
}

/// A file that was read.
#[derive(Debug, Clone, Serialize)]
pub struct Source {
    /// Its name.
    pub file: String,
    /// What it is.
    pub kind: String,
    /// Octets.
    pub octets: u64,
    /// Items understood.
    pub items: u64,
    /// Items that could not be read.
    pub damaged: u64,
    /// First and last time in it.
    pub span: Option<(String, String)>,
    /// Why nothing can be made of it.
    pub unusable: Option<String>,
    /// What it is, in words.
    #[serde(skip)]
    pub kind_in_words: String,
}

/// What was mended, how often.
#[derive(Debug, Clone, Serialize)]
pub struct Mended {
    /// In which file.
    pub file: String,
    /// What.
    pub kind: String,
    /// What, in words.
    #[serde(skip)]
    pub kind_in_words: String,
    /// How often.
    pub times: u64,
}

impl Report {
    /// Puts a diagnosis into words.
    #[must_use]
    pub fn new(diagnosis: &Diagnosis, evidence: &Evidence, language: Language, names: Names) -> Report {
        let redactor = match names {
            Names::Shown => Redactor::none(),
            Names::Redacted => Redactor::of(evidence),
        };
        let writer = Writer { language, redactor };
        let coded = |wanted: fn(&Outcome) -> bool| {
            let outcomes = diagnosis.outcomes.iter().filter(move |(_, outcome)| wanted(outcome));
            outcomes.map(|(code, _)| Coded { code, title: writer.title(code) }).collect()
        };
        Report {
            schema: SCHEMA,
            language: match language {
                Language::English => "en",
                Language::German => "de",
            },
            judged_at: diagnosis.now.to_string(),
            verdict: diagnosis.verdict.name(),
            status: diagnosis.verdict.status(),
            headline: writer.headline(diagnosis),
            findings: diagnosis.findings.iter().map(|finding| writer.entry(finding)).collect(),
            cannot_tell: writer.open(diagnosis),
            clear: coded(|outcome| matches!(outcome, Outcome::Clear)),
            not_applicable: coded(|outcome| matches!(outcome, Outcome::NotApplicable)),
            forecast: diagnosis.forecast.iter().map(|due| writer.ending(due, diagnosis.now)).collect(),
            noise: Passed {
                healed: diagnosis.noise.healed,
                uncached: diagnosis.noise.uncached,
                reported_only: diagnosis.noise.reported_only,
            },
            witnesses: diagnosis.witnesses.iter().map(|(witness, heard)| writer.heeded(*witness, *heard)).collect(),
            sources: writer.sources(evidence),
            answers: writer.answers(evidence),
            repairs: writer.repairs(evidence),
            remarks: writer.remarks(evidence),
        }
    }

    /// The evidence that would settle a check, in words.
    fn wanted(&self, open: &Open) -> String {
        let wanted = self.witnesses.iter().filter(|witness| open.needs.contains(&witness.witness));
        wanted.map(|witness| witness.title).collect::<Vec<_>>().join(", ")
    }

    /// The machine-readable form, as `docs/reference/doctor-report.schema.json` describes it.
    ///
    /// # Errors
    /// None in practice: every part of a report can be written as JSON.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}
