//! §4.1, §4.3: HTTP.

use scep::http::{Method, Operation, get_query, parse};

use crate::support::parties::{device, service};

#[test]
fn s62_a_message_by_get_is_base64_and_escaped() {
    let sent = device().enrol();
    let query = get_query(&sent.der);
    let (_, value) = query.split_once("message=").expect("message");
    assert!(value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'%'), "{value}");
    assert_eq!(parse(Method::Get, &query, Vec::new()), Ok(Operation::PkiOperation(sent.der)));
}

#[test]
fn s63_every_message_goes_by_pkioperation() {
    let sent = device().enrol();
    assert!(get_query(&sent.der).starts_with("operation=PKIOperation&"));
    let Ok(Operation::PkiOperation(body)) = parse(Method::Post, "operation=PKIOperation", sent.der.clone()) else {
        panic!("no message")
    };
    service().opened(&body);
    // Many clients leave it out.
    assert_eq!(parse(Method::Post, "", sent.der.clone()), Ok(Operation::PkiOperation(sent.der)));
}
