//! Stable reasons why a certificate was not made. The text never changes once released: it stands in failInfoText, in
//! the audit and in the reference, and people search for it.

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal;)+) => {
        /// Why a certificate was not made.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code { $($(#[doc = $doc])+ $name),+ }

        impl Code {
            /// Every code: what the profile says, what is wrong with the issuer, then the lints.
            pub const ALL: &'static [Code] = &[$(Code::$name),+];

            /// The stable text, `profile.key-size`.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Code::$name => $text),+ }
            }

            /// What it means and who should do what, for the reference and for people.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Code::$name => concat!($($doc),+)),+ }
            }
        }
    };
}

codes! {
    /// The profile does not allow this kind of key. The requester makes another key, or the profile's operator allows
    /// the kind.
    KeyKind = "profile.key-kind";
    /// The RSA key is shorter or longer than the profile allows. The requester makes another key.
    KeySize = "profile.key-size";
    /// The RSA key's modulus or exponent is even or negative, or the exponent is 1. The requester's software is broken.
    KeyWeak = "profile.key-weak";
    /// The request asks for key usages that the profile does not allow, or none that the key can serve is left.
    KeyUsage = "profile.key-usage";
    /// The request asks for a kind of subject alternative name that the profile does not allow.
    NameKind = "profile.name-kind";
    /// The request asks for a Windows security identifier, or for another URI in Microsoft's name. Only what the service
    /// itself knows becomes one; whoever asks for it tries to be somebody else (KB5014754).
    SidRequested = "profile.sid-requested";
    /// The certificate would name nobody: no subject and no subject alternative name.
    SubjectEmpty = "profile.subject-empty";
    /// The profile's subject pattern needs a name that the request does not have.
    SubjectMissing = "profile.subject-missing";
    /// There would be no second in which the certificate is valid.
    Validity = "profile.validity";
    /// The profile states a template version, purpose or address that cannot be written. Its operator mends it.
    ProfileContent = "profile.content";
    /// The issuer's certificate has expired or is not valid yet. The operator prepares the next issuing CA.
    IssuerExpired = "issuer.expired";
    /// The certificate would be valid longer than its issuer, and the profile refuses that.
    IssuerOutlived = "issuer.outlived";
    /// The issuer's certificate is not that of a CA which may sign certificates.
    IssuerNotCa = "issuer.not-ca";
    /// The issuer's certificate has no subject key identifier (RFC 5280 §4.2.1.2 demands one).
    IssuerKeyId = "issuer.key-id";
    /// The signature algorithm does not fit the issuer's key, or is too weak to sign with.
    IssuerAlgorithm = "issuer.algorithm";
    /// The to-be-signed octets are no TBSCertificate of version 3.
    LintSyntax = "lint.syntax";
    /// The octets are not DER, so that others would read or compare them in another way (X.690 §10, §11).
    LintDer = "lint.der";
    /// The serial number is not positive or longer than 20 octets.
    LintSerial = "lint.serial";
    /// The certificate is never valid, or valid when its issuer is not.
    LintValidity = "lint.validity";
    /// The issuer field is not the issuer's name, octet by octet.
    LintIssuer = "lint.issuer";
    /// The signature algorithm inside is not the one to be used.
    LintAlgorithm = "lint.algorithm";
    /// An end entity would be able to act as a CA.
    LintCa = "lint.ca";
    /// A CA certificate without what makes it one: critical basicConstraints, key usage, path length below its issuer's.
    LintAuthority = "lint.authority";
    /// Neither a subject nor a critical subject alternative name.
    LintSubject = "lint.subject";
    /// A subject alternative name extension without a name.
    LintSanEmpty = "lint.san-empty";
    /// More names than any device has: at most 32 attributes in the subject and 100 subject alternative names.
    LintNameCount = "lint.name-count";
    /// An attribute of a name is empty or longer than RFC 5280 allows.
    LintNameLength = "lint.name-length";
    /// A name holds a NUL, a control character, or something that is not text.
    LintNameText = "lint.name-text";
    /// An attribute of a name has a string type that RFC 5280 does not give it, or characters outside of that type.
    LintNameType = "lint.name-type";
    /// A DNS name that is none: labels of 1 to 63 letters, digits and hyphens, 253 in all.
    LintDns = "lint.dns";
    /// An IP address that has neither 4 nor 16 octets.
    LintIp = "lint.ip";
    /// An e-mail address that is none, or not ASCII.
    LintEmail = "lint.email";
    /// A URI without scheme, or with characters that a URI cannot have.
    LintUri = "lint.uri";
    /// A user principal name or other special name that cannot be read.
    LintOtherName = "lint.other-name";
    /// A key usage that the key cannot serve.
    LintKeyUsage = "lint.key-usage";
    /// The extended key usage is empty or names a purpose twice.
    LintExtendedKeyUsage = "lint.extended-key-usage";
    /// The authority key identifier is not the issuer's subject key identifier.
    LintAuthorityKeyId = "lint.authority-key-id";
    /// The subject key identifier is missing, or not that of the key.
    LintSubjectKeyId = "lint.subject-key-id";
    /// An extension stands there twice.
    LintDuplicate = "lint.duplicate";
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.text())
    }
}

/// Characters of a sentence: a name from a request may be as long as the message was.
const MOST_SAID: usize = 400;

/// One reason why a certificate was not made, with the facts of this case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    reason: Code,
    says: String,
}

impl Flaw {
    pub(crate) fn new(reason: Code, says: impl Into<String>) -> Flaw {
        let mut says = says.into();
        if let Some((end, _)) = says.char_indices().nth(MOST_SAID) {
            says.truncate(end);
            says.push('…');
        }
        Flaw { reason, says }
    }

    /// The reason.
    #[must_use]
    pub fn reason(&self) -> Code {
        self.reason
    }

    /// The stable text of the reason.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.reason.text()
    }

    /// What is wrong, in a sentence with the facts. Names from the request are escaped, so that they cannot forge a
    /// line of a log.
    #[must_use]
    pub fn says(&self) -> &str {
        &self.says
    }
}

impl std::fmt::Display for Flaw {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.reason, self.says)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_its_own_text_and_meaning() {
        let texts: std::collections::BTreeSet<_> = Code::ALL.iter().map(|c| c.text()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|c| !c.meaning().is_empty()));
        assert!(Code::ALL.iter().all(|c| ["profile.", "issuer.", "lint."].iter().any(|p| c.text().starts_with(p))));
    }
}
