use pki::extension::{Extension, GeneralName};
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name, Request, Validity, oid};
use scep::client::{fresh_transaction_id, self_signed, transaction_id};
use zeroize::Zeroizing;

use crate::{ClientError, Identity, world};

/// How long a self-signed certificate says it is valid: as long as any request may wait for approval.
const SELF_SIGNED_DAYS: i64 = 365;
/// How far into the past, for servers whose clocks are behind.
const SELF_SIGNED_BACK: i64 = 24 * 3600;

/// What a device wants in its certificate.
#[derive(Clone)]
pub struct Wish {
    /// The subject.
    pub subject: Name,
    /// The subject alternative names.
    pub names: Vec<GeneralName>,
    /// The challenge password.
    pub challenge: Option<Zeroizing<String>>,
}

/// One request for one certificate. Sent again it is the same request: same transaction, same key.
pub struct Application {
    pub(crate) key: PrivateKey,
    pub(crate) request: Request,
    pub(crate) signer: Certificate,
    /// The key of `signer` where it is another than `key`: on renewal.
    pub(crate) signer_key: Option<PrivateKey>,
    pub(crate) transaction_id: String,
}

impl Application {
    /// A first enrolment, signed with a self-signed certificate (RFC 8894 §2.3).
    pub fn first(key: PrivateKey, wish: &Wish) -> Result<Application, ClientError> {
        let request = request(&key, wish)?;
        let now = world::now();
        let validity =
            Validity { not_before: now.plus(-SELF_SIGNED_BACK), not_after: now.plus(SELF_SIGNED_DAYS * 86_400) };
        let signer = self_signed(&wish.subject, &key, validity, &mut world::random)?;
        let transaction_id = transaction_id(request.public_key());
        Ok(Application { key, request, signer, signer_key: None, transaction_id })
    }

    /// A renewal: the names of the certificate that is held, a new key, signed with the old one (RFC 8894 §2.5).
    /// With a `challenge` it is sent along, for servers that want one even then.
    pub fn renewal(
        held: &Identity,
        key: PrivateKey,
        challenge: Option<Zeroizing<String>>,
    ) -> Result<Application, ClientError> {
        let signer = held.certificate.clone().ok_or(ClientError::Nothing("there is no certificate to renew"))?;
        let wish = Wish { subject: signer.subject().clone(), names: signer.subject_alt_names(), challenge };
        let request = request(&key, &wish)?;
        let signer_key = PrivateKey::from_pkcs8(held.key.pkcs8()).map_err(|_| ClientError::Key)?;
        let transaction_id = if key.public_key() == signer.public_key() {
            fresh_transaction_id(&mut world::random)
        } else {
            transaction_id(request.public_key())
        };
        Ok(Application { key, request, signer, signer_key: Some(signer_key), transaction_id })
    }

    /// The transactionID.
    #[must_use]
    pub fn transaction_id(&self) -> &str {
        &self.transaction_id
    }

    /// The certification request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The key the certificate is for.
    #[must_use]
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// Whether it asks in place of a certificate that a CA issued.
    #[must_use]
    pub fn is_renewal(&self) -> bool {
        self.signer_key.is_some()
    }

    pub(crate) fn signer_key(&self) -> &PrivateKey {
        self.signer_key.as_ref().unwrap_or(&self.key)
    }
}

/// A new key.
pub(crate) fn generate(spec: KeySpec) -> Result<PrivateKey, ClientError> {
    PrivateKey::generate(spec).map_err(|_| ClientError::Key)
}

fn request(key: &PrivateKey, wish: &Wish) -> Result<Request, ClientError> {
    let mut extensions = Vec::new();
    if !wish.names.is_empty() {
        extensions.push(Extension::plain(oid::SUBJECT_ALT_NAME, GeneralName::all_to_der(&wish.names)));
    }
    let challenge = wish.challenge.as_ref().map(|c| c.as_str());
    Ok(Request::build(&wish.subject, key, &extensions, challenge)?)
}
