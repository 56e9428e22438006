use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use pki::Time;
use serde::Serialize;
use serde_json::Value;
use server::config::Span;
use server::store::{EventFilter, Store, StoredEvent};
use server::world;

use super::Where;
use crate::failure::Failure;
use crate::print::{self, Output};

#[derive(Subcommand)]
pub(crate) enum EventsCommand {
    /// List certificates that were refused, latest first
    List(ListArgs),
    /// Show one refusal with everything that is wrong with the chain
    Show(ShowArgs),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs; the same as --json
    Json,
    /// As Windows writes it to Microsoft-Windows-CAPI2/Operational: events 11, 30 and 90 as XML
    Capi2,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial events list --since 2h
  perennial events list --since 2026-11-24T08:00:00Z --limit 500 --format json
  perennial events list --limit 10000 --format capi2 > refused.xml

The same refusal is counted for an hour in one row. The newest 10,000 are kept.")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    place: Where,
    /// Only those seen since: a time (2026-11-24T08:00:00Z) or how long ago (90m, 2h, 7d)
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Since>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u32,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial events show 6a3f21c09d
  perennial events show 6a3f21c09d --format capi2")]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    place: Where,
    /// The event, or the start of its name if that is enough
    event: String,
    /// How to print
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(Debug, Clone, Copy)]
enum Since {
    At(Time),
    Ago(i64),
}

fn since(text: &str) -> Result<Since, String> {
    if let Some(at) = Time::parse_rfc3339(text) {
        return Ok(Since::At(at));
    }
    let says = || "neither a time such as 2026-11-24T08:00:00Z nor how long ago, such as 90m, 2h or 7d".to_owned();
    text.parse::<Span>().map(|span| Since::Ago(span.0)).map_err(|_| says())
}

impl Since {
    fn time(self) -> Time {
        match self {
            Since::At(at) => at,
            Since::Ago(seconds) => world::now().plus(seconds.saturating_neg()),
        }
    }
}

#[derive(Serialize)]
struct Listed {
    id: String,
    first: String,
    last: String,
    times: u64,
    node: String,
    role: &'static str,
    place: String,
    source: String,
    subject: String,
    thumbprint: String,
    code: String,
    hresult: String,
    error: String,
    info: String,
    detail: String,
    judgement: Value,
}

impl From<&StoredEvent> for Listed {
    fn from(stored: &StoredEvent) -> Listed {
        let event = &stored.event;
        Listed {
            id: stored.id.clone(),
            first: stored.first_at.to_string(),
            last: stored.last_at.to_string(),
            times: stored.times,
            node: stored.node.clone(),
            role: event.role.name(),
            place: event.place.clone(),
            source: event.source.clone(),
            subject: plain(&event.subject),
            thumbprint: event.thumbprint.clone(),
            code: event.code.clone(),
            hresult: server::hresult(event.result),
            error: format!("{:#x}", event.error),
            info: format!("{:#x}", event.info),
            detail: plain(&event.detail),
            judgement: serde_json::from_str(&event.judgement).unwrap_or(Value::Null),
        }
    }
}

/// Names come from outside: nothing in them may move a terminal's cursor.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

