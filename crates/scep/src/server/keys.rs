use pki::Certificate;
use pki::key::{Decrypt, Sign};

/// A certificate that clients may encrypt to, with its key.
#[derive(Clone, Copy)]
pub struct DecryptionKey<'a> {
    /// The certificate a recipientInfo names.
    pub certificate: &'a Certificate,
    /// Its key.
    pub key: &'a dyn Decrypt,
}

/// A certificate that replies are signed with, with its key.
#[derive(Clone, Copy)]
pub struct SigningKey<'a> {
    /// The certificate a client verifies with.
    pub certificate: &'a Certificate,
    /// Its key.
    pub key: &'a dyn Sign,
}

/// The keys of the registration authority in front of the CA.
#[derive(Clone)]
pub struct RaKeys<'a> {
    /// What envelopes may be addressed to, the preferred one first: the current generation, earlier ones as long as a
    /// client may still hold their certificate, and the issuing CA where the operator lists it. Envelopes addressed to
    /// several of them are opened with the first.
    pub decryption: Vec<DecryptionKey<'a>>,
    /// What replies are signed with.
    pub signing: SigningKey<'a>,
}
