//! Certificate revocation lists (RFC 5280 §5).

use crate::der::{Reader, tag, write};
use crate::extension::{self, Extension};
use crate::key::{PublicKey, Sign, SignatureAlgorithm, SignatureError};
use crate::{DerError, Name, Oid, Time, oid};

/// Why a certificate was revoked (RFC 5280 §5.3.1); the numbers are those of the ENUMERATED.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are those of RFC 5280")]
pub enum Reason {
    Unspecified = 0,
    KeyCompromise = 1,
    CaCompromise = 2,
    AffiliationChanged = 3,
    Superseded = 4,
    CessationOfOperation = 5,
    CertificateHold = 6,
    RemoveFromCrl = 8,
    PrivilegeWithdrawn = 9,
    AaCompromise = 10,
}

impl Reason {
    const ALL: [(Reason, &'static str); 10] = [
        (Reason::Unspecified, "unspecified"),
        (Reason::KeyCompromise, "keyCompromise"),
        (Reason::CaCompromise, "cACompromise"),
        (Reason::AffiliationChanged, "affiliationChanged"),
        (Reason::Superseded, "superseded"),
        (Reason::CessationOfOperation, "cessationOfOperation"),
        (Reason::CertificateHold, "certificateHold"),
        (Reason::RemoveFromCrl, "removeFromCRL"),
        (Reason::PrivilegeWithdrawn, "privilegeWithdrawn"),
        (Reason::AaCompromise, "aACompromise"),
    ];

    /// By its number.
    #[must_use]
    pub fn from_number(number: u32) -> Option<Reason> {
        Self::ALL.iter().map(|(r, _)| *r).find(|r| *r as u32 == number)
    }

    /// By its name as RFC 5280 writes it, case ignored.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Reason> {
        Self::ALL.iter().find(|(_, n)| n.eq_ignore_ascii_case(name)).map(|(r, _)| *r)
    }

    /// Its name as RFC 5280 writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(r, _)| *r == self).map_or("unspecified", |(_, n)| n)
    }
}

/// One revoked certificate on a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Serial number, content octets as received.
    pub serial: Vec<u8>,
    /// Since when.
    pub at: Time,
    /// crlEntryExtensions in order.
    pub extensions: Vec<Extension>,
}

impl Revoked {
    /// The reason stated, if there is one that can be read.
    #[must_use]
    pub fn reason(&self) -> Option<Reason> {
        let value = &extension::find(&self.extensions, &oid::CRL_REASON)?.value;
        let number = crate::der::Reader::single(value, tag::ENUMERATED, "CRLReason").ok()?.value;
        Reason::from_number(u32::from(*number.first()?))
    }
}

/// A revocation list, kept as received.
#[derive(Clone)]
pub struct Crl {
    der: Vec<u8>,
    tbs: Vec<u8>,
    algorithm: Vec<u8>,
    inner_algorithm: Vec<u8>,
    issuer: Name,
    this_update: Time,
    next_update: Option<Time>,
    revoked: Vec<Revoked>,
    extensions: Vec<Extension>,
    signature: Vec<u8>,
}

impl Crl {
    /// Reads a list.
    pub fn parse(der: &[u8]) -> Result<Crl, DerError> {
        let whole = Reader::single(der, tag::SEQUENCE, "CertificateList")?;
        let mut outer = whole.reader();
        let tbs = outer.take(tag::SEQUENCE, "TBSCertList")?;
        let algorithm = outer.take(tag::SEQUENCE, "signatureAlgorithm")?.raw.to_vec();
        let signature = outer.signature_octets("signatureValue")?.to_vec();
        outer.finish("CertificateList")?;
        let mut inner = tbs.reader();
        if inner.peek() == Some(tag::INTEGER) {
            inner.small("version")?;
        }
        let inner_algorithm = inner.take(tag::SEQUENCE, "signature")?.raw.to_vec();
        let issuer = Name::read(&mut inner)?;
        let this_update = Time::read(&mut inner)?;
        let next_update = match inner.peek() {
            Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => Some(Time::read(&mut inner)?),
            _ => None,
        };
        let mut revoked = Vec::new();
        if let Some(list) = inner.optional(tag::SEQUENCE)? {
            let mut list = list.reader();
            while !list.is_empty() {
                revoked.push(entry(&mut list)?);
            }
        }
        let extensions = match inner.optional(0xa0)? {
            Some(explicit) => Extension::read_all(&mut explicit.reader())?,
            None => Vec::new(),
        };
        inner.finish("TBSCertList")?;
        Ok(Crl {
            der: der.to_vec(),
            tbs: tbs.raw.to_vec(),
            algorithm,
            inner_algorithm,
            issuer,
            this_update,
            next_update,
            revoked,
            extensions,
            signature,
        })
    }

