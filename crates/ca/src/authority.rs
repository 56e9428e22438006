//! The authorities: a root, and the issuing CAs below it.
//!
//! A next issuing CA is another one of the same name with a new key, by the same root.

use pki::extension::{BasicConstraints, Extension, KeyUsage};
use pki::key::{PublicKey, Sign, SignatureAlgorithm};
use pki::{Certificate, Name, Time, Validity, oid};

use crate::lint::{self, Above, Kind};
use crate::tbs::{self, Fields};
use crate::{Code, Flaw, KeyLimits, Prepared, Serial, SignFailed, issuer, sign};

/// Every authority may sign certificates, revocation lists, and messages (RFC 8894 §2.1.2).
const USAGE: KeyUsage = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_CERT_SIGN).with(KeyUsage::CRL_SIGN);

/// Below a root stand issuing CAs, and below those none.
const BELOW_ROOT: u32 = 1;

/// Why an authority was not made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotMade {
    /// Its certificate would be no good.
    #[error("{}", listed(.0))]
    Flawed(Vec<Flaw>),
    /// It was not signed.
    #[error(transparent)]
    Sign(#[from] SignFailed),
}

fn listed(flaws: &[Flaw]) -> String {
    flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// An issuing CA to be.
#[derive(Debug, Clone, Copy)]
pub struct Subordinate<'a> {
    /// Its name.
    pub subject: &'a Name,
    /// Its key.
    pub key: &'a PublicKey,
    /// When it is valid; inside the root's validity.
    pub validity: Validity,
    /// Where the root's revocation list is.
    pub crl_urls: &'a [String],
    /// Where the root's certificate is.
    pub issuer_urls: &'a [String],
}

/// Makes a root: self-signed, critical basicConstraints with path length 1, subject key identifier.
pub fn root(name: &Name, key: &dyn Sign, validity: Validity, serial: &Serial) -> Result<Certificate, NotMade> {
    let public = key.public_key();
    let algorithm = key.preferred();
    let mut flaws = key_flaws(public);
    if !issuer::suits(public, algorithm) {
        let says = format!("{} with a key of kind {}.", algorithm.name(), public.kind());
        flaws.push(Flaw::new(Code::IssuerAlgorithm, says));
    }
    if !flaws.is_empty() {
        return Err(NotMade::Flawed(flaws));
    }
    let fields = Fields { serial, algorithm, issuer: name, validity, subject: name, key: public };
    let mut extensions = constraints(BELOW_ROOT);
    extensions.push(tbs::subject_key_id(public));
    let tbs = fields.to_der(&extensions);
    let key_id = public.key_id();
    let itself = Above { name, validity, key_id: &key_id, path_length: None };
    let unsigned = lint::read(&tbs, itself, algorithm, Kind::Authority).map_err(NotMade::Flawed)?;
    let signature = sign::signature(&tbs, algorithm, &unsigned, key)?;
    Ok(sign::assembled(&tbs, algorithm, &signature)?)
}

/// Prepares an issuing CA below `root`: path length 0, key usage of RFC 8894 §2.1.2. `algorithm` is the one the root's
/// key will sign with; [`crate::sign`] signs it. Whether the root is valid now is asked at `now`.
pub fn prepare_issuing(
    wanted: &Subordinate<'_>,
    root: &Certificate,
    algorithm: SignatureAlgorithm,
    serial: &Serial,
    now: Time,
) -> Result<Prepared, Vec<Flaw>> {
    let mut flaws = issuer::flaws(root, algorithm, now);
    flaws.extend(key_flaws(wanted.key));
    for url in wanted.crl_urls.iter().chain(wanted.issuer_urls).filter(|url| !lint::is_uri(url)) {
        flaws.push(Flaw::new(Code::ProfileContent, format!("The address {url:?} is no absolute URI.")));
    }
    if !flaws.is_empty() {
        return Err(flaws);
    }
    let fields = Fields {
        serial,
        algorithm,
        issuer: root.subject(),
        validity: wanted.validity,
        subject: wanted.subject,
        key: wanted.key,
    };
    let mut extensions = constraints(0);
    extensions.extend(tbs::key_ids(root.subject_key_id().unwrap_or_default(), wanted.key));
    extensions.extend(tbs::addresses(wanted.crl_urls, wanted.issuer_urls));
    Prepared::linted(fields.to_der(&extensions), root, algorithm, Kind::Authority)
}

/// Makes an issuing CA below `root` with the root's key, from the first second of its validity on.
pub fn issuing(
    wanted: &Subordinate<'_>,
    root: &Certificate,
    root_key: &dyn Sign,
    serial: &Serial,
) -> Result<Certificate, NotMade> {
    let now = wanted.validity.not_before;
    let prepared = prepare_issuing(wanted, root, root_key.preferred(), serial, now).map_err(NotMade::Flawed)?;
    Ok(sign::sign(prepared, root, root_key)?)
}

fn constraints(path_length: u32) -> Vec<Extension> {
    let basic = BasicConstraints { ca: true, path_length: Some(path_length) };
    vec![
        Extension::critical(oid::BASIC_CONSTRAINTS, basic.to_der()),
        Extension::critical(oid::KEY_USAGE, USAGE.to_der()),
    ]
}

/// An authority's key is RSA from 2048 to 4096 bits, P-256 or P-384.
fn key_flaws(key: &PublicKey) -> Vec<Flaw> {
    KeyLimits::default().check(key)
}
