//! Signatures over SHA-1, which this house verifies and does not make: openssl(1) makes them.

use std::path::Path;

use pki::digest::Digest;
use pki::key::{PrivateKey, PublicKey, Sign, SignatureAlgorithm, SignatureError};

use crate::harness::program::foreign;

/// A key that signs over SHA-1 and nothing else.
pub(crate) struct Sha1Key<'k> {
    pub(crate) key: &'k PrivateKey,
    /// The program.
    pub(crate) openssl: &'k Path,
    /// Where files may be written.
    pub(crate) folder: &'k Path,
}

impl Sign for Sha1Key<'_> {
    fn public_key(&self) -> &PublicKey {
        self.key.public_key()
    }

    fn preferred(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RsaPkcs1(Digest::Sha1)
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        assert_eq!(algorithm, self.preferred());
        std::fs::write(self.folder.join("sha1.key"), self.key.to_pem().as_bytes()).expect("a file");
        std::fs::write(self.folder.join("sha1.octets"), message).expect("a file");
        let arguments = ["dgst", "-sha1", "-sign", "sha1.key", "-out", "sha1.signature", "sha1.octets"];
        foreign(self.openssl, self.folder, &arguments).succeeded();
        Ok(std::fs::read(self.folder.join("sha1.signature")).expect("a signature"))
    }
}
