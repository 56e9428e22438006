//! CERT_TRUST error and info bits, as `CertGetCertificateChain` sets them and CAPI2 event 11 prints them
//! (Microsoft, `CERT_TRUST_STATUS` in wincrypt.h).

use std::fmt;

macro_rules! bits {
    ($(#[$doc:meta])* $name:ident { $($(#[$bit_doc:meta])* $bit:ident = $value:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub struct $name(pub u32);

        impl $name {
            $($(#[$bit_doc])* pub const $bit: $name = $name($value);)+

            const NAMES: &'static [(u32, &'static str)] = &[$(($value, concat!("CERT_TRUST_", stringify!($bit))),)+];

            /// The names of the bits that are set, in the order of their values, as Windows writes them.
            pub fn names(self) -> impl Iterator<Item = &'static str> {
                Self::NAMES.iter().filter(move |(bit, _)| self.0 & bit != 0).map(|(_, name)| *name)
            }

            /// Every bit that has a name, with it.
            #[must_use]
            pub const fn known() -> &'static [(u32, &'static str)] {
                Self::NAMES
            }

            /// Whether any bit of `other` is set.
            #[must_use]
            pub const fn has(self, other: $name) -> bool {
                self.0 & other.0 != 0
            }

            /// Whether no bit is set.
            #[must_use]
            pub const fn is_clear(self) -> bool {
                self.0 == 0
            }
        }

        impl std::ops::BitOr for $name {
            type Output = $name;
            fn bitor(self, other: $name) -> $name {
                $name(self.0 | other.0)
            }
        }

        impl std::ops::BitOrAssign for $name {
            fn bitor_assign(&mut self, other: $name) {
                self.0 |= other.0;
            }
        }

        impl fmt::Display for $name {
            /// `0x20`.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:#x}", self.0)?;
                self.names().try_for_each(|name| write!(f, " {name}"))
            }
        }
    };
}

bits! {
    /// What is wrong: `CERT_TRUST_STATUS::dwErrorStatus`.
    ErrorStatus {
        /// The time lies outside the certificate's validity.
        IS_NOT_TIME_VALID = 0x1,
        /// Obsolete: validity periods are not nested. Never set; nesting is only noted.
        IS_NOT_TIME_NESTED = 0x2,
        /// Revoked.
        IS_REVOKED = 0x4,
        /// The signature on the certificate is wrong.
        IS_NOT_SIGNATURE_VALID = 0x8,
        /// Not good for the usage asked for, or for what it does in the chain.
        IS_NOT_VALID_FOR_USAGE = 0x10,
        /// Self-signed and not trusted.
        IS_UNTRUSTED_ROOT = 0x20,
        /// Whether it is revoked could not be told.
        REVOCATION_STATUS_UNKNOWN = 0x40,
        /// The same certificate stands in the chain twice.
        IS_CYCLIC = 0x80,
        /// An extension cannot be read or must not be there.
        INVALID_EXTENSION = 0x100,
        /// A policy is required and none is left.
        INVALID_POLICY_CONSTRAINTS = 0x200,
        /// Not a CA, or below more CAs than allowed.
        INVALID_BASIC_CONSTRAINTS = 0x400,
        /// A name constraint, or a name it applies to, cannot be read.
        INVALID_NAME_CONSTRAINTS = 0x800,
        /// A name constraint of a kind that is not supported.
        HAS_NOT_SUPPORTED_NAME_CONSTRAINT = 0x1000,
        /// Before Windows Vista only; never set.
        HAS_NOT_DEFINED_NAME_CONSTRAINT = 0x2000,
        /// A name lies outside everything that is permitted.
        HAS_NOT_PERMITTED_NAME_CONSTRAINT = 0x4000,
        /// A name lies inside something that is excluded.
        HAS_EXCLUDED_NAME_CONSTRAINT = 0x8000,
        /// The chain does not end in a root.
        IS_PARTIAL_CHAIN = 0x1_0000,
        /// A trust list is out of date. Never set here.
        CTL_IS_NOT_TIME_VALID = 0x2_0000,
        /// A trust list's signature is wrong. Never set here.
        CTL_IS_NOT_SIGNATURE_VALID = 0x4_0000,
        /// A trust list is not good for the usage. Never set here.
        CTL_IS_NOT_VALID_FOR_USAGE = 0x8_0000,
        /// The signature or key is too weak to be relied on.
        HAS_WEAK_SIGNATURE = 0x10_0000,
        /// Weak by a newer Windows' rules. Never set here.
        HAS_WEAK_HYGIENE = 0x20_0000,
        /// Revocation information is known of but stale or was not to be had.
        IS_OFFLINE_REVOCATION = 0x100_0000,
        /// No issuance policy of those asked for.
        NO_ISSUANCE_CHAIN_POLICY = 0x200_0000,
        /// Distrusted on purpose.
        IS_EXPLICIT_DISTRUST = 0x400_0000,
        /// A critical extension that is not supported.
        HAS_NOT_SUPPORTED_CRITICAL_EXT = 0x800_0000,
    }
}

