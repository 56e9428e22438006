//! Roots, issuing CAs and their signatures.

mod support;

use ca::authority::{self, NotMade, Subordinate};
use ca::{Code, SignFailed};
use pki::der::write;
use pki::extension::{AuthorityKeyId, BasicConstraints, Criticality, KeyUsage};
use pki::key::{KeySpec, PrivateKey, PublicKey, Sign, SignatureAlgorithm, SignatureError};
use pki::{Name, oid};
use support::{NOW, device, key, name, order, reasons, serial, tiers, years};

#[test]
fn a_root_and_its_issuing_ca_say_what_they_are() {
    let tiers = tiers();
    let usage = KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_CERT_SIGN).with(KeyUsage::CRL_SIGN);
    for (authority, path_length) in [(&tiers.root, 1), (&tiers.issuing, 0)] {
        let certificate = &authority.certificate;
        let basic = BasicConstraints { ca: true, path_length: Some(path_length) };
        assert_eq!(certificate.basic_constraints(), Some(basic));
        assert_eq!(certificate.key_usage(), Some(usage));
        for id in [oid::BASIC_CONSTRAINTS, oid::KEY_USAGE] {
            assert_eq!(certificate.extension(&id).map(|e| e.criticality), Some(Criticality::Critical));
        }
        assert_eq!(certificate.subject_key_id(), Some(&authority.key.public_key().key_id()[..]));
    }
    assert!(tiers.root.certificate.is_self_signed() && !tiers.issuing.certificate.is_self_signed());
    let issuing = &tiers.issuing.certificate;
    assert!(issuing.verify_signature(tiers.root.certificate.public_key()).is_ok());
    let above = AuthorityKeyId::parse(&issuing.extension(&oid::AUTHORITY_KEY_ID).unwrap().value).unwrap();
    assert_eq!(above.key_id.as_deref(), tiers.root.certificate.subject_key_id());
    assert!(issuing.extension(&oid::CRL_DISTRIBUTION_POINTS).is_some());
    assert!(issuing.extension(&oid::AUTHORITY_INFO_ACCESS).is_some());
}

#[test]
fn the_next_issuing_ca_has_the_name_and_another_key() {
    let tiers = tiers();
    let next = support::issuing(KeySpec::P384, &tiers.root).certificate;
    assert_eq!(next.subject(), tiers.issuing.certificate.subject());
    assert_ne!(next.subject_key_id(), tiers.issuing.certificate.subject_key_id());
}

#[test]
fn authorities_that_would_be_no_good() {
    let tiers = tiers();
    let flaws = |made: Result<_, NotMade>| match made.map(|_: pki::Certificate| ()) {
        Err(NotMade::Flawed(flaws)) => reasons(&flaws),
        other => panic!("{other:?}"),
    };
    let signer = key(KeySpec::P256);
    assert_eq!(
        flaws(authority::root(&Name::empty(), signer, years(1), &serial(1))),
        [Code::LintIssuer, Code::LintSubject]
    );
    let long = name(&format!("CN={}", "x".repeat(65)));
    assert_eq!(flaws(authority::root(&long, signer, years(1), &serial(1))), [Code::LintNameLength]);
    assert_eq!(flaws(authority::root(&name("CN=x"), signer, years(-1), &serial(1))), [Code::LintValidity]);
    let subject = name("CN=Sub");
    let good = Subordinate {
        subject: &subject,
        key: signer.public_key(),
        validity: years(1),
        crl_urls: &[],
        issuer_urls: &[],
    };
    let made =
        |wanted: &Subordinate<'_>| authority::issuing(wanted, &tiers.root.certificate, &tiers.root.key, &serial(4));
    assert!(made(&good).is_ok());
    assert_eq!(flaws(made(&Subordinate { validity: years(21), ..good })), [Code::LintValidity]);
    let bad_url = ["no address".to_owned()];
    assert_eq!(flaws(made(&Subordinate { crl_urls: &bad_url, ..good })), [Code::ProfileContent]);
    let numbers = write::sequence(&[&write::unsigned(&[0xc1; 128]), &write::integer(65_537)]);
    let algorithm = write::algorithm(&oid::RSA_ENCRYPTION, &write::null());
    let small = PublicKey::from_spki(&write::sequence(&[&algorithm, &write::bit_octets(&numbers)])).unwrap();
    assert_eq!(flaws(made(&Subordinate { key: &small, ..good })), [Code::KeySize]);
    let foreign = authority::issuing(&good, &tiers.root.certificate, signer, &serial(4));
    assert_eq!(foreign, Err(NotMade::Sign(SignFailed::ForeignKey)));
}

/// A device that claims the issuer's key and signs something else: a fault, or an attack on its key.
struct Faulty(&'static PrivateKey);

impl Sign for Faulty {
    fn public_key(&self) -> &PublicKey {
        self.0.public_key()
    }

    fn preferred(&self) -> SignatureAlgorithm {
        self.0.preferred()
    }

    fn sign(&self, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        let mut signature = self.0.sign(algorithm, message)?;
        if let Some(last) = signature.last_mut() {
            *last ^= 1;
        }
        Ok(signature)
    }
}

#[test]
fn a_wrong_signature_does_not_leave() {
    let tiers = tiers();
    let issuer = &tiers.issuing;
    let faulty = Faulty(&issuer.key);
    let wanted = order("CN=x", Vec::new(), key(KeySpec::P256).public_key());
    let prepared =
        ca::prepare(&wanted, &device(), &issuer.certificate, issuer.key.preferred(), &serial(3), NOW).unwrap();
    assert_eq!(ca::sign(prepared, &issuer.certificate, &faulty), Err(SignFailed::Key(SignatureError::Wrong)));
    let list = ca::crl(&issuer.certificate, &faulty, &[], 1, NOW, NOW.plus(60));
    assert_eq!(list.map(|_| ()), Err(SignFailed::Key(SignatureError::Wrong)));
    let root = authority::root(&name("CN=x"), &Faulty(key(KeySpec::P256)), years(1), &serial(1));
    assert_eq!(root, Err(NotMade::Sign(SignFailed::Key(SignatureError::Wrong))));
}
