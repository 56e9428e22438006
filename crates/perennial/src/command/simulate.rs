use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use pki::Time;
use serde::Serialize;
use server::simulation::{Report, Wanted, simulate};

use crate::failure::Failure;
use crate::print::{self, Output};

/// 2026-01-01T00:00:00Z: a report follows from its seed, not from the day on which it is made.
const FROM: Time = Time(1_767_225_600);
/// What fails is listed up to this many.
const MOST_SHOWN: usize = 20;

#[derive(Args)]
#[command(after_help = "\
Examples:
  perennial simulate                               25 years, 500 devices: some minutes
  perennial simulate --years 5 --devices 20        some seconds
  perennial simulate --seed 7 --json

The real service with a registration point, in a temporary folder, on a clock that jumps from one
event to the next: devices enrol, renew and are replaced; the service is restarted, dies in the
middle of its rounds, is off or suspended for weeks; its clock goes wrong; the registration point is
down for days. The same seed gives the same report.

Exit status: 0 nothing failed that should have worked; 1 something did; 2 it could not be done.")]
pub(crate) struct SimulateArgs {
    /// For how many years
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=100))]
    years: u32,
    /// For how many devices at a time
    #[arg(long, value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    devices: u32,
    /// What everything that is drawn follows from
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

#[derive(Serialize)]
struct Row {
    what: String,
    count: u64,
}

#[derive(Serialize)]
struct Refused {
    why: &'static str,
    code: String,
    count: u64,
}

#[derive(Serialize)]
struct Failed {
    at: String,
    what: String,
    says: String,
}

#[derive(Serialize)]
struct Shown {
    seed: u64,
    from: String,
    until: String,
    devices: u32,
    renewals: Vec<Row>,
    tried: u64,
    enrolled: u64,
    renewed: u64,
    repeated: u64,
    unreachable: u64,
    failed: u64,
    failures: Vec<Failed>,
    rightly_refused: Vec<Refused>,
    troubles: Vec<Row>,
    degraded: Vec<Row>,
    rounds: u64,
    audited: u64,
}

pub(crate) async fn run(args: &SimulateArgs, output: Output) -> Result<ExitCode, Failure> {
    let folder = tempfile::tempdir()?;
    let wanted = Wanted {
        years: args.years,
        devices: args.devices,
        seed: args.seed,
        from: FROM,
        folder: folder.path().join("site"),
    };
    let bar = bar(u64::from(args.years) * 365);
    let report = simulate(&wanted, |at| {
        bar.set_position(u64::try_from((at.seconds() - FROM.seconds()) / 86_400).unwrap_or(0));
    })
    .await?;
    bar.finish_and_clear();
    output.value(&shown(&report), text);
    if !output.is_json() && !report.failed.is_empty() {
        print::line("");
        for failed in report.failed.iter().take(MOST_SHOWN) {
            print::line(&format!("failed: {}: {}: {}", failed.at, failed.what, failed.says));
        }
    }
    Ok(if report.failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Days that have gone by; hidden where nobody looks.
fn bar(days: u64) -> ProgressBar {
    let bar = ProgressBar::new(days);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {percent}% {eta}") {
        bar.set_style(style);
    }
    bar
}

fn shown(report: &Report) -> Shown {
    let row = |(what, count): (&&'static str, &u64)| Row { what: (*what).to_owned(), count: *count };
    Shown {
        seed: report.seed,
        from: report.from.to_string(),
        until: report.until.to_string(),
        devices: report.devices,
        renewals: report.renewals.iter().map(|(role, n)| Row { what: role.name().to_owned(), count: *n }).collect(),
        tried: report.tried,
        enrolled: report.enrolled,
        renewed: report.renewed,
        repeated: report.repeated,
        unreachable: report.unreachable,
        failed: u64::try_from(report.failed.len()).unwrap_or(u64::MAX),
        failures: report
            .failed
            .iter()
            .map(|f| Failed { at: f.at.to_string(), what: f.what.clone(), says: f.says.clone() })
            .collect(),
        rightly_refused: report
            .refused
            .iter()
            .map(|((why, code), count)| Refused { why, code: code.clone(), count: *count })
            .collect(),
        troubles: report.troubles.iter().map(row).collect(),
        degraded: report.degraded.iter().map(row).collect(),
        rounds: report.rounds,
        audited: report.audited,
    }
}

fn text(shown: &Shown) -> String {
    let mut lines = vec![format!(
        "{} to {}, {} devices at a time, seed {}",
        day(&shown.from),
        day(&shown.until),
        shown.devices,
        shown.seed
    )];
    let mut part = |heading: &str, rows: Vec<(String, u64)>| {
        lines.push(format!("\n{heading}"));
        if rows.is_empty() {
            lines.push("  none".to_owned());
        }
        lines.extend(rows.into_iter().map(|(what, count)| format!("  {count:>7}  {what}")));
    };
    let rows = |rows: &[Row]| rows.iter().map(|row| (row.what.clone(), row.count)).collect::<Vec<_>>();
    part("renewals of the service's own credentials", rows(&shown.renewals));
    part("what happened to the service", rows(&shown.troubles));
    part("rounds in which the service said that it was degraded", rows(&shown.degraded));
    let refused = &shown.rightly_refused;
    let rightly = refused.iter().map(|r| (format!("{} ({})", r.why, r.code), r.count)).collect();
    part("rightly refused", rightly);
    let enrolments = [
        ("tried", shown.tried),
        ("first certificates", shown.enrolled),
        ("renewed certificates", shown.renewed),
        ("rightly refused", refused.iter().map(|r| r.count).sum()),
        ("FAILED", shown.failed),
        ("sent again by devices, and answered with the same certificate", shown.repeated),
        ("found nobody to ask, and came again", shown.unreachable),
    ];
    part("enrolments", enrolments.map(|(what, count)| (what.to_owned(), count)).to_vec());
    lines.push(format!("\n{} rounds; {} rows of the audit proved", shown.rounds, shown.audited));
    lines.join("\n")
}

fn day(at: &str) -> &str {
    at.split('T').next().unwrap_or(at)
}
