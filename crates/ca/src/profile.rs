//! What certificates of one kind look like (Windows: a certificate template).

use pki::extension::KeyUsage;
use pki::{Oid, oid};

use crate::{Code, Flaw, KeyLimits, KeyUsageRule, NameKind, NamesRule, SidForms, SubjectRule, Template, lint};

/// What a certificate does that would be valid longer than its issuer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Outlive {
    /// It ends with its issuer.
    #[default]
    Shorten,
    /// It is not made.
    Refuse,
}

/// What certificates of one kind look like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Its name, for messages.
    pub name: String,
    /// Where the subject comes from.
    pub subject: SubjectRule,
    /// Which subject alternative names may come from the order.
    pub names: NamesRule,
    /// Which key usage it states.
    pub key_usage: KeyUsageRule,
    /// Its extended key usage; empty states none, which means any.
    pub extended_key_usage: Vec<Oid>,
    /// For how many seconds it is valid from now.
    pub validity: i64,
    /// How many seconds before now it is valid already, for devices whose clock is behind. Never before the issuer.
    pub backdate: i64,
    /// Which keys it is made for.
    pub keys: KeyLimits,
    /// The template it claims to come from.
    pub template: Option<Template>,
    /// In which form it carries the order's security identifier.
    pub sid: SidForms,
    /// Where the issuer's revocation list is.
    pub crl_urls: Vec<String>,
    /// Where the issuer's certificate is (caIssuers).
    pub issuer_urls: Vec<String>,
    /// What if it would be valid longer than its issuer.
    pub outlive: Outlive,
}

/// A day in seconds: how far service certificates are backdated.
const DAY: i64 = 86_400;

impl Profile {
    /// A certificate that signs a registration authority's replies: digitalSignature, and the purpose Certificate
    /// Request Agent, as NDES's own has. Valid for this many seconds.
    #[must_use]
    pub fn ra_signing(validity: i64) -> Profile {
        Profile::service("ra-signing", KeyUsage::DIGITAL_SIGNATURE, oid::REQUEST_AGENT, validity)
    }

    /// A certificate that clients encrypt their requests to: keyEncipherment, and the purpose Certificate Request Agent,
    /// as NDES's own has. RSA only. Valid for this many seconds.
    #[must_use]
    pub fn ra_encryption(validity: i64) -> Profile {
        let keys = KeyLimits { curves: Vec::new(), ..KeyLimits::default() };
        let usage = KeyUsage::KEY_ENCIPHERMENT;
        Profile { keys, ..Profile::service("ra-encryption", usage, oid::REQUEST_AGENT, validity) }
    }

    /// A TLS server's certificate for DNS names and addresses. Valid for this many seconds.
    #[must_use]
    pub fn tls_server(validity: i64) -> Profile {
        let names = NamesRule { allowed: vec![NameKind::Dns, NameKind::Ip] };
        let usage = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_ENCIPHERMENT);
        Profile { names, ..Profile::service("tls-server", usage, oid::SERVER_AUTH, validity) }
    }

    /// A TLS client's certificate, such as the policy module's. Valid for this many seconds.
    #[must_use]
    pub fn tls_client(validity: i64) -> Profile {
        let names = NamesRule { allowed: vec![NameKind::Dns, NameKind::Uri] };
        Profile { names, ..Profile::service("tls-client", KeyUsage::DIGITAL_SIGNATURE, oid::CLIENT_AUTH, validity) }
    }

    /// What is wrong with the profile itself, whatever the order. [`crate::prepare`] asks this too; a program asks it
    /// when it reads its configuration.
    #[must_use]
    pub fn flaws(&self) -> Vec<Flaw> {
        let mut says = Vec::new();
        if self.validity <= 0 || self.backdate < 0 {
            says.push(format!("The validity is {} s and the backdating {} s.", self.validity, self.backdate));
        }
        let (KeyUsageRule::Fixed(usage) | KeyUsageRule::RequestedWithin(usage)) = self.key_usage;
        if usage.0 == 0 || usage.allows(KeyUsage::KEY_CERT_SIGN) {
            says.push(format!("The key usage is {usage:?}; it must have a bit, and keyCertSign is for CAs."));
        }
        if self.keys.rsa_max > 0 && self.keys.rsa_min > self.keys.rsa_max {
            says.push(format!("RSA keys of {} to {} bits are none.", self.keys.rsa_min, self.keys.rsa_max));
        }
        let mut seen = std::collections::BTreeSet::new();
        if !self.extended_key_usage.iter().all(|purpose| seen.insert(purpose)) {
            says.push("The extended key usage names a purpose twice.".to_owned());
        }
        for url in self.crl_urls.iter().chain(&self.issuer_urls).filter(|url| !lint::is_uri(url)) {
            says.push(format!("The address {url:?} is no absolute URI."));
        }
        if self.template.as_ref().is_some_and(|template| !template.is_sound()) {
            says.push("The template's name is empty or not of the basic plane, or its identifier is none.".to_owned());
        }
        let named = |says: String| Flaw::new(Code::ProfileContent, format!("Profile `{}`: {says}", self.name));
        says.into_iter().map(named).collect()
    }

    fn service(name: &str, usage: KeyUsage, purpose: Oid, validity: i64) -> Profile {
        Profile {
            name: name.to_owned(),
            subject: SubjectRule::AsRequested,
            names: NamesRule::default(),
            key_usage: KeyUsageRule::Fixed(usage),
            extended_key_usage: vec![purpose],
            validity,
            backdate: DAY,
            keys: KeyLimits::default(),
            template: None,
            sid: SidForms::None,
            crl_urls: Vec::new(),
            issuer_urls: Vec::new(),
            outlive: Outlive::Shorten,
        }
    }
}
