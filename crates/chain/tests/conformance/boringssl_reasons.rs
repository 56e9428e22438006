//! Where BoringSSL's baselines and we disagree, and why.

pub const DISAGREEMENTS: &[(&str, &str)] = &[
    (
        "incorrect-trust-anchor/main",
        "the anchor has another name than the issuer, a link a builder never makes: partial",
    ),
    ("intermediate-eku-any-and-clientauth/serverauth-strict", STRICT),
    ("intermediate-eku-c2pamanifest/c2patimestamp", C2PA),
    ("intermediate-eku-c2patimestamping/c2pamanifest", C2PA),
    (
        "intermediate-eku-mlsclientauth/mlsclientauth",
        "two critical extensions of the messaging layer are not supported",
    ),
    ("intermediate-eku-server-gated-crypto/sha1-eku-any", SHA1),
    ("issuer-and-subject-not-byte-for-byte-equal/anchor", SHA1),
    ("issuer-and-subject-not-byte-for-byte-equal/target", SHA1),
    ("many-names/ok-all-types", "URI constraints such as http://test/0 are no host names (RFC 5280 §4.2.1.10)"),
    ("many-names/toomany-all-types", "349,867 comparisons are within our budget of 1,048,576; other faults are found"),
    (
        "root-lacks-basic-constraints/ta-with-constraints-require-basic-constraints",
        "there is no setting that demands basic constraints of an anchor but judges nothing else in it",
    ),
    ("target-eku-any/clientauth-strict-leaf", STRICT),
    ("target-eku-any/serverauth-strict-leaf", STRICT),
    ("target-eku-any/serverauth-strict", STRICT),
    ("target-eku-clientauth/clientauth-strict", STRICT),
    ("target-eku-none/clientauth-strict-leaf", STRICT),
    ("target-eku-none/serverauth-strict", STRICT),
    ("target-has-ca-basic-constraints/strict", STRICT),
    ("target-only/trusted_leaf_require_self_signed", SELF_SIGNED),
    ("target-selfissued/trusted_leaf_require_self_signed", SELF_SIGNED),
];

const STRICT: &str = "BoringSSL's strict purposes demand the usage in so many words; by RFC 5280 §4.2.1.12 no extension and \
                      anyExtendedKeyUsage allow it, which is noted";
const C2PA: &str = "the rules of content provenance (C2PA) about which usages exclude others are not RFC 5280's";
const SHA1: &str = "SHA-1 counts as weak by our default; BoringSSL's test allows it in these";
const SELF_SIGNED: &str = "there is no setting that demands of a trusted leaf that it be self-signed";
