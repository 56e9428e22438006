//! Time, signature, trust, usage, extensions, basic constraints.

use chain::{Question, UsageMatch, judge};
use pki::extension::{Extension, KeyUsage};
use pki::{Oid, oid};

use crate::forge::{ca, noon, recipe, with_bad_signature};
use crate::{ask, errors, infos, store, whole};

#[test]
fn a_good_chain_has_no_bits_and_tells_how_issuers_were_found() {
    let root = ca("CN=Root").self_signed();
    let issuing = ca("CN=Issuing").signed_by(&root);
    let leaf = recipe("CN=Leaf").signed_by(&issuing);
    let verdict = ask(&store(&root.certificate, &[&issuing.certificate]), &leaf.certificate);
    assert_eq!(errors(&verdict), [0, 0, 0]);
    assert_eq!(infos(&verdict), [0x104, 0x104, 0x10c]);
    assert_eq!((whole(&verdict).0.0, whole(&verdict).1.0), (0, 0x100));
}

#[test]
fn both_ends_of_the_validity_are_valid() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").valid(-100, 100).signed_by(&root);
    let store = store(&root.certificate, &[]);
    for (at, error) in [(-101, 1), (-100, 0), (100, 0), (101, 1)] {
        let verdict = judge(&store, &Question::new(&leaf.certificate, noon().plus(at)));
        assert_eq!(verdict.chain.elements[0].error.0, error, "{at}");
    }
}

#[test]
fn every_certificate_is_in_time_or_not_the_root_too() {
    let root = ca("CN=Root").valid(-200, -100).self_signed();
    let issuing = ca("CN=Issuing").valid(100, 200).signed_by(&root);
    let leaf = recipe("CN=Leaf").signed_by(&issuing);
    let verdict = ask(&store(&root.certificate, &[&issuing.certificate]), &leaf.certificate);
    assert_eq!(errors(&verdict), [0, 1, 1]);
    assert!(verdict.chain.errors().all(|(_, fault)| !fault.says.is_empty()));
    assert_eq!(verdict.chain.elements[1].faults[0].code(), "CHAIN-NOT-YET-VALID");
}

#[test]
fn validity_that_is_not_nested_is_no_error() {
    let root = ca("CN=Root").valid(-50, 50).self_signed();
    let leaf = recipe("CN=Leaf").signed_by(&root);
    assert!(ask(&store(&root.certificate, &[]), &leaf.certificate).chain.is_good());
}

#[test]
fn a_bad_signature_is_on_what_is_signed_even_under_an_untrusted_root() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").signed_by(&root);
    let broken_root = with_bad_signature(&root.certificate);
    let mut untrusting = chain::Store::new();
    untrusting.add(&broken_root);
    let verdict = ask(&untrusting, &with_bad_signature(&leaf.certificate));
    assert_eq!(errors(&verdict), [8, 0x28]);
}

#[test]
fn a_self_signed_certificate_that_is_not_trusted_is_an_untrusted_root() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").signed_by(&root);
    let mut store = chain::Store::new();
    store.add(&root.certificate);
    let verdict = ask(&store, &leaf.certificate);
    assert_eq!((errors(&verdict), whole(&verdict).0.0), (vec![0, 0x20], 0x20));
}

#[test]
fn a_missing_issuer_is_a_partial_chain_on_the_chain_alone() {
    let root = ca("CN=Root").self_signed();
    let issuing = ca("CN=Issuing").signed_by(&root);
    let leaf = recipe("CN=Leaf").signed_by(&issuing);
    let verdict = ask(&store(&root.certificate, &[]), &leaf.certificate);
    assert_eq!((errors(&verdict), infos(&verdict)), (vec![0], vec![4]));
    assert_eq!(whole(&verdict).0.0, 0x10000);
}

#[test]
fn a_circle_is_cut_at_the_repeated_certificate() {
    let a = ca("CN=A").self_signed();
    let b = ca("CN=B").signed_by(&a);
    let a_by_b = ca("CN=A").keyed(&a.key).signed_by(&b);
    let leaf = recipe("CN=Leaf").signed_by(&a);
    let mut store = chain::Store::new();
    store.add(&a_by_b.certificate);
    store.add(&b.certificate);
    let verdict = ask(&store, &leaf.certificate);
    assert_eq!(errors(&verdict), [0, 0x400, 0x400, 0x480]);
    assert_eq!(whole(&verdict).0.0, 0x10480);
    assert_eq!(infos(&verdict), [0x104, 0x104, 0x104, 0x104]);
}

