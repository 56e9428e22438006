use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde::Serialize;
use server::credential::state::Reason;
use server::credential::{self, Exported, Listed, Role};
use server::store::AuditFilter;
use server::{Service, registration, world};

use super::Where;
use crate::failure::Failure;
use crate::print::Output;

#[derive(Subcommand)]
#[command(after_help = "\
Examples:
  perennial credential list                  what the service itself needs, and how it is
  perennial credential show ra-signing       everything about one role
  perennial credential renew ra-signing      a new one now, proven before it takes over
  perennial credential history               what has been done with credentials
  perennial credential export tls-server --certificate server.pem --key server.key.pem
  perennial credential export issuing-ca --certificate issuing-ca.pem
                                             what a registration point on another host needs

Exit status of list: 0 all is well; 1 something will break.")]
pub(crate) enum CredentialCommand {
    /// List the service's own credentials, and what is not as it should be
    List(ListArgs),
    /// Show the credentials of a role
    Show(ShowArgs),
    /// Make a new credential of a role now; it takes over once it is proven
    Renew(ShowArgs),
    /// List what has been done with credentials, newest first
    History(HistoryArgs),
    /// Write a TLS credential, or the certificates of the CA, into files for a registration point on another host
    Export(ExportArgs),
}

#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    place: Where,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    place: Where,
    /// The role: root, issuing-ca, ra-signing, ra-encryption, sealing, tls-server, policy-module-client
    #[arg(value_name = "ROLE", value_parser = role)]
    role: Role,
}

#[derive(Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    place: Where,
    /// The role: tls-server, policy-module-client, or issuing-ca for the certificates of all its generations
    #[arg(value_name = "ROLE", value_parser = role)]
    role: Role,
    /// The file for the certificate and its issuer; it is replaced as a whole, and left alone if nothing has changed
    #[arg(long, value_name = "FILE")]
    certificate: PathBuf,
    /// The file for the key; a CA's stays where it is
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct HistoryArgs {
    #[command(flatten)]
    place: Where,
    /// At most this many
    #[arg(long, value_name = "N", default_value_t = 50)]
    limit: u32,
}

fn role(text: &str) -> Result<Role, String> {
    let known: Vec<&str> = Role::ALL.iter().map(|role| role.name()).collect();
    Role::by_name(text).ok_or_else(|| format!("there are {}", known.join(", ")))
}

#[derive(Serialize)]
struct Shown {
    role: &'static str,
    slot: &'static str,
    state: String,
    subject: Option<String>,
    issuer: Option<String>,
    serial: Option<String>,
    sha1: Option<String>,
    sha256: Option<String>,
    not_before: String,
    not_after: String,
    successor_made: Option<String>,
    successor_takes_over: Option<String>,
    key: String,
}

impl Shown {
    fn of(listed: &Listed) -> Shown {
        let certificate = listed.certificate.as_ref();
        Shown {
            role: listed.role.name(),
            slot: listed.slot,
            state: listed.state.clone(),
            subject: certificate.map(|c| c.subject().to_string()),
            issuer: certificate.map(|c| c.issuer().to_string()),
            serial: certificate.map(pki::Certificate::serial_hex),
            sha1: certificate.map(pki::Certificate::thumbprint),
            sha256: certificate.map(|c| pki::digest::hex(&c.fingerprint())),
            not_before: listed.validity.not_before.to_string(),
            not_after: listed.validity.not_after.to_string(),
            successor_made: listed.moments.map(|m| m.prepare.to_string()),
            successor_takes_over: listed.moments.map(|m| m.activate.to_string()),
            key: listed.key_reference.clone(),
        }
    }
}

#[derive(Serialize)]
struct Degraded {
    role: &'static str,
    code: &'static str,
    says: String,
    breaks: Option<String>,
}

#[derive(Serialize)]
struct Overview {
    credentials: Vec<Shown>,
    degraded: Vec<Degraded>,
}

pub(crate) async fn run(command: &CredentialCommand, output: Output) -> Result<ExitCode, Failure> {
    match command {
        CredentialCommand::List(args) => {
            // A registration point on a host of its own has files, and no service.
            if let Some((listed, reasons)) = registration::ends(&args.place.read_config()?, world::now()) {
                return Ok(list(&listed, reasons, output));
            }
            let service = args.place.open().await?;
            let listed = credential::list(&service, world::now()).await?;
            Ok(list(&listed, service.state.reasons(), output))
        }
        CredentialCommand::Show(args) => show(&args.place.open().await?, args.role, output).await,
        CredentialCommand::Renew(args) => {
            let service = args.place.open().await?;
            credential::renew(&service, args.role, world::now()).await?;
            show(&service, args.role, output).await
        }
        CredentialCommand::History(args) => history(args, output).await,
        CredentialCommand::Export(args) => export(args, output).await,
    }
}

