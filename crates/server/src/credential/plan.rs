//! What the configuration says of each role.

use std::path::PathBuf;

use ca::Profile;
use ca::rotation::{Authority, Recipient, Requirements};
use pki::extension::KeyUsage;
use pki::{Certificate, oid};

use super::Role;

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

/// What the configuration says of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How long a new one lives, in seconds.
    pub validity: i64,
    /// Who makes new ones.
    pub source: Source,
    /// A thumbprint that somebody pinned: it names a lineage, not one certificate.
    pub thumbprint: Option<String>,
    /// A file with the certificates that the other side trusts.
    pub trusted_by: Option<PathBuf>,
}

/// Who makes new credentials of a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The service.
    Own,
    /// Nobody: the configuration says so.
    Nobody,
    /// Somebody outside, into these files.
    File {
        /// The certificate, and the key if there is no other file for it.
        certificate: PathBuf,
        /// The key.
        key: Option<PathBuf>,
    },
}

impl Plan {
    /// What holds if the configuration says nothing.
    #[must_use]
    pub fn default_of(role: Role) -> Plan {
        let validity = match role {
            Role::Root => 20 * YEAR,
            Role::IssuingCa => 10 * YEAR,
            Role::RaSigning | Role::RaEncryption | Role::TlsServer | Role::PolicyModuleClient => 2 * YEAR,
            Role::Sealing => YEAR,
        };
        Plan { validity, source: Source::Own, thumbprint: None, trusted_by: None }
    }
}

/// How certificates of a role are made; nothing if it is no role of an end entity.
#[must_use]
pub fn profile(role: Role, plan: &Plan) -> Option<Profile> {
    let profile = match role {
        Role::RaSigning => Profile::ra_signing(plan.validity),
        Role::RaEncryption => Profile::ra_encryption(plan.validity),
        Role::TlsServer => Profile::tls_server(plan.validity),
        Role::PolicyModuleClient => Profile::tls_client(plan.validity),
        Role::Root | Role::IssuingCa | Role::Sealing => return None,
    };
    Some(Profile { backdate: backdate(plan.validity), ..profile })
}

/// How far a certificate that lives so long is backdated: clocks of devices are behind, but most of a short life must be
/// in the future.
#[must_use]
pub fn backdate(validity: i64) -> i64 {
    DAY.min(validity / 10)
}

/// What a credential of a role must be good for. `issuers`: who may have signed it.
#[must_use]
pub fn requirements(role: Role, issuers: Vec<Certificate>) -> Requirements {
    match role {
        Role::RaSigning => Requirements {
            key_usage: KeyUsage::DIGITAL_SIGNATURE,
            purpose: Some(oid::REQUEST_AGENT),
            issuers,
            ..Requirements::default()
        },
        Role::RaEncryption => Requirements {
            key_usage: KeyUsage::KEY_ENCIPHERMENT,
            purpose: Some(oid::REQUEST_AGENT),
            issuers,
            recipient: Recipient::Yes,
            ..Requirements::default()
        },
        Role::TlsServer => Requirements {
            key_usage: KeyUsage::DIGITAL_SIGNATURE,
            purpose: Some(oid::SERVER_AUTH),
            issuers,
            ..Requirements::default()
        },
        Role::PolicyModuleClient => Requirements {
            key_usage: KeyUsage::DIGITAL_SIGNATURE,
            purpose: Some(oid::CLIENT_AUTH),
            issuers,
            ..Requirements::default()
        },
        Role::Root | Role::IssuingCa => Requirements {
            key_usage: KeyUsage::KEY_CERT_SIGN.with(KeyUsage::CRL_SIGN),
            authority: Authority::Yes,
            issuers,
            ..Requirements::default()
        },
        Role::Sealing => Requirements::default(),
    }
}
