//! What an enrolment costs: enrolments per second and processor time of the server process for each, over loopback HTTP
//! with RSA-2048 keys, beside the RSA operations alone measured in the same run, and beside the same load on micromdm's
//! `scepserver`.
//!
//! The messages are made before the clock runs, so that the device's own work does not count; every reply is opened
//! afterwards, and only those that hold the certificate asked for are counted. Processor time is that of the server
//! process (user and system, `/proc/PID/stat`), which a busy neighbour disturbs less than wall-clock time.

#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::disallowed_macros,
    clippy::unwrap_used,
    reason = "a measuring program; it stops at what goes wrong"
)]

mod floor;
mod load;
mod report;
mod subject;

use clap::Parser;
use report::Row;
use subject::Subject;

#[derive(Parser)]
#[command(about = "Measures what an enrolment costs")]
struct Options {
    /// Enrolments in each round
    #[arg(long, default_value_t = 600)]
    enrolments: usize,
    /// Rounds; the servers take turns, and the best of each counts
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// Clients at a time
    #[arg(long, value_delimiter = ',', default_values_t = [1, 4, 16])]
    clients: Vec<usize>,
    /// Only this server: perennial or scepserver
    #[arg(long)]
    only: Option<String>,
    /// The program to measure
    #[arg(long, default_value = "target/release/perennial")]
    perennial: std::path::PathBuf,
}

fn main() {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut rows: Vec<Row> = Vec::new();
    let mut floors = vec![floor::measure()];
    for round in 1..=options.rounds {
        for clients in &options.clients {
            let wanted = |s: &Subject| options.only.as_deref().is_none_or(|only| only == s.name());
            for subject in [Subject::Perennial, Subject::Scepserver].into_iter().filter(wanted) {
                eprintln!("round {round} of {}: {} with {clients} clients …", options.rounds, subject.name());
                match subject.start(&options.perennial) {
                    Ok(running) => {
                        let measured = runtime.block_on(load::run(&running, options.enrolments, *clients));
                        report::add(&mut rows, subject, *clients, measured);
                    }
                    Err(why) => eprintln!("not run: {}: {why}", subject.name()),
                }
            }
        }
        floors.push(floor::measure());
    }
    report::print(&rows, &floors);
}
