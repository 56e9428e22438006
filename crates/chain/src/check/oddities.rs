//! What breaks no rule of validation but deserves mention: departures from the certificate profile of RFC 5280 §4 and
//! from what TLS software expects.

use pki::der::{Reader, tag};
use pki::extension::{AccessDescription, GeneralName};
use pki::key::KeyKind;
use pki::oid;

use super::extensions::is_critical;
use crate::build::Path;
use crate::facts::Facts;
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::names::is_dns_name;
use crate::question::Question;

pub(crate) fn oddities(question: &Question<'_>, path: &Path, out: &mut Findings) {
    let tls = if question.usages.contains(&oid::SERVER_AUTH) { Tls::Server } else { Tls::NotServer };
    for (at, facts) in path.each() {
        let is_root = at + 1 == path.nodes.len() && facts.is_self_issued();
        let mut notes = Notes(Vec::new());
        notes.serial(facts);
        let place = match (at, is_root) {
            (0, false) => Place::Leaf,
            (0, true) => Place::LoneRoot,
            (_, false) => Place::Ca,
            (_, true) => Place::Root,
        };
        notes.identifiers(facts, place);
        notes.criticality(facts, place);
        notes.names(facts, place, tls);
        notes.usages(facts, place, tls);
        notes.key(facts);
        notes.times(facts);
        if at == 0 && facts.is_ca() {
            notes.say(Kind::LeafIsCa, format!("{} is a CA certificate itself", facts.shown()));
        }
        if let Some(issuer) = path.nodes.get(at + 1) {
            notes.nesting(facts, issuer);
        }
        for (kind, says) in notes.0 {
            out.add(at, Fault::noted(kind, says));
        }
    }
}

/// Whether a TLS server's certificate is asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tls {
    Server,
    NotServer,
}

/// Where in the chain the certificate stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Leaf,
    /// A root that is itself asked about.
    LoneRoot,
    Ca,
    Root,
}

impl Place {
    fn is_ca(self) -> bool {
        matches!(self, Place::Ca | Place::Root)
    }

    fn is_root(self) -> bool {
        matches!(self, Place::Root | Place::LoneRoot)
    }
}

/// Notes of one kind that are written out for one certificate.
const SHOWN: usize = 8;

struct Notes(Vec<(Kind, String)>);

impl Notes {
    fn say(&mut self, kind: Kind, says: impl Into<String>) {
        if self.0.iter().filter(|(other, _)| *other == kind).count() < SHOWN {
            self.0.push((kind, says.into()));
        }
    }

    fn serial(&mut self, facts: &Facts) {
        let serial = facts.certificate.serial();
        let what = match serial {
            [first, ..] if first & 0x80 != 0 => "negative",
            all if all.iter().all(|b| *b == 0) => "zero",
            [0, second, ..] if second & 0x80 == 0 => "not written in the shortest form",
            all if all.len() > 20 => "longer than 20 octets",
            _ => return,
        };
        self.say(Kind::SerialOdd, format!("its serial number is {what}"));
    }

    fn identifiers(&mut self, facts: &Facts, place: Place) {
        if is_critical(facts, &oid::AUTHORITY_KEY_ID) {
            self.say(Kind::AuthorityKeyId, "its authority key identifier is critical");
        }
        if is_critical(facts, &oid::SUBJECT_KEY_ID) {
            self.say(Kind::SubjectKeyId, "its subject key identifier is critical");
        }
        if facts.subject_key_id.is_absent() && (place.is_ca() || facts.is_ca()) {
            self.say(Kind::SubjectKeyId, "it is a CA certificate without subject key identifier");
        }
        match facts.authority.value() {
            None if facts.authority.is_absent() && !place.is_root() => {
                self.say(Kind::AuthorityKeyId, "it has no authority key identifier");
            }
            Some(aki) if aki.key_id.is_none() => {
                self.say(Kind::AuthorityKeyId, "its authority key identifier has no key identifier");
            }
            Some(aki) if place.is_root() => {
                if aki.key_id.as_ref().is_some_and(|id| !facts.has_key_id(id)) {
                    self.say(
                        Kind::AuthorityKeyId,
                        "it is self-signed, but its authority key identifier is not its own key's",
                    );
                }
                if aki.serial.is_some() || !aki.issuer.is_empty() {
                    self.say(
                        Kind::AuthorityKeyId,
                        "it is self-signed, but its authority key identifier names a certificate",
                    );
                }
            }
            _ => {}
        }
    }

