use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use pki::key::KeySpec;
use serde::Serialize;
use server::init::{Legacy, Made, Wanted, WantedPoint, init};
use server::world;
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::print::Output;

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial init ./pki
  perennial init /srv/perennial --listen 0.0.0.0:80 --public-url http://scep.example.com --organisation Example
  perennial init ./pki --with-registration-point
  perennial init ./lab --static-challenge secret --legacy        for clients that know nothing better")]
pub(crate) struct InitArgs {
    /// The folder to make
    folder: PathBuf,
    /// Where to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// How devices reach the service; it stands in certificates
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// Where everything is kept: sqlite:PATH or postgres://…
    #[arg(long, value_name = "URL")]
    store: Option<String>,
    /// What the CAs are called
    #[arg(long, value_name = "NAME", default_value = "Perennial")]
    organisation: String,
    /// Key of the root: rsa-2048, rsa-3072, rsa-4096, p-256, p-384
    #[arg(long, value_name = "KIND", default_value = "rsa-3072", value_parser = key_spec)]
    root_key: KeySpec,
    /// How many years the root lives; it is never renewed, and everything below it ends with it
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u8).range(1..=100))]
    root_years: u8,
    /// Key of the issuing CA
    #[arg(long, value_name = "KIND", default_value = "rsa-2048", value_parser = key_spec)]
    ca_key: KeySpec,
    /// A challenge that is the same for all devices; only its keyed hash is kept
    #[arg(long, value_name = "SECRET")]
    static_challenge: Option<String>,
    /// Take requests in single and triple DES from old clients
    #[arg(long)]
    legacy: bool,
    /// Make a registration point too, and an endpoint `mdm` whose challenges it makes and verifies
    #[arg(long)]
    with_registration_point: bool,
    /// Where the registration point is to listen
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8443", requires = "with_registration_point")]
    registration_point_listen: SocketAddr,
    /// How this service reaches the registration point, as https://host:port; its certificate is for that host
    #[arg(long, value_name = "URL", requires = "with_registration_point")]
    registration_point_url: Option<String>,
    /// Put the registration point into a folder of its own, to be taken to another host
    #[arg(long, value_name = "FOLDER", requires = "with_registration_point")]
    registration_point_folder: Option<PathBuf>,
}

/// A kind of key by its name.
pub(crate) fn key_spec(text: &str) -> Result<KeySpec, String> {
    KeySpec::by_name(text).ok_or_else(|| "there are rsa-2048, rsa-3072, rsa-4096, p-256, p-384".to_owned())
}

#[derive(Serialize)]
struct Report {
    config: String,
    root_key: String,
    root_sha256: String,
    issuing_subject: String,
    issuing_sha256: String,
    issuing_sha1: String,
    issuing_ends: String,
    scep_url: String,
    admin_user: String,
    admin_password: String,
    registration_point_config: Option<String>,
}

pub(crate) async fn run(args: &InitArgs, output: Output) -> Result<ExitCode, Failure> {
    let wanted = Wanted {
        folder: args.folder.clone(),
        listen: args.listen,
        public_url: args.public_url.clone(),
        store: args.store.clone(),
        organisation: args.organisation.clone(),
        root_key: args.root_key,
        root_validity: i64::from(args.root_years) * 365 * 86_400,
        issuing_key: args.ca_key,
        static_challenge: args.static_challenge.clone().map(Zeroizing::new),
        legacy: if args.legacy { Legacy::Accept } else { Legacy::Refuse },
        registration_point: args.with_registration_point.then(|| WantedPoint {
            listen: args.registration_point_listen,
            url: args.registration_point_url.clone(),
            folder: args.registration_point_folder.clone(),
        }),
    };
    let made = init(&wanted, world::now()).await?;
    let base = args.public_url.clone().unwrap_or_else(|| format!("http://{}", args.listen));
    output.value(&report(&made, base.trim_end_matches('/')), text);
    Ok(ExitCode::SUCCESS)
}

fn report(made: &Made, base: &str) -> Report {
    Report {
        config: made.config.display().to_string(),
        root_key: made.root_key.display().to_string(),
        root_sha256: pki::digest::hex(&made.root.fingerprint()),
        issuing_subject: made.issuing.subject().to_string(),
        issuing_sha256: pki::digest::hex(&made.issuing.fingerprint()),
        issuing_sha1: made.issuing.thumbprint(),
        issuing_ends: made.issuing.validity().not_after.to_string(),
        scep_url: format!("{base}/scep"),
        admin_user: made.admin_user.clone(),
        admin_password: made.admin_password.to_string(),
        registration_point_config: made.point_config.as_ref().map(|path| path.display().to_string()),
    }
}

fn text(report: &Report) -> String {
    let point = report.registration_point_config.as_ref().map(|path| {
        let folder = std::path::Path::new(path).parent().unwrap_or(std::path::Path::new("."));
        format!(
            "\nThe registration point is in {}. Take that folder to its host, and there run\n  \
             perennial serve --role registration-point --config perennial.toml\n",
            folder.display()
        )
    });
    let made = made(report);
    format!("{made}{}", point.unwrap_or_default())
}

fn made(report: &Report) -> String {
    format!(
        "\
A service has been made.

  configuration     {config}
  issuing CA        {subject}
    ends            {ends}
    SHA-256         {sha256}
    SHA-1           {sha1}
  root SHA-256      {root}
  challenge page    user {user}, password {password}   (shown once; only its keyed hash is kept)

The root's key is in {root_key}.
Take it off this machine: nothing but the next CA and the root's own revocation list needs it.

Next:
  perennial serve --config {config}
  perennial challenge new --config {config}
and give devices the address {url}
",
        config = report.config,
        subject = report.issuing_subject,
        ends = report.issuing_ends,
        sha256 = report.issuing_sha256,
        sha1 = report.issuing_sha1,
        root = report.root_sha256,
        user = report.admin_user,
        password = report.admin_password,
        root_key = report.root_key,
        url = report.scep_url,
    )
}
