//! No evidence, however damaged or malicious, makes a reader panic, loop or grow without bound.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods, reason = "a test measures time")]

use doctor::Evidence;
use doctor::fact::{Limit, Limits};
use doctor::source::{Kind, Reading};
use proptest::prelude::*;

const SEEDS: &[(&str, &[u8])] = &[
    ("paste.txt", include_bytes!("../../../fixtures/doctor/synthetic/incident-paste.txt")),
    ("event.xml", include_bytes!("../../../fixtures/doctor/event-xml/msdocs-event30-ssl-policy-800B0109.xml")),
    ("MSCEP.reg", include_bytes!("../../../fixtures/doctor/registry/MSCEP.reg")),
    ("trace.log", include_bytes!("../../../fixtures/doctor/trace/psadt_install.log")),
    ("simple.log", include_bytes!("../../../fixtures/doctor/trace/simple.log")),
    ("u_ex.log", include_bytes!("../../../fixtures/doctor/iis/u_ex260329.log")),
    ("applicationHost.config", include_bytes!("../../../fixtures/doctor/iis/ws2022-applicationHost.config")),
    ("ra.pem", include_bytes!("../../../fixtures/doctor/certificate/ndes-ra-signing.pem")),
    ("forwarded.evtx", include_bytes!("../../../fixtures/doctor/evtx/MSExchange_Management_wec.evtx")),
    ("event70.evtx", include_bytes!("../../../fixtures/doctor/evtx/capi2-event70.evtx")),
];

/// Beginnings that lead to every reader.
const DOORS: &[&[u8]] = &[
    b"ElfFile\0",
    b"ElfChnk\0",
    b"<Event>",
    b"&lt;Event ",
    b"<![LOG[",
    b"x$$<",
    b"#Software: Microsoft Internet Information Services\n",
    b"#Software: Microsoft HTTP API 2.0\n",
    b"<E2ETraceEvent",
    b"REGEDIT4\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP]\n",
    b"\xff\xfe",
    b"\xfe\xff",
    b"<configuration>",
    b"-----BEGIN CERTIFICATE-----\n",
    b"\x30\x82",
    b"\0\0\0\0CERT",
    b"\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\n    a    REG_SZ    ",
    b"================ Certificate 0 ================\n",
    b"name: x\nenabled: true\nmaxSize: ",
    b"\x30\x82\x01\x00\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
];

/// Pieces that mean something to some reader, to be strewn about.
const PIECES: &[&[u8]] = &[
    b"<",
    b">",
    b"\"",
    b"</Event>",
    b"<System>",
    b"<UserData>",
    b"<CertGetCertificateChain>",
    b"<ChainElement>",
    b"value=\"",
    b"&",
    b"&#x0;",
    b"]LOG]!>",
    b"<time=\"",
    b"$$<",
    b"\r\n",
    b"\n",
    b"\0",
    b"#Fields: ",
    b"cs-uri-stem ",
    b"/certsrv/mscep operation=PKIOperation&message=%",
    b"hex:",
    b"=hex(7):",
    b"\\",
    b"[HKEY",
    b"\xe2\x80\x9c",
    b"\xff",
    b"\xc3",
    b"</E2ETraceEvent>",
    b"-----END CERTIFICATE-----\n",
    b"SystemCertificates\\MY\\Certificates\\x]\n\"Blob\"=",
    b"Cert Hash(sha1): ",
    b"2.5.29.15: Flags = 1",
    b"(a0)",
    b"99/99/9999 99:99",
    b"1/",
];

fn small() -> Limits {
    Limits { memory: 256 << 10, item: 8 << 10, whole: 64 << 10, remarks: 50, tallies: 50, depth: 16 }
}