pub(crate) async fn run(command: &EventsCommand, output: Output) -> Result<ExitCode, Failure> {
    match command {
        EventsCommand::List(args) => list(args, output).await,
        EventsCommand::Show(args) => {
            let store = args.place.open_store().await?;
            let event = find(&store, &args.event).await?;
            match format(args.format, output) {
                Format::Text => print::line(text(&Listed::from(&event)).trim_end()),
                Format::Json => print::line(&json(&Listed::from(&event))),
                Format::Capi2 if event.event.capi2.is_empty() => return Err(without_chain(&event)),
                Format::Capi2 => print::line(&document(std::slice::from_ref(&event))),
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn format(asked: Format, output: Output) -> Format {
    if output.is_json() { Format::Json } else { asked }
}

async fn list(args: &ListArgs, output: Output) -> Result<ExitCode, Failure> {
    let store = args.place.open_store().await?;
    let filter = EventFilter { since: args.since.map(Since::time), limit: args.limit };
    let events = store.events(&filter).await?;
    let rows: Vec<Listed> = events.iter().map(Listed::from).collect();
    match format(args.format, output) {
        Format::Json => print::line(&json(&rows)),
        Format::Capi2 => print::line(&document(&events)),
        Format::Text => {
            output.list(&rows, ["ID", "LAST", "TIMES", "ROLE", "SOURCE", "SUBJECT", "HRESULT", "CODE"], |r| {
                [
                    r.id.clone(),
                    r.last.clone(),
                    r.times.to_string(),
                    r.role.to_owned(),
                    r.source.clone(),
                    r.subject.clone(),
                    r.hresult.clone(),
                    r.code.clone(),
                ]
            })
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// What a log export of Windows looks like. A refusal without a certificate is none of CAPI2's.
fn document(events: &[StoredEvent]) -> String {
    let events: Vec<&str> = events.iter().map(|stored| stored.event.capi2.as_str()).collect();
    format!("<Events>\n{}</Events>", events.concat())
}

fn without_chain(event: &StoredEvent) -> Failure {
    let says = format!("event {} is of no certificate whose chain could be judged: {}", event.id, event.event.detail);
    Failure::new("event.no-chain", says).with_next("`--format text` shows what is known of it")
}

/// An event by its name, or by the start of it where only one starts so.
async fn find(store: &Store, name: &str) -> Result<StoredEvent, Failure> {
    let start = name.to_ascii_lowercase();
    let mut found = if start.is_empty() { Vec::new() } else { store.events_named(&start, 2).await? };
    match (found.pop(), found.len()) {
        (Some(only), 0) => Ok(only),
        (Some(_), _) => Err(Failure::new("event.ambiguous", format!("more than one event starts with {name}"))),
        (None, _) => Err(Failure::new("event.unknown", format!("there is no event {name}"))
            .with_next("`perennial events list` shows them")),
    }
}

fn text(event: &Listed) -> String {
    let mut out = format!(
        "event        {}\nfirst        {}\nlast         {}\ntimes        {}\nnode         {}\nrole         {}\nplace        {}\n\
         source       {}\nsubject      {}\nthumbprint   {}\ncode         {}\nresult       {}\nerror bits   {}\n\
         info bits    {}\n",
        event.id,
        event.first,
        event.last,
        event.times,
        event.node,
        event.role,
        event.place,
        event.source,
        event.subject,
        event.thumbprint,
        event.code,
        event.hresult,
        bits(&event.error, &event.judgement["errorNames"]),
        event.info,
    );
    out.push_str(&format!("why          {}\n", event.detail));
    for (at, element) in event.judgement["elements"].as_array().into_iter().flatten().enumerate() {
        out.push_str(&format!("\nelement {at}    {}\n", words(&element["subject"])));
        for (name, key) in [("issuer", "issuer"), ("serial", "serial"), ("thumbprint", "thumbprint")] {
            out.push_str(&format!("  {name:<11}{}\n", words(&element[key])));
        }
        out.push_str(&format!("  valid      {} to {}\n", words(&element["notBefore"]), words(&element["notAfter"])));
        for fault in element["faults"].as_array().into_iter().flatten() {
            out.push_str(&format!("  ✗ {} {}\n", words(&fault["code"]), words(&fault["says"])));
        }
    }
    for fault in event.judgement["faults"].as_array().into_iter().flatten() {
        out.push_str(&format!("\nthe chain\n  ✗ {} {}\n", words(&fault["code"]), words(&fault["says"])));
    }
    out
}

fn bits(number: &str, names: &Value) -> String {
    let names: Vec<&str> = names.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    format!("{number} {}", names.join(" ")).trim_end().to_owned()
}

fn words(value: &Value) -> String {
    plain(value.as_str().unwrap_or_default())
}
