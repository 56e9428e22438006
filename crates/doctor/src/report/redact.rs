//! Replaces names, hosts, addresses and SIDs, the same by the same, so that a report can be shown to strangers.

use std::collections::BTreeMap;

use crate::fact::capi2::Capi2Body;
use crate::fact::{DistinguishedName, Evidence, Observed};

/// Knows what to replace by what.
pub(super) struct Redactor {
    /// In lower case, longest first.
    known: Vec<(String, String)>,
    scan: Scan,
}

/// Whether SIDs and addresses that nobody announced are looked for.
#[derive(PartialEq)]
enum Scan {
    On,
    Off,
}

impl Redactor {
    /// Replaces nothing.
    pub(super) const fn none() -> Redactor {
        Redactor { known: Vec::new(), scan: Scan::Off }
    }

    /// Replaces what the evidence names.
    pub(super) fn of(evidence: &Evidence) -> Redactor {
        let mut names = Names::default();
        evidence.facts.iter().for_each(|fact| names.of_fact(&fact.what));
        let mut known: Vec<(String, String)> = names.found.into_iter().collect();
        known.sort_by_key(|(name, _)| (std::cmp::Reverse(name.len()), name.clone()));
        Redactor { known, scan: Scan::On }
    }

    /// The text without them.
    pub(super) fn text(&self, text: &str) -> String {
        if self.scan == Scan::Off {
            return text.to_owned();
        }
        let (mut out, mut lower) = (text.to_owned(), text.to_lowercase());
        for (name, replacement) in &self.known {
            if lower.contains(name) {
                out = replace_words(&out, &lower, name, replacement);
                lower = out.to_lowercase();
            }
        }
        scanned(&out)
    }
}

/// Replaces a name where it stands alone, whatever its case.
fn replace_words(text: &str, lower: &str, name: &str, replacement: &str) -> String {
    if lower.len() != text.len() {
        // Characters whose lower case is longer than they are: such a text is compared as it stands.
        return text.replace(name, replacement);
    }
    let (mut out, mut from) = (String::with_capacity(text.len()), 0);
    while let Some(at) = lower.get(from..).and_then(|rest| rest.find(name)).map(|at| at + from) {
        let end = at + name.len();
        let letter = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let inside = letter(lower.get(..at).and_then(|before| before.chars().next_back()))
            || letter(lower.get(end..).and_then(|after| after.chars().next()));
        out.push_str(text.get(from..at).unwrap_or_default());
        out.push_str(if inside { text.get(at..end).unwrap_or_default() } else { replacement });
        from = end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// SIDs of domain accounts and IPv4 addresses.
fn scanned(text: &str) -> String {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    let mut out = String::with_capacity(text.len());
    let mut word = String::new();
    for c in text.chars().chain(['\n']) {
        if is_part(c) {
            word.push(c);
            continue;
        }
        let trimmed = word.trim_end_matches('.');
        let octets = || trimmed.split('.').filter(|part| part.parse::<u8>().is_ok()).count();
        if trimmed.to_uppercase().starts_with("S-1-5-21-") {
            out.push_str("S-REDACTED");
        } else if trimmed.split('.').count() == 4 && octets() == 4 {
            out.push_str("ADDRESS");
        } else {
            out.push_str(&word);
        }
        word.clear();
        out.push(c);
    }
    out.pop();
    out
}

/// Names found so far, each with its replacement.
#[derive(Default)]
struct Names {
    found: BTreeMap<String, String>,
    counts: BTreeMap<&'static str, usize>,
}

impl Names {
    fn add(&mut self, kind: &'static str, name: &str) {
        let name = name.trim().to_lowercase();
        // Very short names would take words with them.
        if name.len() < 3 || self.found.contains_key(&name) {
            return;
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        self.found.insert(name, format!("{kind}-{count}"));
    }

    /// A host, its first label, and its domain.
    fn host(&mut self, name: &str) {
        let name = name.trim();
        if name.parse::<std::net::IpAddr>().is_ok() || name.contains(['/', ' ']) {
            return;
        }
        self.add("host", name);
        if let Some((label, domain)) = name.split_once('.') {
            self.add("host", label);
            self.add("domain", domain);
        }
    }

    fn name(&mut self, name: &DistinguishedName) {
        for (kind, value) in &name.attributes {
            match kind.as_str() {
                "C" => {}
                "CN" if value.contains('.') && !value.contains(' ') => self.host(value),
                _ => self.add("name", value),
            }
        }
    }

    fn of_fact(&mut self, what: &Observed) {
        match what {
            Observed::Capi2(event) => {
                self.head(&event.head);
                event.impersonated.iter().for_each(|sid| self.add("sid", sid));
                event.subject().iter().for_each(|subject| self.name(&DistinguishedName::parse(&subject.subject)));
                match &event.body {
                    Capi2Body::Policy(verdict) => verdict.server_name.iter().for_each(|name| self.host(name)),
                    Capi2Body::Objects(objects) => {
                        objects.certificates.iter().for_each(|one| self.described(one));
                        objects.lists.iter().for_each(|list| self.name(&list.issuer));
                    }
                    Capi2Body::Retrieval(got) => got.url.iter().for_each(|url| self.url(url)),
                    _ => {}
                }
            }
            Observed::Ndes(event) => self.head(&event.head),
            Observed::Event(event) => {
                self.head(&event.head);
                let named = event.data.iter().filter(|(name, _)| name.to_lowercase().contains("account"));
                named.for_each(|(_, value)| self.add("name", value));
            }
            Observed::Request(request) => {
                request.client.iter().for_each(|client| self.add("address", client));
                request.user.iter().for_each(|user| self.add("name", user));
            }
            Observed::HttpError(error) => error.client.iter().for_each(|client| self.add("address", client)),
            Observed::Certificate(found) => self.described(&found.described),
            Observed::RevocationList(list) => self.name(&list.issuer),
            Observed::Registry(value) if value.name.eq_ignore_ascii_case("Configuration") => {
                if let Some((host, ca)) = value.data.text().and_then(|text| text.split_once('\\')) {
                    self.host(host);
                    self.add("name", ca);
                }
            }
            Observed::Probe(probe) => match probe.as_ref() {
                crate::fact::ProbeFact::Capabilities { url, .. }
                | crate::fact::ProbeFact::CaCertificates { url, .. }
                | crate::fact::ProbeFact::Crl { url, .. }
                | crate::fact::ProbeFact::Failed { url, .. } => self.url(url),
                crate::fact::ProbeFact::Tls { host, .. } => self.host(host),
            },
            _ => {}
        }
    }

    fn head(&mut self, head: &crate::fact::EventHead) {
        head.computer.iter().for_each(|computer| self.host(computer));
        head.user.iter().filter(|sid| sid.len() > 12).for_each(|sid| self.add("sid", sid));
    }

    fn described(&mut self, described: &crate::fact::CertificateDescription) {
        self.name(&described.subject);
        self.name(&described.issuer);
        described.alternative_names.iter().for_each(|name| self.host(name));
        described.crl_urls.iter().for_each(|url| self.url(url));
    }

    fn url(&mut self, url: &str) {
        let host = url.split_once("://").and_then(|(_, rest)| rest.split(['/', ':']).next());
        host.iter().for_each(|host| self.host(host));
    }
}
