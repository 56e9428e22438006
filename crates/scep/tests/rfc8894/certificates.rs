//! §2.2, §4.2: the certificates of CA and RA.

use pki::cms::SignedData;
use pki::{Certificate, oid};
use scep::ca_certs::{self, Authorities, CaCertsFlaw};
use scep::http::{Method, Operation, parse};
use scep::server::SigningKey;

use crate::support::parties::{service, subject};
use crate::support::{fixture, now};

fn certificates(names: &[&str]) -> Vec<Certificate> {
    names.iter().map(|name| Certificate::parse_any(&fixture(&format!("keys/{name}.pem"))).remove(0)).collect()
}

#[test]
fn s02_the_operation_is_called_getcacert() {
    for query in ["operation=GetCACert", "operation=GetCACert&message=CAIdentifier"] {
        assert_eq!(parse(Method::Get, query, Vec::new()), Ok(Operation::GetCaCert));
    }
}

#[test]
fn s03_a_single_certificate_is_sent_as_it_is() {
    let ca = certificates(&["corpus-b-ca"]);
    let body = ca_certs::body(&ca);
    assert_eq!(body.content_type, "application/x-x509-ca-cert");
    assert_eq!(body.octets, ca[0].der());
    assert_eq!(ca_certs::read(&body.octets).expect("read"), ca);
    // One certificate that signs, decrypts and issues is still one.
    assert_eq!(ca_certs::body(&[ca[0].clone(), ca[0].clone()]), body);
}

#[test]
fn s04_several_certificates_are_sent_in_a_bag() {
    let chain = certificates(&["corpus-b-ra", "corpus-b-ca"]);
    let body = ca_certs::body(&chain);
    assert_eq!(body.content_type, "application/x-x509-ca-ra-cert");
    let signed = SignedData::parse(&body.octets).expect("bag");
    assert!(signed.content.is_none() && signed.signers.is_empty());
    assert_eq!(ca_certs::read(&body.octets).expect("read"), chain);
    let pem: String = chain.iter().map(Certificate::to_pem).collect();
    assert_eq!(ca_certs::read(pem.as_bytes()).expect("PEM"), chain);
    assert!(ca_certs::read(b"<html>").is_err() && ca_certs::read(b"").is_err());
}

/// Whoever reads them checks each against each, so their number must be bounded in every form.
#[test]
fn s04_of_more_certificates_than_a_service_has_none_is_read() {
    let ca = certificates(&["corpus-b-ca"]).remove(0);
    let most = ca_certs::MOST_CERTIFICATES;
    let pem = |count: usize| ca.to_pem().repeat(count).into_bytes();
    let bag = |count: usize| pki::cms::degenerate(&vec![ca.clone(); count], None);
    let bags_in_pem = |count: usize| pki::pem::encode("PKCS7", &bag(most / 2)).repeat(count).into_bytes();
    for fits in [pem(most), bag(most), bags_in_pem(2)] {
        assert_eq!(ca_certs::read(&fits).expect("read").len(), most);
    }
    for more in [pem(most + 1), bag(most + 1), bags_in_pem(3), pem(4000)] {
        assert_eq!(ca_certs::read(&more), Err(CaCertsFlaw::TooMany));
    }
    assert_eq!(CaCertsFlaw::TooMany.to_string(), "it holds more than 64 certificates");
    let service = service();
    let current = SigningKey { certificate: &service.ca, key: &service.ca_key };
    let announced =
        |count: usize| ca_certs::next_body(&vec![ca.clone(); count], &current, now()).expect("signed").octets;
    let read = |count: usize| ca_certs::read_next(&announced(count), std::slice::from_ref(&service.ca));
    assert_eq!(read(most).map(|all| all.len()), Ok(most));
    assert_eq!(read(most + 1), Err(CaCertsFlaw::TooMany));
}

#[test]
fn s05_the_whole_chain_is_sent_in_order() {
    let chain = certificates(&["corpus-b-ra", "corpus-s-int", "corpus-s-root"]);
    assert_eq!(ca_certs::read(&ca_certs::body(&chain).octets).expect("read"), chain);
}

#[test]
fn s10_registration_authorities_are_told_apart_by_key_usage() {
    let (ra, ca) = (service().ra.clone(), service().ca.clone());
    for order in [[ra.clone(), ca.clone()], [ca.clone(), ra.clone()]] {
        let chosen = Authorities::choose(&order).expect("chosen");
        assert_eq!((&chosen.encryption, &chosen.signing, &chosen.issuer), (&ra, &ra, &ca));
    }
    let alone = Authorities::choose(std::slice::from_ref(&ca)).expect("chosen");
    assert_eq!((&alone.encryption, &alone.signing, &alone.issuer), (&ca, &ca, &ca));
    let tiers = certificates(&["corpus-s-root", "corpus-s-int"]);
    assert_eq!(Authorities::choose(&tiers).expect("chosen").issuer, tiers[1]);
    assert_eq!(Authorities::choose(&[]), None);
    // Signing and encryption certificates of NDES: each is taken for what its key usage says.
    let ndes = String::from_utf8(crate::support::ndes("ndes-ra-signing.pem")).expect("text");
    let signing = Certificate::parse_any(ndes.as_bytes()).remove(0);
    assert!(signing.extension(&oid::KEY_USAGE).is_some());
    let chosen = Authorities::choose(&[signing.clone(), ra.clone(), ca]).expect("chosen");
    assert_eq!((chosen.signing, chosen.encryption), (signing, ra));
    assert!(!subject().is_empty());
}
