//! CAPI2 events as typed records. Numbers only: rendered text is localised and never parsed.
//!
//! Field names follow the event's own elements and attributes; the structures behind them are the ones of
//! `CertGetCertificateChain` and `CertVerifyCertificateChainPolicy`.

use pki::Time;

use super::certificate::{CertificateDescription, Thumbprint};
use super::code::Code;
use super::event::EventHead;

/// One CAPI2 event.
#[derive(Debug, Clone, PartialEq)]
pub struct Capi2Event {
    /// Its `System` element. If the number was lost it is told from the content's root element.
    pub head: EventHead,
    /// `CorrelationAuxInfo/@TaskId`, upper case without braces: one call and everything it caused.
    pub task: Option<String>,
    /// `CorrelationAuxInfo/@SeqNumber` within the task.
    pub sequence: Option<u32>,
    /// `EventAuxInfo/@ProcessName`, lower case.
    pub process: Option<String>,
    /// `EventAuxInfo/@impersonateToken`: the SID on whose behalf.
    pub impersonated: Option<String>,
    /// `Result/@value`; absent in start events and in 42 and 90.
    pub result: Option<Code>,
    /// The rest.
    pub body: Capi2Body,
}

/// What the event is about.
#[derive(Debug, Clone, PartialEq)]
pub enum Capi2Body {
    /// 10, 40, 50, 52, 80: something began.
    Start,
    /// 11: a chain was built.
    Chain(Box<ChainBuilt>),
    /// 30: a policy was applied to a chain.
    Policy(Box<PolicyVerdict>),
    /// 41: revocation was checked.
    Revocation(Box<RevocationVerdict>),
    /// 42: revocation information was found and not used. Explains a failed 41 or 11; on its own it is noise.
    Rejected(Box<RejectedRevocation>),
    /// 51 and 53: an object was fetched, from the cache or from the network.
    Retrieval(Box<Retrieval>),
    /// 70: a private key was acquired.
    PrivateKey(Box<KeyAcquisition>),
    /// 90: every certificate and revocation list of the task in detail.
    Objects(Box<Objects>),
    /// Another event; the name of its content's root element.
    Other(String),
}

/// A certificate as CAPI2 refers to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateRef {
    /// From `fileRef`.
    pub thumbprint: Option<Thumbprint>,
    /// `subjectName`: a short display name.
    pub subject: String,
}

/// Bits of a TrustStatus element.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct TrustStatus {
    /// `ErrorStatus/@value`: CERT_TRUST error bits.
    pub error: u32,
    /// `InfoStatus/@value`: CERT_TRUST info bits.
    pub info: u32,
}

/// Event 11.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainBuilt {
    /// The certificate asked about.
    pub certificate: CertificateRef,
    /// `ValidationTime`, when the caller gave one.
    pub validation_time: Option<Time>,
    /// Certificates the peer or caller supplied.
    pub additional: Vec<CertificateRef>,
    /// Usages the caller asked for; empty means it asked for none.
    pub requested_usages: Vec<String>,
    /// `Flags/@value`: dwFlags of the call. Without a revocation bit nothing follows about revocation lists.
    pub flags: Option<u32>,
    /// `ChainEngineInfo/@context`: `user` or `machine`.
    pub engine: Option<String>,
    /// `CertificateChain` elements, best first. Windows writes one, or more when it keeps lower-quality chains.
    pub chains: Vec<Chain>,
}

/// One chain of event 11.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// `chainRef`, upper case without braces: joins event 30.
    pub reference: Option<String>,
    /// Status of the whole.
    pub status: TrustStatus,
    /// Leaf first.
    pub elements: Vec<ChainElement>,
}

/// One certificate of a chain.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChainElement {
    /// Which.
    pub certificate: CertificateRef,
    /// Its own status.
    pub status: TrustStatus,
    /// `SignatureAlgorithm/@hashName`.
    pub signature_hash: Option<String>,
    /// `PublicKeyAlgorithm/@publicKeyName`.
    pub key_algorithm: Option<String>,
    /// `PublicKeyAlgorithm/@publicKeyLength`, bits.
    pub key_bits: Option<u32>,
    /// Usages valid for this element and everything above it.
    pub application_usage: UsageSet,
    /// Issuance policies likewise.
    pub issuance_usage: UsageSet,
    /// Result of its revocation check, if there was one.
    pub revocation: Option<ElementRevocation>,
}

