//! The events as Windows writes them: names of elements and attributes, thumbprints, hexadecimal without 0x.

use chain::policy::{IgnoreFlags, Policy, Ssl};
use chain::render::{EventContext, events, json, text};
use chain::{Question, Revocation, judge};
use pki::oid;
use quick_xml::Reader;
use quick_xml::events::Event;

use crate::forge::{ca, noon, recipe};
use crate::store;

fn context() -> EventContext {
    EventContext {
        computer: "NDES01.example.test".to_owned(),
        process: "w3wp.exe".to_owned(),
        created: noon(),
        task: "task 1".to_owned(),
        record: 100,
    }
}

/// Start tags with their attributes, in order, as one text each.
fn tags(xml: &str) -> Vec<String> {
    let mut reader = Reader::from_str(xml);
    let mut out = Vec::new();
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(start) | Event::Empty(start) => {
                out.push(start.to_string());
            }
            Event::Eof => return out,
            _ => {}
        }
    }
}

fn has(tags: &[String], wanted: &str) -> bool {
    tags.iter().any(|tag| tag == wanted)
}

#[test]
fn events_11_30_and_90() {
    let root = ca("CN=Root").self_signed();
    let leaf =
        recipe("CN=ndes.example.test,O=Example").purposes(&[oid::CLIENT_AUTH]).valid(-200, -100).signed_by(&root);
    let usages = [oid::CLIENT_AUTH];
    let question = Question {
        usages: &usages,
        revocation: Revocation::ChainExcludingRoot,
        ..Question::new(&leaf.certificate, noon())
    };
    let verdict = judge(&store(&root.certificate, &[]), &question);
    let policy = Policy::SslClient(Ssl { ignore: IgnoreFlags(0x280), ..Ssl::default() });
    let status = policy.apply(&verdict.chain);
    let events = events(&question, &verdict, Some(&status), &context());
    assert_eq!(events.len(), 3);
    let chain = tags(&events[0]);
    let leaf_ref =
        format!("Certificate fileRef=\"{}.cer\" subjectName=\"ndes.example.test\"", leaf.certificate.thumbprint());
    assert!(has(&chain, &leaf_ref), "{chain:#?}");
    assert!(has(&chain, "Usage oid=\"1.3.6.1.5.5.7.3.2\" name=\"Client Authentication\""));
    assert!(has(&chain, "Flags value=\"40000000\" CERT_CHAIN_REVOCATION_CHECK_CHAIN_EXCLUDE_ROOT=\"true\""));
    let error =
        "ErrorStatus value=\"41\" CERT_TRUST_IS_NOT_TIME_VALID=\"true\" CERT_TRUST_REVOCATION_STATUS_UNKNOWN=\"true\"";
    assert!(has(&chain, error));
    assert!(has(
        &chain,
        "InfoStatus value=\"10C\" CERT_TRUST_HAS_NAME_MATCH_ISSUER=\"true\" CERT_TRUST_IS_SELF_SIGNED=\"true\" CERT_TRUST_HAS_PREFERRED_ISSUER=\"true\""
    ));
    assert!(has(&chain, "ApplicationUsage any=\"true\"") && has(&chain, "RevocationResult value=\"80092012\""));
    assert!(
        has(&chain, "Result value=\"800B0101\"")
            && has(
                &chain,
                "PublicKeyAlgorithm oid=\"1.2.840.10045.2.1\" publicKeyName=\"ECC\" publicKeyLength=\"256\""
            )
    );
    let policy = tags(&events[1]);
    assert!(has(&policy, "Policy type=\"CERT_CHAIN_POLICY_SSL\" constant=\"4\""));
    assert!(has(&policy, "SSLAdditionalPolicyInfo authType=\"client\""));
    assert!(has(
        &policy,
        "IgnoreFlags value=\"280\" SECURITY_FLAG_IGNORE_REVOCATION=\"true\" SECURITY_FLAG_IGNORE_WRONG_USAGE=\"true\""
    ));
    assert!(has(&policy, "Status chainIndex=\"0\" elementIndex=\"0\"") && has(&policy, "Result value=\"800B0101\""));
    let reference = |tags: &[String]| tags.iter().find_map(|t| t.split("chainRef=").nth(1).map(str::to_owned)).unwrap();
    assert_eq!(reference(&chain), reference(&policy), "30 is joined to 11 by chainRef");
    let objects = tags(&events[2]);
    assert!(
        has(&objects, "BasicConstraints cA=\"true\" critical=\"true\"")
            && objects.iter().any(|t| t.starts_with("SubjectKeyID computed=\"true\" hash="))
    );
    assert!(has(
        &objects,
        "KeyUsage value=\"6\" CERT_KEY_CERT_SIGN_KEY_USAGE=\"true\" CERT_CRL_SIGN_KEY_USAGE=\"true\" critical=\"true\""
    ));
    let task = |xml: &str| {
        tags(xml).iter().find(|t| t.starts_with("CorrelationAuxInfo")).unwrap().split('"').nth(1).unwrap().to_owned()
    };
    assert_eq!(task(&events[0]), task(&events[2]), "90 is joined by TaskId");
}

#[test]
fn hostile_names_are_escaped() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=\\<x\\>\\\"&\\01").signed_by(&root);
    let question = Question::new(&leaf.certificate, noon());
    let verdict = judge(&store(&root.certificate, &[]), &question);
    for xml in events(&question, &verdict, None, &context()) {
        tags(&xml);
    }
    assert!(!text(&verdict, None).contains('\u{1}'));
}

#[test]
fn json_has_the_published_shape() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").valid(-200, -100).signed_by(&root);
    let verdict = judge(&store(&root.certificate, &[]), &Question::new(&leaf.certificate, noon()));
    let status = Policy::Base(Default::default()).apply(&verdict.chain);
    let json = json(&verdict, Some(&status));
    assert_eq!(json["error"], "0x1");
    assert_eq!(json["info"], "0x100");
    assert_eq!(json["elements"][0]["thumbprint"], leaf.certificate.thumbprint());
    assert_eq!(json["elements"][0]["faults"][0]["code"], "CHAIN-EXPIRED");
    assert_eq!(json["elements"][0]["faults"][0]["bit"], "0x1");
    assert_eq!(json["policy"]["result"], "0x800B0101");
    assert_eq!((&json["policy"]["chainIndex"], &json["policy"]["elementIndex"]), (&0.into(), &0.into()));
    assert!(json["alternatives"].as_array().unwrap().is_empty());
}

#[test]
fn the_tree_can_be_read_at_a_glance() {
    let root = ca("CN=Root").self_signed();
    let leaf = recipe("CN=Leaf").valid(-200, -100).signed_by(&root);
    let verdict = judge(&store(&root.certificate, &[]), &Question::new(&leaf.certificate, noon()));
    let text = text(&verdict, None);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "✗ chain: 0x1 CERT_TRUST_IS_NOT_TIME_VALID");
    assert!(lines[1].starts_with("  ✓ CN=Root ("), "{text}");
    assert!(
        text.contains("    └ ✗ CN=Leaf (") && text.contains("✗ CHAIN-EXPIRED it expired on 2026-06-15T11:58:20Z"),
        "{text}"
    );
}
