//! The doctor's doors: one for each kind of evidence, and behind each of them the whole way to the report.

use doctor::report::{Colour, Names, Report, html, markdown, text};
use doctor::source::Reading;
use doctor::{Evidence, Language, diagnose};

use super::fixtures::read as file;

macro_rules! doors {
    ($($(#[$doc:meta])* $name:ident, $seeds:ident, $start:expr, [$($fixture:literal),+];)+) => {$(
        $(#[$doc])*
        pub fn $name(octets: &[u8]) {
            read($start, octets);
        }

        pub(super) fn $seeds() -> Vec<Vec<u8>> {
            vec![$(file(concat!("doctor/", $fixture))),+]
        }
    )+};
}

doors! {
    /// Windows event logs.
    doctor_event_log, event_log_seeds, b"", ["evtx/MSExchange_Management_wec.evtx", "evtx/issue_201.evtx", "evtx/capi2-event70.evtx"];
    /// Events as XML, whole or damaged.
    doctor_event_xml, event_xml_seeds, b"<Event>\n", ["synthetic/incident-paste.txt", "event-xml/msdocs-event30-ssl-policy-800B0109.xml", "event-xml/msdocs-event30-base-policy-800B010A.xml"];
    /// CMTrace logs.
    doctor_trace, trace_seeds, b"<![LOG[", ["trace/psadt_install.log", "trace/HealthScripts.log", "trace/truncated.log"];
    /// IIS logs.
    doctor_web_log, web_log_seeds, b"#Software: Microsoft Internet Information Services 10.0\n", ["iis/u_ex260329.log"];
    /// HTTPERR logs.
    doctor_http_error_log, http_error_seeds, b"#Software: Microsoft HTTP API 2.0\n", ["iis/u_ex260329.log"];
    /// The connector's traces.
    doctor_service_trace, service_trace_seeds, b"<E2ETraceEvent>", ["synthetic/incident-paste.txt"];
    /// Registry exports.
    doctor_registry, registry_seeds, b"REGEDIT4\n", ["registry/MSCEP.reg", "registry/ConfigurationStatus.reg"];
    /// IIS configurations.
    doctor_iis_configuration, configuration_seeds, b"", ["iis/ws2022-applicationHost.config", "iis/ws2019-applicationHost.config"];
    /// Certificate listings.
    doctor_certutil, certutil_seeds, b"My\n================ Certificate 0 ================\n", ["certificate/ndes-ra-signing.pem"];
    /// Anything: recognised by its content.
    doctor_any, any_seeds, b"", ["certificate/ndes-ra-signing.pem", "synthetic/incident-paste.txt", "registry/MSCEP.reg", "evtx/issue_201.evtx", "../suites/nist-pkits/crls/GoodCACRL.crl"];
}

/// Reads a file that begins so, in chunks of a length that the octets decide, and goes on to every form of the report.
fn read(start: &[u8], octets: &[u8]) {
    let mut evidence = Evidence::new(doctor::fact::Limits { memory: 1 << 20, item: 64 << 10, ..Default::default() });
    let mut reading = Reading::new("evidence");
    let step = octets.last().map_or(1, |last| usize::from(*last) * 37 + 1);
    reading.feed(start, &mut evidence);
    octets.chunks(step).for_each(|chunk| reading.feed(chunk, &mut evidence));
    reading.finish(&mut evidence);
    assert_eq!(evidence.sources.len(), 1);
    assert_eq!(evidence.sources[0].octets, (start.len() + octets.len()) as u64);

    let now = pki::Time::civil((2026, 11, 24), (12, 0, 0)).expect("a day");
    let diagnosis = diagnose(&evidence, now);
    for names in [Names::Shown, Names::Redacted] {
        let report = Report::new(&diagnosis, &evidence, Language::German, names);
        let json = report.json().expect("a report is JSON");
        assert_eq!(json.matches("\"schema\"").count(), 1);
        assert!(!html(&report).contains("<script"));
        assert!(text(&report, Colour::Off).len() > 10 && markdown(&report).len() > 10);
    }
}
