//! Path-building bombs: a thousand cross-signed CAs. The answer comes within the budget and says that it was cut.
#![allow(clippy::unwrap_used, missing_docs, unreachable_pub, dead_code)]
#![allow(clippy::disallowed_methods, reason = "a test reads a clock")]

#[path = "windows/forge.rs"]
mod forge;

use std::time::{Duration, Instant};

use chain::{Alternatives, Question, Rules, Store, Verdict, judge};
use forge::{Made, ca, noon, recipe};
use pki::Certificate;

/// 32 CAs, each with a certificate from every other one: 992 certificates, and no root.
fn mesh() -> (Vec<Certificate>, Made) {
    let (certificates, leaf, _) = mesh_with_cas();
    (certificates, leaf)
}

fn mesh_with_cas() -> (Vec<Certificate>, Made, Vec<Made>) {
    let cas: Vec<Made> = (0..32).map(|n| ca(&format!("CN=CA {n}")).self_signed()).collect();
    let mut certificates = Vec::new();
    for (at, subject) in cas.iter().enumerate() {
        for (by, issuer) in cas.iter().enumerate() {
            if at != by {
                let cross = ca(&format!("CN=CA {at}")).serial(by as u64 + 1).keyed(&subject.key).signed_by(issuer);
                certificates.push(cross.certificate);
            }
        }
    }
    let leaf = recipe("CN=Leaf").signed_by(&cas[0]);
    (certificates, leaf, cas)
}

/// Ten levels of a hundred certificates for one key each: 100¹⁰ paths, and no root.
fn tower() -> (Vec<Certificate>, Made) {
    let cas: Vec<Made> = (0..11).map(|n| ca(&format!("CN=Level {n}")).self_signed()).collect();
    let mut certificates = Vec::new();
    for (level, pair) in cas.windows(2).enumerate() {
        for serial in 1..=100 {
            let of_level = ca(&format!("CN=Level {level}")).serial(serial).keyed(&pair[0].key);
            certificates.push(of_level.signed_by(&pair[1]).certificate);
        }
    }
    let leaf = recipe("CN=Leaf").signed_by(&cas[0]);
    (certificates, leaf)
}

fn answer(certificates: &[Certificate], leaf: &Made, rules: Rules, alternatives: Alternatives) -> (Verdict, Duration) {
    let mut store = Store::new();
    certificates.iter().for_each(|c| store.add(c));
    let started = Instant::now();
    let question = Question { rules, alternatives, ..Question::new(&leaf.certificate, noon()) };
    (judge(&store, &question), started.elapsed())
}

#[test]
fn a_thousand_cross_signed_cas_end_within_the_budget_and_say_so() {
    for (name, (certificates, leaf)) in [("mesh", mesh()), ("tower", tower())] {
        for rules in [Rules::Windows, Rules::Rfc5280] {
            for alternatives in [Alternatives::UntilGood, Alternatives::All] {
                let (verdict, took) = answer(&certificates, &leaf, rules, alternatives);
                assert!(!verdict.chain.is_good());
                let said = verdict.chain.faults.iter().any(|f| f.code() == "CHAIN-ANALYSIS-TRUNCATED");
                assert!(said, "{name} {rules:?}: {:?}", verdict.chain.faults);
                // Unoptimised code on a busy machine; with optimisation it is a tenth of that.
                assert!(took < Duration::from_secs(5), "{name} {rules:?}: {took:?}");
            }
        }
    }
}

/// One of the 32 CAs is issued by a trusted root as well: the way out of the circle is found.
#[test]
fn a_way_out_of_the_mesh_is_found() {
    let (certificates, leaf, cas) = mesh_with_cas();
    let root = ca("CN=Root").self_signed();
    for way_out in [0, 17, 25] {
        let door = ca(&format!("CN=CA {way_out}")).serial(99).keyed(&cas[way_out].key).signed_by(&root);
        let mut store = Store::new();
        certificates.iter().for_each(|c| store.add(c));
        store.trust(&root.certificate);
        store.add(&door.certificate);
        for rules in [Rules::Windows, Rules::Rfc5280] {
            let verdict = judge(&store, &Question { rules, ..Question::new(&leaf.certificate, noon()) });
            assert!(verdict.chain.is_good(), "{way_out} {rules:?}: {:?}", verdict.chain.faults);
        }
    }
}

/// Ten thousand names under ten thousand subtrees, of the same form and of another: refused, or passed, at once.
#[test]
fn a_flood_of_names_and_constraints_costs_little() {
    use pki::extension::GeneralName;
    let subtrees: Vec<Vec<u8>> = (0..10_000).map(|n| forge::dns_base(&format!("t{n}.test"))).collect();
    let root = ca("CN=Root").constraints(&subtrees, &[]).self_signed();
    let of_dns: Vec<GeneralName> = (0..10_000).map(|n| GeneralName::Dns(format!("x{n}.example"))).collect();
    let of_mail: Vec<GeneralName> = (0..10_000).map(|n| GeneralName::Email(format!("x{n}@example.test"))).collect();
    for (names, expected) in [(of_dns, Some("CHAIN-NAME-CONSTRAINTS-TOO-MANY")), (of_mail, None)] {
        let leaf = recipe("CN=Leaf").names(&names).signed_by(&root);
        let mut store = Store::new();
        store.trust(&root.certificate);
        for rules in [Rules::Windows, Rules::Rfc5280] {
            let started = Instant::now();
            let verdict = judge(&store, &Question { rules, ..Question::new(&leaf.certificate, noon()) });
            assert!(started.elapsed() < Duration::from_secs(3), "{rules:?}: {:?}", started.elapsed());
            assert_eq!(verdict.chain.errors().next().map(|(_, fault)| fault.code()), expected);
        }
    }
}

/// What came with the leaf is counted too.
#[test]
fn certificates_beyond_the_budget_are_passed_over_and_that_is_said() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").signed_by(&root);
    let (sent, _) = mesh();
    let mut store = Store::new();
    store.trust(&root.certificate);
    let verdict = judge(&store, &Question { additional: &sent, ..Question::new(&leaf.certificate, noon()) });
    assert!(verdict.chain.is_good());
    assert!(verdict.chain.faults.iter().any(|f| f.code() == "CHAIN-ANALYSIS-TRUNCATED"));
}
