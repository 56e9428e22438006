//! Who signed a revocation list, and whether they may (RFC 5280 §6.3.3 (f), (g)).

use std::collections::HashMap;
use std::sync::Arc;

use pki::Certificate;
use pki::extension::KeyUsage;

use super::{KnownCrl, Pair};
use crate::build::{End, Go, Path, Pool, Search};
use crate::facts::Facts;
use crate::judge::judge_path;
use crate::question::{Alternatives, Question, Revocation};
use crate::signature::{Outcome, Verifier};

/// What is known of signers of lists while one question is answered.
#[derive(Default)]
pub(crate) struct Signers {
    /// Being judged right now. A list may be needed to judge the certificate of the very key that signed it.
    in_progress: Vec<Certificate>,
    settled: HashMap<(Certificate, Option<Certificate>), Result<(), String>>,
}

/// Signers whose chains are judged inside one another.
const NESTED: usize = 4;

/// Whether the list was signed by somebody who may sign it.
pub(super) fn signed_by_whom(
    pool: &Pool<'_>,
    question: &Question<'_>,
    verifier: &mut Verifier<'_>,
    path: &Path,
    pair: &Pair<'_>,
    list: &KnownCrl,
) -> Result<(), String> {
    let mut candidates: Vec<Arc<Facts>> = vec![pair.issuer.clone()];
    candidates.extend(path.nodes.iter().cloned());
    candidates.extend(pool.with_subject(list.issuer_key, list.crl.issuer()).cloned());
    candidates.retain(|facts| facts.certificate.subject().matches(list.crl.issuer()));
    let mut why = "the certificate of its issuer is not known".to_owned();
    let mut tried: Vec<&Certificate> = Vec::new();
    for candidate in &candidates {
        if tried.contains(&&candidate.certificate) {
            continue;
        }
        tried.push(&candidate.certificate);
        match verifier.crl(candidate, &list.crl) {
            Outcome::Good => match entitled(pool, question, verifier, path, pair, candidate) {
                Ok(()) => return Ok(()),
                Err(reason) => why = reason,
            },
            Outcome::Wrong => why = "its signature is wrong".to_owned(),
            Outcome::OverBudget => why = "the budget for signatures is spent".to_owned(),
            Outcome::Unsupported | Outcome::UnusableKey => why = "its signature cannot be checked".to_owned(),
        }
    }
    Err(why)
}

fn entitled(
    pool: &Pool<'_>,
    question: &Question<'_>,
    verifier: &mut Verifier<'_>,
    path: &Path,
    pair: &Pair<'_>,
    signer: &Arc<Facts>,
) -> Result<(), String> {
    let usage = signer.key_usage.value();
    if signer.key_usage.is_unreadable() || usage.is_some_and(|u| !u.allows(KeyUsage::CRL_SIGN)) {
        return Err("the key usage of the certificate that signed it does not include cRLSign".to_owned());
    }
    let same_key = signer.certificate.public_key() == pair.issuer.certificate.public_key()
        && signer.subject_key == pair.issuer.subject_key;
    let in_path = path.nodes.iter().skip(1).any(|node| node.certificate == signer.certificate);
    if same_key || in_path || pool.store.same_anchor(signer).is_some() {
        return Ok(());
    }
    chain_of_signer(pool, question, verifier, path, signer)
}

/// Judges the signer's own chain, which must end in the same trust anchor.
fn chain_of_signer(
    pool: &Pool<'_>,
    question: &Question<'_>,
    verifier: &mut Verifier<'_>,
    path: &Path,
    signer: &Arc<Facts>,
) -> Result<(), String> {
    let anchor = path.nodes.last().filter(|_| path.end == End::Anchor).map(|f| f.certificate.clone());
    let key = (signer.certificate.clone(), anchor.clone());
    if let Some(settled) = verifier.signers.settled.get(&key) {
        return settled.clone();
    }
    if verifier.signers.in_progress.contains(&signer.certificate) {
        return Ok(());
    }
    if verifier.signers.in_progress.len() >= NESTED {
        return Err("too many signers of lists hang on one another".to_owned());
    }
    verifier.signers.in_progress.push(signer.certificate.clone());
    let about = Question {
        leaf: &signer.certificate,
        usages: &[],
        intermediates: None,
        policies: crate::question::PolicyInputs::default(),
        revocation: if question.is_rfc() { Revocation::ChainExcludingRoot } else { Revocation::None },
        alternatives: Alternatives::UntilGood,
        ..question.clone()
    };
    let mut outcome = Err("the certificate that signed it has no chain to a trusted root".to_owned());
    let mut search = Search::new(pool, &about, verifier);
    search.run(signer.clone(), &mut |candidate, verifier| {
        if candidate.nodes.last().map(|f| &f.certificate) != anchor.as_ref() {
            return Go::On;
        }
        let chain = judge_path(pool, &about, verifier, &candidate);
        if chain.is_good() {
            outcome = Ok(());
            return Go::Stop;
        }
        let says = chain.errors().next().map(|(_, fault)| fault.says.clone()).unwrap_or_default();
        outcome = Err(format!("the certificate that signed it is not valid: {says}"));
        Go::On
    });
    verifier.signers.in_progress.pop();
    if verifier.signers.in_progress.is_empty() {
        verifier.signers.settled.insert(key, outcome.clone());
    }
    outcome
}
