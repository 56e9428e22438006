//! Policies: from everything that is wrong to the one code a caller acts on (`CertVerifyCertificateChainPolicy`).
//!
//! Windows goes through the error bits in a fixed order and reports the first one the flags do not tolerate. With
//! several faults the policy names one: it is never the diagnosis.

use pki::Certificate;
use pki::extension::GeneralName;
use pki::oid;

use crate::chain::Chain;
use crate::facts::{Facts, Stated};
use crate::names::host_matches;
use crate::question::Rules;
use crate::trust::{ErrorStatus, result};

/// A policy with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Policy {
    /// `CERT_CHAIN_POLICY_BASE`.
    Base(PolicyFlags),
    /// `CERT_CHAIN_POLICY_SSL` with `AUTHTYPE_SERVER`: the certificate is a TLS server's.
    SslServer(Ssl),
    /// `CERT_CHAIN_POLICY_SSL` with `AUTHTYPE_CLIENT`: the certificate is a TLS client's.
    SslClient(Ssl),
    /// `CERT_CHAIN_POLICY_BASIC_CONSTRAINTS`.
    BasicConstraints(PolicyFlags),
}

/// `CERT_CHAIN_POLICY_PARA::dwFlags`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PolicyFlags(pub u32);

/// `SSL_EXTRA_CERT_CHAIN_POLICY_PARA`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ssl {
    /// The general flags.
    pub flags: PolicyFlags,
    /// `fdwChecks`.
    pub ignore: IgnoreFlags,
    /// `pwszServerName`: the DNS name or address the server was called by.
    pub server_name: Option<String>,
    /// By the rules of Windows the common name counts where there is no subject alternative name.
    pub rules: Rules,
}

/// `fdwChecks`: faults an SSL policy tolerates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct IgnoreFlags(pub u32);

