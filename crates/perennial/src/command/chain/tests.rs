#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::Value;

use super::*;

#[derive(Parser)]
struct Alone {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    args: ChainArgs,
}

fn suite(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/suites/nist-pkits").join(name);
    path.to_string_lossy().into_owned()
}

/// Runs the command; what it printed, and whether all was well.
fn ask(words: &[&str]) -> Result<(String, bool), Failure> {
    let line = Alone::try_parse_from(std::iter::once("chain").chain(words.iter().copied())).unwrap();
    let mut out = Vec::new();
    let code = judge(&line.args, line.output, &mut out)?;
    Ok((String::from_utf8(out).unwrap(), format!("{code:?}") == format!("{:?}", ExitCode::SUCCESS)))
}

fn pkits(leaf: &str, more: &[&str]) -> (String, bool) {
    let (leaf, ca) = (suite(&format!("certs/{leaf}")), suite("certs/GoodCACert.crt"));
    let root = suite("certs/TrustAnchorRootCertificate.crt");
    let mut words = vec![leaf.as_str(), "--store", &ca, "--roots", &root, "--at", "2011-04-15T00:00:00Z"];
    words.extend(more);
    ask(&words).unwrap()
}

#[test]
fn a_good_chain_is_a_tree_and_status_0() {
    let (text, good) = pkits("ValidCertificatePathTest1EE.crt", &[]);
    assert!(good && text.starts_with("✓ chain: 0x0 no error\n"), "{text}");
    assert!(text.contains("policy CERT_CHAIN_POLICY_BASE: passed"), "{text}");
}

#[test]
fn json_names_the_fault_and_the_policy() {
    let leaf = "InvalidEEnotAfterDateTest6EE.crt";
    let (text, good) = pkits(leaf, &["--policy", "ssl-client", "--ignore", "revocation", "--format", "json"]);
    let json: Value = serde_json::from_str(&text).unwrap();
    assert!(!good);
    assert_eq!((&json["error"], &json["elements"][0]["faults"][0]["code"]), (&"0x1".into(), &"CHAIN-EXPIRED".into()));
    assert_eq!(json["policy"]["result"], "0x800B0101");
    let (_, tolerated) = pkits(leaf, &["--ignore", "not-time-valid"]);
    assert!(!tolerated, "the bit is still there");
}

#[test]
fn revocation_lists_are_read_and_used() {
    let (list, root_list) = (suite("crls/GoodCACRL.crl"), suite("crls/TrustAnchorRootCRL.crl"));
    let with_lists = ["--crl", &list, &root_list, "--revocation", "chain-excluding-root"];
    let (text, good) = pkits("InvalidRevokedEETest3EE.crt", &with_lists);
    assert!(!good && text.contains("CHAIN-REVOKED"), "{text}");
    let (text, good) = pkits("ValidCertificatePathTest1EE.crt", &with_lists);
    assert!(good, "{text}");
    let (text, good) = pkits("ValidCertificatePathTest1EE.crt", &["--revocation", "end"]);
    assert!(!good && text.contains("CHAIN-REVOCATION"), "{text}");
}

#[test]
fn capi2_is_one_document_of_events() {
    let (text, _) = pkits("ValidCertificatePathTest1EE.crt", &["--format", "capi2"]);
    assert!(text.starts_with("<Events>") && text.trim_end().ends_with("</Events>"));
    for id in ["11", "30", "90"] {
        assert!(text.contains(&format!("<EventID>{id}</EventID>")), "{id}");
    }
}

