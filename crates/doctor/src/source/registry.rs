//! Registry exports: `.reg` files of both versions, and the text `reg query` prints.
//!
//! Exports of whole hives are large; only keys that concern enrolment become facts, the rest is counted.

use super::lines::{Line, Lines};
use super::notes::Notes;
use super::quotes;
use super::registry_data::{self, Width};
use super::registry_facts;
use crate::fact::{Position, RegistryData, RepairKind};

/// Reads one `.reg` file.
pub(crate) struct Registry {
    lines: Lines,
    parser: Parser,
}

struct Parser {
    width: Width,
    key: Option<String>,
    /// A value that goes on in the next line.
    open: Option<Open>,
}

/// A value whose end has not come yet. Each further line is looked at once, however many there are.
struct Open {
    began: u64,
    text: String,
    going: GoingOn,
}

/// Why a value goes on in the next line.
#[derive(Clone, Copy)]
enum GoingOn {
    /// Its quote is still open.
    InString,
    /// Its hexadecimal octets end with a backslash.
    InHex,
}

impl Registry {
    pub(crate) fn new() -> Registry {
        Registry { lines: Lines::default(), parser: Parser { width: Width::Utf16, key: None, open: None } }
    }

    pub(crate) fn feed(&mut self, text: &str, notes: &mut Notes<'_>) {
        let (limit, parser) = (notes.item_limit(), &mut self.parser);
        self.lines.feed(text, limit, |line| parser.any(line, notes));
    }

    pub(crate) fn finish(&mut self, notes: &mut Notes<'_>) {
        let (limit, parser) = (notes.item_limit(), &mut self.parser);
        self.lines.finish(limit, |line| parser.any(line, notes));
        if let Some(open) = self.parser.open.take() {
            notes.repaired(Position::Line(open.began), RepairKind::CutEntry, 1);
            self.parser.value(open.began, &open.text, notes);
        }
    }
}

impl Parser {
    fn any(&mut self, line: Line<'_>, notes: &mut Notes<'_>) {
        match line {
            Line::Text(number, text) => self.line(number, text, notes),
            Line::TooLong => {
                self.open = None;
                notes.too_long();
            }
        }
    }

    fn line(&mut self, number: u64, line: &str, notes: &mut Notes<'_>) {
        if let Some(open) = self.open.take() {
            if !starts_anew(line) {
                return self.continued(open, line, notes);
            }
            notes.repaired(Position::Line(open.began), RepairKind::CutEntry, 1);
            self.value(open.began, &open.text, notes);
        }
        let trimmed = line.trim();
        if trimmed.eq_ignore_ascii_case("REGEDIT4") {
            self.width = Width::Ansi;
        } else if let Some(path) = trimmed.strip_prefix('[') {
            self.key_line(number, path.trim_end_matches(']'), notes);
        } else if trimmed.starts_with('@') || trimmed.starts_with(|c| quotes::quote(c).is_some()) {
            self.value_or_more(number, trimmed.to_owned(), notes);
        }
    }

    fn key_line(&mut self, number: u64, path: &str, notes: &mut Notes<'_>) {
        let (path, deleted) = match path.strip_prefix('-') {
            Some(path) => (path, Some(crate::fact::windows::Deleted)),
            None => (path, None),
        };
        let (path, repaired) = registry_facts::full_path(path.trim());
        if repaired {
            notes.repaired(Position::Line(number), RepairKind::LostBackslashes, 1);
        }
        notes.understood(None);
        self.key = Some(path.clone());
        registry_facts::key(path, deleted, Position::Line(number), notes);
    }

    fn value_or_more(&mut self, began: u64, text: String, notes: &mut Notes<'_>) {
        if in_string(&text) {
            self.open = Some(Open { began, text, going: GoingOn::InString });
        } else if is_hex(&text) && text.ends_with('\\') {
            let text = text.trim_end_matches('\\').to_owned();
            self.open = Some(Open { began, text, going: GoingOn::InHex });
        } else {
            self.value(began, &text, notes);
        }
    }

    fn continued(&mut self, mut open: Open, line: &str, notes: &mut Notes<'_>) {
        if open.text.len() + line.len() > notes.item_limit() {
            return notes.too_long();
        }
        let ended = match open.going {
            GoingOn::InString => {
                open.text.push('\n');
                open.text.push_str(line);
                closes_string(line)
            }
            GoingOn::InHex => {
                let line = line.trim();
                open.text.push_str(line.trim_end_matches('\\'));
                !line.ends_with('\\')
            }
        };
        if ended { self.value(open.began, &open.text, notes) } else { self.open = Some(open) }
    }

    fn value(&mut self, number: u64, text: &str, notes: &mut Notes<'_>) {
        let Some(key) = &self.key else { return };
        let position = Position::Line(number);
        let (name, data) = match text.strip_prefix('@') {
            Some(rest) => (String::new(), rest.trim_start().strip_prefix('=').unwrap_or(rest)),
            None => match quoted(text) {
                Some((name, rest)) => match rest.trim_start().strip_prefix('=') {
                    Some(data) => (name, data),
                    None => return notes.damaged(position, "a registry value without data"),
                },
                None => return notes.damaged(position, "a registry value without a name"),
            },
        };
        if text.chars().any(|c| c != '"' && quotes::quote(c) == Some(quotes::Quote::Double)) {
            notes.repaired(position, RepairKind::TypographicQuotes, 1);
        }
        notes.understood(None);
        let data = registry_data::parse(data.trim(), self.width);
        registry_facts::value(key.clone(), name, data, position, notes);
    }
}