#[test]
fn key_usage_and_basic_constraints_must_agree() {
    let root = ca("CN=Root").self_signed();
    let cases = [
        (ca("CN=I").usage(KeyUsage::CRL_SIGN), 0x10),
        (ca("CN=I").without(&oid::KEY_USAGE), 0),
        (ca("CN=I").with(Extension::critical(oid::KEY_USAGE, vec![3, 4, 0, 4, 0, 0])), 0x10),
    ];
    for (recipe_of_ca, error) in cases {
        let issuing = recipe_of_ca.signed_by(&root);
        let leaf = recipe("CN=Leaf").signed_by(&issuing);
        let verdict = ask(&store(&root.certificate, &[&issuing.certificate]), &leaf.certificate);
        assert_eq!(errors(&verdict), [0, error, 0]);
    }
    let leaf = recipe("CN=Leaf").usage(KeyUsage::KEY_CERT_SIGN).signed_by(&root);
    assert_eq!(errors(&ask(&store(&root.certificate, &[]), &leaf.certificate)), [0x10, 0]);
}

#[test]
fn usages_are_intersected_down_the_chain_and_judged_on_the_leaf() {
    let root = ca("CN=Root").self_signed();
    let issuing = ca("CN=Issuing").purposes(&[oid::CLIENT_AUTH, oid::CODE_SIGNING]).signed_by(&root);
    let leaf = recipe("CN=Leaf").purposes(&[oid::CLIENT_AUTH, oid::SERVER_AUTH]).signed_by(&issuing);
    let store = store(&root.certificate, &[&issuing.certificate]);
    let judged = |usages: &[Oid], usage_match| {
        errors(&judge(&store, &Question { usages, usage_match, ..Question::new(&leaf.certificate, noon()) }))
    };
    assert_eq!(judged(&[oid::CLIENT_AUTH], UsageMatch::All), [0, 0, 0]);
    assert_eq!(judged(&[oid::SERVER_AUTH], UsageMatch::All), [0x10, 0, 0]);
    assert_eq!(judged(&[oid::CLIENT_AUTH, oid::SERVER_AUTH], UsageMatch::All), [0x10, 0, 0]);
    assert_eq!(judged(&[oid::CLIENT_AUTH, oid::SERVER_AUTH], UsageMatch::Any), [0, 0, 0]);
    let plain = recipe("CN=Plain").signed_by(&root);
    let usages = [oid::EMAIL_PROTECTION];
    let verdict = judge(&store, &Question { usages: &usages, ..Question::new(&plain.certificate, noon()) });
    assert!(verdict.chain.is_good(), "no extension satisfies all");
}

#[test]
fn extensions_that_cannot_be_understood() {
    let root = ca("CN=Root").self_signed();
    let unknown: Oid = "1.2.3.4".parse().unwrap();
    let cases = [
        (recipe("CN=L").with(Extension::critical(unknown.clone(), vec![5, 0])), 0x800_0100),
        (recipe("CN=L").with(Extension::plain(unknown, vec![5, 0])), 0),
        (recipe("CN=L").with(Extension::plain(oid::EXTENDED_KEY_USAGE, vec![5, 0])), 0x100),
        (recipe("CN=L").dns("l.example.test").version(1), 0x100),
        (recipe("CN=L").with(Extension::plain(oid::BASIC_CONSTRAINTS, vec![5, 0])), 0x400),
    ];
    for (leaf, error) in cases {
        let leaf = leaf.signed_by(&root);
        assert_eq!(errors(&ask(&store(&root.certificate, &[]), &leaf.certificate)), [error, 0]);
    }
}

