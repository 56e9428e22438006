//! The figures, as a table that goes into the README.

use crate::floor::Floor;
use crate::load::Measured;
use crate::subject::Subject;

/// The rounds of one server with so many clients.
pub(crate) struct Row {
    subject: Subject,
    clients: usize,
    rounds: Vec<Measured>,
}

pub(crate) fn add(rows: &mut Vec<Row>, subject: Subject, clients: usize, measured: Measured) {
    match rows.iter_mut().find(|row| row.subject == subject && row.clients == clients) {
        Some(row) => row.rounds.push(measured),
        None => rows.push(Row { subject, clients, rounds: vec![measured] }),
    }
}

impl Row {
    /// Processor time of one enrolment, in milliseconds; the least of the rounds.
    fn cost(&self) -> f64 {
        let each = |m: &Measured| m.processor / to_float(m.enrolled.max(1));
        self.rounds.iter().map(each).fold(f64::INFINITY, f64::min)
    }

    fn rate(&self) -> f64 {
        self.rounds.iter().map(|m| to_float(m.enrolled) / m.seconds).fold(0.0, f64::max)
    }

    fn best(&self, of: impl Fn(&Measured) -> f64) -> f64 {
        self.rounds.iter().map(of).fold(f64::INFINITY, f64::min)
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts of a few thousand")]
fn to_float(count: usize) -> f64 {
    count as f64
}

pub(crate) fn print(rows: &[Row], floors: &[Floor]) {
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let private = median(floors.iter().map(|f| f.private).collect());
    let floor = median(floors.iter().map(|f| f.enrolment).collect());
    println!(
        "RSA-2048: one private operation {private:.3} ms; all operations of one enrolment {floor:.3} ms (the floor)\n"
    );
    println!(
        "| server | clients | enrolments/s | ms CPU each | times the floor | private operations' worth | p50 ms | p99 ms | MiB | refused or lost |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    for row in rows {
        let cost = row.cost();
        let lost: usize = row.rounds.iter().map(|m| m.asked - m.enrolled).sum();
        println!(
            "| {} | {} | {:.0} | {cost:.2} | {:.2} | {:.1} | {:.1} | {:.1} | {:.0} | {lost} |",
            row.subject.name(),
            row.clients,
            row.rate(),
            cost / floor,
            cost / private,
            row.best(|m| m.latency.0),
            row.best(|m| m.latency.1),
            row.best(|m| m.memory),
        );
    }
    verdict(rows, floor);
}

/// The two ratios that must hold.
fn verdict(rows: &[Row], floor: f64) {
    let least =
        |subject: Subject| rows.iter().filter(|r| r.subject == subject).map(Row::cost).fold(f64::INFINITY, f64::min);
    let (own, peer) = (least(Subject::Perennial), least(Subject::Scepserver));
    println!();
    let judged = |holds: bool| if holds { "holds" } else { "does NOT hold" };
    println!("At most 1.5 times the floor: {:.2}, {}.", own / floor, judged(own / floor <= 1.5));
    if peer.is_finite() {
        let ratio = peer / own;
        println!("At least 2.5 times scepserver's enrolments per CPU second: {ratio:.2}, {}.", judged(ratio >= 2.5));
    } else {
        println!("Beside scepserver: not run.");
    }
}
