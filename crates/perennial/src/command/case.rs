use std::process::ExitCode;

use clap::{Args, Subcommand};
use pki::Request;
use ra::CaseId;
use serde::Serialize;
use server::store::{CaseFilter, CaseState, StoredCase};
use server::{operator, world};

use super::{By, Where};
use crate::failure::Failure;
use crate::print::Output;

#[derive(Subcommand)]
pub(crate) enum CaseCommand {
    /// List requests, newest first
    List(ListArgs),
    /// Show one request
    Show(OneArgs),
    /// Say yes to a request that waits; its certificate is made when the device asks again
    Approve(DecideArgs),
    /// Say no to a request that waits
    Deny(DenyArgs),
}

#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    place: Where,
    /// Only those that are so far: pending, approved, prepared, issued, denied
    #[arg(long, value_parser = state)]
    state: Option<CaseState>,
    /// Only those of this endpoint
    #[arg(long)]
    endpoint: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: u32,
    /// After leaving out so many
    #[arg(long, default_value_t = 0)]
    offset: u32,
}

#[derive(Args)]
pub(crate) struct OneArgs {
    #[command(flatten)]
    place: Where,
    /// The case, or the start of its name if that is enough
    case: String,
}

#[derive(Args)]
pub(crate) struct DecideArgs {
    #[command(flatten)]
    one: OneArgs,
    #[command(flatten)]
    by: By,
}

#[derive(Args)]
pub(crate) struct DenyArgs {
    #[command(flatten)]
    decide: DecideArgs,
    /// Why, for the audit
    #[arg(long, default_value = "")]
    why: String,
}

const STATES: [(CaseState, &str); 5] = [
    (CaseState::Pending, "pending"),
    (CaseState::Approved, "approved"),
    (CaseState::Prepared, "prepared"),
    (CaseState::Issued, "issued"),
    (CaseState::Denied, "denied"),
];

fn state(text: &str) -> Result<CaseState, String> {
    let known = STATES.iter().find(|(_, name)| *name == text).map(|(state, _)| *state);
    known.ok_or_else(|| "there are pending, approved, prepared, issued, denied".to_owned())
}

#[derive(Serialize)]
struct Listed {
    id: String,
    state: &'static str,
    endpoint: String,
    subject: String,
    names: Vec<String>,
    key: String,
    device: Option<String>,
    serial: Option<String>,
    transaction: String,
    decided_by: Option<String>,
    decided_why: Option<String>,
    since: String,
    changed: String,
}

pub(crate) async fn run(command: &CaseCommand, output: Output) -> Result<ExitCode, Failure> {
    match command {
        CaseCommand::List(args) => list(args, output).await,
        CaseCommand::Show(args) => {
            let service = args.place.open().await?;
            let case = find(&service, &args.case).await?;
            output.value(&row(&case), text);
            Ok(ExitCode::SUCCESS)
        }
        CaseCommand::Approve(args) => {
            let service = args.one.place.open().await?;
            let case = find(&service, &args.one.case).await?;
            operator::approve(&service, &case.id, &args.by.actor(), world::now()).await?;
            done(&service, &case.id, output).await
        }
        CaseCommand::Deny(args) => {
            let service = args.decide.one.place.open().await?;
            let case = find(&service, &args.decide.one.case).await?;
            let by = args.decide.by.actor();
            operator::deny(&service, &case.id, &by, &args.why, world::now()).await?;
            done(&service, &case.id, output).await
        }
    }
}

async fn list(args: &ListArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let filter = CaseFilter {
        state: args.state,
        endpoint: args.endpoint.clone(),
        limit: args.limit,
        offset: args.offset,
        ..CaseFilter::default()
    };
    let cases: Vec<Listed> = service.store.cases(&filter).await?.iter().map(row).collect();
    output.list(&cases, ["ID", "STATE", "ENDPOINT", "SUBJECT", "SINCE", "BY"], |case| {
        [
            case.id.clone(),
            case.state.to_owned(),
            case.endpoint.clone(),
            case.subject.clone(),
            case.since.clone(),
            case.decided_by.clone().unwrap_or_default(),
        ]
    });
    Ok(ExitCode::SUCCESS)
}

async fn done(service: &server::Service, case: &CaseId, output: Output) -> Result<ExitCode, Failure> {
    let case = find(service, &case.0).await?;
    output.value(&row(&case), |case| format!("case {} is {}: {}", case.id, case.state, case.subject));
    Ok(ExitCode::SUCCESS)
}

/// A case by its name, or by the start of it where only one starts so.
async fn find(service: &server::Service, name: &str) -> Result<StoredCase, Failure> {
    if let Some(case) = service.store.case_by_id(&CaseId(name.to_owned())).await? {
        return Ok(case);
    }
    let filter = CaseFilter { limit: 10_000, ..CaseFilter::default() };
    let mut starting: Vec<StoredCase> = service.store.cases(&filter).await?;
    starting.retain(|case| !name.is_empty() && case.id.0.starts_with(name));
    match (starting.pop(), starting.len()) {
        (Some(only), 0) => Ok(only),
        (Some(_), more) => Err(Failure::new("case.ambiguous", format!("{} cases start with {name}", more + 1))),
        (None, _) => Err(Failure::new("case.unknown", format!("there is no case {name}"))
            .with_next("`perennial case list` shows them")),
    }
}

fn row(case: &StoredCase) -> Listed {
    let request = Request::parse(&case.request).ok();
    Listed {
        id: case.id.0.clone(),
        state: STATES.iter().find(|(state, _)| *state == case.state).map_or("", |(_, name)| name),
        endpoint: case.endpoint.clone(),
        subject: request.as_ref().map_or_else(String::new, |r| r.subject().to_string()),
        names: request.iter().flat_map(Request::subject_alt_names).map(|name| name.to_string()).collect(),
        key: request.as_ref().map_or_else(String::new, |r| r.public_key().kind().to_string()),
        device: case.device.clone(),
        serial: case.serial.as_deref().map(pki::certificate::serial_hex),
        transaction: case.transaction.clone(),
        decided_by: case.decided_by.clone(),
        decided_why: case.decided_why.clone(),
        since: case.created_at.to_string(),
        changed: case.changed_at.to_string(),
    }
}

fn text(case: &Listed) -> String {
    let mut out = format!(
        "case         {}\nstate        {}\nendpoint     {}\nsubject      {}\nnames        {}\nkey          {}\ntransaction  {}\nsince        {}\nchanged      {}\n",
        case.id,
        case.state,
        case.endpoint,
        case.subject,
        case.names.join(", "),
        case.key,
        case.transaction,
        case.since,
        case.changed,
    );
    let optional = [
        ("device", &case.device),
        ("serial", &case.serial),
        ("decided by", &case.decided_by),
        ("why", &case.decided_why),
    ];
    for (name, value) in optional {
        if let Some(value) = value.as_ref().filter(|v| !v.is_empty()) {
            out.push_str(&format!("{name:<13}{value}\n"));
        }
    }
    out
}
