//! Where names, values and lost brackets begin and end in damaged markup.

use super::vocabulary;
use crate::source::quotes::{Quote, is_blank, quote};

/// An attribute value longer than this is cut: no event has one, and hostile text must not be scanned again and again.
const LONGEST_VALUE: usize = 64 << 10;

/// A tag whose `<` was lost is looked for in no more text than this.
const LONGEST_TAG: usize = 1 << 10;

/// How long a value is, and how long the quote after it. Without a closing quote it ends where the tag or the next
/// attribute begins.
pub(super) fn extent(body: &str, opened: Option<Quote>) -> (usize, usize) {
    let mut after_blank = false;
    for (at, c) in body.char_indices() {
        if at > LONGEST_VALUE {
            return (at, 0);
        }
        let first_blank = is_blank(c) && !after_blank;
        after_blank = is_blank(c);
        let closes = match (quote(c), opened) {
            (Some(kind), Some(wanted)) => kind == wanted,
            (Some(Quote::Double), None) => true,
            _ => false,
        };
        if closes {
            return (at, c.len_utf8());
        }
        if matches!(c, '<' | '>') || (first_blank && begins_attribute(body.get(at..).unwrap_or_default())) {
            return (at, 0);
        }
    }
    (body.len(), 0)
}

/// Whether blank space is followed by `name="`, or by `name=` where the name is one that events use.
fn begins_attribute(text: &str) -> bool {
    let text = text.trim_start_matches(is_blank);
    let name = name_at(text);
    if name.is_empty() || name.len() > 64 {
        return false;
    }
    let Some(rest) = text.get(name.len()..) else { return false };
    let Some(value) = rest.trim_start_matches(is_blank).strip_prefix('=') else { return false };
    value.trim_start_matches(is_blank).starts_with(|c| quote(c).is_some())
        || ATTRIBUTES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

const ATTRIBUTES: &[&str] = &[
    "fileRef",
    "subjectName",
    "issuerName",
    "value",
    "TaskId",
    "SeqNumber",
    "ProcessName",
    "impersonateToken",
    "chainRef",
    "constant",
    "type",
    "authType",
    "serverName",
    "chainIndex",
    "elementIndex",
    "oid",
    "Guid",
    "SystemTime",
    "UserID",
    "ProcessID",
    "ThreadID",
    "hashName",
    "publicKeyName",
    "publicKeyLength",
    "context",
    "revocationFreshnessTime",
    "url",
    "location",
    "currentTime",
    "timeToUse",
    "freshnessTime",
];

/// Where the tag begins whose `<` was lost, in text that ends before a `>`: at the last known element name, or at the
/// slash before it.
///
/// Only the last part of the text is looked at, so that hostile text costs no more than its length.
pub(super) fn lost_bracket(before: &str) -> Option<usize> {
    let mut found = None;
    let mut at = before.len().saturating_sub(LONGEST_TAG);
    while !before.is_char_boundary(at) {
        at += 1;
    }
    while let Some(start) = before.get(at..).and_then(|rest| rest.find(|c: char| c.is_ascii_alphabetic())) {
        let start = at + start;
        let word = name_at(before.get(start..).unwrap_or_default());
        if word.is_empty() {
            at = start + 1;
            continue;
        }
        let end = start + word.len();
        let rest = before.get(end..).unwrap_or_default().trim_matches(is_blank);
        if vocabulary::known(word).is_some() && (rest.is_empty() || rest.contains('=') || rest == "/") {
            let slash = before.get(..start).is_some_and(|head| head.ends_with('/'));
            let value = before.get(..start).is_some_and(|head| head.ends_with(|c| c == '=' || quote(c).is_some()));
            found =
                if value { found } else { found.filter(|_| rest.contains('=')).or(Some(start - usize::from(slash))) };
        }
        at = end;
    }
    found
}

/// The name at the start of the text.
pub(super) fn name_at(text: &str) -> &str {
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end =
        text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))).unwrap_or(text.len());
    if starts { text.get(..end).unwrap_or_default() } else { "" }
}

pub(super) fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

pub(super) fn is_html(name: &str) -> bool {
    const HTML: &[&str] = &[
        "br",
        "p",
        "span",
        "div",
        "td",
        "tr",
        "table",
        "tbody",
        "b",
        "i",
        "u",
        "font",
        "code",
        "pre",
        "a",
        "strong",
        "em",
        "li",
        "ul",
        "ol",
        "nobr",
        "wbr",
        "html",
        "body",
        "head",
        "blockquote",
        "h1",
        "h2",
        "h3",
    ];
    HTML.contains(&name)
}
