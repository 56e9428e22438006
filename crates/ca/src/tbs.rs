//! The TBSCertificate as DER (RFC 5280 §4.1).

use pki::der::write;
use pki::extension::{AccessDescription, AuthorityKeyId, DistributionPoint, Extension, GeneralName};
use pki::key::{PublicKey, SignatureAlgorithm};
use pki::{Name, Validity, oid};

use crate::Serial;

/// The basic fields.
pub(crate) struct Fields<'a> {
    pub(crate) serial: &'a Serial,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) issuer: &'a Name,
    pub(crate) validity: Validity,
    pub(crate) subject: &'a Name,
    pub(crate) key: &'a PublicKey,
}

impl Fields<'_> {
    /// A TBSCertificate of version 3.
    pub(crate) fn to_der(&self, extensions: &[Extension]) -> Vec<u8> {
        write::sequence(&[
            &write::explicit(0, &write::integer(2)),
            &write::tlv(pki::der::tag::INTEGER, self.serial.content()),
            &self.algorithm.to_der(),
            self.issuer.der(),
            &self.validity.to_der(),
            self.subject.der(),
            self.key.spki_der(),
            &write::explicit(3, &Extension::all_to_der(extensions)),
        ])
    }
}

/// The authority's and the subject's key identifiers.
pub(crate) fn key_ids(issuer: &[u8], key: &PublicKey) -> Vec<Extension> {
    vec![Extension::plain(oid::AUTHORITY_KEY_ID, AuthorityKeyId::key_id_der(issuer)), subject_key_id(key)]
}

/// SHA-1 over the key (RFC 5280 §4.2.1.2 (1)).
pub(crate) fn subject_key_id(key: &PublicKey) -> Extension {
    Extension::plain(oid::SUBJECT_KEY_ID, write::octets(&key.key_id()))
}

/// Where the issuer's revocation list and certificate are.
pub(crate) fn addresses(crl_urls: &[String], issuer_urls: &[String]) -> Vec<Extension> {
    let mut list = Vec::new();
    if !crl_urls.is_empty() {
        list.push(Extension::plain(oid::CRL_DISTRIBUTION_POINTS, DistributionPoint::uris_der(crl_urls)));
    }
    if !issuer_urls.is_empty() {
        let method = oid::ACCESS_CA_ISSUERS;
        let described: Vec<AccessDescription> = issuer_urls
            .iter()
            .map(|url| AccessDescription { method: method.clone(), location: GeneralName::Uri(url.clone()) })
            .collect();
        list.push(Extension::plain(oid::AUTHORITY_INFO_ACCESS, AccessDescription::all_to_der(&described)));
    }
    list
}
