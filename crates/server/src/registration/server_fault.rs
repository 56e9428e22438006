//! What can be wrong with the certificate of a server that a policy module calls, in the words of CAPI2.

macro_rules! faults {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal, $hresult:literal;)+) => {
        /// What is wrong with the certificate of a server that a policy module calls.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ServerFault { $($(#[doc = $doc])+ $name),+ }

        impl ServerFault {
            /// Every fault.
            pub const ALL: &'static [ServerFault] = &[$(ServerFault::$name),+];

            /// The stable code.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(ServerFault::$name => $text),+ }
            }

            /// The error CAPI2 states (HRESULT).
            #[must_use]
            pub const fn hresult(self) -> u32 {
                match self { $(ServerFault::$name => $hresult),+ }
            }

            /// What it means and who should do what.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(ServerFault::$name => concat!($($doc),+)),+ }
            }
        }
    };
}

faults! {
    /// The server sent no certificate that can be read, or more than are read (CERT_E_MALFORMED).
    Malformed = "server.malformed", 0x800B_0108;
    /// A signature in the chain is wrong (TRUST_E_CERT_SIGNATURE). Somebody forged it, or two CAs have one name.
    Signature = "server.signature", 0x8009_6004;
    /// The chain ends in a root that is not trusted here (CERT_E_UNTRUSTEDROOT). Is `trust` of the policy module the server's root?
    Root = "server.untrusted-root", 0x800B_0109;
    /// No chain leads to what is trusted here (CERT_E_CHAINING). Does the server send the certificates of its CAs, and is `trust` of the policy module its root?
    Chain = "server.chain", 0x800B_010A;
    /// The server's certificate, or one above it, has expired or is not valid yet (CERT_E_EXPIRED). It must be renewed; if it was, the server must use the new one. Is a clock wrong?
    Expired = "server.expired", 0x800B_0101;
    /// It is not for Server Authentication (CERT_E_WRONG_USAGE).
    Purpose = "server.purpose", 0x800B_0110;
    /// It is not for the name in the `url` of the policy module (CERT_E_CN_NO_MATCH).
    Name = "server.name", 0x800B_010F;
    /// A signature rests on SHA-1 or worse, or a key is too short (CRYPT_E_SECURITY_SETTINGS).
    Weak = "server.weak", 0x8009_2026;
    /// Something else is wrong with its chain: an extension, a constraint, a certificate policy. Which, says the HRESULT, which is another in each case (TRUST_E_FAIL stands for them here).
    Other = "server.certificate", 0x800B_010B;
}

/// The code for what the policy says of a server.
pub(super) fn code(result: u32) -> &'static str {
    ServerFault::ALL.iter().find(|fault| fault.hresult() == result).unwrap_or(&ServerFault::Other).text()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_result_of_a_policy_has_a_code() {
        use chain::trust::result;
        let codes: std::collections::BTreeSet<_> = ServerFault::ALL.iter().map(|f| f.text()).collect();
        assert_eq!(codes.len(), ServerFault::ALL.len());
        assert_eq!(code(result::CERT_E_EXPIRED), "server.expired");
        assert_eq!(code(result::CERT_E_CN_NO_MATCH), "server.name");
        assert_eq!(code(result::CERT_E_INVALID_NAME), "server.certificate");
    }
}
