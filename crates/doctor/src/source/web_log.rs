//! IIS W3C extended logs and HTTPERR logs.
//!
//! Gigabytes of lines concern other sites. A line is looked at only as far as its path; nothing is allocated for a line
//! that does not concern enrolment. The `#Fields:` line may change in the middle of a file. Times are UTC by definition
//! of the format.

use std::collections::BTreeMap;
use std::ops::Range;

use memchr::{memchr, memchr_iter};

use super::notes::Notes;
use super::scep_query::{operation, take_message};
use crate::fact::evidence::{Count, Tally, Weight};
use crate::fact::log::{Door, HttpError, ScepOperation, WebRequest};
use crate::fact::{Code, Observed, Position, When, query};

/// Which of the two formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// IIS.
    Requests,
    /// http.sys.
    Errors,
}

/// Reads one log.
pub(crate) struct WebLog {
    flavour: Flavour,
    fields: Fields,
    partial: Vec<u8>,
    line: u64,
    too_long: bool,
    /// Requests that were counted without being read; they go into the evidence at the end.
    counted: BTreeMap<(&'static str, u16, u16, Code), Count>,
    day: Day,
}

/// Columns by what they hold.
#[derive(Debug, Clone, Default)]
struct Fields {
    date: Option<usize>,
    time: Option<usize>,
    method: Option<usize>,
    stem: Option<usize>,
    query: Option<usize>,
    user: Option<usize>,
    client: Option<usize>,
    agent: Option<usize>,
    status: Option<usize>,
    substatus: Option<usize>,
    win32: Option<usize>,
    taken: Option<usize>,
    uri: Option<usize>,
    site: Option<usize>,
    reason: Option<usize>,
    queue: Option<usize>,
}

impl Fields {
    /// What the servers write unless told otherwise.
    fn usual(flavour: Flavour) -> Fields {
        Fields::parse(match flavour {
            Flavour::Requests => {
                b"date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) cs(Referer) \
                  sc-status sc-substatus sc-win32-status time-taken"
            }
            Flavour::Errors => {
                b"date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename"
            }
        })
    }

    fn parse(names: &[u8]) -> Fields {
        let mut fields = Fields::default();
        let names = names.split(u8::is_ascii_whitespace).filter(|name| !name.is_empty());
        for (column, name) in names.enumerate() {
            let slot = match name.to_ascii_lowercase().as_slice() {
                b"date" => &mut fields.date,
                b"time" => &mut fields.time,
                b"cs-method" => &mut fields.method,
                b"cs-uri-stem" => &mut fields.stem,
                b"cs-uri-query" => &mut fields.query,
                b"cs-username" => &mut fields.user,
                b"c-ip" => &mut fields.client,
                b"cs(user-agent)" => &mut fields.agent,
                b"sc-status" => &mut fields.status,
                b"sc-substatus" => &mut fields.substatus,
                b"sc-win32-status" => &mut fields.win32,
                b"time-taken" => &mut fields.taken,
                b"cs-uri" => &mut fields.uri,
                b"s-siteid" => &mut fields.site,
                b"s-reason" => &mut fields.reason,
                b"s-queuename" => &mut fields.queue,
                _ => continue,
            };
            *slot = Some(column);
        }
        fields
    }
}

impl WebLog {
    pub(crate) fn new(flavour: Flavour) -> WebLog {
        WebLog {
            flavour,
            fields: Fields::usual(flavour),
            partial: Vec::new(),
            line: 0,
            too_long: false,
            counted: BTreeMap::new(),
            day: Day::default(),
        }
    }

    pub(crate) fn feed(&mut self, chunk: &[u8], notes: &mut Notes<'_>) {
        let mut start = 0;
        for end in memchr_iter(b'\n', chunk) {
            let line = chunk.get(start..end).unwrap_or_default();
            start = end + 1;
            self.line += 1;
            if self.too_long {
                self.too_long = false;
            } else if self.partial.is_empty() {
                self.line(line, notes);
            } else {
                let mut whole = std::mem::take(&mut self.partial);
                whole.extend_from_slice(line);
                self.line(&whole, notes);
                whole.clear();
                self.partial = whole;
            }
        }
        if self.too_long {
            return;
        }
        self.partial.extend_from_slice(chunk.get(start..).unwrap_or_default());
        if self.partial.len() > notes.item_limit() {
            self.partial.clear();
            self.too_long = true;
            notes.too_long();
        }
    }

    pub(crate) fn finish(&mut self, notes: &mut Notes<'_>) {
        let last = std::mem::take(&mut self.partial);
        self.line += 1;
        self.line(&last, notes);
        for ((name, status, substatus, win32), count) in std::mem::take(&mut self.counted) {
            notes.evidence.count_all(Tally::Request(name.to_owned(), status, substatus, win32), count);
        }
    }

    fn line(&mut self, line: &[u8], notes: &mut Notes<'_>) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match line.first() {
            None | Some(0) => {}
            Some(b'#') => self.directive(line),
            Some(_) => {
                notes.source.items += 1;
                match self.flavour {
                    Flavour::Requests => self.request(line, notes),
                    Flavour::Errors => self.error(line, notes),
                }
            }
        }
    }

