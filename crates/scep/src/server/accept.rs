use pki::der::Limits;

/// What an endpoint takes from clients. The default takes what RFC 8894 §2.9 makes mandatory, and SHA-1 digests.
#[derive(Debug, Clone, Copy)]
pub struct Accept {
    /// Content encryption of old clients.
    pub legacy: Legacy,
    /// SHA-1 as a message digest (RFC 8894 §7.8).
    pub sha1: Sha1,
    /// Largest RSA modulus of a signer or of a requested key, in bits; never above 8192. A verification's cost grows
    /// with the square of it.
    pub rsa_bits_max: usize,
    /// Size and nesting of a message.
    pub limits: Limits,
}

impl Default for Accept {
    fn default() -> Self {
        Accept { legacy: Legacy::Refuse, sha1: Sha1::Accept, rsa_bits_max: 4096, limits: Limits::default() }
    }
}

/// Which old content encryption is opened. Replies are never in single DES.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Legacy {
    /// AES only.
    #[default]
    Refuse,
    /// AES and triple DES.
    TripleDes,
    /// AES, triple DES and single DES.
    SingleDes,
}

/// Whether messages may be digested with SHA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Sha1 {
    /// They may; each use is reported as [`Weak::Sha1Digest`].
    #[default]
    Accept,
    /// They may not.
    Refuse,
}

/// A weak algorithm a client used, to be counted per client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Weak {
    /// SHA-1 over the message.
    Sha1Digest,
    /// The request itself is signed with SHA-1.
    Sha1Request,
    /// Content in triple DES.
    TripleDes,
    /// Content in single DES.
    SingleDes,
}

impl Weak {
    /// A short name for counters, `single-des`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Weak::Sha1Digest => "sha1-digest",
            Weak::Sha1Request => "sha1-request",
            Weak::TripleDes => "triple-des",
            Weak::SingleDes => "single-des",
        }
    }
}
