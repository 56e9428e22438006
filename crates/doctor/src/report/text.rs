//! A page for a terminal: the verdict first, then what to type.

use super::label::{self, Label};
use super::layout::wrap;
use super::{Cited, Entry, Report, Shown};
use crate::cause::Language;

const WIDTH: usize = 100;

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// For a terminal.
    On,
    /// For a file or a pipe.
    Off,
}

struct Page {
    out: String,
    colour: Colour,
    language: Language,
}

/// The report as text.
#[must_use]
pub fn text(report: &Report, colour: Colour) -> String {
    let mut page = Page { out: String::new(), colour, language: label::language_of(report) };
    page.head(report);
    page.answers(report);
    let (causes, consequences): (Vec<_>, Vec<_>) =
        report.findings.iter().partition(|entry| entry.explained_by.is_empty());
    for (n, entry) in causes.iter().enumerate() {
        page.entry(n + 1, entry);
    }
    if !consequences.is_empty() {
        page.heading(Label::Consequences);
        consequences.iter().for_each(|entry| page.consequence(entry));
    }
    page.forecast(report);
    page.open(report);
    page.tail(report);
    page.out
}

impl Page {
    fn say(&self, label: Label) -> &'static str {
        label.in_language(self.language)
    }

    fn painted(&self, text: &str, code: &str) -> String {
        match self.colour {
            Colour::On => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Colour::Off => text.to_owned(),
        }
    }

    fn heading(&mut self, label: Label) {
        let text = self.painted(self.say(label), "1");
        self.out.push_str(&format!("\n{text}\n"));
    }

    fn head(&mut self, report: &Report) {
        let name = self.painted(self.say(Label::Doctor), "1");
        self.out.push_str(&format!("{name}, {} {}\n\n", self.say(Label::JudgedAt), report.judged_at));
        let code = match report.verdict {
            "clear" => "1;32",
            "findings" => "1;31",
            _ => "1;33",
        };
        let headline = wrap(&report.headline, 0, WIDTH);
        self.out.push_str(&self.painted(headline.trim_end(), code));
        self.out.push('\n');
    }

    fn answers(&mut self, report: &Report) {
        if !report.answers.is_empty() {
            self.heading(Label::Answers);
            report.answers.iter().for_each(|answer| self.out.push_str(&wrap(answer, 3, WIDTH)));
        }
    }

    fn entry(&mut self, number: usize, entry: &Entry) {
        let code = match entry.severity {
            "outage" => "1;31",
            "degraded" => "1;33",
            _ => "1",
        };
        let title = self.painted(&format!("{number}. {}  {}", entry.code, entry.title), code);
        let weight = [entry.certainty, entry.severity].map(|name| label::word(name, self.language)).join(", ");
        self.out.push_str(&format!("\n{title}  [{weight}]\n"));
        self.out.push_str(&wrap(&entry.says, 3, WIDTH));
        self.certificates(entry);
        self.part(Label::Because);
        entry.because.iter().for_each(|line| self.cited(line));
        if entry.more > 0 {
            self.out.push_str(&format!("     + {} {}\n", entry.more, self.say(Label::MoreLines)));
        }
        if !entry.certain_with.is_empty() {
            self.part(Label::CertainWith);
            for wanted in &entry.certain_with {
                self.out.push_str(&format!("     {}\n", wanted.title));
                wanted.commands.iter().for_each(|command| self.command(command));
            }
        }
        self.part(Label::DoThis);
        self.out.push_str(&wrap(&entry.do_this, 5, WIDTH));
        entry.commands.iter().for_each(|command| self.command(command));
        if !entry.restart.is_empty() {
            self.part(Label::Restart);
            entry.restart.iter().for_each(|command| self.command(command));
        }
        self.part(Label::Verify);
        self.out.push_str(&wrap(&entry.verify, 5, WIDTH));
        entry.verify_commands.iter().for_each(|command| self.command(command));
        self.part(Label::Prevent);
        self.out.push_str(&wrap(&entry.prevent, 5, WIDTH));
    }

    fn part(&mut self, label: Label) {
        let text = self.painted(self.say(label), "4");
        self.out.push_str(&format!("   {text}\n"));
    }

    fn command(&mut self, command: &str) {
        let text = self.painted(command, "36");
        self.out.push_str(&format!("       > {text}\n"));
    }

    fn cited(&mut self, line: &Cited) {
        self.out.push_str(&wrap(&place(line), 5, WIDTH));
        self.out.push_str(&wrap(&line.says, 9, WIDTH));
    }

    fn certificates(&mut self, entry: &Entry) {
        for (label, shown) in [(Label::Certificate, &entry.certificate), (Label::Successor, &entry.successor)] {
            if let Some(shown) = shown {
                self.part(label);
                self.out.push_str(&wrap(&certificate(shown), 5, WIDTH));
            }
        }
    }

    fn consequence(&mut self, entry: &Entry) {
        let by = format!("{} {}", self.say(Label::ExplainedBy), entry.explained_by.join(", "));
        self.out.push_str(&wrap(&format!("{}  {} ({by})", entry.code, entry.title), 3, WIDTH));
        entry.because.iter().take(2).for_each(|line| self.cited(line));
    }

    fn forecast(&mut self, report: &Report) {
        if report.forecast.is_empty() {
            return;
        }
        self.heading(Label::Forecast);
        for ending in &report.forecast {
            let days = match ending.days {
                days if days < 0 => self.say(Label::Ended).to_owned(),
                days => format!("{days} {}", self.say(Label::Days)),
            };
            let day = ending.at.get(..10).unwrap_or(&ending.at);
            self.out.push_str(&format!("   {day}  {days:>10}  {}\n", ending.title));
            if let Some(successor) = &ending.successor {
                self.out.push_str(&format!("   {:24}{successor} {}\n", "", self.say(Label::PutInPlace)));
            }
        }
    }

    fn open(&mut self, report: &Report) {
        if report.cannot_tell.is_empty() {
            return;
        }
        self.heading(Label::CannotTell);
        let led: Vec<_> = report.cannot_tell.iter().filter(|open| !open.leads.is_empty()).collect();
        if !led.is_empty() {
            self.out.push_str(&format!("   {}:\n", self.say(Label::Pointers)));
            for open in &led {
                self.out.push_str(&wrap(&format!("{}  {}", open.code, open.title), 5, WIDTH));
            }
            led.iter().take(1).flat_map(|open| &open.leads).for_each(|line| self.cited(line));
        }
        for silent in report.witnesses.iter().filter(|witness| witness.heard == "silent") {
            self.out.push_str(&wrap(&format!("{} {}.", silent.title, self.say(Label::SilentLog)), 3, WIDTH));
            self.command(crate::collect::SWITCH_ON);
        }
        self.out.push_str(&format!("   {} {}.", report.cannot_tell.len(), self.say(Label::OpenChecks)));
        self.out.push_str(&format!(" {}:\n", self.say(Label::Collect)));
        let needed = |name: &str| report.cannot_tell.iter().any(|open| open.needs.contains(&name));
        let missing = report.witnesses.iter().filter(|witness| witness.heard != "yes" && needed(witness.witness));
        if report.verdict == "findings" || report.sources.is_empty() {
            // Who has a cause to mend, or only asked a live server, needs no page of commands.
            let titles: Vec<_> = missing.map(|witness| witness.title).collect();
            self.out.push_str(&wrap(&titles.join("; "), 5, WIDTH));
            return self.command("perennial doctor --what-to-collect");
        }
        for witness in missing {
            self.out.push_str(&format!("     {}\n", witness.title));
            witness.commands.iter().for_each(|command| self.command(command));
        }
    }

    fn tail(&mut self, report: &Report) {
        self.out.push('\n');
        let counts = [
            (report.clear.len() as u64, Label::ClearChecks),
            (report.not_applicable.len() as u64, Label::NotApplicable),
            (report.noise.healed + report.noise.uncached + report.noise.reported_only, Label::Noise),
        ];
        for (count, label) in counts.into_iter().filter(|(count, _)| *count > 0) {
            self.out.push_str(&format!("{count} {}.\n", self.say(label)));
        }
        for repair in &report.repairs {
            let what = &repair.kind_in_words;
            self.out.push_str(&format!("{}: {}: {what} ({})\n", self.say(Label::Repaired), repair.file, repair.times));
        }
        if !report.remarks.is_empty() {
            self.out.push_str(&format!("{}:\n", self.say(Label::Remarks)));
            report.remarks.iter().for_each(|remark| self.out.push_str(&wrap(remark, 2, WIDTH)));
        }
        for source in &report.sources {
            let items = format!("{} {}", source.items, self.say(Label::Items));
            let why = source.unusable.as_ref().map_or(String::new(), |why| format!(": {why}"));
            let line = format!("{}: {} ({}, {items}){why}", self.say(Label::Read), source.file, source.kind_in_words);
            self.out.push_str(&wrap(&line, 0, WIDTH));
        }
    }
}

/// File, position and time of an evidence line.
pub(super) fn place(line: &Cited) -> String {
    let parts = [Some(line.file.as_str()), Some(line.position.as_str()), line.time.as_deref()];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

/// A certificate in a sentence.
pub(super) fn certificate(shown: &Shown) -> String {
    let day = |at: &Option<String>| at.as_ref().and_then(|at| at.get(..10)).unwrap_or("?").to_owned();
    let mut out = shown.subject.clone();
    if !shown.issuer.is_empty() {
        out.push_str(&format!(" ← {}", shown.issuer));
    }
    if let Some(thumbprint) = &shown.thumbprint {
        out.push_str(&format!(", {thumbprint}"));
    }
    if shown.not_before.is_some() || shown.not_after.is_some() {
        out.push_str(&format!(", {} – {}", day(&shown.not_before), day(&shown.not_after)));
    }
    out
}
