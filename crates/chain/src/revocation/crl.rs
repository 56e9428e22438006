//! Revocation by lists: complete, indirect and delta (RFC 5280 §6.3.3).

use pki::crl::{Reason, Revoked};
use pki::digest;
use pki::extension::{DistributionPoint, GeneralName};

use super::scope::{ALL_REASONS, reasons_covered};
use super::{KnownCrl, Pair, RevocationSource, Says, SourceKind, freshness, signer};
use crate::build::{Path, Pool};
use crate::facts::shown_name;
use crate::question::{Question, Rules};
use crate::signature::Verifier;

/// Goes through the certificate's distribution points and the lists that cover it until every reason is covered.
pub(super) fn ask(
    pool: &Pool<'_>,
    question: &Question<'_>,
    verifier: &mut Verifier<'_>,
    path: &Path,
    pair: &Pair<'_>,
) -> Says {
    let mut inquiry =
        Inquiry { pool, question, path, pair, covered: 0, source: None, stale: None, refused: Vec::new() };
    for point in points(pair) {
        for list in pool.store.crls.iter().filter(|list| !list.is_delta()) {
            if inquiry.covered == ALL_REASONS {
                break;
            }
            if let Some(revoked) = inquiry.consult(list, &point, verifier) {
                return revoked;
            }
        }
    }
    inquiry.conclude()
}

/// The certificate's own points, then its issuer as the point every list of the issuer has (RFC 5280 §6.3.3, end).
fn points(pair: &Pair<'_>) -> Vec<DistributionPoint> {
    let mut points = pair.subject.crl_points.value().cloned().unwrap_or_default();
    let issuer = GeneralName::Directory(pair.subject.certificate.issuer().clone());
    points.push(DistributionPoint { full_name: vec![issuer], ..DistributionPoint::default() });
    points
}

struct Inquiry<'a> {
    pool: &'a Pool<'a>,
    question: &'a Question<'a>,
    path: &'a Path,
    pair: &'a Pair<'a>,
    covered: u16,
    source: Option<RevocationSource>,
    stale: Option<String>,
    refused: Vec<String>,
}

impl Inquiry<'_> {
    /// Looks into one list. Returns what it says if that settles the matter.
    fn consult(&mut self, list: &KnownCrl, point: &DistributionPoint, verifier: &mut Verifier<'_>) -> Option<Says> {
        let subject = &self.pair.subject.certificate;
        let of_same_issuer = list.issuer_key == self.pair.subject.issuer_key;
        let reasons = match reasons_covered(list, self.pair.subject, point) {
            Ok(reasons) => reasons,
            // Lists of other issuers are not worth a word.
            Err(why) => {
                if of_same_issuer {
                    self.refuse(list, why);
                }
                return None;
            }
        };
        if reasons & !self.covered == 0 {
            return None;
        }
        if let Err(why) = self.usable(list, verifier) {
            self.refuse(list, &why);
            return None;
        }
        if let Err(why) = freshness(self.question, list.crl.this_update(), list.crl.next_update()) {
            self.stale.get_or_insert(format!("the list of {} cannot be used: {why}", shown_name(list.crl.issuer())));
            return None;
        }
        let delta = self.delta_of(list, verifier);
        let (issuer, serial) = (subject.issuer(), subject.serial());
        let entry = delta.and_then(|delta| delta.entry(issuer, serial)).or_else(|| list.entry(issuer, serial));
        let source = self.source_of(delta.unwrap_or(list));
        match entry.filter(|entry| self.counts(entry)) {
            Some(entry) => Some(Says::Revoked(source, entry.at, entry.reason())),
            None => {
                self.covered |= reasons;
                self.source.get_or_insert(source);
                None
            }
        }
    }

    /// Whether the entry means that the certificate is revoked.
    fn counts(&self, entry: &Revoked) -> bool {
        let before = self.question.rules == Rules::Rfc5280 || entry.at <= self.question.at;
        entry.reason() != Some(Reason::RemoveFromCrl) && before
    }

    fn usable(&self, list: &KnownCrl, verifier: &mut Verifier<'_>) -> Result<(), String> {
        if let Some(why) = list.unusable {
            return Err(why.to_owned());
        }
        if let Some(id) = &list.unsupported {
            return Err(format!("it has a critical extension {id} that is not supported"));
        }
        signer::signed_by_whom(self.pool, self.question, verifier, self.path, self.pair, list)
    }

    /// The newest delta list that belongs to this complete one (RFC 5280 §5.2.4, §6.3.3 (c)).
    fn delta_of<'l>(&'l self, list: &KnownCrl, verifier: &mut Verifier<'_>) -> Option<&'l KnownCrl> {
        let number = list.crl.number()?;
        let fits = |delta: &&KnownCrl| {
            let base = delta.delta_base.value();
            delta.is_delta()
                && delta.issuer_key == list.issuer_key
                && delta.crl.issuer().matches(list.crl.issuer())
                && delta.scope == list.scope
                && base.is_some_and(|base| at_most(base, &number))
                && delta.crl.number().is_some_and(|own| !at_most(&own, &number))
                && freshness(self.question, delta.crl.this_update(), delta.crl.next_update()).is_ok()
        };
        let mut deltas: Vec<&KnownCrl> = self.pool.store.crls.iter().filter(fits).collect();
        deltas.sort_by_key(|delta| std::cmp::Reverse(delta.crl.this_update()));
        deltas.into_iter().find(|delta| self.usable(delta, verifier).is_ok())
    }

    fn refuse(&mut self, list: &KnownCrl, why: &str) {
        let says = format!("the list of {} cannot be used: {why}", shown_name(list.crl.issuer()));
        if !self.refused.contains(&says) {
            self.refused.push(says);
        }
    }

    fn source_of(&self, list: &KnownCrl) -> RevocationSource {
        let points = self.pair.subject.crl_points.value();
        RevocationSource {
            kind: SourceKind::Crl,
            thumbprint: digest::hex(&digest::sha1(list.crl.der())).to_uppercase(),
            issuer: shown_name(list.crl.issuer()),
            this_update: list.crl.this_update(),
            oddities: list.oddities.clone(),
            url: points.and_then(|points| points.iter().find_map(|p| p.uris().next().map(str::to_owned))),
        }
    }

    fn conclude(self) -> Says {
        match (self.covered == ALL_REASONS, self.source, self.stale) {
            (true, Some(source), _) => Says::Good(source),
            (_, _, Some(stale)) => Says::Stale(stale),
            (false, Some(_), None) => Says::Nothing("the lists do not cover every reason for revocation".to_owned()),
            _ => Says::Nothing(self.refused.join("; ")),
        }
    }
}

/// Whether one unsigned number, magnitude octets without leading zeros, is at most the other.
fn at_most(a: &[u8], b: &[u8]) -> bool {
    (a.len(), a) <= (b.len(), b)
}