fn read(name: &str, octets: &[u8], step: usize) -> Evidence {
    let mut evidence = Evidence::new(small());
    let mut reading = Reading::new(name);
    for chunk in octets.chunks(step.max(1)) {
        reading.feed(chunk, &mut evidence);
    }
    reading.finish(&mut evidence);
    assert_eq!(evidence.sources.len(), 1);
    assert_eq!(evidence.sources[0].octets, octets.len() as u64);
    assert!(evidence.repairs.len() <= 50 && evidence.troubles.len() <= 50 && evidence.tallies.len() <= 51);
    evidence
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn noise_behind_every_door(door in 0..DOORS.len(), noise in prop::collection::vec(any::<u8>(), 0..3000), step in 1_usize..5000) {
        let mut octets = DOORS[door].to_vec();
        octets.extend(noise);
        read("noise", &octets, step);
    }

    #[test]
    fn strewn_pieces(door in 0..DOORS.len(), pieces in prop::collection::vec(0..PIECES.len(), 0..400), step in 1_usize..5000) {
        let mut octets = DOORS[door].to_vec();
        for piece in pieces {
            octets.extend(PIECES[piece]);
        }
        read("pieces", &octets, step);
    }

    #[test]
    fn real_files_cut_and_changed(
        seed in 0..SEEDS.len(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..40),
        cut in any::<prop::sample::Index>(),
        keep_all in any::<bool>(),
        step in 1000_usize..70_000,
    ) {
        let (name, octets) = SEEDS[seed];
        let mut octets = octets.to_vec();
        for (at, octet) in changes {
            let at = at.index(octets.len());
            octets[at] = octet;
        }
        if !keep_all {
            let end = cut.index(octets.len());
            octets.truncate(end);
        }
        read(name, &octets, step);
    }
}

#[test]
fn repetition_costs_no_more_than_its_length() {
    // Each of these made some draft of a tolerant reader quadratic.
    let repeated: &[&[u8]] = &[
        b"<a b=\"",
        b"<Event ",
        b"Event ",
        b"Event>",
        b"= ",
        b"<x y= ",
        b"\xe2\x80\x9c",
        b"<Certificate fileRef=\xe2\x80\x9c ",
        b"</Event",
        b"&lt;Event&gt;",
        b"<![LOG[",
        b"]LOG]!>",
        b"$$<",
        b"\"=\"",
        b"[HKEY",
        b"&amp;",
        b"<UserData><CertGetCertificateChain>",
        b"                ",
        b"<ChainElement><TrustStatus>",
        b"-----BEGIN CERTIFICATE-----\n",
        b"<E2ETraceEvent ",
        b"<Event><System><Provider ",
    ];
    for piece in repeated {
        for door in [
            b"<Event>".as_slice(),
            b"<![LOG[",
            b"REGEDIT4\n[HKEY_LOCAL_MACHINE\\x]\n\"a\"=\"",
            b"<E2ETraceEvent>",
            b"-----BEGIN CERTIFICATE-----\n",
        ] {
            let mut octets = door.to_vec();
            octets.extend(piece.repeat((1 << 20) / piece.len()));
            let mut evidence = Evidence::default();
            let mut reading = Reading::new("repetition");
            let started = std::time::Instant::now();
            for chunk in octets.chunks(65_536) {
                reading.feed(chunk, &mut evidence);
            }
            reading.finish(&mut evidence);
            let took = started.elapsed();
            assert!(
                took.as_secs() < 12,
                "{} after {}: {took:?}",
                String::from_utf8_lossy(piece),
                String::from_utf8_lossy(door)
            );
        }
    }
}

#[test]
fn a_flood_of_successes_does_not_crowd_out_the_failure() {
    let mut log = b"#Software: Microsoft Internet Information Services 10.0\r\n".to_vec();
    for _ in 0..20_000 {
        log.extend(b"2026-03-29 18:48:24 10.0.0.5 GET /certsrv/mscep/mscep.dll operation=GetCACaps 80 - 10.1.1.1 a - 200 0 0 3\r\n");
    }
    log.extend(b"2026-03-29 18:48:25 10.0.0.5 GET /certsrv/mscep/mscep.dll operation=GetCACert 80 - 10.1.1.1 a - 500 0 1346 3\r\n");
    let evidence = read("u_ex.log", &log, 10_000);
    assert!(evidence.requests().any(|(_, request)| request.status == Some(500)));
    let Some(Limit::Facts { left_out, failures: 0 }) = evidence.limits_hit.first() else {
        panic!("{:?}", evidence.limits_hit)
    };
    let counted: u64 = evidence.tallies.values().map(|count| count.times).sum();
    assert_eq!((counted, evidence.facts.len() as u64 + left_out), (20_001, 20_001));
}

