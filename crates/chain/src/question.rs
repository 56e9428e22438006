//! What is asked: about which certificate, at which time, by which rules.

use pki::{Certificate, Oid, Time};

/// Where Windows and RFC 5280 disagree, whose word counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Rules {
    /// As `CertGetCertificateChain` judges: the root is looked at like every other certificate, a CA without key usage
    /// is fine, name constraints are blamed on the CA that sets them, extended key usages are intersected down the
    /// chain, SHA-1 is not refused.
    #[default]
    Windows,
    /// As RFC 5280 §6 judges. The trust anchor is a name and a key; what else is looked at in it says [`Anchor`].
    Rfc5280,
}

/// By [`Rules::Rfc5280`]: what of a trust anchor's certificate is judged beyond its name and key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Anchor {
    /// Nothing (RFC 5280 §6.1.1 (d)).
    NameAndKey,
    /// Its validity.
    Validity,
    /// Its constraints: path length, names, policies, usages (RFC 5937).
    Constraints,
    /// Constraints and validity.
    ConstraintsAndValidity,
    /// Everything that is judged in any other certificate, its own signature included.
    #[default]
    Everything,
}

impl Anchor {
    pub(crate) fn judges_validity(self) -> bool {
        matches!(self, Anchor::Validity | Anchor::ConstraintsAndValidity | Anchor::Everything)
    }

    pub(crate) fn judges_constraints(self) -> bool {
        matches!(self, Anchor::Constraints | Anchor::ConstraintsAndValidity | Anchor::Everything)
    }
}

/// Which certificates' revocation is checked (`CERT_CHAIN_REVOCATION_CHECK_*`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Revocation {
    /// None.
    #[default]
    None,
    /// The leaf alone.
    EndCertificate,
    /// All of them.
    Chain,
    /// All but the root.
    ChainExcludingRoot,
}

impl Revocation {
    /// The flag of `CertGetCertificateChain`.
    #[must_use]
    pub const fn flag(self) -> u32 {
        match self {
            Revocation::None => 0,
            Revocation::EndCertificate => 0x1000_0000,
            Revocation::Chain => 0x2000_0000,
            Revocation::ChainExcludingRoot => 0x4000_0000,
        }
    }
}

/// How several usages asked for are meant (`CERT_USAGE_MATCH::dwType`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum UsageMatch {
    /// All of them must be there.
    #[default]
    All,
    /// One is enough.
    Any,
}

/// Which digests and keys are too weak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Strength {
    /// MD2, MD4 and MD5, and RSA below 1024 bits: what Windows refuses unasked.
    Legacy,
    /// SHA-1 too, and RSA below 2048 bits (`CERT_STRONG_SIGN_PARA`).
    Strong,
}

/// How many chains are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Alternatives {
    /// The search ends at the first chain without fault.
    #[default]
    UntilGood,
    /// Every chain within the budget, best first (`CERT_CHAIN_RETURN_LOWER_QUALITY_CONTEXTS`).
    All,
}

/// What an answer may cost. Whatever is over budget counts against the chain, never for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Certificates that came with the one asked about; more are passed over.
    pub additional: usize,
    /// Certificates of one chain.
    pub depth: usize,
    /// Steps of the search for issuers.
    pub steps: usize,
    /// Signatures verified, those of revocation information included.
    pub signatures: usize,
    /// Chains judged.
    pub chains: usize,
    /// Names compared with subtrees in one chain.
    pub name_comparisons: usize,
}

impl Default for Budget {
    /// 256 certificates beside the leaf, 32 in a chain, 4,096 steps, 512 signatures, 64 chains, 2²⁰ comparisons: far above any honest chain, some tens
    /// of milliseconds of work.
    fn default() -> Self {
        Budget { additional: 256, depth: 32, steps: 4_096, signatures: 512, chains: 64, name_comparisons: 1 << 20 }
    }
}

/// A question about a certificate.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// The certificate asked about.
    pub leaf: &'a Certificate,
    /// Certificates that came with it, in any order; they are never trusted for being here.
    pub additional: &'a [Certificate],
    /// The time asked about.
    pub at: Time,
    /// The time by which revocation information must be fresh, if it is another (Windows: a time stamp is judged with
    /// today's lists).
    pub now: Option<Time>,
    /// Whose rules.
    pub rules: Rules,
    /// What of a trust anchor's certificate is judged.
    pub anchor: Anchor,
    /// The extended key usages the certificate must be good for; empty asks for none.
    pub usages: &'a [Oid],
    /// Whether all of them or one.
    pub usage_match: UsageMatch,
    /// Whose revocation is checked.
    pub revocation: Revocation,
    /// How old a revocation list or OCSP answer may be at most, in seconds, whatever it says itself.
    pub revocation_age: Option<i64>,
    /// What is too weak; `None` takes [`Strength::Legacy`] by the rules of Windows, [`Strength::Strong`] by RFC 5280.
    pub strength: Option<Strength>,
    /// The most CA certificates between leaf and root, self-issued ones not counted.
    pub intermediates: Option<usize>,
    /// The certificate policies asked for.
    pub policies: PolicyInputs<'a>,
    /// Which chains are wanted.
    pub alternatives: Alternatives,
    /// What the answer may cost.
    pub budget: Budget,
}

/// user-initial-policy-set and the three indicators of RFC 5280 §6.1.1.
#[derive(Debug, Clone, Copy, Default)]
pub struct PolicyInputs<'a> {
    /// Acceptable policies; empty means any.
    pub acceptable: &'a [Oid],
    /// initial-explicit-policy.
    pub explicit: Initially,
    /// initial-policy-mapping-inhibit.
    pub mapping_inhibited: Initially,
    /// initial-any-policy-inhibit.
    pub any_inhibited: Initially,
}

/// An initial indicator of RFC 5280 §6.1.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Initially {
    /// Not set.
    #[default]
    Unset,
    /// Set.
    Set,
}

impl<'a> Question<'a> {
    /// A question by the rules of Windows, about the chain alone: no usage, no revocation.
    #[must_use]
    pub fn new(leaf: &'a Certificate, at: Time) -> Question<'a> {
        Question {
            leaf,
            additional: &[],
            at,
            now: None,
            rules: Rules::Windows,
            anchor: Anchor::default(),
            usages: &[],
            usage_match: UsageMatch::All,
            revocation: Revocation::None,
            revocation_age: None,
            strength: None,
            intermediates: None,
            policies: PolicyInputs::default(),
            alternatives: Alternatives::UntilGood,
            budget: Budget::default(),
        }
    }

    /// The time by which revocation information must be fresh.
    pub(crate) fn revocation_time(&self) -> Time {
        self.now.unwrap_or(self.at)
    }

    pub(crate) fn is_rfc(&self) -> bool {
        self.rules == Rules::Rfc5280
    }
}
