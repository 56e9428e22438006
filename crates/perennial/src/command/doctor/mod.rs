mod gather;
mod unzip;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use doctor::report::{Colour, Names, Report, html, markdown, text};
use doctor::{Evidence, Language, diagnose, what_to_collect};
use pki::Time;

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
    /// How to report
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The language of the report
    #[arg(long, value_enum, default_value_t = Lang::En)]
    lang: Lang,
    /// Replace names, hosts, addresses and SIDs, the same by the same
    #[arg(long)]
    redact: bool,
    /// Judge as of this moment (RFC 3339), for evidence that is not of today
    #[arg(long, value_name = "TIME", value_parser = moment)]
    at: Option<Time>,
    /// Write the report to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A page to read
    Text,
    /// As docs/reference/doctor-report.schema.json describes it
    Json,
    /// For a ticket
    Markdown,
    /// One self-contained file with a picture
    Html,
}

#[derive(Clone, Copy, ValueEnum)]
enum Lang {
    /// English
    En,
    /// German
    De,
}

fn moment(text: &str) -> Result<Time, String> {
    let day = format!("{text}T00:00:00Z");
    Time::parse_rfc3339(text)
        .or_else(|| Time::parse_rfc3339(&day))
        .ok_or_else(|| "a moment as 2026-11-24T12:00:00Z, or a day as 2026-11-24".to_owned())
}

/// Exit status when nothing could be read.
const UNUSABLE: u8 = 3;

pub(crate) fn run(args: &DoctorArgs, output: Output) -> Result<ExitCode, Failure> {
    let language = match args.lang {
        Lang::En => Language::English,
        Lang::De => Language::German,
    };
    if args.what_to_collect {
        print::line(what_to_collect(language).trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let mut evidence = Evidence::default();
    if let Err(failure) = gather::gather(&args.paths, &mut evidence) {
        // The status 2 of a failed command means something else here.
        failure.report();
        return Ok(ExitCode::from(UNUSABLE));
    }
    let now = args.at.unwrap_or_else(present);
    let diagnosis = diagnose(&evidence, now);
    let names = if args.redact { Names::Redacted } else { Names::Shown };
    let report = Report::new(&diagnosis, &evidence, language, names);
    let format = if output.is_json() { Format::Json } else { args.format };
    write(&printed(&report, format, args.output.is_none())?, args.output.as_deref())?;
    Ok(ExitCode::from(diagnosis.verdict.status()))
}

fn present() -> Time {
    Time(jiff::Timestamp::now().as_second())
}

fn printed(report: &Report, format: Format, to_screen: bool) -> Result<String, Failure> {
    Ok(match format {
        Format::Text => {
            let terminal = to_screen && std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            text(report, if terminal { Colour::On } else { Colour::Off })
        }
        Format::Json => report.json().map_err(|error| Failure::new("doctor.report", error.to_string()))?,
        Format::Markdown => markdown(report),
        Format::Html => html(report),
    })
}

fn write(report: &str, file: Option<&std::path::Path>) -> Result<(), Failure> {
    match file {
        Some(path) => std::fs::write(path, report)
            .map_err(|error| Failure::new("doctor.output", format!("{}: {error}", path.display()))),
        None => {
            let mut out = std::io::stdout().lock();
            // A closed pipe (`| head`) is no failure of the diagnosis.
            let _ = writeln!(out, "{}", report.trim_end());
            Ok(())
        }
    }
}
