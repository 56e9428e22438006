//! CMTrace logs: the policy module's, the registration point's, Configuration Manager's.
//!
//! Two forms: `<![LOG[text]LOG]!><time="…" date="…" component="…" …>`, where the text may have several lines and a live
//! writer may have cut an entry, and the older `text  $$<component><date time><thread=…>`.

use std::borrow::Cow;

use super::lines::{Line, Lines};
use super::notes::Notes;
use super::trace_meaning;
use crate::fact::evidence::Tally;
use crate::fact::log::Severity;
use crate::fact::{Code, Observed, Position, RepairKind, TraceLine, When, Zone, query};

const START: &str = "<![LOG[";
const END: &str = "]LOG]!>";

/// Reads one log.
#[derive(Default)]
pub(crate) struct Trace {
    lines: Lines,
    /// An entry whose end has not come yet: the line it began on and its text so far.
    open: Option<(u64, String)>,
}

impl Trace {
    pub(crate) fn feed(&mut self, text: &str, notes: &mut Notes<'_>) {
        let (limit, open) = (notes.item_limit(), &mut self.open);
        self.lines.feed(text, limit, |line| match line {
            Line::Text(number, text) => one_line(open, number, text, notes),
            Line::TooLong => notes.too_long(),
        });
    }

    pub(crate) fn finish(&mut self, notes: &mut Notes<'_>) {
        let (limit, open) = (notes.item_limit(), &mut self.open);
        self.lines.finish(limit, |line| match line {
            Line::Text(number, text) => one_line(open, number, text, notes),
            Line::TooLong => notes.too_long(),
        });
        cut(&mut self.open, notes);
    }
}

fn one_line(open: &mut Option<(u64, String)>, number: u64, line: &str, notes: &mut Notes<'_>) {
    let mut rest = line;
    loop {
        if let Some((began, text)) = open {
            if let Some((more, after)) = split_before_start(rest) {
                text.push_str(more);
                let (began, text) = (*began, std::mem::take(text));
                *open = None;
                entry(began, &text, attributes_end(after).0, notes);
                rest = attributes_end(after).1;
                continue;
            }
            if rest.contains(START) {
                cut(open, notes);
                continue;
            }
            if text.len() + rest.len() > notes.item_limit() {
                notes.too_long();
                *open = None;
                return;
            }
            text.push_str(rest);
            text.push('\n');
            return;
        }
        match rest.split_once(START) {
            Some((_, after)) => {
                *open = Some((number, String::new()));
                rest = after;
            }
            None => return older_form(number, rest, notes),
        }
    }
}

/// The text before the end mark and what follows it, if the mark stands before the next entry's start. Looks no further
/// than that start: a line of nothing but starts is otherwise searched to its end once for each of them.
fn split_before_start(rest: &str) -> Option<(&str, &str)> {
    let bound = rest.find(START).unwrap_or(rest.len());
    let at = rest.get(..bound)?.find(END)?;
    Some((rest.get(..at)?, rest.get(at + END.len()..)?))
}

/// The attributes after an entry's text, and what follows them on the line.
fn attributes_end(after: &str) -> (&str, &str) {
    let inner = after.strip_prefix('<').unwrap_or(after);
    match inner.find(START) {
        Some(next) => inner.split_at_checked(next).unwrap_or((inner, "")),
        None => (inner, ""),
    }
}

/// An entry that was never ended is read as far as it went.
fn cut(open: &mut Option<(u64, String)>, notes: &mut Notes<'_>) {
    if let Some((began, text)) = open.take() {
        notes.repaired(Position::Line(began), RepairKind::CutEntry, 1);
        note(began, Parts { text: text.trim_end(), ..Parts::default() }, None, notes);
    }
}

#[derive(Default)]
struct Parts<'a> {
    component: Cow<'a, str>,
    severity: Option<Severity>,
    thread: Option<u32>,
    source: &'a str,
    text: &'a str,
}

