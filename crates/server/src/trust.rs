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
mod tests {
    #![allow(clippy::unwrap_used)]
    use ca::authority::{self, Subordinate};
    use pki::Name;
    use pki::key::{KeySpec, PrivateKey, Sign};

    use super::*;

    const NOW: Time = Time(1_800_000_000);
    const DAY: i64 = 86_400;

    struct Ca {
        certificate: Certificate,
        key: PrivateKey,
    }

    impl Ca {
        fn list(&self, made: Time, revoked: &[&Certificate]) -> Crl {
            let reason = pki::crl::Reason::CaCompromise;
            let entry = |c: &&Certificate| ca::RevokedEntry { serial: c.serial().to_vec(), at: NOW, reason };
            let entries: Vec<_> = revoked.iter().map(entry).collect();
            ca::crl(&self.certificate, &self.key, &entries, 1, made, made.plus(DAY)).unwrap()
        }
    }

    fn serial() -> ca::Serial {
        ca::Serial::random(&mut crate::world::random)
    }

    /// A root, a CA below it, and one below that in place of a leaf.
    fn three() -> (Ca, Ca, Certificate) {
        let validity = Validity { not_before: NOW.plus(-DAY), not_after: NOW.plus(365 * DAY) };
        let root_key = PrivateKey::generate(KeySpec::P256).unwrap();
        let root = authority::root(&Name::parse("CN=Root").unwrap(), &root_key, validity, &serial()).unwrap();
        let key = PrivateKey::generate(KeySpec::P256).unwrap();
        let (subject, no_urls) = (Name::parse("CN=Issuing CA").unwrap(), &[]);
        let wanted =
            Subordinate { subject: &subject, key: key.public_key(), validity, crl_urls: no_urls, issuer_urls: no_urls };
        let issuing = authority::issuing(&wanted, &root, &root_key, &serial()).unwrap();
        let leaf_key = PrivateKey::generate(KeySpec::P256).unwrap();
        let name = Name::parse("CN=Leaf").unwrap();
        let leaf = leaf(&issuing, &key, &name, leaf_key.public_key());
        (Ca { certificate: root, key: root_key }, Ca { certificate: issuing, key }, leaf)
    }

    fn leaf(issuer: &Certificate, key: &PrivateKey, name: &Name, own: &pki::key::PublicKey) -> Certificate {
        use pki::der::write;
        let algorithm = key.preferred();
        let aki = pki::extension::Extension {
            id: oid::AUTHORITY_KEY_ID,
            criticality: pki::extension::Criticality::NonCritical,
            value: AuthorityKeyId::key_id_der(issuer.subject_key_id().unwrap()),
        };
        let tbs = write::sequence(&[
            &write::explicit(0, &write::integer(2)),
            &write::integer(7),
            &algorithm.to_der(),
            issuer.subject().der(),
            &Validity { not_before: NOW.plus(-DAY), not_after: NOW.plus(30 * DAY) }.to_der(),
            name.der(),
            own.spki_der(),
            &write::explicit(3, &pki::extension::Extension::all_to_der(&[aki])),
        ]);
        let signature = key.sign(algorithm, &tbs).unwrap();
        Certificate::assemble(&tbs, &algorithm.to_der(), &signature).unwrap()
    }

    fn judged(trust: &Trust, leaf: &Certificate, revocation: Lists, strength: Strength) -> (u32, u32) {
        let policy = Policy::Base(chain::policy::PolicyFlags::default());
        let asked = Asked { leaf, additional: &[], usages: &[], policy, strength, revocation };
        let judgement = trust.judge(&asked, NOW);
        (judgement.verdict.chain.error.0, judgement.status.result)
    }

