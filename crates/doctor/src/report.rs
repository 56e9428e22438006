//! A diagnosis in words, in one language, ready to be printed in four ways.

mod html;
mod label;
mod layout;
mod markdown;
mod redact;
mod text;
mod timeline;

use serde::Serialize;

use crate::cause::{self, Language, filled};
use crate::fact::{CertificateDescription, Evidence, Limit, Place, Position, ProbeFact};
use crate::finding::{Finding, Line, Outcome};
use crate::forecast::Due;
use crate::witness::{Heard, Witness};
use crate::{Diagnosis, Verdict};

pub use html::html;
pub use markdown::markdown;
pub use text::{Colour, text};

use label::Label;
use redact::Redactor;

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
    pub unusable: Option<&'static str>,
}

/// What was mended, how often.
#[derive(Debug, Clone, Serialize)]
pub struct Mended {
    /// In which file.
    pub file: String,
    /// What.
    pub kind: String,
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

    /// The machine-readable form, as `docs/reference/doctor-report.schema.json` describes it.
    ///
    /// # Errors
    /// None in practice: every part of a report can be written as JSON.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string_pretty(self)
    }
}

/// Puts parts of a diagnosis into words.
struct Writer {
    language: Language,
    redactor: Redactor,
}

impl Writer {
    fn label(&self, label: Label) -> &'static str {
        label.in_language(self.language)
    }

    fn title(&self, code: &str) -> String {
        cause::of(code).map(|cause| cause.words(self.language).title.clone()).unwrap_or_default()
    }

    fn headline(&self, diagnosis: &Diagnosis) -> String {
        let label = match diagnosis.verdict {
            Verdict::Clear => Label::HeadlineClear,
            Verdict::CannotTell => Label::HeadlineCannotTell,
            Verdict::Unusable => Label::HeadlineUnusable,
            Verdict::Findings => {
                let first = diagnosis.findings.first();
                let title = first.map(|finding| self.title(finding.code)).unwrap_or_default();
                let certainty = first.map_or("", |f| label::certainty(f.certainty, self.language));
                let code = first.map_or("", |finding| finding.code);
                return format!("{title} ({code}, {certainty}).");
            }
        };
        self.label(label).to_owned()
    }

    fn entry(&self, finding: &Finding) -> Entry {
        let values = finding.values.iter().map(|(name, value)| (*name, self.redactor.text(value))).collect();
        let cause = cause::of(finding.code);
        let words = cause.map(|cause| cause.words(self.language));
        let told = |text: Option<&String>| text.map(|text| filled(text, &values)).unwrap_or_default();
        let all = |list: Option<&Vec<String>>| -> Vec<String> {
            list.map(|list| list.iter().map(|text| filled(text, &values)).collect()).unwrap_or_default()
        };
        Entry {
            code: finding.code,
            title: self.title(finding.code),
            severity: finding.severity.name(),
            certainty: finding.certainty.name(),
            says: told(words.map(|words| &words.says)),
            why: told(words.map(|words| &words.why)),
            because: finding.because.iter().map(|line| self.cited(line)).collect(),
            more: finding.more,
            certain_with: finding.certain_with.iter().map(|witness| self.wanted(*witness)).collect(),
            do_this: told(words.map(|words| &words.fix)),
            commands: all(cause.map(|cause| &cause.commands)),
            restart: all(cause.map(|cause| &cause.restart)),
            verify: told(words.map(|words| &words.verify)),
            verify_commands: all(cause.map(|cause| &cause.check)),
            prevent: told(words.map(|words| &words.prevent)),
            certificate: finding.certificate.as_ref().map(|described| self.shown(described)),
            successor: finding.successor.as_ref().map(|described| self.shown(described)),
            due: finding.due.map(|due| due.to_string()),
            explained_by: finding.explained_by.clone(),
            references: cause.map(|cause| cause.references.clone()).unwrap_or_default(),
        }
    }

    fn cited(&self, line: &Line) -> Cited {
        let Place { file, position, when } = &line.place;
        Cited {
            file: self.redactor.text(file),
            position: if *position == Position::Whole { String::new() } else { position.to_string() },
            time: when.map(|when| when.to_string()),
            says: self.redactor.text(&line.says),
        }
    }

    fn shown(&self, described: &CertificateDescription) -> Shown {
        Shown {
            thumbprint: described.thumbprint.map(|thumbprint| thumbprint.to_string()),
            subject: self.redactor.text(&described.subject.to_string()),
            issuer: self.redactor.text(&described.issuer.to_string()),
            not_before: described.not_before.map(|at| at.to_string()),
            not_after: described.not_after.map(|at| at.to_string()),
        }
    }

    fn wanted(&self, witness: Witness) -> Wanted {
        Wanted { witness: witness.name(), title: witness.title(self.language), commands: witness.commands().to_vec() }
    }

    fn open(&self, diagnosis: &Diagnosis) -> Vec<Open> {
        let mut open: Vec<Open> = diagnosis
            .outcomes
            .iter()
            .filter_map(|(code, outcome)| match outcome {
                Outcome::CannotTell(missing) => Some(Open {
                    code,
                    title: self.title(code),
                    leads: missing.leads.iter().take(3).map(|line| self.cited(line)).collect(),
                    needs: missing.needs.iter().map(|witness| witness.name()).collect(),
                }),
                _ => None,
            })
            .collect();
        open.sort_by_key(|open| (open.leads.is_empty(), open.code));
        open
    }

    fn ending(&self, due: &Due, now: pki::Time) -> Ending {
        Ending {
            at: due.at.to_string(),
            days: (due.at.seconds() - now.seconds()).div_euclid(86_400),
            role: due.role.name(),
            title: label::role(due.role, self.language).to_owned(),
            certificate: self.shown(&due.certificate),
            successor: due.successor.map(|thumbprint| thumbprint.to_string()),
        }
    }

    fn heeded(&self, witness: Witness, heard: Heard) -> Heeded {
        let heard = match heard {
            Heard::Yes => "yes",
            Heard::Silent => "silent",
            Heard::No => "no",
        };
        let commands = witness.commands().to_vec();
        Heeded { witness: witness.name(), title: witness.title(self.language), heard, commands }
    }

    fn sources(&self, evidence: &Evidence) -> Vec<Source> {
        let one = |source: &crate::fact::SourceRead| Source {
            file: self.redactor.text(&source.file),
            kind: snake(&format!("{:?}", source.kind)),
            octets: source.octets,
            items: source.items,
            damaged: source.damaged,
            span: source.span.map(|(first, last)| (first.to_string(), last.to_string())),
            unusable: source.unusable,
        };
        evidence.sources.iter().map(one).collect()
    }

    fn repairs(&self, evidence: &Evidence) -> Vec<Mended> {
        let mut sums = std::collections::BTreeMap::new();
        for repair in &evidence.repairs {
            *sums.entry((repair.place.file.clone(), repair.kind)).or_insert(0_u64) += u64::from(repair.times);
        }
        let row = |((file, kind), times): ((std::sync::Arc<str>, crate::fact::RepairKind), u64)| Mended {
            file: self.redactor.text(&file),
            kind: snake(&format!("{kind:?}")),
            times,
        };
        sums.into_iter().map(row).collect()
    }

    fn answers(&self, evidence: &Evidence) -> Vec<String> {
        evidence.probes().map(|(_, probe)| self.redactor.text(&answer(probe))).collect()
    }

    fn remarks(&self, evidence: &Evidence) -> Vec<String> {
        let limit = |limit: &Limit| match limit {
            Limit::Facts { left_out, failures } => {
                format!("{}: {left_out} ({failures})", self.label(Label::LeftOut))
            }
            Limit::LongItem { file, items } => {
                format!("{}: {items} {}", self.redactor.text(file), self.label(Label::TooLong))
            }
            Limit::Depth { file } => format!("{}: {}", self.redactor.text(file), self.label(Label::TooDeep)),
            Limit::Size { file, read } => {
                format!("{}: {} ({read})", self.redactor.text(file), self.label(Label::TooLarge))
            }
        };
        let trouble = |trouble: &crate::fact::Trouble| {
            format!("{}: {}", self.redactor.text(&trouble.place.to_string()), self.redactor.text(&trouble.says))
        };
        evidence.limits_hit.iter().map(limit).chain(evidence.troubles.iter().take(20).map(trouble)).collect()
    }
}

