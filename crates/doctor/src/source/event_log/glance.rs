//! A look at a rendered record that tells whether reading all of it would add anything.
//!
//! Most records of a Windows machine come from providers no check listens to, and of those that do, most say that all is
//! well when there is no more room for such facts. They are counted, exactly as if they had been read. Event 90 describes
//! the same few certificates with every chain that is built: once for each stretch is enough.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::LazyLock;

use memchr::memmem::{self, Finder, FinderRev};

use crate::fact::event::{CAPI2_CHANNEL, CAPI2_PROVIDER};
use crate::fact::evidence::{Count, Tally, Weight};
use crate::fact::{Code, Thumbprint};
use crate::source::event::{self, vocabulary};
use crate::source::notes::Notes;

macro_rules! marks {
    ($($name:ident = $text:literal;)+) => {
        $(static $name: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new($text));)+
    };
}

marks! {
    SYSTEM = b"<System>";
    PROVIDER = b"<Provider ";
    EVENT_ID = b"<EventID";
    CREATED = b"<TimeCreated ";
    CHANNEL = b"<Channel>";
    END = b"</System>";
    USER_DATA = b"<UserData>";
    RESULT = b"<Result";
}
static LAST_RESULT: LazyLock<FinderRev<'static>> = LazyLock::new(|| FinderRev::new(b"<Result"));

/// What the beginning of a record says.
pub(super) struct Glance<'a> {
    provider: &'a str,
    id: u32,
    created: &'a str,
    pub(super) channel: Option<&'a str>,
    /// Everything after `System`.
    content: &'a [u8],
}

impl<'a> Glance<'a> {
    /// Nothing if the record is not written as the renderer writes every sound one, in the order of the schema.
    pub(super) fn at(xml: &'a [u8]) -> Option<Glance<'a>> {
        let rest = after(xml, &SYSTEM)?;
        let (provider, rest) = until(after(rest, &PROVIDER)?, b'>')?;
        let (_, id) = until(after(rest, &EVENT_ID)?, b'>')?;
        let (id, rest) = until(id, b'<')?;
        let (created, rest) = until(after(rest, &CREATED)?, b'>')?;
        let end = END.find(rest)?;
        let (rest, content) = rest.split_at_checked(end)?;
        let channel = after(rest, &CHANNEL).and_then(|channel| until(channel, b'<'));
        let id = std::str::from_utf8(id).ok()?.parse().ok()?;
        Some(Glance {
            provider: attribute(provider, b"Name=\"")?,
            id: Some(id).filter(|id| (1..=0xffff).contains(id))?,
            created: attribute(created, b"SystemTime=\"").filter(|created| is_time(created))?,
            channel: channel.and_then(|(channel, _)| plain(channel)),
            content,
        })
    }
}

fn after<'a>(text: &'a [u8], mark: &Finder<'_>) -> Option<&'a [u8]> {
    text.get(mark.find(text)? + mark.needle().len()..)
}

/// The text before the octet and the text after it.
fn until(text: &[u8], octet: u8) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(octet, text)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// Text that means what it says: plain ASCII, nothing escaped.
fn plain(text: &[u8]) -> Option<&str> {
    let sound = !text.is_empty() && text.len() < 512 && text.is_ascii() && !text.contains(&b'&');
    std::str::from_utf8(text).ok().filter(|_| sound)
}

fn attribute<'a>(tag: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let at = memmem::find(tag, name)?;
    let alone = at == 0 || tag.get(at - 1) == Some(&b' ');
    let (value, _) = until(tag.get(at + name.len()..)?, b'"')?;
    plain(value).filter(|_| alone)
}

/// Counts of records that were looked at and not read; they go into the evidence together.
#[derive(Default)]
pub(super) struct Glanced {
    providers: HashMap<Box<str>, Rows>,
    /// What event 90 has described in this stretch: the same certificates come again with every chain that is built.
    described: HashSet<[u8; 20]>,
}

/// A provider's.
struct Rows {
    heeded: bool,
    counts: BTreeMap<(u32, Code), Row>,
}

/// How often, and from when to when as it is written. Times of one form are in the order of their letters, so that only
/// two of them need to be read.
#[derive(Default)]
struct Row {
    times: u64,
    first: String,
    last: String,
}

impl Glanced {
    /// Counts the record if that is all that reading it would come to.
    pub(super) fn suffices(&mut self, glance: &Glance<'_>, notes: &mut Notes<'_>) -> bool {
        if !self.providers.contains_key(glance.provider) {
            let rows = Rows { heeded: event::is_heeded(glance.provider), counts: BTreeMap::new() };
            self.providers.insert(glance.provider.into(), rows);
        }
        let Some(rows) = self.providers.get_mut(glance.provider) else { return false };
        let is_capi2 = glance.provider == CAPI2_PROVIDER && glance.channel == Some(CAPI2_CHANNEL);
        let known = match rows.heeded {
            true if is_capi2 => capi2(glance.content, &mut self.described, notes),
            true => None,
            false => (!holds_capi2(glance.content)).then_some((Code::OK, None)),
        };
        let Some((result, fact)) = known else { return false };
        notes.understood(None);
        rows.counts.entry((glance.id, result)).or_default().add(glance.created);
        if let Some(weight) = fact {
            notes.evidence.leave_out(weight);
        }
        true
    }

