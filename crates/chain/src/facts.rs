//! A certificate with its extensions read once.

use std::collections::HashSet;

use pki::der::{Reader, tag};
use pki::extension::{AuthorityKeyId, BasicConstraints, DistributionPoint, GeneralName, KeyUsage, extended_key_usage};
use pki::{Certificate, DerError, Oid, oid};

use crate::names::{NameConstraints, name_key};

/// What an extension says, if it is there and can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stated<T> {
    Absent,
    Unreadable,
    Is(T),
}

impl<T> Stated<T> {
    fn read(certificate: &Certificate, id: &Oid, parse: impl FnOnce(&[u8]) -> Result<T, DerError>) -> Stated<T> {
        match certificate.extension(id) {
            None => Stated::Absent,
            Some(extension) => parse(&extension.value).map_or(Stated::Unreadable, Stated::Is),
        }
    }

    pub(crate) fn value(&self) -> Option<&T> {
        if let Stated::Is(value) = self { Some(value) } else { None }
    }

    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self, Stated::Unreadable)
    }

    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Stated::Absent)
    }
}

/// CertificatePolicies (RFC 5280 §4.2.1.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Policies {
    pub(crate) ids: Vec<Oid>,
    /// A qualifier is of neither kind that RFC 5280 defines.
    pub(crate) unknown_qualifier: Option<Oid>,
}

/// PolicyConstraints (RFC 5280 §4.2.1.11).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PolicyConstraints {
    pub(crate) require_explicit: Option<u32>,
    pub(crate) inhibit_mapping: Option<u32>,
}

/// A certificate and what its extensions say.
pub(crate) struct Facts {
    pub(crate) certificate: Certificate,
    /// Equal for names that match (RFC 5280 §7.1); different names are different but for hash collisions.
    pub(crate) subject_key: u64,
    pub(crate) issuer_key: u64,
    pub(crate) basic: Stated<BasicConstraints>,
    pub(crate) key_usage: Stated<KeyUsage>,
    pub(crate) usages: Stated<Vec<Oid>>,
    pub(crate) authority: Stated<AuthorityKeyId>,
    pub(crate) subject_key_id: Stated<Vec<u8>>,
    pub(crate) names: Stated<Vec<GeneralName>>,
    pub(crate) constraints: Stated<NameConstraints>,
    pub(crate) policies: Stated<Policies>,
    pub(crate) mappings: Stated<Vec<(Oid, Oid)>>,
    pub(crate) policy_constraints: Stated<PolicyConstraints>,
    pub(crate) inhibit_any: Stated<u32>,
    pub(crate) crl_points: Stated<Vec<DistributionPoint>>,
}

impl Facts {
    pub(crate) fn of(certificate: &Certificate) -> Facts {
        let c = certificate;
        Facts {
            subject_key: name_key(c.subject()),
            issuer_key: name_key(c.issuer()),
            basic: Stated::read(c, &oid::BASIC_CONSTRAINTS, BasicConstraints::parse),
            key_usage: Stated::read(c, &oid::KEY_USAGE, key_usage),
            usages: Stated::read(c, &oid::EXTENDED_KEY_USAGE, usages),
            authority: authority(c),
            subject_key_id: Stated::read(c, &oid::SUBJECT_KEY_ID, |value| {
                Ok(Reader::single(value, tag::OCTET_STRING, "SubjectKeyIdentifier")?.value.to_vec())
            }),
            names: Stated::read(c, &oid::SUBJECT_ALT_NAME, general_names),
            constraints: Stated::read(c, &oid::NAME_CONSTRAINTS, NameConstraints::parse),
            policies: Stated::read(c, &oid::CERTIFICATE_POLICIES, policies),
            mappings: Stated::read(c, &oid::POLICY_MAPPINGS, mappings),
            policy_constraints: Stated::read(c, &oid::POLICY_CONSTRAINTS, policy_constraints),
            inhibit_any: Stated::read(c, &oid::INHIBIT_ANY_POLICY, |value| {
                let mut reader = Reader::new(value);
                let skip = reader.small("InhibitAnyPolicy")?;
                reader.finish("InhibitAnyPolicy")?;
                Ok(skip)
            }),
            crl_points: Stated::read(c, &oid::CRL_DISTRIBUTION_POINTS, |value| {
                let points = DistributionPoint::parse_all(value)?;
                if points.is_empty() { Err(DerError::Value("CRLDistributionPoints")) } else { Ok(points) }
            }),
            certificate: c.clone(),
        }
    }

    /// The key identifier: as stated, otherwise SHA-1 over the key (RFC 5280 §4.2.1.2 (1)).
    pub(crate) fn has_key_id(&self, wanted: &[u8]) -> bool {
        match self.subject_key_id.value() {
            Some(stated) => stated == wanted,
            None => wanted.len() == 20 && self.certificate.public_key().key_id() == *wanted,
        }
    }

    pub(crate) fn is_self_issued(&self) -> bool {
        let c = &self.certificate;
        self.subject_key == self.issuer_key && c.issuer().matches(c.subject())
    }

    pub(crate) fn is_ca(&self) -> bool {
        self.basic.value().is_some_and(|basic| basic.ca)
    }

    /// The subject as messages name it: its common name, or all of it.
    pub(crate) fn shown(&self) -> String {
        shown_name(self.certificate.subject())
    }
}

/// A name for a sentence: the common name, otherwise the whole.
pub(crate) fn shown_name(name: &pki::Name) -> String {
    name.common_name().filter(|cn| !cn.trim().is_empty()).map_or_else(
        || if name.is_empty() { "(no name)".to_owned() } else { name.to_string() },
        |cn| cn.escape_debug().to_string(),
    )
}

