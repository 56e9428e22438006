//! Reads event XML that blogs, forums, ticket systems and mail programs have damaged.
//!
//! Nothing here gives up: every tag that can be told is taken, what is missing is put back from what is known about the
//! shape of Windows events ([`super::vocabulary`]), and each repair is counted. Work and memory grow with the length of
//! the text and no faster.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::lexis::{extent, is_html, local, lost_bracket, name_at};
use super::tree::Element;
use super::vocabulary::{self, Home};
use crate::fact::RepairKind;
use crate::source::quotes::{self, is_blank, quote};

/// What was made of a text.
#[derive(Debug, Default)]
pub(crate) struct Mended {
    /// Event elements in order.
    pub(crate) events: Vec<Element<'static>>,
    /// What had to be mended, and how often.
    pub(crate) repairs: BTreeMap<RepairKind, u32>,
    /// Whether elements nested deeper than allowed were passed over.
    pub(crate) too_deep: bool,
}

/// Reads every event that can be made out in the text.
pub(crate) fn mend(text: &str, depth: usize) -> Mended {
    let mut mended = Mended::default();
    let text = prepare(text, &mut mended.repairs);
    let mut builder = Builder { seen: Seen::default(), out: mended, open: Vec::new(), depth };
    let mut rest: &str = &text;
    while let Some((before, after)) = rest.split_once('<') {
        builder.text_run(before);
        rest = builder.markup(after);
    }
    builder.text_run(rest);
    if !builder.open.is_empty() {
        builder.repair(RepairKind::LostEndTag);
        builder.close_all();
    }
    builder.out
}

/// Undoes escaping and double encoding of the text as a whole.
fn prepare<'a>(text: &'a str, repairs: &mut BTreeMap<RepairKind, u32>) -> Cow<'a, str> {
    let mut text = Cow::Borrowed(text);
    if let Some(mended) = quotes::undo_twice_encoded(&text) {
        *repairs.entry(RepairKind::WrongEncoding).or_default() += 1;
        text = Cow::Owned(mended);
    }
    for _ in 0..3 {
        let escaped = [
            "&lt;Event",
            "&lt;System",
            "&lt;UserData",
            "&lt;/",
            "&lt;Cert",
            "&amp;lt;",
            "=&quot;",
            "=&ldquo;",
            "=&bdquo;",
        ];
        if !escaped.iter().any(|mark| text.contains(mark)) {
            break;
        }
        *repairs.entry(RepairKind::EscapedMarkup).or_default() += 1;
        text = Cow::Owned(quotes::unescape(&text).0.into_owned());
    }
    text
}

/// What the event being built has already.
#[derive(Default)]
struct Seen {
    system: bool,
    data: bool,
    root: bool,
}

struct Builder {
    seen: Seen,
    out: Mended,
    open: Vec<Element<'static>>,
    depth: usize,
}

/// A start tag taken apart.
struct Tag {
    name: String,
    attributes: Vec<(Cow<'static, str>, Cow<'static, str>)>,
    empty: Emptiness,
}

#[derive(PartialEq)]
enum Emptiness {
    Open,
    Empty,
}

impl Builder {
    fn repair(&mut self, kind: RepairKind) {
        *self.out.repairs.entry(kind).or_default() += 1;
    }

