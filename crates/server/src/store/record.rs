//! What is asked of the store and what goes into it.

use pki::{Time, Validity};
use ra::{CaseId, Spend};

/// Who does something, for the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// A name: an operator, a node.
    pub name: String,
    /// Where it comes from: an address, `cli`, `task`.
    pub source: String,
}

/// What is asked of [`super::Store::case`].
#[derive(Debug, Clone, Copy)]
pub struct CaseQuery<'a> {
    /// The name of the endpoint.
    pub endpoint: &'a str,
    /// The transactionID.
    pub transaction: &'a str,
    /// The certificate that signed the message.
    pub signer: &'a pki::Certificate,
    /// The key of the challenge, if the message carries one.
    pub challenge: Option<[u8; 32]>,
}

/// A decision, to be made durable.
#[derive(Debug, Clone)]
pub enum Commit {
    /// A certificate is going to be signed.
    Grant(Box<GrantRecord>),
    /// An operator is asked.
    Pend(Box<PendRecord>),
    /// A certificate of the service itself is going to be signed; no device asked.
    Service(Box<ServiceRecord>),
    /// Nothing but the audit.
    Deny,
}

/// A grant.
#[derive(Debug, Clone)]
pub struct GrantRecord {
    /// The case: a new name, or the approved one.
    pub case: CaseId,
    /// Whether the case is new.
    pub origin: Origin,
    /// What was asked. Of an approved case it is in the store already.
    pub request: RequestRecord,
    /// What is going to be signed.
    pub certificate: CertificateRecord,
    /// The challenge that is spent with it.
    pub spend: Option<Spend>,
    /// Who is to be told.
    pub notices: Vec<Notice>,
}

/// Whether a granted case is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// It is.
    New,
    /// It waited, and an operator has approved it.
    Approved,
}

/// A request that waits for an operator.
#[derive(Debug, Clone)]
pub struct PendRecord {
    /// The case: a new name.
    pub case: CaseId,
    /// What is asked.
    pub request: RequestRecord,
    /// The challenge that is spent with it.
    pub spend: Option<Spend>,
    /// Who is to be told.
    pub notices: Vec<Notice>,
}

/// A certificate that the service makes for itself.
#[derive(Debug, Clone)]
pub struct ServiceRecord {
    /// The profile, for a service credential its role.
    pub profile: String,
    /// What is going to be signed.
    pub certificate: CertificateRecord,
}

/// A request as it is kept.
#[derive(Debug, Clone)]
pub struct RequestRecord {
    /// The name of the endpoint.
    pub endpoint: String,
    /// The transactionID.
    pub transaction: String,
    /// How many cases there were with it before.
    pub generation: u32,
    /// SHA-256 over the subjectPublicKeyInfo of the requested key.
    pub key: [u8; 32],
    /// SHA-256 over the subjectPublicKeyInfo of the key that signed the message.
    pub signer_key: [u8; 32],
    /// What [`ra::requested_names`] says of the request.
    pub names: [u8; 32],
    /// The certificate that signed the message, as received.
    pub signer: Vec<u8>,
    /// The PKCS#10 request, as received.
    pub request: Vec<u8>,
    /// The profile of what is issued or waited for.
    pub profile: String,
    /// The device, as the service knows it.
    pub device: Option<String>,
    /// The security identifier, as the service knows it.
    pub sid: Option<String>,
}

/// A certificate that is going to be signed.
#[derive(Debug, Clone)]
pub struct CertificateRecord {
    /// SHA-256 over the issuer's certificate.
    pub issuer: [u8; 32],
    /// Serial number, content octets.
    pub serial: Vec<u8>,
    /// The octets that are going to be signed.
    pub tbs: Vec<u8>,
    /// The AlgorithmIdentifier by which they are, DER.
    pub algorithm: Vec<u8>,
    /// The subject as text.
    pub subject: String,
    /// The validity.
    pub validity: Validity,
    /// What it rests on, as text.
    pub authority: String,
    /// The serial number of the certificate it replaces.
    pub replaces: Option<Vec<u8>>,
}

/// Something that somebody outside is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who is to be told, by which words: the policy module's name and verb.
    pub kind: String,
    /// What is told.
    pub body: String,
}

/// A challenge to be stored before it is used. The challenge itself is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeNew {
    /// Its key, [`ra::ChallengeKey`].
    pub key: [u8; 32],
    /// The endpoint it is for.
    pub endpoint: String,
    /// When it ends.
    pub expires: Time,
    /// The profile it is for, if not the endpoint's.
    pub profile: Option<String>,
    /// The device it is for.
    pub device: Option<String>,
    /// The security identifier of the device or user.
    pub sid: Option<String>,
}