#[test]
fn gigabytes_of_nothing_are_passed_over() {
    let zeros = vec![0_u8; 1 << 20];
    for start in [
        b"".as_slice(),
        b"ElfFile\0",
        b"<Event>",
        b"<![LOG[",
        b"#Software: Microsoft Internet Information Services\n",
        b"REGEDIT4\n",
    ] {
        let mut evidence = Evidence::default();
        let mut reading = Reading::new("sparse");
        reading.feed(start, &mut evidence);
        for _ in 0..64 {
            reading.feed(&zeros, &mut evidence);
        }
        reading.finish(&mut evidence);
        // At most what was begun before the zeros.
        assert!(evidence.facts.len() <= 1 && evidence.sources[0].items <= 1, "{:?}", evidence.sources);
        assert!(evidence.sources[0].kind != Kind::Empty);
    }
}

/// A log of nothing but failures is judged in time that grows with its length.
#[test]
fn a_flood_of_failures_is_judged_in_time() {
    let paste = String::from_utf8_lossy(SEEDS[0].1).replace(['\u{201c}', '\u{201d}', '\u{201e}', '\u{2033}'], "\"");
    let mut evidence = Evidence::default();
    let mut reading = Reading::new("flood.txt");
    for n in 0..4000 {
        // Each about another certificate.
        reading.feed(paste.replace("5D87837B", &format!("{n:08X}")).as_bytes(), &mut evidence);
    }
    reading.finish(&mut evidence);
    assert!(evidence.capi2().count() > 7000, "{}", evidence.capi2().count());
    let started = std::time::Instant::now();
    let now = pki::Time::civil((2026, 11, 24), (12, 0, 0)).unwrap();
    let diagnosis = doctor::diagnose(&evidence, now);
    let names = doctor::report::Names::Redacted;
    let report = doctor::report::Report::new(&diagnosis, &evidence, doctor::Language::English, names);
    assert_eq!((report.findings[0].code, report.findings[0].because.len()), ("F-01", 6));
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

/// Names and templates of an event log are chained by offsets: chains that lead back to themselves have to end.
#[test]
fn rings_of_references_in_an_event_log_end() {
    const CHUNK: usize = 4096;
    let whole = include_bytes!("../../../fixtures/doctor/evtx/capi2-windows.evtx");
    // Of names, and of templates, of which the chunk has few.
    let tables = [(128, 64, 20), (384, 32, 1)];
    for (table, buckets, least) in tables {
        let mut octets = whole[..CHUNK + 65_536].to_vec();
        let mut rings = 0;
        for bucket in 0..buckets {
            let at = CHUNK + table + 4 * bucket;
            let offset = u32::from_le_bytes(octets[at..at + 4].try_into().unwrap());
            if offset != 0 {
                // The first field of both is the offset of the next in its chain: here, of itself.
                let place = CHUNK + offset as usize;
                octets[place..place + 4].copy_from_slice(&offset.to_le_bytes());
                rings += 1;
            }
        }
        assert!(rings >= least, "{rings}");
        let started = std::time::Instant::now();
        let evidence = read("ring.evtx", &octets, 65_536);
        assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
        assert!(evidence.sources[0].items + evidence.sources[0].damaged > 0);
    }
}

#[test]
fn an_entity_bomb_in_a_configuration_is_refused_and_said() {
    let mut bomb = String::from("<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY a0 \"lol\">");
    for n in 1..30 {
        bomb.push_str(&format!("<!ENTITY a{n} \"&a{0};&a{0};\">", n - 1));
    }
    bomb.push_str("]><configuration><system.webServer><security x=\"&a29;\"/></system.webServer></configuration>");
    let evidence = read("applicationHost.config", bomb.as_bytes(), 1000);
    assert_eq!(evidence.sources[0].kind, Kind::IisConfiguration);
    assert!(evidence.facts.is_empty());
    assert!(evidence.troubles.iter().any(|trouble| trouble.says.contains("document type definition")));
}

#[test]
fn requests_that_find_no_room_are_counted_as_if_they_had_been_read() {
    let mut log = "#Software: Microsoft Internet Information Services 10.0\r\n".to_owned();
    for n in 0..600 {
        let operation = [
            "operation=GetCACaps",
            "message=x&Operation=getcacert",
            "operation=PKIOperation&message=MIIB%2B",
            "a=b",
            "operation=Odd",
            "operation=PKIOperation&operation=GetCACert",
            "operation",
        ][n % 7];
        let path = ["mscep/mscep.dll", "mscep_admin/", "mscep/pkiclient.exe"][n % 3];
        let status = ["200 0 0", "302 0 0", "500 0 1346", "200 0 64", "- - -"][n % 5];
        log.push_str(&format!(
            "2026-03-29 18:{:02}:24 10.0.0.5 GET /certsrv/{path} {operation} 80 - 10.1.1.1 a - {status} 3\r\n",
            n % 60
        ));
    }
    log.push_str("2026-03-29 19:00:00 10.0.0.5 POST /CMCertificateRegistration/Certificate/VerifyRequest - 443 - 10.0.0.5 NDES_Plugin - 201 0 0 44\r\n");
    let read = |memory| {
        let mut evidence = Evidence::new(Limits { memory, ..Limits::default() });
        let mut reading = Reading::new("u_ex.log");
        reading.feed(log.as_bytes(), &mut evidence);
        reading.finish(&mut evidence);
        evidence
    };
    let whole = read(1 << 30);
    let failures = |evidence: &Evidence| {
        evidence.requests().filter(|(_, request)| request.status.is_none_or(|status| status >= 400)).count() as u64
    };
    for memory in [0, 20_000, 200_000] {
        let short = read(memory);
        assert_eq!((&short.tallies, &short.sources), (&whole.tallies, &whole.sources), "{memory}");
        let left_out = (whole.facts.len() - short.facts.len()) as u64;
        let expected = Limit::Facts { left_out, failures: failures(&whole) - failures(&short) };
        assert_eq!(short.limits_hit, [expected], "{memory}");
    }
}

/// A file torn in the middle of the pin is not a pin of odd characters.
#[test]
fn a_torn_registry_export_accuses_nobody() {
    let key = "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\Modules\\NDESPolicy]";
    let mut torn = format!("REGEDIT4\r\n\r\n{key}\r\n\"NDESCertThumbprint\"=\"5D87837B").into_bytes();
    torn.resize(100_000, 0);
    let evidence = read("MSCEP.reg", &torn, 100_000);
    let diagnosis = doctor::diagnose(&evidence, pki::Time::civil((2026, 11, 24), (12, 0, 0)).unwrap());
    assert!(diagnosis.findings.is_empty(), "{:?}", diagnosis.findings);
}

#[test]
fn a_hole_in_a_log_is_passed_over_and_said() {
    let line = b"2026-03-29 18:48:24 10.0.0.5 GET /certsrv/mscep/mscep.dll operation=GetCACaps 80 - 10.1.1.1 a - 200 0 0 3\r\n";
    let mut log = b"#Software: Microsoft Internet Information Services 10.0\r\n".to_vec();
    log.extend_from_slice(line);
    log.resize(1 << 20, 0);
    log.extend_from_slice(b"\r\n");
    log.extend_from_slice(line);
    let evidence = read("u_ex.log", &log, 64 << 10);
    assert_eq!(evidence.requests().count(), 2);
    assert!(evidence.troubles.iter().any(|trouble| trouble.says.contains("nothing but zeros")));
}
