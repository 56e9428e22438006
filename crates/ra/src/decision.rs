use pki::extension::{GeneralName, KeyUsage};
use pki::key::PublicKey;
use pki::{Name, Time};

use crate::case::{Approver, CaseId};
use crate::reason::{Reason, Refusal};

/// What is to be done with a request.
#[derive(Debug)]
pub enum Decision {
    /// The case is settled: its answer is given again, and nothing is written.
    Settled(Settled),
    /// A certificate is made.
    Grant(Box<Grant>),
    /// An operator is asked.
    Pend(Pend),
    /// No.
    Deny(Denial),
}

/// A case that has an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// The case.
    pub case: CaseId,
    /// The answer.
    pub outcome: Outcome,
}

/// The answer of a settled case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The certificate with this serial number. If it is not signed yet, what is stored to be signed is signed now.
    Certificate(Vec<u8>),
    /// Still waiting.
    Pending,
    /// An operator refused it.
    Denied,
}

/// That a certificate may be made. Only [`crate::decide`] and [`crate::decide_poll`] make one.
#[derive(Debug)]
pub struct Grant {
    pub(crate) case: Option<CaseId>,
    pub(crate) generation: u32,
    pub(crate) profile: String,
    pub(crate) subject: Name,
    pub(crate) names: Vec<GeneralName>,
    pub(crate) key: PublicKey,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) device: Option<String>,
    pub(crate) sid: Option<String>,
    pub(crate) spend: Option<Spend>,
    pub(crate) replaces: Option<Vec<u8>>,
    pub(crate) authority: Authority,
}

/// What a grant rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// A challenge of this kind.
    Challenge(crate::ChallengeKind),
    /// The certificate with this serial number, which it renews.
    Renewal(Vec<u8>),
    /// An operator.
    Operator(Approver),
}

/// A challenge that the commit of a decision spends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spend {
    /// The key under which the store knows the challenge.
    pub key: [u8; 32],
    /// Until when it could be used: a spent challenge that nobody stored beforehand is remembered that long.
    pub expires: Time,
    /// Whether the store knew it before.
    pub stored: Stored,
}

/// Whether a challenge stood in the store before it was spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stored {
    /// It did: a one-time challenge.
    Before,
    /// It did not: a sealed one.
    OnlySpent,
}

/// That an operator is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pend {
    /// How many cases with this transactionID there were before.
    pub generation: u32,
    /// The profile that is waited for.
    pub profile: String,
    /// The device the challenge named.
    pub device: Option<String>,
    /// The security identifier the challenge named.
    pub sid: Option<String>,
    /// A challenge that is spent by waiting.
    pub spend: Option<Spend>,
    /// Why the request's challenge was not verified, if nobody could be asked: the operator decides without that.
    pub unverified: Option<Refusal>,
}

/// A refusal, with every reason there is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Denial {
    /// Every reason, the one for the client first.
    pub refusals: Vec<Refusal>,
}

impl Denial {
    pub(crate) fn new(mut refusals: Vec<Refusal>) -> Denial {
        refusals.sort_by_key(|r| r.reason);
        Denial { refusals }
    }

    /// With reasons that the client is not told while there are others.
    pub(crate) fn with_others(mut self, others: Vec<Refusal>) -> Denial {
        self.refusals.extend(others);
        self
    }

    /// The reason that is told to the client.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.refusals.first().map_or(Reason::ChallengeMissing, |r| r.reason)
    }

    /// Whether somebody should look: a challenge came back with another key or other names, or somebody still has the
    /// key of a revoked certificate.
    #[must_use]
    pub fn is_security_event(&self) -> bool {
        self.refusals.iter().any(|r| matches!(r.reason, Reason::ChallengeSpent | Reason::SignerRevoked))
    }
}

impl Grant {
    /// The pending case this settles, if there was one.
    #[must_use]
    pub fn case(&self) -> Option<&CaseId> {
        self.case.as_ref()
    }

    /// How many cases with this transactionID there were before.
    #[must_use]
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// By which profile.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// The subject.
    #[must_use]
    pub fn subject(&self) -> &Name {
        &self.subject
    }

    /// The subject alternative names.
    #[must_use]
    pub fn names(&self) -> &[GeneralName] {
        &self.names
    }

    /// The key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The key usage asked for.
    #[must_use]
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    /// The device, as the service knows it.
    #[must_use]
    pub fn device(&self) -> Option<&str> {
        self.device.as_deref()
    }

    /// The security identifier, as the service knows it.
    #[must_use]
    pub fn sid(&self) -> Option<&str> {
        self.sid.as_deref()
    }

    /// The challenge that is spent with it.
    #[must_use]
    pub fn spend(&self) -> Option<&Spend> {
        self.spend.as_ref()
    }

    /// The serial number of the certificate whose place it takes, content octets.
    #[must_use]
    pub fn replaces(&self) -> Option<&[u8]> {
        self.replaces.as_deref()
    }

    /// What it rests on.
    #[must_use]
    pub fn authority(&self) -> &Authority {
        &self.authority
    }
}
