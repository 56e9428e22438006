//! A cause as a page of the documentation.

use std::collections::BTreeMap;

use crate::cause::{Cause, Words, filled};

/// The page in Markdown, English first, German below.
#[must_use]
pub fn page(cause: &Cause) -> String {
    let mut out = format!("<!-- Made from crates/doctor/causes/{0}.toml; a test compares it. -->\n\n", cause.code);
    out.push_str(&format!("# {}: {}\n\n", cause.code, cause.en.title));
    out.push_str(&format!("*Severity: {}.*", cause.severity().name()));
    if let Some(unseen) = &cause.unseen {
        out.push_str(&format!(" There is no check for it: {unseen}."));
    }
    out.push_str("\n\n");
    let english = ["What happens", "Why", "What to do", "How to see that it is mended", "How to keep it away"];
    words(&cause.en, english, &mut out);
    list("Signs", &cause.signs, &mut out);
    commands("Commands", &cause.commands, &mut out);
    commands("Restart", &cause.restart, &mut out);
    commands("Check", &cause.check, &mut out);
    if !cause.explains.is_empty() {
        let links: Vec<String> = cause.explains.iter().map(|code| format!("[{code}]({code}.md)")).collect();
        out.push_str(&format!("## Explains\n\nSigns of {} are then consequences.\n\n", links.join(", ")));
    }
    list("References", &cause.references, &mut out);
    out.push_str(&format!("# {}: {}\n\n", cause.code, cause.de.title));
    let german =
        ["Was geschieht", "Warum", "Was zu tun ist", "Woran man die Behebung erkennt", "Wie man es verhindert"];
    words(&cause.de, german, &mut out);
    format!("{}\n", out.trim_end())
}

fn words(words: &Words, headings: [&str; 5], out: &mut String) {
    let says = readable(&words.says);
    let parts = [&says, &words.why, &words.fix, &words.verify, &words.prevent];
    for (heading, text) in headings.iter().zip(parts) {
        out.push_str(&format!("## {heading}\n\n{text}\n\n"));
    }
}

/// A template as a person reads it: placeholders as `‹NAME›`, optional parts without their brackets.
fn readable(template: &str) -> String {
    let plain = template.replace("[[", "").replace("]]", "");
    filled(&plain, &BTreeMap::new()).replace('<', "‹").replace('>', "›")
}

fn list(heading: &str, items: &[String], out: &mut String) {
    if !items.is_empty() {
        out.push_str(&format!("## {heading}\n\n"));
        items.iter().for_each(|item| out.push_str(&format!("* {item}\n")));
        out.push('\n');
    }
}

fn commands(heading: &str, items: &[String], out: &mut String) {
    if !items.is_empty() {
        out.push_str(&format!("## {heading}\n\n```\n{}\n```\n\n", items.join("\n")));
    }
}
