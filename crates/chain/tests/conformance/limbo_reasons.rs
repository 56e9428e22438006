//! Which findings name the reason that stands in the id of a limbo case, and where we disagree.

/// Cases that do not come out as limbo expects, with the reason.
pub const DISAGREEMENTS: &[(&str, &str)] = &[
    (
        "pathological::nc-dos-3",
        "the constraints are on DNS names and the certificate has e-mail addresses only: nothing is compared; it is \
         refused because it has no name",
    ),
    ("webpki::san::public-suffix-private-namespace-wildcard-san", NO_SUFFIX_LIST),
    ("rfc5280::intermediate-ca-missing-basic-constraints", NO_INTERMEDIATE),
    ("rfc5280::ica-ku-keycertsign", NO_INTERMEDIATE),
];

const NO_INTERMEDIATE: &str = "the case carries no intermediate at all, so what is wrong with it cannot be seen; it is \
                               refused as a partial chain";

const NO_SUFFIX_LIST: &str = "which suffixes are public says a list that changes weekly; a crate that reads no file has \
                              none, and notes only wildcards below a top-level domain or one like co.uk";

/// The codes that name the reason in this id: the first pattern that is part of it counts.
pub fn reason_in_id(id: &str) -> &'static [&'static str] {
    REASONS.iter().find(|(part, _)| id.contains(part)).map_or(&[], |(_, codes)| *codes)
}

