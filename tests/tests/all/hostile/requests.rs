//! HTTP that is none, or means two things at once.

use std::time::{Duration, Instant};

use scep::client::Ask;

use super::siege::{Mebibytes, SECRET, Siege};
use super::wire::exchange;
use crate::harness::http;
use crate::parties::Device;

const ONE_CLIENT: Mebibytes = Mebibytes(64);

/// Eight clients at once, each with the longest body that is read.
const EIGHT_CLIENTS: Mebibytes = Mebibytes(128);

/// Ways to be refused.
const NO: [u16; 8] = [400, 404, 405, 408, 413, 414, 431, 501];

#[test]
fn bodies_longer_than_any_message() {
    let siege = Siege::lay();
    let path = "/scep?operation=PKIOperation";
    let body = vec![0x30; 10 << 20];
    let begun = Instant::now();
    let stated = http::post(path, "application/x-pki-message", &body);
    assert_eq!(exchange(siege.service.address(), &stated).status(), Some(413));
    // In chunks, without saying how long it will be.
    let head = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    let mut chunked = head.into_bytes();
    for part in body.chunks(1 << 16) {
        chunked.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        chunked.extend_from_slice(part);
        chunked.extend_from_slice(b"\r\n");
    }
    assert_eq!(exchange(siege.service.address(), &chunked).status(), Some(413));
    // Only said to be long.
    let lie = format!("POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n");
    assert_eq!(exchange(siege.service.address(), lie.as_bytes()).status(), Some(413));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    // The longest that is read at all is 2 MiB.
    assert_eq!(siege.post(&vec![0x30; 2 << 20]).status(), Some(400));
    assert_eq!(siege.post(&vec![0x30; (2 << 20) + 1]).status(), Some(413));
    siege.lift("long bodies", &ONE_CLIENT);
}

#[test]
fn queries_and_headers_longer_than_any() {
    let siege = Siege::lay();
    let address = siege.service.address();
    let get = |query: &str| exchange(address, &http::get(&format!("/scep?operation=PKIOperation&message={query}")));
    assert_eq!(get(&"A".repeat(60_000)).status(), Some(400));
    assert!(matches!(get(&"A".repeat(100_000)).status(), Some(413 | 414 | 431)));
    assert!(matches!(get(&"%41".repeat(1_000_000)).status(), Some(413 | 414 | 431)));
    let header = http::with_header(&http::get("/scep?operation=GetCACaps"), &format!("X: {}", "y".repeat(1_000_000)));
    assert_eq!(exchange(address, &header).status(), Some(431));
    let many: String = (0..10_000).map(|number| format!("X-{number}: y\r\n")).collect();
    let many = http::with_header(&http::get("/scep?operation=GetCACaps"), many.trim_end());
    assert_eq!(exchange(address, &many).status(), Some(431));
    siege.lift("long queries and headers", &ONE_CLIENT);
}

/// Two readers could see different requests in these: they are refused, and nothing behind them is answered.
#[test]
fn requests_that_could_be_smuggled() {
    let siege = Siege::lay();
    let address = siege.service.address();
    let hidden = "GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: hidden\r\n\r\n";
    let post = "POST /scep?operation=PKIOperation HTTP/1.1\r\nHost: localhost\r\n";
    for (what, head) in [
        ("two lengths", "Content-Length: 0\r\nContent-Length: 61\r\n\r\n"),
        ("a list of lengths", "Content-Length: 0, 61\r\n\r\n"),
        ("a negative length", "Content-Length: -1\r\n\r\n"),
        ("a length with a sign", "Content-Length: +0\r\n\r\n"),
        ("a length in hexadecimal", "Content-Length: 0x0\r\n\r\n"),
        ("a length beyond all numbers", "Content-Length: 99999999999999999999999999\r\n\r\n"),
        ("an unknown coding", "Transfer-Encoding: cow\r\n\r\n"),
        ("chunked and then something", "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
        ("a chunk size that is none", "Transfer-Encoding: chunked\r\n\r\nxyz\r\n\r\n"),
        ("a chunk size beyond all numbers", "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n\r\n"),
        ("a blank before the colon", "Content-Length : 0\r\n\r\n"),
        ("NUL in a header", "X: a\0b\r\nContent-Length: 0\r\n\r\n"),
        ("a header without a name", ": x\r\n\r\n"),
    ] {
        let reaction = exchange(address, format!("{post}{head}{hidden}").as_bytes());
        let statuses = reaction.statuses();
        assert!(statuses.len() <= 1 && statuses.iter().all(|s| NO.contains(s)), "{what}: {statuses:?}");
    }
    // Both lengths at once: RFC 9112 §6.3 lets the coding win; what is behind the body is a request of its own.
    let both = format!("{post}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}");
    let statuses = exchange(address, both.as_bytes()).statuses();
    assert!(statuses.first().is_some_and(|s| NO.contains(s)), "{statuses:?}");
    siege.lift("smuggling", &ONE_CLIENT);
}

#[test]
fn octets_that_are_no_http() {
    let siege = Siege::lay();
    let address = siege.service.address();
    let device = Device::rsa(0);
    let message = siege.message(&Ask::Enrol(&device.request(Some(SECRET))), &device).der;
    let tls = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3].repeat(20);
    for octets in [
        b"\r\n\r\n\r\n".to_vec(),
        vec![0; 100_000],
        vec![0xff; 1000],
        tls,
        message,
        b"GET / HTTP/9.9\r\n\r\n".to_vec(),
        b"GET  / HTTP/1.1\r\n\r\n".to_vec(),
        b"get / http/1.1\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"CONNECT example.test:443 HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"GET http://[::1/scep HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(),
        b"DELETE /scep?operation=PKIOperation HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(),
        b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(),
        b"GET /ca/..%2f..%2fkeys%2fpepper.key HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(),
        b"GET /scep/%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_vec(),
    ] {
        let statuses = exchange(address, &octets).statuses();
        let shown = String::from_utf8_lossy(&octets[..octets.len().min(40)]).into_owned();
        assert!(statuses.iter().all(|status| NO.contains(status)), "{shown:?}: {statuses:?}");
    }
    siege.lift("no HTTP", &ONE_CLIENT);
}

