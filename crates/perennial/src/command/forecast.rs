use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use server::forecast::{Event, Kind, forecast};
use server::world;

use super::Where;
use crate::failure::Failure;
use crate::print::{self, Output};

const YEAR: i64 = 365 * 86_400;

#[derive(Args)]
#[command(after_help = "\
Example:
  perennial forecast --years 10

Runs the service's own rounds on a copy of its state, with a clock that jumps from one due date to the next.
Exit status: 0 nothing fails within the time; 1 something does; 2 it could not be found out.")]
pub(crate) struct ForecastArgs {
    #[command(flatten)]
    place: Where,
    /// How far to look
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u8).range(1..=100))]
    years: u8,
}

#[derive(Serialize)]
struct Shown {
    at: String,
    kind: &'static str,
    what: String,
    code: &'static str,
    says: String,
}

impl Shown {
    fn of(event: &Event) -> Shown {
        let kind = match event.kind {
            Kind::Renewed => "renewed",
            Kind::Foreseeable => "foreseeable",
            Kind::Fails => "fails",
        };
        Shown { at: event.at.to_string(), kind, what: event.what.clone(), code: event.code, says: event.says.clone() }
    }
}

#[derive(Serialize)]
struct Timeline {
    from: String,
    until: String,
    fails: bool,
    events: Vec<Shown>,
}

pub(crate) async fn run(args: &ForecastArgs, output: Output) -> Result<ExitCode, Failure> {
    let service = args.place.open().await?;
    let scratch = tempfile::tempdir()?;
    let now = world::now();
    let until = now.plus(i64::from(args.years) * YEAR);
    let seen = forecast(&service, scratch.path(), now, until).await?;
    let first = seen.failures().next().map(Shown::of);
    let timeline = Timeline {
        from: seen.from.to_string(),
        until: seen.until.to_string(),
        fails: first.is_some(),
        events: seen.events.iter().map(Shown::of).collect(),
    };
    if output.is_json() {
        output.value(&timeline, |_| String::new());
    } else {
        output.list(&timeline.events, ["DAY", "WHAT", "EVENT", "CODE", "WHY"], |e| {
            let day = e.at.split('T').next().unwrap_or(&e.at).to_owned();
            [day, e.what.clone(), e.kind.to_owned(), e.code.to_owned(), e.says.clone()]
        });
        print::line(&match &first {
            Some(first) => format!("first failure: {}: {}: {}", first.at, first.what, first.says),
            None => format!("nothing fails until {}", timeline.until),
        });
    }
    Ok(if timeline.fails { ExitCode::from(1) } else { ExitCode::SUCCESS })
}
