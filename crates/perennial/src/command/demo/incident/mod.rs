//! The incident this program was made for, lived through twice in virtual time: as it was, and with Perennial.
//!
//! One service, one CA, one registration point, one client certificate that is renewed as it should be, and two policy
//! modules that differ in nothing but which certificate they show.

mod left;
mod replay;
mod site;

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use self::replay::{Phase, Replay, Tally};
use crate::failure::Failure;
use crate::print::{self, Output};

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial demo incident                     both columns, and what the machine leaves behind in a new folder
  perennial demo incident --dir ./evidence    the same, in a folder of your choice
  perennial doctor ./evidence --at 2026-01-16T06:00:00Z

Exit status: 0 it went as it is told; 1 it did not, and the last lines say how; 2 it could not be done.")]
pub(crate) struct IncidentArgs {
    /// Where to put what such a machine leaves behind; an empty folder, or one that is made
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub(crate) async fn run(args: &IncidentArgs, output: Output) -> Result<ExitCode, Failure> {
    let folder = folder(args.dir.as_deref())?;
    let scratch = tempfile::tempdir()?;
    let replay = replay::replay(&scratch.path().join("service")).await?;
    let mut deviations = left::leave(&replay, &folder)?;
    deviations.extend(replay.deviations());
    if output.is_json() {
        let told = Told::of(&replay, &folder, &deviations);
        print::line(&serde_json::to_string_pretty(&told).unwrap_or_default());
    } else {
        text(&replay, &folder, &deviations).iter().for_each(|line| print::line(line));
    }
    Ok(if deviations.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// An empty folder: what is somebody's stays as it is.
fn folder(wanted: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(wanted) = wanted else {
        return Ok(tempfile::Builder::new().prefix("perennial-incident-").tempdir()?.keep());
    };
    std::fs::create_dir_all(wanted)?;
    if std::fs::read_dir(wanted)?.next().is_some() {
        let says = format!("{} is not empty; nothing was changed", wanted.display());
        return Err(Failure::new("demo.folder", says));
    }
    Ok(wanted.to_owned())
}

/// The story for programs.
#[derive(Serialize)]
struct Told<'a> {
    as_told: bool,
    deviations: &'a [String],
    phases: &'a [Phase],
    as_it_was: Tally,
    with_perennial: Tally,
    first_failure: Option<FirstFailure<'a>>,
    pinned: String,
    renewed: String,
    evidence: String,
    collected: String,
}

#[derive(Serialize)]
struct FirstFailure<'a> {
    at: String,
    why: &'a str,
}

impl<'a> Told<'a> {
    fn of(replay: &'a Replay, folder: &Path, deviations: &'a [String]) -> Told<'a> {
        let (as_it_was, with_perennial) = replay.sums();
        Told {
            as_told: deviations.is_empty(),
            deviations,
            phases: &replay.phases,
            as_it_was,
            with_perennial,
            first_failure: replay.first_failure().map(|(one, why)| FirstFailure { at: one.at.to_string(), why }),
            pinned: replay.pinned.thumbprint(),
            renewed: replay.renewed.thumbprint(),
            evidence: folder.display().to_string(),
            collected: left::collected(replay).to_string(),
        }
    }
}

/// Columns of the table.
const DAYS: usize = 28;
const SIDE: usize = 24;

fn text(replay: &Replay, folder: &Path, deviations: &[String]) -> Vec<String> {
    let mut out = vec![
        "One service, one registration point, two policy modules, in virtual time. They differ in one thing:"
            .to_owned(),
        "the left one shows the certificate with the pinned thumbprint, the right one whichever has the role."
            .to_owned(),
        String::new(),
        format!("{:DAYS$}{:SIDE$}with Perennial", "", "as it was"),
    ];
    for phase in &replay.phases {
        out.push(paint(Paint::Faint, &format!("{:DAYS$}{}", phase.from.date(), phase.begins)));
        let days = format!("  {} – {}", phase.from.date(), phase.to.date());
        let left = side(phase.as_it_was, SIDE);
        out.push(format!("{days:DAYS$}{left}{}", side(phase.with_perennial, 0)));
    }
    out.push(String::new());
    out.extend(ending(replay));
    out.push(String::new());
    out.push(format!("pinned   {}", replay.pinned.thumbprint()));
    out.push(format!("renewed  {}", replay.renewed.thumbprint()));
    out.push(format!("What such a machine leaves behind is in {}", folder.display()));
    out.push(format!("  perennial doctor {} --at {}", folder.display(), left::collected(replay)));
    for deviation in deviations {
        out.push(paint(Paint::Bad, &format!("not as told: {deviation}")));
    }
    out
}

fn ending(replay: &Replay) -> Vec<String> {
    let (was, is) = replay.sums();
    let mut out = Vec::new();
    if let Some((attempt, why)) = replay.first_failure() {
        let code = why.split_once("403.").map_or(why, |(before, _)| why.get(before.len()..).unwrap_or(why));
        let code = code.split_once(": ").map_or(code, |(code, _)| code);
        out.push(format!("As it was, every enrolment fails from {} on: {code}.", attempt.at.date()));
        let days = (attempt.at.seconds() - replay.renewed_at.seconds()) / 86_400;
        out.push(format!(
            "A valid certificate had been in the store since {}, {days} days before.",
            replay.renewed_at.date()
        ));
    }
    let sum = |tally: Tally| format!("{} enrolled, {} failed", tally.enrolled, tally.failed);
    out.push(format!("As it was: {}. With Perennial: {}.", sum(was), sum(is)));
    out
}

fn side(tally: Tally, width: usize) -> String {
    let text = format!("{} of {} enrolled", tally.enrolled, tally.all());
    let colour = if tally.failed == 0 { Paint::Good } else { Paint::Bad };
    paint(colour, &format!("{text:width$}"))
}

/// Colours, on a terminal only.
#[derive(Clone, Copy)]
enum Paint {
    Good,
    Bad,
    Faint,
}

fn paint(how: Paint, text: &str) -> String {
    if !std::io::stdout().is_terminal() || std::env::var_os("NO_COLOR").is_some() {
        return text.to_owned();
    }
    let number = match how {
        Paint::Good => 32,
        Paint::Bad => 31,
        Paint::Faint => 2,
    };
    format!("\x1b[{number}m{text}\x1b[0m")
}
