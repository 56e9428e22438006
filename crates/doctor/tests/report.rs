//! Reports: four forms, two languages, redacted or not.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a test reads and writes the documentation")]

mod synthetic;

use doctor::report::{Colour, Names, Report, html, markdown, text};
use doctor::{Evidence, Language, diagnose, what_to_collect};
use serde_json::Value;
use synthetic::{CLIENT, Deployment, TWIN, now, read, sick};

fn incident() -> Evidence {
    let mut deployment = Deployment::healthy();
    (sick::ALL[0].ail)(&mut deployment);
    deployment.evidence()
}

fn report(evidence: &Evidence, language: Language, names: Names) -> Report {
    Report::new(&diagnose(evidence, now()), evidence, language, names)
}

#[test]
fn the_page_says_the_verdict_first_and_what_to_type() {
    let page = text(&report(&incident(), Language::English, Names::Shown), Colour::Off);
    let lines: Vec<_> = page.lines().collect();
    assert_eq!(lines[2], "The pinned client certificate has expired (F-01, certain).");
    let command = format!("/v NDESCertThumbprint /t REG_SZ /d {TWIN} /f");
    for part in [&command, "> iisreset", "MSCEP.reg, line", CLIENT, "2026-11-22", "What ends when"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains('\u{1b}') && !page.contains("{") && !page.contains("[["), "{page}");
    assert!(text(&report(&incident(), Language::English, Names::Shown), Colour::On).contains("\u{1b}[1;31m"));
}

#[test]
fn german_speaks_german_and_keeps_the_commands() {
    let page = text(&report(&incident(), Language::German, Names::Shown), Colour::Off);
    assert!(page.contains("Das fest eingetragene Client-Zertifikat ist abgelaufen (F-01, sicher)."), "{page}");
    for part in ["Zu tun", "Prüfen", "Vorbeugen", "reg add", "iisreset"] {
        assert!(page.contains(part), "{part}\n{page}");
    }
    assert!(!page.contains("Do this") && !page.contains(" certain"), "{page}");
}

#[test]
fn redaction_leaves_no_name_and_is_consistent() {
    let evidence = incident();
    let shown = report(&evidence, Language::English, Names::Shown);
    let hidden = report(&evidence, Language::English, Names::Redacted);
    let forms = [hidden.json().unwrap(), text(&hidden, Colour::Off), markdown(&hidden), html(&hidden)];
    let secret = ["ndes01", "corp.example", "ca01", "issuing-ca-01", "s-1-5-21-", "10.0.0.", "10.1.1."];
    for form in &forms {
        let lower = form.to_lowercase();
        for name in secret {
            assert!(!lower.contains(name), "{name} in {form}");
        }
    }
    assert!(shown.json().unwrap().contains("NDES01"), "or else the test proves nothing");
    let names: Vec<_> = hidden.findings.iter().filter_map(|f| f.certificate.as_ref()).map(|c| &c.subject).collect();
    let successor = hidden.findings[0].successor.as_ref().unwrap();
    assert_eq!(names[0], &successor.subject, "the same name is replaced by the same");
    assert!(hidden.findings[0].commands[0].contains(TWIN), "thumbprints stay: the commands need them");
}

#[test]
fn html_stands_alone_and_escapes_evidence() {
    let mut deployment = Deployment::healthy();
    (sick::ALL[0].ail)(&mut deployment);
    deployment.crp.push("Subject Name in CSR CN=<script>alert(1)</script> and challenge do not match".into());
    let page = html(&report(&deployment.evidence(), Language::English, Names::Shown));
    assert!(page.contains("<svg") && page.contains("class=\"pinned\"") && page.contains("class=\"event\""));
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;"));
    for elsewhere in ["src=", "href=", "url(", "@import"] {
        assert!(!page.contains(elsewhere), "{elsewhere}");
    }
    let svg = page.split("<svg").nth(1).unwrap().split("</svg>").next().unwrap();
    assert_eq!(svg.matches("<rect").count(), 6, "five certificates of the machine and its issuer, each once:\n{svg}");
}

