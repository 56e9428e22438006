//! What comes out of the store, for who looks at it.

use pki::{Time, Validity};
use ra::{CaseId, Revocation};

use super::record::{ChallengeNew, Notice};

/// How many of anything a list has if nothing else is asked for.
const SCREENFUL: u32 = 100;

/// A notice that waits to be delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticeDue {
    /// Its name.
    pub id: String,
    /// The case it is about.
    pub case: CaseId,
    /// What is to be told.
    pub notice: Notice,
    /// How often it has been tried in vain.
    pub tries: u32,
    /// Since when it waits.
    pub since: Time,
    /// Why it failed last.
    pub failure: Option<String>,
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
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
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
#[derive(Debug, Clone)]
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

impl Default for CertificateFilter {
    /// All, the first hundred.
    fn default() -> Self {
        Self { subject: None, device: None, status: None, ends_before: None, limit: SCREENFUL, offset: 0 }
    }
}

impl Default for CaseFilter {
    /// All, the first hundred.
    fn default() -> Self {
        Self { state: None, endpoint: None, device: None, limit: SCREENFUL, offset: 0 }
    }
}

impl Default for ChallengeFilter {
    /// All, the first hundred.
    fn default() -> Self {
        Self { endpoint: None, device: None, status: None, limit: SCREENFUL, offset: 0 }
    }
}
