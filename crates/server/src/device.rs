//! A device inside this process, at a stated moment: the octets it would send, and what it makes of the reply. For
//! proofs, replays and simulations, where no socket and no clock of a machine can be used.

use pki::cipher::Cipher;
use pki::digest::Digest;
use pki::key::{KeyTransport, PrivateKey};
use pki::{Certificate, Name, Request, Time, Validity};
use scep::ca_certs::{self, Authorities};
use scep::client::{self, Answer as Reply, Ask, Expected, Outgoing};
use scep::http::Operation;
use scep::server::{Legacy, SigningKey};

use std::net::{IpAddr, Ipv4Addr};

use crate::config::Endpoint;
use crate::{Answer, Service, world};

/// Where requests of this process come from.
pub const SOURCE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Who signs a device's message: with its key and the certificate it holds, or made for itself.
#[derive(Clone, Copy)]
pub struct Signer<'a> {
    /// The certificate.
    pub certificate: &'a Certificate,
    /// Its key.
    pub key: &'a PrivateKey,
}

/// The certificate a device signs its first message with (RFC 8894 §2.3), good for a day to both sides of now.
///
/// # Errors
/// The key cannot sign.
pub fn self_signed(subject: &Name, key: &PrivateKey, now: Time) -> Result<Certificate, String> {
    let validity = Validity { not_before: now.plus(-86_400), not_after: now.plus(86_400) };
    client::self_signed(subject, key, validity, &mut world::random).map_err(|e| e.to_string())
}

/// A request for a certificate.
///
/// # Errors
/// The key cannot sign.
pub fn request(subject: &Name, key: &PrivateKey, challenge: Option<&str>) -> Result<Request, String> {
    Request::build(subject, key, &[], challenge).map_err(|e| e.to_string())
}

/// A message under a transactionID of its own.
///
/// # Errors
/// It cannot be signed or encrypted.
pub fn message(ask: &Ask<'_>, by: Signer<'_>, to: &Authorities, now: Time) -> Result<Outgoing, String> {
    let transaction = client::fresh_transaction_id(&mut world::random);
    let from = SigningKey { certificate: by.certificate, key: by.key };
    let algorithms =
        client::Algorithms { digest: Digest::Sha256, cipher: Cipher::Aes128, transport: KeyTransport::Pkcs1 };
    client::message(ask, &transaction, &from, &to.encryption, &algorithms, now, &mut world::random)
        .map_err(|e| e.to_string())
}

/// Opens the reply to a message, as a device does that knows these authorities.
///
/// # Errors
/// There is none, or a device would not believe it.
pub fn opened(answer: &Answer, sent: &Outgoing, by: Signer<'_>, authorities: &Authorities) -> Result<Reply, String> {
    let Answer::Body { octets, .. } = answer else { return Err(format!("there was no reply: {answer:?}")) };
    let expected = Expected {
        transaction_id: &sent.transaction_id,
        nonce: &sent.nonce,
        authorities: &authorities.all,
        certificate: by.certificate,
        key: by.key,
        challenge: None,
        legacy: Legacy::Refuse,
    };
    client::open_reply(octets, &expected).map_err(|e| e.to_string())
}

/// What a device gets from GetCACert.
///
/// # Errors
/// It gets none, or nothing of use.
pub async fn authorities(service: &Service, endpoint: &Endpoint, now: Time) -> Result<Authorities, String> {
    let answer = service.answer(endpoint, Operation::GetCaCert, SOURCE, now).await;
    let Answer::Body { octets, .. } = answer else { return Err(format!("GetCACert: {answer:?}")) };
    let all = ca_certs::read(&octets).map_err(|e| format!("GetCACert: {e}"))?;
    Authorities::choose(&all).ok_or_else(|| "GetCACert: there is no certificate".to_owned())
}
