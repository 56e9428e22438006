use std::process::ExitCode;

use clap::{Args, Subcommand};
use ra::sealed::Claims;
use serde::Serialize;
use server::config::{Endpoint, Span};
use server::operator::{self, ChallengeFor};
use server::store::{ChallengeFilter, ChallengeStatus, StoredChallenge};
use server::{Service, world};

use super::{By, Where};
use crate::failure::Failure;
use crate::print::Output;

#[derive(Subcommand)]
pub(crate) enum ChallengeCommand {
    /// Make a challenge; it is shown once, only its keyed hash is kept
    New(Box<NewArgs>),
    /// List challenges by what they are for and what became of them
    List(ListArgs),
}

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial challenge new --device laptop-17
  perennial challenge new --endpoint staff --sid S-1-5-21-1-2-3-1104 --validity 1d
  perennial challenge new --sealed --endpoint mdm --subject CN=laptop-17 --name dns:laptop-17.example.com")]
pub(crate) struct NewArgs {
    #[command(flatten)]
    place: Where,
    #[command(flatten)]
    by: By,
    /// The endpoint it is for
    #[arg(long, default_value = "default")]
    endpoint: String,
    /// The device it is for
    #[arg(long)]
    device: Option<String>,
    /// The security identifier (SID) that goes into the certificate
    #[arg(long)]
    sid: Option<String>,
    /// Another profile than the endpoint's
    #[arg(long)]
    profile: Option<String>,
    /// How long it is good, as in 90m or 1d
    #[arg(long)]
    validity: Option<Span>,
    /// Make a sealed one, which carries what it is for in itself
    #[arg(long)]
    sealed: bool,
    /// Sealed: the subject the request must have
    #[arg(long, requires = "sealed", value_name = "NAME")]
    subject: Option<String>,
    /// Sealed: a subject alternative name the request must have, as dns:host, email:…, ip:…, uri:…, upn:…; repeatable
    #[arg(long = "name", requires = "sealed")]
    names: Vec<String>,
    /// Sealed: a key usage the request may state; repeatable
    #[arg(long = "key-usage", requires = "sealed")]
    key_usage: Vec<String>,
    /// Sealed: an extended key usage the request may state, as an object identifier; repeatable
    #[arg(long = "extended-key-usage", requires = "sealed", value_name = "OID")]
    extended_key_usage: Vec<String>,
    /// Sealed: the least size of an RSA key
    #[arg(long, requires = "sealed", value_name = "BITS")]
    key_bits: Option<u32>,
    /// Sealed: the user, for the record
    #[arg(long, requires = "sealed")]
    user: Option<String>,
    /// Sealed: the SHA-1 thumbprint of the certificate that must sign the request
    #[arg(long, requires = "sealed", value_name = "THUMBPRINT")]
    signer: Option<String>,
}

#[derive(Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    place: Where,
    /// Only those of this endpoint
    #[arg(long)]
    endpoint: Option<String>,
    /// Only those for this device
    #[arg(long)]
    device: Option<String>,
    /// At most so many
    #[arg(long, default_value_t = 100)]
    limit: u32,
}

#[derive(Serialize)]
struct Made {
    challenge: String,
    endpoint: String,
    expires: String,
}

#[derive(Serialize)]
struct Listed {
    id: String,
    endpoint: String,
    device: Option<String>,
    expires: String,
    made_by: String,
    status: &'static str,
    case: Option<String>,
}

pub(crate) async fn run(command: &ChallengeCommand, output: Output) -> Result<ExitCode, Failure> {
    match command {
        ChallengeCommand::New(args) => new(args, output).await,
        ChallengeCommand::List(args) => list(args, output).await,
    }
}

async fn new(args: &NewArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let endpoint = endpoint(&service, &args.endpoint)?;
    let wanted = ChallengeFor {
        device: args.device.clone(),
        sid: args.sid.clone(),
        profile: args.profile.clone(),
        validity: args.validity.map(|v| v.0),
    };
    let now = world::now();
    let made = if args.sealed {
        operator::seal_challenge(&service, endpoint, &wanted, claims(args), now)?
    } else {
        operator::new_challenge(&service, endpoint, &wanted, &args.by.actor(), now).await?
    };
    let made = Made {
        challenge: made.challenge.to_string(),
        endpoint: endpoint.name.clone(),
        expires: made.expires.to_string(),
    };
    output.value(&made, |made| made.challenge.clone());
    if !output.is_json() {
        eprintln!("good once at endpoint {} until {}", made.endpoint, made.expires);
    }
    Ok(ExitCode::SUCCESS)
}

/// An endpoint by its name.
pub(crate) fn endpoint<'s>(service: &'s Service, name: &str) -> Result<&'s Endpoint, Failure> {
    service.config.endpoints.get(name).ok_or_else(|| {
        let known: Vec<&str> = service.config.endpoints.keys().map(String::as_str).collect();
        Failure::new("config.endpoint", format!("there is no endpoint `{name}`; there are {}", known.join(", ")))
    })
}

fn claims(args: &NewArgs) -> Claims {
    let list = |words: &[String]| (!words.is_empty()).then(|| words.to_vec());
    Claims {
        id: String::new(),
        endpoint: String::new(),
        expires: 0,
        device: None,
        user: args.user.clone(),
        sid: None,
        profile: None,
        subject: args.subject.clone(),
        names: list(&args.names),
        key_usage: list(&args.key_usage),
        extended_key_usage: list(&args.extended_key_usage),
        key_bits: args.key_bits,
        signer: args.signer.clone(),
    }
}

async fn list(args: &ListArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let filter = ChallengeFilter {
        endpoint: args.endpoint.clone(),
        device: args.device.clone(),
        limit: args.limit,
        ..ChallengeFilter::default()
    };
    let now = world::now();
    let listed: Vec<Listed> = service.store.challenges(&filter, now).await?.iter().map(|c| row(c, now)).collect();
    output.list(&listed, ["ID", "ENDPOINT", "DEVICE", "STATUS", "EXPIRES", "MADE BY", "CASE"], |c| {
        [
            c.id.clone(),
            c.endpoint.clone(),
            c.device.clone().unwrap_or_default(),
            c.status.to_owned(),
            c.expires.clone(),
            c.made_by.clone(),
            c.case.clone().unwrap_or_default(),
        ]
    });
    Ok(ExitCode::SUCCESS)
}

fn row(stored: &StoredChallenge, now: pki::Time) -> Listed {
    let status = match (&stored.spent, stored.challenge.expires < now) {
        (Some(_), _) => ChallengeStatus::Spent,
        (None, true) => ChallengeStatus::Expired,
        (None, false) => ChallengeStatus::Outstanding,
    };
    Listed {
        // The start of its keyed hash names it; nothing can be done with it.
        id: pki::digest::hex(&stored.challenge.key).chars().take(12).collect(),
        endpoint: stored.challenge.endpoint.clone(),
        device: stored.challenge.device.clone(),
        expires: stored.challenge.expires.to_string(),
        made_by: stored.created_by.clone(),
        status: match status {
            ChallengeStatus::Spent => "spent",
            ChallengeStatus::Expired => "expired",
            ChallengeStatus::Outstanding => "outstanding",
        },
        case: stored.spent.as_ref().map(|(case, _)| case.0.clone()),
    }
}
