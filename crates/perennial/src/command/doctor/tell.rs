use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use doctor::report::{Colour, Names, Report, html, markdown, text};
use doctor::{Diagnosis, Evidence, Language, diagnose};
use pki::Time;

use crate::failure::Failure;
use crate::print::Output;

/// How a diagnosis is told.
#[derive(Args)]
pub(crate) struct Telling {
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

/// A moment or a day as people type it.
pub(in crate::command) fn moment(text: &str) -> Result<Time, String> {
    let day = format!("{text}T00:00:00Z");
    Time::parse_rfc3339(text)
        .or_else(|| Time::parse_rfc3339(&day))
        .ok_or_else(|| "a moment as 2026-11-24T12:00:00Z, or a day as 2026-11-24".to_owned())
}

impl Telling {
    pub(crate) fn language(&self) -> Language {
        match self.lang {
            Lang::En => Language::English,
            Lang::De => Language::German,
        }
    }

    /// Judges the evidence and prints the report.
    pub(crate) fn tell(&self, evidence: &Evidence, output: Output) -> Result<Diagnosis, Failure> {
        let diagnosis = diagnose(evidence, self.at.unwrap_or_else(present));
        let names = if self.redact { Names::Redacted } else { Names::Shown };
        let report = Report::new(&diagnosis, evidence, self.language(), names);
        let printed = match if output.is_json() { Format::Json } else { self.format } {
            Format::Text => text(&report, self.colour()),
            Format::Json => report.json().map_err(|error| Failure::new("doctor.report", error.to_string()))?,
            Format::Markdown => markdown(&report),
            Format::Html => html(&report),
        };
        write(&printed, self.output.as_deref())?;
        Ok(diagnosis)
    }

    fn colour(&self) -> Colour {
        let screen = self.output.is_none() && std::io::stdout().is_terminal();
        if screen && std::env::var_os("NO_COLOR").is_none() { Colour::On } else { Colour::Off }
    }
}

fn present() -> Time {
    Time(jiff::Timestamp::now().as_second())
}

fn write(report: &str, file: Option<&Path>) -> Result<(), Failure> {
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