fn entry(began: u64, text: &str, attributes: &str, notes: &mut Notes<'_>) {
    let value = |name: &str| attribute(attributes, name);
    let when = value("date").zip(value("time")).and_then(|(date, time)| local_time(date, time));
    if when.is_none() {
        notes.repaired(Position::Line(began), RepairKind::UnreadableTime, 1);
    }
    let severity = match value("type") {
        Some("1") => Some(Severity::Information),
        Some("2") => Some(Severity::Warning),
        Some("3") => Some(Severity::Error),
        _ => None,
    };
    let parts = Parts {
        component: value("component").unwrap_or_default().into(),
        severity,
        thread: value("thread").and_then(|n| n.parse().ok()),
        source: value("file").unwrap_or_default(),
        text,
    };
    note(began, parts, when, notes);
}

/// `name="value"` in the attributes; the name must stand alone.
fn attribute<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = attributes;
    while let Some((before, after)) = rest.split_once(name) {
        let alone = before.chars().next_back().is_none_or(|c| !c.is_alphanumeric());
        if alone && let Some(value) = after.strip_prefix("=\"") {
            return value.split_once('"').map(|(value, _)| value);
        }
        rest = after;
    }
    None
}

fn older_form(number: u64, line: &str, notes: &mut Notes<'_>) {
    let Some((text, marks)) = line.rsplit_once("$$<") else { return };
    let mut marks = marks.split('<').map(|mark| mark.trim_end().trim_end_matches('>'));
    let component = marks.next().unwrap_or_default();
    let when = marks.next().and_then(|stamp| stamp.split_once(' ')).and_then(|(date, time)| local_time(date, time));
    let thread = marks
        .next()
        .and_then(|mark| mark.strip_prefix("thread="))
        .and_then(|mark| mark.split(' ').next().and_then(|number| number.parse().ok()));
    if when.is_none() {
        notes.repaired(Position::Line(number), RepairKind::UnreadableTime, 1);
    }
    let parts = Parts { component: component.into(), severity: None, thread, source: "", text: text.trim_end() };
    note(number, parts, when, notes);
}

fn note(line: u64, parts: Parts<'_>, when: Option<When>, notes: &mut Notes<'_>) {
    notes.understood(when);
    notes.count(Tally::TraceLine(parts.component.clone().into_owned()), when);
    let what = Observed::TraceLine(Box::new(TraceLine {
        component: parts.component.into_owned(),
        severity: parts.severity,
        thread: parts.thread,
        source: parts.source.to_owned(),
        text: parts.text.to_owned(),
        meaning: trace_meaning::of(parts.text),
        code: Code::find(parts.text),
    }));
    let weight = query::weight_of(&what);
    notes.fact(Position::Line(line), when, what, weight);
}

/// `M-D-YYYY` and `HH:MM:SS.fff±bias`; the bias is added to local time to get UTC.
fn local_time(date: &str, time: &str) -> Option<When> {
    let mut parts = date.trim().split(['-', '/']).map(str::parse::<i16>);
    let (month, day, year) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let time = time.trim();
    let bias_at = time.find(['+', '-']);
    let (clock, bias) = bias_at.and_then(|at| time.split_at_checked(at)).unwrap_or((time, ""));
    let (whole, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = whole.split(':').map(str::parse::<i8>);
    let (hour, minute, second) = (parts.next()?.ok()?, parts.next()?.ok()?, parts.next()?.ok()?);
    let day = (year, i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    let at = pki::Time::civil(day, (hour, minute, second))?;
    let millis = format!("{fraction:0<3}").get(..3).and_then(|digits| digits.parse().ok()).unwrap_or(0);
    let bias = bias.parse::<i16>().ok().filter(|bias| bias.abs() <= 16 * 60);
    Some(match bias {
        Some(bias) => When { at: at.plus(i64::from(bias) * 60), millis, zone: Zone::Bias(bias) },
        None => When { at, millis, zone: Zone::Unknown },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_time_and_bias_give_utc() {
        let when = local_time("08-10-2015", "09:12:44.123-120").unwrap_or(When::utc(pki::Time(0)));
        assert_eq!((when.to_string().as_str(), when.millis), ("2015-08-10T07:12:44Z", 123));
        assert_eq!(local_time("3-15-2026", "08:00:00.0000000").map(|w| w.zone), Some(Zone::Unknown));
        for (date, time) in
            [("13-13-2015", "09:12:44"), ("1-1-2015", "25:00:00"), ("", ""), ("1-1", "a:b:c"), ("9-9-99999", "1:1:1")]
        {
            assert_eq!(local_time(date, time), None);
        }
    }
}
