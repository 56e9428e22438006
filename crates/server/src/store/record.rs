//! What goes into the store and what comes out of it.

use pki::{Time, Validity};
use ra::{CaseId, Revocation, Spend};

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
    /// A refusal that somebody outside is told.
    Refuse(Box<RefusalRecord>),
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

/// A refusal that somebody outside is told. It makes no case.
#[derive(Debug, Clone)]
pub struct RefusalRecord {
    /// A new name, for its notices.
    pub id: String,
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

/// A notice that waits to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeDue {
    /// Its name.
    pub id: String,
    /// The case it is about; a refusal has none.
    pub case: Option<CaseId>,
    /// What is to be told.
    pub notice: Notice,
    /// How often it has been tried in vain.
    pub tries: u32,
    /// Since when it waits.
    pub since: Time,
    /// Not tried again before.
    pub next_try: Time,
    /// Why it failed last.
    pub failure: Option<String>,
}

/// What a registration point has been told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredNotification {
    /// Its name, given by who tells it: the same told again has the same.
    pub id: String,
    /// Who told it.
    pub client: String,
    /// The endpoint of the SCEP service.
    pub endpoint: String,
    /// The transactionID.
    pub transaction: String,
    /// `issued`, `pending` or `refused`.
    pub outcome: String,
    /// The name of the challenge it is about.
    pub challenge: Option<String>,
    /// SHA-256 over the subjectPublicKeyInfo of the requested key.
    pub key: [u8; 32],
    /// What [`ra::requested_names`] says of the request.
    pub names: [u8; 32],
    /// All that was told, as JSON.
    pub body: String,
    /// When.
    pub received_at: Time,
}

/// Whether a notification was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receipt {
    /// It was, and is recorded.
    Recorded,
    /// It was recorded before.
    Repeated,
}

/// A certificate that is stored to be signed and is not signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    /// SHA-256 over the issuer's certificate.
    pub issuer: [u8; 32],
    /// Serial number, content octets.
    pub serial: Vec<u8>,
    /// The octets to be signed.
    pub tbs: Vec<u8>,
    /// The AlgorithmIdentifier by which they are to be, DER.
    pub algorithm: Vec<u8>,
    /// The case; nothing for a certificate of the service itself.
    pub case: Option<CaseId>,
}

/// A certificate of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCertificate {
    /// SHA-256 over the issuer's certificate.
    pub issuer: [u8; 32],
    /// Serial number, content octets.
    pub serial: Vec<u8>,
    /// The case; nothing for a certificate of the service itself.
    pub case: Option<CaseId>,
    /// The endpoint it was asked for at; empty for a certificate of the service itself.
    pub endpoint: String,
    /// The profile.
    pub profile: String,
    /// The subject as text.
    pub subject: String,
    /// The device, as the service knows it.
    pub device: Option<String>,
    /// The security identifier, as the service knows it.
    pub sid: Option<String>,
    /// The validity.
    pub validity: Validity,
    /// What it rests on, as text.
    pub authority: String,
    /// The serial number of the certificate it replaces.
    pub replaces: Option<Vec<u8>>,
    /// When it was decided.
    pub prepared_at: Time,
    /// The certificate; nothing if it is not signed yet.
    pub der: Option<Vec<u8>>,
    /// If it has been revoked, since when and why.
    pub revoked: Option<Revocation>,
    /// Who revoked it.
    pub revoked_by: Option<String>,
}

/// How a certificate stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertificateStatus {
    /// Stored to be signed.
    Prepared,
    /// Signed, not ended, not revoked.
    Valid,
    /// Signed and ended.
    Expired,
    /// Revoked.
    Revoked,
}

/// Which certificates to list. What is not stated does not matter.
#[derive(Debug, Clone, Default)]
pub struct CertificateFilter {
    /// A part of the subject's text; the case of ASCII letters does not matter.
    pub subject: Option<String>,
    /// The device.
    pub device: Option<String>,
    /// How they stand.
    pub status: Option<CertificateStatus>,
    /// They end before this.
    pub ends_before: Option<Time>,
    /// At most this many.
    pub limit: u32,
    /// After leaving out this many.
    pub offset: u32,
}

