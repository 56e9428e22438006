//! The report as one file without anything from elsewhere.

use super::label::{self, Label};
use super::text::{certificate, place};
use super::timeline::timeline;
use super::{Cited, Entry, Report};
use crate::cause::Language;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;\
color:#1a1a1a;background:#fff}h1{font-size:1.3rem}.verdict{font-size:1.4rem;font-weight:600;border-left:.4rem solid;\
padding-left:1rem}.findings{border-color:#b3261e}.clear{border-color:#1b7f3b}.cannot_tell,.unusable{border-color:#b26a00}\
section{margin:2rem 0;padding-top:.5rem;border-top:1px solid #ddd}h2{font-size:1.15rem}pre{background:#f3f3f3;\
padding:.6rem;overflow-x:auto}.weight{font-weight:400;color:#555}li{margin:.3rem 0}.place{color:#555}svg{width:100%;\
font:13px system-ui,sans-serif;background:#fafafa}rect.pinned{fill:#b3261e}rect.successor{fill:#1b7f3b}\
rect.involved{fill:#b26a00}rect.other{fill:#8aa}line.now{stroke:#000;stroke-width:2}circle.event{fill:#b3261e}\
table{border-collapse:collapse}td{padding:.2rem .8rem .2rem 0;vertical-align:top}\
@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}pre,svg{background:#242424}svg text{fill:#eee}\
line.now{stroke:#fff}.place,.weight{color:#aaa}}";

/// The report as HTML.
#[must_use]
pub fn html(report: &Report) -> String {
    let language = label::language_of(report);
    let say = |label: Label| label.in_language(language);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
         style-src 'unsafe-inline'\"><title>{}</title><style>{STYLE}</style></head><body>\n<h1>{} \
         <span class=\"weight\">{} {}</span></h1>\n<p class=\"verdict {}\">{}</p>\n",
        report.language,
        say(Label::Doctor),
        say(Label::Doctor),
        say(Label::JudgedAt),
        report.judged_at,
        report.verdict,
        escaped(&report.headline),
    );
    if let Some(picture) = timeline(report) {
        out.push_str(&format!("<section><h2>{}</h2>{picture}</section>\n", say(Label::Timeline)));
    }
    report.findings.iter().for_each(|entry| section(entry, language, &mut out));
    forecast(report, language, &mut out);
    open(report, language, &mut out);
    out.push_str("</body></html>\n");
    out
}

fn section(entry: &Entry, language: Language, out: &mut String) {
    let say = |label: Label| label.in_language(language);
    let weight = [entry.certainty, entry.severity].map(|name| label::word(name, language)).join(", ");
    out.push_str(&format!(
        "<section id=\"{0}\"><h2>{0} {1} <span class=\"weight\">{weight}</span></h2>\n<p>{2}</p>\n",
        entry.code,
        escaped(&entry.title),
        escaped(&entry.says)
    ));
    if !entry.explained_by.is_empty() {
        out.push_str(&format!("<p>{}: {}</p>\n", say(Label::ExplainedBy), entry.explained_by.join(", ")));
    }
    for (label, shown) in [(Label::Certificate, &entry.certificate), (Label::Successor, &entry.successor)] {
        if let Some(shown) = shown {
            out.push_str(&format!("<p><b>{}</b> {}</p>\n", say(label), escaped(&certificate(shown))));
        }
    }
    out.push_str(&format!("<h3>{}</h3>\n", say(Label::Because)));
    cited(&entry.because, out);
    if !entry.certain_with.is_empty() {
        out.push_str(&format!("<h3>{}</h3>\n", say(Label::CertainWith)));
        for wanted in &entry.certain_with {
            out.push_str(&format!("<p>{}</p>", escaped(wanted.title)));
            block(wanted.commands.iter().copied(), out);
        }
    }
    out.push_str(&format!("<h3>{}</h3><p>{}</p>\n", say(Label::DoThis), escaped(&entry.do_this)));
    block(entry.commands.iter().chain(&entry.restart).map(String::as_str), out);
    out.push_str(&format!("<h3>{}</h3><p>{}</p>\n", say(Label::Verify), escaped(&entry.verify)));
    block(entry.verify_commands.iter().map(String::as_str), out);
    out.push_str(&format!("<h3>{}</h3><p>{}</p>\n", say(Label::Prevent), escaped(&entry.prevent)));
    out.push_str(&format!(
        "<details><summary>{}</summary><p>{}</p></details></section>\n",
        say(Label::Why),
        escaped(&entry.why)
    ));
}

fn cited(lines: &[Cited], out: &mut String) {
    out.push_str("<ul>");
    for line in lines {
        let place = escaped(&place(line));
        out.push_str(&format!("<li><span class=\"place\">{place}</span><br>{}</li>", escaped(&line.says)));
    }
    out.push_str("</ul>\n");
}

fn block<'a>(commands: impl Iterator<Item = &'a str>, out: &mut String) {
    let commands: Vec<_> = commands.map(escaped).collect();
    if !commands.is_empty() {
        out.push_str(&format!("<pre>{}</pre>\n", commands.join("\n")));
    }
}

fn forecast(report: &Report, language: Language, out: &mut String) {
    if report.forecast.is_empty() {
        return;
    }
    out.push_str(&format!("<section><h2>{}</h2><table>\n", Label::Forecast.in_language(language)));
    for ending in &report.forecast {
        out.push_str(&format!(
            "<tr><td>{}</td><td>{} {}</td><td>{}</td></tr>\n",
            ending.at,
            ending.days,
            Label::Days.in_language(language),
            escaped(&ending.title)
        ));
    }
    out.push_str("</table></section>\n");
}

fn open(report: &Report, language: Language, out: &mut String) {
    if report.cannot_tell.is_empty() {
        return;
    }
    out.push_str(&format!("<section><h2>{}</h2><ul>\n", Label::CannotTell.in_language(language)));
    for open in &report.cannot_tell {
        out.push_str(&format!("<li>{} {}: {}</li>\n", open.code, escaped(&open.title), escaped(&report.wanted(open))));
    }
    out.push_str(&format!("</ul><p>{}:</p>", Label::Collect.in_language(language)));
    let needed = |name: &str| report.cannot_tell.iter().any(|open| open.needs.contains(&name));
    let missing = report.witnesses.iter().filter(|witness| witness.heard != "yes" && needed(witness.witness));
    block(missing.flat_map(|witness| witness.commands.iter().copied()), out);
    out.push_str("</section>\n");
}

/// Text that comes from evidence must not become markup.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