    fn directive(&mut self, line: &[u8]) {
        const FIELDS: &[u8] = b"#fields:";
        if line.get(..FIELDS.len()).is_some_and(|start| start.eq_ignore_ascii_case(FIELDS)) {
            self.fields = Fields::parse(line.get(FIELDS.len()..).unwrap_or_default());
        }
    }

    fn request(&mut self, line: &[u8], notes: &mut Notes<'_>) {
        let Some(stem) = self.fields.stem.and_then(|column| column_of(line, column)) else { return };
        let Some(door) = door(stem) else { return };
        let columns = Columns::of(line);
        if !notes.evidence.has_room(Weight::Routine) && self.count(&columns, door, notes) == Counted::Yes {
            return;
        }
        let when = columns.time(&self.fields, &mut self.day);
        notes.seen(when);
        let (query, scep) = take_message(columns.text(self.fields.query).as_deref().unwrap_or_default(), door);
        let request = WebRequest {
            method: columns.text(self.fields.method).unwrap_or_default(),
            path: String::from_utf8_lossy(stem).into_owned(),
            query,
            user: columns.text(self.fields.user),
            client: columns.text(self.fields.client),
            agent: columns.text(self.fields.agent).map(|agent| agent.replace('+', " ")),
            status: columns.number(self.fields.status),
            substatus: columns.number(self.fields.substatus),
            win32: columns.text(self.fields.win32).and_then(|text| Code::from_decimal(&text)),
            millis: columns.number(self.fields.taken),
            door,
            scep,
        };
        let row = Tally::Request(
            row_name(&request),
            request.status.unwrap_or(0),
            request.substatus.unwrap_or(0),
            request.win32.unwrap_or(Code::OK),
        );
        notes.count(row, when);
        let what = Observed::Request(Box::new(request));
        let weight = query::weight_of(&what);
        notes.fact(Position::Line(self.line), when, what, weight);
    }

    /// Counts a request that went well and finds no room, exactly as if it had been read.
    fn count(&mut self, columns: &Columns<'_>, door: Door, notes: &mut Notes<'_>) -> Counted {
        let Some(status) = columns.number(self.fields.status).filter(|status| *status < 400) else {
            return Counted::No;
        };
        let query = std::str::from_utf8(columns.octets(self.fields.query).unwrap_or_default());
        let (Ok(query), false) = (query, door == Door::RegistrationPoint) else { return Counted::No };
        let win32 = columns.octets(self.fields.win32).and_then(|text| std::str::from_utf8(text).ok());
        let win32 = win32.and_then(Code::from_decimal).unwrap_or(Code::OK);
        let name = match (operation(query).filter(|_| door == Door::Scep), door) {
            (Some(operation), _) => operation_name(&operation),
            (None, door) => door_name(door),
        };
        let when = columns.time(&self.fields, &mut self.day);
        notes.seen(when);
        let row = (name, status, columns.number(self.fields.substatus).unwrap_or(0), win32);
        let one = Count { times: 1, span: when.map(|when| (when, when)) };
        if let Some(count) = self.counted.get_mut(&row) {
            count.add(one);
        } else if self.counted.len() < MOST_ROWS {
            self.counted.insert(row, one);
        } else {
            return Counted::No;
        }
        notes.evidence.leave_out(Weight::Routine);
        Counted::Yes
    }

    fn error(&mut self, line: &[u8], notes: &mut Notes<'_>) {
        let columns = Columns::of(line);
        let when = columns.time(&self.fields, &mut self.day);
        notes.seen(when);
        let reason = columns.text(self.fields.reason).unwrap_or_default();
        notes.count(Tally::HttpError(reason.clone()), when);
        let url = columns.text(self.fields.uri);
        let concerns =
            url.as_deref().is_some_and(|url| door(url.split('?').next().unwrap_or(url).as_bytes()).is_some());
        // Idle connections that were closed, without a request, say nothing; everything refused may matter.
        if reason.starts_with("Timer_") && !concerns {
            return;
        }
        let error = HttpError {
            client: columns.text(self.fields.client),
            method: columns.text(self.fields.method),
            url: url.map(|url| url.chars().take(512).collect()),
            status: columns.number(self.fields.status),
            site: columns.text(self.fields.site),
            reason,
            queue: columns.text(self.fields.queue),
        };
        let weight = if concerns { Weight::Telling } else { Weight::Routine };
        notes.fact(Position::Line(self.line), when, Observed::HttpError(Box::new(error)), weight);
    }
}

fn row_name(request: &WebRequest) -> String {
    match (&request.scep, request.door) {
        (Some(scep), _) => operation_name(&scep.operation).to_owned(),
        (None, Door::RegistrationPoint) => {
            request.path.rsplit('/').next().unwrap_or_default().chars().take(40).collect()
        }
        (None, door) => door_name(door).to_owned(),
    }
}

