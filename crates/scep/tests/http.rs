//! Every way real clients ask for an operation and send a message.

use scep::http::{HttpFlaw, MOST_BODY, MOST_QUERY, Method, Operation, get_query, parse};

/// Octets whose base64 has `+`, `/`, `=` and more than 64 characters.
fn message() -> Vec<u8> {
    let mut out = vec![0x30, 0x82, 0xfb, 0xef, 0xbe, 0xff, 0xff, 0xfe];
    out.extend((0..=90).map(|n: u8| n.wrapping_mul(37)));
    out.push(0xfb);
    out
}

fn base64() -> String {
    let text = pki::pem::encode("X", &message());
    let lines: Vec<&str> = text.lines().collect();
    lines[1..lines.len() - 1].concat()
}

fn get(value: &str) -> Result<Operation, HttpFlaw> {
    parse(Method::Get, &format!("operation=PKIOperation&message={value}"), Vec::new())
}

fn opens(value: &str) {
    assert_eq!(get(value), Ok(Operation::PkiOperation(message())), "{value}");
}

#[test]
fn the_message_for_these_tests_has_every_awkward_character() {
    let text = base64();
    assert!(text.contains('+') && text.contains('/') && text.ends_with('=') && text.len() > 64, "{text}");
}

#[test]
fn escaped_as_the_rfc_says() {
    let mut escaped = String::new();
    for c in base64().chars() {
        match c {
            '+' => escaped.push_str("%2B"),
            '/' => escaped.push_str("%2f"),
            '=' => escaped.push_str("%3D"),
            c => escaped.push(c),
        }
    }
    opens(&escaped);
    assert_eq!(get_query(&message()), format!("operation=PKIOperation&message={}", escaped.replace("%2f", "%2F")));
}

#[test]
fn macos_escapes_only_the_padding() {
    opens(&base64().replace('=', "%3D"));
}

#[test]
fn jscep_and_others_escape_nothing() {
    opens(&base64());
}

#[test]
fn ios_11_turns_plus_into_a_blank() {
    opens(&base64().replace('+', " "));
    opens(&base64().replace('+', "%20").replace('=', "%3D"));
}

/// One message in sixty-four of those without padding ends so.
#[test]
fn a_plus_at_the_end_stays_one_when_it_has_become_a_blank() {
    let whole = Ok(Operation::PkiOperation(vec![0x30, 0x01, 0xfe]));
    for text in ["MAH+", "MAH%20", "MAH ", "MAH%20%0A", "%20MAH%2B"] {
        assert_eq!(get(text), whole, "{text}");
    }
    // Blanks that are too many for that are nothing.
    let padded = Ok(Operation::PkiOperation(vec![0x30, 0x01]));
    for text in ["MAE=%20", "MAE=%20%20%20%20", "MAE=%20%0A", "%20MAE=", "MAE%3D%20"] {
        assert_eq!(get(text), padded, "{text}");
    }
    assert_eq!(get("MAH%2B%20"), whole);
}

#[test]
fn cisco_breaks_lines_after_64_characters() {
    let text = base64();
    let (first, rest) = text.split_at(64);
    opens(&format!("{first}%0A{rest}%0A").replace('+', "%2B"));
    opens(&format!("{first}%0D%0A{rest}").replace('=', "%3D"));
}

#[test]
fn micromdm_uses_the_url_safe_alphabet() {
    opens(&base64().replace('+', "-").replace('/', "_"));
}

#[test]
fn padding_may_be_missing() {
    opens(base64().trim_end_matches('='));
}

#[test]
fn escapes_may_be_escaped_again_by_a_proxy() {
    opens(&base64().replace('+', "%252B").replace('/', "%252F").replace('=', "%253D"));
}

#[test]
fn a_post_may_carry_text_instead_of_octets() {
    let posted = |body: Vec<u8>| parse(Method::Post, "operation=PKIOperation", body);
    assert_eq!(posted(message()), Ok(Operation::PkiOperation(message())));
    let encoded = message();
    let text = pki::pem::encode("X", &encoded);
    let body: String = text.lines().filter(|line| !line.starts_with('-')).map(|line| format!("{line}\r\n")).collect();
    assert!(body.starts_with('M'));
    assert_eq!(posted(body.into_bytes()), Ok(Operation::PkiOperation(encoded)));
    // What only looks like text is left as it is.
    assert_eq!(posted(b"M?\x00".to_vec()), Ok(Operation::PkiOperation(b"M?\x00".to_vec())));
}