#[test]
fn markdown_cannot_be_broken_by_evidence() {
    let mut deployment = Deployment::healthy();
    deployment.crp.push("Subject Name in CSR CN=`](http://x) | **b** and challenge do not match".into());
    let page = markdown(&report(&deployment.evidence(), Language::English, Names::Shown));
    assert!(page.contains("F-21") && !page.contains("CN=`"), "{page}");
}

#[test]
fn what_to_collect_switches_the_log_on_and_names_every_witness() {
    for language in [Language::English, Language::German] {
        let script = what_to_collect(language);
        for part in [
            "wevtutil sl Microsoft-Windows-CAPI2/Operational /e:true",
            "reg export",
            "certutil -store -v My",
            "robocopy",
            "wevtutil epl Application",
            "applicationHost.config",
            "HTTPERR",
        ] {
            assert!(script.contains(part), "{part}\n{script}");
        }
        assert!(script.lines().all(|line| line.is_empty() || line.is_ascii() || line.starts_with("rem ")));
    }
}

#[test]
fn json_is_what_its_schema_says() {
    let schema =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/doctor-report.schema.json"));
    let schema: Value = serde_json::from_str(&schema.unwrap()).unwrap();
    let mut samples = vec![incident(), Deployment::healthy().evidence(), Evidence::default()];
    let mut paste = Evidence::default();
    read("ticket.txt", include_bytes!("../../../fixtures/doctor/synthetic/incident-paste.txt"), &mut paste);
    samples.push(paste);
    for evidence in &samples {
        let json = report(evidence, Language::English, Names::Shown).json().unwrap();
        let value: Value = serde_json::from_str(&json).unwrap();
        conforms(&value, &schema, &schema, "report").unwrap();
    }
    let mut wrong: Value =
        serde_json::from_str(&report(&samples[0], Language::English, Names::Shown).json().unwrap()).unwrap();
    wrong["findings"][0]["certainty"] = "sure".into();
    assert!(conforms(&wrong, &schema, &schema, "report").is_err(), "the comparison compares");
}

/// As much of JSON Schema as the schema uses.
fn conforms(value: &Value, schema: &Value, root: &Value, at: &str) -> Result<(), String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return conforms(value, root.pointer(reference.trim_start_matches('#')).unwrap(), root, at);
    }
    if let Some(any) = schema["anyOf"].as_array() {
        let fits = any.iter().any(|one| conforms(value, one, root, at).is_ok());
        return fits.then_some(()).ok_or(format!("{at}: none of the alternatives fits {value}"));
    }
    if schema.get("const").is_some_and(|one| one != value) {
        return Err(format!("{at}: {value}"));
    }
    if schema["enum"].as_array().is_some_and(|all| !all.contains(value)) {
        return Err(format!("{at}: {value} is not allowed"));
    }
    match schema["type"].as_str() {
        Some("object") => {
            let object = value.as_object().ok_or(format!("{at}: no object"))?;
            for name in schema["required"].as_array().unwrap() {
                object.get(name.as_str().unwrap()).ok_or(format!("{at}: {name} is missing"))?;
            }
            for (name, inner) in object {
                let schema = schema["properties"].get(name).ok_or(format!("{at}: {name} is not described"))?;
                conforms(inner, schema, root, &format!("{at}.{name}"))?;
            }
            Ok(())
        }
        Some("array") => {
            let list = value.as_array().ok_or(format!("{at}: no array"))?;
            list.iter().try_for_each(|one| conforms(one, &schema["items"], root, &format!("{at}[]")))
        }
        Some("string") => value.as_str().map(|_| ()).ok_or(format!("{at}: no string")),
        Some("integer") => value.as_i64().map(|_| ()).ok_or(format!("{at}: no integer")),
        Some("null") => value.is_null().then_some(()).ok_or(format!("{at}: not null")),
        _ => Ok(()),
    }
}
