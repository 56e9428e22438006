//! What the evidence says of NDES's registry and of IIS, asked value by value. Reading is the doctor's.

use doctor::Evidence;
use doctor::fact::{RegistryData, RegistryValue};

/// Characters of a foreign text that are shown.
const MOST_SHOWN: usize = 160;
/// `…\Cryptography\MSCEP` and what is below it.
const MSCEP: &str = r"Cryptography\MSCEP";
/// `…\MicrosoftIntune` and what is below it.
const INTUNE: &str = "\\MicrosoftIntune";

/// The registry of NDES.
pub(super) struct Export<'e>(pub(super) &'e Evidence);

/// What the registry says of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stated<T> {
    /// Nothing.
    Missing,
    /// This.
    Is(T),
    /// Something that cannot be meant, or several different things: as shown to people.
    Odd(String),
}

impl<T> Stated<T> {
    pub(super) fn value(&self) -> Option<&T> {
        match self {
            Stated::Is(value) => Some(value),
            Stated::Missing | Stated::Odd(_) => None,
        }
    }
}

impl<'e> Export<'e> {
    /// Whether there is any of it.
    pub(super) fn is_there(&self) -> bool {
        self.0.registry().any(|(_, value)| below(&value.key, MSCEP))
    }

    /// A text below `MSCEP`.
    pub(super) fn text(&self, key: &str, name: &str) -> Stated<String> {
        self.stated(key, name, |data| data.text().map(|text| text.trim().to_owned()))
    }

    /// A number below `MSCEP`.
    pub(super) fn number(&self, key: &str, name: &str) -> Stated<u64> {
        self.stated(key, name, RegistryData::number)
    }

    fn stated<T: PartialEq>(&self, key: &str, name: &str, read: impl Fn(&RegistryData) -> Option<T>) -> Stated<T> {
        let path = if key.is_empty() { MSCEP.to_owned() } else { format!("{MSCEP}\\{key}") };
        let mut found = Stated::Missing;
        for (_, data) in self.0.registry_values(&path, name).filter(|(_, data)| **data != RegistryData::Deleted) {
            found = match (found, read(data)) {
                (Stated::Missing, Some(value)) => Stated::Is(value),
                (Stated::Is(before), Some(value)) if before == value => Stated::Is(value),
                (Stated::Missing, None) => Stated::Odd(data_shown(data)),
                (Stated::Is(_) | Stated::Odd(_), _) => Stated::Odd(format!("{} and others", data_shown(data))),
            };
        }
        found
    }

    /// Values below `MSCEP` that are none of these, and everything of Intune's connectors: where each is, and what it
    /// says.
    pub(super) fn others(&self, known: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (_, value) in self.0.registry() {
            let concerns = below(&value.key, MSCEP) || below(&value.key, INTUNE);
            let is_known = known.iter().any(|(key, name)| is(value, key, name));
            let row = (format!("{}\\{}", short(&value.key), shown(&value.name)), data_shown(&value.data));
            if concerns && !is_known && value.data != RegistryData::Deleted && !found.contains(&row) {
                found.push(row);
            }
        }
        found
    }
}

fn is(value: &RegistryValue, key: &str, name: &str) -> bool {
    let path = if key.is_empty() { MSCEP.to_owned() } else { format!("{MSCEP}\\{key}") };
    let end = format!("\\{}", path.to_ascii_lowercase());
    value.name.eq_ignore_ascii_case(name) && value.key.to_ascii_lowercase().ends_with(&end)
}

fn below(key: &str, part: &str) -> bool {
    let (key, part) = (key.to_ascii_lowercase(), part.to_ascii_lowercase());
    key.ends_with(&part) || key.contains(&format!("{part}\\"))
}

/// The part of a path that tells.
fn short(key: &str) -> String {
    let lower = key.to_ascii_lowercase();
    let at = ["mscep", "microsoftintune"].iter().find_map(|part| lower.find(part)).unwrap_or(0);
    shown(key.get(at..).unwrap_or(key))
}

/// A foreign text on one line, without what a comment must not hold.
pub(super) fn shown(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_SHOWN).collect();
    if text.chars().nth(MOST_SHOWN).is_some() { format!("{line}…") } else { line }
}

fn data_shown(data: &RegistryData) -> String {
    match data {
        RegistryData::Text(text) | RegistryData::ExpandText(text) => format!("\"{}\"", shown(text)),
        RegistryData::Texts(list) => format!("\"{}\"", shown(&list.join(", "))),
        RegistryData::Dword(number) => number.to_string(),
        RegistryData::Qword(number) => number.to_string(),
        RegistryData::Binary(octets) => format!("{} octets", octets.len()),
        RegistryData::Deleted => "deleted".to_owned(),
        RegistryData::Unreadable(text) => format!("unreadable: {}", shown(text)),
    }
}
