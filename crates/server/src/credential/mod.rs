//! Service credentials: the certificates the service itself needs, with their keys.
//!
//! When what is due, is said by [`ca::rotation`]; here it is done: [`round`] makes, proves, swaps and retires, each step
//! in the store before it is done. What is served from is one [`Credentials`], swapped as a whole.

mod adopt;
mod assess;
mod export;
mod generate;
mod held;
mod list;
mod make;
pub mod plan;
mod prove;
mod renew;
mod round;
pub mod state;

use std::sync::Arc;

use ca::rotation;
use pki::key::{KeySpec, PrivateKey};
use pki::{Certificate, Time};
use ra::sealed::SealingKey;
use scep::ca_certs::{self, Body};
use scep::server::{DecryptionKey, RaKeys, SigningKey};

pub(crate) use adopt::leads_to;
pub use export::{Exported, export};
pub use generate::make_ready;
pub(crate) use generate::{Spare, aside, generate};
pub use held::{Held, Inventory, Stamp};
pub use list::{Listed, list};
pub(crate) use make::{row, secret_row};
pub(crate) use prove::{PROOF, profile as proof_profile};
pub use renew::renew;
pub use round::round;

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
    /// What sealed challenges are sealed with: a secret, not a certificate.
    Sealing,
    /// The registration point's TLS server certificate.
    TlsServer,
    /// What the policy module shows to a registration point.
    PolicyModuleClient,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 7] = [
        Role::Root,
        Role::IssuingCa,
        Role::RaSigning,
        Role::RaEncryption,
        Role::Sealing,
        Role::TlsServer,
        Role::PolicyModuleClient,
    ];

    /// Its name, as in the store and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Role::Root => "root",
            Role::IssuingCa => "issuing-ca",
            Role::RaSigning => "ra-signing",
            Role::RaEncryption => "ra-encryption",
            Role::Sealing => "sealing",
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
    /// Its key, if that is here.
    pub next_key: Option<Arc<PrivateKey>>,
    /// What replies are signed with.
    pub ra_signing: Keyed,
    /// What requests are opened with: the current key, then earlier ones that clients may still encrypt to, then the
    /// next one.
    pub ra_encryption: Vec<Keyed>,
    /// For each of those, what a reply is signed with: a client that encrypts to an earlier certificate expects the
    /// signature that was shown to it beside that one.
    pub answers: Vec<Keyed>,
    /// What challenges are sealed with: the current secret, then others that may have sealed one.
    pub sealing: Vec<SealingKey>,
    /// What the policy module shows to a registration point, if there is one.
    pub policy_module_client: Option<Keyed>,
    /// The answer to GetCACert.
    pub ca_body: Body,
    /// Which rows of the store it was made from.
    pub stamp: Stamp,
}

impl Credentials {
    /// What a reply is signed with to a request that was opened with this one of the keys, if that is valid.
    #[must_use]
    pub fn answering(&self, key: usize, now: Time) -> &Keyed {
        let then = self.answers.get(key).filter(|k| k.certificate.validity().contains(now));
        then.unwrap_or(&self.ra_signing)
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

    /// The CA of any generation that signed a certificate: generations have one name and different keys.
    #[must_use]
    pub fn issuer_of(&self, certificate: &Certificate) -> Option<&Keyed> {
        let mut named = self.issuing.iter().filter(|k| certificate.issuer().matches(k.certificate.subject()));
        named.find(|k| certificate.verify_signature(k.certificate.public_key()).is_ok())
    }

    /// The root with its key, if that is here.
    #[must_use]
    pub fn root_keyed(&self) -> Option<Keyed> {
        let key = self.root_key.clone()?;
        Some(Keyed { certificate: self.root.clone(), key })
    }

    /// The CA that will issue next, with its key, if that is here.
    #[must_use]
    pub fn next_keyed(&self) -> Option<Keyed> {
        Some(Keyed { certificate: self.next.clone()?, key: self.next_key.clone()? })
    }

    /// A certificate with the issuing CA that made it: what is sent in a TLS handshake. The root is not.
    #[must_use]
    pub fn chain_of(&self, certificate: &Certificate) -> Vec<Certificate> {
        let issuer = self.issuer_of(certificate).map(|k| k.certificate.clone());
        std::iter::once(certificate.clone()).chain(issuer).collect()
    }

    /// The answer to GetNextCACert (RFC 8894 §4.7): signed by the current CA itself.
    pub fn next_body(&self, now: Time) -> Option<Body> {
        let issuer = self.issuer()?;
        let current = SigningKey { certificate: &issuer.certificate, key: &*issuer.key };
        ca_certs::next_body(&[self.next.clone()?, self.root.clone()], &current, now).ok()
    }
}

/// The part of the address at which a CA's certificate and list are: its own for each generation, because the
/// generations have one name and different keys.
#[must_use]
pub fn place(issuer: &Certificate) -> String {
    pki::digest::hex(&issuer.public_key().key_id())
}

/// The slot of a row, as the rules know it.
pub(crate) fn slot(slot: crate::store::Slot) -> rotation::Slot {
    match slot {
        crate::store::Slot::Next => rotation::Slot::Next,
        crate::store::Slot::Current => rotation::Slot::Current,
        crate::store::Slot::Retired => rotation::Slot::Retired,
    }
}

/// Whether keys can sign for each other's roles is a question of their kind: a new key is of the kind of the old one.
pub(crate) fn spec_like(key: &pki::key::PublicKey) -> KeySpec {
    use pki::key::KeyKind;
    match key.kind() {
        KeyKind::P256 => KeySpec::P256,
        KeyKind::P384 => KeySpec::P384,
        KeyKind::Rsa(bits) if *bits > 3072 => KeySpec::Rsa4096,
        KeyKind::Rsa(bits) if *bits > 2048 => KeySpec::Rsa3072,
        _ => KeySpec::Rsa2048,
    }
}
