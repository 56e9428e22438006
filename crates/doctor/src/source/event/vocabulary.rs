//! The element names of Windows events, and which element each belongs into. This is what lets a reader mend text that
//! lost its tags.

/// Event content roots of CAPI2, with the number of the event each belongs to.
pub(crate) const CAPI2_ROOTS: &[(&str, u32)] = &[
    ("CertGetCertificateChainStart", 10),
    ("CertGetCertificateChain", 11),
    ("CertVerifyCertificateChainPolicy", 30),
    ("CertVerifyRevocationStart", 40),
    ("CertVerifyRevocation", 41),
    ("CertRejectedRevocationInfo", 42),
    ("CryptRetrieveObjectByUrlCacheStart", 50),
    ("CryptRetrieveObjectByUrlCache", 51),
    ("CryptRetrieveObjectByUrlWireStart", 52),
    ("CryptRetrieveObjectByUrlWire", 53),
    ("CryptAcquireCertificatePrivateKey", 70),
    ("WinVerifyTrustStart", 80),
    ("WinVerifyTrust", 81),
    ("CryptCATAdminEnumCatalogFromHash", 82),
    ("X509Objects", 90),
];

/// Where an element belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// Into an element of this name.
    In(&'static str),
    /// Into the first of these that is open.
    InEither(&'static str, &'static str),
    /// Directly into the content root below `UserData`.
    Body,
    /// Nowhere in particular.
    Anywhere,
}

/// Element name and home. The order does not matter.
const ELEMENTS: &[(&str, Home)] = &[
    ("Events", Home::Anywhere),
    ("Event", Home::Anywhere),
    ("System", Home::In("Event")),
    ("UserData", Home::In("Event")),
    ("EventData", Home::In("Event")),
    ("RenderingInfo", Home::In("Event")),
    ("Provider", Home::In("System")),
    ("EventID", Home::In("System")),
    ("Version", Home::In("System")),
    ("Level", Home::InEither("System", "RenderingInfo")),
    ("Task", Home::InEither("System", "RenderingInfo")),
    ("Opcode", Home::InEither("System", "RenderingInfo")),
    ("Keywords", Home::InEither("System", "RenderingInfo")),
    ("TimeCreated", Home::In("System")),
    ("EventRecordID", Home::In("System")),
    ("Correlation", Home::In("System")),
    ("Execution", Home::In("System")),
    ("Channel", Home::InEither("System", "RenderingInfo")),
    ("Computer", Home::In("System")),
    ("Security", Home::In("System")),
    ("Data", Home::In("EventData")),
    ("Binary", Home::In("EventData")),
    ("Message", Home::In("RenderingInfo")),
    ("EventAuxInfo", Home::Body),
    ("CorrelationAuxInfo", Home::Body),
    ("Result", Home::Body),
    ("Policy", Home::Anywhere),
    ("Certificate", Home::Anywhere),
    ("CertificateChain", Home::Body),
    ("Flags", Home::Body),
    ("SSLAdditionalPolicyInfo", Home::Body),
    ("AuthenticodeAdditionalPolicyInfo", Home::Body),
    ("IgnoreFlags", Home::In("SSLAdditionalPolicyInfo")),
    ("Status", Home::Body),
    ("ValidationTime", Home::Body),
    ("AdditionalStore", Home::Body),
    ("ChainEngineInfo", Home::Body),
    ("AdditionalInfo", Home::Body),
    ("AdditionalParameters", Home::Body),
    ("NetworkConnectivityStatus", Home::In("AdditionalInfo")),
    ("ChainElement", Home::In("CertificateChain")),
    ("TrustStatus", Home::InEither("ChainElement", "CertificateChain")),
    ("ErrorStatus", Home::In("TrustStatus")),
    ("InfoStatus", Home::In("TrustStatus")),
    ("SignatureAlgorithm", Home::InEither("ChainElement", "Certificate")),
    ("PublicKeyAlgorithm", Home::InEither("ChainElement", "Certificate")),
    ("ApplicationUsage", Home::In("ChainElement")),
    ("IssuanceUsage", Home::In("ChainElement")),
    ("RevocationInfo", Home::In("ChainElement")),
    ("RevocationResult", Home::In("RevocationInfo")),
    ("RevocationStatus", Home::Body),
    ("CertificateRevocationList", Home::Anywhere),
    ("OCSPResponse", Home::Anywhere),
    ("ExtendedKeyUsage", Home::Anywhere),
    ("Usage", Home::Anywhere),
    ("IssuerCertificate", Home::Body),
    ("SubjectCertificate", Home::Body),
    ("Action", Home::Anywhere),
    ("Error", Home::Anywhere),
    ("URL", Home::Body),
    ("Object", Home::Body),
    ("Timeout", Home::Body),
    ("AuxInfo", Home::Body),
    ("CacheInfo", Home::Body),
    ("RetrievedObjects", Home::Body),
    ("NotBefore", Home::In("Certificate")),
    ("NotAfter", Home::In("Certificate")),
    ("SerialNumber", Home::In("Certificate")),
    ("Subject", Home::In("Certificate")),
    ("Issuer", Home::InEither("Certificate", "CertificateRevocationList")),
    ("SubjectKeyID", Home::In("Certificate")),
    ("Extensions", Home::InEither("Certificate", "CertificateRevocationList")),
    ("ThisUpdate", Home::In("CertificateRevocationList")),
    ("NextUpdate", Home::In("CertificateRevocationList")),
    ("KeyUsage", Home::In("Extensions")),
    ("BasicConstraints", Home::In("Extensions")),
    ("AuthorityKeyIdentifier", Home::In("Extensions")),
    ("KeyID", Home::In("AuthorityKeyIdentifier")),
];

/// The number of the CAPI2 event with this content root.
pub(crate) fn root_id(name: &str) -> Option<u32> {
    CAPI2_ROOTS.iter().find(|(root, _)| root.eq_ignore_ascii_case(name)).map(|(_, id)| *id)
}

/// The known spelling of an element name and where it belongs.
pub(crate) fn known(name: &str) -> Option<(&'static str, Home)> {
    let element = ELEMENTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).copied();
    element.or_else(|| {
        let root = CAPI2_ROOTS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        root.map(|(known, _)| (*known, Home::In("UserData")))
    })
}