/// AuthorityKeyIdentifier, or its forerunner 2.5.29.1, which Windows reads alike (RFC 1422 style certificates).
fn authority(certificate: &Certificate) -> Stated<AuthorityKeyId> {
    let stated = Stated::read(certificate, &oid::AUTHORITY_KEY_ID, AuthorityKeyId::parse);
    if !stated.is_absent() {
        return stated;
    }
    let legacy = Oid::from_content(&[0x55, 29, 1]);
    Stated::read(certificate, &legacy, |value| {
        let mut inner = Reader::single(value, tag::SEQUENCE, "authorityKeyIdentifier")?.reader();
        let key_id = inner.optional(0x80)?.map(|e| e.value.to_vec());
        let issuer = inner.optional(0xa1)?.map(|e| GeneralName::read_all(e.reader())).transpose()?.unwrap_or_default();
        let serial = inner.optional(0x82)?.map(|e| e.value.to_vec());
        Ok(AuthorityKeyId { key_id, issuer, serial })
    })
}

/// KeyUsage, refusing what has more octets than there are usages.
fn key_usage(value: &[u8]) -> Result<KeyUsage, DerError> {
    let element = Reader::single(value, tag::BIT_STRING, "KeyUsage")?;
    match element.value {
        [unused, octets @ ..] if *unused <= 7 && octets.len() <= 2 => KeyUsage::parse(value),
        _ => Err(DerError::Value("KeyUsage")),
    }
}

fn usages(value: &[u8]) -> Result<Vec<Oid>, DerError> {
    let list = extended_key_usage(value)?;
    if list.is_empty() { Err(DerError::Value("ExtKeyUsageSyntax")) } else { Ok(list) }
}

fn general_names(value: &[u8]) -> Result<Vec<GeneralName>, DerError> {
    let names = GeneralName::parse_all(value)?;
    let known = |name: &GeneralName| match name {
        GeneralName::Unread(tag, _) => matches!(tag, 0x81..=0x82 | 0x86 | 0xa3 | 0xa5),
        _ => true,
    };
    if names.is_empty() || !names.iter().all(known) { Err(DerError::Value("GeneralNames")) } else { Ok(names) }
}

fn policies(value: &[u8]) -> Result<Policies, DerError> {
    let bad = DerError::Value("CertificatePolicies");
    let mut list = Reader::single(value, tag::SEQUENCE, "CertificatePolicies")?.reader();
    let mut seen = HashSet::new();
    let mut out = Policies { ids: Vec::new(), unknown_qualifier: None };
    while !list.is_empty() {
        let mut information = list.sequence("PolicyInformation")?;
        let id = information.oid("policyIdentifier")?;
        if let Some(qualifiers) = information.optional(tag::SEQUENCE)? {
            let unknown = unknown_qualifier(qualifiers.reader())?;
            out.unknown_qualifier = out.unknown_qualifier.or(unknown);
        }
        information.finish("PolicyInformation")?;
        if !seen.insert(id.clone()) {
            return Err(bad);
        }
        out.ids.push(id);
    }
    if out.ids.is_empty() { Err(bad) } else { Ok(out) }
}

/// The first qualifier that is neither a CPS pointer nor a user notice.
fn unknown_qualifier(mut qualifiers: Reader<'_>) -> Result<Option<Oid>, DerError> {
    const QUALIFIERS: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 2];
    let mut unknown = None;
    if qualifiers.is_empty() {
        return Err(DerError::Value("policyQualifiers"));
    }
    while !qualifiers.is_empty() {
        let mut qualifier = qualifiers.sequence("PolicyQualifierInfo")?;
        let id = qualifier.oid("policyQualifierId")?;
        qualifier.any()?;
        qualifier.finish("PolicyQualifierInfo")?;
        let known = matches!(id.content().strip_prefix(QUALIFIERS), Some([1 | 2]));
        if !known {
            unknown = unknown.or(Some(id));
        }
    }
    Ok(unknown)
}

fn mappings(value: &[u8]) -> Result<Vec<(Oid, Oid)>, DerError> {
    let mut list = Reader::single(value, tag::SEQUENCE, "PolicyMappings")?.reader();
    let mut out = Vec::new();
    while !list.is_empty() {
        let mut pair = list.sequence("PolicyMapping")?;
        out.push((pair.oid("issuerDomainPolicy")?, pair.oid("subjectDomainPolicy")?));
        pair.finish("PolicyMapping")?;
    }
    if out.is_empty() { Err(DerError::Value("PolicyMappings")) } else { Ok(out) }
}

fn policy_constraints(value: &[u8]) -> Result<PolicyConstraints, DerError> {
    let bad = DerError::Value("PolicyConstraints");
    let mut inner = Reader::single(value, tag::SEQUENCE, "PolicyConstraints")?.reader();
    let number = |element: Option<pki::der::Tlv<'_>>| match element {
        None => Ok(None),
        Some(element) => skip_count(element.value).map(Some).ok_or(bad),
    };
    let require_explicit = number(inner.optional(0x80)?)?;
    let inhibit_mapping = number(inner.optional(0x81)?)?;
    inner.finish("PolicyConstraints")?;
    if require_explicit.is_none() && inhibit_mapping.is_none() {
        return Err(bad);
    }
    Ok(PolicyConstraints { require_explicit, inhibit_mapping })
}

/// A non-negative integer; a large one counts as the largest, for no chain is as long.
fn skip_count(content: &[u8]) -> Option<u32> {
    if content.is_empty() || content.first().is_some_and(|b| b & 0x80 != 0) {
        return None;
    }
    let digits: Vec<u8> = content.iter().copied().skip_while(|b| *b == 0).collect();
    if digits.len() > 4 { Some(u32::MAX) } else { Some(digits.iter().fold(0, |v, b| (v << 8) | u32::from(*b))) }
}