#[derive(Serialize)]
struct Export {
    role: &'static str,
    changed: bool,
}

async fn export(args: &ExportArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let done = credential::export(&service, args.role, &args.certificate, args.key.as_deref(), world::now()).await?;
    let export = Export { role: args.role.name(), changed: done == Exported::Written };
    output.value(&export, |e| format!("{}: {}", e.role, if e.changed { "written" } else { "nothing has changed" }));
    Ok(ExitCode::SUCCESS)
}

fn list(listed: &[Listed], reasons: Vec<Reason>, output: Output) -> ExitCode {
    let degraded: Vec<Degraded> = reasons
        .into_iter()
        .map(|r| Degraded {
            role: r.role.name(),
            code: r.code,
            says: r.says,
            breaks: r.breaks.map(|at| at.to_string()),
        })
        .collect();
    let overview = Overview { credentials: listed.iter().map(Shown::of).collect(), degraded };
    if output.is_json() {
        output.value(&overview, |_| String::new());
    } else {
        output.list(&overview.credentials, ["ROLE", "SLOT", "ENDS", "SUCCESSOR FROM", "STATE"], |c| {
            let date = |text: &str| text.split('T').next().unwrap_or(text).to_owned();
            let from = match (c.slot, &c.successor_takes_over) {
                ("current", Some(at)) => date(at),
                ("current", None) => "never".to_owned(),
                _ => String::new(),
            };
            [c.role.to_owned(), c.slot.to_owned(), date(&c.not_after), from, c.state.clone()]
        });
        for reason in &overview.degraded {
            let breaks = reason.breaks.as_ref().map_or_else(String::new, |at| format!(" (breaks {at})"));
            crate::print::line(&format!("degraded[{}]: {}: {}{breaks}", reason.code, reason.role, reason.says));
        }
    }
    if overview.degraded.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) }
}

async fn show(service: &Service, role: Role, output: Output) -> Result<ExitCode, Failure> {
    let listed = credential::list(service, world::now()).await?;
    let shown: Vec<Shown> = listed.iter().filter(|l| l.role == role).map(Shown::of).collect();
    output.value(&shown, |shown| shown.iter().map(text).collect::<Vec<_>>().join("\n"));
    Ok(ExitCode::SUCCESS)
}

fn text(c: &Shown) -> String {
    let lines = [
        ("state", Some(&c.state)),
        ("subject", c.subject.as_ref()),
        ("issuer", c.issuer.as_ref()),
        ("serial", c.serial.as_ref()),
        ("SHA-1", c.sha1.as_ref()),
        ("SHA-256", c.sha256.as_ref()),
        ("from", Some(&c.not_before)),
        ("to", Some(&c.not_after)),
        ("next made", c.successor_made.as_ref()),
        ("next used", c.successor_takes_over.as_ref()),
        ("key", Some(&c.key)),
    ];
    let said = lines.iter().filter_map(|(name, value)| value.map(|value| format!("  {name:<10} {value}\n")));
    format!("{} ({})\n{}", c.role, c.slot, said.collect::<String>())
}

#[derive(Serialize)]
struct Event {
    at: String,
    node: String,
    actor: String,
    credential: String,
    event: String,
    detail: String,
}

async fn history(args: &HistoryArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let filter = AuditFilter { verb: Some("credential".to_owned()), ..AuditFilter::default() };
    let rows = service.store.audit_list(&filter, args.limit, None).await?;
    let event = |row: server::store::AuditRow| Event {
        at: row.at.to_string(),
        node: row.chain,
        actor: row.entry.actor,
        credential: row.entry.object,
        event: row.entry.outcome,
        detail: row.entry.detail,
    };
    let events: Vec<Event> = rows.into_iter().map(event).collect();
    output.list(&events, ["WHEN", "WHO", "CREDENTIAL", "WHAT", "DETAIL"], |e| {
        let short = e.credential.chars().take(20).collect();
        [e.at.clone(), e.actor.clone(), short, e.event.clone(), e.detail.clone()]
    });
    Ok(ExitCode::SUCCESS)
}
