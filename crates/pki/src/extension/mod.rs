//! Certificate extensions (RFC 5280 §4.2): the typed ones, read from and written to their extnValue.

mod general_name;
mod points;
mod usage;

pub use general_name::GeneralName;
pub use points::{AccessDescription, AuthorityKeyId, DistributionPoint, IssuingDistributionPoint};
pub use usage::{BasicConstraints, KeyUsage, extended_key_usage, extended_key_usage_der};

use crate::der::{Reader, tag, write};
use crate::{DerError, Oid};

/// Whether a verifier that does not know an extension must refuse (RFC 5280 §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Criticality {
    /// Must be understood.
    Critical,
    /// May be passed over.
    NonCritical,
}

/// One extension as received or to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extension {
    /// Its type.
    pub id: Oid,
    /// Whether it must be understood.
    pub criticality: Criticality,
    /// The content of extnValue: usually one DER element.
    pub value: Vec<u8>,
}

impl Extension {
    /// A critical extension.
    #[must_use]
    pub fn critical(id: Oid, value: Vec<u8>) -> Self {
        Extension { id, criticality: Criticality::Critical, value }
    }

    /// An extension that may be passed over.
    #[must_use]
    pub fn plain(id: Oid, value: Vec<u8>) -> Self {
        Extension { id, criticality: Criticality::NonCritical, value }
    }

    /// Reads one Extension.
    pub fn read(reader: &mut Reader<'_>) -> Result<Extension, DerError> {
        let mut inner = reader.sequence("Extension")?;
        let id = inner.oid("extnID")?;
        let criticality = match inner.optional(tag::BOOLEAN)? {
            Some(flag) if flag.value.iter().any(|&b| b != 0) => Criticality::Critical,
            _ => Criticality::NonCritical,
        };
        let value = inner.take(tag::OCTET_STRING, "extnValue")?.value.to_vec();
        Ok(Extension { id, criticality, value })
    }

    /// Reads a SEQUENCE OF Extension.
    pub fn read_all(reader: &mut Reader<'_>) -> Result<Vec<Extension>, DerError> {
        let mut inner = reader.sequence("Extensions")?;
        let mut out = Vec::new();
        while !inner.is_empty() {
            out.push(Extension::read(&mut inner)?);
        }
        Ok(out)
    }

    /// The Extension SEQUENCE; FALSE is left out as DER demands.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let flag = match self.criticality {
            Criticality::Critical => write::boolean_true(),
            Criticality::NonCritical => Vec::new(),
        };
        write::sequence(&[&write::oid(&self.id), &flag, &write::octets(&self.value)])
    }

    /// A SEQUENCE OF Extension.
    #[must_use]
    pub fn all_to_der(extensions: &[Extension]) -> Vec<u8> {
        let parts: Vec<Vec<u8>> = extensions.iter().map(Extension::to_der).collect();
        write::sequence(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>())
    }
}

/// Looks an extension up; the first one if the type is repeated.
#[must_use]
pub fn find<'a>(extensions: &'a [Extension], id: &Oid) -> Option<&'a Extension> {
    extensions.iter().find(|e| e.id == *id)
}
