//! Telling what a file is by looking into it. The name only helps where the content is silent.

use super::Kind;
use super::encoding::is_utf16;

/// How many octets [`recognise`] looks at; more do not help.
pub const LOOKED_AT: usize = 16 << 10;

/// What a file is, from its first octets (up to [`LOOKED_AT`]) and its name.
#[must_use]
pub fn recognise(first: &[u8], name: &str) -> Kind {
    let first = first.get(..LOOKED_AT).unwrap_or(first);
    if first.is_empty() {
        return Kind::Empty;
    }
    by_signature(first).unwrap_or_else(|| by_text(&as_text(first), name))
}

fn by_signature(first: &[u8]) -> Option<Kind> {
    if first.starts_with(b"ElfFile\0") || first.starts_with(b"ElfChnk\0") {
        return Some(Kind::EventLog);
    }
    if first.starts_with(b"\0\0\0\0CERT") {
        return Some(Kind::Certificate);
    }
    if first.starts_with(b"PK\x03\x04") || first.starts_with(b"PK\x05\x06") {
        return Some(Kind::Archive);
    }
    by_der(first)
}

/// A DER SEQUENCE whose first element tells: an INTEGER 3 begins a PFX, an object identifier a ContentInfo, a SEQUENCE
/// a certificate.
fn by_der(first: &[u8]) -> Option<Kind> {
    let [0x30, length, rest @ ..] = first else { return None };
    let skip = if length & 0x80 == 0 { 0 } else { usize::from(length & 0x7f) };
    if skip > 4 {
        return None;
    }
    match rest.get(skip..)? {
        [0x02, 0x01, 0x03, 0x30, ..] => Some(Kind::Pkcs12),
        [0x30, 0x80..=0x84, ..] | [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x02, ..] => {
            Some(Kind::Certificate)
        }
        _ => None,
    }
}

fn as_text(first: &[u8]) -> String {
    match is_utf16(first) {
        Some(encoding) => encoding.decode(first).0.into_owned(),
        None => encoding_rs::WINDOWS_1252.decode(first).0.into_owned(),
    }
}

/// Each kind with what only it holds, most specific first. Compared without regard to case.
const MARKS: &[(Kind, &[&str])] = &[
    (Kind::HttpErrorLog, &["#software: microsoft http api"]),
    (Kind::WebLog, &["#software: microsoft internet information services", "#fields: date time"]),
    (Kind::Trace, &["<![log[", "$$<"]),
    (Kind::ServiceTrace, &["<e2etraceevent", "e2etraceevent"]),
    (Kind::Registry, &["windows registry editor version", "regedit4", "[hkey_local_machine", "[hkey_current_user"]),
    (
        Kind::EventXml,
        &[
            "schemas.microsoft.com/win/2004/08/events",
            "<event ",
            "<event>",
            "<events>",
            "<userdata",
            "<eventdata",
            "&lt;event",
            "&lt;userdata",
            "certverifycertificatechainpolicy",
            "certgetcertificatechain",
            "eventauxinfo",
            "correlationauxinfo",
            "<provider name=",
            "system.eventing.reader",
        ],
    ),
    (
        Kind::IisConfiguration,
        &["<system.applicationhost", "<system.webserver", "<configsections", "<configuration>", "<configuration "],
    ),
    (Kind::Certificate, &["-----begin certificate", "-----begin pkcs7", "-----begin x509", "-----begin trusted cert"]),
    (Kind::RegistryQuery, &["    reg_sz    ", "    reg_dword    ", "    reg_binary    ", "\nhkey_local_machine\\"]),
    (Kind::ChannelConfiguration, &["\nmaxsize:", "  maxsize: "]),
    (
        Kind::CertutilText,
        &[
            "certutil: ",
            "cert hash(sha1)",
            "zertifikathash(sha1)",
            "================ certif",
            "================ zertif",
            "x509 certificate:",
            "x509 certificate revocation list:",
            "x.509-zertifikatsperrliste:",
            "x509-zertifikatsperrliste:",
            "x.509-zertifikat:",
            "x509-zertifikat:",
        ],
    ),
    (
        Kind::EventTextExport,
        &[
            "level,date and time,source,event id",
            "ebene,datum und uhrzeit,quelle,ereignis-id",
            "level\tdate and time\tsource",
            "ebene\tdatum und uhrzeit\tquelle",
            "\nlog name:      ",
            "log name:      ",
            "protokollname: ",
        ],
    ),
];

