use std::io::Read;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use server::Secrets;
use zeroize::Zeroizing;

use super::Where;
use crate::failure::Failure;
use crate::print;

#[derive(Subcommand)]
pub(crate) enum SecretCommand {
    /// Print the keyed hash of a secret read from standard input: a static challenge or the password of the page
    Hash(HashArgs),
}

#[derive(Args)]
#[command(after_help = "Example:\n  printf %s 'the secret' | perennial secret hash --config perennial.toml")]
pub(crate) struct HashArgs {
    #[command(flatten)]
    place: Where,
}

pub(crate) fn run(command: &SecretCommand) -> Result<ExitCode, Failure> {
    let SecretCommand::Hash(args) = command;
    let folder = args.place.path().parent().map(std::path::Path::to_owned).unwrap_or_default();
    let secrets = Secrets::load(&folder)?;
    let mut text = Zeroizing::new(String::new());
    std::io::stdin().read_to_string(&mut text)?;
    let secret = text.trim_end_matches(['\r', '\n']);
    if secret.is_empty() {
        return Err(Failure::new("secret.empty", "nothing came on standard input"));
    }
    print::line(&pki::digest::hex(&secrets.pepper.key(secret).0));
    Ok(ExitCode::SUCCESS)
}