    /// A CA that is configured is trusted by itself, whether its root is known or not.
    #[test]
    fn an_intermediate_is_a_trust_point_and_its_root_is_used_if_it_is_known() {
        let (root, issuing, leaf) = three();
        let issuers = std::slice::from_ref(&issuing.certificate);
        let roots = std::slice::from_ref(&root.certificate);
        let elements = |trust: &Trust| {
            let policy = Policy::Base(chain::policy::PolicyFlags::default());
            let (strength, revocation) = (Strength::Strong, Lists::IfCurrent);
            let asked = Asked { leaf: &leaf, additional: &[], usages: &[], policy, strength, revocation };
            let judgement = trust.judge(&asked, NOW);
            assert_eq!(judgement.status.result, 0, "{}", judgement.in_detail());
            assert_eq!(judgement.issuer(), Some(&issuing.certificate));
            judgement.verdict.chain.elements.len()
        };
        assert_eq!(elements(&Trust::in_issuers(issuers, &[], &[])), 2);
        assert_eq!(elements(&Trust::in_issuers(issuers, roots, &[])), 3);
        let another = three().0;
        assert_eq!(elements(&Trust::in_issuers(issuers, &[another.certificate], &[])), 2, "a root that is not its own");
    }

    /// Lists that are not current make nobody unknown, unless one is needed; those that are, count up to the root's.
    #[test]
    fn revocation_lists_count_while_they_are_current() {
        let (root, issuing, leaf) = three();
        let issuers = std::slice::from_ref(&issuing.certificate);
        let roots = std::slice::from_ref(&root.certificate);
        let with = |lists: &[Crl]| Trust::in_issuers(issuers, roots, lists);
        let (offline, revoked) = (0x8009_2012, chain::trust::result::CRYPT_E_REVOKED);
        let own = |at: i64| issuing.list(NOW.plus(at), &[]);
        let of_root = |at: i64, revoked: &[&Certificate]| root.list(NOW.plus(at), revoked);
        for (lists, wanted, expected, why) in [
            (vec![], Lists::IfCurrent, 0, "there is none"),
            (vec![], Lists::Needed, offline, "one is needed"),
            (vec![own(-1)], Lists::Needed, 0, "there is one"),
            (vec![own(-3 * DAY)], Lists::IfCurrent, 0, "it ended"),
            (vec![own(-3 * DAY)], Lists::Needed, chain::trust::result::CRYPT_E_REVOCATION_OFFLINE, "it ended"),
            // The clock of who made it is a little ahead, or wrong.
            (vec![own(60)], Lists::Needed, 0, "a minute ahead"),
            (vec![own(3600)], Lists::IfCurrent, 0, "an hour ahead counts as none"),
            (vec![issuing.list(NOW, &[&leaf])], Lists::IfCurrent, revoked, "the leaf is on it"),
            (vec![own(0), of_root(0, &[&issuing.certificate])], Lists::IfCurrent, revoked, "its CA is on the root's"),
            (vec![own(0), of_root(-3 * DAY, &[])], Lists::IfCurrent, 0, "the root's ended"),
        ] {
            let (error, result) = judged(&with(&lists), &leaf, wanted, Strength::Strong);
            assert_eq!(result, expected, "{why}: {error:#x}");
        }
    }

    #[test]
    fn a_key_that_is_too_short_is_weak() {
        use pki::der::{Reader, write};
        let (_, issuing, _) = three();
        let algorithm = write::algorithm(&oid::RSA_ENCRYPTION, &write::null());
        let modulus = [&[0][..], &[0xc5; 128]].concat();
        let key = write::sequence(&[&write::tlv(pki::der::tag::INTEGER, &modulus), &write::integer(65_537)]);
        let spki = write::sequence(&[&algorithm, &write::bit_octets(&key)]);
        let key = pki::key::PublicKey::read(&mut Reader::new(&spki)).unwrap();
        let weak = leaf(&issuing.certificate, &issuing.key, &Name::parse("CN=Old").unwrap(), &key);
        let trust = Trust::in_issuers(std::slice::from_ref(&issuing.certificate), &[], &[]);
        let strong = judged(&trust, &weak, Lists::Ignored, Strength::Strong);
        assert_eq!(strong, (0x10_0000, chain::trust::result::CRYPT_E_SECURITY_SETTINGS));
        assert_eq!(judged(&trust, &weak, Lists::Ignored, Strength::Legacy), (0, 0));
    }
}
