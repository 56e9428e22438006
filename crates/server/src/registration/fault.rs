//! What can be wrong with a client certificate, in the words of IIS and CAPI2 so that people find it.

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $status:literal, $hresult:literal;)+) => {
        /// What is wrong with the certificate of a client. In the order in which one is told if there are several.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Fault { $($(#[doc = $doc])+ $name),+ }

        impl Fault {
            /// Every fault.
            pub const ALL: &'static [Fault] = &[$(Fault::$name),+];

            /// The stable code.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Fault::$name => $text),+ }
            }

            /// The HTTP status with IIS's sub-status.
            #[must_use]
            pub const fn status(self) -> &'static str {
                match self { $(Fault::$name => $status),+ }
            }

            /// The error CAPI2 states (HRESULT).
            #[must_use]
            pub const fn hresult(self) -> u32 {
                match self { $(Fault::$name => $hresult),+ }
            }

            /// What it means and who should do what.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Fault::$name => concat!($($doc),+)),+ }
            }
        }
    };
}

faults! {
    /// The client presented no certificate (CRYPT_E_NOT_FOUND). Its service credential is missing, or it did not find it.
    None = "client.none", "403.7", 0x8009_2004;
    /// The certificate cannot be read (CERT_E_MALFORMED).
    Malformed = "client.malformed", "403.16", 0x800B_0108;
    /// No configured issuer made the certificate (CERT_E_CHAINING). Does `client_issuer` have the issuer's newest certificate?
    Issuer = "client.issuer", "403.16", 0x800B_010A;
    /// It names a configured issuer that did not sign it (TRUST_E_CERT_SIGNATURE). Somebody forged it, or two CAs have one name.
    Signature = "client.signature", "403.16", 0x8009_6004;
    /// It has expired (CERT_E_EXPIRED). The client must use the renewed one.
    Expired = "client.expired", "403.17", 0x800B_0101;
    /// It is not valid yet (CERT_E_EXPIRED). Is a clock wrong?
    Early = "client.not-yet-valid", "403.17", 0x800B_0101;
    /// It is not for Client Authentication (CERT_E_WRONG_USAGE).
    Purpose = "client.purpose", "403.16", 0x800B_0110;
    /// It has not the name that is expected of a policy module (CERT_E_CN_NO_MATCH).
    Name = "client.name", "403.16", 0x800B_010F;
    /// It has been revoked (CRYPT_E_REVOKED).
    Revoked = "client.revoked", "403.13", 0x8009_2010;
    /// Whether it has been revoked cannot be said, because there is no current revocation list (CRYPT_E_REVOCATION_OFFLINE).
    RevocationOffline = "client.revocation-offline", "403.13", 0x8009_2013;
    /// Its signature rests on SHA-1 or worse, or a key of its chain is too short (CRYPT_E_SECURITY_SETTINGS). Have it issued with SHA-256 and a key of at least 2048 bits (RSA) or on P-256.
    Weak = "client.weak", "403.16", 0x8009_2026;
    /// An extension in its chain cannot be read, or is critical and not supported (CERT_E_CRITICAL).
    Extension = "client.extension", "403.16", 0x800B_0105;
    /// A CA above it is none, or has more CAs below it than it allows (TRUST_E_BASIC_CONSTRAINTS).
    NotACa = "client.not-a-ca", "403.16", 0x8009_6019;
    /// A CA above it must not issue for its names (CERT_E_INVALID_NAME).
    Names = "client.name-constraint", "403.16", 0x800B_0114;
    /// A CA above it wants a certificate policy that it does not have (CERT_E_INVALID_POLICY).
    Policy = "client.policy", "403.16", 0x800B_0113;
}

/// A fault with the facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultFound {
    /// The fault.
    pub fault: Fault,
    /// The facts.
    pub detail: String,
}

impl FaultFound {
    pub(super) fn new(fault: Fault, detail: impl Into<String>) -> FaultFound {
        FaultFound { fault, detail: detail.into() }
    }
}

impl std::fmt::Display for FaultFound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (status, code, hresult) = (self.fault.status(), self.fault.text(), self.fault.hresult());
        write!(f, "{status} {code} (0x{hresult:08X}): {}", self.detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_its_own_code_and_a_status_of_iis() {
        let codes: std::collections::BTreeSet<_> = Fault::ALL.iter().map(|f| f.text()).collect();
        assert_eq!(codes.len(), Fault::ALL.len());
        assert!(Fault::ALL.iter().all(|f| ["403.7", "403.13", "403.16", "403.17"].contains(&f.status())));
    }
}
