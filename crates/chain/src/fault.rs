//! What can be wrong with a certificate in a chain: one kind per cause, each with a stable code.

use crate::trust::ErrorStatus;

/// One thing that is wrong with one certificate, or with the chain as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of thing.
    pub kind: Kind,
    /// The CERT_TRUST error bits it sets. None for an oddity that breaks nothing: a note.
    pub bits: ErrorStatus,
    /// One sentence with the facts of this certificate in it.
    pub says: String,
}

impl Fault {
    /// A fault with the bits of its kind.
    pub(crate) fn new(kind: Kind, says: impl Into<String>) -> Fault {
        Fault { kind, bits: kind.bits(), says: says.into() }
    }

    /// The same observation where the rules in force do not object to it.
    pub(crate) fn noted(kind: Kind, says: impl Into<String>) -> Fault {
        Fault { kind, bits: ErrorStatus(0), says: says.into() }
    }

    /// Whether it only deserves mention.
    #[must_use]
    pub fn is_note(&self) -> bool {
        self.bits.is_clear()
    }

    /// Its code, `CHAIN-EXPIRED`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.kind.code()
    }
}

macro_rules! kinds {
    ($($kind:ident $code:literal $bits:literal $title:literal $means:literal $do:literal;)+) => {
        /// The kinds of fault. What each means and what to do about it stands in `docs/reference/chain-codes.md`,
        /// which is generated from this list.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Kind {
            $(#[doc = $title] $kind,)+
        }

        impl Kind {
            /// Every kind, in the order of the reference.
            pub const ALL: &'static [Kind] = &[$(Kind::$kind,)+];

            /// Its stable code.
            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Kind::$kind => $code,)+ }
            }

            /// The bits it sets where it is an error; 0 where it is only ever noted.
            #[must_use]
            pub const fn bits(self) -> ErrorStatus {
                match self { $(Kind::$kind => ErrorStatus($bits),)+ }
            }

            /// What it is, in a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Kind::$kind => $title,)+ }
            }

            /// What it means.
            #[must_use]
            pub const fn means(self) -> &'static str {
                match self { $(Kind::$kind => $means,)+ }
            }

            /// What to do.
            #[must_use]
            pub const fn remedy(self) -> &'static str {
                match self { $(Kind::$kind => $do,)+ }
            }

            /// By its code.
            #[must_use]
            pub fn by_code(code: &str) -> Option<Kind> {
                Self::ALL.iter().copied().find(|kind| kind.code() == code)
            }
        }
    };
}

