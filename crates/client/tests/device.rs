//! A device against a server, over real HTTP.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "these tests play a server, in a folder of their own, and say what they did not run"
)]

mod support;

use std::time::Duration;

use client::{
    Application, ClientError, Folder, Identity, Obtained, Options, Outcome, Patience, Pin, Progress, Session, Wish,
    enrol, follow_next_ca, poll, renew,
};
use http::{Method, StatusCode};
use pki::extension::GeneralName;
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name};
use scep::ca_certs::CaCertsFlaw;
use scep::{FailInfo, MessageType};
use support::{Manner, Server};
use zeroize::Zeroizing;

fn wish() -> Wish {
    Wish {
        subject: Name::parse("CN=dev-1,O=Example").expect("name"),
        names: vec![GeneralName::Dns("dev-1.example.test".to_owned())],
        challenge: Some(Zeroizing::new("secret".to_owned())),
    }
}

fn quick() -> Patience {
    Patience { interval: Duration::from_millis(5), limit: Duration::from_secs(2) }
}

fn once() -> Patience {
    Patience { interval: Duration::from_millis(5), limit: Duration::ZERO }
}

fn folder() -> (tempfile::TempDir, Folder) {
    let temporary = tempfile::tempdir().expect("folder");
    let folder = Folder::open(temporary.path().join("device")).expect("folder");
    (temporary, folder)
}

async fn session(server: &Server) -> Session {
    Session::open(&server.url("/scep"), Options::default()).await.expect("session")
}

async fn enrolled(server: &Server, folder: &Folder) -> Certificate {
    let session = session(server).await;
    match enrol(&session, folder, &wish(), KeySpec::Rsa2048, &quick(), &mut |_| {}).await {
        Ok(Obtained::Issued { certificate, .. }) => certificate,
        other => panic!("{other:?}"),
    }
}

fn error<T>(result: Result<T, ClientError>) -> ClientError {
    match result {
        Err(error) => error,
        Ok(_) => panic!("it worked"),
    }
}

#[tokio::test]
async fn a_device_enrols_and_holds_key_certificate_and_chain() {
    let server = Server::start(Manner::default()).await;
    let (_keep, folder) = folder();
    let certificate = enrolled(&server, &folder).await;
    let held = folder.identity().expect("read").expect("identity");
    assert_eq!(held.certificate.as_ref(), Some(&certificate));
    assert_eq!(held.key.public_key(), certificate.public_key());
    assert_eq!(held.chain, std::slice::from_ref(&server.ca));
    assert_eq!(certificate.subject_alt_names(), wish().names);
    assert!(folder.pending().expect("read").is_none());
    let copy = std::fs::read(folder.path().join("certificate.pem")).expect("copy");
    assert_eq!(Certificate::parse_any(&copy), [certificate]);
}

#[cfg(unix)]
#[tokio::test]
async fn keys_can_be_read_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let server = Server::start(Manner { pending: 100, ..Manner::default() }).await;
    let (_keep, folder) = folder();
    let session = session(&server).await;
    let outcome = enrol(&session, &folder, &wish(), KeySpec::Rsa2048, &once(), &mut |_| {}).await;
    assert!(matches!(outcome, Ok(Obtained::Pending)), "{outcome:?}");
    let mode = |name: &str| std::fs::metadata(folder.path().join(name)).expect(name).permissions().mode() & 0o777;
    assert_eq!(mode("pending.pem"), 0o600);
    server.change(|manner| manner.pending = 0);
    let outcome = poll(&session, &folder, &once(), &mut |_| {}).await;
    assert!(matches!(outcome, Ok(Obtained::Issued { .. })), "{outcome:?}");
    assert_eq!((mode("identity.pem"), mode("certificate.pem")), (0o600, 0o644));
}

#[tokio::test]
async fn a_pending_request_is_asked_about_until_it_is_decided() {
    let server = Server::start(Manner { pending: 3, ..Manner::default() }).await;
    let (_keep, folder) = folder();
    let session = session(&server).await;
    let mut told = Vec::new();
    let outcome =
        enrol(&session, &folder, &wish(), KeySpec::Rsa2048, &quick(), &mut |progress| told.push(progress)).await;
    assert!(matches!(outcome, Ok(Obtained::Issued { .. })), "{outcome:?}");
    let next_in = quick().interval;
    let pending = |asked| Progress::Pending { asked, next_in };
    assert_eq!(told, [Progress::Sent, pending(1), pending(2), pending(3)]);
    let types: Vec<MessageType> = server.messages().iter().map(|m| m.0).collect();
    assert_eq!(types, [MessageType::PkcsReq, MessageType::CertPoll, MessageType::CertPoll, MessageType::CertPoll]);
}

