//! The picture: certificates as bars over time, the pin, the events, and now.

use std::collections::BTreeMap;

use pki::Time;

use super::label::{self, Label};
use super::{Report, Shown};

const WIDTH: i64 = 960;
const LEFT: i64 = 300;
const ROW: i64 = 30;
const TOP: i64 = 30;

/// A bar.
struct Bar {
    name: String,
    from: i64,
    to: i64,
    class: &'static str,
}

/// The picture as SVG; nothing if no certificate with dates is involved.
pub(super) fn timeline(report: &Report) -> Option<String> {
    let bars = bars(report);
    let now = seconds(&report.judged_at)?;
    let first = bars.iter().map(|bar| bar.from).min()?.min(now);
    let last = bars.iter().map(|bar| bar.to).max()?.max(now);
    let span = (last - first).max(86_400);
    let x = |at: i64| LEFT + (WIDTH - LEFT - 20) * (at.clamp(first, last) - first) / span;
    let height = TOP + ROW * i64::try_from(bars.len()).ok()? + 50;
    let language = label::language_of(report);
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n",
        Label::Timeline.in_language(language)
    );
    for (n, bar) in (0_i64..).zip(&bars) {
        let y = TOP + n * ROW;
        let width = (x(bar.to) - x(bar.from)).max(2);
        let days = [bar.from, bar.to].map(|at| Time(at).date());
        out.push_str(&format!(
            "<text x=\"8\" y=\"{}\">{}</text><rect class=\"{}\" x=\"{}\" y=\"{y}\" width=\"{width}\" height=\"18\" \
             rx=\"3\"><title>{} – {}</title></rect>\n",
            y + 14,
            super::html::escaped(&bar.name),
            bar.class,
            x(bar.from),
            days[0],
            days[1],
        ));
    }
    let bottom = height - 40;
    for (at, says) in events(report) {
        out.push_str(&format!(
            "<circle class=\"event\" cx=\"{}\" cy=\"{bottom}\" r=\"4\"><title>{}</title></circle>\n",
            x(at),
            super::html::escaped(&says)
        ));
    }
    out.push_str(&format!(
        "<line class=\"now\" x1=\"{0}\" x2=\"{0}\" y1=\"{1}\" y2=\"{bottom}\"/><text x=\"{0}\" y=\"{2}\" \
         text-anchor=\"middle\">{3}</text>\n",
        x(now),
        TOP - 10,
        TOP - 14,
        Label::Now.in_language(language)
    ));
    for (at, anchor) in [(first, "start"), (last, "end")] {
        let day = Time(at).date();
        out.push_str(&format!("<text x=\"{}\" y=\"{}\" text-anchor=\"{anchor}\">{day}</text>\n", x(at), height - 12));
    }
    out.push_str("</svg>\n");
    Some(out)
}

/// The certificates of the findings and of the forecast, each once; the pinned one is marked.
fn bars(report: &Report) -> Vec<Bar> {
    let mut known: BTreeMap<String, ()> = BTreeMap::new();
    let mut bars = Vec::new();
    let mut add = |shown: &Shown, class: &'static str, mark: &str| {
        let (Some(from), Some(to)) = (shown.not_before.as_deref(), shown.not_after.as_deref()) else { return };
        let (Some(from), Some(to), Some(thumbprint)) = (seconds(from), seconds(to), &shown.thumbprint) else { return };
        if known.insert(thumbprint.clone(), ()).is_none() {
            let short = thumbprint.get(..8).unwrap_or(thumbprint);
            let subject: String = shown.subject.chars().take(26).collect();
            bars.push(Bar { name: format!("{mark}{subject} {short}"), from, to, class });
        }
    };
    for entry in &report.findings {
        let pinned = ["F-01", "F-02", "F-03", "F-04"].contains(&entry.code);
        let (class, mark) = if pinned { ("pinned", "◆ ") } else { ("involved", "") };
        entry.certificate.iter().for_each(|shown| add(shown, class, mark));
        entry.successor.iter().for_each(|shown| add(shown, "successor", "→ "));
    }
    for ending in &report.forecast {
        let (class, mark) = if ending.role == "pinned_client" { ("pinned", "◆ ") } else { ("other", "") };
        add(&ending.certificate, class, mark);
    }
    bars
}

fn events(report: &Report) -> Vec<(i64, String)> {
    let lines = report.findings.iter().flat_map(|entry| &entry.because);
    let timed = lines.filter_map(|line| Some((seconds(line.time.as_deref()?)?, line.says.clone())));
    timed.take(200).collect()
}

fn seconds(text: &str) -> Option<i64> {
    Time::parse_rfc3339(text.split(' ').next()?).map(Time::seconds)
}
