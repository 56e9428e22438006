//! Who may call the registration point: the judgement of a client certificate, after the handshake, so that the answer
//! can say why. This is the one place that judges; whoever judges better (a chain engine) takes its place here.

use pki::extension::GeneralName;
use pki::{Certificate, Time, oid};
use ra::Revocation;

use super::fault::{Fault, FaultFound};

/// What is expected of a client certificate.
pub(super) struct Expected<'a> {
    /// The certificates of the issuer, every generation.
    pub(super) issuers: &'a [Certificate],
    /// The name of a policy module: its subject's common name, or a DNS name or URI beside it.
    pub(super) name: &'a str,
}

/// Whether a certificate has been revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is on no list.
    Good,
    /// It is.
    Revoked(Revocation),
    /// Nobody can say, for this reason.
    Unknown(String),
}

impl<'a> Expected<'a> {
    /// The issuer that made the certificate, if it is a configured one.
    pub(super) fn issuer_of(&self, certificate: &Certificate) -> Option<&'a Certificate> {
        self.issuers.iter().find(|issuer| {
            issuer.subject().matches(certificate.issuer()) && certificate.verify_signature(issuer.public_key()).is_ok()
        })
    }

    /// Everything that is wrong with a certificate; the most useful first.
    pub(super) fn faults(&self, certificate: &Certificate, standing: &Standing, now: Time) -> Vec<FaultFound> {
        let found = [
            self.issuer_fault(certificate, now),
            validity_fault(certificate, now),
            purpose_fault(certificate),
            self.name_fault(certificate),
            standing_fault(certificate, standing),
        ];
        let mut found: Vec<FaultFound> = found.into_iter().flatten().collect();
        found.sort_by_key(|f| f.fault);
        found
    }

    fn issuer_fault(&self, certificate: &Certificate, now: Time) -> Option<FaultFound> {
        let named = certificate.issuer();
        if let Some(issuer) = self.issuer_of(certificate) {
            let until = issuer.validity().not_after;
            let ended = format!("the certificate of its issuer {named} ended at {until}");
            return (now > until).then(|| FaultFound::new(Fault::Issuer, ended));
        }
        if self.issuers.iter().any(|issuer| issuer.subject().matches(named)) {
            return Some(FaultFound::new(Fault::Signature, format!("it is not signed by the key of {named}")));
        }
        let known: Vec<String> = self.issuers.iter().map(|i| i.subject().to_string()).collect();
        Some(FaultFound::new(Fault::Issuer, format!("it was issued by {named}; expected is {}", known.join(" or "))))
    }

    fn name_fault(&self, certificate: &Certificate) -> Option<FaultFound> {
        let common_name = certificate.subject().common_name();
        let beside = certificate.subject_alt_names();
        let named = common_name.as_deref() == Some(self.name) || beside.iter().any(|name| is_named(name, self.name));
        let detail = || format!("its subject is {}; expected is the name {}", certificate.subject(), self.name);
        (!named).then(|| FaultFound::new(Fault::Name, detail()))
    }
}

fn is_named(name: &GeneralName, expected: &str) -> bool {
    match name {
        GeneralName::Dns(dns) => dns.eq_ignore_ascii_case(expected),
        GeneralName::Uri(uri) => uri == expected,
        _ => false,
    }
}

fn validity_fault(certificate: &Certificate, now: Time) -> Option<FaultFound> {
    let validity = certificate.validity();
    let (serial, thumbprint) = (certificate.serial_hex(), certificate.thumbprint());
    if now > validity.not_after {
        let detail = format!("certificate {serial} (thumbprint {thumbprint}) expired at {}", validity.not_after);
        return Some(FaultFound::new(Fault::Expired, detail));
    }
    let detail = || format!("certificate {serial} is valid from {}, and it is {now}", validity.not_before);
    (now < validity.not_before).then(|| FaultFound::new(Fault::Early, detail()))
}

/// A certificate that states no purpose could be anybody's.
fn purpose_fault(certificate: &Certificate) -> Option<FaultFound> {
    let purposes = certificate.extended_key_usage().unwrap_or_default();
    if purposes.contains(&oid::CLIENT_AUTH) {
        return None;
    }
    let listed: Vec<String> = purposes.iter().map(ToString::to_string).collect();
    let has = if listed.is_empty() { "none".to_owned() } else { listed.join(", ") };
    Some(FaultFound::new(Fault::Purpose, format!("it states the extended key usage {has}")))
}

fn standing_fault(certificate: &Certificate, standing: &Standing) -> Option<FaultFound> {
    let serial = certificate.serial_hex();
    match standing {
        Standing::Good => None,
        Standing::Revoked(revocation) => {
            let (at, reason) = (revocation.at, revocation.reason.name());
            let detail = format!("certificate {serial} was revoked at {at}: {reason}");
            Some(FaultFound::new(Fault::Revoked, detail))
        }
        Standing::Unknown(why) => Some(FaultFound::new(Fault::RevocationOffline, why.clone())),
    }
}
