//! Whom a certificate of somebody else must lead to, and the judgement of one by the chain engine. What a judgement
//! means for who presented the certificate is said where it is asked for.

use std::sync::{Mutex, PoisonError};

use chain::policy::{Policy, PolicyStatus};
use chain::{
    Anchor, Budget, Fault, Kind, LeafTrust, Question, Revocation, Rules, SignatureCache, Strength, Verdict, trust,
};
use pki::extension::AuthorityKeyId;
use pki::{Certificate, Crl, Oid, Time, Validity, oid};

use crate::store::{Store, StoreError};

/// What one judgement may cost: a chain has three or four certificates, a generation or two of each.
const BUDGET: Budget =
    Budget { additional: 16, depth: 8, steps: 256, signatures: 32, chains: 8, name_comparisons: 1 << 14 };

/// Seconds by which the clocks of two hosts may differ.
const CLOCKS_DIFFER: i64 = 300;

/// Trust anchors, the CAs below them, and their revocation lists.
pub(crate) struct Trust {
    store: chain::Store,
    issuers: Vec<Issuer>,
    /// When the newest list was made.
    newest: Option<Time>,
    made_of: [u8; 32],
    /// Signatures that were good before; it forgets by itself.
    cache: Mutex<SignatureCache>,
}

/// A CA whose certificates are taken.
struct Issuer {
    certificate: Certificate,
    /// When there is a list of it.
    listed: Option<Validity>,
    /// When there is a list of the root above it; nothing of a CA that is trusted by itself.
    root_listed: Option<Option<Validity>>,
}

/// What is asked about a certificate.
pub(crate) struct Asked<'a> {
    /// The certificate.
    pub(crate) leaf: &'a Certificate,
    /// What came along with it.
    pub(crate) additional: &'a [Certificate],
    /// What it must be good for.
    pub(crate) usages: &'static [Oid],
    /// By which policy.
    pub(crate) policy: Policy,
    /// What is too weak.
    pub(crate) strength: Strength,
    /// Whether revocation must be known.
    pub(crate) revocation: Lists,
}

/// What is expected of revocation lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lists {
    /// There must be a current one of the issuer.
    Needed,
    /// Those that are current are looked at; somebody else knows of revocation too.
    IfCurrent,
    /// They are not looked at.
    Ignored,
}

/// What the chain engine says of a certificate, and what the service added to it.
#[derive(Debug, Clone)]
pub(crate) struct Judgement {
    /// The certificate.
    pub(crate) leaf: Certificate,
    /// Its chain, with every fault.
    pub(crate) verdict: Verdict,
    /// What the policy makes of it.
    pub(crate) status: PolicyStatus,
    additional: Vec<Certificate>,
    usages: &'static [Oid],
    strength: Strength,
    revocation: Revocation,
    at: Time,
}

impl Trust {
    /// These CAs, whichever generation, and these roots. A CA below one of the roots is as good as the root; any other
    /// is trusted by itself, root or not. Nothing is trusted as the certificate of a client.
    pub(crate) fn in_issuers(issuers: &[Certificate], roots: &[Certificate], lists: &[Crl]) -> Trust {
        let mut store = chain::Store::new();
        let mut known = Vec::new();
        for issuer in issuers {
            let root = roots.iter().find(|root| *root != issuer && is_by(issuer, root));
            match root {
                Some(root) => {
                    store.trust_as(root, LeafTrust::AnchorOnly);
                    store.add(issuer);
                }
                None => store.trust_as(issuer, LeafTrust::AnchorOnly),
            }
            known.push(Issuer {
                certificate: issuer.clone(),
                listed: listed(issuer, lists),
                root_listed: root.map(|root| listed(root, lists)),
            });
        }
        lists.iter().for_each(|list| store.add_crl(list.clone()));
        let made_of = Trust::made_of(issuers, roots, lists);
        let newest = lists.iter().map(Crl::this_update).max();
        Trust { store, issuers: known, newest, made_of, cache: Mutex::default() }
    }

    /// These certificates: whatever leads to one of them, or is one of them.
    pub(crate) fn in_anchors(anchors: &[Certificate]) -> Trust {
        let mut store = chain::Store::new();
        anchors.iter().for_each(|anchor| store.trust(anchor));
        let made_of = Trust::made_of(anchors, &[], &[]);
        Trust { store, issuers: Vec::new(), newest: None, made_of, cache: Mutex::default() }
    }

