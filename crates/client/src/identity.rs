use p12_keystore::{KeyStore, KeyStoreEntry, Pkcs12Archive, PrivateKeyChain};
use pki::Certificate;
use pki::key::{PrivateKey, Sign};
use zeroize::Zeroizing;

/// A key, and the certificate that was issued for it.
pub struct Identity {
    /// The key.
    pub key: PrivateKey,
    /// Its certificate.
    pub certificate: Option<Certificate>,
    /// Issuers of the certificate, the direct one first.
    pub chain: Vec<Certificate>,
}

/// The octets hold no key that could be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnIdentity {
    /// There is no private key in it.
    #[error("it holds no private key that can be used (unencrypted PKCS#8, PKCS#1 or SEC 1)")]
    Key,
    /// It is no PKCS#12, or the password is another.
    #[error("it is no PKCS#12, or the password is wrong")]
    Pkcs12,
}

impl Identity {
    /// From PEM: a key, and certificates if there are any. The one that fits the key is its certificate.
    pub fn from_pem(input: &[u8]) -> Result<Identity, NotAnIdentity> {
        let key = PrivateKey::parse(input).map_err(|_| NotAnIdentity::Key)?;
        Ok(Identity::of(key, Certificate::parse_any(input)))
    }

    /// From PKCS#12, as Windows and browsers export it.
    pub fn from_pkcs12(input: &[u8], password: &str) -> Result<Identity, NotAnIdentity> {
        let archive = Pkcs12Archive::from_pkcs12(input, password).map_err(|_| NotAnIdentity::Pkcs12)?;
        let entry = archive.keys.first().ok_or(NotAnIdentity::Key)?;
        let key = PrivateKey::from_pkcs8(entry.key.as_der()).map_err(|_| NotAnIdentity::Key)?;
        let certificates = archive.certs.iter().filter_map(|bag| Certificate::parse(bag.cert.as_der()).ok()).collect();
        Ok(Identity::of(key, certificates))
    }

    /// As PKCS#12 under a password, with AES and SHA-256, as Windows 10 and later, macOS and Java read it.
    pub fn to_pkcs12(&self, password: &str) -> Result<Vec<u8>, NotAnIdentity> {
        let refuse = |_| NotAnIdentity::Pkcs12;
        let key = p12_keystore::PrivateKey::from_der(self.key.pkcs8()).map_err(refuse)?;
        let certificates: Result<Vec<_>, _> =
            self.certificate.iter().chain(&self.chain).map(|c| p12_keystore::Certificate::from_der(c.der())).collect();
        let id = self.key.public_key().key_id().to_vec();
        let chain = PrivateKeyChain::new(id, key, certificates.map_err(refuse)?);
        let name = self.certificate.as_ref().and_then(|c| c.subject().common_name());
        let mut store = KeyStore::new();
        store.add_entry(name.as_deref().unwrap_or("device"), KeyStoreEntry::PrivateKeyChain(chain));
        store.writer(password).write().map_err(refuse)
    }

    /// A key with the certificates found beside it.
    #[must_use]
    pub fn of(key: PrivateKey, mut certificates: Vec<Certificate>) -> Identity {
        let own = key.public_key().key_octets();
        let certificate =
            certificates.iter().position(|c| c.public_key().key_octets() == own).map(|at| certificates.remove(at));
        Identity { key, certificate, chain: certificates }
    }

    /// Key, certificate and chain in PEM, wiped when dropped.
    #[must_use]
    pub fn to_pem(&self) -> Zeroizing<String> {
        let mut out = self.key.to_pem();
        for certificate in self.certificate.iter().chain(&self.chain) {
            out.push_str(&certificate.to_pem());
        }
        out
    }
}
