//! Real Windows event logs, whole and damaged, read record for record as the `evtx` crate's own program counts them.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;

use doctor::Evidence;
use doctor::fact::evidence::Tally;
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
