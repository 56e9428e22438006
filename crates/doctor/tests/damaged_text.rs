//! Event XML as people paste it: damaged in every way blogs, forums and ticket systems know.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use doctor::Evidence;
use doctor::fact::capi2::{Capi2Body, Capi2Event, Permission};
use doctor::fact::{Code, Limits, Position, RepairKind, Thumbprint};
use doctor::source::Reading;

const PASTE: &str = include_str!("../../../fixtures/doctor/synthetic/incident-paste.txt");
const SID: &str = "S-1-5-21-1111111111-2222222222-3333333333-4444";

fn read_in(octets: &[u8], step: usize) -> Evidence {
    let mut evidence = Evidence::new(Limits::default());
    let mut reading = Reading::new("ticket.txt");
    for chunk in octets.chunks(step) {
        reading.feed(chunk, &mut evidence);
    }
    reading.finish(&mut evidence);
    evidence
}

fn read(text: &str) -> Evidence {
    read_in(text.as_bytes(), 1 << 20)
}

fn event(evidence: &Evidence, id: u32) -> &Capi2Event {
    let found: Vec<_> = evidence.capi2().filter(|(_, event)| event.head.id == id).collect();
    assert_eq!(found.len(), 1, "event {id} in {:#?}", evidence.facts);
    found[0].1
}

/// What must come out of the incident's two events, whatever was done to their text.
fn is_the_incident(evidence: &Evidence, how: &str) {
    let pinned = Thumbprint::parse("5D87837B1C2D3E4F5061728394A5B6C7D8E9FA0B");
    let thirty = event(evidence, 30);
    assert_eq!(thirty.result, Some(Code::CERT_E_EXPIRED), "{how}");
    assert!(thirty.is_own_credential_check(), "{how}: {thirty:#?}");
    assert_eq!(thirty.impersonated.as_deref(), Some(SID), "{how}");
    assert_eq!(thirty.head.user.as_deref(), Some(SID), "{how}");
    let Capi2Body::Policy(policy) = &thirty.body else { panic!("{how}") };
    assert_eq!(policy.certificate.thumbprint, pinned, "{how}");
    assert_eq!(policy.certificate.subject, "NDES01.corp.example", "{how}");
    assert_eq!((policy.chain_index, policy.element_index, policy.ignore), (Some(0), Some(0), Some(0x280)), "{how}");

    let eleven = event(evidence, 11);
    assert_eq!(eleven.result, Some(Code::CERT_E_EXPIRED), "{how}");
    let Capi2Body::Chain(built) = &eleven.body else { panic!("{how}") };
    assert_eq!((built.certificate.thumbprint, built.chains.len()), (pinned, 1), "{how}");
    let chain = &built.chains[0];
    assert_eq!((chain.status.error, chain.elements.len()), (1, 3), "{how}: {chain:#?}");
    let leaf = &chain.elements[0];
    assert_eq!((leaf.certificate.thumbprint, leaf.status.error), (pinned, 1), "{how}");
    assert_eq!(leaf.application_usage.allows("1.3.6.1.5.5.7.3.2"), Some(Permission::Allowed), "{how}");
    assert_eq!(leaf.application_usage.allows("1.3.6.1.5.5.7.3.1"), Some(Permission::Refused), "{how}");
    assert_eq!((leaf.key_bits, leaf.signature_hash.as_deref()), (Some(1024), Some("SHA1")), "{how}");
    assert_eq!(chain.elements.iter().map(|e| e.status.error).collect::<Vec<_>>(), [1, 0, 0], "{how}");
    assert_eq!(chain.elements.iter().filter_map(|e| e.key_bits).collect::<Vec<_>>(), [1024, 2048, 4096], "{how}");
}

#[test]
fn the_incident_is_read_from_its_damaged_text() {
    let evidence = read(PASTE);
    is_the_incident(&evidence, "as pasted");
    let kinds: Vec<_> = evidence.repairs.iter().map(|repair| repair.kind).collect();
    for kind in [
        RepairKind::TypographicQuotes,
        RepairKind::LostQuote,
        RepairKind::LostEndTag,
        RepairKind::LostBracket,
        RepairKind::TextBetween,
        RepairKind::LostBackslashes,
    ] {
        assert!(kinds.contains(&kind), "{kind:?} not said: {kinds:?}");
    }
    let (place, _) = evidence.capi2().next().unwrap();
    assert_eq!(place.position, Position::Record(8841));
    assert_eq!(place.when.unwrap().to_string(), "2015-08-10T07:12:44Z");
}

#[test]
fn however_it_is_cut_and_encoded() {
    for step in [1, 7, 100, 4096, 20_000] {
        is_the_incident(&read_in(PASTE.as_bytes(), step), "chunks");
    }
    let utf16: Vec<u8> = PASTE.encode_utf16().flat_map(u16::to_le_bytes).collect();
    is_the_incident(&read_in(&utf16, 999), "UTF-16LE without mark");
    let curly = PASTE.replace('\u{2033}', "\u{201d}");
    let (ansi, _, _) = encoding_rs::WINDOWS_1252.encode(&curly);
    is_the_incident(&read_in(&ansi, 999), "windows-1252");
    let twice: String =
        PASTE.as_bytes().iter().map(|b| encoding_rs::WINDOWS_1252.decode(&[*b]).0.into_owned()).collect();
    is_the_incident(&read(&twice), "UTF-8 read as windows-1252");
}