kinds! {
    // Validity
    Expired "CHAIN-EXPIRED" 0x1 "The certificate has expired."
        "The time asked about lies after notAfter. Both bounds are included (RFC 5280 §4.1.2.5)."
        "Renew the certificate; if it was renewed already, find out who still uses the old one. Check the clock if the date surprises you.";
    NotYetValid "CHAIN-NOT-YET-VALID" 0x1 "The certificate is not valid yet."
        "The time asked about lies before notBefore."
        "Check the clocks of this host and of the CA; otherwise wait.";
    // Signature
    BadSignature "CHAIN-BAD-SIGNATURE" 0x8 "The signature on the certificate is wrong."
        "The signature does not verify with the issuer's key: the certificate was altered, or another CA of the same name signed it."
        "Get the certificate again from its source; if several CA certificates have this name, provide the one whose key signed it.";
    UncheckedSignature "CHAIN-SIGNATURE-NOT-CHECKED" 0x8 "The signature could not be checked."
        "The algorithm is not supported (DSA, for example), the key cannot be used, or the budget for signatures is spent. What is not checked is not believed."
        "Have the certificate issued with RSA, ECDSA or Ed25519; or ask with a larger budget.";
    AlgorithmMismatch "CHAIN-ALGORITHM-MISMATCH" 0x8 "The two statements of the signature algorithm differ."
        "The algorithm inside the signed part is not the one beside the signature (RFC 5280 §4.1.1.2). The rules of Windows only note it."
        "Have the certificate issued again.";
    WeakSignature "CHAIN-WEAK-SIGNATURE" 0x100000 "The signature uses a broken digest."
        "MD2, MD4, MD5 or SHA-1: somebody else may have made a second certificate with the same signature. A root's own signature proves nothing and is not judged."
        "Have the certificate issued again with SHA-256.";
    WeakKey "CHAIN-WEAK-KEY" 0x100000 "The key is too short."
        "RSA below 2048 bits by the rules of RFC 5280, below 1024 bits by those of Windows, or a curve below 256 bits."
        "Make a new key of at least 2048 bits (RSA) or on P-256.";
    UnusableKey "CHAIN-UNUSABLE-KEY" 0x8 "The certificate's key cannot be used."
        "The key of a certificate that signed another one cannot be read, or is of a kind that is not supported."
        "Have the CA certificate issued with an RSA, ECDSA (P-256, P-384, P-521) or Ed25519 key.";
    // Issuer and trust
    PartialChain "CHAIN-PARTIAL" 0x10000 "No issuer was found."
        "The last certificate found is not self-signed and its issuer is not among the certificates known."
        "Provide the missing CA certificate: install it in the intermediate store, or send it with the leaf.";
    UntrustedRoot "CHAIN-UNTRUSTED-ROOT" 0x20 "The root is not trusted."
        "The chain ends in a self-signed certificate that is not among the trusted roots."
        "If the root is yours, add it to the trusted roots; otherwise do not trust the chain.";
    Cyclic "CHAIN-CYCLIC" 0x80 "The chain runs in a circle."
        "The same certificate stands in the chain twice and no way leads out of the circle."
        "Provide a CA certificate that leads to a root.";
    Distrusted "CHAIN-DISTRUSTED" 0x4000000 "The certificate is explicitly distrusted."
        "It is in the store of certificates that must not be trusted, whatever else is right with it."
        "Replace the certificate; somebody decided that it must not be used.";
    NotAnchored "CHAIN-NOT-ANCHORED" 0x20 "The certificate asked about may not be trusted by itself."
        "It is listed as trusted, but only as a CA; a leaf is not accepted because it is in the root store."
        "Have the certificate issued by a trusted CA.";
    // CA
    NotACa "CHAIN-NOT-A-CA" 0x400 "The issuer is not a CA."
        "A certificate in the middle of the chain says in its basic constraints that it is no CA."
        "Have the certificate below issued by a CA; if this is meant to be one, have it issued again with cA=TRUE.";
    NoBasicConstraints "CHAIN-NO-BASIC-CONSTRAINTS" 0x400 "The issuer does not say that it is a CA."
        "A certificate in the middle of the chain has no basic constraints (RFC 5280 §6.1.4 (k))."
        "Have the CA certificate issued again with critical basic constraints, cA=TRUE.";
    BasicConstraintsUnreadable "CHAIN-BASIC-CONSTRAINTS-UNREADABLE" 0x400 "The basic constraints cannot be read."
        "The extension is there but what it holds is no BasicConstraints."
        "Have the certificate issued again.";
    PathLength "CHAIN-PATH-LENGTH" 0x400 "There are more CAs below than allowed."
        "A CA further up limits how many CAs may follow; the limit is exceeded here, and from here downwards (by the rules of Windows at every further CA). A circle exceeds every limit."
        "Have the CA that sets the limit issued again with a larger one, or take a level out of the hierarchy.";
    CaMayNotSign "CHAIN-CA-MAY-NOT-SIGN" 0x10 "The CA's key may not sign certificates."
        "The key usage of the CA does not include keyCertSign."
        "Have the CA certificate issued again with keyCertSign, or use the right CA certificate: an RA or CRL-signing certificate may have the same name.";
    LeafMaySign "CHAIN-LEAF-MAY-SIGN" 0x10 "The key may sign certificates but is not a CA's."
        "keyCertSign is set though the basic constraints do not say CA. Windows takes that as wrong usage; by RFC 5280 it is only noted."
        "Have the certificate issued again without keyCertSign.";
    KeyUsageUnreadable "CHAIN-KEY-USAGE-UNREADABLE" 0x10 "The key usage cannot be read."
        "The extension holds no BIT STRING, an empty one, or more bits than there are usages."
        "Have the certificate issued again.";
    WrongUsage "CHAIN-WRONG-USAGE" 0x10 "The certificate is not for the usage asked for."
        "Its extended key usage (intersected with that of every CA above, by the rules of Windows) does not contain what was asked for."
        "Use the certificate for what it was issued for, or have one issued from a template with the right application policy.";
    UsageNotNested "CHAIN-USAGE-NOT-NESTED" 0x10 "The CA may not issue for the usage asked for."
        "The CA's own extended key usage does not contain what was asked for, so nothing below can have it."
        "Have the CA certificate issued again without that limit, or use another CA.";
    LeafIsCa "CHAIN-LEAF-IS-CA" 0x0 "The certificate asked about is a CA certificate."
        "A CA certificate is used where a leaf was expected."
        "Have a certificate of its own issued for this purpose.";
    TooLong "CHAIN-TOO-LONG" 0x400 "The chain is longer than asked for."
        "The caller allows fewer CA certificates between leaf and root."
        "Shorten the hierarchy or allow more.";
    // Extensions
    ExtensionUnreadable "CHAIN-EXTENSION-UNREADABLE" 0x100 "An extension cannot be read."
        "What it holds is not what its type says."
        "Have the certificate issued again.";
    ExtensionInOldVersion "CHAIN-EXTENSION-IN-OLD-VERSION" 0x100 "A version 1 or 2 certificate has extensions."
        "Only version 3 has extensions (RFC 5280 §4.1.2.9)."
        "Have the certificate issued again as version 3.";
    ExtensionRepeated "CHAIN-EXTENSION-REPEATED" 0x100 "An extension is there twice."
        "Two readers may read two different things (RFC 5280 §4.2)."
        "Have the certificate issued again.";
    CriticalExtensionUnknown "CHAIN-CRITICAL-EXTENSION-UNKNOWN" 0x8000100 "A critical extension is not supported."
        "Whoever does not know a critical extension must refuse the certificate (RFC 5280 §4.2)."
        "Have the certificate issued without it, or mark it as not critical.";
    OddVersion "CHAIN-ODD-VERSION" 0x0 "The certificate is not of version 3."
        "Versions 1 and 2 cannot say what a certificate is for; others do not exist."
        "Have the certificate issued again.";
    // Names
    NameNotPermitted "CHAIN-NAME-NOT-PERMITTED" 0x4000 "A name is outside what a CA may issue for."
        "A CA above permits names of this form only in certain subtrees. Windows blames the CA that sets the limit, RFC 5280's order of checks blames the certificate with the name."
        "Use a name inside the permitted subtrees or another CA.";
    NameExcluded "CHAIN-NAME-EXCLUDED" 0x8000 "A name is excluded by a CA above."
        "The name lies in a subtree for which the CA must not issue. A wildcard that could stand for an excluded name counts."
        "Use another name or another CA.";
    NameConstraintsInvalid "CHAIN-NAME-CONSTRAINTS-INVALID" 0x800 "The name constraints cannot be read."
        "A subtree is not of the form its type demands: an address without its mask, a mask with holes, an empty list."
        "Have the CA certificate issued again.";
    NameConstraintUnsupported "CHAIN-NAME-CONSTRAINT-UNSUPPORTED" 0x1000 "A name constraint of this kind is not supported."
        "minimum or maximum is used, or the constraint is on a form of name nobody checks."
        "Have the CA certificate issued again without that constraint.";
    NameUnreadable "CHAIN-NAME-UNREADABLE" 0x900 "A constrained name cannot be read."
        "A name below the CA is malformed, so it cannot be told whether it is permitted."
        "Have the certificate with that name issued again.";
    NameConstraintsTooMany "CHAIN-NAME-CONSTRAINTS-TOO-MANY" 0x800 "There are too many names and constraints to compare."
        "Comparing each name with each subtree would exceed the budget; what is not compared is not accepted."
        "Use fewer names in one certificate, or ask with a larger budget.";
    NameChaining "CHAIN-NAME-CHAINING" 0x0 "The issuer's name is not the name of the certificate above."
        "Windows found the issuer by key identifier or serial number and does not compare names."
        "Check which CA certificate is the right one.";
    ServerName "CHAIN-SERVER-NAME" 0x0 "The certificate is not for the name asked for."
        "None of the names in it matches."
        "Use a name the certificate has, or have one issued with the name.";
    // Policies
    PolicyRequired "CHAIN-POLICY-REQUIRED" 0x200 "A certificate policy is required and none is left."
        "A CA above, or the caller, requires an explicit policy, and no policy is valid along the whole chain."
        "Have the certificate issued under a policy that all its CAs have.";
    PolicyMappingAny "CHAIN-POLICY-MAPPING-ANY" 0x200 "anyPolicy is mapped."
        "Neither side of a mapping may be anyPolicy (RFC 5280 §6.1.4 (a))."
        "Have the CA certificate issued again.";
    PolicyNotFound "CHAIN-POLICY-NOT-FOUND" 0x2000000 "No policy of those asked for."
        "The chain is not valid for any of the issuance policies the caller asked for."
        "Use a certificate issued under one of them.";
    // Revocation
    Revoked "CHAIN-REVOKED" 0x4 "The certificate was revoked."
        "Its issuer lists it as revoked."
        "Replace it. If the reason is certificateHold, ask the CA.";
    RevocationUnknown "CHAIN-REVOCATION-UNKNOWN" 0x40 "It cannot be told whether the certificate was revoked."
        "No revocation list or OCSP answer covers it, or none that may be believed."
        "Provide the CA's current revocation list; look at the reason given.";
    RevocationStale "CHAIN-REVOCATION-STALE" 0x1000040 "The revocation information is out of date."
        "There is a list or an answer for it, but its time is over."
        "Publish a new revocation list, or look why this host cannot fetch it.";
    CrlOdd "CHAIN-CRL-ODD" 0x0 "The revocation list is not as RFC 5280 wants it."
        "It was used all the same."
        "Have the CA publish it as RFC 5280 §5 says.";
    // Budget
    Truncated "CHAIN-ANALYSIS-TRUNCATED" 0x0 "The analysis was cut short."
        "There are more paths, signatures or steps than the budget allows; the best chain found so far is shown."
        "Provide fewer candidates, or ask with a larger budget.";
    // Notes on the certificate itself
    SerialOdd "CHAIN-SERIAL-ODD" 0x0 "The serial number is odd."
        "It is zero, negative, not minimal, or longer than 20 octets (RFC 5280 §4.1.2.2)."
        "Have the CA fix its serial numbers; most software accepts this.";
    AuthorityKeyId "CHAIN-AUTHORITY-KEY-ID" 0x0 "The authority key identifier is missing, critical or points elsewhere."
        "RFC 5280 §4.2.1.1 wants it in every certificate that is not self-signed, not critical, and with the key identifier of the issuer. In a root it can only repeat the root's own."
        "Have the certificate issued again if a builder picks the wrong CA.";
    AuthorityKeyIdStale "CHAIN-AUTHORITY-KEY-ID-STALE" 0x0 "The authority key identifier names a CA certificate that is not there."
        "It gives issuer and serial number of another generation of the CA; the key identifier still fits. Some builders stop here."
        "Have the certificate issued again after the CA was renewed, or provide the old CA certificate as well.";
    SubjectKeyId "CHAIN-SUBJECT-KEY-ID" 0x0 "The subject key identifier is missing or critical."
        "RFC 5280 §4.2.1.2 wants it in every CA certificate, not critical."
        "Have the CA certificate issued again when it is due anyway.";
    CriticalityOdd "CHAIN-CRITICALITY-ODD" 0x0 "An extension is marked critical, or not, against RFC 5280."
        "Software that does not know the extension will treat it wrongly."
        "Have the certificate issued again when it is due anyway.";
    EmptyName "CHAIN-EMPTY-NAME" 0x0 "Issuer, or a CA's subject, is empty."
        "RFC 5280 §4.1.2.4 and §4.1.2.6 want a name there: chains are built by it."
        "Have the certificate issued again with a name.";
    NoName "CHAIN-NO-NAME" 0x0 "The certificate names nobody."
        "Subject and subject alternative names are both empty or unreadable, or a TLS server certificate has no subject alternative name."
        "Have the certificate issued again with a subject alternative name.";
    NameMalformed "CHAIN-NAME-MALFORMED" 0x0 "A subject alternative name is malformed."
        "It is not of the form its type demands, such as a DNS name with a blank, an underscore, a misplaced wildcard, or an address in text."
        "Have the certificate issued again.";
    CommonNameNotInSan "CHAIN-COMMON-NAME-NOT-IN-SAN" 0x0 "The common name is not among the alternative names."
        "The CA/Browser Forum's baseline requirements want it to be a copy of one of them, character for character; new software ignores the common name."
        "Have the certificate issued with the name as alternative name.";
    WildcardBroad "CHAIN-WILDCARD-BROAD" 0x0 "A wildcard covers a whole top-level domain."
        "It stands alone or directly above a top-level domain."
        "Have the certificate issued for the names it is for.";
    UsageOdd "CHAIN-USAGE-ODD" 0x0 "The extended key usage is unusual."
        "It is missing where TLS expects it, contains anyExtendedKeyUsage, is critical, or stands in a root."
        "Have the certificate issued from a template with exactly the usages it needs.";
    NameConstraintsOdd "CHAIN-NAME-CONSTRAINTS-ODD" 0x0 "Name constraints stand where they should not."
        "They are not critical, or in a certificate that is not a CA's (RFC 5280 §4.2.1.10)."
        "Have the certificate issued again.";
    AccessInfoUnreadable "CHAIN-ACCESS-INFO-UNREADABLE" 0x0 "The authority information access cannot be read or is odd."
        "Nobody can follow it to the issuer's certificate or OCSP responder."
        "Have the certificate issued again.";
    KeyOdd "CHAIN-KEY-ODD" 0x0 "The key is of an unusual kind."
        "DSA, an old or explicitly described curve, or RSA with an odd length or exponent."
        "Make a new key: RSA of 2048 bits or more, or P-256.";
    TimeOdd "CHAIN-TIME-ODD" 0x0 "The validity is written in an odd way or makes no sense."
        "notBefore lies after notAfter, a time has fractions, an offset or the wrong form (RFC 5280 §4.1.2.5)."
        "Have the certificate issued again.";
    NotNested "CHAIN-TIME-NOT-NESTED" 0x0 "The certificate outlives its issuer."
        "Not an error, but the chain will break when the issuer expires."
        "Renew the CA before that day.";
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn codes_are_unique_and_every_kind_says_something() {
        for (at, kind) in Kind::ALL.iter().enumerate() {
            assert_eq!(Kind::by_code(kind.code()), Some(*kind));
            assert!(Kind::ALL.iter().skip(at + 1).all(|other| other.code() != kind.code()), "{}", kind.code());
            assert!(kind.means().ends_with('.') && kind.remedy().ends_with('.'), "{}", kind.code());
            assert!(kind.code().starts_with("CHAIN-"));
        }
    }
}