#[tokio::test]
async fn a_refusal_is_passed_on_and_leaves_nothing_behind() {
    let server = Server::start(Manner { refuse: Some(FailInfo::BadRequest), ..Manner::default() }).await;
    let (_keep, folder) = folder();
    let session = session(&server).await;
    match enrol(&session, &folder, &wish(), KeySpec::Rsa2048, &quick(), &mut |_| {}).await {
        Ok(Obtained::Refused(refusal)) => assert_eq!(refusal.to_string(), "badRequest: not today"),
        other => panic!("{other:?}"),
    }
    assert!(folder.pending().expect("read").is_none() && folder.identity().expect("read").is_none());
    assert!(matches!(error(poll(&session, &folder, &once(), &mut |_| {}).await), ClientError::Nothing(_)));
}

#[tokio::test]
async fn a_server_that_forgot_a_request_gets_it_again() {
    let server = Server::start(Manner { pending: 1, ..Manner::default() }).await;
    let (_keep, folder) = folder();
    let session = session(&server).await;
    let outcome = enrol(&session, &folder, &wish(), KeySpec::Rsa2048, &once(), &mut |_| {}).await;
    assert!(matches!(outcome, Ok(Obtained::Pending)), "{outcome:?}");
    server.change(|manner| manner.forgets = true);
    let outcome = poll(&session, &folder, &once(), &mut |_| {}).await;
    assert!(matches!(outcome, Ok(Obtained::Issued { .. })), "{outcome:?}");
    let types: Vec<MessageType> = server.messages().iter().map(|m| m.0).collect();
    assert_eq!(types, [MessageType::PkcsReq, MessageType::CertPoll, MessageType::PkcsReq]);
}

#[tokio::test]
async fn a_certificate_for_another_key_or_of_another_ca_is_not_taken() {
    let server = Server::start(Manner { wrong_key: true, ..Manner::default() }).await;
    let (_keep, folder) = folder();
    let session = session(&server).await;
    let result = enrol(&session, &folder, &wish(), KeySpec::Rsa2048, &quick(), &mut |_| {}).await;
    assert!(matches!(error(result), ClientError::Issued(_)));
    let server = Server::start(Manner { wrong_ca: true, ..Manner::default() }).await;
    let session = self::session(&server).await;
    let result = enrol(&session, &folder, &wish(), KeySpec::Rsa2048, &quick(), &mut |_| {}).await;
    assert!(matches!(error(result), ClientError::Issued(_)));
    assert!(folder.identity().expect("read").is_none());
    assert!(folder.pending().expect("read").is_some(), "the key is still there");
}

