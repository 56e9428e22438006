//! What came of the signatures, each on the certificate that is signed.

use pki::key::{KeyKind, SignatureAlgorithm};

use crate::build::Path;
use crate::fault::{Fault, Kind};
use crate::judge::Findings;
use crate::question::Question;
use crate::signature::Outcome;

pub(crate) fn signatures(question: &Question<'_>, path: &Path, out: &mut Findings) {
    for (at, link) in path.links.iter().enumerate() {
        let Some(subject) = path.nodes.get(at) else { continue };
        let issuer = path.nodes.get(at + 1).unwrap_or(subject);
        let by = if at + 1 < path.nodes.len() { issuer.shown() } else { "its own key".to_owned() };
        let key = issuer.certificate.public_key().kind();
        let algorithm = algorithm_name(subject.certificate.algorithm_der());
        let fault = match link.signature {
            Outcome::Good => continue,
            Outcome::Wrong => {
                Fault::new(Kind::BadSignature, format!("the signature ({algorithm}) was not made by {by}"))
            }
            Outcome::Unsupported => {
                let says = format!("the signature algorithm {algorithm} is not supported, so it was not checked");
                Fault::new(Kind::UncheckedSignature, says)
            }
            Outcome::UnusableKey => unusable(key, &algorithm, &by),
            Outcome::OverBudget => {
                Fault::new(Kind::UncheckedSignature, "the budget for signatures is spent, so it was not checked")
            }
        };
        out.add(at, fault);
    }
    for (at, facts) in path.each() {
        let c = &facts.certificate;
        if c.algorithm_der() != c.inner_algorithm_der() && path.anchor(question) != Some(at) {
            let (inner, outer) = (algorithm_name(c.inner_algorithm_der()), algorithm_name(c.algorithm_der()));
            let says = format!("inside it says {inner}, beside the signature {outer}");
            let make = if question.is_rfc() { Fault::new } else { Fault::noted };
            out.add(at, make(Kind::AlgorithmMismatch, says));
        }
    }
}

fn unusable(key: &KeyKind, algorithm: &str, by: &str) -> Fault {
    let says = format!("the key of {by} ({key}) cannot check a signature of the kind {algorithm}");
    Fault::new(Kind::UnusableKey, says)
}

const MD2_WITH_RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 2];

/// The algorithm in words, or its object identifier.
pub(crate) fn algorithm_name(der: &[u8]) -> String {
    if let Ok(algorithm) = SignatureAlgorithm::parse(der) {
        return algorithm.name();
    }
    let id = pki::der::Reader::new(der).sequence("AlgorithmIdentifier").and_then(|mut inner| inner.oid("algorithm"));
    match id {
        Ok(pki::oid::MD5_WITH_RSA) => "RSA with MD5".to_owned(),
        Ok(pki::oid::DSA_SHA1) => "DSA with SHA-1".to_owned(),
        Ok(id) if id.content() == MD2_WITH_RSA => "RSA with MD2".to_owned(),
        Ok(id) => id.to_string(),
        Err(_) => "(unreadable)".to_owned(),
    }
}
