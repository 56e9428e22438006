//! Puts parts of a diagnosis into words.

use super::german;
use super::label::{self, Label};
use super::redact::Redactor;
use super::{Cited, Ending, Entry, Heeded, Mended, Open, Shown, Source, Wanted};
use crate::cause::{self, Language, filled};
use crate::fact::{CertificateDescription, Evidence, Limit, Place, Position, ProbeFact, When, Zone};
use crate::finding::{Finding, Line, Outcome};
use crate::forecast::{Due, Role};
use crate::witness::{Heard, Witness};
use crate::{Diagnosis, Verdict};

/// In one language, with or without names.
pub(super) struct Writer {
    pub(super) language: Language,
    pub(super) redactor: Redactor,
}

impl Writer {
    fn label(&self, label: Label) -> &'static str {
        label.in_language(self.language)
    }

    pub(super) fn title(&self, code: &str) -> String {
        cause::of(code).map(|cause| cause.words(self.language).title.clone()).unwrap_or_default()
    }

    pub(super) fn headline(&self, diagnosis: &Diagnosis) -> String {
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

    pub(super) fn entry(&self, finding: &Finding) -> Entry {
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
            position: self.position(*position),
            time: when.map(|when| self.moment(when)),
            says: self.redactor.text(line.in_language(self.language)),
        }
    }

    fn position(&self, position: Position) -> String {
        let (name, number) = match position {
            Position::Whole => return String::new(),
            Position::Record(number) => (self.language.pick("record", "Datensatz"), number),
            Position::Item(number) => (self.language.pick("item", "Eintrag"), number),
            Position::Line(number) => (self.language.pick("line", "Zeile"), number),
        };
        format!("{name} {number}")
    }

    fn moment(&self, when: When) -> String {
        match when.zone {
            Zone::Unknown => {
                let unknown = self.language.pick("(local time, zone unknown)", "(Ortszeit, Zone unbekannt)");
                format!("{} {unknown}", when.at)
            }
            Zone::Utc | Zone::Bias(_) => when.to_string(),
        }
    }

    /// What a reader or a shell said of a file.
    fn sentence(&self, english: &str) -> String {
        match self.language {
            Language::English => english.to_owned(),
            Language::German => german::sentence(english),
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

    pub(super) fn open(&self, diagnosis: &Diagnosis) -> Vec<Open> {
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

    pub(super) fn ending(&self, due: &Due, now: pki::Time) -> Ending {
        Ending {
            at: due.at.to_string(),
            days: (due.at.seconds() - now.seconds()).div_euclid(86_400),
            role: due.role.name(),
            title: self.function(due),
            certificate: self.shown(&due.certificate),
            successor: due.successor.map(|thumbprint| thumbprint.to_string()),
            stops: due.stops.iter().map(|role| role.name()).collect(),
        }
    }

    /// What ends, in words; of a revocation list also whose it is and whom it stops.
    fn function(&self, due: &Due) -> String {
        let ends = label::role(due.role, self.language);
        if due.role != Role::RevocationList {
            return ends.to_owned();
        }
        let issuer = &due.certificate.issuer;
        let issuer = issuer.common_name().map_or_else(|| issuer.to_string(), str::to_owned);
        let mut stopped: Vec<&str> = due.stops.iter().map(|role| label::unchecked(*role, self.language)).collect();
        // Both RA certificates stop the same.
        stopped.dedup();
        format!("{ends} {}: {}", self.redactor.text(&issuer), stopped.join("; "))
    }

    pub(super) fn heeded(&self, witness: Witness, heard: Heard) -> Heeded {
        let heard = match heard {
            Heard::Yes => "yes",
            Heard::Silent => "silent",
            Heard::No => "no",
        };
        let commands = witness.commands().to_vec();
        Heeded { witness: witness.name(), title: witness.title(self.language), heard, commands }
    }

    pub(super) fn sources(&self, evidence: &Evidence) -> Vec<Source> {
        let one = |source: &crate::fact::SourceRead| Source {
            file: self.redactor.text(&source.file),
            kind: snake(&format!("{:?}", source.kind)),
            octets: source.octets,
            items: source.items,
            damaged: source.damaged,
            span: source.span.map(|(first, last)| (self.moment(first), self.moment(last))),
            unusable: source.unusable.map(|why| self.sentence(why)),
            kind_in_words: match self.language {
                Language::English => snake(&format!("{:?}", source.kind)).replace('_', " "),
                Language::German => german::kind(source.kind).to_owned(),
            },
        };
        evidence.sources.iter().map(one).collect()
    }

    pub(super) fn repairs(&self, evidence: &Evidence) -> Vec<Mended> {
        let mut sums = std::collections::BTreeMap::new();
        for repair in &evidence.repairs {
            *sums.entry((repair.place.file.clone(), repair.kind)).or_insert(0_u64) += u64::from(repair.times);
        }
        let row = |((file, kind), times): ((std::sync::Arc<str>, crate::fact::RepairKind), u64)| Mended {
            file: self.redactor.text(&file),
            kind: snake(&format!("{kind:?}")),
            kind_in_words: match self.language {
                Language::English => snake(&format!("{kind:?}")).replace('_', " "),
                Language::German => german::repair(kind).to_owned(),
            },
            times,
        };
        sums.into_iter().map(row).collect()
    }

    pub(super) fn answers(&self, evidence: &Evidence) -> Vec<String> {
        evidence.probes().map(|(_, probe)| self.redactor.text(&answer(probe, self.language))).collect()
    }

    pub(super) fn remarks(&self, evidence: &Evidence) -> Vec<String> {
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
            let Place { file, position, .. } = &trouble.place;
            let position = self.position(*position);
            let place = if position.is_empty() { file.to_string() } else { format!("{file}, {position}") };
            format!("{}: {}", self.redactor.text(&place), self.redactor.text(&self.sentence(&trouble.says)))
        };
        evidence.limits_hit.iter().map(limit).chain(evidence.troubles.iter().take(20).map(trouble)).collect()
    }
}

/// What a server answered, in a line of names and numbers.
fn answer(probe: &ProbeFact, language: Language) -> String {
    let until = |one: &CertificateDescription| {
        let end =
            one.not_after.map_or(String::new(), |end| format!(" {} {}", language.pick("until", "bis"), end.date()));
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
            let due =
                next_update.map_or(String::new(), |at| format!("{} {at}", language.pick("next update", "nächste am")));
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
