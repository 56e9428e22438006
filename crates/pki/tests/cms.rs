//! Messages made here are read by openssl(1), and by this house.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_macros,
    reason = "these tests read fixtures and start openssl"
)]

use std::io::Write;
use std::process::{Command, Stdio};

use pki::cipher::Cipher;
use pki::cms::{
    EnvelopeFor, EnvelopedData, NewSignature, Recipient, SignedContent, SignedData, degenerate,
    open_password_recipient, seal_envelope, sign,
};
use pki::digest::Digest;
use pki::key::{Decrypt, KeyTransport, PrivateKey, Sign};
use pki::{Certificate, Time, oid};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/corpus/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

fn ra() -> (Certificate, PrivateKey) {
    let certificate = Certificate::parse_any(&fixture("keys/corpus-b-ra.pem")).remove(0);
    (certificate, PrivateKey::parse(&fixture("keys/corpus-b-ra.key")).expect("key"))
}

fn random() -> impl FnMut(&mut [u8]) {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move |out: &mut [u8]| {
        for octet in out {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *octet = state as u8;
        }
    }
}

/// Runs openssl with `input` on its standard input; nothing if it is not installed.
fn openssl(arguments: &[&str], input: &[u8]) -> Option<(Vec<u8>, String)> {
    let spawned = Command::new("openssl")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = spawned else {
        println!("not run: openssl is not installed");
        return None;
    };
    let written = child.stdin.take().expect("stdin").write_all(input);
    let output = child.wait_with_output().expect("openssl");
    written.expect("input taken");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "openssl {arguments:?}: {text}");
    Some((output.stdout, text))
}

#[test]
fn openssl_opens_our_envelopes_and_so_do_we() {
    let (certificate, key) = ra();
    let key_path = format!("{}/../../fixtures/corpus/keys/corpus-b-ra.key", env!("CARGO_MANIFEST_DIR"));
    for (cipher, transport) in [
        (Cipher::Aes128, KeyTransport::Pkcs1),
        (Cipher::Aes256, KeyTransport::Oaep(Digest::Sha256)),
        (Cipher::TripleDes, KeyTransport::Oaep(Digest::Sha1)),
    ] {
        let recipient = EnvelopeFor::Key {
            issuer: certificate.issuer().der(),
            serial: certificate.serial(),
            key: certificate.public_key(),
            transport,
        };
        let sealed = seal_envelope(b"what is inside", cipher, recipient, &mut random()).expect("sealed");
        let read = EnvelopedData::parse(&sealed).expect("read");
        let [Recipient::KeyTransport { id, algorithm, encrypted_key }] = read.recipients.as_slice() else {
            panic!("one recipient")
        };
        assert!(id.names(&certificate));
        assert_eq!(KeyTransport::parse(algorithm), Some(transport));
        let inner = key.decrypt(transport, encrypted_key).expect("key");
        assert_eq!(cipher.decrypt(&inner, &read.iv, &read.encrypted).expect("content"), b"what is inside");
        if let Some((out, _)) = openssl(&["cms", "-decrypt", "-inform", "DER", "-inkey", &key_path], &sealed) {
            assert_eq!(out, b"what is inside");
        }
    }
}

#[test]
fn openssl_opens_our_password_envelopes_and_we_open_theirs() {
    let sealed = seal_envelope(b"for EC keys", Cipher::Aes128, EnvelopeFor::Password(b"secret"), &mut random());
    let sealed = sealed.expect("sealed");
    if let Some((out, _)) = openssl(&["cms", "-decrypt", "-inform", "DER", "-pwri_password", "secret"], &sealed) {
        assert_eq!(out, b"for EC keys");
    }
    let arguments = ["cms", "-encrypt", "-binary", "-aes-192-cbc", "-outform", "DER", "-pwri_password", "secret"];
    let Some((theirs, _)) = openssl(&arguments, b"from openssl") else { return };
    let theirs = pki::der::normalise(&theirs, pki::der::Limits::default()).expect("normalise");
    let read = EnvelopedData::parse(&theirs).expect("read");
    let [Recipient::Password { derivation: Some(derivation), algorithm, encrypted_key }] = read.recipients.as_slice()
    else {
        panic!("one password recipient")
    };
    let key = open_password_recipient(derivation, algorithm, encrypted_key, b"secret").expect("key");
    assert!(open_password_recipient(derivation, algorithm, encrypted_key, b"secrets").is_err());
    assert_eq!(Cipher::Aes192.decrypt(&key, &read.iv, &read.encrypted).expect("content"), b"from openssl");
}

#[test]
fn openssl_verifies_our_signatures_and_so_do_we() {
    let (certificate, key) = ra();
    let keys: [(&Certificate, &dyn Sign); 1] = [(&certificate, &key)];
    for (certificate, key) in keys {
        for digest in [Digest::Sha256, Digest::Sha384, Digest::Sha512] {
            let attributes = [(oid::SCEP_MESSAGE_TYPE, pki::der::write::tlv(0x13, b"3"))];
            let time = Time::parse_rfc3339("2026-11-24T12:00:00Z").expect("time");
            let new = NewSignature { certificate, key, digest, time, attributes: &attributes };
            let signed = sign(SignedContent::Present(b"content"), &new).expect("signed");
            let read = SignedData::parse(&signed).expect("read");
            assert_eq!(read.content, Some(b"content".as_slice()));
            let signer = &read.signers[0];
            assert_eq!(signer.named_among(&read.certificates), std::slice::from_ref(certificate));
            assert!(signer.verify(b"content", certificate.public_key()).is_ok());
            assert!(signer.verify(b"Content", certificate.public_key()).is_err());
            let verify = ["cms", "-verify", "-inform", "DER", "-noverify"];
            if let Some((out, _)) = openssl(&verify, &signed) {
                assert_eq!(out, b"content");
            }
        }
    }
}

#[test]
fn openssl_lists_our_bag_of_certificates_in_order() {
    let (leaf, _) = ra();
    let root = Certificate::parse_any(&fixture("keys/corpus-b-ca.pem")).remove(0);
    let bag = degenerate(&[leaf.clone(), root.clone()], None);
    assert_eq!(SignedData::parse(&bag).expect("read").read_certificates(), [leaf, root]);
    if let Some((out, _)) = openssl(&["pkcs7", "-inform", "DER", "-print_certs", "-noout"], &bag) {
        let text = String::from_utf8(out).expect("text");
        assert!(text.find("Corpus B RA").expect("leaf") < text.rfind("subject=").expect("root"), "{text}");
    }
}
