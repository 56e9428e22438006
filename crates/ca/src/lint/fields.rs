//! Lints of the basic fields.

use super::Finished;
use crate::serial;

pub(super) fn syntax(of: &Finished<'_>) -> Vec<String> {
    match of.certificate.version() {
        2 => Vec::new(),
        other => vec![format!("The version field is {other}; version 3 is written as 2.")],
    }
}

pub(super) fn serial(of: &Finished<'_>) -> Vec<String> {
    let content = of.certificate.serial();
    if serial::is_sound(content) {
        return Vec::new();
    }
    let shown = pki::digest::hex(content.get(..content.len().min(24)).unwrap_or_default());
    vec![format!("The serial number is {shown}; it must be positive and have at most 20 octets.")]
}

pub(super) fn algorithm(of: &Finished<'_>) -> Vec<String> {
    if of.certificate.inner_algorithm_der() == of.algorithm.to_der() {
        return Vec::new();
    }
    let inner = pki::key::SignatureAlgorithm::parse(of.certificate.inner_algorithm_der());
    let inner = inner.map_or_else(|_| "something unknown".to_owned(), |a| a.name());
    vec![format!("The signed part says {inner}, and {} is to be used.", of.algorithm.name())]
}

pub(super) fn issuer(of: &Finished<'_>) -> Vec<String> {
    if of.certificate.issuer() == of.above.name && !of.above.name.is_empty() {
        return Vec::new();
    }
    vec![format!("The issuer is {}, not {}.", of.certificate.issuer(), of.above.name)]
}

pub(super) fn validity(of: &Finished<'_>) -> Vec<String> {
    let (own, above) = (of.certificate.validity(), of.above.validity);
    let mut says = Vec::new();
    if own.not_before >= own.not_after {
        says.push(format!("It would be valid from {} to {}.", own.not_before, own.not_after));
    }
    if own.not_before < above.not_before {
        says.push(format!("It begins at {}, before its issuer at {}.", own.not_before, above.not_before));
    }
    if own.not_after > above.not_after {
        says.push(format!("It ends at {}, after its issuer at {}.", own.not_after, above.not_after));
    }
    says
}
