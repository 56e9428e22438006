//! Signatures: verified once per question, within the budget, and remembered across questions if the caller keeps a
//! [`SignatureCache`].

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use pki::key::{PublicKey, SignatureAlgorithm, SignatureError};
use pki::{Crl, digest};

use crate::facts::Facts;

/// What came of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Good,
    Wrong,
    /// The signature algorithm is not supported.
    Unsupported,
    /// The key is of another kind than the algorithm, or cannot be used.
    UnusableKey,
    OverBudget,
}

/// Signatures that were found good before: the digest of key, algorithm, signed octets and signature. It holds at most
/// twice its capacity and forgets the oldest half.
#[derive(Default)]
pub struct SignatureCache {
    young: HashSet<[u8; 32]>,
    old: HashSet<[u8; 32]>,
}

impl SignatureCache {
    const CAPACITY: usize = 16_384;

    /// An empty cache.
    #[must_use]
    pub fn new() -> SignatureCache {
        SignatureCache::default()
    }

    fn knows(&self, key: &[u8; 32]) -> bool {
        self.young.contains(key) || self.old.contains(key)
    }

    fn remember(&mut self, key: [u8; 32]) {
        if self.young.len() >= Self::CAPACITY {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key);
    }
}

impl std::fmt::Debug for SignatureCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SignatureCache({})", self.young.len() + self.old.len())
    }
}

/// Something that is signed.
pub(crate) struct Signed<'a> {
    pub(crate) algorithm: &'a [u8],
    pub(crate) content: &'a [u8],
    pub(crate) signature: &'a [u8],
}

/// Verifies within a budget.
pub(crate) struct Verifier<'c> {
    left: usize,
    links: HashMap<(usize, usize), Outcome>,
    cache: Option<&'c mut SignatureCache>,
    pub(crate) signers: crate::revocation::Signers,
}

impl<'c> Verifier<'c> {
    pub(crate) fn new(budget: usize, cache: Option<&'c mut SignatureCache>) -> Verifier<'c> {
        Verifier { left: budget, links: HashMap::new(), cache, signers: Default::default() }
    }

    /// Whether `issuer`'s key signed `subject`.
    pub(crate) fn link(&mut self, issuer: &Arc<Facts>, subject: &Arc<Facts>) -> Outcome {
        let pair = (Arc::as_ptr(issuer).addr(), Arc::as_ptr(subject).addr());
        if let Some(known) = self.links.get(&pair) {
            return *known;
        }
        let c = &subject.certificate;
        let signed = Signed { algorithm: c.algorithm_der(), content: c.tbs(), signature: c.signature() };
        let outcome = self.check(issuer.certificate.public_key(), &signed);
        self.links.insert(pair, outcome);
        outcome
    }

    /// Whether this key signed the list.
    pub(crate) fn crl(&mut self, key: &Arc<Facts>, crl: &Crl) -> Outcome {
        let pair = (Arc::as_ptr(key).addr(), std::ptr::from_ref(crl).addr());
        if let Some(known) = self.links.get(&pair) {
            return *known;
        }
        let signed = Signed { algorithm: crl.algorithm_der(), content: crl.tbs(), signature: crl.signature() };
        let outcome = self.check(key.certificate.public_key(), &signed);
        self.links.insert(pair, outcome);
        outcome
    }

    pub(crate) fn check(&mut self, key: &PublicKey, signed: &Signed<'_>) -> Outcome {
        let remembered = self.cache.is_some().then(|| cache_key(key, signed));
        if let (Some(cache), Some(id)) = (&self.cache, &remembered)
            && cache.knows(id)
        {
            return Outcome::Good;
        }
        let Some(left) = self.left.checked_sub(1) else { return Outcome::OverBudget };
        self.left = left;
        let outcome = crate::legacy::check(key, signed).unwrap_or_else(|| verify(key, signed));
        if let (Outcome::Good, Some(cache), Some(id)) = (outcome, self.cache.as_mut(), remembered) {
            cache.remember(id);
        }
        outcome
    }
}

fn verify(key: &PublicKey, signed: &Signed<'_>) -> Outcome {
    let algorithm = match SignatureAlgorithm::parse(signed.algorithm) {
        Ok(algorithm) => algorithm,
        Err(SignatureError::Malformed) => return Outcome::Wrong,
        Err(_) => return Outcome::Unsupported,
    };
    match key.verify(algorithm, signed.content, signed.signature) {
        Ok(()) => Outcome::Good,
        Err(SignatureError::Unsuitable) => Outcome::UnusableKey,
        Err(SignatureError::Unsupported) => Outcome::Unsupported,
        Err(_) => Outcome::Wrong,
    }
}

fn cache_key(key: &PublicKey, signed: &Signed<'_>) -> [u8; 32] {
    // The lengths keep the parts apart.
    let parts = [key.spki_der(), signed.algorithm, signed.content, signed.signature];
    let mut lengths = [0u8; 32];
    for (room, part) in lengths.chunks_exact_mut(8).zip(parts) {
        room.copy_from_slice(&(part.len() as u64).to_be_bytes());
    }
    let [spki, algorithm, content, signature] = parts;
    let all = digest::Digest::Sha256.of(&[&lengths, spki, algorithm, content, signature]);
    all.try_into().unwrap_or_default()
}
