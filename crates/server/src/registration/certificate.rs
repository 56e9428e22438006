//! Who may call the registration point: what the chain engine says of a client certificate, and what is expected of it
//! beyond that, as faults in the words of IIS and CAPI2. It is judged after the handshake, so that the answer can say
//! why.

use chain::policy::{Policy, Ssl};
use chain::{Kind, Strength};
use pki::extension::GeneralName;
use pki::{Certificate, Oid, Time, oid};
use ra::Revocation;

use super::fault::{Fault, FaultFound};
use crate::trust::{Asked, Judgement, Lists, Trust};

static CLIENT: [Oid; 1] = [oid::CLIENT_AUTH];

/// What is expected of a client certificate.
pub(super) struct Expected<'a> {
    /// Whom it must lead to.
    pub(super) trust: &'a Trust,
    /// The certificates of the issuer, every generation: one of them must have signed it itself.
    pub(super) issuers: &'a [Certificate],
    /// The name of a policy module: its subject's common name, or a DNS name or URI beside it.
    pub(super) name: &'a str,
    /// Whether a revocation list must be there.
    pub(super) lists: Lists,
}

/// A client certificate with everything that is wrong with it.
pub(super) struct Judged {
    /// The most useful first.
    pub(super) faults: Vec<FaultFound>,
    /// What the chain engine says; nothing if there is no certificate.
    pub(super) judgement: Option<Judgement>,
}

impl Judged {
    /// Of what is no certificate.
    pub(super) fn without_chain(fault: Fault, detail: impl Into<String>) -> Judged {
        Judged { faults: vec![FaultFound::new(fault, detail)], judgement: None }
    }
}

impl Expected<'_> {
    /// The judgement of the chain engine alone.
    pub(super) fn chain(&self, certificate: &Certificate, now: Time) -> Judgement {
        let asked = Asked {
            leaf: certificate,
            // Nobody but a configured issuer may have signed it, so nothing a client sends along can help it.
            additional: &[],
            usages: &CLIENT,
            policy: Policy::SslClient(Ssl::default()),
            strength: Strength::Strong,
            revocation: self.lists,
        };
        self.trust.judge(&asked, now)
    }

    /// The configured issuer that signed it, if one did.
    pub(super) fn issuer_of<'j>(&self, judgement: &'j Judgement) -> Option<&'j Certificate> {
        judgement.issuer().filter(|issuer| self.issuers.contains(issuer))
    }

    /// Everything that is wrong with a certificate. `revoked` is what the store knows of its revocation.
    pub(super) fn judged(&self, mut judgement: Judgement, revoked: Option<Revocation>) -> Judged {
        let certificate = judgement.leaf.clone();
        let has = |judgement: &Judgement, kind: Kind| judgement.faults().any(|(_, fault)| fault.kind == kind);
        if let Some(revocation) = revoked.filter(|_| !has(&judgement, Kind::Revoked)) {
            let (at, reason) = (revocation.at, revocation.reason.name());
            judgement.add(Kind::Revoked, format!("it was revoked at {at}: {reason}"));
        }
        if judgement.issuer().is_some() && self.issuer_of(&judgement).is_none() {
            judgement.add(Kind::PartialChain, self.another_issuer(&certificate));
        }
        if !states_purpose(&certificate) && !has(&judgement, Kind::WrongUsage) {
            judgement.add(Kind::WrongUsage, "it does not state Client Authentication as its purpose".to_owned());
        }
        // Of a certificate of somebody else nothing can be known, and nothing need be.
        let ours = self.issuer_of(&judgement).is_some();
        let counts = |kind: Kind| ours || !matches!(kind, Kind::RevocationUnknown | Kind::RevocationStale);
        let mut faults: Vec<FaultFound> = judgement
            .faults()
            .filter(|(_, fault)| counts(fault.kind))
            .map(|(at, fault)| {
                let place = Place::of(at);
                FaultFound::new(meaning(fault.kind, place), self.detail(&certificate, fault, place))
            })
            .collect();
        if !self.is_named(&certificate) {
            let detail = format!("its subject is {}; expected is the name {}", certificate.subject(), self.name);
            judgement.add(Kind::ServerName, detail.clone());
            faults.push(FaultFound::new(Fault::Name, detail));
        }
        faults.sort_by_key(|found| found.fault);
        Judged { faults, judgement: Some(judgement) }
    }

    fn another_issuer(&self, certificate: &Certificate) -> String {
        let known: Vec<String> = self.issuers.iter().map(|i| i.subject().to_string()).collect();
        format!("it was issued by {}; expected is {}", certificate.issuer(), known.join(" or "))
    }

    fn detail(&self, certificate: &Certificate, fault: &chain::Fault, place: Place) -> String {
        let (serial, thumbprint) = (certificate.serial_hex(), certificate.thumbprint());
        match (place, fault.kind) {
            (Place::Leaf, Kind::Expired | Kind::NotYetValid | Kind::Revoked) => {
                format!("certificate {serial} (thumbprint {thumbprint}): {}", fault.says)
            }
            (Place::Leaf, _) => fault.says.clone(),
            (Place::Above, Kind::PartialChain | Kind::UntrustedRoot) => self.another_issuer(certificate),
            (Place::Above, _) => format!("of its issuer {}: {}", certificate.issuer(), fault.says),
        }
    }

    fn is_named(&self, certificate: &Certificate) -> bool {
        let common_name = certificate.subject().common_name();
        let beside = certificate.subject_alt_names();
        common_name.as_deref() == Some(self.name) || beside.iter().any(|name| is_named(name, self.name))
    }
}

