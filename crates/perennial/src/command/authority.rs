use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use pki::Certificate;
use pki::key::{KeySpec, PrivateKey};
use serde::Serialize;
use server::{init, world};

use super::Where;
use super::init::key_spec;
use crate::failure::Failure;
use crate::print::Output;

#[derive(Subcommand)]
pub(crate) enum CaCommand {
    /// Show the root and the issuing CAs
    Show(ShowArgs),
    /// Prepare the CA that will issue next; devices can fetch it with GetNextCACert
    Next(NextArgs),
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    #[command(flatten)]
    place: Where,
}

#[derive(Args)]
#[command(after_help = "Example:\n  perennial ca next --root-key /media/stick/root.key.pem")]
pub(crate) struct NextArgs {
    #[command(flatten)]
    place: Where,
    /// The root's key; in the folder of the service if not stated
    #[arg(long, value_name = "FILE")]
    root_key: Option<PathBuf>,
    /// Key of the next CA
    #[arg(long, value_name = "KIND", default_value = "rsa-2048", value_parser = key_spec)]
    key: KeySpec,
}

#[derive(Serialize)]
struct Authority {
    place: &'static str,
    subject: String,
    serial: String,
    not_before: String,
    not_after: String,
    key: String,
    sha1: String,
    sha256: String,
}

fn authority(place: &'static str, certificate: &Certificate) -> Authority {
    Authority {
        place,
        subject: certificate.subject().to_string(),
        serial: certificate.serial_hex(),
        not_before: certificate.validity().not_before.to_string(),
        not_after: certificate.validity().not_after.to_string(),
        key: certificate.public_key().kind().to_string(),
        sha1: certificate.thumbprint(),
        sha256: pki::digest::hex(&certificate.fingerprint()),
    }
}

pub(crate) async fn run(command: &CaCommand, output: Output) -> Result<ExitCode, Failure> {
    match command {
        CaCommand::Show(args) => show(args, output).await,
        CaCommand::Next(args) => next(args, output).await,
    }
}

async fn show(args: &ShowArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let credentials = service.credentials.load();
    let mut all = vec![authority("root", &credentials.root)];
    let places = ["issuing", "earlier"];
    for (index, keyed) in credentials.issuing.iter().enumerate() {
        all.push(authority(places[index.min(1)], &keyed.certificate));
    }
    all.extend(credentials.next.iter().map(|c| authority("next", c)));
    output.list(&all, ["CA", "SUBJECT", "ENDS", "KEY", "SHA-256"], |a| {
        [a.place.to_owned(), a.subject.clone(), a.not_after.clone(), a.key.clone(), a.sha256.clone()]
    });
    Ok(ExitCode::SUCCESS)
}

async fn next(args: &NextArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let path = args.root_key.clone().unwrap_or_else(|| service.config.folder.join(init::ROOT_KEY));
    let octets = std::fs::read(&path).map(zeroize::Zeroizing::new).map_err(|error| {
        Failure::new("root.key", format!("{}: {error}", path.display())).with_next("name it with --root-key FILE")
    })?;
    let key =
        PrivateKey::parse(&octets).map_err(|error| Failure::new("root.key", format!("{}: {error}", path.display())))?;
    let made = init::prepare_next(&service, &key, args.key, world::now()).await?;
    output.value(&authority("next", &made), |a| {
        format!("the next CA is prepared: {} until {}\n  SHA-256 {}", a.subject, a.not_after, a.sha256)
    });
    Ok(ExitCode::SUCCESS)
}
