//! docs/reference/rfc8894-coverage.md: every requirement with the tests that prove it. The page is generated and
//! checked here; `UPDATE_REFERENCE=1 cargo test -p scep --test rfc8894 coverage` writes it anew.
#![expect(clippy::disallowed_methods, reason = "this test reads the tests and the table")]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Whom a requirement binds.
#[derive(Clone, Copy)]
enum Role {
    Server,
    Client,
    Both,
    Nobody,
}

/// What stands for a row without a test.
#[derive(Clone, Copy)]
enum Without {
    /// There must be one.
    Nothing,
    /// There is none, and this is why none is needed.
    Reason(&'static str),
}

struct Row {
    id: u8,
    section: &'static str,
    role: Role,
    level: &'static str,
    says: &'static str,
    without: Without,
}

use Role::{Both, Client, Nobody, Server};
use Without::{Nothing, Reason};

const fn row(
    id: u8,
    section: &'static str,
    role: Role,
    level: &'static str,
    says: &'static str,
    without: Without,
) -> Row {
    Row { id, section, role, level, says, without }
}

const ROWS: &[Row] = &[
    row(1, "2.9, 3.5", Server, "MUST", "GetCACaps is there", Nothing),
    row(2, "2.9, 4.2", Server, "MUST", "GetCACert is there under that name", Nothing),
    row(3, "4.2.1.1", Server, "says", "one certificate: as it is, x-x509-ca-cert", Nothing),
    row(4, "4.2.1.2", Server, "says", "several: a bag, x-x509-ca-ra-cert", Nothing),
    row(5, "2.2", Server, "says", "with an intermediate CA the whole chain is sent", Nothing),
    row(6, "2.1.2", Server, "MUST", "key usage of CA certificates fits what their keys do", Nothing),
    row(7, "2.2", Client, "MUST", "CA certificates are fetched and verified before anything is asked", Nothing),
    row(8, "2.2", Client, "SHOULD", "the CA certificate is compared with a fingerprint had elsewhere", Nothing),
    row(
        9,
        "2.1.1",
        Client,
        "MUST",
        "address of the CA, own authorisation and identification of the CA are held",
        Nothing,
    ),
    row(10, "App. A", Both, "info", "registration authorities are common practice, not part of the text", Nothing),
    row(11, "3.5.2", Server, "says", "capabilities are lines of plain text in any order", Nothing),
    row(12, "3.5.2", Server, "MUST", "keywords are written in the exact case", Nothing),
    row(13, "3.5.2", Client, "MUST", "both line ends, unknown keywords and other case are taken", Nothing),
    row(14, "3.5.2", Both, "SHOULD", "no answer means no capability", Nothing),
    row(15, "3.5.2", Server, "SHOULD", "capabilities are text/plain", Nothing),
    row(16, "3.5.2", Client, "SHOULD", "AES-128-CBC and SHA-256 are preferred", Nothing),
    row(17, "3.5.2", Server, "MAY", "further keywords, private ones with a domain", Nothing),
    row(18, "3.5.2", Server, "says", "SCEPStandard promises everything mandatory", Nothing),
    row(
        19,
        "7.5",
        Client,
        "consider",
        "a missing SCEPStandard may be an attack",
        Reason("the client never goes below AES or triple DES and SHA-256, whatever is listed (S-16)"),
    ),
    row(20, "2.9", Both, "MUST", "PKCSReq, POST, AES-128-CBC and SHA-256", Nothing),
    row(21, "2.9", Both, "MAY", "GET, triple DES and SHA-1", Nothing),
    row(22, "2.9", Both, "MUST NOT", "single DES and MD5", Nothing),
    row(23, "3.1", Both, "says", "keys that encrypt get key transport, others the challenge as password", Nothing),
    row(24, "3.1", Both, "SHOULD NOT", "encryption is not left out", Nothing),
    row(25, "3.2", Both, "MUST", "signed content is data, and an envelope that fits the type", Nothing),
    row(26, "3.2", Both, "MUST", "there are signed attributes", Nothing),
    row(27, "3", Both, "MUST", "without data the envelope is left out", Nothing),
    row(28, "3.2.2", Both, "MUST", "the envelope holds data that fits the type", Nothing),
    row(29, "3.4", Both, "MUST", "a degenerate SignedData has no content", Nothing),
    row(30, "2.3", Client, "MUST", "the signing certificate is in the message", Nothing),
    row(31, "2.3", Server, "says", "replies are encrypted to the key that signed, on renewal the old one", Nothing),
    row(32, "2.3", Client, "MUST", "a first request is signed with a self-signed certificate", Nothing),
    row(33, "3.2.1", Both, "MUST", "transactionID, messageType, senderNonce and what CMS asks for", Nothing),
    row(34, "3.2.1", Server, "MUST", "replies have pkiStatus, recipientNonce, and failInfo when refusing", Nothing),
    row(35, "3.2.1", Both, "says", "types and lengths of the attributes", Nothing),
    row(36, "3.2.1.1", Client, "MUST", "the transactionID is printable and one per operation", Nothing),
    row(37, "3.2.1.2", Both, "MUST", "an undefined messageType is an error", Nothing),
    row(38, "3.2.1.3", Both, "MUST", "every reply has a defined pkiStatus", Nothing),
    row(39, "3.2.1.4", Server, "MUST", "failInfo is one of five", Nothing),
    row(40, "3.2.1.4", Client, "SHOULD NOT", "failInfoText is not read by machines", Nothing),
    row(41, "3.2.1.5", Both, "MUST", "nonces are fresh, copied and compared", Nothing),
    row(42, "3.3", Both, "MUST", "the type stands in the messageType attribute", Nothing),
    row(43, "3.3.1", Client, "MUST", "the request has subject, key and, if there is one, the challenge", Nothing),
    row(44, "3.3.2.1", Server, "MUST", "SUCCESS holds the certificate asked for", Nothing),
    row(45, "3.3.2.1", Server, "MUST", "a revocation list stands where lists stand", Nothing),
    row(46, "3.3.2.2", Server, "MUST", "FAILURE has failInfo and no envelope", Nothing),
    row(47, "3.3.2.3", Server, "MUST", "PENDING has no envelope", Nothing),
    row(48, "3.3.3", Both, "SHOULD", "polls are matched by transaction, not by what they hold", Nothing),
    row(49, "3.3.4", Both, "SHOULD", "GetCert and GetCRL name issuer and serial number; HTTP is better", Nothing),
    row(
        50,
        "2.7",
        Client,
        "says",
        "GetCRL only where there is no distribution point",
        Reason("the operator of the client chooses; the command is its own"),
    ),
    row(51, "2.8", Nobody, "info", "there is no revocation in SCEP", Reason("binds nobody")),
    row(52, "2.4", Both, "RECOMMENDED", "a challenge that is used once, optional on renewal", Nothing),
    row(53, "2.4", Server, "MUST NOT", "a self-signed certificate authenticates nobody", Nothing),
    row(54, "2.4", Server, "MAY", "what is not authorised is refused or waits", Nothing),
    row(55, "2.3", Client, "SHOULD", "with a certificate and Renewal listed: RenewalReq", Nothing),
    row(56, "2.3, 2.9", Server, "MUST", "self-signed first requests are taken", Nothing),
    row(57, "2.5", Client, "SHOULD", "a new key on renewal, and no challenge", Nothing),
    row(58, "7.6", Server, "consider", "the request's own signature is always checked", Nothing),
    row(59, "7.3", Server, "consider", "challenges: entropy, one use, short life, kept as hashes", Nothing),
    row(60, "4.1", Client, "MUST", "POST where the server has it, for messages only", Nothing),
    row(61, "4.1", Both, "SHOULD", "pkiclient.exe unless told otherwise; servers ignore the path", Nothing),
    row(62, "4.1", Client, "MUST", "GET: base64, then escapes", Nothing),
    row(63, "4.3-4.6", Client, "MUST", "operation=PKIOperation for every message", Nothing),
    row(64, "4.3.1", Server, "says", "replies are x-pki-message", Nothing),
    row(
        65,
        "7.10",
        Both,
        "consider",
        "HTTPS does not replace the challenge",
        Reason("no decision anywhere asks whether the connection was HTTPS"),
    ),
    row(66, "4.4", Client, "MUST", "a poll carries the transaction of its request", Nothing),
    row(67, "4.4", Server, "MUST", "a poll without a request is refused", Nothing),
    row(68, "4.4", Client, "SHOULD NOT", "several requests are outstanding at once", Nothing),
    row(69, "5.2", Client, "SHOULD", "recovery by asking again; the same answer comes back", Nothing),
    row(70, "7.4", Nobody, "consider", "issuing is never confirmed", Reason("binds nobody; a retry is a read (S-69)")),
    row(71, "4.7", Client, "MUST", "the next CA is believed only under a good signature", Nothing),
    row(72, "4.7.1", Server, "says", "the next CA: a bag signed by the current one", Nothing),
    row(73, "5.1", Server, "info", "the recipient tells the CA generation", Nothing),
    row(74, "draft", Server, "draft", "GetNextCACert is listed only while there is one", Nothing),
    row(75, "7.2", Server, "consider", "the CA's key takes no part in messages", Nothing),
    row(
        76,
        "7.7-7.9",
        Both,
        "consider",
        "traffic analysis; SHA-1 only for old peers",
        Reason("each use of SHA-1 is reported with the opened message and can be switched off (S-18, S-22)"),
    ),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every `fn sNN_…` below a folder, with the file it stands in.
fn tests_in(folder: &Path, found: &mut BTreeMap<u8, Vec<String>>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            tests_in(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = std::fs::read_to_string(&path).expect("source");
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            for (at, line) in lines.iter().enumerate() {
                let Some(name) = test_name(line) else { continue };
                // Only what is run as a test counts.
                let marked = lines[..at].iter().rev().take_while(|l| l.starts_with("#[")).any(|l| l.contains("test"));
                let Some(number) = name.get(1..3).and_then(|d| d.parse().ok()).filter(|_| marked) else { continue };
                found.entry(number).or_default().push(name.to_owned());
            }
        }
    }
}

/// The name of a function called `sNN_…`.
fn test_name(line: &str) -> Option<&str> {
    let rest = line.trim_start_matches("pub(crate) ").trim_start_matches("async ").strip_prefix("fn ")?;
    let name = rest.split('(').next()?;
    let is_row = name.len() > 4 && name.starts_with('s') && name.get(3..4) == Some("_");
    is_row.then_some(name)
}

fn proofs() -> BTreeMap<u8, Vec<String>> {
    let mut found = BTreeMap::new();
    let crates = root().join("crates");
    let mut names: Vec<PathBuf> =
        std::fs::read_dir(&crates).expect("crates").map(|e| e.expect("entry").path()).collect();
    names.sort();
    for name in names {
        tests_in(&name.join("tests"), &mut found);
    }
    tests_in(&root().join("tests"), &mut found);
    found
}

fn page(proofs: &BTreeMap<u8, Vec<String>>) -> String {
    let mut out = String::from(
        "# RFC 8894, requirement by requirement\n\n\
         Generated by `crates/scep/tests/rfc8894/coverage.rs`, which also fails if a requirement that binds server or\n\
         client has neither a test nor a reason. Every test runs in `make test`. S server, C client, B both.\n\n\
         | row | § | who | level | in short | proved by |\n|---|---|---|---|---|---|\n",
    );
    for row in ROWS {
        let who = match row.role {
            Server => "S",
            Client => "C",
            Both => "B",
            Nobody => "-",
        };
        let proof = match (proofs.get(&row.id), row.without) {
            (Some(names), _) => names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "),
            (None, Reason(reason)) => format!("no test: {reason}"),
            (None, Nothing) => "not yet proved".to_owned(),
        };
        let Row { id, section, level, says, .. } = row;
        writeln!(out, "| S-{id:02} | {section} | {who} | {level} | {says} | {proof} |").expect("text");
    }
    out
}

#[test]
fn every_requirement_has_a_test_or_a_reason() {
    let proofs = proofs();
    let ids: Vec<u8> = ROWS.iter().map(|row| row.id).collect();
    assert_eq!(ids, (1..=76).collect::<Vec<u8>>());
    let stray: Vec<_> = proofs.keys().filter(|id| !ids.contains(id)).collect();
    assert!(stray.is_empty(), "tests for rows that are not there: {stray:?}");
    for row in ROWS {
        let has = proofs.contains_key(&row.id);
        match row.without {
            Nothing => assert!(has, "S-{:02} has no test", row.id),
            Reason(_) => assert!(!has, "S-{:02} has a test now: put `Nothing` into its row", row.id),
        }
    }
}

#[test]
fn the_page_in_the_reference_is_the_generated_one() {
    let path = root().join("docs/reference/rfc8894-coverage.md");
    let page = page(&proofs());
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(&path, &page).expect("written");
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == page, "run: UPDATE_REFERENCE=1 cargo test -p scep --test rfc8894 coverage");
}
