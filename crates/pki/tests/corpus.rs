//! Keys and certificates that others made, read and used.
#![expect(clippy::disallowed_methods, reason = "these tests read fixtures")]

use pki::key::{Decrypt, KeyKind, KeySpec, KeyTransport, PrivateKey, Sign};
use pki::{Certificate, Name, Request, digest::Digest};

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/../../fixtures/corpus/{name}", env!("CARGO_MANIFEST_DIR"))).expect(name)
}

#[test]
fn certificates_verify_with_the_keys_that_belong_to_them() {
    for name in ["corpus-b-ca", "corpus-b-ra", "corpus-s-int", "xipki-x-ca", "xipki-x-ra", "xipki-xp-ca"] {
        let certificate = Certificate::parse_any(&fixture(&format!("keys/{name}.pem"))).remove(0);
        let key = PrivateKey::parse(&fixture(&format!("keys/{name}.key"))).expect(name);
        assert_eq!(certificate.public_key(), key.public_key(), "{name}");
    }
    let root = Certificate::parse_any(&fixture("keys/corpus-b-ca.pem")).remove(0);
    let ra = Certificate::parse_any(&fixture("keys/corpus-b-ra.pem")).remove(0);
    assert!(root.is_self_signed() && root.is_ca());
    assert_eq!(ra.verify_signature(root.public_key()), Ok(()));
    assert!(ra.verify_signature(ra.public_key()).is_err());
}

#[test]
fn requests_of_every_key_kind_verify_and_a_changed_one_does_not() {
    for spec in [KeySpec::Rsa2048, KeySpec::P256, KeySpec::P384] {
        let key = PrivateKey::generate(spec).expect("key");
        let subject = Name::parse("CN=dev-1,O=Example").expect("name");
        let request = Request::build(&subject, &key, &[], Some("geheim-ü")).expect("request");
        assert_eq!(request.verify(), Ok(()));
        assert_eq!(request.challenge().as_deref(), Some("geheim-ü"));
        assert_eq!(request.subject().to_string(), "CN=dev-1, O=Example");
        let mut changed = request.der().to_vec();
        let at = changed.windows(5).position(|w| w == b"dev-1").expect("subject") + 4;
        changed[at] = b'2';
        assert!(Request::parse(&changed).expect("still well-formed").verify().is_err());
        let again = PrivateKey::parse(key.to_pem().as_bytes()).expect("PEM");
        assert_eq!(again.public_key(), key.public_key());
    }
}

#[test]
fn key_transport_opens_what_it_closed() {
    let key = PrivateKey::parse(&fixture("keys/corpus-b-ra.key")).expect("key");
    assert_eq!(*key.public_key().kind(), KeyKind::Rsa(2048));
    for transport in [KeyTransport::Pkcs1, KeyTransport::Oaep(Digest::Sha1), KeyTransport::Oaep(Digest::Sha256)] {
        let closed = key.public_key().encrypt(transport, &[7; 16]).expect("encrypt");
        assert_eq!(**key.decrypt(transport, &closed).expect("decrypt"), [7; 16]);
        assert_eq!(KeyTransport::parse(&transport.to_der()), Some(transport));
    }
    assert!(key.decrypt(KeyTransport::Pkcs1, &[1; 256]).is_err());
}