#[test]
fn who_is_no_ca() {
    let root = ca("CN=Root").self_signed();
    let cases = [
        (recipe("CN=I"), 0x400),
        (recipe("CN=I").basic(false, None), 0x400),
        (recipe("CN=I").version(0), 0),
        (ca("CN=I").with(Extension::critical(oid::BASIC_CONSTRAINTS, vec![5, 0])), 0x410),
    ];
    for (of_ca, error) in cases {
        let issuing = of_ca.signed_by(&root);
        let leaf = recipe("CN=Leaf").signed_by(&issuing);
        let verdict = ask(&store(&root.certificate, &[&issuing.certificate]), &leaf.certificate);
        assert_eq!(errors(&verdict), [0, error, 0]);
        // A version 1 certificate is a CA only if it is installed, not if the peer sends it.
        let sent = [issuing.certificate.clone()];
        let question = Question { additional: &sent, ..Question::new(&leaf.certificate, noon()) };
        let verdict = judge(&store(&root.certificate, &[]), &question);
        assert_eq!(verdict.chain.elements[1].error.0 & 0x400, 0x400);
    }
}

#[test]
fn a_root_needs_neither_basic_constraints_nor_key_usage_nor_version_3() {
    for root in [recipe("CN=Root"), recipe("CN=Root").version(0)] {
        let root = root.self_signed();
        let leaf = recipe("CN=Leaf").signed_by(&root);
        assert!(ask(&store(&root.certificate, &[]), &leaf.certificate).chain.is_good());
    }
}

#[test]
fn from_the_ca_whose_limit_is_exceeded_every_ca_below_is_at_fault() {
    let root = ca("CN=Root").self_signed();
    let a = ca("CN=A").basic(true, Some(0)).signed_by(&root);
    let b = ca("CN=B").signed_by(&a);
    let leaf = recipe("CN=Leaf").signed_by(&b);
    let verdict = ask(&store(&root.certificate, &[&a.certificate, &b.certificate]), &leaf.certificate);
    assert_eq!(errors(&verdict), [0, 0x400, 0x400, 0]);
    let c = ca("CN=C").signed_by(&b);
    let leaf = recipe("CN=Leaf").signed_by(&c);
    let all = [&a.certificate, &b.certificate, &c.certificate];
    assert_eq!(errors(&ask(&store(&root.certificate, &all), &leaf.certificate)), [0, 0x400, 0x400, 0x400, 0]);
}

#[test]
fn what_is_distrusted_says_so_wherever_it_stands() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").signed_by(&root);
    let mut store = store(&root.certificate, &[]);
    store.distrust(&root.certificate);
    assert_eq!(errors(&ask(&store, &leaf.certificate)), [0, 0x400_0000]);
}

#[test]
fn several_faults_are_all_there_and_the_chain_is_their_sum() {
    let root = ca("CN=Root").valid(-200, -100).self_signed();
    let issuing = ca("CN=Issuing").usage(KeyUsage::CRL_SIGN).valid(-200, -100).signed_by(&root);
    let leaf = recipe("CN=Leaf").usage(KeyUsage::KEY_CERT_SIGN).signed_by(&issuing);
    let verdict = ask(&store(&root.certificate, &[&issuing.certificate]), &with_bad_signature(&leaf.certificate));
    assert_eq!((errors(&verdict), whole(&verdict).0.0), (vec![0x18, 0x11, 1], 0x19));
}

#[test]
fn a_policy_that_is_required_or_asked_for() {
    use chain::{Initially, PolicyInputs};
    let (policy, other): (Oid, Oid) = ("1.2.3.1".parse().unwrap(), "1.2.3.2".parse().unwrap());
    let root = ca("CN=Root").self_signed();
    let issuing = ca("CN=Issuing").policies(std::slice::from_ref(&policy)).signed_by(&root);
    let leaf = recipe("CN=Leaf").policies(std::slice::from_ref(&policy)).signed_by(&issuing);
    let store = store(&root.certificate, &[&issuing.certificate]);
    let judged = |acceptable: &[Oid], explicit| {
        let policies = PolicyInputs { acceptable, explicit, ..PolicyInputs::default() };
        judge(&store, &Question { policies, ..Question::new(&leaf.certificate, noon()) })
    };
    let fits = judged(&[policy], Initially::Unset);
    assert_eq!((errors(&fits), infos(&fits)[0]), (vec![0, 0, 0], 0x304));
    assert_eq!(errors(&judged(std::slice::from_ref(&other), Initially::Unset)), [0x200_0000, 0, 0]);
    assert_eq!(errors(&judged(&[other], Initially::Set)), [0x200_0200, 0, 0]);
}
