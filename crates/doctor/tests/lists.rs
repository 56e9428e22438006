//! Revocation lists in the patient's forecast: from files, listings and event 90.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods, reason = "fixtures are files")]

mod synthetic;

use doctor::fact::ListKind;
use doctor::forecast::Role;
use doctor::report::{Colour, Names, Report, html, markdown, text};
use doctor::source::Kind;
use doctor::{Diagnosis, Evidence, Language, diagnose};
use pki::Time;
use synthetic::{Deployment, now, read};

const PKITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/suites/nist-pkits/crls");

/// As `certutil -store -v` lists one; `extra` are further lines of its extensions.
fn listed(issuer: &str, this: &str, next: &str, extra: &str) -> String {
    format!(
        "================ CRL 0 ================\r\nX509 Certificate Revocation List:\r\nVersion: 2\r\nSignature \
         Algorithm:\r\n    Algorithm ObjectId: 1.2.840.113549.1.1.11 sha256RSA\r\nIssuer:\r\n    CN={issuer}\r\n    \
         DC=corp\r\n    DC=example\r\n  Name Hash(sha1): 0123456789012345678901234567890123456789\r\n\r\n ThisUpdate: \
         {this}\r\n NextUpdate: {next}\r\nCRL Entries: 1\r\n  Serial Number: 4700\r\n   Revocation Date: 1/1/2020 9:00 \
         AM\r\nCRL Extensions: 2\r\n    2.5.29.20: Flags = 0, Length = 3\r\n    CRL Number\r\n        CRL \
         Number=12\r\n{extra}CRL Hash(sha1): ab12ab12ab12ab12ab12ab12ab12ab12ab12{:04x}\r\n\r\n",
        this.len() * 251 + next.bytes().map(usize::from).sum::<usize>(),
    )
}

fn deployment(lists: &[String]) -> Evidence {
    let mut evidence = Deployment::healthy().evidence();
    let listing = format!("CA \"Intermediate\"\r\n{}CertUtil: -store command completed\r\n", lists.concat());
    read("crls.txt", listing.as_bytes(), &mut evidence);
    assert_eq!(evidence.revocation_lists().count(), lists.len(), "{:?}", evidence.troubles);
    evidence
}

fn ends(diagnosis: &Diagnosis) -> Vec<(String, Vec<Role>)> {
    let lists = diagnosis.forecast.iter().filter(|due| due.role == Role::RevocationList);
    lists.map(|due| (due.at.to_string(), due.stops.clone())).collect()
}

#[test]
fn each_issuer_has_its_day_and_the_functions_that_stop_then() {
    let evidence = deployment(&[
        listed("Issuing-CA-01", "11/20/2026 8:00 AM", "11/28/2026 8:20 PM", ""),
        listed("Root-CA", "6/1/2026 8:00 AM", "12/1/2026 8:00 AM", ""),
        // Of nobody's concern.
        listed("Other-CA", "11/20/2026 8:00 AM", "11/25/2026 8:00 AM", ""),
    ]);
    let diagnosis = diagnose(&evidence, now());
    let of_the_issuing = vec![Role::PinnedClient, Role::RaSigning, Role::RaEncryption, Role::WebServer];
    assert_eq!(
        ends(&diagnosis),
        [("2026-11-28T20:20:00Z".to_owned(), of_the_issuing), ("2026-12-01T08:00:00Z".to_owned(), vec![Role::Issuer]),]
    );
    assert_eq!(diagnosis.forecast[0].role, Role::RevocationList, "it is what ends first");
    assert!(diagnosis.findings.is_empty(), "a list that is good is no finding");
}

#[test]
fn a_newer_list_of_the_same_issuer_supersedes() {
    let older = listed("Issuing-CA-01", "11/13/2026 8:00 AM", "11/21/2026 8:00 PM", "");
    let newer = listed("Issuing-CA-01", "11/20/2026 8:00 AM", "11/28/2026 8:00 PM", "");
    for lists in [[older.clone(), newer.clone()], [newer, older]] {
        let diagnosis = diagnose(&deployment(&lists), now());
        let ends: Vec<_> = ends(&diagnosis).into_iter().map(|(at, _)| at).collect();
        assert_eq!(ends, ["2026-11-28T20:00:00Z"]);
    }
}

#[test]
fn a_delta_does_not_stand_in_for_the_complete_list() {
    let delta = "    2.5.29.27: Flags = 1(Critical), Length = 3\r\n    Delta CRL Indicator\r\n";
    let complete = listed("Issuing-CA-01", "11/20/2026 8:00 AM", "11/28/2026 8:00 PM", "");
    let late = listed("Issuing-CA-01", "11/24/2026 8:00 AM", "12/15/2026 8:00 PM", delta);
    let soon = listed("Issuing-CA-01", "11/24/2026 8:00 AM", "11/25/2026 8:00 PM", delta);
    for (deltas, expected) in [(late, "2026-11-28T20:00:00Z"), (soon, "2026-11-25T20:00:00Z")] {
        let evidence = deployment(&[complete.clone(), deltas]);
        assert_eq!(evidence.revocation_lists().filter(|(_, list)| list.kind == ListKind::Delta).count(), 1);
        let ends: Vec<_> = ends(&diagnose(&evidence, now())).into_iter().map(|(at, _)| at).collect();
        assert_eq!(ends, [expected]);
    }
}

