//! Octets that may be signed, and nothing else may be.

use pki::key::SignatureAlgorithm;
use pki::{Certificate, Name, Validity};

use crate::lint::{self, Kind};
use crate::{Flaw, issuer};

/// More flaws than this are not listed: who sends a thousand bad names learns about the first ones.
const MOST_FLAWS: usize = 64;

/// A TBSCertificate that has passed every lint and waits for its signature. Store it, then sign it; it is not `Clone`,
/// because it is signed once.
#[derive(Debug, PartialEq, Eq)]
pub struct Prepared {
    tbs: Vec<u8>,
    algorithm: SignatureAlgorithm,
    issuer: [u8; 32],
    serial: Vec<u8>,
    validity: Validity,
    subject: Name,
}

impl Prepared {
    /// The octets to be signed.
    #[must_use]
    pub fn tbs(&self) -> &[u8] {
        &self.tbs
    }

    /// The algorithm to sign with.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// SHA-256 of the issuer's certificate.
    #[must_use]
    pub fn issuer(&self) -> &[u8; 32] {
        &self.issuer
    }

    /// The serial number, content octets.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// When the certificate will be valid.
    #[must_use]
    pub fn validity(&self) -> Validity {
        self.validity
    }

    /// Whom it will be about.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// Makes stored octets of an end entity's certificate ready to be signed, after a crash. Every lint is run again,
    /// so that nothing changed in the store gets a signature it would not have got; that the issuer is the same shows
    /// in its name and key identifier. The issuer may have expired meanwhile: the decision was taken before.
    pub fn resume(tbs: &[u8], issuer: &Certificate, algorithm: SignatureAlgorithm) -> Result<Prepared, Vec<Flaw>> {
        Prepared::resumed(tbs, issuer, algorithm, Kind::EndEntity)
    }

    /// The same for an issuing CA below `root`.
    pub fn resume_issuing(
        tbs: &[u8],
        root: &Certificate,
        algorithm: SignatureAlgorithm,
    ) -> Result<Prepared, Vec<Flaw>> {
        Prepared::resumed(tbs, root, algorithm, Kind::Authority)
    }

    fn resumed(
        tbs: &[u8],
        issuer: &Certificate,
        algorithm: SignatureAlgorithm,
        kind: Kind,
    ) -> Result<Prepared, Vec<Flaw>> {
        let flaws = issuer::suitability(issuer, algorithm);
        if !flaws.is_empty() {
            return Err(flaws);
        }
        Prepared::linted(tbs.to_vec(), issuer, algorithm, kind)
    }

    /// The only way to a value of this type.
    pub(crate) fn linted(
        tbs: Vec<u8>,
        issuer: &Certificate,
        algorithm: SignatureAlgorithm,
        kind: Kind,
    ) -> Result<Prepared, Vec<Flaw>> {
        let read = lint::read(&tbs, issuer::above(issuer), algorithm, kind).map_err(limited)?;
        Ok(Prepared {
            algorithm,
            issuer: issuer.fingerprint(),
            serial: read.serial().to_vec(),
            validity: read.validity(),
            subject: read.subject().clone(),
            tbs,
        })
    }
}

pub(crate) fn limited(mut flaws: Vec<Flaw>) -> Vec<Flaw> {
    flaws.truncate(MOST_FLAWS);
    flaws
}