/// Whether a line can only be the start of something new, so that an unfinished value before it was cut.
fn starts_anew(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("[HKEY") || line.starts_with("[-HKEY") || line.starts_with("\"") && line.contains("\"=")
}

fn is_hex(text: &str) -> bool {
    text.rsplit_once('=').is_some_and(|(_, data)| data.trim_start().starts_with("hex"))
}

/// Whether a `"name"="text` has not ended yet.
fn in_string(text: &str) -> bool {
    let data = match text.strip_prefix('@') {
        Some(rest) => rest.trim_start().strip_prefix('='),
        None => quoted(text).and_then(|(_, rest)| rest.trim_start().strip_prefix('=')),
    };
    data.is_some_and(|data| data.trim_start().starts_with('"') && quoted(data.trim_start()).is_none())
}

/// Whether a line inside a string holds its closing quote.
fn closes_string(line: &str) -> bool {
    let mut escaped = false;
    line.chars().any(|c| {
        let closes = !escaped && quotes::quote(c) == Some(quotes::Quote::Double);
        escaped = c == '\\' && !escaped;
        closes
    })
}

/// A string in quotes of any kind at the start of the text, with its escapes undone, and what follows.
pub(crate) fn quoted(text: &str) -> Option<(String, &str)> {
    let mut characters = text.char_indices();
    let (_, first) = characters.next()?;
    let kind = quotes::quote(first)?;
    let mut plain = String::new();
    let mut escaped = false;
    for (at, c) in characters {
        if escaped {
            if c != '\\' && quotes::quote(c).is_none() {
                // Pasted text has often lost one of each two backslashes.
                plain.push('\\');
            }
            plain.push(c);
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if quotes::quote(c) == Some(kind) {
            return Some((plain, text.get(at + c.len_utf8()..).unwrap_or_default()));
        } else {
            plain.push(c);
        }
    }
    None
}

/// Text `reg query /s` prints: keys at the margin, values indented.
#[derive(Default)]
pub(crate) struct RegistryQuery {
    lines: Lines,
    key: Option<String>,
}

impl RegistryQuery {
    pub(crate) fn feed(&mut self, text: &str, notes: &mut Notes<'_>) {
        let (limit, key) = (notes.item_limit(), &mut self.key);
        self.lines.feed(text, limit, |line| query_line(key, line, notes));
    }

    pub(crate) fn finish(&mut self, notes: &mut Notes<'_>) {
        let (limit, key) = (notes.item_limit(), &mut self.key);
        self.lines.finish(limit, |line| query_line(key, line, notes));
    }
}

fn query_line(key: &mut Option<String>, line: Line<'_>, notes: &mut Notes<'_>) {
    let Line::Text(number, text) = line else { return notes.too_long() };
    let position = Position::Line(number);
    let trimmed = text.trim();
    let hive = ["HKEY_", "HKLM\\", "HKCU\\", "HKU\\"].iter().any(|hive| trimmed.starts_with(hive));
    if hive && !trimmed.contains("    REG_") {
        let (path, _) = registry_facts::full_path(trimmed);
        notes.understood(None);
        *key = Some(path.clone());
        return registry_facts::key(path, None, position, notes);
    }
    let (Some(key), Some(at)) = (key, find_type(trimmed)) else { return };
    let (name, rest) = trimmed.split_at_checked(at).unwrap_or((trimmed, ""));
    let (kind, data) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let name = name.trim_end();
    let name = if name.starts_with('(') && name.ends_with(')') { "" } else { name };
    notes.understood(None);
    // Four blanks separate the columns; more than those belong to the data, which may begin with a blank that matters.
    let data = data.strip_prefix("   ").unwrap_or(data);
    registry_facts::value(key.clone(), name.to_owned(), printed(kind, data), position, notes);
}

fn find_type(line: &str) -> Option<usize> {
    let mut from = 0;
    while let Some(at) = line.get(from..)?.find("REG_") {
        let at = from + at;
        if at == 0 || line.get(..at).is_some_and(|before| before.ends_with(char::is_whitespace)) {
            return Some(at);
        }
        from = at + 4;
    }
    None
}

fn printed(kind: &str, data: &str) -> RegistryData {
    let unreadable = || RegistryData::Unreadable(data.to_owned());
    let hex = |text: &str| text.trim().strip_prefix("0x").and_then(|digits| u64::from_str_radix(digits, 16).ok());
    match kind {
        "REG_SZ" => RegistryData::Text(data.to_owned()),
        "REG_EXPAND_SZ" => RegistryData::ExpandText(data.to_owned()),
        "REG_MULTI_SZ" => RegistryData::Texts(data.split("\\0").filter(|t| !t.is_empty()).map(str::to_owned).collect()),
        "REG_DWORD" => hex(data).and_then(|n| u32::try_from(n).ok()).map_or_else(unreadable, RegistryData::Dword),
        "REG_QWORD" => hex(data).map_or_else(unreadable, RegistryData::Qword),
        _ => pki::digest::unhex(data.trim()).map_or_else(unreadable, RegistryData::Binary),
    }
}
