mod audit;
mod authority;
mod canary;
mod case;
mod cert;
mod chain;
mod challenge;
mod check;
mod credential;
mod crl;
mod demo;
mod device;
mod doctor;
mod events;
mod forecast;
mod import_ndes;
mod init;
mod legacy;
mod probe;
mod secret;
mod serve;
mod simulate;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use server::Service;
use server::config::{Config, ConfigError};
use server::store::{Actor, Store};

use crate::failure::Failure;
use crate::print::Output;

/// SCEP service, CA and device client whose own certificates renew, and a doctor for broken NDES deployments.
#[derive(Parser)]
#[command(
    name = "perennial",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  perennial demo                                  see everything once, in a minute
  perennial init /srv/perennial --listen 0.0.0.0:80 --public-url http://scep.example.com
  perennial serve --config /srv/perennial/perennial.toml
  perennial challenge new --config /srv/perennial/perennial.toml --device laptop-17
  perennial enrol http://scep.example.com/scep --dir ./laptop-17 --subject CN=laptop-17 --challenge C

Exit status: 0 it is so; 1 it is not so, or was refused; 2 it could not be done."
)]
pub(crate) struct Line {
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a new service: keys, root, issuing CA, RA, configuration
    Init(init::InitArgs),
    /// Say what a configuration means and what is wrong with it
    Check(check::CheckArgs),
    /// Run the service
    Serve(serve::ServeArgs),
    /// Make and list challenges
    #[command(subcommand)]
    Challenge(challenge::ChallengeCommand),
    /// Look at requests, and decide those that wait
    #[command(subcommand)]
    Case(case::CaseCommand),
    /// Look at certificates, and revoke them
    #[command(subcommand)]
    Cert(cert::CertCommand),
    /// Show the revocation list, or make a new one
    Crl(crl::CrlArgs),
    /// Prepare the CA that will issue next
    #[command(subcommand)]
    Ca(authority::CaCommand),
    /// Look at the service's own certificates and secrets, and renew them
    #[command(subcommand)]
    Credential(credential::CredentialCommand),
    /// Say on which day what will fail, and why, or that nothing will
    Forecast(forecast::ForecastArgs),
    /// Enrol through the whole chain now, as a device would, and revoke what was got
    Canary(canary::CanaryArgs),
    /// Let decades go by in minutes: devices, renewals, and everything that goes wrong
    Simulate(simulate::SimulateArgs),
    /// Read the audit, and prove that nobody changed it
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Look at certificates that were refused, as text, JSON or CAPI2 events
    #[command(subcommand)]
    Events(events::EventsCommand),
    /// List who still uses SHA-1, triple or single DES
    Legacy(legacy::LegacyArgs),
    /// Make the keyed hash of a secret, for the configuration
    #[command(subcommand)]
    Secret(secret::SecretCommand),
    /// Device: get a first certificate from any SCEP server
    Enrol(device::EnrolArgs),
    /// Device: get a new certificate in place of the one held
    Renew(device::RenewArgs),
    /// Device: ask what has become of a request
    Poll(device::PollArgs),
    /// Device: show what a SCEP server can do, and its certificates
    Getca(device::GetcaArgs),
    /// Device: get the revocation list by SCEP
    Getcrl(device::GetcrlArgs),
    /// Say everything that is wrong with a certificate and its chain, as Windows would
    Chain(chain::ChainArgs),
    /// Say what is wrong with a Windows NDES deployment, from what it leaves behind
    Doctor(doctor::DoctorArgs),
    /// Write an NDES server's registry as a configuration of this program
    ImportNdes(import_ndes::ImportNdesArgs),
    /// Ask a live SCEP server what it shows, and say what is wrong with it; nothing is issued
    Probe(probe::ProbeArgs),
    /// See a device get, renew and lose a certificate
    Demo(demo::DemoArgs),
}

pub(crate) fn run(line: Line) -> Result<ExitCode, Failure> {
    let output = line.output;
    match line.command {
        Command::Check(args) => return check::run(&args, output),
        Command::Secret(command) => return secret::run(&command),
        Command::Doctor(args) => return doctor::run(&args, output),
        Command::Serve(args) => return serve::run(&args),
        Command::Chain(args) => return chain::run(&args, output),
        Command::ImportNdes(args) => return import_ndes::run(&args, output),
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match line.command {
            Command::Init(args) => init::run(&args, output).await,
            Command::Challenge(command) => challenge::run(&command, output).await,
            Command::Case(command) => case::run(&command, output).await,
            Command::Cert(command) => cert::run(&command, output).await,
            Command::Crl(args) => crl::run(&args, output).await,
            Command::Ca(command) => authority::run(&command, output).await,
            Command::Credential(command) => credential::run(&command, output).await,
            Command::Forecast(args) => forecast::run(&args, output).await,
            Command::Simulate(args) => simulate::run(&args, output).await,
            Command::Canary(args) => canary::run(&args, output).await,
            Command::Audit(command) => audit::run(&command, output).await,
            Command::Events(command) => events::run(&command, output).await,
            Command::Legacy(args) => legacy::run(&args, output).await,
            Command::Enrol(args) => device::enrol(&args, output).await,
            Command::Renew(args) => device::renew(&args, output).await,
            Command::Poll(args) => device::poll(&args, output).await,
            Command::Getca(args) => device::getca(&args, output).await,
            Command::Getcrl(args) => device::getcrl(&args, output).await,
            Command::Probe(args) => probe::run(&args, output).await,
            Command::Demo(args) => demo::run(&args, output).await,
            Command::Chain(_)
            | Command::Check(_)
            | Command::Secret(_)
            | Command::Serve(_)
            | Command::Doctor(_)
            | Command::ImportNdes(_) => Ok(ExitCode::SUCCESS),
        }
    })
}

/// Which service is meant.
#[derive(Debug, Clone, Args)]
pub(crate) struct Where {
    /// The configuration of the service
    #[arg(long, value_name = "FILE", env = "PERENNIAL_CONFIG", default_value = "perennial.toml")]
    config: PathBuf,
}

impl Where {
    pub(crate) fn path(&self) -> &Path {
        &self.config
    }

    pub(crate) fn read_config(&self) -> Result<Config, ConfigError> {
        Config::read(&self.config)
    }

    /// Its store alone: a registration point of its own host has no service beside it.
    pub(crate) async fn open_store(&self) -> Result<Store, Failure> {
        let config = self.read_config()?;
        Ok(Store::open(&config.store, &config.node).await?)
    }

    pub(crate) async fn open(&self) -> Result<Service, Failure> {
        Ok(Service::open(self.read_config()?).await?)
    }
}

/// Who gives an order, for the audit.
#[derive(Debug, Clone, Args)]
pub(crate) struct By {
    /// Your name, for the audit; the user of the system if not stated
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
}

impl By {
    pub(crate) fn actor(&self) -> Actor {
        let user = || ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
        let name = self.by.clone().or_else(user).unwrap_or_else(|| "operator".to_owned());
        Actor { name, source: "cli".to_owned() }
    }
}
