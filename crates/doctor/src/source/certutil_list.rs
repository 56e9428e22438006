//! A revocation list as `certutil -dump` and `certutil -store -v` print it.

use super::certutil_entry::{add_name, label_is_issuer};
use super::printed_time::PrintedTimes;
use crate::fact::capi2::ListKind;
use crate::fact::{CrlDescription, Thumbprint};

/// A list being put together.
///
/// Labels are localised, their order is not: the issuer, then the time of this list, then that of the next.
pub(crate) struct ListEntry {
    pub(crate) line: u64,
    pub(crate) described: CrlDescription,
    part: Part,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Head,
    Issuer,
    Times,
    /// Revoked certificates and extensions have times and names of their own.
    Rest,
}

/// Whether a heading announces a revocation list.
pub(crate) fn announces(lower: &str) -> bool {
    ["crl", "revocation list", "sperrliste", "liste de révocation"].iter().any(|word| lower.contains(word))
}

impl ListEntry {
    pub(crate) fn at(line: u64) -> ListEntry {
        ListEntry { line, described: CrlDescription::default(), part: Part::Head }
    }

    pub(crate) fn line(&mut self, line: &str, trimmed: &str, lower: &str, times: &mut PrintedTimes) {
        if lower.starts_with("2.5.29.27:") {
            self.described.kind = ListKind::Delta;
        }
        if lower.contains("hash(sha1)") && line.starts_with(|c: char| !c.is_whitespace()) {
            self.described.reference = trimmed.rsplit(':').next().and_then(Thumbprint::parse);
        }
        let labelled = trimmed.split_once(':').map(|(name, value)| (name, value.trim()));
        match (self.part, labelled) {
            (Part::Head, Some((name, ""))) if label_is_issuer(name) => self.part = Part::Issuer,
            (Part::Issuer, None) => add_name(&mut self.described.issuer, trimmed),
            (Part::Head | Part::Issuer, Some((_, value))) if !self.described.issuer.is_empty() => {
                self.described.this_update = times.read(value);
                if self.described.this_update.is_some() {
                    self.part = Part::Times;
                }
            }
            (Part::Times, Some((_, value))) => {
                // A list without end says so in words.
                self.described.next_update = times.read(value);
                self.part = Part::Rest;
            }
            _ => {}
        }
    }
}
