//! The incident: a pinned client certificate expired, told from ever more evidence.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod synthetic;

use doctor::forecast::Role;
use doctor::{Certainty, Diagnosis, Evidence, Outcome, Severity, Verdict, Witness, diagnose};
use pki::Time;
use synthetic::{CLIENT, Deployment, TWIN, capi2, files, now, read, store};

const PASTE: &str = include_str!("../../../fixtures/doctor/synthetic/incident-paste.txt");
const PINNED: &str = "5D87837B1C2D3E4F5061728394A5B6C7D8E9FA0B";

fn outcome<'d>(diagnosis: &'d Diagnosis, code: &str) -> &'d Outcome {
    &diagnosis.outcomes.iter().find(|(known, _)| *known == code).unwrap().1
}

fn paste() -> Evidence {
    let mut evidence = Evidence::default();
    read("ticket.txt", PASTE.as_bytes(), &mut evidence);
    evidence
}

fn reg(pin: &str) -> Vec<u8> {
    let mut deployment = Deployment::healthy();
    deployment.pin = Some(pin.to_owned());
    files::reg(&deployment)
}

#[test]
fn from_two_damaged_events_the_cause_is_probable() {
    let diagnosis = diagnose(&paste(), now());
    assert_eq!(diagnosis.verdict, Verdict::Findings);
    let finding = &diagnosis.findings[0];
    assert_eq!((finding.code, finding.certainty, finding.severity), ("F-01", Certainty::Probable, Severity::Outage));
    assert_eq!(finding.values["pin"], PINNED);
    assert!(finding.certain_with.contains(&Witness::Registry), "{:?}", finding.certain_with);
    let says: Vec<_> = finding.because.iter().map(|line| line.says.as_str()).collect();
    assert!(says[0].contains("event 30 by lsass.exe") && says[0].contains("0x800B0101"), "{says:?}");
    assert!(says[0].contains("Schannel checking its own credential, blind to revocation and usage"), "{says:?}");
    assert!(says[1].contains("leaf usable for client authentication"), "{says:?}");
    assert!(says[1].contains("event 11") && says[1].contains("error status 0x1"), "{says:?}");
    assert_eq!(finding.because[0].place.to_string(), "ticket.txt, record 8841, 2015-08-10T07:12:44Z");
    assert_eq!(diagnosis.findings.iter().map(|f| f.code).collect::<Vec<_>>(), ["F-01", "F-61"]);
    assert_eq!(diagnosis.findings[1].explained_by, ["F-01"], "the weak leaf stands below");
}

#[test]
fn with_the_registry_it_is_certain_and_with_the_new_certificate_the_command_is_complete() {
    let mut evidence = paste();
    read("MSCEP.reg", &reg(PINNED), &mut evidence);
    let finding = diagnose(&evidence, now()).findings[0].clone();
    assert_eq!((finding.code, finding.certainty), ("F-01", Certainty::Certain));
    assert!(!finding.values.contains_key("new"));
    let mut expired = store::client();
    (expired.from, expired.to) = ("8/10/2013 9:12 AM".into(), "8/10/2015 9:12 AM".into());
    let my = store::listing("My", &[expired, store::twin()]);
    read("my.txt", my.as_bytes(), &mut evidence);
    let finding = diagnose(&evidence, now()).findings[0].clone();
    let command = doctor::cause::filled(&doctor::cause::of("F-01").unwrap().commands[0], &finding.values);
    let expected = format!(
        r#"reg add "HKLM\SOFTWARE\Microsoft\Cryptography\MSCEP\Modules\NDESPolicy" /v NDESCertThumbprint /t REG_SZ /d {TWIN} /f"#
    );
    assert_eq!((finding.certainty, command), (Certainty::Certain, expected));
    assert_eq!(finding.values["not_after"], "2015-08-10T09:12:00Z");
}

#[test]
fn a_pin_of_another_certificate_is_not_the_cause() {
    let mut evidence = paste();
    read("MSCEP.reg", &reg(TWIN), &mut evidence);
    read("my.txt", store::listing("My", &[store::twin()]).as_bytes(), &mut evidence);
    let diagnosis = diagnose(&evidence, now());
    assert!(!diagnosis.findings.iter().any(|f| f.code == "F-01"), "{:#?}", diagnosis.findings);
}

#[test]
fn registry_and_store_alone_suffice() {
    let mut evidence = Evidence::default();
    read("MSCEP.reg", &reg(CLIENT), &mut evidence);
    let mut expired = store::client();
    expired.to = "11/20/2026 9:12 AM".into();
    read("my.txt", store::listing("My", &[expired]).as_bytes(), &mut evidence);
    let finding = diagnose(&evidence, now()).findings[0].clone();
    assert_eq!((finding.code, finding.certainty), ("F-01", Certainty::Certain));
}

