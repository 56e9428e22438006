use pki::der::write;
use pki::extension::{Extension, KeyUsage};
use pki::key::{PublicKey, Sign, SignatureError};
use pki::{Certificate, Name, Random, Validity, digest, oid};

/// The transactionID of a first enrolment: the SHA-256 of the key in hexadecimal. A request that is sent again, because
/// its answer was lost, carries the same one (RFC 8894 §5.2 leaves this open).
#[must_use]
pub fn transaction_id(key: &PublicKey) -> String {
    digest::hex(&key.hash())
}

/// A transactionID that was never used before, for renewals with the same key and for questions.
#[must_use]
pub fn fresh_transaction_id(random: Random<'_>) -> String {
    let mut octets = [0; 16];
    random(&mut octets);
    digest::hex(&octets)
}

/// The certificate that signs a first request (RFC 8894 §2.3): the requested subject and key, vouched for by nobody.
pub fn self_signed(
    subject: &Name,
    key: &dyn Sign,
    validity: Validity,
    random: Random<'_>,
) -> Result<Certificate, SignatureError> {
    let algorithm = key.preferred();
    let mut serial = [0; 16];
    random(&mut serial);
    // Positive and never zero.
    serial[0] = (serial[0] & 0x7f) | 0x40;
    let usage = if key.public_key().can_encrypt() {
        KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_ENCIPHERMENT)
    } else {
        KeyUsage::DIGITAL_SIGNATURE
    };
    let extensions = [Extension::critical(oid::KEY_USAGE, usage.to_der())];
    let tbs = write::sequence(&[
        &write::explicit(0, &write::integer(2)),
        &write::unsigned(&serial),
        &algorithm.to_der(),
        subject.der(),
        &validity.to_der(),
        subject.der(),
        key.public_key().spki_der(),
        &write::explicit(3, &Extension::all_to_der(&extensions)),
    ]);
    let signature = key.sign(algorithm, &tbs)?;
    Certificate::assemble(&tbs, &algorithm.to_der(), &signature).map_err(|_| SignatureError::Malformed)
}
