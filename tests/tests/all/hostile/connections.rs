//! Connections that are held open: by sending an octet now and then, by sending nothing, by being many.

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::siege::{Mebibytes, Siege};
use super::wire::{connect, read_to_end};

/// Four hundred connections, with nothing in their buffers.
const MANY_CONNECTIONS: Mebibytes = Mebibytes(96);

/// Times that a test can wait for: two seconds for a header, three for a whole request.
fn impatient(text: String) -> String {
    text + "\n[limits]\nheader_timeout = \"2s\"\nrequest_timeout = \"3s\"\n"
}

/// The same, and no more than 32 connections.
fn narrow(text: String) -> String {
    impatient(text) + "connections = 32\n"
}

/// Sends one octet after another until the service has had enough; returns how long that took and what it said.
fn drip(siege: &Siege, head: &[u8], octet: u8) -> (Duration, Option<u16>) {
    let mut stream = connect(siege.service.address());
    stream.write_all(head).expect("sent");
    let begun = Instant::now();
    let mut writing = stream.try_clone().expect("a second handle");
    let reaction = std::thread::scope(|scope| {
        scope.spawn(move || {
            while writing.write_all(&[octet]).is_ok() && begun.elapsed() < Duration::from_secs(20) {
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        read_to_end(&mut stream)
    });
    (begun.elapsed(), reaction.status())
}

/// A request that arrives an octet at a time is given up when its time is over, wherever it goes to.
#[test]
fn slow_requests_are_given_up() {
    let siege = Siege::lay_to(Some(impatient));
    std::thread::scope(|scope| {
        let heads = [
            "GET /scep?operation=PKIOperation&message=".to_owned(),
            "GET / HTTP/1.1\r\nX: ".to_owned(),
            "POST /scep?operation=PKIOperation HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".to_owned(),
            "POST /scep?operation=PKIOperation HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"
                .to_owned(),
            "POST /scep/default HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".to_owned(),
            "GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".to_owned(),
            "POST /certsrv/mscep_admin/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".to_owned(),
            "POST /nothing/here HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".to_owned(),
            "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".to_owned(),
            "GET /ca/issuing.crl HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n".to_owned(),
        ];
        let (user, password) = siege.service.admin();
        let operator = format!("Authorization: Basic {}\r\n", STANDARD.encode(format!("{user}:{password}")));
        let api =
            "POST /api/challenges HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n";
        let heads = heads.into_iter().chain([format!("{api}\r\n"), format!("{api}{operator}\r\n")]);
        let siege = &siege;
        let all: Vec<_> = heads
            .map(|head| {
                scope.spawn(move || {
                    let (took, status) = drip(siege, head.as_bytes(), b'A');
                    println!("{took:.1?} {status:?} {head:?}");
                    assert!(took < Duration::from_secs(8), "{head:?} was borne for {took:?}");
                })
            })
            .collect();
        all.into_iter().for_each(|one| one.join().expect("given up"));
    });
    siege.lift("slow requests", &MANY_CONNECTIONS);
}

#[test]
fn four_hundred_idle_connections_hinder_nobody_and_are_closed() {
    let siege = Siege::lay_to(Some(impatient));
    let mut idle: Vec<TcpStream> = (0..400).map(|_| connect(siege.service.address())).collect();
    let begun = Instant::now();
    // Half of them have had an answer and say nothing more.
    let request = b"GET /scep?operation=GetCACaps HTTP/1.1\r\nHost: x\r\n\r\n";
    idle.iter_mut().take(200).for_each(|stream| stream.write_all(request).expect("sent"));
    assert_eq!(siege.service.get("/scep?operation=GetCACaps").status, 200);
    assert!(begun.elapsed() < Duration::from_secs(2), "somebody else waited {:?}", begun.elapsed());
    for stream in &mut idle {
        read_to_end(stream);
    }
    let took = begun.elapsed();
    println!("400 idle connections are closed after {took:.1?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
    siege.lift("idle connections", &MANY_CONNECTIONS);
}

/// More connections than there is room for: whoever comes later waits until the idle ones are closed, and is served.
#[test]
fn more_connections_than_there_is_room_for() {
    let siege = Siege::lay_to(Some(narrow));
    let idle: Vec<TcpStream> = (0..100).map(|_| connect(siege.service.address())).collect();
    let begun = Instant::now();
    assert_eq!(siege.service.get("/scep?operation=GetCACaps").status, 200);
    println!("behind 100 idle connections with room for 32: {:.1?}", begun.elapsed());
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    drop(idle);
    siege.lift("no room", &MANY_CONNECTIONS);
}