    /// What follows a `<`; returns the text after the markup.
    fn markup<'t>(&mut self, after: &'t str) -> &'t str {
        if let Some(comment) = after.strip_prefix("!--") {
            return comment.split_once("-->").map_or("", |(_, rest)| rest);
        }
        if let Some(data) = after.strip_prefix("![CDATA[") {
            let (inner, rest) = data.split_once("]]>").unwrap_or((data, ""));
            self.append(inner);
            return rest;
        }
        if after.starts_with(['!', '?']) {
            return after.split_once('>').map_or("", |(_, rest)| rest);
        }
        let trimmed = after.trim_start_matches(is_blank);
        if let Some(end) = trimmed.strip_prefix('/') {
            return self.end_tag(end.trim_start_matches(is_blank));
        }
        let name = name_at(trimmed);
        if name.is_empty() || (self.open.is_empty() && vocabulary::known(name).is_none()) {
            self.text_run(name);
            return trimmed.get(name.len()..).unwrap_or_default();
        }
        let (tag, rest) = self.start_tag(trimmed, name.len());
        self.start(tag);
        rest
    }

    fn end_tag<'t>(&mut self, text: &'t str) -> &'t str {
        let name = name_at(text);
        let rest = text.get(name.len()..).unwrap_or_default();
        let after = rest.trim_start_matches(is_blank);
        let rest = match after.strip_prefix('>') {
            Some(rest) => rest,
            None => {
                self.repair(RepairKind::LostBracket);
                rest
            }
        };
        self.end(name);
        rest
    }

    /// Text between tags. A `>` in it means that a `<` was lost: the tag is looked for before it.
    fn text_run(&mut self, run: &str) {
        let mut rest = run;
        while let Some((before, after)) = rest.split_once('>') {
            match lost_bracket(before) {
                Some(at) => {
                    let (text, tag) = before.split_at_checked(at).unwrap_or((before, ""));
                    self.repair(RepairKind::LostBracket);
                    self.append(text);
                    match tag.strip_prefix('/') {
                        Some(name) => self.end(name_at(name)),
                        None => {
                            let (tag, _) = self.start_tag_closed(tag);
                            self.start(tag);
                        }
                    }
                }
                None => self.append(before),
            }
            rest = after;
        }
        self.append(rest);
    }

    fn start_tag_closed(&mut self, text: &str) -> (Tag, String) {
        let closed = format!("{text}>");
        let length = name_at(&closed).len();
        let (tag, _) = self.start_tag(&closed, length);
        (tag, String::new())
    }

    fn append(&mut self, text: &str) {
        if text.chars().all(is_blank) {
            return;
        }
        let (plain, broken) = quotes::unescape(text);
        if broken > 0 && !self.open.is_empty() {
            self.repair(RepairKind::BrokenEntity);
        }
        match self.open.last_mut() {
            Some(element) => element.push_text(Cow::Owned(plain.into_owned())),
            None => self.repair(RepairKind::TextBetween),
        }
    }

    /// Takes a start tag apart; `text` begins with its name.
    fn start_tag<'t>(&mut self, text: &'t str, name_length: usize) -> (Tag, &'t str) {
        let (name, mut rest) = text.split_at_checked(name_length).unwrap_or((text, ""));
        let mut tag = Tag { name: local(name).to_owned(), attributes: Vec::new(), empty: Emptiness::Open };
        loop {
            rest = rest.trim_start_matches(is_blank);
            if let Some(after) = rest.strip_prefix("/>") {
                tag.empty = Emptiness::Empty;
                return (tag, after);
            }
            if let Some(after) = rest.strip_prefix('>') {
                return (tag, after);
            }
            if rest.is_empty() || rest.starts_with('<') {
                self.repair(RepairKind::CutTag);
                return (tag, rest);
            }
            rest = self.attribute(rest, &mut tag);
        }
    }

    /// Reads one attribute, or passes over one character that cannot begin one.
    fn attribute<'t>(&mut self, text: &'t str, tag: &mut Tag) -> &'t str {
        let name = name_at(text);
        if name.is_empty() {
            let skipped = text.chars().next().map_or(0, char::len_utf8);
            return text.get(skipped..).unwrap_or_default();
        }
        let rest = text.get(name.len()..).unwrap_or_default();
        let Some(value) = rest.trim_start_matches(is_blank).strip_prefix('=') else { return rest };
        let (value, rest) = self.value(value.trim_start_matches(is_blank));
        if tag.attributes.len() < 256 {
            tag.attributes.push((Cow::Owned(local(name).to_owned()), Cow::Owned(value)));
        }
        rest
    }

    /// Reads a value with or without its quotes.
    fn value<'t>(&mut self, text: &'t str) -> (String, &'t str) {
        let opening = text.chars().next().and_then(|c| quote(c).map(|kind| (c, kind)));
        let body = match opening {
            Some((c, _)) => {
                if c != '"' && c != '\'' {
                    self.repair(RepairKind::TypographicQuotes);
                }
                text.get(c.len_utf8()..).unwrap_or_default()
            }
            None => text,
        };
        let (length, skip) = extent(body, opening.map(|(_, kind)| kind));
        let closing = body.get(length..).and_then(|rest| rest.chars().next()).filter(|_| skip > 0);
        match (opening, closing) {
            (Some(_), Some(c)) if c != '"' && c != '\'' => self.repair(RepairKind::TypographicQuotes),
            (Some(_), Some(_)) => {}
            _ => self.repair(RepairKind::LostQuote),
        }
        let raw = body.get(..length).unwrap_or_default().trim_matches(is_blank);
        let raw = if closing.is_some() { raw } else { raw.trim_end_matches('/').trim_end_matches(is_blank) };
        let (plain, _) = quotes::unescape(raw);
        (plain.into_owned(), body.get(length + skip..).unwrap_or_default())
    }

    /// Opens an element where it belongs.
    fn start(&mut self, tag: Tag) {
        let known = vocabulary::known(&tag.name);
        let name = known.map_or_else(|| Cow::Owned(tag.name.clone()), |(name, _)| Cow::Borrowed(name));
        if is_html(&tag.name) && known.is_none() || name == "Events" {
            return;
        }
        if self.begins_event(&name) {
            self.close_all();
            self.begins_event(&name);
        }
        if self.open.is_empty() && name != "Event" {
            self.repair(RepairKind::LostRoot);
            self.open.push(Element { name: Cow::Borrowed("Event"), ..Element::default() });
        }
        self.close_to_home(&name, known.map_or(Home::Anywhere, |(_, home)| home));
        if self.open.len() >= self.depth {
            self.out.too_deep = true;
            return;
        }
        let element = Element { name, attributes: tag.attributes, ..Element::default() };
        self.open.push(element);
        if tag.empty == Emptiness::Empty {
            self.close_top();
        }
    }

    /// Whether this element can only stand in a new event: each event has one of these.
    fn begins_event(&mut self, name: &str) -> bool {
        let (seen, also) = match name {
            "Event" => return true,
            "System" => (&mut self.seen.system, self.seen.data),
            "UserData" | "EventData" => (&mut self.seen.data, false),
            _ if vocabulary::root_id(name).is_some() => (&mut self.seen.root, false),
            _ => return false,
        };
        let again = *seen || also;
        *seen = true;
        again
    }

    /// Closes what must have ended before an element of this name can begin.
    fn close_to_home(&mut self, name: &str, home: Home) {
        let position = |open: &[Element<'_>], wanted: &str| open.iter().rposition(|element| element.is(wanted));
        let keep = match home {
            Home::In(parent) => position(&self.open, parent),
            Home::InEither(first, second) => position(&self.open, first).or_else(|| position(&self.open, second)),
            Home::Body => self.open.iter().rposition(|element| vocabulary::root_id(&element.name).is_some()),
            Home::Anywhere => None,
        };
        let keep = keep.or_else(|| {
            let known = vocabulary::known(name).is_some();
            position(&self.open, name).filter(|at| known && *at > 0).map(|at| at - 1)
        });
        if let Some(keep) = keep {
            while self.open.len() > keep + 1 {
                self.repair(RepairKind::LostEndTag);
                self.close_top();
            }
        }
    }

    fn end(&mut self, name: &str) {
        let name = local(name);
        if name.eq_ignore_ascii_case("Events") || is_html(name) {
            return;
        }
        let Some(at) = self.open.iter().rposition(|element| element.is(name)) else {
            self.repair(RepairKind::StrayEndTag);
            return;
        };
        while self.open.len() > at + 1 {
            self.repair(RepairKind::LostEndTag);
            self.close_top();
        }
        self.close_top();
        if self.open.is_empty() {
            self.seen = Seen::default();
        }
    }

    fn close_top(&mut self) {
        let Some(done) = self.open.pop() else { return };
        match self.open.last_mut() {
            Some(parent) => parent.children.push(done),
            None => self.out.events.push(done),
        }
    }

    fn close_all(&mut self) {
        self.seen = Seen::default();
        while !self.open.is_empty() {
            self.close_top();
        }
    }
}
