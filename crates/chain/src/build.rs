//! Builds every path from a certificate to trust anchors, within a budget.
//!
//! By the rules of Windows an issuer is looked for by what the authority key identifier says: issuer and serial number
//! (exact), otherwise the key identifier (key), and without one by the name, octet for octet. By those of RFC 5280 the
//! names must match (§7.1) and the identifiers only say where to look first.

use std::collections::HashSet;
use std::sync::Arc;

use pki::extension::GeneralName;
use pki::{Certificate, Name};

use crate::facts::{Facts, Stated};
use crate::question::{Question, Rules};
use crate::signature::{Outcome, Verifier};
use crate::store::{LeafTrust, Store};

/// How an issuer was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IssuerMatch {
    /// By its name.
    Name,
    /// By its key identifier.
    Key,
    /// By the issuer and serial number of its certificate.
    Exact,
}

/// How a path ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// In a trust anchor.
    Anchor,
    /// In a self-signed certificate that is not trusted.
    SelfSigned,
    /// The last certificate's issuer was not found.
    NoIssuer,
    /// The last certificate stands in the path already.
    Circle,
    /// The path got longer than allowed.
    TooDeep,
}

/// How one certificate hangs on the next.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Link {
    pub(crate) found: IssuerMatch,
    pub(crate) signature: Outcome,
    /// The authority key identifier gives an issuer and serial number that nobody has.
    pub(crate) stale: Stale,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stale {
    No,
    Yes,
}

/// A path, leaf first. There is one link less than nodes, plus the last one's link to itself if it is self-signed.
#[derive(Clone)]
pub(crate) struct Path {
    pub(crate) nodes: Vec<Arc<Facts>>,
    pub(crate) links: Vec<Link>,
    pub(crate) end: End,
}

/// Where certificates come from while one question is answered.
pub(crate) struct Pool<'s> {
    pub(crate) store: &'s Store,
    pub(crate) additional: Vec<Arc<Facts>>,
    pub(crate) rules: Rules,
}

/// An issuer that may be tried.
struct Candidate {
    facts: Arc<Facts>,
    found: IssuerMatch,
    stale: Stale,
}

impl Pool<'_> {
    pub(crate) fn new<'s>(store: &'s Store, question: &Question<'_>) -> Pool<'s> {
        let mut seen = HashSet::from([question.leaf]);
        let sent = question.additional.iter().take(question.budget.additional);
        let new = sent.filter(|certificate| seen.insert(certificate));
        let additional = new.map(|certificate| Arc::new(Facts::of(certificate))).collect();
        Pool { store, additional, rules: question.rules }
    }

    /// Every certificate whose subject matches this name.
    pub(crate) fn with_subject<'a>(&'a self, key: u64, name: &'a Name) -> impl Iterator<Item = &'a Arc<Facts>> {
        let extra = self.additional.iter().filter(move |f| f.subject_key == key);
        self.store.with_subject(key).chain(extra).filter(move |f| f.certificate.subject().matches(name))
    }

    fn issuers(&self, subject: &Facts) -> Vec<Candidate> {
        match self.rules {
            Rules::Rfc5280 => self.issuers_by_name(subject),
            Rules::Windows => self.issuers_as_windows(subject),
        }
    }

    fn issuers_by_name(&self, subject: &Facts) -> Vec<Candidate> {
        let name = subject.certificate.issuer();
        let candidates = self.with_subject(subject.issuer_key, name);
        candidates
            .map(|facts| {
                let (found, stale) = match_of(subject, facts);
                Candidate { facts: facts.clone(), found, stale }
            })
            .collect()
    }

    fn issuers_as_windows(&self, subject: &Facts) -> Vec<Candidate> {
        let taken = |found, stale| move |facts: &Arc<Facts>| Candidate { facts: facts.clone(), found, stale };
        let Some(aki) = subject.authority.value() else {
            let name = subject.certificate.issuer().der();
            let all = self.with_subject(subject.issuer_key, subject.certificate.issuer());
            let same = all.filter(|f| f.certificate.subject().der() == name);
            return same.map(taken(IssuerMatch::Name, Stale::No)).collect();
        };
        let mut stale = Stale::No;
        if let (Some(issuer), Some(serial)) = (directory(&aki.issuer), &aki.serial) {
            let everyone = self.store.certificates.iter().chain(&self.additional);
            let exact = everyone.filter(|f| names_certificate(&f.certificate, issuer, serial));
            let exact: Vec<Candidate> = exact.map(taken(IssuerMatch::Exact, Stale::No)).collect();
            if !exact.is_empty() {
                return exact;
            }
            stale = Stale::Yes;
        }
        let Some(key_id) = &aki.key_id else { return Vec::new() };
        let extra = self.additional.iter().filter(|f| f.has_key_id(key_id));
        self.store.with_key_id(key_id).chain(extra).map(taken(IssuerMatch::Key, stale)).collect()
    }

    /// How a certificate names itself as its issuer, if it does.
    pub(crate) fn self_match(&self, facts: &Facts) -> Option<IssuerMatch> {
        let c = &facts.certificate;
        if self.rules == Rules::Rfc5280 {
            let named = facts.is_self_issued().then(|| match_of(facts, facts).0);
            return named.filter(|_| !key_ids_contradict(facts, facts));
        }
        let Some(aki) = facts.authority.value() else {
            return (c.issuer().der() == c.subject().der()).then_some(IssuerMatch::Name);
        };
        if let (Some(issuer), Some(serial)) = (directory(&aki.issuer), &aki.serial) {
            return names_certificate(c, issuer, serial).then_some(IssuerMatch::Exact);
        }
        let key_id = aki.key_id.as_ref()?;
        facts.has_key_id(key_id).then_some(IssuerMatch::Key)
    }
}

