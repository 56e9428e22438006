//! Lints of the extensions.

use std::collections::BTreeSet;

use pki::extension::{AuthorityKeyId, BasicConstraints, Criticality, Extension, GeneralName, KeyUsage};
use pki::{Oid, oid};

use super::{Finished, Kind};
use crate::usage::servable;

fn extension<'a>(of: &'a Finished<'_>, id: &Oid) -> Option<&'a Extension> {
    of.certificate.extension(id)
}

fn one(says: &str) -> Vec<String> {
    vec![says.to_owned()]
}

pub(super) fn end_entity(of: &Finished<'_>) -> Vec<String> {
    if of.kind == Kind::Authority {
        return Vec::new();
    }
    let mut says = Vec::new();
    if let Some(basic) = extension(of, &oid::BASIC_CONSTRAINTS) {
        match BasicConstraints::parse(&basic.value) {
            Ok(BasicConstraints { ca: false, path_length: None }) => {}
            Ok(_) => says.push("basicConstraints says that it is a CA.".to_owned()),
            Err(e) => says.push(format!("basicConstraints cannot be read: {e}.")),
        }
    }
    if of.certificate.key_usage().is_some_and(|usage| usage.allows(KeyUsage::KEY_CERT_SIGN)) {
        says.push("The key usage has keyCertSign.".to_owned());
    }
    let reserved = [&oid::NAME_CONSTRAINTS, &oid::POLICY_MAPPINGS, &oid::POLICY_CONSTRAINTS, &oid::INHIBIT_ANY_POLICY];
    for id in reserved.into_iter().filter(|id| extension(of, id).is_some()) {
        says.push(format!("The extension {id} is for CA certificates only."));
    }
    says
}

pub(super) fn authority(of: &Finished<'_>) -> Vec<String> {
    if of.kind == Kind::EndEntity {
        return Vec::new();
    }
    let mut says = Vec::new();
    match of.certificate.basic_constraints() {
        Some(BasicConstraints { ca: true, path_length }) => {
            let fits = of.above.path_length.is_none_or(|most| path_length.is_some_and(|own| own < most));
            if !fits {
                says.push("The path length is not below the issuer's.".to_owned());
            }
        }
        _ => says.push("basicConstraints does not say that it is a CA.".to_owned()),
    }
    let signs = KeyUsage::KEY_CERT_SIGN.with(KeyUsage::CRL_SIGN);
    if !of.certificate.key_usage().is_some_and(|usage| usage.allows(signs)) {
        says.push("The key usage lacks keyCertSign or cRLSign.".to_owned());
    }
    for id in [oid::BASIC_CONSTRAINTS, oid::KEY_USAGE] {
        if extension(of, &id).is_some_and(|e| e.criticality == Criticality::NonCritical) {
            says.push(format!("The extension {id} is not critical."));
        }
    }
    says
}

pub(super) fn subject(of: &Finished<'_>) -> Vec<String> {
    if !of.certificate.subject().is_empty() {
        return Vec::new();
    }
    match (of.kind, extension(of, &oid::SUBJECT_ALT_NAME)) {
        (Kind::Authority, _) => one("A CA certificate has no subject."),
        (_, None) => one("There is neither a subject nor a subject alternative name."),
        (_, Some(e)) if e.criticality == Criticality::NonCritical => {
            one("The subject is empty, and the subject alternative name is not critical.")
        }
        _ => Vec::new(),
    }
}

pub(super) fn alternative_names(of: &Finished<'_>) -> Vec<String> {
    let Some(extension) = extension(of, &oid::SUBJECT_ALT_NAME) else { return Vec::new() };
    match GeneralName::parse_all(&extension.value) {
        Ok(names) if names.is_empty() => one("The subject alternative name extension holds no name."),
        Ok(_) => Vec::new(),
        Err(e) => vec![format!("The subject alternative name extension cannot be read: {e}.")],
    }
}

pub(super) fn key_usage(of: &Finished<'_>) -> Vec<String> {
    let Some(extension) = extension(of, &oid::KEY_USAGE) else { return Vec::new() };
    let Ok(usage) = KeyUsage::parse(&extension.value) else { return one("The key usage cannot be read.") };
    let kind = of.certificate.public_key().kind();
    let mut says = Vec::new();
    if usage.0 == 0 {
        says.push("The key usage has no bit.".to_owned());
    }
    let beyond = KeyUsage(usage.0 & !servable(kind).0);
    if beyond.0 != 0 {
        says.push(format!("A key of kind {kind} cannot serve {}.", beyond.names().join(", ")));
    }
    let agreement = KeyUsage::ENCIPHER_ONLY.with(KeyUsage::DECIPHER_ONLY);
    if usage.0 & agreement.0 != 0 && !usage.allows(KeyUsage::KEY_AGREEMENT) {
        says.push("encipherOnly or decipherOnly stands without keyAgreement.".to_owned());
    }
    says
}

pub(super) fn extended_key_usage(of: &Finished<'_>) -> Vec<String> {
    if extension(of, &oid::EXTENDED_KEY_USAGE).is_none() {
        return Vec::new();
    }
    let Some(purposes) = of.certificate.extended_key_usage() else {
        return one("The extended key usage cannot be read.");
    };
    if purposes.is_empty() {
        return one("The extended key usage names no purpose.");
    }
    repeated(purposes.iter()).map(|id| format!("The extended key usage names {id} twice.")).collect()
}

pub(super) fn authority_key_id(of: &Finished<'_>) -> Vec<String> {
    let own = extension(of, &oid::AUTHORITY_KEY_ID).map(|e| AuthorityKeyId::parse(&e.value));
    match own {
        Some(Ok(own)) if own.key_id.as_deref() == Some(of.above.key_id) => Vec::new(),
        // A root names its own key by the subject key identifier; RFC 5280 lets it leave this out.
        None if of.kind == Kind::Authority && of.certificate.is_self_issued() => Vec::new(),
        Some(Ok(own)) => {
            let found = own.key_id.map_or_else(|| "nothing".to_owned(), |id| pki::digest::hex(&id));
            let wanted = pki::digest::hex(of.above.key_id);
            vec![format!("The authority key identifier is {found}; the issuer's key has {wanted}.")]
        }
        Some(Err(e)) => vec![format!("The authority key identifier cannot be read: {e}.")],
        None => one("There is no authority key identifier."),
    }
}

pub(super) fn subject_key_id(of: &Finished<'_>) -> Vec<String> {
    match of.certificate.subject_key_id() {
        Some(id) if id == of.certificate.public_key().key_id() => Vec::new(),
        Some(_) => one("The subject key identifier is not the SHA-1 of the key."),
        None => one("There is no subject key identifier."),
    }
}

pub(super) fn duplicates(of: &Finished<'_>) -> Vec<String> {
    let ids = of.certificate.extensions().iter().map(|e| &e.id);
    repeated(ids).map(|id| format!("The extension {id} stands there twice.")).collect()
}

fn repeated<'a>(ids: impl Iterator<Item = &'a Oid>) -> impl Iterator<Item = &'a Oid> {
    let mut seen = BTreeSet::new();
    ids.filter(move |id| !seen.insert(*id))
}
