//! How issuers are found, which one is preferred, and generations of one CA.

use chain::{Alternatives, IssuerMatch, Question, judge};
use pki::Name;
use pki::key::Sign;

use crate::forge::{Made, ca, exact_aki, key_id_aki, noon, recipe, subject_key_id};
use crate::{ask, errors, infos, store, whole};

fn with_key_id(of: &str) -> Made {
    ca(of).self_signed_with_key_ids()
}

#[test]
fn the_authority_key_identifier_decides_how_the_issuer_is_found() {
    let root = with_key_id("CN=Root");
    let id = root.key.public_key().key_id();
    let found = |leaf: &Made| {
        let verdict = ask(&store(&root.certificate, &[]), &leaf.certificate);
        (infos(&verdict), whole(&verdict).1.0)
    };
    assert_eq!(found(&recipe("CN=Leaf").signed_by(&root)), (vec![0x104, 0x10a], 0x100));
    assert_eq!(found(&recipe("CN=Leaf").with(key_id_aki(&id)).signed_by(&root)), (vec![0x102, 0x10a], 0x100));
    let both = recipe("CN=Leaf").with(exact_aki(&root.certificate, Some(&id))).signed_by(&root);
    assert_eq!(found(&both), (vec![0x101, 0x10a], 0x100), "issuer and serial number win over the key identifier");
}

#[test]
fn a_key_identifier_is_computed_where_none_is_stated() {
    let root = ca("CN=Root").self_signed();
    let id = root.key.public_key().key_id();
    let leaf = recipe("CN=Leaf").with(key_id_aki(&id)).signed_by(&root);
    assert_eq!(infos(&ask(&store(&root.certificate, &[]), &leaf.certificate)), [0x102, 0x10c]);
}

#[test]
fn a_root_that_names_itself_exactly() {
    let plain = ca("CN=Root").self_signed();
    let root = ca("CN=Root").with(exact_aki(&plain.certificate, None)).keyed(&plain.key).self_signed();
    let leaf = recipe("CN=Leaf").signed_by(&root);
    assert_eq!(infos(&ask(&store(&root.certificate, &[]), &leaf.certificate)), [0x104, 0x109]);
}

#[test]
fn a_key_identifier_nobody_has_leaves_a_partial_chain_without_a_kind_of_match() {
    let root = with_key_id("CN=Root");
    let leaf = recipe("CN=Leaf").with(key_id_aki(&[7; 20])).signed_by(&root);
    let verdict = ask(&store(&root.certificate, &[]), &leaf.certificate);
    assert_eq!((infos(&verdict), whole(&verdict).0.0), (vec![0], 0x10000));
}

#[test]
fn a_superseded_generation_is_found_by_its_key_and_said() {
    let old = ca("CN=Root").serial(1).self_signed();
    let id = old.key.public_key().key_id();
    let renewed = ca("CN=Root").serial(2).with(subject_key_id(&id)).keyed(&old.key).self_signed();
    let leaf = recipe("CN=Leaf").with(exact_aki(&old.certificate, Some(&id))).signed_by(&old);
    let verdict = ask(&store(&renewed.certificate, &[]), &leaf.certificate);
    assert_eq!((errors(&verdict), infos(&verdict)[0]), (vec![0, 0], 0x102));
    assert!(verdict.chain.all_faults().any(|(_, f)| f.code() == "CHAIN-AUTHORITY-KEY-ID-STALE"));
}

#[test]
fn names_are_compared_octet_for_octet() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").naming(&Name::parse("CN=ROOT").unwrap()).signed_by(&root);
    assert_eq!(whole(&ask(&store(&root.certificate, &[]), &leaf.certificate)).0.0, 0x10000);
}

#[test]
fn the_generation_that_signed_is_taken() {
    let first = ca("CN=Root").serial(1).self_signed();
    let second = ca("CN=Root").serial(2).self_signed();
    let mut store = store(&first.certificate, &[]);
    store.trust(&second.certificate);
    for signer in [&first, &second] {
        let leaf = recipe("CN=Leaf").signed_by(signer);
        let verdict = ask(&store, &leaf.certificate);
        assert!(verdict.chain.is_good());
        assert_eq!(verdict.chain.elements[1].certificate, signer.certificate);
    }
}

#[test]
fn of_two_certificates_of_one_ca_the_valid_one_is_preferred_and_the_other_an_alternative() {
    let root = ca("CN=Root").self_signed();
    let fresh = ca("CN=Issuing").serial(2).signed_by(&root);
    let expired = ca("CN=Issuing").serial(1).valid(-200, -100).keyed(&fresh.key).signed_by(&root);
    let leaf = recipe("CN=Leaf").signed_by(&fresh);
    let store = store(&root.certificate, &[&expired.certificate, &fresh.certificate]);
    let question = Question { alternatives: Alternatives::All, ..Question::new(&leaf.certificate, noon()) };
    let verdict = judge(&store, &question);
    assert!(verdict.chain.is_good());
    assert_eq!(verdict.alternatives.len(), 1);
    assert_eq!(verdict.alternatives[0].error.0, 1);
    assert_eq!(verdict.chain.elements[0].issuer_found_by, Some(IssuerMatch::Name));
}

#[test]
fn a_cross_certificate_leads_to_the_root_that_is_trusted() {
    let trusted = ca("CN=Trusted").self_signed();
    let other = ca("CN=Other").self_signed();
    let cross = ca("CN=Other").keyed(&other.key).signed_by(&trusted);
    let leaf = recipe("CN=Leaf").signed_by(&other);
    let verdict = ask(&store(&trusted.certificate, &[&other.certificate, &cross.certificate]), &leaf.certificate);
    assert_eq!(errors(&verdict), [0, 0, 0]);
    assert_eq!(verdict.chain.elements[2].certificate, trusted.certificate);
}

#[test]
fn an_unrelated_certificate_and_the_order_of_the_store_change_nothing() {
    let root = ca("CN=Root").self_signed();
    let issuing = ca("CN=Issuing").valid(-200, -100).signed_by(&root);
    let leaf = recipe("CN=Leaf").signed_by(&issuing);
    let stranger = ca("CN=Stranger").self_signed();
    let one = ask(&store(&root.certificate, &[&issuing.certificate]), &leaf.certificate);
    let mut shuffled = chain::Store::new();
    shuffled.add(&stranger.certificate);
    shuffled.add(&issuing.certificate);
    shuffled.trust(&root.certificate);
    let other = ask(&shuffled, &leaf.certificate);
    assert_eq!((errors(&one), infos(&one)), (errors(&other), infos(&other)));
}