const REASONS: &[(&str, &[&str])] = &[
    ("crl::revoked", &["CHAIN-REVOKED"]),
    ("crl::crlnumber", &["CHAIN-CRL-ODD"]),
    ("crl::issuer-missing-crlsign", &["CHAIN-REVOCATION-UNKNOWN"]),
    ("cve-2025-61727-nc-permits", &["CHAIN-NAME-NOT-PERMITTED"]),
    ("cve-2025-61727", &["CHAIN-NAME-EXCLUDED"]),
    ("invalid-issuer-key", &["CHAIN-BAD-SIGNATURE"]),
    ("pathlen::max-chain-depth", &["CHAIN-TOO-LONG"]),
    ("pathlen::", &["CHAIN-PATH-LENGTH"]),
    ("intermediate-cycle", &["CHAIN-CYCLIC", "CHAIN-PARTIAL", "CHAIN-TOO-LONG"]),
    ("nc-dos", &["CHAIN-NAME-CONSTRAINTS-TOO-MANY"]),
    ("pathological-chain", &["CHAIN-ANALYSIS-TRUNCATED", "CHAIN-PARTIAL", "CHAIN-TOO-LONG"]),
    ("root-with-aki-ski-mismatch", &["CHAIN-AUTHORITY-KEY-ID"]),
    ("aki", &["CHAIN-AUTHORITY-KEY-ID"]),
    ("ee-wrong-eku", &["CHAIN-WRONG-USAGE"]),
    ("ee-eku-empty", &["CHAIN-EXTENSION-UNREADABLE"]),
    ("eku", &["CHAIN-USAGE-ODD"]),
    ("nc::permitted-dns-match-noncritical", &["CHAIN-CRITICALITY-ODD"]),
    ("nc::invalid-", &["CHAIN-NAME-CONSTRAINTS-INVALID"]),
    ("nc::not-allowed-in-ee", &["CHAIN-NAME-CONSTRAINTS-ODD"]),
    ("nc::intermediate-permitted-excluded-subtrees-both", &["CHAIN-NAME-CONSTRAINTS-INVALID"]),
    ("nc::nc-permits-invalid", &["CHAIN-NAME-UNREADABLE", "CHAIN-NAME-MALFORMED"]),
    ("nc::nc-forbids-othername", &["CHAIN-NAME-CONSTRAINT-UNSUPPORTED", "CHAIN-NAME-EXCLUDED"]),
    ("nc::", &["CHAIN-NAME-NOT-PERMITTED", "CHAIN-NAME-EXCLUDED"]),
    ("pc::ica-noncritical-pc", &["CHAIN-CRITICALITY-ODD"]),
    ("san::malformed", &["CHAIN-EXTENSION-UNREADABLE", "CHAIN-NAME-MALFORMED"]),
    ("san::noncritical-with-empty-subject", &["CHAIN-CRITICALITY-ODD"]),
    ("san::underscore-dns", &["CHAIN-NAME-MALFORMED"]),
    ("san::ip-in-dns", &["CHAIN-NAME-MALFORMED"]),
    ("serial::", &["CHAIN-SERIAL-ODD"]),
    ("ski::", &["CHAIN-SUBJECT-KEY-ID"]),
    ("validity::expired", &["CHAIN-EXPIRED"]),
    ("validity::not", &["CHAIN-NOT-YET-VALID"]),
    ("ee-empty-issuer", &["CHAIN-EMPTY-NAME"]),
    ("ca-empty-subject", &["CHAIN-EMPTY-NAME"]),
    ("unknown-critical-extension", &["CHAIN-CRITICAL-EXTENSION-UNKNOWN"]),
    ("chain-untrusted-root", &["CHAIN-UNTRUSTED-ROOT", "CHAIN-PARTIAL"]),
    ("intermediate-ca-without-ca-bit", &["CHAIN-NOT-A-CA"]),
    ("missing-basic-constraints", &["CHAIN-NO-BASIC-CONSTRAINTS"]),
    ("root-non-critical-basic-constraints", &["CHAIN-CRITICALITY-ODD"]),
    ("root-inconsistent-ca-extensions", &["CHAIN-NOT-A-CA", "CHAIN-CA-MAY-NOT-SIGN", "CHAIN-LEAF-MAY-SIGN"]),
    ("ica-ku-keycertsign", &["CHAIN-CA-MAY-NOT-SIGN"]),
    ("leaf-ku-keycertsign", &["CHAIN-LEAF-MAY-SIGN"]),
    ("ee-critical-aia-invalid", &["CHAIN-CRITICAL-EXTENSION-UNKNOWN", "CHAIN-CRITICALITY-ODD"]),
    ("duplicate-extensions", &["CHAIN-EXTENSION-REPEATED"]),
    ("mismatching-signature-algorithm", &["CHAIN-ALGORITHM-MISMATCH"]),
    ("ca-as-leaf-wrong-san", &["CHAIN-SERVER-NAME"]),
    ("cn::not-in-san", &["CHAIN-COMMON-NAME-NOT-IN-SAN"]),
    ("cn::", &["CHAIN-COMMON-NAME-NOT-IN-SAN"]),
    ("san::mismatch", &["CHAIN-SERVER-NAME"]),
    ("san::public-suffix", &["CHAIN-WILDCARD-BROAD"]),
    ("san::wildcard-match-across-labels", &["CHAIN-SERVER-NAME"]),
    ("san::wildcard", &["CHAIN-NAME-MALFORMED", "CHAIN-SERVER-NAME"]),
    ("san::unicode-emoji", &["CHAIN-NAME-MALFORMED"]),
    ("san::no-san", &["CHAIN-NO-NAME"]),
    ("san::san-critical-with-nonempty-subject", &["CHAIN-CRITICALITY-ODD"]),
    ("san::san-wildcard-only", &["CHAIN-WILDCARD-BROAD"]),
    ("explicit-curve", &["CHAIN-KEY-ODD"]),
    ("cryptographydotio-chain-missing-intermediate", &["CHAIN-PARTIAL"]),
    ("malformed-aia", &["CHAIN-ACCESS-INFO-UNREADABLE"]),
    ("forbidden-p192", &["CHAIN-KEY-ODD"]),
    ("forbidden-dsa", &["CHAIN-KEY-ODD"]),
    ("forbidden-weak-rsa", &["CHAIN-WEAK-KEY"]),
    ("forbidden-rsa", &["CHAIN-KEY-ODD"]),
    ("v1-cert", &["CHAIN-EXTENSION-IN-OLD-VERSION", "CHAIN-ODD-VERSION"]),
    ("ee-basicconstraints-ca", &["CHAIN-LEAF-IS-CA"]),
    ("webpki::ca-as-leaf", &["CHAIN-LEAF-IS-CA"]),
];
