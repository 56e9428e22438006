use pki::{Certificate, Request, Time, Validity};

/// The name of a case: 32 hexadecimal digits, 8 for when it began and 24 random, so that nodes need not agree on a
/// counter, and what is new lies together in the store.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseId(pub String);

impl CaseId {
    /// A new name.
    #[must_use]
    pub fn new(now: Time, random: pki::Random<'_>) -> CaseId {
        let mut octets = [0; 12];
        random(&mut octets);
        let began = now.seconds() & 0xffff_ffff;
        CaseId(format!("{began:08x}{}", pki::digest::hex(&octets)))
    }
}

impl std::fmt::Display for CaseId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything the store knows about a request, read in one go.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// The latest case with this transactionID at this endpoint.
    pub known: Option<Known>,
    /// The certificate that signed the message, if this service issued it.
    pub signer: Option<Held>,
    /// What is known of the chain of that certificate, whoever issued it; nothing if nobody looked.
    pub standing: Option<Standing>,
    /// The challenge, if the store knows it: an outstanding one-time challenge, or any that has been spent.
    pub challenge: Option<ChallengeRecord>,
}

/// What somebody who builds chains found out about the certificate that signed a message. It never makes a certificate
/// better than the rules for renewal take it to be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Standing {
    /// What is wrong with it and with its chain, for the operator; nothing if nothing is.
    pub says: Option<String>,
    /// Which CA above it has been revoked, if one has: what it signed renews nothing any more.
    pub issuer_revoked: Option<String>,
}

/// A case of the store.
#[derive(Debug, Clone)]
pub struct Known {
    /// Its name.
    pub id: CaseId,
    /// Its transactionID.
    pub transaction: String,
    /// How many cases there were with this transactionID before: a client that derives it from its key uses it again
    /// at renewal.
    pub generation: u32,
    /// SHA-256 over the subjectPublicKeyInfo of the requested key.
    pub key: [u8; 32],
    /// SHA-256 over the subjectPublicKeyInfo of the key that signed the message.
    pub signer_key: [u8; 32],
    /// What [`crate::requested_names`] says of the request: other names are another request.
    pub names: [u8; 32],
    /// How far it is.
    pub state: State,
    /// The profile of what is issued or waited for.
    pub profile: String,
    /// What was asked, as received; only of a case that waits.
    pub request: Option<Request>,
    /// The device its challenge was made for.
    pub device: Option<String>,
    /// The security identifier its challenge was made for.
    pub sid: Option<String>,
}

/// How far a case is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It waits for an operator.
    Pending,
    /// An operator said yes; the certificate is made at the next poll.
    Approved(Approver),
    /// The certificate is decided and stored to be signed.
    Prepared {
        /// Serial number, content octets.
        serial: Vec<u8>,
    },
    /// The certificate is there.
    Issued {
        /// Serial number, content octets.
        serial: Vec<u8>,
        /// Its validity.
        validity: Validity,
        /// If it has been revoked, since when and why.
        revoked: Option<Revocation>,
    },
    /// An operator said no.
    Denied(Approver),
}

/// Who decided about a pending case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approver(pub String);

/// A certificate this service issued.
#[derive(Debug, Clone)]
pub struct Held {
    /// The certificate.
    pub certificate: Certificate,
    /// The profile it was issued by.
    pub profile: String,
    /// The endpoint it was issued at.
    pub endpoint: String,
    /// If it has been revoked, since when and why.
    pub revoked: Option<Revocation>,
    /// What the service knows of the device, from the challenge of its first enrolment.
    pub device: Option<String>,
    /// The security identifier the service knows for it.
    pub sid: Option<String>,
}

/// That a certificate has been revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// Since when.
    pub at: Time,
    /// Why.
    pub reason: pki::crl::Reason,
}

/// What the store knows about a challenge. The challenge itself is not in it.
#[derive(Debug, Clone)]
pub struct ChallengeRecord {
    /// The endpoint it was made for.
    pub endpoint: String,
    /// When it ends.
    pub expires: Time,
    /// The profile it is for, if not the endpoint's.
    pub profile: Option<String>,
    /// The device it was made for.
    pub device: Option<String>,
    /// The security identifier of the device or user.
    pub sid: Option<String>,
    /// What it was spent on.
    pub spent: Option<Spent>,
}

/// What a challenge was spent on.
#[derive(Debug, Clone)]
pub struct Spent {
    /// The case, as it stands now.
    pub case: Known,
    /// When.
    pub at: Time,
}