    /// Makes and signs a version 2 list.
    pub fn build<K: Sign + ?Sized>(content: &CrlContent<'_>, key: &K) -> Result<Crl, SignatureError> {
        let algorithm = key.preferred();
        let entries: Vec<Vec<u8>> = content.revoked.iter().map(entry_der).collect();
        let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
        let entries = if entries.is_empty() { Vec::new() } else { write::sequence(&entries) };
        let tbs = write::sequence(&[
            &write::integer(1),
            &algorithm.to_der(),
            content.issuer.der(),
            &content.this_update.to_der(),
            &content.next_update.to_der(),
            &entries,
            &write::explicit(0, &Extension::all_to_der(content.extensions)),
        ]);
        let signature = key.sign(algorithm, &tbs)?;
        let der = write::sequence(&[&tbs, &algorithm.to_der(), &write::bit_octets(&signature)]);
        Crl::parse(&der).map_err(|_| SignatureError::Malformed)
    }

    /// As received.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The octets that are signed.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        &self.tbs
    }

    /// The AlgorithmIdentifier beside the signature, as received.
    #[must_use]
    pub fn algorithm_der(&self) -> &[u8] {
        &self.algorithm
    }

    /// The AlgorithmIdentifier inside the signed part, as received.
    #[must_use]
    pub fn inner_algorithm_der(&self) -> &[u8] {
        &self.inner_algorithm
    }

    /// The signature octets.
    #[must_use]
    pub fn signature(&self) -> &[u8] {
        &self.signature
    }

    /// Who signed.
    #[must_use]
    pub fn issuer(&self) -> &Name {
        &self.issuer
    }

    /// When it was made.
    #[must_use]
    pub fn this_update(&self) -> Time {
        self.this_update
    }

    /// When the next one will be there at the latest.
    #[must_use]
    pub fn next_update(&self) -> Option<Time> {
        self.next_update
    }

    /// The revoked certificates.
    #[must_use]
    pub fn revoked(&self) -> &[Revoked] {
        &self.revoked
    }

    /// The list's own extensions.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        &self.extensions
    }

    /// An extension by type.
    #[must_use]
    pub fn extension(&self, id: &Oid) -> Option<&Extension> {
        extension::find(&self.extensions, id)
    }

    /// The CRL number's magnitude octets.
    #[must_use]
    pub fn number(&self) -> Option<Vec<u8>> {
        let value = &self.extension(&oid::CRL_NUMBER)?.value;
        let content = Reader::single(value, tag::INTEGER, "CRLNumber").ok()?.value;
        Some(content.iter().copied().skip_while(|b| *b == 0).collect())
    }

    /// Checks the signature with this key. The names are not compared.
    pub fn verify_signature(&self, key: &PublicKey) -> Result<(), SignatureError> {
        key.verify(SignatureAlgorithm::parse(&self.algorithm)?, &self.tbs, &self.signature)
    }
}

/// What a new list says.
#[derive(Debug)]
pub struct CrlContent<'a> {
    /// Who signs.
    pub issuer: &'a Name,
    /// When it is made.
    pub this_update: Time,
    /// When the next one will be there at the latest.
    pub next_update: Time,
    /// The revoked certificates.
    pub revoked: &'a [Revoked],
    /// At least the authority key identifier and the CRL number (RFC 5280 §5.2).
    pub extensions: &'a [Extension],
}

fn entry(list: &mut Reader<'_>) -> Result<Revoked, DerError> {
    let mut inner = list.sequence("revokedCertificate")?;
    let serial = inner.integer("userCertificate")?.to_vec();
    let at = Time::read(&mut inner)?;
    let extensions = if inner.is_empty() { Vec::new() } else { Extension::read_all(&mut inner)? };
    inner.finish("revokedCertificate")?;
    Ok(Revoked { serial, at, extensions })
}

fn entry_der(entry: &Revoked) -> Vec<u8> {
    let extensions = if entry.extensions.is_empty() { Vec::new() } else { Extension::all_to_der(&entry.extensions) };
    write::sequence(&[&write::tlv(tag::INTEGER, &entry.serial), &entry.at.to_der(), &extensions])
}

impl std::fmt::Debug for Crl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Crl({}, {} entries)", self.issuer, self.revoked.len())
    }
}