#[test]
fn a_server_s_own_expired_certificate_is_not_the_pin() {
    let mut evidence = Evidence::default();
    let event = capi2::own_credential(synthetic::WEB_SERVER, "800B0101");
    read("capi2.xml", files::export(&[event]).as_bytes(), &mut evidence);
    read("my.txt", store::listing("My", &store::machine()).as_bytes(), &mut evidence);
    let diagnosis = diagnose(&evidence, now());
    assert_eq!(diagnosis.findings.iter().map(|f| f.code).collect::<Vec<_>>(), ["F-15"]);
}

#[test]
fn the_outage_is_foretold_with_its_day() {
    let mut deployment = Deployment::healthy();
    deployment.client().to = "12/20/2026 9:12 AM".into();
    deployment.my.push(store::twin());
    let evidence = deployment.evidence();
    let diagnosis = diagnose(&evidence, now());
    let finding = &diagnosis.findings[0];
    assert_eq!((finding.code, finding.certainty, finding.severity), ("F-04", Certainty::Certain, Severity::Warning));
    let end = Time::civil((2026, 12, 20), (9, 12, 0)).unwrap();
    assert_eq!((finding.due, finding.values["days"].as_str()), (Some(end), "25"));
    let due = &diagnosis.forecast[0];
    assert_eq!((due.at, due.role), (end, Role::PinnedClient));
    assert_eq!(due.successor.unwrap().to_string(), TWIN);
    let later = diagnose(&evidence, Time::civil((2026, 12, 10), (0, 0, 0)).unwrap());
    assert_eq!(later.findings[0].severity, Severity::Degraded, "urgent within two weeks");
    let after = diagnose(&evidence, Time::civil((2026, 12, 21), (0, 0, 0)).unwrap());
    assert_eq!((after.findings[0].code, after.findings[0].certainty), ("F-01", Certainty::Certain));
}

#[test]
fn a_policy_module_that_falls_silent_points_at_the_cause_without_telling_it() {
    let mut evidence = Evidence::default();
    let lines = ["Calling VerifyRequest ...", "Sending request to certificate registration point."].map(str::to_owned);
    read("NDESPlugin.log", files::trace("NDESPlugin", &lines).as_bytes(), &mut evidence);
    let diagnosis = diagnose(&evidence, now());
    assert_eq!(diagnosis.verdict, Verdict::CannotTell);
    let Outcome::CannotTell(missing) = outcome(&diagnosis, "F-01") else { panic!() };
    assert_eq!((missing.leads.len(), missing.needs.contains(&Witness::Registry)), (1, true));
}

/// A log goes back to the days before the outage: what was answered then hides nothing.
#[test]
fn a_policy_module_that_has_fallen_silent_points_at_the_cause_whatever_came_before() {
    let leads = |silent: usize| {
        let mut lines = files::plugin();
        for _ in 0..silent {
            lines.extend(files::plugin().into_iter().take(2));
        }
        let mut evidence = Evidence::default();
        read("NDESPlugin.log", files::trace("NDESPlugin", &lines).as_bytes(), &mut evidence);
        match outcome(&diagnose(&evidence, now()), "F-01") {
            Outcome::CannotTell(missing) => missing.leads.len(),
            other => panic!("{other:?}"),
        }
    };
    // One may be on its way.
    assert_eq!([leads(0), leads(1), leads(2), leads(3)], [0, 0, 2, 3]);
}

/// Nothing that a silent CAPI2 log leaves open may be called clear.
#[test]
fn an_empty_or_disabled_capi2_log_is_never_clear() {
    let mut deployment = Deployment::healthy();
    deployment.capi2.clear();
    let off = "name: Microsoft-Windows-CAPI2/Operational\nenabled: false\nlogging:\n  maxSize: 1052672\n";
    for state in [None, Some(off)] {
        let mut evidence = deployment.evidence();
        if let Some(state) = state {
            read("capi2-state.txt", state.as_bytes(), &mut evidence);
            let heard = Witness::Capi2.heard(&evidence);
            assert_eq!(heard, doctor::Heard::Silent);
        }
        let diagnosis = diagnose(&evidence, now());
        assert_eq!(diagnosis.verdict, Verdict::CannotTell);
        for code in ["F-59", "F-60", "F-61", "F-10"] {
            assert!(matches!(outcome(&diagnosis, code), Outcome::CannotTell(_)), "{code}");
        }
    }
    // Switched off after it had recorded something: what it holds is old.
    let mut evidence = Deployment::healthy().evidence();
    read("capi2-state.txt", off.as_bytes(), &mut evidence);
    assert_eq!(diagnose(&evidence, now()).verdict, Verdict::CannotTell);
}