#[test]
fn german_and_dumped_lists_are_read_by_their_order() {
    let german = "X.509-Zertifikatsperrliste:\r\nVersion: 2\r\nSignaturalgorithmus:\r\n    Algorithmus-Objekt-ID: \
                  1.2.840.113549.1.1.11 sha256RSA\r\nAussteller:\r\n    CN=Issuing-CA-01\r\n    DC=corp\r\n    \
                  DC=example\r\n\r\n Diese Aktualisierung: 20.11.2026 08:00\r\n Nächste Aktualisierung: 28.11.2026 \
                  20:20\r\nSperrlisteneinträge: 0\r\nCertUtil: -dump-Befehl wurde erfolgreich ausgeführt.\r\n";
    let mut evidence = Deployment::healthy().evidence();
    read("liste.txt", german.as_bytes(), &mut evidence);
    assert_eq!(evidence.sources.last().unwrap().kind, Kind::CertutilText);
    let (_, list) = evidence.revocation_lists().next().unwrap();
    assert_eq!(list.this_update, Time::civil((2026, 11, 20), (8, 0, 0)));
    assert_eq!(list.next_update, Time::civil((2026, 11, 28), (20, 20, 0)));
    assert_eq!(ends(&diagnose(&evidence, now())).len(), 1);
    // Without an end there is no day.
    let endless = german.replace("28.11.2026 20:20", "Leer");
    let mut evidence = Deployment::healthy().evidence();
    read("liste.txt", endless.as_bytes(), &mut evidence);
    assert_eq!(evidence.revocation_lists().next().unwrap().1.next_update, None);
    assert_eq!(ends(&diagnose(&evidence, now())).len(), 0);
}

#[test]
fn list_files_are_read_in_every_form() {
    let der = std::fs::read(format!("{PKITS}/GoodCACRL.crl")).unwrap();
    let delta = std::fs::read(format!("{PKITS}/deltaCRLCA3deltaCRL.crl")).unwrap();
    let list = pki::Crl::parse(&der).unwrap();
    let armoured = pki::pem::encode("X509 CRL", &der);
    for octets in [der.as_slice(), armoured.as_bytes()] {
        let mut evidence = Evidence::default();
        read("list.crl", octets, &mut evidence);
        let (_, found) = evidence.revocation_lists().next().unwrap();
        assert_eq!((found.this_update, found.next_update), (Some(list.this_update()), list.next_update()));
        assert_eq!((found.issuer.common_name(), found.kind), (Some("Good CA"), ListKind::Complete));
        assert!(found.reference.is_some() && evidence.troubles.is_empty());
    }
    let mut evidence = Evidence::default();
    read("delta.crl", &delta, &mut evidence);
    assert_eq!(evidence.revocation_lists().next().unwrap().1.kind, ListKind::Delta);
}

#[test]
fn every_report_tells_the_day_in_both_languages() {
    let evidence = deployment(&[listed("Issuing-CA-01", "11/20/2026 8:00 AM", "11/28/2026 8:20 PM", "")]);
    let diagnosis = diagnose(&evidence, now());
    for (language, words) in [
        (
            Language::English,
            "revocation checks, by the list of Issuing-CA-01: the registration point refuses the client certificate (403.13); NDES does not start with its RA certificates;",
        ),
        (
            Language::German,
            "Sperrprüfungen, nach der Liste von Issuing-CA-01: der Registrierungspunkt weist das Client-Zertifikat zurück (403.13); NDES startet mit seinen RA-Zertifikaten nicht;",
        ),
    ] {
        let report = Report::new(&diagnosis, &evidence, language, Names::Shown);
        for printed in [text(&report, Colour::Off), markdown(&report), html(&report), report.json().unwrap()] {
            let line: Vec<_> = printed.lines().filter(|line| line.contains(words)).collect();
            assert!(!line.is_empty(), "{printed}");
            assert!(printed.contains("2026-11-28"));
        }
        let json: serde_json::Value = serde_json::from_str(&report.json().unwrap()).unwrap();
        assert_eq!(json["forecast"][0]["role"], "revocation_list");
        assert_eq!(
            json["forecast"][0]["stops"],
            serde_json::json!(["pinned_client", "ra_signing", "ra_encryption", "web_server"])
        );
    }
    let redacted = Report::new(&diagnosis, &evidence, Language::English, Names::Redacted);
    assert!(!text(&redacted, Colour::Off).contains("Issuing-CA"), "names are replaced here as well");
}