    fn made_of(issuers: &[Certificate], roots: &[Certificate], lists: &[Crl]) -> [u8; 32] {
        let of =
            |certificates: &[Certificate]| certificates.iter().flat_map(Certificate::fingerprint).collect::<Vec<u8>>();
        let lists: Vec<u8> = lists.iter().flat_map(|list| pki::digest::sha256(list.der())).collect();
        pki::digest::sha256(&[of(issuers), vec![0], of(roots), vec![0], lists].concat())
    }

    /// Whether it is made of these.
    pub(crate) fn is_of(&self, issuers: &[Certificate], roots: &[Certificate], lists: &[Crl]) -> bool {
        self.made_of == Trust::made_of(issuers, roots, lists)
    }

    /// Judges a certificate at a moment.
    pub(crate) fn judge(&self, asked: &Asked<'_>, at: Time) -> Judgement {
        let fresh = self.fresh(at);
        let revocation = self.revocation(asked, fresh);
        let question = Question {
            additional: asked.additional,
            revocation,
            now: Some(fresh),
            ..question(asked.leaf, asked.usages, asked.strength, at)
        };
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let verdict = chain::judge_with(&self.store, &question, &mut cache);
        drop(cache);
        let status = asked.policy.apply(&verdict.chain);
        Judgement {
            leaf: asked.leaf.clone(),
            verdict,
            status,
            additional: asked.additional.to_vec(),
            usages: asked.usages,
            strength: asked.strength,
            revocation,
            at,
        }
    }

    /// The time by which lists must be fresh. Another host's clock may be a little ahead of this one's; its list is none
    /// from the future for that.
    fn fresh(&self, at: Time) -> Time {
        let ahead = |made: &Time| (1..=CLOCKS_DIFFER).contains(&made.seconds().saturating_sub(at.seconds()));
        self.newest.filter(ahead).unwrap_or(at)
    }

    /// Whose revocation is looked at: what nobody can say is a fault, so nobody is asked who cannot.
    fn revocation(&self, asked: &Asked<'_>, at: Time) -> Revocation {
        match asked.revocation {
            Lists::Needed => return Revocation::EndCertificate,
            Lists::Ignored => return Revocation::None,
            Lists::IfCurrent => {}
        }
        let current = |listed: Option<Validity>| listed.is_some_and(|listed| listed.contains(at));
        let mut named = self.issuers.iter().filter(|issuer| may_be_by(asked.leaf, &issuer.certificate)).peekable();
        if named.peek().is_none() {
            return Revocation::None;
        }
        named.fold(Revocation::ChainExcludingRoot, |so_far, issuer| {
            match (current(issuer.listed), issuer.root_listed) {
                (false, _) => Revocation::None,
                (true, Some(listed)) if current(listed) => so_far,
                // The list of a root may be away for long; a CA that is trusted by itself has nobody above it.
                (true, _) if so_far == Revocation::None => so_far,
                (true, _) => Revocation::EndCertificate,
            }
        })
    }
}

/// The question that is always asked: by the rules of RFC 5280, for which a configured CA is a trust anchor whether it is
/// self-signed or not; the anchor's own validity and constraints count.
fn question<'a>(leaf: &'a Certificate, usages: &'static [Oid], strength: Strength, at: Time) -> Question<'a> {
    Question {
        rules: Rules::Rfc5280,
        anchor: Anchor::ConstraintsAndValidity,
        usages,
        strength: Some(strength),
        budget: BUDGET,
        ..Question::new(leaf, at)
    }
}

fn is_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    certificate.issuer().matches(issuer.subject()) && certificate.verify_signature(issuer.public_key()).is_ok()
}

/// By the names alone, without asking for the signature: generations have one name and different key identifiers.
fn may_be_by(certificate: &Certificate, issuer: &Certificate) -> bool {
    let stated = certificate.extension(&oid::AUTHORITY_KEY_ID).and_then(|e| AuthorityKeyId::parse(&e.value).ok());
    let same_key = match (stated.and_then(|aki| aki.key_id), issuer.subject_key_id()) {
        (Some(stated), Some(own)) => stated == own,
        _ => true,
    };
    same_key && certificate.issuer().matches(issuer.subject())
}