/// Ways of damaging text, each on top of the damage that is already there.
#[test]
fn however_else_it_is_damaged() {
    type Damage = (&'static str, fn(&str) -> String);
    let damages: [Damage; 17] = [
        ("escaped", |t| t.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")),
        ("escaped twice", |t| t.replace('<', "&amp;lt;").replace('>', "&amp;gt;")),
        ("straight quotes escaped", |t| straight(t).replace('"', "&quot;")),
        ("straight quotes", straight),
        ("guillemets with blanks", |t| straight(t).replace("=\"", "=\u{ab}\u{a0}").replace('"', "\u{a0}\u{bb}")),
        ("single quotes", |t| straight(t).replace('"', "'")),
        ("one line", |t| t.replace('\n', " ")),
        ("no line ends at all", |t| t.replace('\n', "")),
        ("mail quoting", |t| t.lines().fold(String::new(), |all, line| all + "| " + line + "\r\n")),
        ("html breaks", |t| t.replace('\n', "<br>\n")),
        ("lower case tags", |t| lower_tags(&straight(t))),
        ("no end tags of chain elements", |t| t.replace("</ChainElement>", "")),
        ("no end tags of trust states", |t| t.replace("</TrustStatus>", "")),
        ("no end tags of events", |t| t.replace("</Event>", "")),
        ("slashes of empty tags lost", |t| t.replace("\u{201c} />", "\u{201c}>").replace("\u{201d} />", "\u{201d}>")),
        ("minus signs of the browser's tree view", |t| t.replace("  <", "- <")),
        ("invisible blanks", |t| t.replace(" subjectName", "\u{200b}\u{a0}subjectName")),
    ];
    for (how, damage) in damages {
        is_the_incident(&read(&damage(PASTE)), how);
    }
}

fn straight(text: &str) -> String {
    text.chars().map(|c| if matches!(c, '\u{201c}'..='\u{201e}' | '\u{2033}') { '"' } else { c }).collect()
}

/// What an HTML parser does to names of elements and attributes.
fn lower_tags(text: &str) -> String {
    let mut quoted = false;
    let mut tag = false;
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '<' => (tag, quoted) = (true, false),
            '>' => tag = false,
            '"' => quoted = !quoted,
            _ => {}
        }
        out.push(if tag && !quoted { c.to_ascii_lowercase() } else { c });
    }
    out
}

#[test]
fn a_cut_text_is_read_as_far_as_it_goes() {
    let start = PASTE.find("<Result value=\u{201e}800B0101").unwrap();
    let evidence = read(&PASTE[..start]);
    let eleven = event(&evidence, 11);
    assert_eq!(eleven.result, None);
    let Capi2Body::Chain(built) = &eleven.body else { panic!() };
    assert_eq!(built.chains[0].elements.len(), 3);
    for cut in (0..PASTE.len()).filter(|at| PASTE.is_char_boundary(*at)).step_by(13) {
        read(&PASTE[..cut]);
        read(&PASTE[cut..]);
    }
}

#[test]
fn fragments_of_articles_are_read() {
    let ssl = read(include_str!("../../../fixtures/doctor/event-xml/msdocs-event30-ssl-policy-800B0109.xml"));
    let thirty = event(&ssl, 30);
    assert!(thirty.is_own_credential_check());
    assert_eq!(thirty.result, Some(Code(0x800B_0109)));
    assert!(ssl.repairs.is_empty(), "{:?}", ssl.repairs);

    let base = read(include_str!("../../../fixtures/doctor/event-xml/msdocs-event30-base-policy-800B010A.xml"));
    let thirty = event(&base, 30);
    assert!(!thirty.is_own_credential_check());
    assert_eq!(thirty.result, Some(Code(0x800B_010A)));
    assert_eq!(base.repairs.iter().map(|r| r.kind).collect::<Vec<_>>(), [RepairKind::LostEventId]);

    let lonely = read(
        "see this:\n<EventAuxInfo ProcessName=\"lsass.exe\"/> <CertVerifyCertificateChainPolicy><Certificate fileRef=\"5D87837B1C2D3E4F5061728394A5B6C7D8E9FA0B.cer\"/>",
    );
    assert_eq!(
        event(&lonely, 30).subject().unwrap().thumbprint,
        Thumbprint::parse("5D87837B1C2D3E4F5061728394A5B6C7D8E9FA0B")
    );
}

#[test]
fn entity_bombs_and_depth_end_in_a_said_limit() {
    let mut bomb = String::from("<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY a \"lol\">");
    for n in 1..30 {
        bomb.push_str(&format!("<!ENTITY a{n} \"&a{};&a{};\">", n - 1, n - 1));
    }
    bomb.push_str("]><Events><Event><System><EventID>30</EventID><Computer>&a29;</Computer></System></Event></Events>");
    let evidence = read(&bomb);
    assert!(evidence.facts.iter().all(|fact| format!("{fact:?}").len() < 10_000));

    let deep = format!("<Event><UserData>{}", "<x>".repeat(200_000));
    let evidence = read(&deep);
    assert!(
        evidence.limits_hit.iter().any(|limit| matches!(limit, doctor::fact::Limit::Depth { .. })),
        "{:?}",
        evidence.limits_hit
    );

    let long = format!("<Event><System><EventID>30</EventID><Computer>{}", "x".repeat(3 << 20));
    let evidence = read(&long);
    assert!(evidence.limits_hit.iter().any(|limit| matches!(limit, doctor::fact::Limit::LongItem { .. })));
}
