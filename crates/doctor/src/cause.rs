//! The known causes: data, one file each under `causes/`, from which findings take their words and the pages under
//! `docs/reference/causes` are made.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use crate::finding::Severity;

/// A language reports are written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
}

impl Language {
    /// The one in this language.
    #[must_use]
    pub const fn pick(self, english: &'static str, german: &'static str) -> &'static str {
        match self {
            Language::English => english,
            Language::German => german,
        }
    }
}

/// A known root cause.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cause {
    /// `F-01` and so on: stable.
    pub code: String,
    /// How bad it is when it is at work.
    pub severity: SeverityName,
    /// Whether an evidence set can only be called clear if this cause was ruled out.
    #[serde(default)]
    pub essential: bool,
    /// Whether there is a check, and if not, why no evidence that can be handed over shows it.
    #[serde(default)]
    pub unseen: Option<String>,
    /// Causes whose signs this one brings about: they are then consequences.
    #[serde(default)]
    pub explains: Vec<String>,
    /// What shows it, in the field's terms: events, codes, logs.
    pub signs: Vec<String>,
    /// Commands that mend it, with placeholders in braces.
    #[serde(default)]
    pub commands: Vec<String>,
    /// What has to be restarted afterwards.
    #[serde(default)]
    pub restart: Vec<String>,
    /// Commands that show whether it is mended.
    #[serde(default)]
    pub check: Vec<String>,
    /// Public pages on it.
    #[serde(default)]
    pub references: Vec<String>,
    /// In English.
    pub en: Words,
    /// In German.
    pub de: Words,
}

/// The words of a cause in one language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// A headline.
    pub title: String,
    /// What a finding says, with placeholders in braces.
    pub says: String,
    /// Why this breaks enrolment.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// How to see that it is mended.
    pub verify: String,
    /// How to keep it from coming back.
    pub prevent: String,
}

/// Severity as the files spell it.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SeverityName {
    /// See [`Severity::Outage`].
    Outage,
    /// See [`Severity::Degraded`].
    Degraded,
    /// See [`Severity::Warning`].
    Warning,
    /// See [`Severity::Note`].
    Note,
}

impl Cause {
    /// Its words in a language.
    #[must_use]
    pub fn words(&self, language: Language) -> &Words {
        match language {
            Language::English => &self.en,
            Language::German => &self.de,
        }
    }

    /// How bad it is.
    #[must_use]
    pub const fn severity(&self) -> Severity {
        match self.severity {
            SeverityName::Outage => Severity::Outage,
            SeverityName::Degraded => Severity::Degraded,
            SeverityName::Warning => Severity::Warning,
            SeverityName::Note => Severity::Note,
        }
    }
}

/// The cause files as they stand in the tree, by code.
pub const FILES: &[(&str, &str)] = include!("cause_files.rs");

static ALL: LazyLock<BTreeMap<&'static str, Cause>> = LazyLock::new(|| {
    // A file that cannot be read is found by a test of this crate and never reaches a build.
    FILES.iter().filter_map(|(code, text)| Some((*code, toml::from_str(text).ok()?))).collect()
});

/// Every cause, by code.
#[must_use]
pub fn all() -> &'static BTreeMap<&'static str, Cause> {
    &ALL
}

/// The cause of that code.
#[must_use]
pub fn of(code: &str) -> Option<&'static Cause> {
    ALL.get(code)
}

/// A text with its placeholders filled in. A part in double square brackets is left out when something in it is not
/// known; elsewhere what is not known stays readable as `<NEW>`.
#[must_use]
pub fn filled(template: &str, values: &BTreeMap<&'static str, String>) -> String {
    let mut out = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("[[") {
        let Some((optional, tail)) = after.split_once("]]") else { break };
        out.push_str(&substituted(before, values).0);
        if let (text, Unknown::Nothing) = substituted(optional, values) {
            out.push_str(&text);
        }
        rest = tail;
    }
    out.push_str(&substituted(rest, values).0);
    out
}

/// Whether a placeholder had no value.
#[derive(PartialEq)]
enum Unknown {
    Nothing,
    Something,
}

fn substituted(template: &str, values: &BTreeMap<&'static str, String>) -> (String, Unknown) {
    let (mut out, mut unknown) = (String::new(), Unknown::Nothing);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        match values.get(name).filter(|value| !value.is_empty()) {
            Some(value) => out.push_str(value),
            None => {
                unknown = Unknown::Something;
                // What a command asks for most often is the thumbprint of the certificate to put in place.
                let name = if name == "new" { "new-thumbprint" } else { name };
                out.push_str(&format!("<{}>", name.to_uppercase().replace('_', "-")));
            }
        }
        rest = tail;
    }
    out.push_str(rest);
    (out, unknown)
}