fn listed(issuer: &Certificate, lists: &[Crl]) -> Option<Validity> {
    let own =
        |list: &&Crl| list.issuer().matches(issuer.subject()) && list.verify_signature(issuer.public_key()).is_ok();
    let time = |list: &Crl| Some(Validity { not_before: list.this_update(), not_after: list.next_update()? });
    lists.iter().filter(own).filter_map(time).max_by_key(|time| time.not_after)
}

/// The latest revocation lists that the store has of these CAs.
pub(crate) async fn lists<'a>(
    store: &Store,
    of: impl Iterator<Item = &'a Certificate>,
) -> Result<Vec<Crl>, StoreError> {
    let mut lists = Vec::new();
    for certificate in of {
        let latest = store.crl_latest(&certificate.fingerprint()).await?;
        lists.extend(latest.and_then(|row| Crl::parse(&row.der).ok()));
    }
    Ok(lists)
}

impl Judgement {
    /// Every fault, with its element; nothing stands for the chain as a whole.
    pub(crate) fn faults(&self) -> impl Iterator<Item = (Option<usize>, &Fault)> {
        self.verdict.chain.errors()
    }

    /// The certificate that signed the leaf, if that is known.
    pub(crate) fn issuer(&self) -> Option<&Certificate> {
        let mut elements = self.verdict.chain.elements.iter();
        let signed = elements.next().is_some_and(|leaf| !leaf.error.has(trust::ErrorStatus::IS_NOT_SIGNATURE_VALID));
        elements.next().filter(|_| signed).map(|element| &element.certificate)
    }

    /// Adds what the service knows and no chain says, as a fault of the leaf.
    pub(crate) fn add(&mut self, kind: Kind, says: String) {
        let chain = &mut self.verdict.chain;
        if let Some(leaf) = chain.elements.first_mut() {
            leaf.error |= kind.bits();
            leaf.faults.push(Fault { kind, bits: kind.bits(), says });
        }
        chain.error |= kind.bits();
        self.status = self.status.policy.apply(chain);
    }

    /// What was answered, where that is another word than the policy's.
    pub(crate) fn answered(&mut self, result: u32) {
        if self.status.result != result {
            (self.status.result, self.status.chain_index, self.status.element_index) = (result, 0, 0);
        }
    }

    /// Every fault in words, of the leaf first: `CHAIN-EXPIRED it expired on …`.
    pub(crate) fn in_detail(&self) -> String {
        let names = |fault: &Fault| fault.kind == Kind::ServerName;
        let faults = self.verdict.chain.all_faults().filter(|(_, fault)| !fault.is_note() || names(fault));
        let of = |(at, fault): (Option<usize>, &Fault)| {
            let element = at.filter(|at| *at > 0).and_then(|at| self.verdict.chain.elements.get(at));
            let whose = element.map(|e| format!("of {}: ", e.certificate.subject())).unwrap_or_default();
            format!("{} {whose}{}", fault.code(), fault.says)
        };
        faults.map(of).collect::<Vec<_>>().join("; ")
    }

    /// What was asked, for whoever shows it.
    pub(crate) fn question(&self) -> Question<'_> {
        let question = question(&self.leaf, self.usages, self.strength, self.at);
        Question { additional: &self.additional, revocation: self.revocation, ..question }
    }
}

/// A result code of Windows with its name, if it is one of those that are given here: `0x800B0101 CERT_E_EXPIRED`.
#[must_use]
pub fn in_words(result: u32) -> String {
    let name = match result {
        CRYPT_E_NOT_FOUND => "CRYPT_E_NOT_FOUND",
        CERT_E_MALFORMED => "CERT_E_MALFORMED",
        other => trust::result::name(other),
    };
    format!("0x{result:08X} {name}").trim_end().to_owned()
}

/// An object or an entry of the store is missing.
pub(crate) const CRYPT_E_NOT_FOUND: u32 = 0x8009_2004;
/// A certificate cannot be read.
pub(crate) const CERT_E_MALFORMED: u32 = 0x800B_0108;

#[cfg(test)]
mod tests;