/// What a server answered, in a line of names and numbers.
fn answer(probe: &ProbeFact) -> String {
    let until = |one: &CertificateDescription| {
        let end = one.not_after.map_or(String::new(), |end| format!(" until {}", end.date()));
        format!("{}{end}", one.subject)
    };
    let all = |list: &[pki::Certificate]| {
        list.iter().map(|one| until(&CertificateDescription::of(one))).collect::<Vec<_>>().join("; ")
    };
    match probe {
        ProbeFact::Capabilities { url, status, lines } => {
            let short: Vec<String> = lines.iter().take(20).map(|line| line.chars().take(40).collect()).collect();
            format!("GetCACaps {url} → {status}: {}", short.join(" "))
        }
        ProbeFact::CaCertificates { url, status, certificates, .. } => {
            format!("GetCACert {url} → {status}: {}", all(certificates))
        }
        ProbeFact::Tls { host, version, chain, fault } => {
            let version = version.clone().unwrap_or_default();
            let fault = fault.as_ref().map_or(String::new(), |fault| format!(": {fault}"));
            format!("TLS {host} {version} {}{fault}", all(chain))
        }
        ProbeFact::Crl { url, next_update, fault, .. } => {
            let due = next_update.map_or(String::new(), |at| format!("next update {at}"));
            format!("CRL {url}: {}", fault.clone().unwrap_or(due))
        }
        ProbeFact::Failed { url, why, .. } => format!("{url}: {why}"),
    }
}

/// `TypographicQuotes` as `typographic_quotes`.
fn snake(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