/// A usage list that may be unlimited.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum UsageSet {
    /// The event does not say.
    #[default]
    Unsaid,
    /// `any="true"`: not limited.
    Any,
    /// Exactly these object identifiers.
    Only(Vec<String>),
}

impl UsageSet {
    /// Whether this usage is in the set; nothing if the event does not say.
    #[must_use]
    pub fn allows(&self, oid: &str) -> Option<Permission> {
        match self {
            UsageSet::Unsaid => None,
            UsageSet::Any => Some(Permission::Allowed),
            UsageSet::Only(list) if list.iter().any(|one| one == oid) => Some(Permission::Allowed),
            UsageSet::Only(_) => Some(Permission::Refused),
        }
    }
}

/// Whether a usage is permitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// It is.
    Allowed,
    /// It is not.
    Refused,
}

/// `RevocationInfo` of a chain element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ElementRevocation {
    /// `RevocationResult/@value`.
    pub result: Option<Code>,
    /// `freshnessTime`: age of the information, an ISO 8601 duration as printed.
    pub freshness: Option<String>,
    /// The list or response used.
    pub object: Option<RevocationObject>,
}

/// A revocation list or OCSP response as CAPI2 refers to it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevocationObject {
    /// List or response.
    pub kind: RevocationKind,
    /// `location`: `TvoCache`, `UrlCache`, `Wire`.
    pub location: Option<String>,
    /// Where it came from.
    pub url: Option<String>,
    /// Who issued it, short form.
    pub issuer: Option<String>,
    /// SHA-1 of the object.
    pub reference: Option<Thumbprint>,
}

/// Kind of revocation object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RevocationKind {
    /// A certificate revocation list.
    #[default]
    Crl,
    /// An OCSP response.
    Ocsp,
}

/// Event 30.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PolicyVerdict {
    /// `Policy/@constant`: 1 BASE, 4 SSL …
    pub policy: Option<u32>,
    /// `Policy/@type`: `CERT_CHAIN_POLICY_SSL` …
    pub policy_name: Option<String>,
    /// The leaf.
    pub certificate: CertificateRef,
    /// `CertificateChain/@chainRef`, upper case without braces: joins event 11.
    pub chain: Option<String>,
    /// `Flags/@value`: CERT_CHAIN_POLICY flags.
    pub flags: Option<u32>,
    /// SSL policy: which side the peer plays.
    pub auth_type: Option<AuthType>,
    /// SSL policy: the name expected in the certificate.
    pub server_name: Option<String>,
    /// SSL policy: `IgnoreFlags/@value`, faults this check could not have seen.
    pub ignore: Option<u32>,
    /// `Status/@chainIndex`.
    pub chain_index: Option<i32>,
    /// `Status/@elementIndex`: 0 the leaf, 1 its issuer …, -1 no single element.
    pub element_index: Option<i32>,
}

/// `SSLAdditionalPolicyInfo/@authType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuthType {
    /// A client's certificate is being judged.
    Client,
    /// A server's certificate is being judged.
    Server,
}

/// Event 41.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevocationVerdict {
    /// Whose revocation was checked.
    pub certificate: CertificateRef,
    /// Its issuer.
    pub issuer: CertificateRef,
    /// `Flags/@value`: CERT_VERIFY_REV flags.
    pub flags: Option<u32>,
    /// `AdditionalParameters/@currentTime`: the machine's clock.
    pub current_time: Option<Time>,
    /// `RevocationStatus/@error`.
    pub error: Option<Code>,
    /// `RevocationStatus/@reason`.
    pub reason: Option<u32>,
    /// The list or response used.
    pub object: Option<RevocationObject>,
}

/// Event 42.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RejectedRevocation {
    /// Whose revocation was checked.
    pub certificate: CertificateRef,
    /// Its issuer.
    pub issuer: CertificateRef,
    /// What was found.
    pub object: Option<RevocationObject>,
    /// `Action/@name`: why it was not used (`CheckTimeValidity`, `CheckResponseStatus` …).
    pub action: Option<String>,
    /// Error inside the action.
    pub error: Option<Code>,
}

