//! Service credentials: the certificates the service itself needs, with their keys.

use std::path::Path;
use std::sync::Arc;

use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Time};
use scep::ca_certs::{self, Body};
use scep::server::{DecryptionKey, RaKeys, SigningKey};

use crate::ServiceError;
use crate::key_file;
use crate::store::{CredentialRecord, Slot, Store};

/// What a credential must be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The root: its certificate ends every chain; its key may be away.
    Root,
    /// The CA that issues to devices.
    IssuingCa,
    /// The RA's signature on replies.
    RaSigning,
    /// The RA's key that requests are encrypted to.
    RaEncryption,
    /// The registration point's TLS server certificate.
    TlsServer,
    /// What the policy module shows to a registration point.
    PolicyModuleClient,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 6] =
        [Role::Root, Role::IssuingCa, Role::RaSigning, Role::RaEncryption, Role::TlsServer, Role::PolicyModuleClient];

    /// Its name, as in the store and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::Root => "root",
            Role::IssuingCa => "issuing-ca",
            Role::RaSigning => "ra-signing",
            Role::RaEncryption => "ra-encryption",
            Role::TlsServer => "tls-server",
            Role::PolicyModuleClient => "policy-module-client",
        }
    }

    /// By its name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Role> {
        Role::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// A certificate with its key.
#[derive(Clone)]
pub struct Keyed {
    /// The certificate.
    pub certificate: Certificate,
    /// Its key.
    pub key: Arc<PrivateKey>,
}

/// Everything the service signs and opens with, as one value: a reply is made with one generation of all of it.
pub struct Credentials {
    /// The root's certificate.
    pub root: Certificate,
    /// The root's key, as long as it is here.
    pub root_key: Option<Arc<PrivateKey>>,
    /// The issuing CAs: the current one, then earlier ones whose certificates are still out.
    pub issuing: Vec<Keyed>,
    /// The certificate of the CA that will issue next.
    pub next: Option<Certificate>,
    /// What replies are signed with.
    pub ra_signing: Keyed,
    /// What requests are opened with: the current key, then earlier ones that clients may still encrypt to.
    pub ra_encryption: Vec<Keyed>,
    /// What the policy module shows to a registration point, if there is one.
    pub policy_module_client: Option<Keyed>,
    /// The answer to GetCACert.
    pub ca_body: Body,
    /// What the store held when they were read.
    rows: Vec<CredentialRecord>,
}

impl Credentials {
    /// Reads them from the store, their keys from the folder of the node.
    pub async fn load(store: &Store, folder: &Path) -> Result<Credentials, ServiceError> {
        Credentials::from_rows(store.credentials(None).await?, folder)
    }

    /// Reads them anew if the store holds others than these, as after `perennial ca next` in another process.
    pub(crate) async fn changed(&self, store: &Store, folder: &Path) -> Result<Option<Credentials>, ServiceError> {
        let rows = store.credentials(None).await?;
        if rows == self.rows { Ok(None) } else { Credentials::from_rows(rows, folder).map(Some) }
    }

    fn from_rows(rows: Vec<CredentialRecord>, folder: &Path) -> Result<Credentials, ServiceError> {
        let root = one(&rows, Role::Root)?;
        let root_key = key_file::read(folder, &root.key_reference).ok().map(Arc::new);
        let issuing = keyed(&rows, Role::IssuingCa, folder)?;
        let ra_signing = keyed(&rows, Role::RaSigning, folder)?;
        let ra_encryption = keyed(&rows, Role::RaEncryption, folder)?;
        let policy_module_client = keyed(&rows, Role::PolicyModuleClient, folder)?.into_iter().next();
        let next = of(&rows, Role::IssuingCa).find(|row| row.slot == Slot::Next).map(certificate).transpose()?;
        let root = certificate(root)?;
        let missing = |role: Role| ServiceError::Credential(format!("there is no current {}", role.name()));
        let ra_signing = ra_signing.into_iter().next().ok_or_else(|| missing(Role::RaSigning))?;
        let encryption = ra_encryption.first().ok_or_else(|| missing(Role::RaEncryption))?;
        let issuer = issuing.first().ok_or_else(|| missing(Role::IssuingCa))?;
        let ca_body = ca_certs::body(&[
            ra_signing.certificate.clone(),
            encryption.certificate.clone(),
            issuer.certificate.clone(),
            root.clone(),
        ]);
        Ok(Credentials {
            root,
            root_key,
            issuing,
            next,
            ra_signing,
            ra_encryption,
            policy_module_client,
            ca_body,
            rows,
        })
    }

