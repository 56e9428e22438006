//! The certificates, revocation lists and OCSP answers that are known: what Windows keeps in its stores.

use std::collections::HashMap;
use std::sync::Arc;

use pki::{Certificate, Crl};

use crate::facts::Facts;
use crate::ocsp::OcspResponse;
use crate::revocation::KnownCrl;

/// Trusted roots, other CA certificates, distrusted certificates, revocation lists and OCSP answers. Filling it reads
/// every certificate once; asking does not change it.
#[derive(Default)]
pub struct Store {
    pub(crate) certificates: Vec<Arc<Facts>>,
    by_subject: HashMap<u64, Vec<usize>>,
    by_key_id: HashMap<Vec<u8>, Vec<usize>>,
    anchors: HashMap<Certificate, LeafTrust>,
    anchor_keys: HashMap<u64, Vec<Arc<Facts>>>,
    distrusted: Vec<Certificate>,
    pub(crate) crls: Vec<KnownCrl>,
    pub(crate) responses: Vec<OcspResponse>,
}

/// Whether a trusted certificate may be a chain by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LeafTrust {
    /// It is trusted as a CA, and as a leaf if somebody asks about it.
    AnchorAndLeaf,
    /// It is trusted as a CA only.
    AnchorOnly,
    /// It is trusted as a leaf only.
    LeafOnly,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new() -> Store {
        Store::default()
    }

    /// Adds a CA certificate that may help to build a chain.
    pub fn add(&mut self, certificate: &Certificate) {
        self.insert(certificate);
    }

    /// Adds a trusted root (by the rules of RFC 5280: a trust anchor, self-signed or not).
    pub fn trust(&mut self, certificate: &Certificate) {
        self.trust_as(certificate, LeafTrust::AnchorAndLeaf);
    }

    /// Adds a trusted certificate, saying for what.
    pub fn trust_as(&mut self, certificate: &Certificate, as_leaf: LeafTrust) {
        let facts = self.insert(certificate);
        self.anchors.insert(certificate.clone(), as_leaf);
        if as_leaf != LeafTrust::LeafOnly {
            self.anchor_keys.entry(facts.subject_key).or_default().push(facts);
        }
    }

    /// Adds a certificate that must not be trusted (the store `Disallowed` of Windows).
    pub fn distrust(&mut self, certificate: &Certificate) {
        self.distrusted.push(certificate.clone());
    }

    /// Adds a revocation list.
    pub fn add_crl(&mut self, crl: Crl) {
        self.crls.push(KnownCrl::new(crl));
    }

    /// Adds an OCSP answer.
    pub fn add_response(&mut self, response: OcspResponse) {
        self.responses.push(response);
    }

    fn insert(&mut self, certificate: &Certificate) -> Arc<Facts> {
        let facts = Arc::new(Facts::of(certificate));
        if let Some(known) = self.with_subject(facts.subject_key).find(|f| f.certificate == *certificate) {
            return known.clone();
        }
        let at = self.certificates.len();
        self.by_subject.entry(facts.subject_key).or_default().push(at);
        let key_id = facts.subject_key_id.value().cloned();
        let key_id = key_id.unwrap_or_else(|| certificate.public_key().key_id().to_vec());
        self.by_key_id.entry(key_id).or_default().push(at);
        self.certificates.push(facts.clone());
        facts
    }

    /// Certificates whose subject has this key (a match is to be confirmed by comparing the names).
    pub(crate) fn with_subject(&self, key: u64) -> impl Iterator<Item = &Arc<Facts>> {
        self.by_subject.get(&key).into_iter().flatten().filter_map(|at| self.certificates.get(*at))
    }

    /// Certificates with this key identifier, stated or computed.
    pub(crate) fn with_key_id(&self, key_id: &[u8]) -> impl Iterator<Item = &Arc<Facts>> {
        self.by_key_id.get(key_id).into_iter().flatten().filter_map(|at| self.certificates.get(*at))
    }

    /// How this very certificate is trusted.
    pub(crate) fn trust_of(&self, certificate: &Certificate) -> Option<LeafTrust> {
        self.anchors.get(certificate).copied()
    }

    /// The trust anchor that has this certificate's name and key, itself or another one.
    pub(crate) fn same_anchor(&self, facts: &Facts) -> Option<&Arc<Facts>> {
        self.anchor_keys.get(&facts.subject_key)?.iter().find(|anchor| {
            anchor.certificate.public_key() == facts.certificate.public_key()
                && anchor.certificate.subject().matches(facts.certificate.subject())
        })
    }

    /// Whether a trust anchor has this name.
    pub(crate) fn is_anchor_name(&self, key: u64) -> bool {
        self.anchor_keys.contains_key(&key)
    }

    pub(crate) fn is_distrusted(&self, certificate: &Certificate) -> bool {
        self.distrusted.contains(certificate)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store")
            .field("certificates", &self.certificates.len())
            .field("anchors", &self.anchors.len())
            .field("crls", &self.crls.len())
            .field("responses", &self.responses.len())
            .finish_non_exhaustive()
    }
}
