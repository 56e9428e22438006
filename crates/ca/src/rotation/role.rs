use pki::extension::{GeneralName, KeyUsage};
use pki::key::PublicKey;
use pki::{Certificate, Name, Oid, Time};

/// What a credential of a role must be good for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requirements {
    /// The key usages it must allow; a certificate without the extension allows all (RFC 5280 §4.2.1.3).
    pub key_usage: KeyUsage,
    /// The purpose it must state; one without the extension is good for every purpose.
    pub purpose: Option<Oid>,
    /// A DNS name or address it must be good for.
    pub names: Vec<GeneralName>,
    /// Its subject.
    pub subject: Option<Name>,
    /// One of these has signed it; if there are none, it does not matter who has.
    pub issuers: Vec<Certificate>,
    /// Whether it is for a CA.
    pub authority: Authority,
    /// Whether something is encrypted to it.
    pub recipient: Recipient,
}

/// Whether a certificate is a CA's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Authority {
    /// It is not.
    #[default]
    No,
    /// It is.
    Yes,
}

/// Whether something is encrypted to a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recipient {
    /// Nothing.
    #[default]
    No,
    /// Requests: the key must be RSA.
    Yes,
}

/// Why a certificate is not good for a role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The key is another certificate's.
    #[error("the key does not belong to the certificate")]
    Key,
    /// It has ended.
    #[error("it ended on {0}")]
    Ended(Time),
    /// It is not valid yet.
    #[error("it is not valid before {0}")]
    Early(Time),
    /// Key usage.
    #[error("its key usage lacks {0}")]
    KeyUsage(String),
    /// Extended key usage.
    #[error("its extended key usage lacks {0}")]
    Purpose(Oid),
    /// Subject alternative names.
    #[error("it is not made out to {0}")]
    Name(String),
    /// Subject.
    #[error("its subject is {0}")]
    Subject(String),
    /// Nobody of the expected ones has signed it.
    #[error("none of the expected authorities has signed it; it says {0}")]
    Issuer(String),
    /// A CA, or none.
    #[error("{0}")]
    Authority(&'static str),
    /// Nothing can be encrypted to it.
    #[error("requests cannot be encrypted to its key")]
    Recipient,
}

impl Requirements {
    /// Everything for which a certificate and the key beside it are not good at a moment.
    #[must_use]
    pub fn check(&self, certificate: &Certificate, key: &PublicKey, now: Time) -> Vec<Unfit> {
        let mut unfit = Vec::new();
        if certificate.public_key() != key {
            unfit.push(Unfit::Key);
        }
        let validity = certificate.validity();
        if now > validity.not_after {
            unfit.push(Unfit::Ended(validity.not_after));
        }
        if now < validity.not_before {
            unfit.push(Unfit::Early(validity.not_before));
        }
        unfit.extend(self.usage(certificate));
        unfit.extend(self.named(certificate));
        unfit.extend(self.issued(certificate));
        unfit
    }

    fn usage(&self, certificate: &Certificate) -> Vec<Unfit> {
        let mut unfit = Vec::new();
        if let Some(stated) = certificate.key_usage().filter(|stated| !stated.allows(self.key_usage)) {
            let lacking = KeyUsage(self.key_usage.0 & !stated.0);
            unfit.push(Unfit::KeyUsage(lacking.names().join(", ")));
        }
        let any = pki::oid::ANY_EXTENDED_KEY_USAGE;
        let lacks = |purpose: &Oid| {
            certificate.extended_key_usage().is_some_and(|stated| !stated.contains(purpose) && !stated.contains(&any))
        };
        unfit.extend(self.purpose.iter().filter(|purpose| lacks(purpose)).cloned().map(Unfit::Purpose));
        if self.recipient == Recipient::Yes && !certificate.public_key().can_encrypt() {
            unfit.push(Unfit::Recipient);
        }
        unfit
    }

    fn named(&self, certificate: &Certificate) -> Vec<Unfit> {
        let stated = certificate.subject_alt_names();
        let same = |a: &GeneralName, b: &GeneralName| match (a, b) {
            (GeneralName::Dns(a), GeneralName::Dns(b)) => a.eq_ignore_ascii_case(b),
            _ => a == b,
        };
        let missing = self.names.iter().filter(|name| !stated.iter().any(|s| same(s, name)));
        let mut unfit: Vec<Unfit> = missing.map(|name| Unfit::Name(format!("{name:?}"))).collect();
        if self.subject.as_ref().is_some_and(|subject| !subject.matches(certificate.subject())) {
            unfit.push(Unfit::Subject(certificate.subject().to_string()));
        }
        unfit
    }

    fn issued(&self, certificate: &Certificate) -> Vec<Unfit> {
        let mut unfit = Vec::new();
        match (self.authority, certificate.is_ca()) {
            (Authority::Yes, false) => unfit.push(Unfit::Authority("it is not the certificate of a CA")),
            (Authority::No, true) => unfit.push(Unfit::Authority("it is the certificate of a CA")),
            _ => {}
        }
        let signed_by = |issuer: &Certificate| {
            certificate.issuer().matches(issuer.subject()) && certificate.verify_signature(issuer.public_key()).is_ok()
        };
        if !self.issuers.is_empty() && !self.issuers.iter().any(signed_by) {
            unfit.push(Unfit::Issuer(certificate.issuer().to_string()));
        }
        unfit
    }
}
