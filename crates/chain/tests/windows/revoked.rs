//! Revocation bits: revoked, nothing to check with, stale.

use chain::{Question, Revocation, Store, Verdict, judge};
use pki::crl::{CrlContent, Reason, Revoked};
use pki::der::write;
use pki::extension::{DistributionPoint, Extension};
use pki::key::Sign;
use pki::{Crl, oid};

use crate::forge::{Made, ca, key_id_aki, noon, recipe};
use crate::{errors, store, whole};

const NO_CHECK: u32 = 0x8009_2012;
const OFFLINE: u32 = 0x8009_2013;
const REVOKED: u32 = 0x8009_2010;

fn crl(issuer: &Made, revoked: &[Revoked], until: i64) -> Crl {
    let extensions =
        [key_id_aki(&issuer.key.public_key().key_id()), Extension::plain(oid::CRL_NUMBER, write::integer(1))];
    let content = CrlContent {
        issuer: issuer.certificate.subject(),
        this_update: noon().plus(-3600),
        next_update: noon().plus(until),
        revoked,
        extensions: &extensions,
    };
    Crl::build(&content, &issuer.key).unwrap()
}

fn entry(of: &Made, at: i64, reason: Reason) -> Revoked {
    let reason = Extension::plain(oid::CRL_REASON, write::tlv(pki::der::tag::ENUMERATED, &[reason as u8]));
    Revoked { serial: of.certificate.serial().to_vec(), at: noon().plus(at), extensions: vec![reason] }
}

fn asked(store: &Store, leaf: &Made, revocation: Revocation) -> Verdict {
    judge(store, &Question { revocation, ..Question::new(&leaf.certificate, noon()) })
}

fn result(verdict: &Verdict) -> u32 {
    verdict.chain.elements[0].revocation.as_ref().unwrap().result
}

#[test]
fn not_revoked_revoked_and_revoked_later() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").signed_by(&root);
    let judged = |revoked: &[Revoked]| {
        let mut store = store(&root.certificate, &[]);
        store.add_crl(crl(&root, revoked, 3600));
        let verdict = asked(&store, &leaf, Revocation::ChainExcludingRoot);
        (errors(&verdict), result(&verdict))
    };
    assert_eq!(judged(&[]), (vec![0, 0], 0));
    assert_eq!(judged(&[entry(&leaf, -10, Reason::Superseded)]), (vec![4, 0], REVOKED));
    assert_eq!(
        judged(&[entry(&leaf, 10, Reason::Superseded)]),
        (vec![0, 0], 0),
        "the date decides, by the time asked about"
    );
}

#[test]
fn without_a_source_the_status_is_unknown_alone() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").signed_by(&root);
    let verdict = asked(&store(&root.certificate, &[]), &leaf, Revocation::ChainExcludingRoot);
    assert_eq!((errors(&verdict), result(&verdict)), (vec![0x40, 0], NO_CHECK));
    let verdict = asked(&store(&root.certificate, &[]), &leaf, Revocation::Chain);
    assert_eq!(errors(&verdict), [0x40, 0x40], "the root is checked unless excluded");
    let verdict = asked(&store(&root.certificate, &[]), &leaf, Revocation::EndCertificate);
    assert_eq!(errors(&verdict), [0x40, 0]);
    assert_eq!(whole(&asked(&store(&root.certificate, &[]), &leaf, Revocation::None)).0.0, 0);
}

#[test]
fn a_source_that_is_known_but_stale_or_not_there_is_offline() {
    let root = ca("CN=Root").self_signed();
    let url = DistributionPoint::uris_der(&["http://crl.example.test/root.crl".to_owned()]);
    let leaf = recipe("CN=Leaf").with(Extension::plain(oid::CRL_DISTRIBUTION_POINTS, url)).signed_by(&root);
    let verdict = asked(&store(&root.certificate, &[]), &leaf, Revocation::ChainExcludingRoot);
    assert_eq!((errors(&verdict), result(&verdict)), (vec![0x100_0040, 0], OFFLINE));
    let plain = recipe("CN=Plain").signed_by(&root);
    let mut with_stale = store(&root.certificate, &[]);
    with_stale.add_crl(crl(&root, &[], -10));
    let verdict = asked(&with_stale, &plain, Revocation::ChainExcludingRoot);
    assert_eq!((errors(&verdict), result(&verdict)), (vec![0x100_0040, 0], OFFLINE));
}

#[test]
fn a_list_that_somebody_else_signed_tells_nothing() {
    let root = ca("CN=Root").self_signed();
    let impostor = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").signed_by(&root);
    let mut store = store(&root.certificate, &[]);
    store.add_crl(crl(&impostor, &[], 3600));
    let verdict = asked(&store, &leaf, Revocation::ChainExcludingRoot);
    assert_eq!((errors(&verdict), result(&verdict)), (vec![0x40, 0], NO_CHECK));
    assert!(verdict.chain.errors().any(|(_, fault)| fault.says.contains("signature is wrong")));
}
