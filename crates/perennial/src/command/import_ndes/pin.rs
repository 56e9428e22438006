//! The pinned client certificate among the certificates that were handed over, and its successor.

use std::collections::BTreeSet;

use doctor::fact::{CertificateDescription, Thumbprint};
use doctor::{Case, Evidence};
use pki::Time;
use serde::Serialize;

use super::export::{Export, Stated, shown};

/// The pin.
pub(super) enum Pin {
    /// There is none.
    None,
    /// What stands there is no thumbprint.
    NoThumbprint(String),
    /// A thumbprint; and whether it stands there as digits only.
    Thumbprint(Thumbprint, Written),
}

/// How the pin is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    /// Digits only.
    Clean,
    /// With blanks or invisible characters between them.
    WithMore,
}

impl Pin {
    pub(super) fn of(export: &Export<'_>) -> Pin {
        match export.text(r"Modules\NDESPolicy", "NDESCertThumbprint") {
            Stated::Missing => Pin::None,
            Stated::Odd(text) => Pin::NoThumbprint(text),
            Stated::Is(text) if text.is_empty() => Pin::None,
            Stated::Is(text) => match Thumbprint::parse(&text) {
                Some(thumbprint) => {
                    let clean = text.eq_ignore_ascii_case(&thumbprint.to_string());
                    Pin::Thumbprint(thumbprint, if clean { Written::Clean } else { Written::WithMore })
                }
                None => Pin::NoThumbprint(format!("\"{}\"", shown(&text))),
            },
        }
    }

    pub(super) fn thumbprint(&self) -> Option<Thumbprint> {
        match self {
            Pin::Thumbprint(thumbprint, _) => Some(*thumbprint),
            Pin::None | Pin::NoThumbprint(_) => None,
        }
    }
}

/// What the certificates say of the pin.
#[derive(Debug, Serialize)]
pub(super) struct Found {
    /// The pinned thumbprint.
    thumbprint: String,
    /// The certificate that has it, if it is among them.
    pinned: Option<Described>,
    /// The newest valid one of the same subject, issuer and template that outlives it.
    successor: Option<Described>,
    /// All of it in a sentence.
    pub(super) says: String,
}

#[derive(Debug, Serialize)]
struct Described {
    thumbprint: Option<String>,
    subject: String,
    issuer: String,
    not_before: Option<String>,
    not_after: Option<String>,
}

impl Described {
    fn of(described: &CertificateDescription) -> Described {
        Described {
            thumbprint: described.thumbprint.map(|thumbprint| thumbprint.to_string()),
            subject: shown(&described.subject.to_string()),
            issuer: shown(&described.issuer.to_string()),
            not_before: described.not_before.map(|at| at.to_string()),
            not_after: described.not_after.map(|at| at.to_string()),
        }
    }
}

/// Looks for the pin among certificates: files, or what `certutil -store` lists.
pub(super) fn look(pin: Thumbprint, among: &Evidence, now: Time) -> Found {
    let case = Case::new(among, now);
    let held = case.describe(pin).map(|(_, described)| described);
    let newest = held.and_then(|held| case.newer_twin(held)).map(|(_, described)| described);
    let until = |of: &CertificateDescription| of.not_after.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
    let says = match held {
        None => {
            let count = among.descriptions().filter_map(|(_, one)| one.thumbprint).collect::<BTreeSet<_>>().len();
            format!("the pinned certificate {pin} is not among the {count} given")
        }
        Some(held) => {
            let state = if held.not_after.is_some_and(|end| end < now) { "expired at" } else { "is valid until" };
            let next = newest.and_then(|newest| Some((newest.thumbprint?, until(newest))));
            let next = next.map_or_else(
                || "no valid successor of it is among them".to_owned(),
                |(thumbprint, until)| format!("its successor is {thumbprint}, until {until}"),
            );
            format!(
                "the pinned certificate {pin} ({}) {state} {}; {next}",
                shown(&held.subject.to_string()),
                until(held)
            )
        }
    };
    Found { thumbprint: pin.to_string(), pinned: held.map(Described::of), successor: newest.map(Described::of), says }
}
