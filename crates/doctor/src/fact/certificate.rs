//! Certificates, however little the source says about them.

use std::fmt;

use pki::{Certificate, Time};

use super::name::DistinguishedName;

/// A SHA-1 thumbprint: what Windows calls a certificate, what CAPI2's `fileRef` is, what NDES pins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thumbprint(pub [u8; 20]);

impl Thumbprint {
    /// Reads forty hexadecimal digits; blanks, colons, a trailing `.cer` and invisible characters are passed over, as
    /// people paste them. Nothing if other than forty digits remain or a visible character stands between them.
    #[must_use]
    pub fn parse(text: &str) -> Option<Thumbprint> {
        let text = text.trim();
        let text = text.get(..text.len().saturating_sub(4)).filter(|_| ends_with_cer(text)).unwrap_or(text);
        let mut digits = Vec::with_capacity(40);
        for c in text.chars() {
            match c.to_digit(16) {
                Some(digit) => digits.push(u8::try_from(digit).ok()?),
                None if is_filler(c) => {}
                None => return None,
            }
        }
        let mut octets = [0; 20];
        if digits.len() != 40 {
            return None;
        }
        for (octet, pair) in octets.iter_mut().zip(digits.chunks_exact(2)) {
            *octet = pair.iter().fold(0, |sum, digit| sum << 4 | digit);
        }
        Some(Thumbprint(octets))
    }

    /// Of a certificate.
    #[must_use]
    pub fn of(certificate: &Certificate) -> Thumbprint {
        Thumbprint(pki::digest::sha1(certificate.der()))
    }
}

fn ends_with_cer(text: &str) -> bool {
    text.len().checked_sub(4).and_then(|at| text.get(at..)).is_some_and(|end| end.eq_ignore_ascii_case(".cer"))
}

fn is_filler(c: char) -> bool {
    c.is_whitespace()
        || matches!(c, ':' | '-' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{ad}' | '?')
}

impl fmt::Display for Thumbprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

/// What is known about a certificate. Every field is empty when the source does not say; `None` never means "no".
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CertificateDescription {
    /// SHA-1 over the certificate.
    pub thumbprint: Option<Thumbprint>,
    /// The subject. CAPI2's chain events print only a short form (the common name).
    pub subject: DistinguishedName,
    /// The issuer.
    pub issuer: DistinguishedName,
    /// Serial number in lower-case hexadecimal, leading zero octets removed.
    pub serial: Option<String>,
    /// First moment of validity.
    pub not_before: Option<Time>,
    /// Last moment of validity.
    pub not_after: Option<Time>,
    /// Extended key usages as dotted numbers; an empty list means the extension is known to be absent.
    pub usages: Option<Vec<String>>,
    /// Key usage bits as `pki::extension::KeyUsage` has them.
    pub key_usage: Option<pki::extension::KeyUsage>,
    /// Template: the name (version 1) or the dotted number (version 2 and later), or the name a tool resolved it to.
    pub template: Option<String>,
    /// Subject key identifier, upper-case hexadecimal.
    pub subject_key_id: Option<String>,
    /// Authority key identifier, upper-case hexadecimal.
    pub authority_key_id: Option<String>,
    /// `RSA`, `ECC` …
    pub key_algorithm: Option<String>,
    /// Size of the public key in bits.
    pub key_bits: Option<u32>,
    /// Hash of the signature algorithm, as `SHA1` or `SHA256`.
    pub signature_hash: Option<String>,
    /// Whether basic constraints say CA.
    pub authority: Option<Authority>,
    /// DNS and other alternative names, as printed.
    pub alternative_names: Vec<String>,
    /// Where its revocation list is published.
    pub crl_urls: Vec<String>,
}

/// Whether a certificate may issue others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// Basic constraints with cA true.
    Ca,
    /// No basic constraints, or cA false.
    EndEntity,
}

/// A certificate and the circumstances it was found in.
#[derive(Debug, Clone, PartialEq)]
pub struct CertificateFact {
    /// What it says.
    pub described: CertificateDescription,
    /// The certificate itself, if the source held it and it could be read.
    pub certificate: Option<Certificate>,
    /// Where it comes from.
    pub origin: CertificateOrigin,
    /// The Windows store it was listed in.
    pub store: Option<StoreName>,
    /// Whether its private key is there.
    pub private_key: PrivateKey,
    /// Whether it is marked archived (Windows opens stores without archived certificates unless asked).
    pub archived: Option<Archived>,
}

/// What kind of source a certificate was found in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CertificateOrigin {
    /// A file: DER, PEM, PKCS#7.
    File,
    /// `certutil -store -v`.
    StoreListing,
    /// `certutil -dump` of a file.
    Dump,
    /// CAPI2 event 90.
    Capi2Details,
    /// A registry value holding a certificate blob.
    Registry,
    /// A SCEP server's answer.
    Probe,
}

/// A certificate store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StoreName {
    /// Whose store; `certutil` without `-user` lists the machine's.
    pub owner: StoreOwner,
    /// Canonical name: `My`, `CA`, `Root`, `Disallowed` … as in the listing.
    pub name: String,
}

/// Whose store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StoreOwner {
    /// The machine.
    Machine,
    /// A user.
    User,
}

/// What is known about the private key beside a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrivateKey {
    /// The source does not say.
    Unknown,
    /// The store names a key container for it.
    Present(KeyContainer),
    /// The listing shows the certificate without any key.
    Absent,
    /// A container is named, but opening the key failed.
    Unusable(KeyContainer, Option<super::Code>),
}

/// Where a private key lives.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyContainer {
    /// Container name.
    pub name: Option<String>,
    /// CSP or KSP.
    pub provider: Option<String>,
    /// Accounts that may use the key, if the source lists them.
    pub readers: Vec<String>,
}

/// The archived flag of a store entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Archived {
    /// Set.
    Yes,
    /// Not set.
    No,
}

impl CertificateDescription {
    /// Whether this could be `other`'s successor by name: same subject and issuer, another thumbprint. Templates must
    /// agree where both are known.
    #[must_use]
    pub fn is_twin_of(&self, other: &CertificateDescription) -> bool {
        let template_agrees = match (&self.template, &other.template) {
            (Some(mine), Some(theirs)) => mine == theirs,
            _ => true,
        };
        self.thumbprint != other.thumbprint
            && !self.subject.is_empty()
            && self.subject.same_as(&other.subject)
            && self.issuer.same_as(&other.issuer)
            && template_agrees
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thumbprints_as_people_paste_them() {
        let plain = Thumbprint::parse("5d87837b00112233445566778899aabbccddeeff");
        assert!(plain.is_some());
        assert_eq!(Thumbprint::parse("\u{200e}5D 87 83 7B 00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff"), plain);
        assert_eq!(Thumbprint::parse("5D87837B00112233445566778899AABBCCDDEEFF.cer"), plain);
        assert_eq!(Thumbprint::parse("5D87837B00112233445566778899AABBCCDDEE"), None);
        assert_eq!(Thumbprint::parse("xx5D87837B00112233445566778899AABBCCDDEE"), None);
        assert_eq!(Thumbprint::parse(""), None);
        assert_eq!(plain.map(|t| t.to_string()).as_deref(), Some("5D87837B00112233445566778899AABBCCDDEEFF"));
    }
}
