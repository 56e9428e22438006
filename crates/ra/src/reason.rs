//! Stable reasons for a refusal. The text never changes once released: it stands in failInfoText, in the audit and in
//! the reference, and people search for it.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)+) => {
        /// Why a request was refused. In the order in which one is told to the client if there are several: the most
        /// useful first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $($(#[doc = $doc])+ $name),+ }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$name),+];

            /// The stable text, `challenge.wrong`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Reason::$name => $text),+ }
            }

            /// What it means and who should do what.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Reason::$name => concat!($($doc),+)),+ }
            }
        }
    };
}

reasons! {
    /// The transactionID belongs to a request with another key. The client must take a new one.
    TransactionKey = "transaction.key";
    /// There is no request with this transactionID that this client could ask about. It must send its request again.
    TransactionUnknown = "transaction.unknown";
    /// An operator refused the request.
    OperatorDenied = "operator.denied";
    /// The challenge has been spent by another key or for other names. If the device did not try twice, somebody else
    /// has its challenge.
    ChallengeSpent = "challenge.spent";
    /// The challenge has expired, or this device has used it up. The device needs a new one.
    ChallengeExpired = "challenge.expired";
    /// The challenge is none of this endpoint's.
    ChallengeWrong = "challenge.wrong";
    /// The request carries no challenge, and nothing else authorises it.
    ChallengeMissing = "challenge.missing";
    /// The request is not what the challenge was made for.
    ChallengeMismatch = "challenge.mismatch";
    /// The challenge could not be verified, because who must verify it did not answer. Try again later.
    ChallengeUnavailable = "challenge.unavailable";
    /// The policy module refused the request.
    ModuleRefused = "module.refused";
    /// The certificate that signed the renewal is none of this service's.
    SignerUnknown = "renewal.signer";
    /// The certificate to be renewed has been revoked.
    SignerRevoked = "renewal.revoked";
    /// The certificate to be renewed expired too long ago. The device must enrol anew.
    SignerExpired = "renewal.expired";
    /// The certificate to be renewed is not valid yet.
    SignerEarly = "renewal.not-yet-valid";
    /// It is too early to renew the certificate.
    RenewalWindow = "renewal.window";
    /// Certificates of this profile are not renewed at this endpoint.
    RenewalProfile = "renewal.profile";
    /// The renewal asks for other names than the certificate has.
    RenewalNames = "renewal.names";
    /// The renewal keeps the old key, which this endpoint does not allow.
    RenewalKey = "renewal.key";
    /// A renewal without a challenge must not rest on SHA-1 (RFC 8894 §7.8).
    RenewalDigest = "renewal.digest";
    /// The certificate could not be sent back, so it is not made: the signer's key can neither be encrypted to nor is
    /// there a challenge to encrypt under.
    Undeliverable = "reply.undeliverable";
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

/// A reason with the facts of this request, for the operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason.
    pub reason: Reason,
    /// The facts; no secret is in it.
    pub detail: String,
}

impl Refusal {
    /// A reason with its facts.
    #[must_use]
    pub fn new(reason: Reason, detail: impl Into<String>) -> Refusal {
        Refusal { reason, detail: detail.into() }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.reason, self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_text() {
        let texts: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|r| r.text()).collect();
        assert_eq!(texts.len(), Reason::ALL.len());
    }
}
