//! Whatever stands in an export, what comes out is a configuration that the service takes.

use std::path::Path;

use doctor::source::Reading;
use server::config::{Config, Doors};
use server::credential::Role;

use super::*;

const BASE: &str = r"HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Cryptography\MSCEP";

fn evidence(octets: &[u8]) -> Evidence {
    let mut evidence = Evidence::default();
    let mut reading = Reading::new("MSCEP.reg");
    reading.feed(octets, &mut evidence);
    reading.finish(&mut evidence);
    evidence
}

/// What is made of an export; nothing if it is none of NDES's.
fn imported(octets: &[u8]) -> Option<(String, Vec<Note>)> {
    let evidence = evidence(octets);
    let export = Export(&evidence);
    let draft = export.is_there().then(|| translate(&export, &Pin::of(&export), &[]))?;
    Some((written(&draft, None), draft.notes))
}

fn checked(text: &str) -> Config {
    Config::parse(text, "perennial.toml", Path::new("/srv")).unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// A `.reg` file with these values: key below MSCEP, name, data.
fn reg(values: &[(&str, &str, &str)]) -> String {
    let mut out = "Windows Registry Editor Version 5.00\r\n".to_owned();
    for (key, name, data) in values {
        let key = if key.is_empty() { String::new() } else { format!("\\{key}") };
        out.push_str(&format!("\r\n[{BASE}{key}]\r\n\"{name}\"={data}\r\n"));
    }
    out
}

const DEFAULT: &[(&str, &str, &str)] = &[
    ("", "SignatureTemplate", "\"NDESDevice\""),
    ("", "EncryptionTemplate", "\"NDESDevice\""),
    ("", "GeneralPurposeTemplate", "\"NDESDevice\""),
    ("EnforcePassword", "EnforcePassword", "dword:00000001"),
    ("UseSinglePassword", "UseSinglePassword", "dword:00000000"),
    ("PasswordValidity", "PasswordValidity", "dword:0000005a"),
];

/// The default with some values in place of its own, or beside them.
fn with(changes: &[(&'static str, &'static str, &'static str)]) -> String {
    let kept = DEFAULT.iter().filter(|(_, name, _)| !changes.iter().any(|(_, changed, _)| changed == name));
    reg(&kept.chain(changes).copied().collect::<Vec<_>>())
}

fn utf16(text: &str) -> Vec<u8> {
    [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

fn notes_of<'n>(notes: &'n [Note], registry: &str) -> Vec<&'n Note> {
    notes.iter().filter(|note| note.registry.contains(registry)).collect()
}

#[test]
fn the_export_of_a_new_server_is_one_profile_and_one_endpoint() {
    let octets = include_bytes!("../../../../../fixtures/doctor/registry/MSCEP.reg");
    let (text, notes) = imported(octets).expect("NDES");
    let config = checked(&text);
    let endpoint = &config.endpoints["default"];
    assert_eq!(config.endpoints.len(), 1);
    assert_eq!(endpoint.doors, Doors::Ndes);
    assert_eq!(endpoint.challenge_validity, 3600);
    assert_eq!(endpoint.policy.challenges, [ra::ChallengeKind::OneTime]);
    assert_eq!(config.profiles["IPSECIntermediateOffline"].validity, 730 * 86_400);
    assert!(notes_of(&notes, "CA03.intra.adcslabor.de").iter().all(|note| note.needs == Needs::You));
    assert!(notes_of(&notes, "PasswordMax = 5").iter().all(|note| note.needs == Needs::Nothing));
    // Every line says where it comes from.
    let settings = text.lines().filter(|line| !line.starts_with(['#', '[']) && !line.is_empty());
    assert!(settings.clone().count() > 5);
    settings.for_each(|line| assert!(line.contains("  # "), "{line}"));
}

#[test]
fn every_form_of_an_export_says_the_same() {
    let text = with(&[]);
    let (expected, _) = imported(&utf16(&text)).expect("UTF-16");
    assert!(expected.contains("challenge_validity = \"1h30m\""), "{expected}");
    let ansi = text.replace("Windows Registry Editor Version 5.00", "REGEDIT4");
    let mut query = String::new();
    for (key, name, data) in DEFAULT {
        let key = if key.is_empty() { BASE.to_owned() } else { format!("{BASE}\\{key}") };
        let row = match data.strip_prefix("dword:") {
            Some(digits) => format!("REG_DWORD    0x{}", digits.trim_start_matches('0')),
            None => format!("REG_SZ    {}", data.trim_matches('"')),
        };
        let row = if row.ends_with("0x") { format!("{row}0") } else { row };
        query.push_str(&format!("\r\n{key}\r\n    {name}    {row}\r\n"));
    }
    for other in [text, ansi, query] {
        assert_eq!(imported(other.as_bytes()).expect(&other).0, expected, "{other}");
    }
}

#[test]
fn three_templates_are_three_endpoints() {
    let text = with(&[
        ("", "SignatureTemplate", "\"NDES Sign\""),
        ("", "EncryptionTemplate", "\"NDES-Sign\""),
        ("", "GeneralPurposeTemplate", "\"NDES-Sign-2\""),
    ]);
    let (text, notes) = imported(text.as_bytes()).expect("NDES");
    let config = checked(&text);
    let profiles: Vec<&str> = config.endpoints.values().map(|endpoint| endpoint.policy.profile.as_str()).collect();
    assert_eq!(config.endpoints.keys().collect::<Vec<_>>(), ["default", "encryption", "signature"]);
    let different: std::collections::BTreeSet<&&str> = profiles.iter().collect();
    assert_eq!(different.len(), 3, "{profiles:?}");
    assert_eq!(config.endpoints.values().filter(|endpoint| endpoint.doors == Doors::Ndes).count(), 1);
    assert!(notes_of(&notes, "three templates").iter().any(|note| note.needs == Needs::You));
}

#[test]
fn nobody_gets_a_certificate_without_anybody_deciding() {
    let (text, notes) = imported(with(&[("EnforcePassword", "EnforcePassword", "dword:0")]).as_bytes()).expect("NDES");
    let policy = &checked(&text).endpoints["default"].policy;
    assert_eq!(policy.approval, ra::Approval::WithoutChallenge);
    assert_eq!(notes_of(&notes, "EnforcePassword = 0").len(), 1);
}

#[test]
fn one_password_for_all_is_not_invented() {
    let changes = [
        ("UseSinglePassword", "UseSinglePassword", "dword:1"),
        ("EncryptedPassword", "EncryptedPassword", "hex:01,02"),
    ];
    let (text, notes) = imported(with(&changes).as_bytes()).expect("NDES");
    assert!(checked(&text).endpoints["default"].statics.is_empty());
    assert!(text.contains("# static_challenge_hash"), "{text}");
    assert!(notes_of(&notes, "UseSinglePassword = 1").iter().any(|note| note.needs == Needs::You));
}

#[test]
fn a_policy_module_becomes_a_registration_point_and_its_pin_is_not_taken_over() {
    let changes = [
        ("Modules", "Policy", "\"NDESPolicy.OTA.1\""),
        (
            r"Modules\NDESPolicy",
            "NDESCertThumbprint",
            "\"\u{200e}5d 87 83 7b 1c 2d 3e 4f 50 61 72 83 94 a5 b6 c7 d8 e9 fa 0b\"",
        ),
        (r"Modules\NDESPolicy", "CRPHost", "\"crp.corp.example\""),
    ];
    let (text, notes) = imported(&utf16(&with(&changes))).expect("NDES");
    let config = checked(&text);
    assert_eq!(config.endpoints["default"].policy.challenges, [ra::ChallengeKind::Module]);
    assert!(config.endpoints["default"].module.is_some() && config.registration_point.is_some());
    // The certificate with it is never here: a pin that is stated would refuse every file.
    assert_eq!(config.credentials[&Role::PolicyModuleClient].thumbprint, None);
    let line =
        "# thumbprint = \"5D87837B1C2D3E4F5061728394A5B6C7D8E9FA0B\"  # NDESCertThumbprint: no certificate with it";
    assert!(text.lines().any(|l| l.starts_with(line) && l.ends_with("every file")), "{text}");
    assert!(notes_of(&notes, "NDESCertThumbprint").iter().any(|note| note.says.contains("successors")));
    assert_eq!(notes_of(&notes, "CRPHost = \"crp.corp.example\"").len(), 1, "{notes:?}");
    assert!(notes_of(&notes, "NDESCertThumbprint").iter().any(|note| note.says.contains("invisible")));
}

#[test]
fn what_makes_no_sense_is_said_and_not_taken() {
    let changes = [
        ("PasswordValidity", "PasswordValidity", "dword:ffffffff"),
        ("EnforcePassword", "EnforcePassword", "\"yes\""),
        ("", "SignatureTemplate", "dword:1"),
        ("Modules", "Policy", "\"NDESPolicy.OTA.1\""),
        (r"Modules\NDESPolicy", "NDESCertThumbprint", "\"certificate of NDES01\""),
    ];
    let (text, notes) = imported(with(&changes).as_bytes()).expect("NDES");
    assert_eq!(checked(&text).credentials.get(&Role::PolicyModuleClient), None);
    for registry in ["PasswordValidity", "EnforcePassword", "MSCEP\\SignatureTemplate", "NDESCertThumbprint"] {
        assert!(notes_of(&notes, registry).iter().any(|note| note.needs == Needs::You), "{registry}: {notes:?}");
    }
}

#[test]
fn nothing_foreign_is_taken_for_an_ndes() {
    let other = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Other]\r\n\"A\"=\"B\"\r\n";
    for octets in [&b""[..], other.as_bytes(), &utf16(other), b"\xff\xfe\0", &[0; 4096], b"not a registry"] {
        assert!(imported(octets).is_none());
    }
}

/// Octets changed anywhere: either it is no NDES any more, or it is a configuration all the same.
#[test]
fn damaged_exports_still_make_configurations() {
    let text = with(&[
        ("Modules", "Policy", "\"NDESPolicy.OTA.1\""),
        (r"Modules\NDESPolicy", "NDESCertThumbprint", "\"5D87837B1C2D3E4F5061728394A5B6C7D8E9FA0B\""),
        ("PasswordVDir", "PasswordVDir", "\"CertSrv/mscep_admin\""),
    ]);
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).expect("32 bits") % below
    };
    let mut made = 0;
    for _ in 0..400 {
        let mut octets = text.clone().into_bytes();
        for _ in 0..=next(6) {
            let at = next(octets.len());
            let evil = [b'"', b'\\', b'\n', 0, b'#', b'[', b']', b'=', 0x7f, 0xc3, b'\'', b'0'];
            octets[at] = evil[next(evil.len())];
        }
        if let Some((text, _)) = imported(&octets) {
            checked(&text);
            made += 1;
        }
    }
    assert!(made > 300, "{made}");
}
