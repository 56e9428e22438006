//! Answers a question: builds the paths, has every check look at each, and chooses.

use std::sync::Arc;

use crate::build::{End, Go, Path, Pool, Search};
use crate::chain::{Chain, Element, Verdict};
use crate::check;
use crate::facts::Facts;
use crate::fault::{Fault, Kind};
use crate::question::{Alternatives, Question};
use crate::revocation;
use crate::signature::{SignatureCache, Verifier};
use crate::store::Store;
use crate::trust::{ErrorStatus, InfoStatus};

/// Judges a certificate. There is always a chain: the certificate alone, if nothing else is known.
#[must_use]
pub fn judge(store: &Store, question: &Question<'_>) -> Verdict {
    answer(store, question, &mut Verifier::new(question.budget.signatures, None))
}

/// Judges a certificate, remembering good signatures for the next question.
#[must_use]
pub fn judge_with(store: &Store, question: &Question<'_>, cache: &mut SignatureCache) -> Verdict {
    answer(store, question, &mut Verifier::new(question.budget.signatures, Some(cache)))
}

fn answer(store: &Store, question: &Question<'_>, verifier: &mut Verifier<'_>) -> Verdict {
    let pool = Pool::new(store, question);
    let leaf = Arc::new(Facts::of(question.leaf));
    let mut chains: Vec<Chain> = Vec::new();
    let mut too_many = None;
    let mut search = Search::new(&pool, question, verifier);
    search.run(leaf, &mut |path, verifier| {
        let chain = judge_path(&pool, question, verifier, &path);
        let good = chain.is_good();
        chains.push(chain);
        if good && question.alternatives == Alternatives::UntilGood {
            Go::Stop
        } else if chains.len() >= question.budget.chains {
            too_many = Some("chains");
            Go::Stop
        } else {
            Go::On
        }
    });
    let dead_ends = std::mem::take(&mut search.dead_ends);
    let sent = (question.additional.len() > question.budget.additional).then_some("certificates sent along");
    let cut = search.cut.or(too_many).or(sent);
    if question.alternatives == Alternatives::All || !chains.iter().any(Chain::is_good) {
        chains.extend(dead_ends.iter().map(|path| judge_path(&pool, question, search.verifier, path)));
    }
    choose(chains, question, cut)
}

fn choose(mut chains: Vec<Chain>, question: &Question<'_>, cut: Option<&'static str>) -> Verdict {
    chains.sort_by_key(|chain| std::cmp::Reverse(chain.rank()));
    let mut chains = chains.into_iter();
    let mut chain = chains.next().unwrap_or_else(|| Chain {
        error: ErrorStatus::IS_PARTIAL_CHAIN,
        info: InfoStatus(0),
        elements: vec![Element::bare(question.leaf.clone())],
        faults: vec![Fault::new(Kind::PartialChain, "no chain was built: the budget allows no step")],
        policies: Vec::new(),
        at: question.at,
    });
    if let Some(limit) = cut {
        let says = format!("the search was cut short: the budget for {limit} is spent; the best chain found is shown");
        chain.faults.push(Fault::noted(Kind::Truncated, says));
    }
    Verdict { chain, alternatives: chains.collect() }
}

impl Element {
    pub(crate) fn bare(certificate: pki::Certificate) -> Element {
        Element {
            certificate,
            error: ErrorStatus(0),
            info: InfoStatus(0),
            issuer_found_by: None,
            faults: Vec::new(),
            application_usage: crate::chain::UsageSet::Any,
            issuance_usage: crate::chain::UsageSet::Any,
            revocation: None,
        }
    }
}

/// What the checks find, per certificate and for the whole.
pub(crate) struct Findings {
    pub(crate) elements: Vec<Element>,
    pub(crate) chain: Vec<Fault>,
    pub(crate) chain_error: ErrorStatus,
}

impl Findings {
    pub(crate) fn add(&mut self, at: usize, fault: Fault) {
        if let Some(element) = self.elements.get_mut(at) {
            element.error |= fault.bits;
            element.faults.push(fault);
        }
    }

    pub(crate) fn inform(&mut self, at: usize, bits: InfoStatus) {
        if let Some(element) = self.elements.get_mut(at) {
            element.info |= bits;
        }
    }

    pub(crate) fn add_to_chain(&mut self, fault: Fault) {
        self.chain_error |= fault.bits;
        self.chain.push(fault);
    }
}

/// Every check looks at the path; none depends on another's outcome.
pub(crate) fn judge_path(pool: &Pool<'_>, question: &Question<'_>, verifier: &mut Verifier<'_>, path: &Path) -> Chain {
    let elements = path.nodes.iter().map(|facts| Element::bare(facts.certificate.clone())).collect();
    let mut out = Findings { elements, chain: Vec::new(), chain_error: ErrorStatus(0) };
    check::trust(pool, question, path, &mut out);
    check::signatures(question, path, &mut out);
    check::validity(question, path, &mut out);
    check::basic_constraints(pool, question, path, &mut out);
    check::key_usage(question, path, &mut out);
    check::usages(question, path, &mut out);
    check::extensions(question, path, &mut out);
    check::name_constraints(question, path, &mut out);
    let policies = check::policies(question, path, &mut out);
    check::strength(question, path, &mut out);
    check::oddities(question, path, &mut out);
    revocation::check(pool, question, verifier, path, &mut out);
    let mut error = out.chain_error;
    let mut info = InfoStatus(0);
    for element in &out.elements {
        error |= element.error;
        // How issuers were found, and being self-signed, is said of elements only.
        info |= InfoStatus(element.info.0 & !0xf);
    }
    Chain { error, info, elements: out.elements, faults: out.chain, policies, at: question.at }
}

impl Path {
    /// The index of the trust anchor, if the path ends in one by RFC 5280's rules and it is more than the leaf.
    pub(crate) fn anchor(&self, question: &Question<'_>) -> Option<usize> {
        (question.is_rfc() && self.end == End::Anchor && self.nodes.len() > 1).then(|| self.nodes.len() - 1)
    }

    /// The certificates with their index, leaf first.
    pub(crate) fn each(&self) -> impl Iterator<Item = (usize, &Arc<Facts>)> {
        self.nodes.iter().enumerate()
    }
}