bits! {
    /// What is worth knowing: `CERT_TRUST_STATUS::dwInfoStatus`.
    InfoStatus {
        /// The issuer was found by the issuer and serial number in the authority key identifier.
        HAS_EXACT_MATCH_ISSUER = 0x1,
        /// The issuer was found by its key identifier.
        HAS_KEY_MATCH_ISSUER = 0x2,
        /// The issuer was found by its name.
        HAS_NAME_MATCH_ISSUER = 0x4,
        /// It names itself as its issuer.
        IS_SELF_SIGNED = 0x8,
        /// Never set here.
        AUTO_UPDATE_CA_REVOCATION = 0x10,
        /// Never set here.
        AUTO_UPDATE_END_REVOCATION = 0x20,
        /// Never set here.
        NO_OCSP_FAILOVER_TO_CRL = 0x40,
        /// Never set here.
        IS_KEY_ROLLOVER = 0x80,
        /// An issuer was found by one of the three ways.
        HAS_PREFERRED_ISSUER = 0x100,
        /// An issuance policy asked for is there.
        HAS_ISSUANCE_CHAIN_POLICY = 0x200,
        /// It constrains names, and every name below satisfies it.
        HAS_VALID_NAME_CONSTRAINTS = 0x400,
        /// Never set here.
        IS_PEER_TRUSTED = 0x800,
        /// Never set here.
        HAS_CRL_VALIDITY_EXTENDED = 0x1000,
        /// Never set here.
        IS_FROM_EXCLUSIVE_TRUST_STORE = 0x2000,
        /// Never set here.
        IS_CA_TRUSTED = 0x4000,
        /// Never set here.
        HAS_AUTO_UPDATE_WEAK_SIGNATURE = 0x8000,
        /// Never set here.
        IS_COMPLEX_CHAIN = 0x1_0000,
        /// Never set here.
        HAS_ALLOW_WEAK_SIGNATURE = 0x2_0000,
        /// Never set here.
        SSL_HANDSHAKE_OCSP = 0x4_0000,
        /// Never set here.
        SSL_TIME_VALID_OCSP = 0x8_0000,
        /// Never set here.
        SSL_RECONNECT_OCSP = 0x10_0000,
        /// Never set here.
        BEFORE_DISALLOWED_CA_FILETIME = 0x20_0000,
        /// Never set here.
        SSL_TIME_VALID = 0x100_0000,
        /// Never set here.
        NO_TIME_CHECK = 0x200_0000,
    }
}

/// Windows result codes (HRESULT) this crate gives, without the interface's own numbers.
pub mod result {
    #![expect(missing_docs, reason = "the names are those of winerror.h")]
    pub const OK: u32 = 0;
    pub const CERT_E_EXPIRED: u32 = 0x800B_0101;
    pub const CERT_E_CRITICAL: u32 = 0x800B_0105;
    pub const CERT_E_UNTRUSTEDROOT: u32 = 0x800B_0109;
    pub const CERT_E_CHAINING: u32 = 0x800B_010A;
    pub const CERT_E_REVOKED: u32 = 0x800B_010C;
    pub const CERT_E_REVOCATION_FAILURE: u32 = 0x800B_010E;
    pub const CERT_E_CN_NO_MATCH: u32 = 0x800B_010F;
    pub const CERT_E_WRONG_USAGE: u32 = 0x800B_0110;
    pub const TRUST_E_EXPLICIT_DISTRUST: u32 = 0x800B_0111;
    pub const CERT_E_INVALID_POLICY: u32 = 0x800B_0113;
    pub const CERT_E_INVALID_NAME: u32 = 0x800B_0114;
    pub const CRYPT_E_REVOKED: u32 = 0x8009_2010;
    pub const CRYPT_E_NO_REVOCATION_CHECK: u32 = 0x8009_2012;
    pub const CRYPT_E_REVOCATION_OFFLINE: u32 = 0x8009_2013;
    pub const CRYPT_E_SECURITY_SETTINGS: u32 = 0x8009_2026;
    pub const TRUST_E_CERT_SIGNATURE: u32 = 0x8009_6004;
    pub const TRUST_E_BASIC_CONSTRAINTS: u32 = 0x8009_6019;

