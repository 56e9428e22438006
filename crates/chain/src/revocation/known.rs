//! A revocation list with its extensions read once and its entries findable.

use std::collections::HashMap;

use pki::crl::Revoked;
use pki::der::{Reader, tag};
use pki::extension::{Criticality, GeneralName, IssuingDistributionPoint};
use pki::{Crl, DerError, Name, Oid, oid};

use crate::facts::Stated;
use crate::names::name_key;

pub(crate) struct KnownCrl {
    pub(crate) crl: Crl,
    pub(crate) issuer_key: u64,
    pub(crate) scope: Stated<IssuingDistributionPoint>,
    /// BaseCRLNumber of a delta list, magnitude octets.
    pub(crate) delta_base: Stated<Vec<u8>>,
    /// A critical extension, of the list or an entry, that is not supported.
    pub(crate) unsupported: Option<Oid>,
    /// What RFC 5280 §5 has against it, though it can be used.
    pub(crate) oddities: Vec<&'static str>,
    /// Why it cannot be used whatever it is asked.
    pub(crate) unusable: Option<&'static str>,
    by_serial: HashMap<Vec<u8>, Vec<usize>>,
    /// For each entry the issuer its certificateIssuer extension, or that of an entry before, names.
    entry_issuers: Vec<Option<Name>>,
}

impl KnownCrl {
    pub(crate) fn new(crl: Crl) -> KnownCrl {
        let scope = read(&crl, &oid::ISSUING_DISTRIBUTION_POINT, IssuingDistributionPoint::parse);
        let delta_base = read(&crl, &oid::DELTA_CRL_INDICATOR, magnitude);
        let mut by_serial: HashMap<Vec<u8>, Vec<usize>> = HashMap::new();
        let mut entry_issuers = Vec::new();
        let mut current: Option<Name> = None;
        for (at, entry) in crl.revoked().iter().enumerate() {
            by_serial.entry(shortest(&entry.serial).to_vec()).or_default().push(at);
            if let Some(issuer) = certificate_issuer(entry) {
                current = Some(issuer);
            }
            entry_issuers.push(current.clone());
        }
        let mut known = KnownCrl {
            issuer_key: name_key(crl.issuer()),
            scope,
            delta_base,
            unsupported: None,
            oddities: Vec::new(),
            unusable: None,
            by_serial,
            entry_issuers,
            crl,
        };
        known.examine();
        known
    }

    fn examine(&mut self) {
        const LIST: &[Oid] =
            &[oid::ISSUING_DISTRIBUTION_POINT, oid::DELTA_CRL_INDICATOR, oid::CRL_NUMBER, oid::AUTHORITY_KEY_ID];
        const ENTRY: &[Oid] = &[oid::CRL_REASON, oid::INVALIDITY_DATE, oid::CERTIFICATE_ISSUER];
        let list = self.crl.extensions().iter().filter(|e| !LIST.contains(&e.id));
        let entries = self.crl.revoked().iter().flat_map(|r| &r.extensions).filter(|e| !ENTRY.contains(&e.id));
        self.unsupported = list.chain(entries).find(|e| e.criticality == Criticality::Critical).map(|e| e.id.clone());
        match self.crl.extension(&oid::CRL_NUMBER) {
            None if !self.crl.extensions().is_empty() => self.oddities.push("it has no CRL number"),
            Some(number) if number.criticality == Criticality::Critical => {
                self.oddities.push("its CRL number is critical");
            }
            _ => {}
        }
        if self.crl.algorithm_der() != self.crl.inner_algorithm_der() {
            self.unusable = Some("its two statements of the signature algorithm differ");
        } else if self.scope.is_unreadable() {
            self.unusable = Some("its issuing distribution point cannot be read");
        } else if self.delta_base.is_unreadable() {
            self.unusable = Some("its delta CRL indicator cannot be read");
        } else if !version_fits(&self.crl) {
            self.unusable = Some("it has extensions but is of version 1, or is of an unknown version, or is malformed");
        }
    }

    pub(crate) fn is_delta(&self) -> bool {
        self.delta_base.value().is_some()
    }

    pub(crate) fn is_indirect(&self) -> bool {
        self.scope.value().is_some_and(|scope| scope.indirect)
    }

    /// The entry for this certificate.
    pub(crate) fn entry(&self, issuer: &Name, serial: &[u8]) -> Option<&Revoked> {
        let found = self.by_serial.get(shortest(serial))?;
        found.iter().find_map(|at| {
            let of = self.entry_issuers.get(*at)?.as_ref().filter(|_| self.is_indirect());
            let of = of.unwrap_or(self.crl.issuer());
            if of.matches(issuer) { self.crl.revoked().get(*at) } else { None }
        })
    }
}

fn read<T>(crl: &Crl, id: &Oid, parse: impl FnOnce(&[u8]) -> Result<T, DerError>) -> Stated<T> {
    match crl.extension(id) {
        None => Stated::Absent,
        Some(extension) => parse(&extension.value).map_or(Stated::Unreadable, Stated::Is),
    }
}

fn magnitude(value: &[u8]) -> Result<Vec<u8>, DerError> {
    Ok(significant(Reader::single(value, tag::INTEGER, "BaseCRLNumber")?.value))
}

/// An INTEGER in its shortest form: 00 and FF that only repeat the sign are left out.
fn shortest(mut content: &[u8]) -> &[u8] {
    while let [first, rest @ ..] = content {
        let redundant = match (first, rest.first()) {
            (0, Some(next)) => next & 0x80 == 0,
            (0xff, Some(next)) => next & 0x80 != 0,
            _ => false,
        };
        if !redundant {
            break;
        }
        content = rest;
    }
    content
}

fn significant(content: &[u8]) -> Vec<u8> {
    content.iter().copied().skip_while(|b| *b == 0).collect()
}

fn certificate_issuer(entry: &Revoked) -> Option<Name> {
    let value = &pki::extension::find(&entry.extensions, &oid::CERTIFICATE_ISSUER)?.value;
    let names = GeneralName::parse_all(value).ok()?;
    names.into_iter().find_map(|n| if let GeneralName::Directory(name) = n { Some(name) } else { None })
}

/// Version 1 has no extensions; version 2 is written as 1; an empty list of entries is left out (RFC 5280 §5.1.2).
fn version_fits(crl: &Crl) -> bool {
    let Ok(mut inner) = Reader::new(crl.tbs()).sequence("TBSCertList") else { return false };
    let version = if inner.peek() == Some(tag::INTEGER) { inner.small("version").ok() } else { None };
    let has_extensions = !crl.extensions().is_empty() || crl.revoked().iter().any(|r| !r.extensions.is_empty());
    let stated = Reader::new(crl.tbs()).sequence("TBSCertList").is_ok_and(|r| r.peek() == Some(tag::INTEGER));
    match (stated, version) {
        (true, Some(1)) => {}
        (true, _) => return false,
        (false, _) if has_extensions => return false,
        (false, _) => {}
    }
    // The list of entries, if there is one, is the SEQUENCE after the times.
    let mut elements = Vec::new();
    while let Ok(element) = inner.any() {
        elements.push(element);
    }
    let entries = elements.iter().skip(3).find(|e| e.tag == tag::SEQUENCE);
    entries.is_none_or(|e| !e.value.is_empty())
}