/// A case of the store, for who looks at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCase {
    /// Its name.
    pub id: CaseId,
    /// The name of the endpoint.
    pub endpoint: String,
    /// The transactionID.
    pub transaction: String,
    /// How many cases there were with it before.
    pub generation: u32,
    /// How far it is.
    pub state: CaseState,
    /// SHA-256 over the subjectPublicKeyInfo of the requested key.
    pub key: [u8; 32],
    /// The certificate that signed the message, as received.
    pub signer: Vec<u8>,
    /// The PKCS#10 request, as received.
    pub request: Vec<u8>,
    /// The profile.
    pub profile: String,
    /// The device, as the service knows it.
    pub device: Option<String>,
    /// The security identifier, as the service knows it.
    pub sid: Option<String>,
    /// The serial number of its certificate, content octets.
    pub serial: Option<Vec<u8>>,
    /// Which operator decided, if one was asked.
    pub decided_by: Option<String>,
    /// Why, if they said.
    pub decided_why: Option<String>,
    /// When it was first seen.
    pub created_at: Time,
    /// When it last changed.
    pub changed_at: Time,
}

/// How far a case is, without the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaseState {
    /// It waits for an operator.
    Pending,
    /// An operator said yes; the certificate is made at the next poll.
    Approved,
    /// The certificate is stored to be signed.
    Prepared,
    /// The certificate is there.
    Issued,
    /// An operator said no.
    Denied,
}

/// Which cases to list. What is not stated does not matter.
#[derive(Debug, Clone, Default)]
pub struct CaseFilter {
    /// How far they are.
    pub state: Option<CaseState>,
    /// The name of the endpoint.
    pub endpoint: Option<String>,
    /// The device.
    pub device: Option<String>,
    /// At most this many.
    pub limit: u32,
    /// After leaving out this many.
    pub offset: u32,
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

/// A challenge of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChallenge {
    /// What it was made as; of one that was stored only when it was spent, what is known of it.
    pub challenge: ChallengeNew,
    /// Who made it, or empty.
    pub created_by: String,
    /// Since when the store knows it.
    pub created_at: Time,
    /// The case it was spent on, and when.
    pub spent: Option<(CaseId, Time)>,
}

/// Which challenges to list. What is not stated does not matter.
#[derive(Debug, Clone, Default)]
pub struct ChallengeFilter {
    /// The name of the endpoint.
    pub endpoint: Option<String>,
    /// The device.
    pub device: Option<String>,
    /// How they stand.
    pub status: Option<ChallengeStatus>,
    /// At most this many.
    pub limit: u32,
    /// After leaving out this many.
    pub offset: u32,
}

/// How a challenge stands at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeStatus {
    /// It can be used.
    Outstanding,
    /// It has been.
    Spent,
    /// It ended unused.
    Expired,
}

/// A revoked certificate, for the revocation list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// Serial number, content octets.
    pub serial: Vec<u8>,
    /// Since when and why.
    pub revocation: Revocation,
    /// When it would have ended.
    pub not_after: Time,
}

/// A revocation list of the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCrl {
    /// SHA-256 over the issuer's certificate.
    pub issuer: [u8; 32],
    /// The CRL number.
    pub number: u64,
    /// The list, DER.
    pub der: Vec<u8>,
    /// thisUpdate.
    pub this_update: Time,
    /// nextUpdate.
    pub next_update: Time,
}

/// The place of a service credential in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot {
    /// Made, not used yet. A role has at most one.
    Next,
    /// In use. A role has at most one.
    Current,
    /// No longer used for what is new.
    Retired,
}

/// A service credential of the store. The key itself is not in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialRecord {
    /// Its name.
    pub id: String,
    /// Its role.
    pub role: String,
    /// Its slot.
    pub slot: Slot,
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Where the key is.
    pub key_reference: String,
    /// Since when it has been in its slot.
    pub since: Time,
    /// When its certificate ends.
    pub until: Time,
}

/// That a service credential goes from one slot to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialMove {
    /// Its name.
    pub id: String,
    /// The slot it is in.
    pub from: Slot,
    /// The slot it goes to.
    pub to: Slot,
}

/// Who acts for a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// Who asked.
    Held,
    /// Another node.
    Other {
        /// Its name.
        node: String,
        /// Until when.
        until: Time,
    },
}

/// A client that used a weak algorithm where an endpoint still allows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeakUse {
    /// Who.
    pub client: String,
    /// The name of the endpoint.
    pub endpoint: String,
    /// The algorithm.
    pub algorithm: String,
    /// How often.
    pub uses: u64,
    /// First when.
    pub first_at: Time,
    /// Last when.
    pub last_at: Time,
}

/// How much of everything there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the names say it; the states are those of the other types")]
pub struct Counts {
    pub cases_pending: u64,
    pub cases_approved: u64,
    pub cases_issued: u64,
    pub cases_denied: u64,
    pub certificates_prepared: u64,
    pub certificates_valid: u64,
    pub certificates_expired: u64,
    pub certificates_revoked: u64,
    pub challenges_outstanding: u64,
    pub notices_waiting: u64,
    pub audit_rows: u64,
}
