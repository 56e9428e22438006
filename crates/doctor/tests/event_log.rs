//! Real Windows event logs, whole and damaged, read record for record as the `evtx` crate's own program counts them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use doctor::Evidence;
use doctor::fact::capi2::{Capi2Body, UsageSet};
use doctor::fact::evidence::Tally;
use doctor::fact::{Limit, Limits, Position, Thumbprint};
use doctor::source::{Kind, Reading};

const CAPI2: &[u8] = include_bytes!("../../../fixtures/doctor/evtx/capi2-windows.evtx");
const EVENT_70: &[u8] = include_bytes!("../../../fixtures/doctor/evtx/capi2-event70.evtx");
const DIGEST: &str = include_str!("../../../fixtures/doctor/evtx/capi2-windows.digest.json");
const OTHERS: [(&str, &[u8]); 5] = [
    ("no crc", include_bytes!("../../../fixtures/doctor/evtx/Application_no_crc32.evtx")),
    ("forwarded", include_bytes!("../../../fixtures/doctor/evtx/MSExchange_Management_wec.evtx")),
    ("issue 201", include_bytes!("../../../fixtures/doctor/evtx/issue_201.evtx")),
    ("bad chunk magic", include_bytes!("../../../fixtures/doctor/evtx/sample_with_a_bad_chunk_magic.evtx")),
    ("zero data size", include_bytes!("../../../fixtures/doctor/evtx/sample-with-zero-data-size-event.evtx")),
];

fn read(octets: &[u8], step: usize) -> Evidence {
    let mut evidence = Evidence::default();
    let mut reading = Reading::new("log.evtx");
    for chunk in octets.chunks(step) {
        reading.feed(chunk, &mut evidence);
    }
    reading.finish(&mut evidence);
    evidence
}

fn reference(octets: &[u8]) -> (u64, u64) {
    let settings = evtx::ParserSettings::new().num_threads(1);
    let mut parser = evtx::EvtxParser::from_buffer(octets.to_vec()).unwrap().with_configuration(settings);
    parser.records().fold((0, 0), |(good, bad), record| match record {
        Ok(_) => (good + 1, bad),
        Err(_) => (good, bad + 1),
    })
}

#[test]
fn records_are_counted_as_the_crates_own_program_counts_them() {
    for (name, octets) in OTHERS.into_iter().chain([("capi2", CAPI2), ("event 70", EVENT_70)]) {
        for step in [1 << 20, 65_536, 4_097] {
            let evidence = read(octets, step);
            let source = &evidence.sources[0];
            assert_eq!(source.kind, Kind::EventLog, "{name}");
            assert_eq!(
                (source.items, source.damaged),
                reference(octets),
                "{name} in chunks of {step}: {:?}",
                evidence.troubles
            );
        }
    }
}

#[test]
fn the_real_capi2_log_says_what_another_program_found_in_it() {
    let evidence = read(CAPI2, 100_000);
    let digest: serde_json::Value = serde_json::from_str(DIGEST).unwrap();
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for (tally, count) in &evidence.tallies {
        let Tally::Event(_, id, _) = tally else { panic!("{tally:?}") };
        *counts.entry(id.to_string()).or_default() += count.times;
    }
    let expected: BTreeMap<String, u64> = serde_json::from_value(digest["event_counts"].clone()).unwrap();
    assert_eq!(counts, expected);
    assert_eq!(evidence.sources[0].items, 340);
    assert!(evidence.repairs.is_empty() && evidence.troubles.is_empty() && evidence.limits_hit.is_empty());
}

fn hex_value(value: &serde_json::Value) -> u32 {
    let text = value.as_str().unwrap();
    u32::from_str_radix(text.trim_start_matches("0x"), 16).unwrap()
}