const fn operation_name(operation: &ScepOperation) -> &'static str {
    match operation {
        ScepOperation::GetCaCaps => "GetCACaps",
        ScepOperation::GetCaCert => "GetCACert",
        ScepOperation::GetNextCaCert => "GetNextCACert",
        ScepOperation::PkiOperation => "PKIOperation",
        ScepOperation::Other(_) => "other SCEP",
    }
}

const fn door_name(door: Door) -> &'static str {
    match door {
        Door::Admin => "mscep_admin",
        Door::Scep => "mscep",
        Door::Publication => "publication",
        Door::RegistrationPoint => "registration point",
    }
}

/// Whether a request was counted without being read.
#[derive(PartialEq)]
enum Counted {
    Yes,
    No,
}

/// Rows that are counted apart; a request that would need another is read.
const MOST_ROWS: usize = 1024;

/// The n-th column without looking at the others.
fn column_of(line: &[u8], column: usize) -> Option<&[u8]> {
    let mut rest = line;
    for _ in 0..column {
        let at = memchr(b' ', rest)?;
        rest = rest.get(at + 1..)?;
    }
    let end = memchr(b' ', rest).unwrap_or(rest.len());
    rest.get(..end)
}

/// What part of the chain a path belongs to; nothing if it does not.
fn door(stem: &[u8]) -> Option<Door> {
    if contains(stem, b"mscep_admin") {
        Some(Door::Admin)
    } else if contains(stem, b"mscep") {
        Some(Door::Scep)
    } else if contains(stem, b"certificateregistration") {
        Some(Door::RegistrationPoint)
    } else if ends_with(stem, b".crl") || contains(stem, b"/certenroll/") {
        Some(Door::Publication)
    } else {
        None
    }
}

fn ends_with(text: &[u8], end: &[u8]) -> bool {
    text.len().checked_sub(end.len()).and_then(|at| text.get(at..)).is_some_and(|tail| tail.eq_ignore_ascii_case(end))
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    let Some(first) = part.first() else { return true };
    let starts = memchr::memchr2_iter(*first, first.to_ascii_uppercase(), text);
    let mut matches = starts.filter_map(|at| text.get(at..at + part.len()));
    matches.any(|window| window.eq_ignore_ascii_case(part))
}

/// The day of the line before: most lines are of the same.
#[derive(Default)]
struct Day {
    text: Vec<u8>,
    /// Seconds since 1970 at its begin.
    midnight: i64,
}

/// Seconds since midnight of a time as IIS writes it, `18:48:24`; nothing of any other form.
fn seconds_of(time: &[u8]) -> Option<i64> {
    let [h, hh, b':', m, mm, b':', s, ss] = time else { return None };
    let two = |tens: &u8, ones: &u8| {
        let digits = tens.is_ascii_digit() && ones.is_ascii_digit();
        digits.then(|| i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
    };
    let (hours, minutes, seconds) = (two(h, hh)?, two(m, mm)?, two(s, ss)?);
    (hours < 24 && minutes < 60 && seconds < 60).then_some((hours * 60 + minutes) * 60 + seconds)
}

/// A line cut at blanks.
struct Columns<'a> {
    line: &'a [u8],
    ranges: Vec<Range<usize>>,
}

impl<'a> Columns<'a> {
    fn of(line: &'a [u8]) -> Columns<'a> {
        const MOST: usize = 64;
        let mut ranges = Vec::with_capacity(24);
        let mut start = 0;
        for at in memchr_iter(b' ', line).chain([line.len()]).take(MOST) {
            ranges.push(start..at);
            start = at + 1;
        }
        Columns { line, ranges }
    }

    fn octets(&self, column: Option<usize>) -> Option<&'a [u8]> {
        let range = self.ranges.get(column?)?.clone();
        self.line.get(range).filter(|value| *value != b"-" && !value.is_empty())
    }

    fn text(&self, column: Option<usize>) -> Option<String> {
        self.octets(column).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    fn number<T: std::str::FromStr>(&self, column: Option<usize>) -> Option<T> {
        std::str::from_utf8(self.octets(column)?).ok()?.parse().ok()
    }

    fn time(&self, fields: &Fields, day: &mut Day) -> Option<When> {
        let date = self.octets(fields.date)?;
        let time = self.octets(fields.time)?;
        if let Some(seconds) = seconds_of(time).filter(|_| day.text == date) {
            return Some(When::utc(pki::Time(day.midnight + seconds)));
        }
        let (text, time) = (std::str::from_utf8(date).ok()?, std::str::from_utf8(time).ok()?);
        let mut parts = text.splitn(3, '-');
        let civil = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let mut clock = time.splitn(3, ':');
        let clock = (clock.next()?.parse().ok()?, clock.next()?.parse().ok()?, clock.next()?.parse().ok()?);
        let at = pki::Time::civil(civil, clock)?;
        *day = Day { text: date.to_vec(), midnight: pki::Time::civil(civil, (0, 0, 0))?.seconds() };
        Some(When::utc(at))
    }
}
