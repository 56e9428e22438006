//! Trust points, revocation lists, strength; and what a judgement costs.

#![allow(clippy::unwrap_used)]

use std::time::Instant;

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

/// Not a test that can fail: it prints.
///
/// `cargo test --release -p server trust::tests::cost -- --ignored --nocapture`
#[test]
#[ignore = "measures; run it by the command above"]
#[expect(clippy::disallowed_methods, clippy::disallowed_macros, reason = "it looks at the clock and prints")]
fn cost() {
    let (root, issuing, _) = three();
    let lists = [issuing.list(NOW, &[]), root.list(NOW, &[])];
    let (issuers, roots) = ([issuing.certificate.clone()], [root.certificate.clone()]);
    let trust = Trust::in_issuers(&issuers, &roots, &lists);
    let name = Name::parse("CN=Leaf").unwrap();
    let own = PrivateKey::generate(KeySpec::P256).unwrap();
    let leaves: Vec<Certificate> =
        (0..2000).map(|_| leaf(&issuing.certificate, &issuing.key, &name, own.public_key())).collect();
    let each = |what: &str, work: &dyn Fn(&Certificate)| {
        let begun = Instant::now();
        leaves.iter().for_each(work);
        println!("{what}: {:.1} µs", begun.elapsed().as_secs_f64() * 1e6 / leaves.len() as f64);
    };
    let judge = |leaf: &Certificate| {
        assert_eq!(judged(&trust, leaf, Lists::IfCurrent, Strength::Strong), (0, 0));
    };
    each("one signature alone (P-256)", &|leaf| assert!(is_by(leaf, &issuing.certificate)));
    each("a chain of three with two lists, first seen", &judge);
    each("the same again", &judge);
}
