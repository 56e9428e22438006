//! The report for a ticket.

use super::label::{self, Label};
use super::text::{certificate, place};
use super::{Entry, Report};
use crate::cause::Language;

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let language = label::language_of(report);
    let say = |label: Label| label.in_language(language);
    let mut out = format!("# {}\n\n**{}**\n\n", say(Label::Doctor), escaped(&report.headline));
    out.push_str(&format!("{} {}\n\n", say(Label::JudgedAt), report.judged_at));
    for entry in &report.findings {
        one(entry, language, &mut out);
    }
    if !report.forecast.is_empty() {
        out.push_str(&format!("## {}\n\n| | {} | | |\n|---|---|---|---|\n", say(Label::Forecast), say(Label::Days)));
        for ending in &report.forecast {
            let successor = ending.successor.clone().unwrap_or_default();
            let row = format!("| {} | {} | {} | {successor} |\n", ending.at, ending.days, escaped(&ending.title));
            out.push_str(&row);
        }
        out.push('\n');
    }
    if !report.cannot_tell.is_empty() {
        out.push_str(&format!("## {}\n\n", say(Label::CannotTell)));
        for open in &report.cannot_tell {
            let lead = if open.leads.is_empty() { "" } else { " ←" };
            let needs = report.wanted(open);
            out.push_str(&format!("* {} {}: {needs}{lead}\n", open.code, escaped(&open.title)));
            open.leads
                .iter()
                .for_each(|line| out.push_str(&format!("  * {}: `{}`\n", escaped(&place(line)), code(&line.says))));
        }
        out.push('\n');
    }
    let noise = report.noise.healed + report.noise.uncached + report.noise.reported_only;
    let counts = [(report.clear.len() as u64, Label::ClearChecks), (noise, Label::Noise)];
    for (count, label) in counts.into_iter().filter(|(count, _)| *count > 0) {
        out.push_str(&format!("{count} {}.\n\n", say(label)));
    }
    out
}

fn one(entry: &Entry, language: Language, out: &mut String) {
    let say = |label: Label| label.in_language(language);
    let weight = [entry.certainty, entry.severity].map(|name| label::word(name, language)).join(", ");
    out.push_str(&format!("## {} {} ({weight})\n\n{}\n\n", entry.code, escaped(&entry.title), escaped(&entry.says)));
    if !entry.explained_by.is_empty() {
        out.push_str(&format!("{}: {}\n\n", say(Label::ExplainedBy), entry.explained_by.join(", ")));
    }
    for (label, shown) in [(Label::Certificate, &entry.certificate), (Label::Successor, &entry.successor)] {
        if let Some(shown) = shown {
            out.push_str(&format!("{}: {}\n\n", say(label), escaped(&certificate(shown))));
        }
    }
    out.push_str(&format!("**{}**\n\n", say(Label::Because)));
    for line in &entry.because {
        out.push_str(&format!("* {}: `{}`\n", escaped(&place(line)), code(&line.says)));
    }
    if !entry.certain_with.is_empty() {
        let titles: Vec<_> = entry.certain_with.iter().map(|wanted| wanted.title).collect();
        out.push_str(&format!("\n**{}**: {}\n", say(Label::CertainWith), titles.join("; ")));
    }
    out.push_str(&format!("\n**{}**: {}\n\n", say(Label::DoThis), escaped(&entry.do_this)));
    block(&entry.commands, out);
    block(&entry.restart, out);
    out.push_str(&format!("**{}**: {}\n\n", say(Label::Verify), escaped(&entry.verify)));
    block(&entry.verify_commands, out);
    out.push_str(&format!("**{}**: {}\n\n", say(Label::Prevent), escaped(&entry.prevent)));
}

fn block(commands: &[String], out: &mut String) {
    if !commands.is_empty() {
        let commands: Vec<_> = commands.iter().map(|command| command.replace("```", "'''")).collect();
        out.push_str(&format!("```\n{}\n```\n\n", commands.join("\n")));
    }
}

/// Text that comes from evidence must not become markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#') {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

fn code(text: &str) -> String {
    text.replace('`', "'").replace(char::is_control, " ")
}
