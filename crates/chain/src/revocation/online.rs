//! Revocation by OCSP answers (RFC 6960 §3.2, §4.2.2).

use pki::{digest, oid};

use super::{Pair, RevocationSource, Says, SourceKind, freshness};
use crate::build::{Path, Pool};
use crate::facts::{Facts, shown_name};
use crate::ocsp::{Answer, BasicResponse, CertStatus, OcspResponse, Responder};
use crate::question::{Question, Rules};
use crate::signature::{Outcome, Signed, Verifier};

/// Looks for an answer about the certificate. With several, a revocation counts before a good one.
pub(super) fn ask(
    pool: &Pool<'_>,
    question: &Question<'_>,
    verifier: &mut Verifier<'_>,
    _path: &Path,
    pair: &Pair<'_>,
) -> Says {
    let mut good = None;
    let mut stale = None;
    let mut refused = Vec::new();
    for response in &pool.store.responses {
        let Some(basic) = response.basic.as_ref() else { continue };
        let answers: Vec<&Answer> = basic.answers.iter().filter(|answer| concerns(answer, pair)).collect();
        if answers.is_empty() {
            continue;
        }
        if let Err(why) = believed(question, verifier, basic, pair) {
            refused.push(format!("an OCSP answer cannot be used: {why}"));
            continue;
        }
        for answer in answers {
            match read(question, response, basic, answer) {
                Says::Good(source) => {
                    good.get_or_insert(source);
                }
                Says::Stale(why) => {
                    stale.get_or_insert(why);
                }
                Says::Nothing(why) => refused.push(why),
                revoked @ Says::Revoked(..) => return revoked,
            }
        }
    }
    match (good, stale) {
        (Some(source), _) => Says::Good(source),
        (None, Some(why)) => Says::Stale(why),
        (None, None) => Says::Nothing(refused.join("; ")),
    }
}

/// Whether the answer is about this certificate: by the hashes of its issuer's name and key, and its serial number.
fn concerns(answer: &Answer, pair: &Pair<'_>) -> bool {
    let Some(hash) = answer.digest else { return false };
    let (subject, issuer) = (&pair.subject.certificate, &pair.issuer.certificate);
    answer.serial == subject.serial()
        && hash.of(&[subject.issuer().der()]) == answer.issuer_name_hash
        && hash.of(&[issuer.public_key().key_octets()]) == answer.issuer_key_hash
}

fn read(question: &Question<'_>, response: &OcspResponse, basic: &BasicResponse, answer: &Answer) -> Says {
    if let Some(id) = &answer.critical {
        return Says::Nothing(format!("an OCSP answer has a critical extension {id} that is not supported"));
    }
    if let Err(why) = freshness(question, answer.this_update, answer.next_update) {
        return Says::Stale(format!("the OCSP answer cannot be used: {why}"));
    }
    let source = RevocationSource {
        kind: SourceKind::Ocsp,
        thumbprint: digest::hex(&digest::sha1(response.der())).to_uppercase(),
        issuer: match &basic.responder {
            Responder::Name(name) => shown_name(name),
            Responder::KeyHash(hash) => format!("the key {}", digest::hex(hash)),
        },
        this_update: answer.this_update,
        oddities: Vec::new(),
        url: None,
    };
    match answer.status {
        CertStatus::Good => Says::Good(source),
        CertStatus::Revoked(at, _) if question.rules == Rules::Windows && at > question.at => Says::Good(source),
        CertStatus::Revoked(at, reason) => Says::Revoked(source, at, reason),
        CertStatus::Unknown => Says::Nothing("the OCSP responder does not know the certificate".to_owned()),
    }
}

/// Whether the answer was signed by the issuer, or by somebody the issuer let sign (RFC 6960 §4.2.2.2).
fn believed(
    question: &Question<'_>,
    verifier: &mut Verifier<'_>,
    basic: &BasicResponse,
    pair: &Pair<'_>,
) -> Result<(), String> {
    if let Some(id) = &basic.critical {
        return Err(format!("it has a critical extension {id} that is not supported"));
    }
    let signed = Signed { algorithm: &basic.algorithm, content: &basic.tbs, signature: &basic.signature };
    if is_responder(basic, pair.issuer) {
        return match verifier.check(pair.issuer.certificate.public_key(), &signed) {
            Outcome::Good => Ok(()),
            _ => Err("its signature is wrong".to_owned()),
        };
    }
    let mut why = "the responder is neither the issuer nor somebody whose certificate came with the answer".to_owned();
    for certificate in &basic.certificates {
        let delegate = Facts::of(certificate);
        if !is_responder(basic, &delegate) {
            continue;
        }
        match delegated(question, verifier, &delegate, pair) {
            Err(reason) => why = reason,
            Ok(()) if verifier.check(certificate.public_key(), &signed) == Outcome::Good => return Ok(()),
            Ok(()) => why = "its signature is wrong".to_owned(),
        }
    }
    Err(why)
}

fn is_responder(basic: &BasicResponse, facts: &Facts) -> bool {
    match &basic.responder {
        Responder::Name(name) => facts.certificate.subject().matches(name),
        Responder::KeyHash(hash) => facts.certificate.public_key().key_id() == **hash,
    }
}

fn delegated(
    question: &Question<'_>,
    verifier: &mut Verifier<'_>,
    delegate: &Facts,
    pair: &Pair<'_>,
) -> Result<(), String> {
    let shown = delegate.shown();
    if !delegate.usages.value().is_some_and(|list| list.contains(&oid::OCSP_SIGNING)) {
        return Err(format!("{shown} may not sign OCSP answers (no id-kp-OCSPSigning)"));
    }
    if !delegate.certificate.validity().contains(question.revocation_time()) {
        return Err(format!("the certificate of the responder {shown} is not valid at that time"));
    }
    if !delegate.certificate.issuer().matches(pair.issuer.certificate.subject()) {
        return Err(format!("the certificate of the responder {shown} is of another issuer"));
    }
    let c = &delegate.certificate;
    let signed = Signed { algorithm: c.algorithm_der(), content: c.tbs(), signature: c.signature() };
    match verifier.check(pair.issuer.certificate.public_key(), &signed) {
        Outcome::Good => Ok(()),
        _ => Err(format!("the certificate of the responder {shown} was not signed by the issuer")),
    }
}
