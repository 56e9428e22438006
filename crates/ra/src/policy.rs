/// What an endpoint allows.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The profile of what is issued here.
    pub profile: String,
    /// Which challenges authorise a first enrolment.
    pub challenges: Vec<ChallengeKind>,
    /// When an operator is asked.
    pub approval: Approval,
    /// What a certificate that was issued here is good for.
    pub renewal: Renewal,
}

/// A kind of challenge; each has its own way of being verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChallengeKind {
    /// One secret for all, as NDES's `UseSinglePassword`.
    Static,
    /// Made by the service, good for one certificate.
    OneTime,
    /// Self-contained: it carries what it is for.
    Sealed,
    /// Verified by a registration point, a webhook or a program.
    Module,
}

impl ChallengeKind {
    /// A short name, as in the configuration.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ChallengeKind::Static => "static",
            ChallengeKind::OneTime => "one-time",
            ChallengeKind::Sealed => "sealed",
            ChallengeKind::Module => "module",
        }
    }
}

/// When an operator is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Approval {
    /// Never: what is not authorised is refused.
    #[default]
    Never,
    /// About first enrolments without a challenge. A wrong challenge is refused all the same.
    WithoutChallenge,
    /// About every first enrolment, with a good challenge too.
    Always,
}

/// Renewal by the certificate that is to be renewed (RFC 8894 §2.3, §2.4).
#[derive(Debug, Clone)]
pub struct Renewal {
    /// Profiles whose certificates may be renewed here; empty forbids renewal.
    pub profiles: Vec<String>,
    /// From how many seconds before its end a certificate may be renewed; nothing: at any time.
    pub window: Option<i64>,
    /// For how many seconds after its end it still may.
    pub grace: i64,
    /// Whether the new certificate may be for the old key.
    pub key_reuse: KeyReuse,
}

/// Whether a renewal may keep the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyReuse {
    /// It may (strongSwan, Cisco).
    #[default]
    Allow,
    /// It must be a new one.
    Refuse,
}
