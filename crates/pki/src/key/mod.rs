//! Keys: the public ones read from certificates and requests, the private ones behind two traits, because a key may
//! live in an HSM.

mod algorithm;
mod private;
mod public;

pub use algorithm::{KeyTransport, SignatureAlgorithm};
pub use private::{Decrypt, KeySpec, PrivateKey, Sign};
pub use public::{KeyKind, PublicKey};

/// Why a signature could not be made or is no good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The signature does not fit key and content.
    #[error("the signature does not fit the key and the signed octets")]
    Wrong,
    /// The algorithm is not known to this house, or not allowed (MD5).
    #[error("the signature algorithm is not supported")]
    Unsupported,
    /// The key is of another kind than the algorithm needs, or its size is outside 1024 to 8192 bits.
    #[error("the key does not suit the signature algorithm")]
    Unsuitable,
    /// The structure around the signature cannot be read.
    #[error("the structure around the signature cannot be read")]
    Malformed,
}