    /// Hands over the counts.
    pub(super) fn tell(self, notes: &mut Notes<'_>) {
        let mut providers: Vec<_> = self.providers.into_iter().collect();
        providers.sort_by(|one, other| one.0.cmp(&other.0));
        for (provider, rows) in providers {
            for ((id, result), row) in rows.counts {
                let count = row.count();
                let (first, last) = count.span.unzip();
                notes.seen(first);
                notes.seen(last);
                notes.evidence.count_all(Tally::Event(provider.clone().into(), id, result), count);
            }
        }
    }
}

impl Row {
    fn add(&mut self, created: &str) {
        self.times += 1;
        if self.first.is_empty() || created < self.first.as_str() {
            created.clone_into(&mut self.first);
        }
        if created > self.last.as_str() {
            created.clone_into(&mut self.last);
        }
    }

    fn count(&self) -> Count {
        let first = event::parse_time(&self.first);
        Count { times: self.times, span: first.zip(event::parse_time(&self.last)) }
    }
}

/// Whether a time is written as the renderer writes them: `2016-07-08T18:12:51.6814720Z`.
fn is_time(text: &str) -> bool {
    const FORM: &[u8] = b"0000-00-00T00:00:00.0000000Z";
    let fits = |(octet, form): (u8, &u8)| if *form == b'0' { octet.is_ascii_digit() } else { octet == *form };
    text.len() == FORM.len() && text.bytes().zip(FORM).all(fits)
}

/// Whether the content of a CAPI2 event stands in it, whoever is named as the provider.
fn holds_capi2(content: &[u8]) -> bool {
    // What all names of such content begin with.
    let starts: [&[u8]; 4] = [b"<Cert", b"<Crypt", b"<WinVerifyTrust", b"<X509Objects"];
    USER_DATA.find(content).is_some() && starts.iter().any(|start| memmem::find(content, start).is_some())
}

/// The result of a CAPI2 event, and the weight of the fact that it would be and that finds no room. Nothing if the event
/// has to be read.
fn capi2(content: &[u8], described: &mut HashSet<[u8; 20]>, notes: &Notes<'_>) -> Option<(Code, Option<Weight>)> {
    let body = after(content, &USER_DATA)?.strip_prefix(b"<")?;
    let name = body.split(|octet| matches!(octet, b' ' | b'>' | b'/')).next()?;
    let id = vocabulary::root_id(std::str::from_utf8(name).ok()?)?;
    let result = result(body)?;
    let well = result.is_success() && is_well(id, body);
    if well && (matches!(id, 10 | 40 | 50 | 52 | 80 | 81) || id == 90 && is_known(body, described)) {
        return Some((result, None));
    }
    let weight = if well && !matches!(id, 42 | 90) { Weight::Routine } else { Weight::Telling };
    (!notes.evidence.has_room(weight)).then_some((result, Some(weight)))
}

/// The result, success where there is none; nothing if there are two.
fn result(body: &[u8]) -> Option<Code> {
    let Some(at) = LAST_RESULT.rfind(body) else { return Some(Code::OK) };
    if RESULT.find(body) != Some(at) {
        return None;
    }
    let value = body.get(at + RESULT.needle().len()..)?.strip_prefix(b" value=\"")?;
    let (value, _) = until(value, b'"')?;
    Code::from_hex(std::str::from_utf8(value).ok()?)
}

/// Whether everything an event 90 describes was described before. Takes note of what it describes.
fn is_known(body: &[u8], described: &mut HashSet<[u8; 20]>) -> bool {
    let mut known = true;
    for at in memmem::find_iter(body, b" fileRef=\"") {
        let name = body.get(at + b" fileRef=\"".len()..).and_then(|name| name.get(..40));
        match name.and_then(|name| std::str::from_utf8(name).ok()).and_then(Thumbprint::parse) {
            Some(thumbprint) => known &= !described.insert(thumbprint.0),
            None => known = false,
        }
    }
    known
}

/// Whether no status in it says otherwise.
fn is_well(id: u32, body: &[u8]) -> bool {
    let none_but_zero = |mark: &[u8], name: &[u8]| {
        memmem::find_iter(body, mark).all(|at| {
            let tag = body.get(at..).and_then(|tag| until(tag, b'>'));
            tag.and_then(|(tag, _)| attribute(tag, name)) == Some("0")
        })
    };
    match id {
        11 => none_but_zero(b"<ErrorStatus ", b"value=\""),
        41 => none_but_zero(b"<RevocationStatus ", b"error=\""),
        _ => true,
    }
}
