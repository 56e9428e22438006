//! The configuration as it is being written: lines with where each came from, and what has no place in it.

use serde::Serialize;

use super::export::shown;

/// A configuration with its comments.
#[derive(Default)]
pub(super) struct Draft {
    sections: Vec<Section>,
    pub(super) notes: Vec<Note>,
}

struct Section {
    heading: String,
    lines: Vec<String>,
}

/// Something in the registry that has no equivalent, or not the same one.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Note {
    /// Which value, as `MSCEP\PasswordMax = 5`.
    pub(super) registry: String,
    /// What becomes of it, and why.
    pub(super) says: String,
    /// Whether somebody must decide or do something.
    pub(super) needs: Needs,
}

/// What a note asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Needs {
    /// Somebody must look at it before the service goes live.
    You,
    /// Nothing: the service does without it.
    Nothing,
}

impl Draft {
    /// Begins a table.
    pub(super) fn section(&mut self, heading: &str) {
        self.sections.push(Section { heading: heading.to_owned(), lines: Vec::new() });
    }

    /// A line of the table, with the registry value it came from.
    pub(super) fn set(&mut self, key: &str, value: impl Into<toml::Value>, from: &str) {
        self.line(format!("{key} = {}  # {}", value.into(), shown(from)));
    }

    /// A line that only a person can fill in.
    pub(super) fn open(&mut self, line: &str, why: &str) {
        self.line(format!("# {line}  # {}", shown(why)));
    }

    fn line(&mut self, line: String) {
        if let Some(section) = self.sections.last_mut() {
            section.lines.push(line);
        }
    }

    /// Something for the list at the end.
    pub(super) fn note(&mut self, needs: Needs, registry: impl Into<String>, says: impl Into<String>) {
        self.notes.push(Note { registry: registry.into(), says: says.into(), needs });
    }

    /// The tables.
    pub(super) fn configuration(&self) -> String {
        let table = |section: &Section| {
            let lines: String = section.lines.iter().map(|line| format!("{line}\n")).collect();
            format!("[{}]\n{lines}", section.heading)
        };
        self.sections.iter().map(table).collect::<Vec<_>>().join("\n")
    }

    /// The notes that ask for this.
    pub(super) fn that_need(&self, needs: Needs) -> impl Iterator<Item = &Note> {
        self.notes.iter().filter(move |note| note.needs == needs)
    }
}