#[tokio::test]
async fn an_ec_key_gets_its_certificate_under_the_challenge() {
    let server = Server::start(Manner::default()).await;
    let (_keep, folder) = folder();
    let session = session(&server).await;
    for spec in [KeySpec::P256, KeySpec::P384] {
        let outcome = enrol(&session, &folder, &wish(), spec, &quick(), &mut |_| {}).await;
        assert!(matches!(outcome, Ok(Obtained::Issued { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn a_key_survives_a_crash_at_any_moment() {
    let server = Server::start(Manner::default()).await;
    let (_keep, folder) = folder();
    // Before anything is sent.
    let application = Application::first(PrivateKey::generate(KeySpec::Rsa2048).expect("key"), &wish()).expect("made");
    folder.keep_pending(&application).expect("kept");
    let again = folder.pending().expect("read").expect("pending");
    assert_eq!(again.request().der(), application.request().der());
    assert_eq!(again.transaction_id(), application.transaction_id());
    assert_eq!(again.key().public_key(), application.key().public_key());
    // After the certificate has been written, before the application has been forgotten.
    let pending = std::fs::read(folder.path().join("pending.pem")).expect("pending");
    let certificate = enrolled(&server, &folder).await;
    assert_eq!(certificate.public_key(), application.key().public_key(), "the pending key was used");
    std::fs::write(folder.path().join("pending.pem"), pending).expect("written");
    assert!(folder.pending().expect("read").is_none());
    assert!(!folder.path().join("pending.pem").exists());
    // In the middle of a renewal: the old certificate is held, the application waits.
    server.change(|manner| manner.pending = 1);
    let session = session(&server).await;
    let outcome = renew(&session, &folder, KeySpec::Rsa2048, None, &once(), &mut |_| {}).await;
    assert!(matches!(outcome, Ok(Obtained::Pending)), "{outcome:?}");
    let held = folder.identity().expect("read").expect("identity");
    assert_eq!(held.certificate, Some(certificate));
    let waiting = folder.pending().expect("read").expect("pending");
    assert!(waiting.is_renewal());
    let outcome = poll(&session, &folder, &once(), &mut |_| {}).await;
    assert!(matches!(outcome, Ok(Obtained::Issued { .. })), "{outcome:?}");
    let held = folder.identity().expect("read").expect("identity");
    assert_eq!(held.key.public_key(), waiting.key().public_key());
}

#[tokio::test]
async fn answers_that_are_none_say_what_they_were() {
    let page = b"<html>\x1b[31mout of order</html>".to_vec();
    let server =
        Server::start(Manner { instead: Some((StatusCode::SERVICE_UNAVAILABLE, page)), ..Manner::default() }).await;
    let text = error(Session::open(&server.url("/scep"), Options::default()).await).to_string();
    assert_eq!(text, "GetCACert: HTTP status 503: <html>[31mout of order</html>");
    server.change(|manner| manner.instead = Some((StatusCode::OK, vec![0; 100_000])));
    let options = Options { limit: 50_000, ..Options::default() };
    assert!(matches!(error(Session::open(&server.url("/scep"), options).await), ClientError::TooLong(_)));
    server.change(|manner| manner.delay = Duration::from_secs(5));
    let options = Options { timeout: Duration::from_millis(50), ..Options::default() };
    assert!(matches!(error(Session::open(&server.url("/scep"), options).await), ClientError::TimedOut(_)));
    let closed = Session::open("http://127.0.0.1:9/scep", Options::default()).await;
    assert!(matches!(error(closed), ClientError::Unreachable { .. }));
    for address in ["https://x.example/scep", "x.example", "", "http://x.example/scep?operation=y"] {
        assert!(matches!(error(Session::open(address, Options::default()).await), ClientError::Address(_)));
    }
}

#[tokio::test]
async fn the_holder_of_a_certificate_may_ask_for_lists_and_certificates() {
    let server = Server::start(Manner::default()).await;
    let (_keep, folder) = folder();
    let certificate = enrolled(&server, &folder).await;
    let held = folder.identity().expect("read").expect("identity");
    let session = session(&server).await;
    let list = session.crl(&held, certificate.issuer(), certificate.serial()).await.expect("asked").expect("granted");
    assert_eq!(list.issuer(), server.ca.subject());
    let found = session.certificate(&held, certificate.issuer(), certificate.serial()).await;
    assert_eq!(found.expect("asked").expect("granted"), certificate);
    assert!(session.certificate(&held, certificate.issuer(), &[1, 2, 3]).await.is_err());
    server.change(|manner| manner.refuse = Some(FailInfo::BadCertId));
    let refused = session.crl(&held, certificate.issuer(), certificate.serial()).await.expect("asked");
    assert_eq!(refused.expect_err("refused").fail_info, Some(FailInfo::BadCertId));
}

#[tokio::test]
async fn the_next_ca_is_asked_for_where_it_is_offered() {
    let server = Server::start(Manner::default()).await;
    assert_eq!(session(&server).await.next_ca().await.expect("next"), std::slice::from_ref(&server.next));
    server.change(|manner| manner.caps = "SCEPStandard\n");
    assert!(matches!(error(session(&server).await.next_ca().await), ClientError::NotOffered(_)));
}

#[tokio::test]
async fn the_next_ca_is_kept_beside_the_one_that_announced_it() {
    let server = Server::start(Manner::default()).await;
    let (_keep, folder) = folder();
    assert_eq!(folder.succession().expect("read"), []);
    for _ in 0..2 {
        let next = follow_next_ca(&session(&server).await, &folder).await.expect("followed");
        assert_eq!(next.as_ref(), Some(&server.next));
        assert_eq!(folder.succession().expect("read"), [server.ca.clone(), server.next.clone()]);
    }
    server.change(|manner| manner.caps = "SCEPStandard\n");
    assert_eq!(follow_next_ca(&session(&server).await, &folder).await.expect("asked"), None);
    assert_eq!(folder.succession().expect("read").len(), 2, "what was announced stays");
    std::fs::write(folder.path().join("next-ca.pem"), "nothing").expect("written");
    assert!(matches!(error(folder.succession()), ClientError::Content { .. }));
}

fn pin(certificate: &Certificate) -> Option<Pin> {
    Some(pki::digest::hex(&certificate.fingerprint()).parse().expect("a pin"))
}

/// One run against somebody else's server, with the fingerprint forgotten, must not cost the devices their next CA.
#[tokio::test]
async fn what_a_ca_announced_is_not_erased_by_another_one() {
    let (own, other) = (Server::start(Manner::default()).await, Server::start(Manner::default()).await);
    let (_keep, folder) = folder();
    let follow = async |server: &Server, pin: Option<Pin>| {
        let options = Options { pin, succession: folder.succession().expect("read"), ..Options::default() };
        let session = Session::open(&server.url("/scep"), options).await.expect("session");
        follow_next_ca(&session, &folder).await
    };
    follow(&own, pin(&own.ca)).await.expect("followed");
    let kept = [own.ca.clone(), own.next.clone()];
    let refused = error(follow(&other, None).await);
    assert!(matches!(refused, ClientError::OtherSuccession { .. }), "{refused}");
    assert_eq!(folder.succession().expect("read"), kept);
    follow(&own, None).await.expect("the chain leads to it");
    assert_eq!(folder.succession().expect("read"), kept);
    // Who states another fingerprint means another CA.
    follow(&other, pin(&other.ca)).await.expect("followed");
    assert_eq!(folder.succession().expect("read"), [other.ca.clone(), other.next.clone()]);
}

#[tokio::test]
async fn of_a_long_succession_the_oldest_are_forgotten() {
    let server = Server::start(Manner::default()).await;
    let (_keep, folder) = folder();
    let key = PrivateKey::generate(KeySpec::P256).expect("key");
    let name = Name::parse("CN=Long").expect("name");
    let issue = || support::issue(&name, key.public_key(), &[], &name, &key);
    let mut all: Vec<Certificate> = std::iter::repeat_with(issue).take(40).collect();
    let file = folder.path().join("next-ca.pem");
    let write = |all: &[Certificate]| {
        std::fs::write(&file, all.iter().map(Certificate::to_pem).collect::<String>()).expect("written");
    };
    write(&all);
    assert_eq!(folder.succession().expect("read"), &all[8..]);
    // The next one finds its place too.
    all.push(server.ca.clone());
    write(&all);
    follow_next_ca(&session(&server).await, &folder).await.expect("followed");
    all.push(server.next.clone());
    assert_eq!(folder.succession().expect("read"), &all[10..]);
    assert_eq!(Certificate::parse_any(&std::fs::read(&file).expect("file")).len(), 32);
}

/// Whoever sits on the way can show a CA of its own beside the right one, and sign with it.
#[tokio::test]
async fn s71_a_next_ca_that_somebody_else_announces_is_not_taken() {
    let server = Server::start(Manner { false_next: true, ..Manner::default() }).await;
    let (_keep, folder) = folder();
    for pin in [None, pin(&server.ca)] {
        let session =
            Session::open(&server.url("/scep"), Options { pin, ..Options::default() }).await.expect("session");
        let refused = error(follow_next_ca(&session, &folder).await);
        assert!(
            matches!(refused, ClientError::CaCerts(CaCertsFlaw::Signature(_) | CaCertsFlaw::Stranger)),
            "{refused}"
        );
        assert_eq!(folder.succession().expect("read"), []);
    }
}

#[tokio::test]
async fn a_key_and_certificate_come_from_pem_or_pkcs12() {
    let server = Server::start(Manner::default()).await;
    let (_keep, folder) = folder();
    let certificate = enrolled(&server, &folder).await;
    let pem = std::fs::read(folder.path().join("identity.pem")).expect("file");
    let from_pem = Identity::from_pem(&pem).expect("identity");
    assert_eq!(from_pem.certificate.as_ref(), Some(&certificate));
    assert!(Identity::from_pem(b"nothing").is_err() && Identity::from_pkcs12(b"nothing", "").is_err());
    let pfx = folder.path().join("identity.pfx");
    let identity = folder.path().join("identity.pem");
    for legacy in [false, true] {
        let mut command = std::process::Command::new("openssl");
        command.args(["pkcs12", "-export", "-passout", "pass:geheim", "-in"]).arg(&identity).arg("-out").arg(&pfx);
        if legacy {
            command.arg("-legacy");
        }
        let Ok(output) = command.output() else {
            println!("not run: openssl is not installed");
            return;
        };
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let octets = std::fs::read(&pfx).expect("pfx");
        let from_pfx = Identity::from_pkcs12(&octets, "geheim").expect("identity");
        assert_eq!(from_pfx.certificate.as_ref(), Some(&certificate));
        assert_eq!(from_pfx.key.public_key(), certificate.public_key());
        assert!(Identity::from_pkcs12(&octets, "other").is_err());
        // What was read renews like what was enrolled.
        let next = PrivateKey::generate(KeySpec::Rsa2048).expect("key");
        let renewal = Application::renewal(&from_pfx, next, None).expect("made");
        let outcome = session(&server).await.submit(&renewal).await;
        assert!(matches!(outcome, Ok(Outcome::Issued { .. })), "{outcome:?}");
    }
}

#[tokio::test]
async fn s07_certificates_are_fetched_and_verified_before_anything_is_asked() {
    let server = Server::start(Manner::default()).await;
    let opened = session(&server).await;
    assert_eq!((&opened.authorities().encryption, &opened.authorities().issuer), (&server.ra, &server.ca));
    let operations: Vec<String> = server.seen().into_iter().map(|seen| seen.operation).collect();
    assert_eq!(operations, ["operation=GetCACaps", "operation=GetCACert"]);
    server.change(|manner| manner.wrong_chain = true);
    let refused = error(Session::open(&server.url("/scep"), Options::default()).await);
    assert!(matches!(refused, ClientError::Unchained(_)), "{refused}");
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn s08_a_ca_without_the_expected_fingerprint_is_refused() {
    let server = Server::start(Manner::default()).await;
    let open = async |pin: &str| {
        let options = Options { pin: Some(pin.parse::<Pin>().expect("pin")), ..Options::default() };
        Session::open(&server.url("/scep"), options).await
    };
    let sha256 = pki::digest::hex(&server.ca.fingerprint());
    assert!(open(&sha256).await.is_ok() && open(&sha256.to_uppercase()).await.is_ok());
    let colons: Vec<&str> = sha256.as_bytes().chunks(2).map(|c| std::str::from_utf8(c).expect("digits")).collect();
    assert!(open(&colons.join(":")).await.is_ok());
    assert!(open(&server.ca.thumbprint()).await.is_ok());
    let refused = error(open(&pki::digest::hex(&server.next.fingerprint())).await);
    assert!(refused.to_string().contains(&sha256), "{refused}");
    // A pinned RA certificate vouches for no CA.
    assert!(matches!(error(open(&server.ra.thumbprint()).await), ClientError::Unchained(_)));
    assert!("12:34".parse::<Pin>().is_err() && "zz".parse::<Pin>().is_err());
}

#[tokio::test]
async fn s09_address_authorisation_and_identification_of_the_ca_are_used() {
    let server = Server::start(Manner::default()).await;
    let (_keep, folder) = folder();
    let options = Options {
        ca_identifier: "CA 1&x".to_owned(),
        pin: Some(server.ca.thumbprint().parse().expect("pin")),
        ..Options::default()
    };
    let session = Session::open(&server.url("/certsrv/mscep/mscep.dll"), options).await.expect("session");
    enrol(&session, &folder, &wish(), KeySpec::Rsa2048, &quick(), &mut |_| {}).await.expect("enrolled");
    assert!(server.seen().iter().all(|seen| seen.path == "/certsrv/mscep/mscep.dll"));
    assert_eq!(server.messages()[0].3.as_deref(), Some("secret"));
}

#[tokio::test]
async fn s55_a_certificate_is_renewed_with_renewalreq_where_the_server_has_it() {
    for (caps, expected) in [
        ("SCEPStandard\nRenewal\n", MessageType::RenewalReq),
        // Older servers take a PKCSReq signed with the old certificate.
        ("SCEPStandard\n", MessageType::PkcsReq),
    ] {
        let server = Server::start(Manner { caps, ..Manner::default() }).await;
        let (_keep, folder) = folder();
        enrolled(&server, &folder).await;
        let session = session(&server).await;
        let outcome = renew(&session, &folder, KeySpec::Rsa2048, None, &quick(), &mut |_| {}).await;
        assert!(matches!(outcome, Ok(Obtained::Issued { .. })), "{outcome:?}");
        let types: Vec<MessageType> = server.messages().iter().map(|m| m.0).collect();
        assert_eq!(types, [MessageType::PkcsReq, expected]);
    }
}

#[tokio::test]
async fn s57_a_renewal_has_a_new_key_and_no_challenge() {
    let server = Server::start(Manner::default()).await;
    let (_keep, folder) = folder();
    let first = enrolled(&server, &folder).await;
    let session = session(&server).await;
    let Ok(Obtained::Issued { certificate, .. }) =
        renew(&session, &folder, KeySpec::Rsa2048, None, &quick(), &mut |_| {}).await
    else {
        panic!("not renewed")
    };
    assert_ne!(first.public_key(), certificate.public_key());
    assert_eq!((first.subject(), first.subject_alt_names()), (certificate.subject(), certificate.subject_alt_names()));
    let messages = server.messages();
    assert_eq!((messages[0].3.as_deref(), messages[1].3.as_deref()), (Some("secret"), None));
    assert_ne!(messages[0].1, messages[1].1, "another transaction");
}

#[tokio::test]
async fn s60_messages_go_by_post_where_the_server_has_it_and_nothing_else_does() {
    for (caps, expected) in
        [("POSTPKIOperation\nAES\n", Method::POST), ("AES\nSHA-256\n", Method::GET), ("", Method::GET)]
    {
        let server = Server::start(Manner { caps, ..Manner::default() }).await;
        let (_keep, folder) = folder();
        enrolled(&server, &folder).await;
        for seen in server.seen() {
            let by = if seen.message.is_some() { &expected } else { &Method::GET };
            assert_eq!(&seen.method, by, "{caps:?} {seen:?}");
        }
    }
}

#[tokio::test]
async fn s61_without_a_path_the_usual_one_is_taken() {
    let server = Server::start(Manner::default()).await;
    for path in ["", "/"] {
        Session::open(&server.url(path), Options::default()).await.expect("session");
    }
    assert!(server.seen().iter().all(|seen| seen.path == "/cgi-bin/pkiclient.exe"));
}

#[tokio::test]
async fn s68_one_application_is_outstanding_at_a_time() {
    let server = Server::start(Manner { pending: 100, ..Manner::default() }).await;
    let (_keep, folder) = folder();
    let session = session(&server).await;
    for _ in 0..3 {
        let outcome = enrol(&session, &folder, &wish(), KeySpec::Rsa2048, &once(), &mut |_| {}).await;
        assert!(matches!(outcome, Ok(Obtained::Pending)), "{outcome:?}");
    }
    let messages = server.messages();
    assert_eq!(messages.len(), 3);
    assert!(messages.iter().all(|m| (&m.1, &m.2) == (&messages[0].1, &messages[0].2)), "one transaction, one key");
}

#[tokio::test]
async fn s69_a_lost_answer_is_recovered_by_asking_again() {
    let server = Server::start(Manner::default()).await;
    let (_keep, folder) = folder();
    let session = session(&server).await;
    // The certificate is issued, and its reply is lost.
    server.change(|manner| manner.instead = Some((StatusCode::BAD_GATEWAY, Vec::new())));
    let lost = enrol(&session, &folder, &wish(), KeySpec::Rsa2048, &quick(), &mut |_| {}).await;
    assert!(matches!(error(lost), ClientError::Status { status: 502, .. }));
    server.change(|manner| manner.instead = None);
    let certificate = enrolled(&server, &folder).await;
    let messages = server.messages();
    assert_eq!(messages.len(), 2);
    assert_eq!((&messages[0].1, &messages[0].2), (&messages[1].1, &messages[1].2));
    assert_eq!(certificate.public_key().key_octets(), messages[0].2);
}