fn directory(names: &[GeneralName]) -> Option<&Name> {
    names.iter().find_map(|n| if let GeneralName::Directory(name) = n { Some(name) } else { None })
}

fn names_certificate(certificate: &Certificate, issuer: &Name, serial: &[u8]) -> bool {
    certificate.serial() == serial && certificate.issuer().matches(issuer)
}

/// How well a candidate of the right name fits the authority key identifier.
fn match_of(subject: &Facts, issuer: &Facts) -> (IssuerMatch, Stale) {
    let Some(aki) = subject.authority.value() else { return (IssuerMatch::Name, Stale::No) };
    let mut stale = Stale::No;
    if let (Some(name), Some(serial)) = (directory(&aki.issuer), &aki.serial) {
        if names_certificate(&issuer.certificate, name, serial) {
            return (IssuerMatch::Exact, Stale::No);
        }
        stale = Stale::Yes;
    }
    match &aki.key_id {
        Some(key_id) if issuer.has_key_id(key_id) => (IssuerMatch::Key, stale),
        _ => (IssuerMatch::Name, stale),
    }
}

/// Both sides state a key identifier and they differ.
fn key_ids_contradict(subject: &Facts, issuer: &Facts) -> bool {
    let wanted = subject.authority.value().and_then(|aki| aki.key_id.as_ref());
    matches!((wanted, &issuer.subject_key_id), (Some(wanted), Stated::Is(stated)) if wanted != stated)
}

/// The same name and key, in one certificate or two.
fn same_ca(a: &Facts, b: &Facts) -> bool {
    a.subject_key == b.subject_key && a.certificate.public_key() == b.certificate.public_key()
}

/// What a finished path leads to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Go {
    On,
    Stop,
}

/// The search. Every finished path is handed to `found`, which says whether to go on.
pub(crate) struct Search<'p, 's, 'q, 'v, 'c> {
    pub(crate) pool: &'p Pool<'s>,
    pub(crate) question: &'p Question<'q>,
    pub(crate) verifier: &'v mut Verifier<'c>,
    steps: usize,
    nodes: Vec<Arc<Facts>>,
    links: Vec<Link>,
    /// Paths that lead nowhere, the first ones found.
    pub(crate) dead_ends: Vec<Path>,
    /// Which limit cut the search short.
    pub(crate) cut: Option<&'static str>,
}

