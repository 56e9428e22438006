//! A German report says nothing in English but what it quotes.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test reads the sources")]

mod synthetic;

use doctor::report::{Names, Report};
use doctor::{Evidence, Language, diagnose};
use serde_json::Value;
use synthetic::{Deployment, now, read, sick};

/// Words that English has and German has not.
const ENGLISH: [&str; 16] = [
    "the", "of", "is", "are", "not", "and", "has", "with", "from", "until", "issued", "next", "could", "event",
    "record", "read",
];

/// What is the same in every language: names, codes, commands, addresses.
const NEUTRAL: [&str; 12] = [
    "commands",
    "verify_commands",
    "restart",
    "references",
    "schema",
    "verdict",
    "severity",
    "certainty",
    "kind",
    "file",
    "witness",
    "heard",
];

fn reports(evidence: &Evidence) -> [Value; 2] {
    let diagnosis = diagnose(evidence, now());
    [Language::English, Language::German].map(|language| {
        let report = Report::new(&diagnosis, evidence, language, Names::Shown);
        serde_json::from_str(&report.json().unwrap()).unwrap()
    })
}

/// Texts that are the same in both and look English.
fn untranslated(english: &Value, german: &Value, found: &mut Vec<String>) {
    match (english, german) {
        (Value::String(one), Value::String(other)) if one == other => {
            let words = one.split(|c: char| !c.is_alphabetic());
            if words.map(str::to_lowercase).any(|word| ENGLISH.contains(&word.as_str())) {
                found.push(one.clone());
            }
        }
        (Value::Array(one), Value::Array(other)) => {
            one.iter().zip(other).for_each(|(one, other)| untranslated(one, other, found));
        }
        (Value::Object(one), Value::Object(other)) => {
            let spoken = one.iter().filter(|(key, _)| !NEUTRAL.contains(&key.as_str()));
            spoken.for_each(|(key, value)| untranslated(value, &other[key], found));
        }
        _ => {}
    }
}

fn check(evidence: &Evidence, quotable: &str) {
    let [english, german] = reports(evidence);
    let mut found = Vec::new();
    untranslated(&english, &german, &mut found);
    // A line that stands in a log is quoted as it stands there; long ones are cut.
    found.retain(|text| !quotable.contains(text.trim_end_matches('…')));
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn every_cause_is_told_in_german() {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    for sick in sick::ALL {
        let mut deployment = Deployment::healthy();
        (sick.ail)(&mut deployment);
        let quotable: String = deployment.files().iter().map(|(_, octets)| text(octets)).collect();
        check(&deployment.evidence(), &quotable);
    }
}

#[test]
fn too_little_and_damaged_evidence_is_told_in_german() {
    let mut evidence = Evidence::default();
    let paste = include_bytes!("../../../fixtures/doctor/synthetic/incident-paste.txt");
    let log = include_bytes!("../../../fixtures/doctor/evtx/sample_with_a_bad_chunk_magic.evtx");
    read("paste.txt", paste, &mut evidence);
    read("damaged.evtx", &log[..log.len() - 5000], &mut evidence);
    read("holiday.jpg", b"\xff\xd8\xff\xe0 a picture", &mut evidence);
    read("empty.log", b"", &mut evidence);
    read("key.pfx", b"\x30\x82\x01\x00\x02\x01\x03\x30\x82", &mut evidence);
    read("events.csv", b"Level,Date and Time,Source,Event ID,Task Category\r\n", &mut evidence);
    read("web.config", b"<configuration><a></configuration>", &mut evidence);
    read("old.log", b"x  $$<NDESPlugin><08-10-2015 09:12:44.123><thread=4 (0x4)>\r\n", &mut evidence);
    let mut begun = b"#Software: Microsoft Internet Information Services 10.0\r\n".to_vec();
    begun.resize(1 << 20, 0);
    read("u_ex.log", &begun, &mut evidence);
    assert!(evidence.troubles.len() >= 3 && evidence.repairs.len() > 3, "{:?}", evidence.troubles);
    check(&evidence, &String::from_utf8_lossy(paste));
}

/// The literal texts that readers note as troubles, with their gaps.
fn noted(source: &str) -> Vec<String> {
    let marks = ["damaged(", "let says = format!(", "=> Some(\n            \"", "trouble(folder, &format!("];
    let mut found = Vec::new();
    for mark in marks {
        for (_, after) in source.match_indices(mark).map(|(at, _)| source.split_at(at)) {
            let near = after.get(..160).unwrap_or(after);
            let statement = near.split(';').next().unwrap_or_default();
            let Some((_, literal)) = statement.split_once('"') else { continue };
            let Some((literal, _)) = literal.split_once('"') else { continue };
            let mut gaps = literal.split(['{', '}']).enumerate().map(|(n, part)| if n % 2 == 0 { part } else { "…" });
            found.push(gaps.by_ref().collect());
        }
    }
    found
}

/// Looked up in the source of the German sentences, whose lines are folded.
#[test]
fn every_sentence_of_the_readers_has_its_german() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let german = std::fs::read_to_string(root.join("src/report/german.rs")).unwrap();
    let german = german.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let mut folders = vec![root.join("src/source"), root.join("../perennial/src/command/doctor")];
    let mut sentences = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                sentences.extend(noted(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    assert!(sentences.len() >= 15, "{sentences:?}");
    let known = |sentence: &String| sentence.len() < 12 || german.contains(&format!("\"{sentence}"));
    let unknown: Vec<_> = sentences.iter().filter(|sentence| !known(sentence)).collect();
    assert!(unknown.is_empty(), "without German: {unknown:#?}");
}