/// How files begin that hold one thing only, whatever their content mentions.
const STARTS: &[&str] =
    &["<?xml", "<event", "<![log[", "windows registry editor", "regedit4", "#software", "-----begin"];

fn by_text(text: &str, name: &str) -> Kind {
    let text = text.to_lowercase();
    let mut found =
        MARKS.iter().filter(|(_, marks)| marks.iter().any(|mark| text.contains(mark))).map(|(kind, _)| *kind);
    if let Some(first) = found.next() {
        // Prose around events or log lines: whatever else it holds is looked for as well.
        let mixable = |kind: &Kind| {
            matches!(kind, Kind::EventXml | Kind::Trace | Kind::Registry | Kind::RegistryQuery | Kind::CertutilText)
        };
        let others: Vec<Kind> = found.filter(mixable).collect();
        let begins = text.trim_start_matches('\u{feff}').trim_start();
        let pure = STARTS.iter().any(|start| begins.starts_with(start));
        return if mixable(&first) && !others.is_empty() && !pure { Kind::Paste } else { first };
    }
    if text.starts_with("hkey_") {
        return Kind::RegistryQuery;
    }
    by_name(&text, name)
}

/// Files whose beginning says nothing: base64 without armour, a log whose header was cut.
fn by_name(text: &str, name: &str) -> Kind {
    let name = name.to_lowercase();
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    if text.chars().all(|c| c == '\0' || c.is_whitespace()) {
        // Zeros from end to end, as a sparse or preallocated file has them, are empty whatever they are called.
        return if ends(&[".evtx"]) { Kind::EventLog } else { Kind::Unknown };
    }
    if ends(&[".evtx"]) {
        Kind::EventLog
    } else if ends(&[".cer", ".crt", ".crl", ".der", ".p7b", ".p7c"]) {
        Kind::Certificate
    } else if ends(&[".pfx", ".p12"]) {
        Kind::Pkcs12
    } else if ends(&[".reg"]) {
        Kind::Registry
    } else if looks_like_web_log(text) {
        if name.contains("httperr") { Kind::HttpErrorLog } else { Kind::WebLog }
    } else {
        Kind::Unknown
    }
}

/// Lines that begin `2026-11-24 09:00:00 ` and have many columns: a W3C log without its header.
fn looks_like_web_log(text: &str) -> bool {
    let is_row = |line: &&str| {
        let mut words = line.split(' ');
        let shaped = |word: Option<&str>, separator: char, parts: usize| {
            word.is_some_and(|w| {
                w.split(separator).count() == parts && w.chars().all(|c| c.is_ascii_digit() || c == separator)
            })
        };
        shaped(words.next(), '-', 3) && shaped(words.next(), ':', 3) && words.count() >= 8
    };
    text.lines().take(5).filter(is_row).count() >= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let cases: [(&[u8], Kind); 10] = [
            (b"ElfFile\0rest", Kind::EventLog),
            (b"\xff\xfeW\0i\0n\0d\0o\0w\0s\0 \0R\0e\0g\0i\0s\0t\0r\0y\0 \0E\0d\0i\0t\0o\0r\0 \0V\0e\0r\0s\0i\0o\0n\0", Kind::Registry),
            (b"Hello, since Monday:\n<Event xmlns='x'>", Kind::EventXml),
            (b"&lt;Event xmlns=&quot;", Kind::EventXml),
            (b"<![LOG[x]LOG]!>", Kind::Trace),
            (b"#Software: Microsoft Internet Information Services 10.0\r\n", Kind::WebLog),
            (b"#Software: Microsoft HTTP API 2.0\r\n", Kind::HttpErrorLog),
            (b"-----BEGIN CERTIFICATE-----\nMII", Kind::Certificate),
            (b"\x30\x82\x01\x00\x02\x01\x03\x30\x82", Kind::Pkcs12),
            (b"", Kind::Empty),
        ];
        for (octets, kind) in cases {
            assert_eq!(recognise(octets, "misleading.jpg"), kind, "{}", String::from_utf8_lossy(octets));
        }
        assert_eq!(recognise(&[0; 5000], "sparse.bin"), Kind::Unknown);
        assert_eq!(recognise(b"Dear all, nothing here", "x.txt"), Kind::Unknown);
    }
}
