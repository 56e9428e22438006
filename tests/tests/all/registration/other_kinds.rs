//! The kinds that are no registration point: a webhook with signed requests, and a program.

use std::os::unix::fs::PermissionsExt;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::stage::{Stage, issued, refused};

const PROGRAM: &str = r#"
[endpoint.program]
profile = "device"
challenges = ["module"]

[endpoint.program.module]
kind = "command"
program = "decide.sh"
timeout = "2s"
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_program_decides_by_exit_status_and_first_line() {
    let stage = Stage::edited(|text| text + PROGRAM).await;
    let script = |body: &str| {
        let path = stage.folder().join("decide.sh");
        let beside = stage.folder().join("decide.new");
        std::fs::write(&beside, format!("#!/bin/sh\n{body}\n")).expect("written");
        std::fs::set_permissions(&beside, std::fs::Permissions::from_mode(0o700)).expect("executable");
        std::fs::rename(&beside, &path).expect("in place");
    };
    assert_eq!(refused(&stage.enrol("program", "laptop-1", "x").await), "challenge.unavailable");
    for (body, expected) in [
        ("echo 'refused: not in the inventory'; exit 1", "module.refused"),
        ("echo valid; exit 1", "challenge.unavailable"),
        ("echo 'refused: but exit status 0'", "challenge.unavailable"),
        ("exit 0", "challenge.unavailable"),
        ("sleep 30", "challenge.unavailable"),
    ] {
        script(body);
        assert_eq!(refused(&stage.enrol("program", "laptop-1", "x").await), expected, "{body}");
    }
    script("cat > said.json; echo valid");
    issued(stage.enrol("program", "laptop-1", "x").await);
    let said = std::fs::read_to_string(stage.folder().join("said.json")).expect("what it got");
    let said: serde_json::Value = serde_json::from_str(&said).expect("JSON");
    assert_eq!((said["verb"].as_str(), said["endpoint"].as_str()), (Some("verify"), Some("program")));
    server::registration::deliver(&stage.service, server::world::now).await.expect("the store");
    assert!(stage.service.store.notices_waiting("program", 1).await.expect("notices").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_can_tell_whose_request_it_is() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("its address");
    let stage = Stage::edited(|text| {
        format!(
            "{text}\n[endpoint.hook]\nprofile = \"device\"\nchallenges = [\"module\"]\n\n[endpoint.hook.module]\n\
             kind = \"webhook\"\nurl = \"http://{address}\"\nsecret_file = \"keys/hook.key\"\n"
        )
    })
    .await;
    std::fs::write(stage.folder().join("keys/hook.key"), "07".repeat(32)).expect("written");
    let hook = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        let mut octets = Vec::new();
        let (head, body) = loop {
            let mut part = [0; 4096];
            let read = stream.read(&mut part).await.expect("a request");
            octets.extend_from_slice(&part[..read]);
            let text = String::from_utf8_lossy(&octets).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            if body.ends_with('}') {
                break (head.to_ascii_lowercase(), body.to_owned());
            }
        };
        let answer = r#"{"outcome":"valid","device":"laptop-1"}"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
        stream.write_all(answer.as_bytes()).await.expect("answered");
        (head, body)
    });
    issued(stage.enrol("hook", "laptop-1", "x").await);
    let (head, body) = hook.await.expect("the hook");
    let header = |name: &str| head.lines().find_map(|l| l.strip_prefix(&format!("{name}: "))).expect(name).to_owned();
    let at = header("perennial-timestamp");
    let mac = pki::digest::hmac_sha256(&[7; 32], &[at.as_bytes(), b".", body.as_bytes()]);
    assert_eq!(header("perennial-signature"), format!("v1={}", pki::digest::hex(&mac).to_ascii_lowercase()));
    let age = server::world::now().seconds() - at.parse::<i64>().expect("seconds");
    assert!((0..60).contains(&age), "{at}");
    assert!(head.starts_with("post /v1/verify "), "{head}");
}
