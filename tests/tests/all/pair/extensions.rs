//! What only the service may write into a certificate.

use pki::der::{tag, write};
use pki::extension::{Extension, GeneralName};
use pki::{Certificate, oid};
use scep::client::Ask;
use server::operator::ChallengeFor;

use crate::parties::{Device, Pair, STATIC, certificate};

const SID: &str = "S-1-5-21-1004336348-1177238915-682003330-1104";
const FORGED: &str = "S-1-5-21-1004336348-1177238915-682003330-500";

fn uris(certificate: &Certificate) -> Vec<String> {
    let uri = |name| match name {
        GeneralName::Uri(uri) => Some(uri),
        _ => None,
    };
    certificate.subject_alt_names().into_iter().filter_map(uri).collect()
}

fn contains(extension: &Extension, text: &str) -> bool {
    extension.value.windows(text.len()).any(|w| w == text.as_bytes())
}

#[tokio::test]
async fn the_sid_comes_from_the_challenge_in_both_forms_and_stays_at_renewal() {
    let pair = Pair::new().await;
    let wanted = ChallengeFor { sid: Some(SID.to_owned()), ..ChallengeFor::default() };
    let challenge = pair.challenge_for("windows", &wanted).await;
    let device = Device::rsa(0);
    let old = device.holding(&certificate(pair.enrol("windows", &device, Some(&challenge)).await));
    let new = old.successor(1);
    let renewed = certificate(pair.ask("windows", &Ask::Renew(&new.request(None)), "t-2", &old).await);
    // A client that repeats the names of its certificate repeats the URI too.
    let third = old.successor(2);
    let request = third.request_for(&old.certificate.subject_alt_names(), None);
    let repeated = certificate(pair.ask("windows", &Ask::Renew(&request), "t-3", &old).await);
    for certificate in [&old.certificate, &renewed, &repeated] {
        assert!(contains(certificate.extension(&oid::MS_SID).expect("the security extension"), SID));
        assert_eq!(uris(certificate), [format!("tag:microsoft.com,2022-09-14:sid:{SID}")]);
    }
}

/// Neither the extension nor the URI is ever taken from a request (CVE-2022-26923's kind of attack).
#[tokio::test]
async fn a_sid_in_the_request_does_not_reach_the_certificate() {
    let pair = Pair::new().await;
    let value = write::octets(FORGED.as_bytes());
    let name = write::constructed(
        tag::context_constructed(0),
        &[&write::oid(&oid::MS_SID_VALUE), &write::explicit(0, &value)],
    );
    let uri = GeneralName::Uri(format!("tag:microsoft.com,2022-09-14:sid:{FORGED}"));
    let extension = Extension::plain(oid::MS_SID, write::sequence(&[&name]));
    let names = |uri| Extension::plain(oid::SUBJECT_ALT_NAME, GeneralName::all_to_der(&[uri]));
    for (number, extensions) in [
        vec![extension.clone()],
        vec![names(uri.clone())],
        vec![extension, names(uri)],
        vec![names(GeneralName::Uri(format!("TAG:microsoft.com,2022-09-14:SID:{FORGED}")))],
    ]
    .into_iter()
    .enumerate()
    {
        for (endpoint, sid) in [("default", None), ("windows", Some(SID.to_owned())), ("windows", None)] {
            let wanted = ChallengeFor { sid, ..ChallengeFor::default() };
            let challenge = pair.challenge_for(endpoint, &wanted).await;
            let device = Device::rsa(number);
            let transaction = format!("{endpoint}-{number}-{}", wanted.sid.is_some());
            let request = device.request_with(&extensions, Some(&challenge));
            let answer = pair.ask(endpoint, &Ask::Enrol(&request), &transaction, &device).await;
            let scep::client::Answer::Success { certificates, .. } = answer else { continue };
            let der = certificates[0].der();
            assert!(!der.windows(FORGED.len()).any(|w| w == FORGED.as_bytes()), "{endpoint} {number}");
        }
    }
}

#[tokio::test]
async fn the_template_extension_is_the_profiles() {
    let pair = Pair::new().await;
    let device = pair.enrolled("windows", &Device::rsa(0)).await;
    let template = device.certificate.extension(&oid::MS_TEMPLATE).expect("the template extension");
    let id: pki::Oid = "1.3.6.1.4.1.311.21.8.1.2.3".parse().expect("an identifier");
    assert_eq!(template.value, write::sequence(&[&write::oid(&id), &write::integer(100), &write::integer(4)]));
    assert!(device.certificate.extension(&oid::MS_SID).is_none(), "no SID is known of it");

    let wanted = ChallengeFor { sid: Some(SID.to_owned()), ..ChallengeFor::default() };
    let challenge = pair.challenge_for("first-version", &wanted).await;
    let issued = certificate(pair.enrol("first-version", &Device::rsa(1), Some(&challenge)).await);
    let name = issued.extension(&oid::MS_TEMPLATE_NAME).expect("the template's name");
    assert_eq!(name.value.len(), 50);
    assert!(issued.extension(&oid::MS_SID).is_none());
    assert_eq!(uris(&issued), [format!("tag:microsoft.com,2022-09-14:sid:{SID}")]);
}

/// A request asks for a template as Windows does; the profile decides.
#[tokio::test]
async fn a_template_in_the_request_does_not_count() {
    let pair = Pair::new().await;
    let units: Vec<u8> = "DomainController".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let extension = Extension::plain(oid::MS_TEMPLATE_NAME, write::tlv(tag::BMP_STRING, &units));
    let device = Device::rsa(0);
    let request = device.request_with(&[extension], Some(STATIC));
    let issued = certificate(pair.ask("default", &Ask::Enrol(&request), "t-1", &device).await);
    assert!(issued.extension(&oid::MS_TEMPLATE_NAME).is_none());
    assert!(issued.extension(&oid::MS_TEMPLATE).is_none());
}
