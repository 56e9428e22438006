//! What a refusal becomes on the wire: one exhaustive match.

use ra::Reason;
use scep::FailInfo;

/// The failInfo of a refusal (RFC 8894 §3.2.1.4).
pub(crate) fn fail_info(reason: Reason) -> FailInfo {
    match reason {
        Reason::TransactionUnknown => FailInfo::BadCertId,
        Reason::RenewalDigest | Reason::RenewalKey | Reason::Undeliverable => FailInfo::BadAlg,
        Reason::SignerUnknown | Reason::SignerRevoked => FailInfo::BadMessageCheck,
        Reason::TransactionKey
        | Reason::SignerExpired
        | Reason::SignerEarly
        | Reason::RenewalWindow
        | Reason::OperatorDenied
        | Reason::ChallengeSpent
        | Reason::ChallengeExpired
        | Reason::ChallengeWrong
        | Reason::ChallengeMissing
        | Reason::ChallengeMismatch
        | Reason::ChallengeUnavailable
        | Reason::ModuleRefused
        | Reason::RenewalProfile
        | Reason::RenewalNames => FailInfo::BadRequest,
    }
}
