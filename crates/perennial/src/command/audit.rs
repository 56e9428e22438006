use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use server::store::{AuditFilter, AuditRow, ChainReport};

use super::Where;
use crate::failure::Failure;
use crate::print::{self, Output};

#[derive(Subcommand)]
pub(crate) enum AuditCommand {
    /// List what happened, newest first
    List(ListArgs),
    /// Prove that the audit is whole: nothing changed, nothing missing
    Verify(VerifyArgs),
}

#[derive(Args)]
#[command(after_help = "Example:\n  perennial audit list --outcome refused --limit 20")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    place: Where,
    /// Only what was done so: grant, refuse, pend, approve, deny, revoke …
    #[arg(long)]
    verb: Option<String>,
    /// Only what came out so: done, refused
    #[arg(long)]
    outcome: Option<String>,
    /// Only what was done to this: a case, a serial number, a transaction
    #[arg(long)]
    object: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 50)]
    limit: u32,
}

#[derive(Args)]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    place: Where,
}

#[derive(Serialize)]
struct Listed {
    at: String,
    node: String,
    seq: u64,
    actor: String,
    verb: String,
    object: String,
    outcome: String,
    code: String,
    detail: String,
    source: String,
}

impl From<&AuditRow> for Listed {
    fn from(row: &AuditRow) -> Listed {
        Listed {
            at: row.at.to_string(),
            node: row.chain.clone(),
            seq: row.seq,
            actor: row.entry.actor.clone(),
            verb: row.entry.verb.clone(),
            object: row.entry.object.clone(),
            outcome: row.entry.outcome.clone(),
            code: row.entry.code.clone(),
            detail: row.entry.detail.clone(),
            source: row.entry.source.clone(),
        }
    }
}

#[derive(Serialize)]
struct Proved {
    node: String,
    rows: u64,
    hash: String,
    fault: Option<String>,
}

impl From<&ChainReport> for Proved {
    fn from(report: &ChainReport) -> Proved {
        Proved {
            node: report.chain.clone(),
            rows: report.rows,
            hash: pki::digest::hex(&report.hash),
            fault: report.fault.as_ref().map(ToString::to_string),
        }
    }
}

pub(crate) async fn run(command: &AuditCommand, output: Output) -> Result<ExitCode, Failure> {
    match command {
        AuditCommand::List(args) => list(args, output).await,
        AuditCommand::Verify(args) => verify(args, output).await,
    }
}

async fn list(args: &ListArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let filter = AuditFilter {
        verb: args.verb.clone(),
        outcome: args.outcome.clone(),
        object: args.object.clone(),
        ..AuditFilter::default()
    };
    let rows = service.store.audit_list(&filter, args.limit, None).await?;
    let rows: Vec<Listed> = rows.iter().map(Listed::from).collect();
    output.list(&rows, ["AT", "ACTOR", "VERB", "OBJECT", "CODE", "SOURCE", "DETAIL"], |r| {
        [
            r.at.clone(),
            r.actor.clone(),
            r.verb.clone(),
            r.object.clone(),
            r.code.clone(),
            r.source.clone(),
            r.detail.clone(),
        ]
    });
    Ok(ExitCode::SUCCESS)
}

async fn verify(args: &VerifyArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let reports: Vec<Proved> = service.store.audit_verify().await?.iter().map(Proved::from).collect();
    let whole = reports.iter().all(|r| r.fault.is_none());
    output.list(&reports, ["NODE", "ROWS", "LAST HASH", "FAULT"], |r| {
        [r.node.clone(), r.rows.to_string(), r.hash.clone(), r.fault.clone().unwrap_or_else(|| "none".to_owned())]
    });
    if !output.is_json() {
        print::line(if whole { "the audit is whole" } else { "the audit is NOT whole" });
    }
    Ok(if whole { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