    /// The code's name in winerror.h, empty for one this crate does not give.
    #[must_use]
    pub fn name(code: u32) -> &'static str {
        match code {
            OK => "S_OK",
            CERT_E_EXPIRED => "CERT_E_EXPIRED",
            CERT_E_CRITICAL => "CERT_E_CRITICAL",
            CERT_E_UNTRUSTEDROOT => "CERT_E_UNTRUSTEDROOT",
            CERT_E_CHAINING => "CERT_E_CHAINING",
            CERT_E_REVOKED => "CERT_E_REVOKED",
            CERT_E_REVOCATION_FAILURE => "CERT_E_REVOCATION_FAILURE",
            CERT_E_CN_NO_MATCH => "CERT_E_CN_NO_MATCH",
            CERT_E_WRONG_USAGE => "CERT_E_WRONG_USAGE",
            TRUST_E_EXPLICIT_DISTRUST => "TRUST_E_EXPLICIT_DISTRUST",
            CERT_E_INVALID_POLICY => "CERT_E_INVALID_POLICY",
            CERT_E_INVALID_NAME => "CERT_E_INVALID_NAME",
            CRYPT_E_REVOKED => "CRYPT_E_REVOKED",
            CRYPT_E_NO_REVOCATION_CHECK => "CRYPT_E_NO_REVOCATION_CHECK",
            CRYPT_E_REVOCATION_OFFLINE => "CRYPT_E_REVOCATION_OFFLINE",
            CRYPT_E_SECURITY_SETTINGS => "CRYPT_E_SECURITY_SETTINGS",
            TRUST_E_CERT_SIGNATURE => "TRUST_E_CERT_SIGNATURE",
            TRUST_E_BASIC_CONSTRAINTS => "TRUST_E_BASIC_CONSTRAINTS",
            _ => "",
        }
    }

    /// What the code means, in a short sentence.
    #[must_use]
    pub fn says(code: u32) -> &'static str {
        match code {
            OK => "No error.",
            CERT_E_EXPIRED => "A required certificate is not within its validity period.",
            CERT_E_CRITICAL => "A certificate has a critical extension that is not supported.",
            CERT_E_UNTRUSTEDROOT => "The chain ends in a root certificate that is not trusted.",
            CERT_E_CHAINING => "No chain to a trusted root could be built.",
            CERT_E_REVOKED | CRYPT_E_REVOKED => "A certificate was revoked by its issuer.",
            CERT_E_REVOCATION_FAILURE => "Revocation could not be checked.",
            CERT_E_CN_NO_MATCH => "The certificate's names do not match the name asked for.",
            CERT_E_WRONG_USAGE => "A certificate is not valid for the requested usage.",
            TRUST_E_EXPLICIT_DISTRUST => "A certificate is explicitly distrusted.",
            CERT_E_INVALID_POLICY => "A certificate policy is required and missing.",
            CERT_E_INVALID_NAME => "A name is not permitted, excluded or cannot be read.",
            CRYPT_E_NO_REVOCATION_CHECK => "There was nothing to check revocation with.",
            CRYPT_E_REVOCATION_OFFLINE => "The revocation information is stale or was not to be had.",
            CRYPT_E_SECURITY_SETTINGS => "A signature or key is too weak.",
            TRUST_E_CERT_SIGNATURE => "The signature of a certificate cannot be verified.",
            TRUST_E_BASIC_CONSTRAINTS => "A basic constraint was not observed.",
            _ => "",
        }
    }
}
