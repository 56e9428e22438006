//! What an NDES server's registry says, as a configuration of Perennial.

mod draft;
mod export;
mod iis;
mod pin;
mod translate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use doctor::Evidence;
use pki::Time;
use serde::Serialize;

use self::draft::{Draft, Needs, Note};
use self::export::Export;
use self::pin::{Found, Pin};
use self::translate::translate;
use super::doctor::{gather, moment};
use crate::failure::Failure;
use crate::print::Output;

#[derive(Args)]
#[command(after_help = "\
Examples:
  reg export HKLM\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP MSCEP.reg     on the NDES server
  perennial import-ndes MSCEP.reg > perennial.toml
  perennial import-ndes MSCEP.reg --applicationhost applicationHost.config --certificates ./exported

What is printed is a whole configuration: each line says which value of the registry it came from, and what has no
equivalent stands in comments at the end. The registry names no keys and no CA of yours: `perennial init` makes them.

Exit status: 0 everything in the registry has its equivalent or needs none; 1 it is printed, and something in it needs
you; 2 nothing could be read, or it holds no registry of NDES.")]
pub(crate) struct ImportNdesArgs {
    /// The registry export: a .reg file of either version, or what `reg query /s` prints
    #[arg(value_name = "FILE")]
    registry: PathBuf,
    /// IIS's applicationHost.config, for address and port
    #[arg(long, value_name = "FILE")]
    applicationhost: Option<PathBuf>,
    /// Certificates of the server: says whether the pinned one is among them, and its successor
    #[arg(long, value_name = "DIR")]
    certificates: Option<PathBuf>,
    /// Judge certificates as of this moment (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Time>,
}

/// What was made of it, for programs.
#[derive(Serialize)]
struct Imported<'a> {
    configuration: &'a str,
    notes: &'a [Note],
    pin: Option<Found>,
}

pub(crate) fn run(args: &ImportNdesArgs, output: Output) -> Result<ExitCode, Failure> {
    let registry = read(&args.registry)?;
    let export = Export(&registry);
    if !export.is_there() {
        let says = format!("{} holds no registry of NDES", args.registry.display());
        let next = r"export it with `reg export HKLM\SOFTWARE\Microsoft\Cryptography\MSCEP MSCEP.reg`";
        return Err(Failure::new("import.foreign", says).with_next(next));
    }
    let pin = Pin::of(&export);
    let certificates = args.certificates.as_ref().map(read).transpose()?;
    let iis = args.applicationhost.as_ref().map(read).transpose()?;
    let bindings = iis.as_ref().map(iis::bindings).unwrap_or_default();
    let mut draft = translate(&export, &pin, &bindings);
    if args.applicationhost.is_some() && bindings.is_empty() {
        draft.note(
            Needs::You,
            "applicationHost.config",
            "no site in it has NDES and a binding; its defaults were taken",
        );
    }
    let now = args.at.unwrap_or_else(server::world::now);
    let asked = pin.thumbprint().zip(certificates.as_ref());
    let found = asked.map(|(thumbprint, certificates)| pin::look(thumbprint, certificates, now));
    let configuration = written(&draft, found.as_ref());
    let needs_you = draft.that_need(Needs::You).next().is_some();
    output.value(&Imported { configuration: &configuration, notes: &draft.notes, pin: found }, |imported| {
        imported.configuration.to_owned()
    });
    Ok(if needs_you { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Reads a file or a folder as the doctor does.
fn read(path: &PathBuf) -> Result<Evidence, Failure> {
    let mut evidence = Evidence::default();
    gather(std::slice::from_ref(path), &mut evidence)?;
    Ok(evidence)
}

/// The configuration, with everything else in comments behind it.
fn written(draft: &Draft, pin: Option<&Found>) -> String {
    let mut out = String::from(
        "# What NDES's registry says, as `perennial import-ndes` reads it. Keys, CA and the challenge page's user are not\n\
         # in it: make a service with `perennial init`, then take these tables over into its perennial.toml.\n\n",
    );
    out.push_str(&draft.configuration());
    if let Some(pin) = pin {
        out.push_str(&format!("\n# The pin: {}.\n", pin.says));
    }
    for (needs, heading) in [(Needs::You, "Needs you"), (Needs::Nothing, "Has no equivalent, and needs none")] {
        let notes: Vec<&Note> = draft.that_need(needs).collect();
        if !notes.is_empty() {
            out.push_str(&format!("\n# {heading}:\n"));
        }
        for note in notes {
            out.push_str(&format!("#  - {}: {}.\n", shown_whole(&note.registry), shown_whole(&note.says)));
        }
    }
    out
}

/// A text on one line of a comment; its foreign parts are short already.
fn shown_whole(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests;
