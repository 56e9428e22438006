//! What commands print: a table or a few lines for people, JSON for programs.

use std::io::Write;

use serde::Serialize;

/// How to print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::Args)]
pub(crate) struct Output {
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

impl Output {
    pub(crate) fn is_json(self) -> bool {
        self.json
    }

    /// Prints a value: as JSON, or as `text` says.
    pub(crate) fn value<T: Serialize>(self, value: &T, text: impl FnOnce(&T) -> String) {
        if self.json {
            line(&serde_json::to_string_pretty(value).unwrap_or_default());
        } else {
            line(text(value).trim_end());
        }
    }

    /// Prints a list: as a JSON array, or as a table under these headings.
    pub(crate) fn list<T: Serialize, const N: usize>(
        self,
        items: &[T],
        headings: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) {
        if self.json {
            line(&serde_json::to_string_pretty(items).unwrap_or_default());
            return;
        }
        if items.is_empty() {
            line("none");
            return;
        }
        let rows: Vec<[String; N]> = items.iter().map(row).collect();
        let widths: [usize; N] = std::array::from_fn(|column| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.chain([headings[column].len()]).max().unwrap_or(0)
        });
        print_row(&headings.map(str::to_owned), &widths);
        for row in &rows {
            print_row(row, &widths);
        }
    }
}

fn print_row<const N: usize>(cells: &[String; N], widths: &[usize; N]) {
    let padded: Vec<String> = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
    line(padded.join("  ").trim_end());
}

/// Prints a line. Whoever closed the other end of a pipe has seen enough.
pub(crate) fn line(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}
