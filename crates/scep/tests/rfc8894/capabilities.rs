//! §3.5: GetCACaps.

use scep::caps::{Capability, Caps, NextCa};
use scep::client::{Algorithms, Ask};
use scep::http::{Method, Operation, parse};
use scep::server::{Accept, Legacy, Opening, Sha1};

use crate::support::parties::{aes, device, service};

fn legacy() -> Accept {
    Accept { legacy: Legacy::TripleDes, ..Accept::default() }
}

#[test]
fn s01_getcacaps_is_an_operation_and_has_an_answer() {
    assert_eq!(parse(Method::Get, "operation=GetCACaps", Vec::new()), Ok(Operation::GetCaCaps));
    assert!(!Caps::of(&Accept::default(), NextCa::None).is_empty());
}

#[test]
fn s11_the_answer_is_lines_of_keywords() {
    let text = Caps::of(&legacy(), NextCa::Prepared).to_text();
    assert!(text.ends_with('\n') && text.is_ascii());
    assert_eq!(Caps::parse(text.as_bytes()), Caps::of(&legacy(), NextCa::Prepared));
}

#[test]
fn s12_keywords_are_written_as_the_rfc_writes_them() {
    let text = Caps::of(&legacy(), NextCa::Prepared).to_text();
    let lines: Vec<&str> = text.lines().collect();
    let rfc =
        ["AES", "DES3", "GetNextCACert", "POSTPKIOperation", "Renewal", "SHA-1", "SHA-256", "SHA-512", "SCEPStandard"];
    assert!(rfc.iter().all(|keyword| lines.contains(keyword)), "{lines:?}");
    assert_eq!(lines.len(), rfc.len() + 1, "and SHA-384, which strongSwan asks for");
}

#[test]
fn s13_a_client_takes_both_line_ends_any_case_and_unknown_words() {
    let caps = Caps::parse(b"aes\r\nSHA-256\n postpkioperation \r\n\r\nUpdate\nexample.com-Teleport\nRENEWAL");
    for capability in [Capability::Aes, Capability::Sha256, Capability::PostPkiOperation, Capability::Renewal] {
        assert!(caps.lists(capability));
    }
    assert!(!caps.lists(Capability::ScepStandard) && !caps.lists(Capability::Des3));
}

#[test]
fn s14_no_answer_means_no_capability() {
    for body in [b"".as_slice(), b"\n\n", b"<html><body>404</body></html>", &[0x30, 0x82, 0xff]] {
        assert!(Caps::parse(body).is_empty());
    }
}

#[test]
fn s16_a_client_prefers_aes_128_and_sha_256() {
    let by = |text: &str| Algorithms::by(&Caps::parse(text.as_bytes()));
    assert_eq!(by("SCEPStandard"), aes());
    assert_eq!(by("AES\nDES3\nSHA-1\nSHA-256\nSHA-512"), aes());
    assert_eq!(by("DES3\nSHA-1").cipher, pki::cipher::Cipher::TripleDes);
    assert_eq!(by("").digest, pki::digest::Digest::Sha256);
    assert_eq!(by("AES\nSHA-512").digest, pki::digest::Digest::Sha512);
}

#[test]
fn s17_no_private_keyword_is_sent_without_need() {
    let text = Caps::of(&legacy(), NextCa::Prepared).to_text();
    assert!(!text.contains('.'), "private keywords have a domain in front");
}

#[test]
fn s18_what_is_listed_is_true() {
    let listed = Caps::of(&Accept::default(), NextCa::None);
    assert!(listed.lists(Capability::ScepStandard) && listed.lists(Capability::Aes));
    assert!(!listed.lists(Capability::Des3) && !listed.lists(Capability::GetNextCaCert));
    let strict = Caps::of(&Accept { sha1: Sha1::Refuse, ..Accept::default() }, NextCa::None);
    assert!(!strict.lists(Capability::Sha1));
    // Every digest and cipher that is listed opens.
    let request = device().request();
    let mut algorithms = aes();
    for digest in [pki::digest::Digest::Sha256, pki::digest::Digest::Sha384, pki::digest::Digest::Sha512] {
        algorithms.digest = digest;
        service().opened(&device().ask_by(&Ask::Enrol(&request), &algorithms).der);
        service().opened(&device().ask_by(&Ask::Renew(&request), &algorithms).der);
    }
    algorithms.cipher = pki::cipher::Cipher::TripleDes;
    let message = device().ask_by(&Ask::Enrol(&request), &algorithms).der;
    assert!(matches!(service().open_with(&message, &legacy()), Opening::Opened(_)));
    assert!(matches!(service().open(&message), Opening::Flawed(_)));
}

#[test]
fn s74_getnextcacert_is_listed_only_while_there_is_a_next_ca() {
    assert!(Caps::of(&Accept::default(), NextCa::Prepared).lists(Capability::GetNextCaCert));
    assert!(!Caps::of(&Accept::default(), NextCa::None).lists(Capability::GetNextCaCert));
}
