//! What is said between a SCEP service and its policy module, as JSON (docs/reference/registration-point.openapi.json).
//! A registration point refuses properties it does not know; whoever reads its answers does not mind them.

use serde::{Deserialize, Serialize};

/// `challenge`: what a new challenge is for. What is not said is not compared.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// The endpoint of the SCEP service it is for.
    pub endpoint: String,
    /// For how many seconds it is good; nothing: as long as the registration point says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<i64>,
    /// The device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The security identifier that goes into the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The profile of the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// The subject, as RFC 4514 text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The subject alternative names, as `DNS:host.example`; all of them and no others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub names: Option<Vec<String>>,
    /// The key usages the request may state, as RFC 5280 names them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_usage: Option<Vec<String>>,
    /// The extended key usages the request may state, as object identifiers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extended_key_usage: Option<Vec<String>>,
    /// The least size of an RSA key, in bits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_bits: Option<u32>,
    /// The SHA-1 thumbprint of the certificate that must sign the request, for renewals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
}

/// The answer to `challenge`. The challenge is a secret, so this has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewChallenge {
    /// Its name, for the record; it cannot be used as a challenge.
    pub id: String,
    /// The challenge.
    pub challenge: String,
    /// Seconds since 1970 until which it is good.
    pub expires: i64,
}

/// What a message says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stated {
    /// A PKCSReq.
    Enrolment,
    /// A RenewalReq.
    Renewal,
}

/// `verify`: a request, before a certificate is made. It holds the challenge, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The endpoint of the SCEP service.
    pub endpoint: String,
    /// The transactionID.
    pub transaction: String,
    /// What the message says it is.
    pub stated: Stated,
    /// The PKCS#10 request with its challenge, DER in base64.
    pub request: String,
    /// The certificate that signed the message, DER in base64.
    pub signer: String,
}

/// The answer to `verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Verdict {
    /// The request is what the challenge was made for.
    Valid(Valid),
    /// It is not.
    Refused(Reasons),
}

/// What a good challenge is good for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Valid {
    /// The challenge's name; notifications say it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Seconds since 1970 until which the challenge is good. It is good once then; without this it may be used again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// The device it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The security identifier that goes into the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
    /// The profile of the certificate, if not the endpoint's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
}

/// Every reason of a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reasons {
    /// The reasons.
    pub refusals: Vec<Detail>,
}

/// One reason of a refusal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// The code, `challenge.mismatch`.
    pub code: String,
    /// The facts.
    #[serde(default)]
    pub detail: String,
    /// Which property of the request is not what it should be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub property: Option<String>,
    /// What the challenge says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<String>,
    /// What the request says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actual: Option<String>,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A certificate.
    Issued,
    /// An operator has to decide.
    Pending,
    /// It was refused, though the challenge was good.
    Refused,
}

impl Outcome {
    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Outcome::Issued => "issued",
            Outcome::Pending => "pending",
            Outcome::Refused => "refused",
        }
    }
}

/// `notify`: what came of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notification {
    /// Its name: told again it is the same.
    pub id: String,
    /// The endpoint of the SCEP service.
    pub endpoint: String,
    /// The transactionID.
    pub transaction: String,
    /// What came of it.
    pub outcome: Outcome,
    /// The name of the challenge, as `verify` said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<String>,
    /// SHA-256 over the subjectPublicKeyInfo of the requested key, hexadecimal.
    pub key: String,
    /// SHA-256 over subject and subject alternative names asked for, hexadecimal: tells one request from another.
    pub names: String,
    /// The subject asked for.
    pub subject: String,
    /// The device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    /// The SCEP service's name for the case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// The serial number of the certificate, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// The certificate, DER in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The code of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// The facts of a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// The body of every answer that is no success.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// What is wrong.
    pub error: Problem,
}

/// What is wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// The HTTP status, for a client certificate with IIS's sub-status: `403.17`.
    pub status: String,
    /// The stable code, `client.expired`.
    pub code: String,
    /// For a client certificate the error CAPI2 states (HRESULT): `0x800B0101`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hresult: Option<String>,
    /// The facts.
    pub says: String,
    /// Everything that is wrong with the client certificate, the first of which is above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Detail>,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, self.code)?;
        if let Some(hresult) = &self.hresult {
            write!(f, " ({hresult})")?;
        }
        write!(f, ": {}", self.says)
    }
}