fn is_named(name: &GeneralName, expected: &str) -> bool {
    match name {
        GeneralName::Dns(dns) => dns.eq_ignore_ascii_case(expected),
        GeneralName::Uri(uri) => uri == expected,
        _ => false,
    }
}

/// A certificate that states no purpose could be anybody's.
fn states_purpose(certificate: &Certificate) -> bool {
    certificate.extended_key_usage().is_some_and(|purposes| purposes.contains(&oid::CLIENT_AUTH))
}

/// Whose fault one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Of the client's certificate.
    Leaf,
    /// Of a CA above it, or of the chain as a whole.
    Above,
}

impl Place {
    fn of(element: Option<usize>) -> Place {
        if element == Some(0) { Place::Leaf } else { Place::Above }
    }
}

/// What a fault of a chain means for who presented it.
fn meaning(kind: Kind, place: Place) -> Fault {
    match (kind, place) {
        (Kind::Revoked, _) => Fault::Revoked,
        (Kind::RevocationUnknown | Kind::RevocationStale, _) => Fault::RevocationOffline,
        (Kind::WrongUsage | Kind::UsageNotNested, _) => Fault::Purpose,
        (Kind::WeakSignature | Kind::WeakKey, _) => Fault::Weak,
        (Kind::Expired, Place::Leaf) => Fault::Expired,
        (Kind::NotYetValid, Place::Leaf) => Fault::Early,
        (Kind::BadSignature | Kind::UncheckedSignature | Kind::AlgorithmMismatch | Kind::UnusableKey, Place::Leaf) => {
            Fault::Signature
        }
        (
            Kind::PartialChain
            | Kind::UntrustedRoot
            | Kind::Cyclic
            | Kind::Distrusted
            | Kind::NotAnchored
            | Kind::Truncated,
            _,
        )
        | (
            Kind::Expired
            | Kind::NotYetValid
            | Kind::BadSignature
            | Kind::UncheckedSignature
            | Kind::AlgorithmMismatch
            | Kind::UnusableKey,
            Place::Above,
        ) => Fault::Issuer,
        _ => other(kind),
    }
}

/// The rest by the bits that Windows would set.
fn other(kind: Kind) -> Fault {
    use chain::ErrorStatus as Bits;
    let names = Bits::INVALID_NAME_CONSTRAINTS
        | Bits::HAS_NOT_SUPPORTED_NAME_CONSTRAINT
        | Bits::HAS_NOT_PERMITTED_NAME_CONSTRAINT
        | Bits::HAS_EXCLUDED_NAME_CONSTRAINT;
    let policies = Bits::INVALID_POLICY_CONSTRAINTS | Bits::NO_ISSUANCE_CHAIN_POLICY;
    let bits = kind.bits();
    if bits.has(names) {
        Fault::Names
    } else if bits.has(policies) {
        Fault::Policy
    } else if bits.has(Bits::INVALID_BASIC_CONSTRAINTS | Bits::IS_NOT_VALID_FOR_USAGE) {
        Fault::NotACa
    } else {
        Fault::Extension
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Only what is an error in itself and no note can come up; each is something a client hears.
    #[test]
    fn every_kind_of_fault_keeps_its_hresult_where_the_policy_has_one() {
        use chain::trust::result;
        for (kind, fault, hresult) in [
            (Kind::Expired, Fault::Expired, result::CERT_E_EXPIRED),
            (Kind::NotYetValid, Fault::Early, result::CERT_E_EXPIRED),
            (Kind::BadSignature, Fault::Signature, result::TRUST_E_CERT_SIGNATURE),
            (Kind::WrongUsage, Fault::Purpose, result::CERT_E_WRONG_USAGE),
            (Kind::PartialChain, Fault::Issuer, result::CERT_E_CHAINING),
            (Kind::Revoked, Fault::Revoked, result::CRYPT_E_REVOKED),
            (Kind::RevocationStale, Fault::RevocationOffline, result::CRYPT_E_REVOCATION_OFFLINE),
            (Kind::WeakSignature, Fault::Weak, result::CRYPT_E_SECURITY_SETTINGS),
            (Kind::CriticalExtensionUnknown, Fault::Extension, result::CERT_E_CRITICAL),
            (Kind::NameNotPermitted, Fault::Names, result::CERT_E_INVALID_NAME),
            (Kind::PolicyRequired, Fault::Policy, result::CERT_E_INVALID_POLICY),
            (Kind::PathLength, Fault::NotACa, result::TRUST_E_BASIC_CONSTRAINTS),
        ] {
            assert_eq!(meaning(kind, Place::Leaf), fault, "{}", kind.code());
            assert_eq!(fault.hresult(), hresult, "{}", kind.code());
        }
    }
}