    fn criticality(&mut self, facts: &Facts, place: Place) {
        let plain = |id: &pki::Oid| facts.certificate.extension(id).is_some() && !is_critical(facts, id);
        let wanted = [
            (oid::NAME_CONSTRAINTS, "name constraints", true),
            (oid::POLICY_CONSTRAINTS, "policy constraints", true),
            (oid::INHIBIT_ANY_POLICY, "inhibitAnyPolicy", true),
            (oid::BASIC_CONSTRAINTS, "basic constraints", place.is_ca() || facts.is_ca()),
        ];
        for (id, what, applies) in wanted {
            if applies && plain(&id) {
                self.say(Kind::CriticalityOdd, format!("its {what} should be critical"));
            }
        }
        for (id, what) in
            [(oid::AUTHORITY_INFO_ACCESS, "authority information access"), (oid::FRESHEST_CRL, "freshest CRL")]
        {
            if is_critical(facts, &id) {
                self.say(Kind::CriticalityOdd, format!("its {what} must not be critical"));
            }
        }
        if !facts.constraints.is_absent() && !facts.is_ca() {
            self.say(Kind::NameConstraintsOdd, "it has name constraints but is no CA");
        }
        if let Some(access) = facts.certificate.extension(&oid::AUTHORITY_INFO_ACCESS) {
            match AccessDescription::parse_all(&access.value) {
                Ok(list) if list.is_empty() => {
                    self.say(Kind::AccessInfoUnreadable, "its authority information access is empty")
                }
                Ok(list) if list.iter().all(|a| readable_location(&a.location)) => {}
                _ => self.say(Kind::AccessInfoUnreadable, "its authority information access cannot be followed"),
            }
        }
    }

    fn names(&mut self, facts: &Facts, place: Place, tls: Tls) {
        let is_ca = place.is_ca();
        let c = &facts.certificate;
        if c.issuer().is_empty() {
            self.say(Kind::EmptyName, "its issuer is empty");
        }
        if c.subject().is_empty() && (is_ca || facts.is_ca()) {
            self.say(Kind::EmptyName, "it is a CA certificate without subject");
        }
        let critical = is_critical(facts, &oid::SUBJECT_ALT_NAME);
        let has_names = !facts.names.is_absent();
        match (c.subject().is_empty(), has_names) {
            (true, false) if !is_ca => self.say(Kind::NoName, "it has neither subject nor subject alternative name"),
            (true, true) if !critical => {
                self.say(
                    Kind::CriticalityOdd,
                    "its subject is empty, so its subject alternative name should be critical",
                );
            }
            (false, true) if critical => {
                self.say(
                    Kind::CriticalityOdd,
                    "it has a subject, so its subject alternative name should not be critical",
                );
            }
            _ => {}
        }
        for name in facts.names.value().into_iter().flatten() {
            self.name(name);
        }
        if !is_ca {
            self.common_name(facts, tls);
        }
    }

    fn name(&mut self, name: &GeneralName) {
        match name {
            GeneralName::Dns(text) => {
                let text = text.as_str();
                if text.parse::<std::net::IpAddr>().is_ok() {
                    self.say(Kind::NameMalformed, format!("{name} is an address, not a DNS name"));
                } else if text == "*" || text.strip_prefix("*.").is_some_and(is_registry) {
                    self.say(Kind::WildcardBroad, format!("{name} covers a whole top-level domain"));
                } else if !is_dns_name(text) {
                    self.say(Kind::NameMalformed, format!("{name} is not of the form of a DNS name"));
                }
            }
            GeneralName::Ip(octets) if octets.len() != 4 && octets.len() != 16 => {
                self.say(Kind::NameMalformed, format!("{name} is neither 4 nor 16 octets long"));
            }
            GeneralName::Email(text) if !text.contains('@') || !text.is_ascii() => {
                self.say(Kind::NameMalformed, format!("{name} is no mailbox"));
            }
            GeneralName::Unread(0x81 | 0x82 | 0x86, _) => {
                self.say(Kind::NameMalformed, format!("{name} is no text"));
            }
            _ => {}
        }
    }

    fn common_name(&mut self, facts: &Facts, tls: Tls) {
        let Some(common) = facts.certificate.subject().common_name() else { return };
        let Some(names) = facts.names.value() else { return };
        let looks_like_host = common.contains('.') || common.parse::<std::net::IpAddr>().is_ok();
        let hosts = names.iter().any(|n| matches!(n, GeneralName::Dns(_) | GeneralName::Ip(_)));
        let same = |name: &GeneralName| match name {
            GeneralName::Dns(text) => *text == common,
            GeneralName::Ip(_) => name.to_string().strip_prefix("IP:") == Some(common.as_str()),
            _ => false,
        };
        if hosts && (tls == Tls::Server || looks_like_host) && !names.iter().any(same) {
            let says = format!("its common name {} is not among its alternative names", common.escape_debug());
            self.say(Kind::CommonNameNotInSan, says);
        }
    }