macro_rules! flags {
    ($name:ident { $($(#[$doc:meta])* $flag:ident = $value:literal $text:literal,)+ }) => {
        impl $name {
            $($(#[$doc])* pub const $flag: $name = $name($value);)+
            /// The flags with their names as Windows writes them.
            pub const NAMES: &'static [(u32, &'static str)] = &[$(($value, $text),)+];

            /// By its name: as Windows writes it or in short, case ignored, `-` for `_`: `unknown-ca`.
            #[must_use]
            pub fn by_name(name: &str) -> Option<$name> {
                let wanted = name.to_ascii_uppercase().replace('-', "_");
                let found = Self::NAMES.iter().find(|(_, full)| short(full) == short(&wanted));
                found.map(|(bits, _)| $name(*bits))
            }

            /// Whether every bit of `other` is set.
            #[must_use]
            pub const fn has(self, other: $name) -> bool {
                self.0 & other.0 == other.0
            }
        }

        impl std::ops::BitOr for $name {
            type Output = $name;
            fn bitor(self, other: $name) -> $name {
                $name(self.0 | other.0)
            }
        }
    };
}

flags!(PolicyFlags {
    /// A wrong time is tolerated.
    IGNORE_NOT_TIME_VALID = 0x1 "CERT_CHAIN_POLICY_IGNORE_NOT_TIME_VALID_FLAG",
    /// No trust lists are looked at here.
    IGNORE_CTL_NOT_TIME_VALID = 0x2 "CERT_CHAIN_POLICY_IGNORE_CTL_NOT_TIME_VALID_FLAG",
    /// Nesting is never an error here.
    IGNORE_NOT_TIME_NESTED = 0x4 "CERT_CHAIN_POLICY_IGNORE_NOT_TIME_NESTED_FLAG",
    /// Wrong basic constraints are tolerated.
    IGNORE_INVALID_BASIC_CONSTRAINTS = 0x8 "CERT_CHAIN_POLICY_IGNORE_INVALID_BASIC_CONSTRAINTS_FLAG",
    /// An untrusted root is tolerated.
    ALLOW_UNKNOWN_CA = 0x10 "CERT_CHAIN_POLICY_ALLOW_UNKNOWN_CA_FLAG",
    /// A wrong usage is tolerated.
    IGNORE_WRONG_USAGE = 0x20 "CERT_CHAIN_POLICY_IGNORE_WRONG_USAGE_FLAG",
    /// Names that are not permitted are tolerated.
    IGNORE_INVALID_NAME = 0x40 "CERT_CHAIN_POLICY_IGNORE_INVALID_NAME_FLAG",
    /// A missing policy is tolerated.
    IGNORE_INVALID_POLICY = 0x80 "CERT_CHAIN_POLICY_IGNORE_INVALID_POLICY_FLAG",
    /// Unknown revocation of the leaf is tolerated.
    IGNORE_END_REV_UNKNOWN = 0x100 "CERT_CHAIN_POLICY_IGNORE_END_REV_UNKNOWN_FLAG",
    /// No trust lists are looked at here.
    IGNORE_CTL_SIGNER_REV_UNKNOWN = 0x200 "CERT_CHAIN_POLICY_IGNORE_CTL_SIGNER_REV_UNKNOWN_FLAG",
    /// Unknown revocation of a CA is tolerated.
    IGNORE_CA_REV_UNKNOWN = 0x400 "CERT_CHAIN_POLICY_IGNORE_CA_REV_UNKNOWN_FLAG",
    /// Unknown revocation of the root is tolerated.
    IGNORE_ROOT_REV_UNKNOWN = 0x800 "CERT_CHAIN_POLICY_IGNORE_ROOT_REV_UNKNOWN_FLAG",
    /// Peer trust is not looked at here.
    IGNORE_PEER_TRUST = 0x1000 "CERT_CHAIN_POLICY_IGNORE_PEER_TRUST_FLAG",
    /// An unknown critical extension is tolerated.
    IGNORE_NOT_SUPPORTED_CRITICAL_EXT = 0x2000 "CERT_CHAIN_POLICY_IGNORE_NOT_SUPPORTED_CRITICAL_EXT_FLAG",
    /// A weak signature is tolerated.
    IGNORE_WEAK_SIGNATURE = 0x800_0000 "CERT_CHAIN_POLICY_IGNORE_WEAK_SIGNATURE_FLAG",
});

flags!(IgnoreFlags {
    /// Revoked and unknown revocation are tolerated.
    REVOCATION = 0x80 "SECURITY_FLAG_IGNORE_REVOCATION",
    /// An untrusted root is tolerated.
    UNKNOWN_CA = 0x100 "SECURITY_FLAG_IGNORE_UNKNOWN_CA",
    /// A wrong usage is tolerated.
    WRONG_USAGE = 0x200 "SECURITY_FLAG_IGNORE_WRONG_USAGE",
    /// A name that does not match is tolerated.
    CERT_CN_INVALID = 0x1000 "SECURITY_FLAG_IGNORE_CERT_CN_INVALID",
    /// A wrong time is tolerated.
    CERT_DATE_INVALID = 0x2000 "SECURITY_FLAG_IGNORE_CERT_DATE_INVALID",
    /// Nothing to do with certificates.
    REDIRECT_TO_HTTPS = 0x4000 "SECURITY_FLAG_IGNORE_REDIRECT_TO_HTTPS",
    /// Nothing to do with certificates.
    REDIRECT_TO_HTTP = 0x8000 "SECURITY_FLAG_IGNORE_REDIRECT_TO_HTTP",
    /// A weak signature is tolerated.
    WEAK_SIGNATURE = 0x1_0000 "SECURITY_FLAG_IGNORE_WEAK_SIGNATURE",
});

/// The name without what all of them have.
fn short(full: &str) -> &str {
    let mut name = full.strip_suffix("_FLAG").unwrap_or(full);
    for prefix in ["SECURITY_FLAG_", "CERT_CHAIN_POLICY_", "IGNORE_"] {
        name = name.strip_prefix(prefix).unwrap_or(name);
    }
    name
}

/// What a policy says (`CERT_CHAIN_POLICY_STATUS`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyStatus {
    /// Which policy.
    pub policy: Policy,
    /// The HRESULT, 0 if the chain passes.
    pub result: u32,
    /// Always 0 with an error, -1 without: there is one simple chain.
    pub chain_index: i32,
    /// The element with the fault; -1 for the chain as a whole, and without an error.
    pub element_index: i32,
}

/// One row of a policy's table.
struct Row {
    bits: ErrorStatus,
    result: u32,
    at: Blame,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Blame {
    Element,
    Chain,
}

const fn row(bits: ErrorStatus, result: u32) -> Row {
    Row { bits, result, at: Blame::Element }
}

const fn whole(bits: ErrorStatus, result: u32) -> Row {
    Row { bits, result, at: Blame::Chain }
}

const BASE: &[Row] = &[
    row(ErrorStatus::IS_NOT_SIGNATURE_VALID, result::TRUST_E_CERT_SIGNATURE),
    whole(ErrorStatus::IS_CYCLIC, result::CERT_E_CHAINING),
    row(ErrorStatus::IS_UNTRUSTED_ROOT, result::CERT_E_UNTRUSTEDROOT),
    whole(ErrorStatus::IS_PARTIAL_CHAIN, result::CERT_E_CHAINING),
    row(ErrorStatus::IS_NOT_TIME_VALID, result::CERT_E_EXPIRED),
    row(ErrorStatus::IS_NOT_VALID_FOR_USAGE, result::CERT_E_WRONG_USAGE),
    row(ErrorStatus::HAS_NOT_SUPPORTED_CRITICAL_EXT, result::CERT_E_CRITICAL),
    row(ErrorStatus::IS_REVOKED, result::CRYPT_E_REVOKED),
];

const SSL: &[Row] = &[
    row(ErrorStatus::IS_NOT_SIGNATURE_VALID, result::TRUST_E_CERT_SIGNATURE),
    row(ErrorStatus::IS_UNTRUSTED_ROOT, result::CERT_E_UNTRUSTEDROOT),
    whole(ErrorStatus::IS_CYCLIC, result::CERT_E_UNTRUSTEDROOT),
    whole(ErrorStatus::IS_PARTIAL_CHAIN, result::CERT_E_CHAINING),
    row(ErrorStatus::IS_NOT_TIME_VALID, result::CERT_E_EXPIRED),
    row(ErrorStatus::IS_NOT_VALID_FOR_USAGE, result::CERT_E_WRONG_USAGE),
    // Windows 10 logs CRYPT_E_REVOKED here, not CERT_E_REVOKED.
    row(ErrorStatus::IS_REVOKED, result::CRYPT_E_REVOKED),
    row(ErrorStatus::IS_OFFLINE_REVOCATION, result::CERT_E_REVOCATION_FAILURE),
    row(ErrorStatus::HAS_NOT_SUPPORTED_CRITICAL_EXT, result::CERT_E_CRITICAL),
];

/// What no published order covers, judged last, so that no chain with an error bit passes unless a flag says so.
const REST: &[Row] = &[
    row(ErrorStatus::IS_EXPLICIT_DISTRUST, result::TRUST_E_EXPLICIT_DISTRUST),
    row(ErrorStatus::INVALID_BASIC_CONSTRAINTS, result::TRUST_E_BASIC_CONSTRAINTS),
    row(NAMES, result::CERT_E_INVALID_NAME),
    row(POLICIES, result::CERT_E_INVALID_POLICY),
    row(ErrorStatus::INVALID_EXTENSION, result::CERT_E_CRITICAL),
    row(ErrorStatus::HAS_WEAK_SIGNATURE, result::CRYPT_E_SECURITY_SETTINGS),
    row(ErrorStatus::IS_OFFLINE_REVOCATION, result::CRYPT_E_REVOCATION_OFFLINE),
    row(ErrorStatus::REVOCATION_STATUS_UNKNOWN, result::CRYPT_E_NO_REVOCATION_CHECK),
];

/// The four bits about name constraints.
const NAMES: ErrorStatus = ErrorStatus(0xd800);
/// The two bits about policies.
const POLICIES: ErrorStatus = ErrorStatus(0x200_0200);
const REVOCATION_UNKNOWN: ErrorStatus = ErrorStatus(0x100_0040);

impl Policy {
    /// Its `CERT_CHAIN_POLICY_*` name and number.
    #[must_use]
    pub fn name(&self) -> (&'static str, u32) {
        match self {
            Policy::Base(_) => ("CERT_CHAIN_POLICY_BASE", 1),
            Policy::SslServer(_) | Policy::SslClient(_) => ("CERT_CHAIN_POLICY_SSL", 4),
            Policy::BasicConstraints(_) => ("CERT_CHAIN_POLICY_BASIC_CONSTRAINTS", 5),
        }
    }

    /// The general flags.
    #[must_use]
    pub fn flags(&self) -> PolicyFlags {
        match self {
            Policy::Base(flags) | Policy::BasicConstraints(flags) => *flags,
            Policy::SslServer(ssl) | Policy::SslClient(ssl) => ssl.flags,
        }
    }

    /// Judges a chain.
    #[must_use]
    pub fn apply(&self, chain: &Chain) -> PolicyStatus {
        let status = |result, at: i32| {
            let chain_index = if result == result::OK { -1 } else { 0 };
            PolicyStatus { policy: self.clone(), result, chain_index, element_index: at }
        };
        let rows: Vec<&Row> = match self {
            Policy::BasicConstraints(_) => {
                REST.iter().filter(|r| r.result == result::TRUST_E_BASIC_CONSTRAINTS).collect()
            }
            Policy::Base(_) => BASE.iter().chain(REST).collect(),
            Policy::SslServer(_) | Policy::SslClient(_) => SSL.iter().chain(REST).collect(),
        };
        for row in rows {
            if let Some(at) = self.hit(row, chain) {
                return status(row.result, at);
            }
        }
        match self {
            Policy::SslServer(ssl) if !ssl.ignore.has(IgnoreFlags::CERT_CN_INVALID) && !names_fit(ssl, chain) => {
                status(result::CERT_E_CN_NO_MATCH, 0)
            }
            _ => status(result::OK, -1),
        }
    }

    /// Whether a row applies, and to which element.
    fn hit(&self, row: &Row, chain: &Chain) -> Option<i32> {
        if row.at == Blame::Chain {
            return (chain.error.has(row.bits) && !self.tolerates(row.bits, 0, chain)).then_some(-1);
        }
        let hit = |(at, error): (usize, ErrorStatus)| error.has(row.bits) && !self.tolerates(row.bits, at, chain);
        let at = chain.elements.iter().map(|e| e.error).enumerate().position(hit);
        if let Some(at) = at {
            return i32::try_from(at).ok();
        }
        // A fault of the chain as a whole, such as one that is too long.
        let of_elements = chain.elements.iter().fold(ErrorStatus(0), |all, e| all | e.error);
        let only_chain = ErrorStatus(chain.error.0 & !of_elements.0);
        (only_chain.has(row.bits) && !self.tolerates(row.bits, 0, chain)).then_some(-1)
    }

    fn tolerates(&self, bits: ErrorStatus, at: usize, chain: &Chain) -> bool {
        let flags = self.flags();
        let ignore = match self {
            Policy::SslServer(ssl) | Policy::SslClient(ssl) => ssl.ignore,
            _ => IgnoreFlags(0),
        };
        let either = |flag: PolicyFlags, other: IgnoreFlags| flags.has(flag) || ignore.has(other);
        match bits {
            // A root that is unknown and one that is not there are the same to a caller who asks for no root.
            ErrorStatus::IS_UNTRUSTED_ROOT | ErrorStatus::IS_PARTIAL_CHAIN => {
                either(PolicyFlags::ALLOW_UNKNOWN_CA, IgnoreFlags::UNKNOWN_CA)
            }
            ErrorStatus::IS_NOT_TIME_VALID => {
                either(PolicyFlags::IGNORE_NOT_TIME_VALID, IgnoreFlags::CERT_DATE_INVALID)
            }
            ErrorStatus::IS_NOT_VALID_FOR_USAGE => either(PolicyFlags::IGNORE_WRONG_USAGE, IgnoreFlags::WRONG_USAGE),
            ErrorStatus::HAS_NOT_SUPPORTED_CRITICAL_EXT => flags.has(PolicyFlags::IGNORE_NOT_SUPPORTED_CRITICAL_EXT),
            ErrorStatus::IS_REVOKED => ignore.has(IgnoreFlags::REVOCATION),
            ErrorStatus::INVALID_BASIC_CONSTRAINTS => flags.has(PolicyFlags::IGNORE_INVALID_BASIC_CONSTRAINTS),
            ErrorStatus::HAS_WEAK_SIGNATURE => either(PolicyFlags::IGNORE_WEAK_SIGNATURE, IgnoreFlags::WEAK_SIGNATURE),
            NAMES => flags.has(PolicyFlags::IGNORE_INVALID_NAME),
            POLICIES => flags.has(PolicyFlags::IGNORE_INVALID_POLICY),
            // It comes along with the bits above.
            ErrorStatus::INVALID_EXTENSION => self.tolerates_extension(at, chain),
            bits if bits.has(REVOCATION_UNKNOWN) => {
                ignore.has(IgnoreFlags::REVOCATION) || flags.has(unknown_flag(at, chain))
            }
            _ => false,
        }
    }

    fn tolerates_extension(&self, at: usize, chain: &Chain) -> bool {
        let error = chain.elements.get(at).map_or(ErrorStatus(0), |e| e.error);
        let flags = self.flags();
        (error.has(ErrorStatus::HAS_NOT_SUPPORTED_CRITICAL_EXT)
            && flags.has(PolicyFlags::IGNORE_NOT_SUPPORTED_CRITICAL_EXT))
            || (error.has(NAMES) && flags.has(PolicyFlags::IGNORE_INVALID_NAME))
    }
}

/// The flag that tolerates unknown revocation at this place of the chain.
fn unknown_flag(at: usize, chain: &Chain) -> PolicyFlags {
    if at == 0 {
        PolicyFlags::IGNORE_END_REV_UNKNOWN
    } else if at + 1 == chain.elements.len() {
        PolicyFlags::IGNORE_ROOT_REV_UNKNOWN
    } else {
        PolicyFlags::IGNORE_CA_REV_UNKNOWN
    }
}

fn names_fit(ssl: &Ssl, chain: &Chain) -> bool {
    match (&ssl.server_name, chain.elements.first()) {
        (Some(wanted), Some(leaf)) => certificate_fits(&leaf.certificate, wanted, ssl.rules),
        _ => true,
    }
}

/// Whether a certificate is for this DNS name or address. With a subject alternative name only that counts; without
/// one, by the rules of Windows, every common name. A NUL in an alternative name makes all of them worthless.
#[must_use]
pub fn certificate_fits(certificate: &Certificate, wanted: &str, rules: Rules) -> bool {
    let facts = Facts::of(certificate);
    let address = wanted.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>().ok();
    match &facts.names {
        Stated::Is(names) => {
            let broken = |n: &GeneralName| matches!(n, GeneralName::Dns(text) if text.contains('\0'));
            !names.iter().any(broken) && names.iter().any(|name| fits(name, wanted, address))
        }
        Stated::Unreadable => false,
        Stated::Absent if rules == Rules::Rfc5280 => false,
        Stated::Absent => {
            let subject = certificate.subject();
            let common = subject.rdns().into_iter().flatten().filter(|a| a.kind == oid::COMMON_NAME);
            let mut texts = common.filter_map(|a| a.value.text());
            texts.any(|text| host_matches(&text, wanted)) || domain_components_fit(certificate, wanted)
        }
    }
}

fn fits(name: &GeneralName, wanted: &str, address: Option<std::net::IpAddr>) -> bool {
    match (name, address) {
        (GeneralName::Dns(text), None) => host_matches(text, wanted),
        (GeneralName::Ip(octets), Some(std::net::IpAddr::V4(v4))) => *octets == v4.octets(),
        (GeneralName::Ip(octets), Some(std::net::IpAddr::V6(v6))) => *octets == v6.octets(),
        _ => false,
    }
}

/// A name made of domain components, most specific last in the encoding; one NUL at the end of a component is
/// tolerated.
fn domain_components_fit(certificate: &Certificate, wanted: &str) -> bool {
    let rdns = certificate.subject().rdns();
    let components = rdns.iter().flatten().filter(|a| a.kind == oid::DOMAIN_COMPONENT).filter_map(|a| a.value.text());
    let mut labels: Vec<String> = components.map(|text| text.strip_suffix('\0').unwrap_or(&text).to_owned()).collect();
    if labels.len() < 2 {
        return false;
    }
    labels.reverse();
    host_matches(&labels.join("."), wanted)
}
