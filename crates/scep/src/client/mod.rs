//! The client's side: a pkiMessage is made, a CertRep is opened.

mod reply;
mod request;
mod signer;

pub use reply::{Answer, Expected, ReplyFlaw, open_reply};
pub use request::{Algorithms, Ask, NotMade, Outgoing, message};
pub use signer::{fresh_transaction_id, self_signed, transaction_id};
