//! What a check concludes.

use std::collections::BTreeMap;

use pki::Time;

use crate::cause::Language;
use crate::fact::{CertificateDescription, Place};
use crate::witness::Witness;

/// How a check ended. "Cannot tell" is never counted as "clear".
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The cause is at work.
    Found(Box<Finding>),
    /// The evidence would show the cause, and does not.
    Clear,
    /// The deployment has not the part that this cause breaks.
    NotApplicable,
    /// Evidence that would show it was not handed over, is empty, or was switched off.
    CannotTell(Missing),
}

/// What a check would need to know more.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Missing {
    /// What to collect.
    pub needs: Vec<Witness>,
    /// What points at this cause among others without telling which.
    pub leads: Vec<Line>,
}

/// A cause that was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its code, such as `F-01`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// How sure this is.
    pub certainty: Certainty,
    /// What would make it certain, when it is not.
    pub certain_with: Vec<Witness>,
    /// The evidence, most telling first.
    pub because: Vec<Line>,
    /// Further evidence lines of the same kinds that are not listed.
    pub more: usize,
    /// What the texts' placeholders stand for.
    pub values: BTreeMap<&'static str, String>,
    /// The certificate it is about.
    pub certificate: Option<CertificateDescription>,
    /// The certificate that should stand in its place, if the evidence holds one.
    pub successor: Option<CertificateDescription>,
    /// When it begins to hurt, if that is still to come.
    pub due: Option<Time>,
    /// Codes of findings that explain this one; it is then a consequence.
    pub explained_by: Vec<&'static str>,
}

/// One line of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Where and when.
    pub place: Place,
    /// What stands there, in names, numbers and quotations, and in English between them.
    pub says: String,
    /// The same in German, where it differs.
    pub german: Option<String>,
}

impl Line {
    /// What stands there, in this language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::English => &self.says,
            Language::German => self.german.as_deref().unwrap_or(&self.says),
        }
    }
}

/// How bad a finding is, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// No device gets a certificate.
    Outage,
    /// Some devices, or some requests, fail.
    Degraded,
    /// Nothing fails yet.
    Warning,
    /// Worth knowing.
    Note,
}

/// How sure a finding is, surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Certainty {
    /// The evidence admits nothing else.
    Certain,
    /// Nothing else known explains the evidence as well.
    Probable,
    /// One of several explanations.
    Possible,
}

impl Severity {
    /// Its name in machine-readable reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Outage => "outage",
            Severity::Degraded => "degraded",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

impl Certainty {
    /// Its name in machine-readable reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Probable => "probable",
            Certainty::Possible => "possible",
        }
    }
}

impl Outcome {
    /// Its name in machine-readable reports.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Outcome::Found(_) => "finding",
            Outcome::Clear => "clear",
            Outcome::NotApplicable => "not_applicable",
            Outcome::CannotTell(_) => "cannot_tell",
        }
    }

    /// Says what a placeholder stands for, if this is a finding.
    #[must_use]
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Outcome {
        if let Outcome::Found(finding) = &mut self {
            finding.values.insert(name, value.to_string());
        }
        self
    }

    /// Changes the finding, if it is one.
    #[must_use]
    pub(crate) fn map(mut self, change: impl FnOnce(&mut Finding)) -> Outcome {
        if let Outcome::Found(finding) = &mut self {
            change(finding);
        }
        self
    }

    /// The finding is about this certificate.
    #[must_use]
    pub(crate) fn about(self, certificate: Option<&CertificateDescription>) -> Outcome {
        let Some(described) = certificate else { return self };
        let named = |name: &crate::fact::DistinguishedName| name.to_string();
        let thumbprint = described.thumbprint.map(|t| t.to_string());
        let mut told = self.with("subject", named(&described.subject)).with("issuer", named(&described.issuer));
        if let Some(thumbprint) = thumbprint {
            told = told.with("thumbprint", thumbprint);
        }
        if let Some(end) = described.not_after {
            told = told.with("not_after", end);
        }
        told.map(|finding| finding.certificate = Some(described.clone()))
    }
}
