//! What `certutil -store`, `certutil -store -v` and `certutil -dump` print of certificates and revocation lists, in
//! English, German and French.
//!
//! Labels are localised, object identifiers and hexadecimal numbers are not: extensions are told by their numbers.

use super::certutil_entry::Entry;
use super::certutil_list::{self, ListEntry};
use super::lines::{Line, Lines};
use super::notes::Notes;
use super::printed_time::PrintedTimes;
use crate::fact::certificate::{CertificateFact, CertificateOrigin, PrivateKey, StoreName, StoreOwner};
use crate::fact::evidence::Weight;
use crate::fact::{Observed, Position};

/// Reads one listing.
pub(crate) struct Certutil {
    lines: Lines,
    times: PrintedTimes,
    store: Option<StoreName>,
    entry: Option<Entry>,
    list: Option<ListEntry>,
    user: StoreOwner,
}

impl Certutil {
    pub(crate) fn new() -> Certutil {
        Certutil {
            lines: Lines::default(),
            times: PrintedTimes::default(),
            store: None,
            entry: None,
            list: None,
            user: StoreOwner::Machine,
        }
    }

    pub(crate) fn feed(&mut self, text: &str, notes: &mut Notes<'_>) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.feed(text, notes.item_limit(), |line| self.any(line, notes));
        self.lines = lines;
    }

    pub(crate) fn finish(&mut self, notes: &mut Notes<'_>) {
        let mut lines = std::mem::take(&mut self.lines);
        lines.finish(notes.item_limit(), |line| self.any(line, notes));
        self.close(notes);
    }

    fn any(&mut self, line: Line<'_>, notes: &mut Notes<'_>) {
        match line {
            Line::Text(number, text) => self.line(number, text, notes),
            Line::TooLong => notes.too_long(),
        }
    }

    fn line(&mut self, number: u64, line: &str, notes: &mut Notes<'_>) {
        let trimmed = line.trim();
        let lower = trimmed.to_lowercase();
        if trimmed.starts_with("================") {
            self.close(notes);
            // Trust lists are announced the same way.
            let certificate = ["certif", "zertifik"].iter().any(|word| lower.contains(word));
            if certutil_list::announces(&lower) {
                self.list = Some(ListEntry::at(number));
            } else {
                self.entry = certificate.then(|| Entry::at(number));
            }
        } else if line.starts_with(|c: char| !c.is_whitespace())
            && lower.ends_with(':')
            && certutil_list::announces(&lower)
        {
            // In a listing the heading came before it.
            if self.list.as_ref().is_none_or(|list| !list.described.issuer.is_empty()) {
                self.close(notes);
                self.list = Some(ListEntry::at(number));
            }
        } else if matches!(
            lower.as_str(),
            "x509 certificate:" | "x509-zertifikat:" | "x.509-zertifikat:" | "certificat x509:" | "certificat x509 :"
        ) {
            if self.entry.as_ref().is_none_or(|entry| entry.described.serial.is_some()) {
                self.close(notes);
                self.entry = Some(Entry::at(number));
            }
        } else if lower.starts_with("certutil: ") {
            self.close(notes);
            self.store = None;
        } else if lower.starts_with("certutil") && lower.contains("-user") {
            self.user = StoreOwner::User;
        } else if let Some(list) = &mut self.list {
            list.line(line, trimmed, &lower, &mut self.times);
        } else if let Some(entry) = &mut self.entry {
            entry.line(line, trimmed, &lower, &mut self.times);
        } else {
            self.heading(trimmed);
        }
    }

    /// `My "Personal"`: which store the listing is of.
    fn heading(&mut self, line: &str) {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        let known = [
            "my",
            "ca",
            "root",
            "authroot",
            "disallowed",
            "trust",
            "trustedpublisher",
            "request",
            "clientauthissuer",
            "trustedpeople",
            "addressbook",
        ];
        let quoted = rest.starts_with(|c| super::quotes::quote(c).is_some());
        if known.contains(&name.to_ascii_lowercase().as_str()) && (rest.is_empty() || quoted) {
            self.store = Some(StoreName { owner: self.user, name: name.to_owned() });
        }
    }

    fn close(&mut self, notes: &mut Notes<'_>) {
        if let Some(list) = self.list.take() {
            return close_list(list, notes);
        }
        let Some(entry) = self.entry.take() else { return };
        let position = Position::Line(entry.line);
        if entry.described.thumbprint.is_none() && entry.described.serial.is_none() {
            return notes.damaged(position, "a certificate listing without serial number and hash");
        }
        notes.understood(None);
        let listed = self.store.is_some();
        let fact = CertificateFact {
            described: entry.described,
            certificate: None,
            origin: if listed { CertificateOrigin::StoreListing } else { CertificateOrigin::Dump },
            store: self.store.clone(),
            private_key: match (entry.container, entry.unusable) {
                (container, Some(code)) => PrivateKey::Unusable(container.unwrap_or_default(), code),
                (Some(container), None) => PrivateKey::Present(container),
                (None, None) if listed => PrivateKey::Absent,
                (None, None) => PrivateKey::Unknown,
            },
            archived: listed.then_some(entry.archived),
        };
        notes.fact(position, None, Observed::Certificate(Box::new(fact)), Weight::Telling);
    }
}

fn close_list(list: ListEntry, notes: &mut Notes<'_>) {
    let position = Position::Line(list.line);
    if list.described.issuer.is_empty() || list.described.this_update.is_none() {
        return notes.damaged(position, "a listing of a revocation list without issuer and time");
    }
    notes.understood(None);
    notes.fact(position, None, Observed::RevocationList(Box::new(list.described)), Weight::Telling);
}