    fn usages(&mut self, facts: &Facts, place: Place, tls: Tls) {
        let (is_ca, tls) = (place.is_ca(), tls == Tls::Server);
        if is_critical(facts, &oid::EXTENDED_KEY_USAGE) {
            self.say(Kind::UsageOdd, "its extended key usage is critical");
        }
        match facts.usages.value() {
            Some(list) if list.contains(&oid::ANY_EXTENDED_KEY_USAGE) && !is_ca => {
                self.say(Kind::UsageOdd, "its extended key usage contains anyExtendedKeyUsage");
            }
            Some(_) if is_ca && facts.is_self_issued() => {
                self.say(Kind::UsageOdd, "it is a root with an extended key usage");
            }
            None if !is_ca && tls && facts.usages.is_absent() => {
                self.say(Kind::UsageOdd, "it has no extended key usage, which TLS software expects");
            }
            _ => {}
        }
        if tls && !is_ca && facts.names.is_absent() {
            self.say(Kind::NoName, "it has no subject alternative name, which TLS software goes by");
        }
    }

    fn key(&mut self, facts: &Facts) {
        let key = facts.certificate.public_key();
        match key.kind() {
            KeyKind::Other(id) if *id == oid::EC_PUBLIC_KEY => {
                self.say(Kind::KeyOdd, "its key is on a curve other than P-256, P-384 and P-521, or describes its own");
            }
            KeyKind::Other(id) => self.say(Kind::KeyOdd, format!("its key is of the kind {id}")),
            KeyKind::Rsa(bits) if bits % 8 != 0 => {
                self.say(Kind::KeyOdd, format!("its RSA key has {bits} bits, not a multiple of 8"));
            }
            KeyKind::Rsa(_) if rsa_exponent_is_odd(key.key_octets()).is_none() => {
                self.say(Kind::KeyOdd, "its RSA key has an exponent that is even or below 3");
            }
            _ => {}
        }
    }

    fn times(&mut self, facts: &Facts) {
        let validity = facts.certificate.validity();
        if validity.not_before > validity.not_after {
            self.say(Kind::TimeOdd, "its notBefore lies after its notAfter");
        }
        for (tag, text) in written_times(facts.certificate.tbs()) {
            let form_fits = match tag {
                tag::UTC_TIME => text.len() == 13,
                _ => text.len() == 15 && (text.get(..4).is_some_and(|year| !("1950".."2050").contains(&year))),
            };
            if !form_fits || !text.ends_with('Z') {
                self.say(Kind::TimeOdd, format!("a time is written as {}", text.escape_debug()));
            }
        }
    }

    fn nesting(&mut self, facts: &Facts, issuer: &Facts) {
        let (own, above) = (facts.certificate.validity(), issuer.certificate.validity());
        if own.not_after > above.not_after {
            let says = format!(
                "it is valid until {}, its issuer {} only until {}",
                own.not_after.date(),
                issuer.shown(),
                above.not_after.date()
            );
            self.say(Kind::NotNested, says);
        }
    }
}

/// A top-level domain, or the likes of `co.uk`: a label registries use below a country code.
fn is_registry(domain: &str) -> bool {
    const LABELS: [&str; 12] = ["ac", "co", "com", "edu", "gob", "go", "gov", "mil", "ne", "net", "or", "org"];
    match domain.split_once('.') {
        None => true,
        Some((label, country)) => country.len() == 2 && LABELS.contains(&label.to_ascii_lowercase().as_str()),
    }
}

fn readable_location(location: &GeneralName) -> bool {
    match location {
        GeneralName::Uri(uri) => uri.is_ascii() && uri.contains(':'),
        GeneralName::Directory(_) => true,
        _ => false,
    }
}

fn rsa_exponent_is_odd(key: &[u8]) -> Option<()> {
    let mut inner = Reader::new(key).sequence("RSAPublicKey").ok()?;
    inner.integer("modulus").ok()?;
    let exponent = inner.integer("publicExponent").ok()?;
    let last = *exponent.last()?;
    (last % 2 == 1 && exponent != [1]).then_some(())
}

/// notBefore and notAfter as they are written.
fn written_times(tbs: &[u8]) -> Vec<(u8, String)> {
    let read = || -> Result<Vec<(u8, String)>, pki::DerError> {
        let mut inner = Reader::new(tbs).sequence("TBSCertificate")?;
        inner.optional(0xa0)?;
        inner.integer("serialNumber")?;
        inner.take(tag::SEQUENCE, "signature")?;
        inner.take(tag::SEQUENCE, "issuer")?;
        let mut validity = inner.sequence("validity")?;
        let mut out = Vec::new();
        while !validity.is_empty() {
            let time = validity.any()?;
            out.push((time.tag, String::from_utf8_lossy(time.value).into_owned()));
        }
        Ok(out)
    };
    read().unwrap_or_default()
}
