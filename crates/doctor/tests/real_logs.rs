//! Real files of machines that had none of the known causes: no false alarm.
#![allow(clippy::unwrap_used)]

mod synthetic;

use doctor::{Evidence, Verdict, diagnose};
use synthetic::{now, read};

macro_rules! real {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!("../../../fixtures/doctor/", $name)) as &[u8])),+]
    };
}

const REAL: &[(&str, &[u8])] = real![
    "evtx/capi2-windows.evtx",
    "evtx/capi2-event70.evtx",
    "evtx/Application_no_crc32.evtx",
    "evtx/MSExchange_Management_wec.evtx",
    "evtx/issue_201.evtx",
    "evtx/sample-with-zero-data-size-event.evtx",
    "evtx/sample_with_a_bad_chunk_magic.evtx",
    "registry/MSCEP.reg",
    "registry/ConfigurationStatus.reg",
    "iis/u_ex260329.log",
    "iis/ws2019-applicationHost.config",
    "iis/ws2022-applicationHost.config",
    "trace/psadt_install.log",
    "trace/HealthScripts.log",
    "trace/simple.log",
    "event-xml/msdocs-event30-base-policy-800B010A.xml",
];

#[test]
fn each_real_file_alone_raises_no_alarm() {
    for (name, octets) in REAL {
        let mut evidence = Evidence::default();
        read(name, octets, &mut evidence);
        let diagnosis = diagnose(&evidence, now());
        let codes: Vec<_> = diagnosis.findings.iter().map(|f| (f.code, f.because.clone())).collect();
        assert!(codes.is_empty(), "{name}: {codes:#?}");
        assert_ne!(diagnosis.verdict, Verdict::Clear, "{name}: one file is not enough to call a deployment clear");
    }
}

#[test]
fn all_together_raise_no_alarm_and_the_noise_is_counted() {
    let mut evidence = Evidence::default();
    REAL.iter().for_each(|(name, octets)| read(name, octets, &mut evidence));
    let diagnosis = diagnose(&evidence, now());
    assert_eq!(diagnosis.findings.iter().map(|f| f.code).collect::<Vec<_>>(), [""; 0]);
    // Two rejected lists that were fetched anew and five downloads whose copy to the cache failed, all of level Error;
    // two chains with an error status that nobody objected to.
    let noise = diagnosis.noise;
    assert_eq!((noise.healed, noise.uncached, noise.reported_only), (2, 5, 2), "{noise:?}");
}
