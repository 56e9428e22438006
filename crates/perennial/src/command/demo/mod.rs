//! Everything once, in front of your eyes: real keys, real HTTP on a loopback port, a folder that is gone afterwards.

mod incident;
mod stage;
mod story;

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::failure::Failure;
use crate::print::Output;
use stage::Stage;
use story::Story;

#[derive(Args)]
#[command(after_help = "Exit status: 0 every step went as it should; 2 one did not, and the last line says which.")]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DemoArgs {
    #[command(subcommand)]
    which: Option<Which>,
    /// Key of the issuing CA
    #[arg(long, value_name = "KIND", default_value = "rsa-2048", value_parser = super::init::key_spec)]
    ca_key: pki::key::KeySpec,
}

#[derive(Subcommand)]
enum Which {
    /// Live through the incident of the pinned thumbprint twice, in virtual time: as it was, and with Perennial
    Incident(incident::IncidentArgs),
}

pub(crate) async fn run(args: &DemoArgs, output: Output) -> Result<ExitCode, Failure> {
    if let Some(Which::Incident(args)) = &args.which {
        return incident::run(args, output).await;
    }
    let mut story = Story::begin("A device gets, renews and loses a certificate.");
    let stage = Stage::build(args.ca_key, &mut story).await?;
    stage.enrol(&mut story).await?;
    stage.wrong_challenge(&mut story).await?;
    stage.used_challenge(&mut story).await?;
    stage.renew(&mut story).await?;
    stage.approval(&mut story).await?;
    stage.revoke(&mut story).await?;
    stage.audit(&mut story).await?;
    stage.end().await;
    story.end();
    Ok(ExitCode::SUCCESS)
}
