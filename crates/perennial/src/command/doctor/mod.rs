mod apart;
mod gather;
mod tell;
mod unzip;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use doctor::{Evidence, what_to_collect};

pub(super) use gather::gather;
pub(crate) use tell::Telling;
pub(super) use tell::moment;

use crate::failure::Failure;
use crate::print::{self, Output};

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial doctor --what-to-collect > collect.cmd   the commands that gather the evidence, to run on the NDES host
  perennial doctor C:\\perennial-evidence             a folder of evidence
  perennial doctor evidence.zip --format html --output report.html --redact
  perennial doctor -                                  text pasted from a ticket, on standard input

Exit status: 0 nothing is wrong; 1 something is, or will be; 2 too little was handed over to say; 3 nothing that was
handed over could be read.")]
pub(crate) struct DoctorArgs {
    /// Files, folders and zip archives of evidence, in any mixture; `-` is standard input
    #[arg(value_name = "PATH", required_unless_present = "what_to_collect")]
    paths: Vec<PathBuf>,
    /// Print the commands that collect the evidence, and do nothing else
    #[arg(long)]
    what_to_collect: bool,
    #[command(flatten)]
    telling: Telling,
}

/// Exit status when nothing could be read.
pub(super) const UNUSABLE: u8 = 3;

pub(crate) fn run(args: &DoctorArgs, output: Output) -> Result<ExitCode, Failure> {
    if args.what_to_collect {
        print::line(what_to_collect(args.telling.language()).trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let mut evidence = Evidence::default();
    if let Err(failure) = gather(&args.paths, &mut evidence) {
        // The status 2 of a failed command means something else here.
        failure.report();
        return Ok(ExitCode::from(UNUSABLE));
    }
    let diagnosis = args.telling.tell(&evidence, output)?;
    Ok(ExitCode::from(diagnosis.verdict.status()))
}