/// Events 51 and 53.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Retrieval {
    /// Cache or network.
    pub from: RetrievedFrom,
    /// The address.
    pub url: Option<String>,
    /// `Object/@type`: `CONTEXT_OID_CRL` …
    pub object: Option<String>,
    /// `Flags/@value`.
    pub flags: Option<u32>,
    /// Actions along the way with their errors; an error here does not mean that the retrieval failed.
    pub actions: Vec<(String, Option<Code>)>,
    /// First line of the HTTP answer, such as `HTTP/1.1 404 Not Found`.
    pub http_status: Option<String>,
    /// Headers of the HTTP answer, as printed.
    pub response_headers: Vec<String>,
    /// What came back.
    pub retrieved: Vec<RevocationObject>,
    /// `thisUpdateTime` of the cached object.
    pub this_update: Option<Time>,
    /// `nextUpdateTime` of the cached object.
    pub next_update: Option<Time>,
}

/// Where an object was taken from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum RetrievedFrom {
    /// Event 51.
    #[default]
    Cache,
    /// Event 53.
    Wire,
}

/// Event 70.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyAcquisition {
    /// The certificate whose key was wanted.
    pub certificate: CertificateRef,
    /// `Flags/@value`: CRYPT_ACQUIRE flags.
    pub flags: Option<u32>,
}

/// Event 90.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Objects {
    /// Certificates in detail.
    pub certificates: Vec<CertificateDescription>,
    /// Revocation lists in detail.
    pub lists: Vec<CrlDescription>,
}

/// What is known about a revocation list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CrlDescription {
    /// Issuer, as printed.
    pub issuer: super::DistinguishedName,
    /// First moment.
    pub this_update: Option<Time>,
    /// When the next one is due.
    pub next_update: Option<Time>,
    /// SHA-1 of the list.
    pub reference: Option<Thumbprint>,
    /// CRL number as printed.
    pub number: Option<String>,
    /// Whether it is complete.
    pub kind: ListKind,
}

/// Whether a revocation list holds everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ListKind {
    /// Everything that is revoked (RFC 5280 §5).
    #[default]
    Complete,
    /// What changed since a complete one (§5.2.4).
    Delta,
}

impl PolicyVerdict {
    /// SSL policy's number.
    pub const SSL: u32 = 4;
    /// SECURITY_FLAG_IGNORE_REVOCATION.
    pub const IGNORE_REVOCATION: u32 = 0x80;
    /// SECURITY_FLAG_IGNORE_WRONG_USAGE.
    pub const IGNORE_WRONG_USAGE: u32 = 0x200;
}

impl Capi2Event {
    /// Whether this is Schannel looking at the machine's own credential: `lsass.exe`, SSL policy, revocation and usage
    /// faults ignored (0x280). Two independent records of that shape are known; neither judged a peer.
    #[must_use]
    pub fn is_own_credential_check(&self) -> bool {
        let own = PolicyVerdict::IGNORE_REVOCATION | PolicyVerdict::IGNORE_WRONG_USAGE;
        match &self.body {
            Capi2Body::Policy(verdict) => {
                verdict.policy == Some(PolicyVerdict::SSL)
                    && verdict.ignore.is_some_and(|bits| bits & own == own)
                    && self.process.as_deref() == Some("lsass.exe")
            }
            _ => false,
        }
    }

    /// Whether the event says that something failed, judged by numbers and never by level.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        let by_status = match &self.body {
            Capi2Body::Chain(built) => built.chains.iter().any(|chain| chain.status.error != 0),
            Capi2Body::Revocation(verdict) => verdict.error.is_some_and(|code| !code.is_success()),
            Capi2Body::Rejected(_) => true,
            _ => false,
        };
        by_status || self.result.is_some_and(|code| !code.is_success())
    }

    /// The certificate the event is about: the leaf of 11 and 30, the subject of 41, 42 and 70.
    #[must_use]
    pub fn subject(&self) -> Option<&CertificateRef> {
        match &self.body {
            Capi2Body::Chain(built) => Some(&built.certificate),
            Capi2Body::Policy(verdict) => Some(&verdict.certificate),
            Capi2Body::Revocation(verdict) => Some(&verdict.certificate),
            Capi2Body::Rejected(rejected) => Some(&rejected.certificate),
            Capi2Body::PrivateKey(key) => Some(&key.certificate),
            _ => None,
        }
    }
}