#[test]
fn pipelined_requests_with_garbage_behind() {
    let siege = Siege::lay();
    let good = "GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n\r\n";
    let octets = format!("{good}{good}\0\0\0 garbage\r\n\r\n{good}");
    let statuses = exchange(siege.service.address(), octets.as_bytes()).statuses();
    assert_eq!(statuses.get(..2), Some(&[200, 200][..]));
    assert!(statuses[2..].iter().all(|status| *status == 400), "nothing behind garbage is answered: {statuses:?}");
    // A thousand at once are answered in turn, not in memory.
    let statuses = exchange(siege.service.address(), good.repeat(1000).as_bytes()).statuses();
    assert!(statuses.len() == 1000 && statuses.iter().all(|status| *status == 200), "{}", statuses.len());
    siege.lift("pipelined", &ONE_CLIENT);
}

#[test]
fn operations_and_messages_that_are_none() {
    let siege = Siege::lay();
    for (path, code) in [
        ("/scep?operation=", "http.operation"),
        ("/scep?operation=Nothing", "http.operation"),
        ("/scep?operation=PKIOperation", "http.no-message"),
        ("/scep?operation=PKIOperation&message=", "http.no-message"),
        ("/scep?operation=PKIOperation&message=!!!!", "http.base64"),
        ("/scep?operation=PKIOperation&message=%", "http.base64"),
        ("/scep?operation=PKIOperation&message=%ff%00", "http.base64"),
        ("/scep?operation=PKIOperation&message=AAAA", "message.syntax"),
        ("/scep?operation=PKIOperation&operation=GetCACaps&message=MIAA", "message.syntax"),
    ] {
        let response = siege.service.get(path);
        assert_eq!((response.status, response.text().trim()), (400, code), "{path}");
    }
    for (body, code) in [(&b"MIIB"[..], "message.syntax"), (b"\0", "message.syntax"), (b"MMMM====", "message.syntax")] {
        assert_eq!(siege.refused(body, 400), code);
    }
    siege.lift("no operations", &ONE_CLIENT);
}

/// Eight clients that send the longest and deepest bodies there are, for a while.
#[test]
fn eight_clients_at_once_stay_within_memory() {
    let siege = Siege::lay();
    let (address, end) = (siege.service.address(), Instant::now() + Duration::from_secs(3));
    let bodies = [[0x30, 0x80].repeat(900_000), [0x24, 0x80].repeat(900_000), vec![0; 10 << 20], vec![0x4d; 2 << 20]];
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|number: usize| {
                let body = &bodies[number % bodies.len()];
                scope.spawn(move || {
                    let request = http::post("/scep?operation=PKIOperation", "", body);
                    let mut count = 0;
                    while Instant::now() < end {
                        let status = exchange(address, &request).status();
                        assert!(matches!(status, None | Some(400 | 413 | 503)), "{status:?}");
                        count += 1;
                    }
                    count
                })
            })
            .collect();
        clients.into_iter().map(|client| client.join().expect("a client")).collect()
    });
    println!("requests of each client: {counts:?}");
    siege.lift("eight clients at once", &EIGHT_CLIENTS);
}
