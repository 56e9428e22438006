//! The answer: chains, their elements, and everything that is wrong with them.

use std::collections::HashSet;

use pki::{Certificate, Oid, Time};

use crate::build::IssuerMatch;
use crate::fault::Fault;
use crate::revocation::RevocationResult;
use crate::trust::{ErrorStatus, InfoStatus};

/// A chain, leaf first.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Everything wrong with the chain: the bits of all elements and those only a chain can have.
    pub error: ErrorStatus,
    /// What is worth knowing: the bits of all elements but for how issuers were found.
    pub info: InfoStatus,
    /// The certificates, leaf first.
    pub elements: Vec<Element>,
    /// Faults of the chain as a whole, notes among them.
    pub faults: Vec<Fault>,
    /// The policies for which the chain is valid (RFC 5280 §6.1.6, user-constrained-policy-set); `2.5.29.32.0` stands
    /// for any. Empty: none.
    pub policies: Vec<Oid>,
    /// The time it was judged for.
    pub at: Time,
}

/// One certificate of a chain.
#[derive(Debug, Clone)]
pub struct Element {
    /// The certificate.
    pub certificate: Certificate,
    /// What is wrong with it.
    pub error: ErrorStatus,
    /// What is worth knowing.
    pub info: InfoStatus,
    /// How its issuer was found; for a self-signed certificate, how it names itself.
    pub issuer_found_by: Option<IssuerMatch>,
    /// Every fault and note.
    pub faults: Vec<Fault>,
    /// The extended key usages everything down to here is good for.
    pub application_usage: UsageSet,
    /// The certificate policies everything down to here is issued under.
    pub issuance_usage: UsageSet,
    /// What was found out about its revocation, if that was asked for.
    pub revocation: Option<RevocationResult>,
}

/// A set of usages that may be unlimited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UsageSet {
    /// Any.
    Any,
    /// These.
    Only(Vec<Oid>),
}

impl UsageSet {
    /// What is in both.
    #[must_use]
    pub fn intersect(&self, other: &UsageSet) -> UsageSet {
        match (self, other) {
            (UsageSet::Any, _) => other.clone(),
            (_, UsageSet::Any) => self.clone(),
            (UsageSet::Only(a), UsageSet::Only(b)) => {
                let b: HashSet<&Oid> = b.iter().collect();
                UsageSet::Only(a.iter().filter(|oid| b.contains(oid)).cloned().collect())
            }
        }
    }

    /// Whether this usage is in it.
    #[must_use]
    pub fn allows(&self, usage: &Oid) -> bool {
        match self {
            UsageSet::Any => true,
            UsageSet::Only(list) => list.contains(usage),
        }
    }
}

impl Chain {
    /// No error bit is set, on no element.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.error.is_clear()
    }

    /// The first element, leaf first, with any of these bits.
    #[must_use]
    pub fn first_with(&self, bits: ErrorStatus) -> Option<usize> {
        self.elements.iter().position(|element| element.error.has(bits))
    }

    /// Every fault that sets a bit, with its element; `None` stands for the chain as a whole.
    pub fn errors(&self) -> impl Iterator<Item = (Option<usize>, &Fault)> {
        self.all_faults().filter(|(_, fault)| !fault.is_note())
    }

    /// Every fault and note, with its element.
    pub fn all_faults(&self) -> impl Iterator<Item = (Option<usize>, &Fault)> {
        let whole = self.faults.iter().map(|fault| (None, fault));
        let elements = self.elements.iter().enumerate();
        elements.flat_map(|(at, element)| element.faults.iter().map(move |fault| (Some(at), fault))).chain(whole)
    }

    /// How good the chain is, for choosing among several: heaviest first the signatures, the times, whether it is
    /// complete, the basic constraints, whether the root is trusted; then whether anything else is wrong.
    pub(crate) fn quality(&self) -> u8 {
        let bit = |bits: ErrorStatus, weight: u8| if self.error.has(bits) { 0 } else { weight };
        bit(ErrorStatus::IS_NOT_SIGNATURE_VALID, 32)
            | bit(ErrorStatus::IS_NOT_TIME_VALID, 16)
            | bit(ErrorStatus::IS_PARTIAL_CHAIN, 8)
            | bit(ErrorStatus::INVALID_BASIC_CONSTRAINTS, 4)
            | bit(ErrorStatus::IS_UNTRUSTED_ROOT, 2)
            | u8::from(self.error.is_clear())
    }

    /// Among chains of one quality: fewer kinds of error, better matches, newer certificates.
    pub(crate) fn rank(&self) -> (u8, std::cmp::Reverse<u32>, u32, i64) {
        let matches = self.elements.iter().filter_map(|e| e.issuer_found_by).map(|m| m as u32).min().unwrap_or(0);
        let newest = self.elements.iter().skip(1).map(|e| e.certificate.validity().not_before.seconds()).max();
        (self.quality(), std::cmp::Reverse(self.error.0.count_ones()), matches, newest.unwrap_or(i64::MIN))
    }
}

/// The answer to a question.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The preferred chain.
    pub chain: Chain,
    /// Other chains, best first.
    pub alternatives: Vec<Chain>,
}