#[test]
fn a_post_may_carry_its_message_in_the_query() {
    let query = format!("operation=PKIOperation&message={}", base64());
    assert_eq!(parse(Method::Post, &query, Vec::new()), Ok(Operation::PkiOperation(message())));
}

#[test]
fn operations_match_in_any_case_and_in_any_place() {
    for (query, operation) in [
        ("operation=GetCACaps", Operation::GetCaCaps),
        ("operation=getcacaps&message=0", Operation::GetCaCaps),
        ("message=CAIdentifier&OPERATION=GETCACERT", Operation::GetCaCert),
        ("operation=GetCACertChain&message=x", Operation::GetCaCert),
        ("Operation=GetNextCACert", Operation::GetNextCaCert),
        ("operation=GetCACert%20&message=default", Operation::GetCaCert),
        ("operation=%47etCACert", Operation::GetCaCert),
    ] {
        assert_eq!(parse(Method::Get, query, Vec::new()).as_ref(), Ok(&operation), "{query}");
        assert_eq!(parse(Method::Post, query, vec![1]).as_ref(), Ok(&operation), "{query}");
    }
    let body = vec![0x30, 0];
    for query in ["", "message=default", "foo", "operation=pkioperation"] {
        assert_eq!(parse(Method::Post, query, body.clone()), Ok(Operation::PkiOperation(body.clone())), "{query}");
    }
}

#[test]
fn what_is_no_operation_says_why() {
    let asked = |query: &str| parse(Method::Get, query, Vec::new());
    assert_eq!(asked(""), Err(HttpFlaw::NoOperation));
    assert_eq!(asked("operation="), Err(HttpFlaw::UnknownOperation));
    assert_eq!(asked("operation=GetCRL"), Err(HttpFlaw::UnknownOperation));
    assert_eq!(asked("operation=PKIOperation"), Err(HttpFlaw::NoMessage));
    assert_eq!(asked("operation=PKIOperation&message="), Err(HttpFlaw::NoMessage));
    assert_eq!(get("????"), Err(HttpFlaw::NotBase64));
    assert_eq!(get("%25252B"), Err(HttpFlaw::NotBase64));
    assert_eq!(get("MII\u{e9}"), Err(HttpFlaw::NotBase64));
    assert_eq!(asked(&"a".repeat(MOST_QUERY + 1)), Err(HttpFlaw::QueryTooLong));
    assert_eq!(parse(Method::Post, "", vec![0; MOST_BODY + 1]), Err(HttpFlaw::BodyTooLong));
    assert_eq!(parse(Method::Post, "", Vec::new()), Err(HttpFlaw::NoMessage));
    assert_eq!((HttpFlaw::BodyTooLong.status(), HttpFlaw::NotBase64.status()), (413, 400));
}

#[test]
fn a_query_may_be_as_long_as_64_kib() {
    let octets = vec![0x30; 45_000];
    let text = pki::pem::encode("X", &octets);
    let text: String = text.lines().filter(|line| !line.starts_with('-')).collect();
    let query = format!("operation=PKIOperation&message={text}");
    assert!(query.len() > 60_000 && query.len() <= MOST_QUERY);
    assert_eq!(parse(Method::Get, &query, Vec::new()), Ok(Operation::PkiOperation(octets)));
}

proptest::proptest! {
    #[test]
    fn no_query_and_no_body_panics(query in ".{0,200}", body in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = parse(Method::Get, &query, Vec::new());
        let _ = parse(Method::Get, &format!("operation=PKIOperation&message={query}"), Vec::new());
        let _ = parse(Method::Post, &query, body);
    }

    #[test]
    fn what_this_client_sends_arrives(octets in proptest::collection::vec(proptest::num::u8::ANY, 1..300)) {
        let arrived = parse(Method::Get, &get_query(&octets), Vec::new());
        proptest::prop_assert_eq!(arrived, Ok(Operation::PkiOperation(octets)));
    }
}