    /// The keys of the RA, as SCEP wants them.
    #[must_use]
    pub fn ra_keys(&self) -> RaKeys<'_> {
        let decryption =
            self.ra_encryption.iter().map(|k| DecryptionKey { certificate: &k.certificate, key: &*k.key }).collect();
        RaKeys { decryption, signing: self.signing_key() }
    }

    /// What replies are signed with.
    #[must_use]
    pub fn signing_key(&self) -> SigningKey<'_> {
        SigningKey { certificate: &self.ra_signing.certificate, key: &*self.ra_signing.key }
    }

    /// The CA that issues.
    #[must_use]
    pub fn issuer(&self) -> Option<&Keyed> {
        self.issuing.first()
    }

    /// A CA of any generation, by the SHA-256 fingerprint of its certificate.
    #[must_use]
    pub fn issuer_by(&self, fingerprint: &[u8]) -> Option<&Keyed> {
        self.issuing.iter().find(|k| k.certificate.fingerprint() == fingerprint)
    }

    /// A certificate with the issuing CA that made it: what is sent in a TLS handshake. The root is not.
    #[must_use]
    pub fn chain_of(&self, certificate: &Certificate) -> Vec<Certificate> {
        let made = |k: &&Keyed| certificate.verify_signature(k.certificate.public_key()).is_ok();
        let issuer = self.issuing.iter().find(made).map(|k| k.certificate.clone());
        std::iter::once(certificate.clone()).chain(issuer).collect()
    }

    /// The answer to GetNextCACert (RFC 8894 §4.7): signed by the current CA itself.
    pub fn next_body(&self, now: Time) -> Option<Body> {
        let issuer = self.issuer()?;
        let current = SigningKey { certificate: &issuer.certificate, key: &*issuer.key };
        ca_certs::next_body(&[self.next.clone()?, self.root.clone()], &current, now).ok()
    }
}

pub(crate) fn of(rows: &[CredentialRecord], role: Role) -> impl Iterator<Item = &CredentialRecord> {
    rows.iter().filter(move |row| row.role == role.name())
}

fn one(rows: &[CredentialRecord], role: Role) -> Result<&CredentialRecord, ServiceError> {
    of(rows, role).find(|row| row.slot == Slot::Current).ok_or_else(|| {
        ServiceError::Credential(format!("there is no current {}; was `perennial init` run?", role.name()))
    })
}

fn certificate(row: &CredentialRecord) -> Result<Certificate, ServiceError> {
    Certificate::parse(&row.certificate)
        .map_err(|e| ServiceError::Credential(format!("the stored certificate of {} cannot be read: {e}", row.role)))
}

/// The current credential of a role, then the retired ones, newest first.
pub(crate) fn keyed(rows: &[CredentialRecord], role: Role, folder: &Path) -> Result<Vec<Keyed>, ServiceError> {
    let mut wanted: Vec<&CredentialRecord> = of(rows, role).filter(|row| row.slot != Slot::Next).collect();
    wanted.sort_by_key(|row| (row.slot == Slot::Retired, std::cmp::Reverse(row.since)));
    let mut out = Vec::new();
    for row in wanted {
        let certificate = certificate(row)?;
        let key = key_file::read(folder, &row.key_reference)?;
        if key.public_key() != certificate.public_key() {
            let text = format!("{}: the key does not belong to the certificate of {}", row.key_reference, role.name());
            return Err(ServiceError::Credential(text));
        }
        out.push(Keyed { certificate, key: Arc::new(key) });
    }
    Ok(out)
}

/// A new key, which takes a moment for RSA.
pub(crate) fn generate(spec: KeySpec) -> Result<PrivateKey, ServiceError> {
    PrivateKey::generate(spec).map_err(|_| ServiceError::Credential("a key could not be generated".to_owned()))
}