/// Dead ends that are kept.
const DEAD_ENDS: usize = 8;

impl<'p, 's, 'q, 'v, 'c> Search<'p, 's, 'q, 'v, 'c> {
    pub(crate) fn new(pool: &'p Pool<'s>, question: &'p Question<'q>, verifier: &'v mut Verifier<'c>) -> Self {
        let steps = question.budget.steps;
        let (nodes, links) = (Vec::new(), Vec::new());
        Search { pool, question, verifier, steps, nodes, links, dead_ends: Vec::new(), cut: None }
    }

    /// Walks from the leaf.
    pub(crate) fn run(&mut self, leaf: Arc<Facts>, found: &mut dyn FnMut(Path, &mut Verifier<'c>) -> Go) {
        self.nodes = vec![leaf];
        self.links.clear();
        self.walk(found);
    }

    fn walk(&mut self, found: &mut dyn FnMut(Path, &mut Verifier<'c>) -> Go) -> Go {
        let Some(left) = self.steps.checked_sub(1) else {
            self.cut = self.cut.or(Some("steps of the search"));
            return Go::Stop;
        };
        self.steps = left;
        let Some(here) = self.nodes.last().cloned() else { return Go::Stop };
        if let Some(end) = self.end_here(&here) {
            return self.finish(&here, end, found);
        }
        let (mut candidates, circle) = self.candidates(&here);
        if candidates.is_empty() {
            return self.dead_end(&here, circle, found);
        }
        if self.nodes.len() >= self.question.budget.depth {
            self.cut = self.cut.or(Some("certificates of one chain"));
            self.keep_dead_end(End::TooDeep);
            return Go::On;
        }
        self.rank(&mut candidates);
        self.try_each(&here, candidates, found)
    }

    /// Follows the candidates whose signature is good; if there is none, the best of the others.
    fn try_each(
        &mut self,
        here: &Arc<Facts>,
        candidates: Vec<Candidate>,
        found: &mut dyn FnMut(Path, &mut Verifier<'c>) -> Go,
    ) -> Go {
        let mut wrong: Option<(Candidate, Outcome)> = None;
        let mut any_good = false;
        for candidate in candidates {
            match self.verifier.link(&candidate.facts, here) {
                Outcome::Good => {
                    any_good = true;
                    if self.follow(candidate, Outcome::Good, found) == Go::Stop {
                        return Go::Stop;
                    }
                }
                Outcome::OverBudget if any_good || wrong.is_some() => {
                    self.cut = self.cut.or(Some("signatures"));
                    break;
                }
                outcome => {
                    wrong.get_or_insert((candidate, outcome));
                }
            }
        }
        match wrong {
            Some((candidate, outcome)) if !any_good => self.follow(candidate, outcome, found),
            _ => Go::On,
        }
    }

    fn follow(
        &mut self,
        candidate: Candidate,
        signature: Outcome,
        found: &mut dyn FnMut(Path, &mut Verifier<'c>) -> Go,
    ) -> Go {
        self.links.push(Link { found: candidate.found, signature, stale: candidate.stale });
        self.nodes.push(candidate.facts);
        let go = self.walk(found);
        self.nodes.pop();
        self.links.pop();
        go
    }

    /// Whether the path ends in this certificate because of what it is.
    fn end_here(&mut self, here: &Arc<Facts>) -> Option<End> {
        let trust = self.pool.store.trust_of(&here.certificate);
        let is_leaf = self.nodes.len() == 1;
        if self.pool.rules == Rules::Windows {
            self.pool.self_match(here)?;
            let trusted = trust.is_some_and(|t| t != LeafTrust::LeafOnly);
            return Some(if trusted { End::Anchor } else { End::SelfSigned });
        }
        match (trust, is_leaf) {
            (Some(LeafTrust::AnchorAndLeaf | LeafTrust::LeafOnly), true) => Some(End::Anchor),
            (Some(LeafTrust::AnchorAndLeaf | LeafTrust::AnchorOnly), false) => Some(End::Anchor),
            (_, false) => {
                // Another certificate with the anchor's name and key: the anchor is what is trusted.
                let anchor = self.pool.store.same_anchor(here)?.clone();
                if let Some(last) = self.nodes.last_mut() {
                    *last = anchor;
                }
                Some(End::Anchor)
            }
            (_, true) => None,
        }
    }

    /// The issuers that may be tried, and one that stands in the path already.
    fn candidates(&self, here: &Facts) -> (Vec<Candidate>, Option<Candidate>) {
        let mut circle = None;
        let mut open = Vec::new();
        for candidate in self.pool.issuers(here) {
            let again = self.nodes.iter().any(|node| self.is_again(node, &candidate.facts));
            if !again {
                open.push(candidate);
            } else if self.nodes.iter().any(|node| node.certificate == candidate.facts.certificate) {
                circle.get_or_insert(candidate);
            }
        }
        (open, circle)
    }

    /// By RFC 5280's rules another certificate of the same name and key leads nowhere new (RFC 4158 §5.2).
    fn is_again(&self, node: &Facts, candidate: &Facts) -> bool {
        node.certificate == candidate.certificate
            || (self.pool.rules == Rules::Rfc5280
                && same_ca(node, candidate)
                && self.pool.store.trust_of(&candidate.certificate).is_none())
    }

    /// Best first: leading where the path has not been, trusted, in time, issued by somebody trusted, found by the better match, a CA, the newest.
    fn rank(&self, candidates: &mut [Candidate]) {
        let at = self.question.at;
        candidates.sort_by_cached_key(|candidate| {
            let c = &candidate.facts.certificate;
            let trusted = self.pool.store.trust_of(c).is_some();
            let near = self.pool.store.is_anchor_name(candidate.facts.issuer_key);
            let fits = (c.validity().contains(at), near, candidate.found, candidate.facts.is_ca());
            let of = &candidate.facts;
            let onward = |node: &Arc<Facts>| node.subject_key == of.issuer_key && of.subject_key != of.issuer_key;
            let new = !self.nodes.iter().any(|node| same_ca(node, of) || onward(node));
            std::cmp::Reverse((new, trusted, fits, c.validity().not_before))
        });
    }

    fn finish(&mut self, here: &Arc<Facts>, end: End, found: &mut dyn FnMut(Path, &mut Verifier<'c>) -> Go) -> Go {
        let mut links = self.links.clone();
        if let Some(kind) = self.pool.self_match(here) {
            // Only a judged root needs its own signature checked; by RFC 5280 an anchor is a name and a key.
            let judged = self.pool.rules == Rules::Windows || end != End::Anchor || self.nodes.len() == 1;
            let judged = judged || self.question.anchor == crate::question::Anchor::Everything;
            let signature = if judged { self.verifier.link(here, here) } else { Outcome::Good };
            links.push(Link { found: kind, signature, stale: Stale::No });
        }
        found(Path { nodes: self.nodes.clone(), links, end }, self.verifier)
    }

    fn dead_end(
        &mut self,
        here: &Arc<Facts>,
        circle: Option<Candidate>,
        found: &mut dyn FnMut(Path, &mut Verifier<'c>) -> Go,
    ) -> Go {
        if self.pool.self_match(here).is_some() {
            return self.finish(here, End::SelfSigned, found);
        }
        if let Some(candidate) = circle {
            let signature = self.verifier.link(&candidate.facts, here);
            self.links.push(Link { found: candidate.found, signature, stale: candidate.stale });
            self.nodes.push(candidate.facts);
            self.keep_dead_end(End::Circle);
            self.nodes.pop();
            self.links.pop();
        } else {
            self.keep_dead_end(End::NoIssuer);
        }
        Go::On
    }

    fn keep_dead_end(&mut self, end: End) {
        if self.dead_ends.len() < DEAD_ENDS {
            self.dead_ends.push(Path { nodes: self.nodes.clone(), links: self.links.clone(), end });
        }
    }
}