/// The reader that was made for Windows' own events reads ours.
#[test]
fn the_events_are_understood_as_those_of_windows() {
    use doctor::Observed;
    use doctor::fact::capi2::Capi2Body;
    let options = ["--format", "capi2", "--policy", "ssl-client", "--ignore", "0x280", "--usage", "clientAuth"];
    let (text, _) = pkits("InvalidEEnotAfterDateTest6EE.crt", &options);
    let mut evidence = doctor::Evidence::default();
    let mut reading = doctor::source::Reading::new("events.xml");
    reading.feed(text.as_bytes(), &mut evidence);
    reading.finish(&mut evidence);
    assert!(evidence.troubles.is_empty() && evidence.repairs.is_empty(), "{:?}", evidence.troubles);
    let bodies: Vec<_> = evidence
        .facts
        .iter()
        .filter_map(|fact| if let Observed::Capi2(event) = &fact.what { Some(&**event) } else { None })
        .collect();
    let leaf = Certificate::parse(&std::fs::read(suite("certs/InvalidEEnotAfterDateTest6EE.crt")).unwrap()).unwrap();
    let (mut built, mut applied, mut detailed) = (0, 0, 0);
    for event in &bodies {
        match &event.body {
            Capi2Body::Chain(chain) => {
                built += 1;
                assert_eq!(chain.chains[0].status.error, 1);
                assert_eq!(chain.chains[0].elements.len(), 3);
                assert_eq!(chain.requested_usages, ["1.3.6.1.5.5.7.3.2"]);
                assert_eq!(
                    chain.chains[0].elements[0].certificate.thumbprint.as_ref().unwrap().to_string(),
                    leaf.thumbprint()
                );
            }
            Capi2Body::Policy(policy) => {
                applied += 1;
                assert_eq!((policy.policy, policy.ignore, policy.element_index), (Some(4), Some(0x280), Some(0)));
                assert_eq!(event.result.unwrap().0, 0x800B_0101);
            }
            Capi2Body::Objects(objects) => {
                detailed += 1;
                assert_eq!(objects.certificates.len(), 3);
                assert!(objects.certificates.iter().any(|c| c.not_after == Some(leaf.validity().not_after)));
            }
            _ => {}
        }
    }
    assert_eq!((built, applied, detailed), (1, 1, 1));
}

#[test]
fn every_form_of_file_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, octets: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, octets).unwrap();
        path
    };
    let der = |name: &str| std::fs::read(suite(&format!("certs/{name}"))).unwrap();
    let leaf = Certificate::parse(&der("ValidCertificatePathTest1EE.crt")).unwrap();
    let ca = Certificate::parse(&der("GoodCACert.crt")).unwrap();
    let none = Secret::read(None).unwrap();
    let both = write("both.pem", (leaf.to_pem() + &ca.to_pem()).as_bytes());
    assert_eq!(input::certificates(&both, &none).unwrap(), [leaf.clone(), ca.clone()]);
    let bag = pki::cms::degenerate(&[leaf.clone(), ca.clone()], None);
    assert_eq!(input::certificates(&write("bag.p7b", &bag), &none).unwrap().len(), 2);
    let armoured = pki::pem::encode("PKCS7", &bag);
    assert_eq!(input::certificates(&write("bag.pem", armoured.as_bytes()), &none).unwrap().len(), 2);
    for (name, octets) in [
        ("empty", &b""[..]),
        ("text", b"hello"),
        ("broken.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
    ] {
        assert!(input::certificates(&write(name, octets), &none).is_err(), "{name}");
    }
}

#[test]
fn pkcs12_is_opened_with_its_password_and_the_keys_certificate_is_the_leaf() {
    use pki::key::{KeySpec, PrivateKey, Sign};
    let folder = tempfile::tempdir().unwrap();
    let key = PrivateKey::generate(KeySpec::P256).unwrap();
    let name = pki::Name::parse("CN=device").unwrap();
    let der = pki::der::write::sequence(&[
        &pki::der::write::explicit(0, &pki::der::write::integer(2)),
        &pki::der::write::integer(7),
        &key.preferred().to_der(),
        name.der(),
        &pki::Validity { not_before: Time(0), not_after: Time(4_000_000_000) }.to_der(),
        name.der(),
        key.public_key().spki_der(),
    ]);
    let signature = key.sign(key.preferred(), &der).unwrap();
    let certificate = Certificate::assemble(&der, &key.preferred().to_der(), &signature).unwrap();
    let identity = client::Identity { key, certificate: Some(certificate.clone()), chain: Vec::new() };
    let path = folder.path().join("device.pfx");
    std::fs::write(&path, identity.to_pkcs12("secret").unwrap()).unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "secret\n").unwrap();
    let secret = Secret::read(Some(&password)).unwrap();
    assert_eq!(input::certificates(&path, &secret).unwrap(), [certificate]);
    assert!(input::certificates(&path, &Secret::read(None).unwrap()).is_err());
}

#[test]
fn what_cannot_be_read_is_a_failure() {
    assert!(ask(&["/nowhere.pem"]).is_err());
    let leaf = suite("certs/ValidCertificatePathTest1EE.crt");
    assert!(ask(&[&leaf, "--usage", "nonsense"]).is_err());
    assert!(ask(&[&leaf, "--ignore", "nonsense"]).is_err());
    let (text, good) = ask(&[&leaf]).unwrap();
    assert!(!good && text.contains("CHAIN-PARTIAL"), "{text}");
}
