//! The server's side: a pkiMessage is opened, a CertRep is sealed.

mod accept;
mod answer;
mod content;
mod envelope;
mod keys;
mod open;
mod opening;
mod seal;
mod signer;

pub use accept::{Accept, Legacy, Sha1, Weak};
pub use answer::{Answerable, Delivery, EmptyContent, FailText, Reply, SealError, Shape, Undeliverable};
pub use keys::{DecryptionKey, RaKeys, SigningKey};
pub use open::open;
pub use opening::{Content, Flawed, Opened, Opening, SignerKind, Unreadable, Used};
pub use seal::seal;
