//! Quotes as word processors, blogs and mail programs leave them, and other letters that stand for plain ones.

/// Kinds of quote characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    /// Stands for `"`.
    Double,
    /// Stands for `'`.
    Single,
}

/// Whether a character is a quote of any language.
pub(crate) fn quote(c: char) -> Option<Quote> {
    match c {
        '"'
        | '\u{201c}'..='\u{201f}'
        | '\u{ab}'
        | '\u{bb}'
        | '\u{2033}'
        | '\u{2036}'
        | '\u{301d}'..='\u{301f}'
        | '\u{ff02}' => Some(Quote::Double),
        '\''
        | '\u{2018}'..='\u{201b}'
        | '\u{2039}'
        | '\u{203a}'
        | '\u{2032}'
        | '\u{2035}'
        | '`'
        | '\u{b4}'
        | '\u{ff07}' => Some(Quote::Single),
        _ => None,
    }
}

/// Blank to the eye: white space of every width, and characters without any.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{ad}' | '\u{202a}'..='\u{202e}')
}

/// Dashes that stand for a hyphen in identifiers.
pub(crate) fn straight_dashes(text: &str) -> String {
    let straight = |c: char| if matches!(c, '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ad}') { '-' } else { c };
    text.chars().map(straight).collect()
}

/// UTF-8 quotes and blanks that were read as windows-1252 and saved again, and what they were.
const TWICE_ENCODED: &[(&str, &str)] = &[
    ("\u{e2}\u{20ac}\u{153}", "\u{201c}"),
    ("\u{e2}\u{20ac}\u{9d}", "\u{201d}"),
    ("\u{e2}\u{20ac}\u{17e}", "\u{201e}"),
    ("\u{e2}\u{20ac}\u{2122}", "\u{2019}"),
    ("\u{e2}\u{20ac}\u{2dc}", "\u{2018}"),
    ("\u{e2}\u{20ac}\u{161}", "\u{201a}"),
    ("\u{e2}\u{20ac}\u{201c}", "\u{2013}"),
    ("\u{e2}\u{20ac}\u{201d}", "\u{2014}"),
    ("\u{e2}\u{20ac}\u{b3}", "\u{2033}"),
    ("\u{e2}\u{20ac}", "\u{201d}"),
    ("\u{c2}\u{ab}", "\u{ab}"),
    ("\u{c2}\u{bb}", "\u{bb}"),
    ("\u{c2}\u{a0}", "\u{a0}"),
];

/// Puts twice-encoded quotes right; nothing if there are none.
pub(crate) fn undo_twice_encoded(text: &str) -> Option<String> {
    if !text.contains("\u{e2}\u{20ac}") && !text.contains('\u{c2}') {
        return None;
    }
    let mut mended = text.to_owned();
    for (wrong, right) in TWICE_ENCODED {
        if mended.contains(wrong) {
            mended = mended.replace(wrong, right);
        }
    }
    (mended != text).then_some(mended)
}

/// Entities HTML editors write, beyond the five of XML.
const ENTITIES: &[(&str, &str)] = &[
    ("amp", "&"),
    ("lt", "<"),
    ("gt", ">"),
    ("quot", "\""),
    ("apos", "'"),
    ("nbsp", " "),
    ("ldquo", "\""),
    ("rdquo", "\""),
    ("bdquo", "\""),
    ("laquo", "\""),
    ("raquo", "\""),
    ("lsquo", "'"),
    ("rsquo", "'"),
    ("sbquo", "'"),
    ("ndash", "-"),
    ("mdash", "-"),
    ("hellip", "\u{2026}"),
    ("auml", "ä"),
    ("ouml", "ö"),
    ("uuml", "ü"),
    ("Auml", "Ä"),
    ("Ouml", "Ö"),
    ("Uuml", "Ü"),
    ("szlig", "ß"),
    ("eacute", "é"),
];

/// Resolves entities and character references; those that are broken stay as they are and are counted.
pub(crate) fn unescape(text: &str) -> (std::borrow::Cow<'_, str>, u32) {
    if !text.contains('&') {
        return (text.into(), 0);
    }
    let (mut out, mut broken) = (String::with_capacity(text.len()), 0);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let end = after.char_indices().take(12).find(|(_, c)| *c == ';').map(|(at, _)| at);
        let resolved = end.and_then(|at| after.get(..at)).and_then(resolve);
        match (resolved, end) {
            (Some(text), Some(at)) => {
                out.push_str(&text);
                rest = after.get(at + 1..).unwrap_or_default();
            }
            _ => {
                broken += 1;
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    (out.into(), broken)
}

fn resolve(name: &str) -> Option<String> {
    if let Some((_, plain)) = ENTITIES.iter().find(|(known, _)| *known == name) {
        return Some((*plain).to_owned());
    }
    let number = name.strip_prefix('#')?;
    let value = match number.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => number.parse().ok()?,
    };
    char::from_u32(value).filter(|c| *c != '\0').map(String::from)
}