fn texts(value: &serde_json::Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|one| one.as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_chain_of_the_real_log_element_by_element() {
    let evidence = read(CAPI2, 100_000);
    let digest: serde_json::Value = serde_json::from_str(DIGEST).unwrap();
    let expected = digest["chain_events"].as_array().unwrap();
    let found: Vec<_> = evidence.capi2().filter(|(_, event)| event.head.id == 11).collect();
    assert_eq!(found.len(), expected.len());
    for ((place, event), wanted) in found.into_iter().zip(expected) {
        assert_eq!(place.position, Position::Record(wanted["record"].as_u64().unwrap()));
        assert_eq!(event.result.unwrap().0, hex_value(&wanted["result"]));
        let Capi2Body::Chain(built) = &event.body else { panic!() };
        assert_eq!(built.certificate.thumbprint.unwrap().to_string(), wanted["cert"].as_str().unwrap());
        assert_eq!(built.requested_usages, texts(&wanted["eku"]));
        assert_eq!(built.flags.unwrap(), hex_value(&wanted["flags"]));
        assert_eq!(built.additional.len(), texts(&wanted["additional_store"]).len());
        let chains = wanted["chains"].as_array().unwrap();
        assert_eq!(built.chains.len(), chains.len());
        for (chain, wanted) in built.chains.iter().zip(chains) {
            assert_eq!(
                (chain.status.error, chain.status.info),
                (hex_value(&wanted["error"]), hex_value(&wanted["info"]))
            );
            let elements = wanted["elements"].as_array().unwrap();
            assert_eq!(chain.elements.len(), elements.len());
            for (element, wanted) in chain.elements.iter().zip(elements) {
                assert_eq!(element.certificate.thumbprint.unwrap().to_string(), wanted["cert"].as_str().unwrap());
                assert_eq!(element.certificate.subject, wanted["subjectName"].as_str().unwrap());
                assert_eq!(element.status.error, hex_value(&wanted["error"]));
                assert_eq!(element.status.info, hex_value(&wanted["info"]));
                let usages = texts(&wanted["application_usage"]);
                match &element.application_usage {
                    UsageSet::Only(list) => assert_eq!(*list, usages),
                    _ => assert!(usages.is_empty() || usages == ["any"], "{usages:?}"),
                }
            }
        }
    }
}

#[test]
fn every_verdict_and_every_certificate_of_the_real_log() {
    let evidence = read(CAPI2, 100_000);
    let digest: serde_json::Value = serde_json::from_str(DIGEST).unwrap();
    let verdicts: Vec<_> = evidence.capi2().filter(|(_, event)| event.head.id == 30).collect();
    let expected = digest["policy_events"].as_array().unwrap();
    assert_eq!(verdicts.len(), expected.len());
    for ((_, event), wanted) in verdicts.iter().zip(expected) {
        let Capi2Body::Policy(policy) = &event.body else { panic!() };
        assert_eq!(policy.policy_name.as_deref(), wanted["policy"].as_str());
        assert_eq!(policy.chain.as_deref(), wanted["chainRef"].as_str().map(|text| text.trim_matches(['{', '}'])));
        assert_eq!(policy.chain_index.map(i64::from), wanted["chain_index"].as_i64());
        assert_eq!(event.result.unwrap().0, hex_value(&wanted["result"]));
    }
    for (thumbprint, wanted) in digest["certificates"].as_object().unwrap() {
        let (_, described) = evidence.describe(Thumbprint::parse(thumbprint).unwrap()).expect(thumbprint);
        assert_eq!(described.not_before, wanted["notBefore"].as_str().and_then(pki::Time::parse_rfc3339));
        assert_eq!(described.not_after, wanted["notAfter"].as_str().and_then(pki::Time::parse_rfc3339));
        let serial = wanted["serial"].as_str().unwrap().to_lowercase();
        assert_eq!(described.serial.as_deref(), Some(without_leading_zeros(&serial)));
        let name =
            |value: &serde_json::Value| -> Vec<(String, String)> { serde_json::from_value(value.clone()).unwrap() };
        assert_eq!(described.subject.attributes, name(&wanted["subject"]));
        assert_eq!(described.issuer.attributes, name(&wanted["issuer"]));
        assert_eq!(described.subject_key_id.as_deref(), wanted["ski"].as_str());
        assert_eq!(
            described.key_bits.map(|bits| bits.to_string()).as_deref(),
            wanted["pk"]["publicKeyLength"].as_str()
        );
        let extension = |tag: &str| wanted["extensions"].as_array().into_iter().flatten().find(|one| one["tag"] == tag);
        if let Some(usage) = extension("KeyUsage") {
            let signs = usage.get("CERT_KEY_CERT_SIGN_KEY_USAGE").is_some();
            let found = described.key_usage.unwrap().allows(pki::extension::KeyUsage::KEY_CERT_SIGN);
            assert_eq!(found, signs, "{usage}");
            assert_eq!(
                described.key_usage.unwrap().names().len(),
                usage.as_object().unwrap().keys().filter(|k| k.starts_with("CERT_")).count()
            );
        }
        let usages = extension("ExtendedKeyUsage").map(|list| {
            list["children"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["oid"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        });
        assert_eq!(described.usages.clone().unwrap_or_default(), usages.unwrap_or_default(), "{thumbprint}");
    }
}

fn without_leading_zeros(serial: &str) -> &str {
    let mut digits = serial;
    while digits.len() > 2 && digits.starts_with("00") {
        digits = &digits[2..];
    }
    digits
}

#[test]
fn retrievals_and_rejections_of_the_real_log() {
    let evidence = read(CAPI2, 100_000);
    let wire: Vec<_> = evidence.capi2().filter(|(_, event)| event.head.id == 53).collect();
    assert_eq!(wire.len(), 12);
    for (place, event) in &wire {
        let Capi2Body::Retrieval(retrieval) = &event.body else { panic!() };
        assert!(retrieval.url.as_deref().is_some_and(|url| url.starts_with("http")), "{place}");
        assert!(
            retrieval.http_status.as_deref().is_some_and(|line| line.starts_with("HTTP/1.1 200")),
            "{place} {retrieval:#?}"
        );
        assert!(event.task.is_some() && event.sequence.is_some() && event.process.is_some());
    }
    // The level says error; the result says success: a fact that cries wolf must not be a failure.
    assert!(wire.iter().any(|(_, event)| event.head.level == Some(2) && !event.is_failure()));
    for (_, event) in evidence.capi2().filter(|(_, event)| event.head.id == 42) {
        let Capi2Body::Rejected(rejected) = &event.body else { panic!() };
        assert_eq!(rejected.action.as_deref(), Some("CheckTimeValidity"));
        assert!(rejected.object.is_some() && rejected.certificate.thumbprint.is_some());
    }
    for (_, event) in evidence.capi2().filter(|(_, event)| event.head.id == 41) {
        let Capi2Body::Revocation(verdict) = &event.body else { panic!() };
        assert!(verdict.current_time.is_some() && verdict.issuer.thumbprint.is_some(), "{event:#?}");
    }
    let keys = read(EVENT_70, 65_536);
    assert_eq!(
        keys.capi2()
            .filter(|(_, e)| matches!(&e.body, Capi2Body::PrivateKey(k) if k.certificate.thumbprint.is_some()))
            .count(),
        3
    );
    let (_, channel) = keys.channels().next().unwrap();
    assert_eq!(channel.records, Some(3));
}

/// All sample logs in one, the chunks of each twelve times, so that some stretches are sound and some are not.
fn long_log() -> Vec<u8> {
    let samples = [CAPI2, EVENT_70].into_iter().chain(OTHERS.iter().map(|(_, octets)| *octets));
    let chunks: Vec<u8> = samples.flat_map(|octets| octets[4096..].repeat(12)).collect();
    [&CAPI2[..4096], &chunks].concat()
}

/// Facts by weight: routine ones and those that tell of failure.
fn weights(evidence: &Evidence) -> (u64, u64) {
    let telling = |event: &doctor::fact::Capi2Event| event.is_failure() || matches!(event.body, Capi2Body::Objects(_));
    let told = evidence.capi2().filter(|(_, event)| telling(event)).count();
    let others = evidence.facts.len() - evidence.capi2().count();
    ((evidence.facts.len() - told - others) as u64, (told + others) as u64)
}

#[test]
fn what_finds_no_room_is_counted_as_if_it_had_been_read() {
    let log = long_log();
    let whole = read(&log, 1 << 20);
    let (routine, telling) = weights(&whole);
    assert!(routine > 900 && telling > 300, "{routine} {telling}");
    for memory in [0, 30_000, 300_000, 1_000_000] {
        let mut evidence = Evidence::new(Limits { memory, ..Limits::default() });
        let mut reading = Reading::new("log.evtx");
        log.chunks(70_000).for_each(|chunk| reading.feed(chunk, &mut evidence));
        reading.finish(&mut evidence);
        assert_eq!(evidence.tallies, whole.tallies, "{memory}");
        assert_eq!(evidence.sources, whole.sources, "{memory}");
        let (kept_routine, kept_telling) = weights(&evidence);
        let expected = Limit::Facts {
            left_out: routine + telling - kept_routine - kept_telling,
            failures: telling - kept_telling,
        };
        assert_eq!(evidence.limits_hit, [expected], "{memory}");
        assert!(memory == 0 || kept_telling > 0, "{memory}");
    }
}

#[test]
fn stretches_read_apart_make_the_same_evidence() {
    let log = long_log();
    let expected = read(&log, 1 << 20);
    let mut evidence = Evidence::default();
    let mut reading = Reading::new("log.evtx");
    let mut stretches = Vec::new();
    for chunk in log.chunks(100_000) {
        stretches.extend(reading.feed_apart(chunk, &mut evidence));
    }
    assert!(stretches.len() >= 2, "{}", stretches.len());
    // Read last first, joined in their order.
    let mut reads: Vec<_> = stretches.into_iter().rev().map(doctor::source::Stretch::read).collect();
    while let Some(read) = reads.pop() {
        reading.join(read, &mut evidence);
    }
    reading.finish(&mut evidence);
    assert_eq!(evidence.facts, expected.facts);
    assert_eq!((evidence.tallies, evidence.sources), (expected.tallies, expected.sources));
    assert_eq!((evidence.troubles, evidence.repairs), (expected.troubles, expected.repairs));
}
