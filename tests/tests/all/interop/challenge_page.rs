//! The page that hands out challenges, read as existing scrapers read NDES's, and its counterpart for programs.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::keep_authorities;
use crate::harness::http::{self, Response, with_header};
use crate::harness::program::need;
use crate::harness::{Options, Service};

const PAGE: &str = "/certsrv/mscep_admin/";

fn authorised(service: &Service, request: &[u8]) -> Response {
    let (user, password) = service.admin();
    service.send(&with_header(request, &basic(&user, &password)))
}

fn basic(user: &str, password: &str) -> String {
    format!("Authorization: Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

/// NDES's encoding: UTF-16, little-endian, with a mark in front.
fn decoded(response: &Response) -> String {
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("text/html"), "NDES names no charset");
    let units: Vec<u16> = response.body.chunks(2).map(|pair| u16::from_le_bytes([pair[0], pair[1]])).collect();
    let text = String::from_utf16(&units).expect("UTF-16");
    text.strip_prefix('\u{feff}').expect("a mark").to_owned()
}

/// What stands after these words up to the next blank: Fleet's proxy looks for the words in any case.
fn after_the_words(page: &str) -> String {
    let words = "the enrollment challenge password is: <b> ";
    let at = page.to_ascii_lowercase().find(words).expect("the words");
    page[at + words.len()..].split_whitespace().next().expect("a challenge").to_owned()
}

/// A PowerShell script for HPE's management boards: the first word of 16 hexadecimal digits or more.
fn first_long_word(page: &str) -> String {
    let long = |word: &&str| word.len() >= 16 && word[..16].bytes().all(|b| b.is_ascii_hexdigit());
    page.split_whitespace().find(long).expect("a challenge").to_owned()
}

/// A web interface in Python cuts the page at every `>`; the words must have one octet in front of them.
fn between_angles(page: &str) -> String {
    let pieces: Vec<&str> = page.split('>').collect();
    let words = "The enrollment challenge password is: <B";
    let at = pieces.iter().position(|piece| piece.find(words) == Some(1)).expect("the words, one octet in");
    pieces[at + 1].trim_matches(['<', '/', 'B']).trim().to_owned()
}

/// A Juniper script takes digits and capital letters with a blank behind them.
fn capitals(page: &str) -> String {
    let page = page.replace("<B>", "<b>");
    let rest = page.split("The enrollment challenge password is: <b> ").nth(1).expect("the words");
    let end = rest.find(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit()).expect("an end");
    assert!(end > 0 && rest[end..].starts_with(' '), "{rest}");
    rest[..end].to_owned()
}

type Scraper = (&'static str, fn(&str) -> String);

const SCRAPERS: [Scraper; 4] =
    [("words", after_the_words), ("long-word", first_long_word), ("angles", between_angles), ("capitals", capitals)];

#[test]
fn every_known_scraper_finds_the_challenge_and_it_enrols() {
    let service = Service::start(Options::default());
    for (name, scrape) in SCRAPERS {
        let page = decoded(&authorised(&service, &http::get(PAGE)));
        let challenge = scrape(&page);
        assert_eq!(challenge, after_the_words(&page), "{name}");
        let (url, subject) = (service.url("/certsrv/mscep/mscep.dll"), format!("CN={name}"));
        let wish = ["enrol", &url, "--dir", name, "--subject", &subject, "--challenge", &challenge];
        assert_eq!(service.device(&wish).succeeded().json()["status"], "issued", "{name}");
    }
}

#[test]
fn the_page_says_what_ndes_says() {
    need!("openssl");
    let service = Service::start(Options::default());
    let page = decoded(&authorised(&service, &http::get(PAGE)));
    keep_authorities(&service, service.scratch());
    let print = ["x509", "-in", "issuing.pem", "-noout", "-fingerprint", "-sha1"];
    let print = super::openssl(service.scratch(), &print).text().replace([':', '\n'], "");
    let print = print.split('=').nth(1).expect("a fingerprint").to_owned();
    let groups: Vec<&str> = print.as_bytes().chunks(8).map(|c| std::str::from_utf8(c).expect("digits")).collect();
    assert!(page.contains(&format!("CA certificate is: <B> {} </B>", groups.join(" "))), "{page}");
    assert!(page.contains("used only once and will expire within 60 minutes"), "{page}");
    // Each look is another challenge.
    assert_ne!(after_the_words(&page), after_the_words(&decoded(&authorised(&service, &http::get(PAGE)))));
}

#[test]
fn the_page_has_every_address_ndes_gives_it() {
    let service = Service::start(Options::default());
    for path in [PAGE, "/certsrv/mscep_admin", "/CertSrv/mscep_admin/", "/certsrv/mscep_admin/mscep.dll"] {
        after_the_words(&decoded(&authorised(&service, &http::get(path))));
    }
    // A script sends a form.
    let form = http::post(PAGE, "application/x-www-form-urlencoded", b"operation=GetCACaps");
    after_the_words(&decoded(&authorised(&service, &form)));
}

#[test]
fn nobody_gets_a_challenge_without_the_password() {
    let service = Service::start(Options::default());
    let (user, password) = service.admin();
    let headers = [
        String::new(),
        basic(&user, "wrong"),
        basic("wrong", &password),
        basic(&user, ""),
        basic("", ""),
        "Authorization: Basic".to_owned(),
        "Authorization: Basic !!!".to_owned(),
        format!("Authorization: Basic {}", STANDARD.encode(&user)),
        format!("Authorization: Bearer {password}"),
        "Authorization: NTLM TlRMTVNTUAABAAAA".to_owned(),
    ];
    for header in &headers {
        for request in
            [http::get(PAGE), http::post("/api/challenges", "application/json", br#"{"endpoint":"default"}"#)]
        {
            let request = if header.is_empty() { request } else { with_header(&request, header) };
            let response = service.send(&request);
            assert_eq!(response.status, 401, "{header}");
            // Clients that could do NTLM go back to Basic when nothing else is offered.
            assert!(response.header("www-authenticate").is_some_and(|h| h.starts_with("Basic ")), "{header}");
        }
    }
    assert_eq!(service.operator(&["challenge", "list"]).as_array().map(Vec::len), Some(0));
    // As Windows accounts are written.
    let domain = basic(&format!("EXAMPLE\\{user}"), &password);
    decoded(&service.send(&with_header(&http::get(PAGE), &domain)));
}

/// Each look makes a challenge, so only what shows it may.
#[test]
fn a_head_makes_no_challenge() {
    let service = Service::start(Options::default());
    for method in ["HEAD", "PUT", "OPTIONS"] {
        let line = format!("{method} {PAGE} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let (user, password) = service.admin();
        let request = with_header(line.as_bytes(), &basic(&user, &password));
        // The response to a HEAD has no body, whatever its length says.
        let mut stream = std::net::TcpStream::connect(service.address()).expect("a connection");
        std::io::Write::write_all(&mut stream, &request).expect("sent");
        let mut received = String::new();
        std::io::Read::read_to_string(&mut stream, &mut received).expect("received");
        assert!(received.starts_with("HTTP/1.1 405"), "{received}");
    }
    assert_eq!(service.operator(&["challenge", "list"]).as_array().map(Vec::len), Some(0));
}

#[test]
fn programs_get_challenges_as_json() {
    let service = Service::start(Options::default());
    let ask = |body: &str| authorised(&service, &http::post("/api/challenges", "application/json", body.as_bytes()));
    let made = ask(r#"{"endpoint":"default","device":"laptop-17"}"#);
    assert_eq!(made.status, 200, "{}", made.text());
    assert_eq!(made.header("cache-control"), Some("no-store"));
    let made: Value = serde_json::from_slice(&made.body).expect("JSON");
    assert!(made["expires"].as_str().is_some_and(|t| t.ends_with('Z')), "{made}");
    let challenge = made["challenge"].as_str().expect("a challenge");
    let url = service.url("/scep");
    let wish = ["enrol", &url, "--dir", "d", "--subject", "CN=d", "--challenge", challenge];
    assert_eq!(service.device(&wish).succeeded().json()["status"], "issued");
    assert_eq!(service.operator(&["cert", "list"])[0]["device"], "laptop-17");
    for (body, status) in [
        ("{}", 400),
        ("{", 400),
        (r#"{"endpoint":"nowhere"}"#, 404),
        (r#"{"endpoint":"default","color":"red"}"#, 400),
        (r#"{"endpoint":"default","profile":"none"}"#, 400),
        (r#"{"endpoint":"default","sid":"me"}"#, 400),
        (r#"{"endpoint":"approval"}"#, 400),
    ] {
        assert_eq!(ask(body).status, status, "{body}");
    }
    // A form is what a browser sends to another site without asking.
    let form = http::post("/api/challenges", "application/x-www-form-urlencoded", br#"{"endpoint":"default"}"#);
    assert_eq!(authorised(&service, &form).status, 415);
}
