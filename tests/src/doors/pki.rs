//! The readers of `pki`. Where another parser takes the same octets, both must have read the same.

use std::hint::black_box;

use pki::cms::{EnvelopedData, SignedData};
use pki::crl::{CrlContent, Reason, Revoked};
use pki::der::{Limits, Reader, tag, write};
use pki::extension::{
    AccessDescription, AuthorityKeyId, BasicConstraints, DistributionPoint, Extension, GeneralName, KeyUsage,
    extended_key_usage,
};
use pki::key::{KeyKind, PublicKey};
use pki::{Certificate, Crl, Name, Request, Time, oid};
use x509_parser::prelude::{FromDer, X509Certificate, X509CertificationRequest};
use x509_parser::revocation_list::CertificateRevocationList;

use super::fixtures;

/// BER to definite lengths: once is enough, and nothing swells.
pub fn normalise(data: &[u8]) {
    let Ok(once) = pki::der::normalise(data, Limits::default()) else { return };
    assert!(once.len() <= data.len() * 2, "{} octets became {}", data.len(), once.len());
    let twice = pki::der::normalise(&once, Limits::default());
    assert_eq!(twice.as_deref(), Ok(&*once), "twice is not once");
    let mut reader = Reader::new(&once);
    assert!(reader.any().is_ok() && reader.is_empty(), "what was made definite cannot be read");
}

pub(super) fn normalise_seeds() -> Vec<Vec<u8>> {
    let mut seeds = cms_seeds();
    seeds.push(vec![0x30, 0x80, 0x24, 0x80, 0x04, 0x02, 1, 2, 0x24, 0x03, 0x04, 0x01, 3, 0, 0, 0x02, 0x01, 9, 0, 0]);
    seeds
}

/// A certificate, alone, in PEM, and with all it is asked for later.
pub fn certificate(data: &[u8]) {
    black_box(Certificate::parse_any(data));
    let Ok(ours) = Certificate::parse(data) else { return };
    assert_eq!(ours.der(), data);
    assert_eq!(Certificate::parse_any(ours.to_pem().as_bytes()), std::slice::from_ref(&ours));
    names(&[ours.subject(), ours.issuer()]);
    extensions(ours.extensions());
    black_box((ours.key_usage(), ours.basic_constraints(), ours.is_ca(), ours.extended_key_usage()));
    black_box((ours.subject_alt_names(), ours.subject_key_id(), ours.thumbprint(), ours.serial_hex()));
    public_key(ours.public_key());
    if verifiable(ours.public_key()) {
        black_box(ours.verify_signature(ours.public_key()).is_ok());
    }
    if let Ok((rest, theirs)) = X509Certificate::from_der(data)
        && rest.is_empty()
    {
        assert_eq!(ours.tbs(), theirs.tbs_certificate.as_ref(), "TBSCertificate");
        assert_eq!(ours.serial(), theirs.raw_serial(), "serialNumber");
        assert_eq!(ours.subject().der(), theirs.subject.as_raw(), "subject");
        assert_eq!(ours.issuer().der(), theirs.issuer.as_raw(), "issuer");
        assert_eq!(ours.public_key().spki_der(), theirs.public_key().raw, "subjectPublicKeyInfo");
        assert_eq!(ours.validity().not_after.seconds(), theirs.validity.not_after.timestamp(), "notAfter");
        assert_eq!(ours.extensions().len(), theirs.extensions().len(), "extensions");
    }
}

pub(super) fn certificate_seeds() -> Vec<Vec<u8>> {
    let mut seeds = fixtures::all("corpus/keys", ".pem");
    let der: Vec<Vec<u8>> =
        seeds.iter().flat_map(|pem| Certificate::parse_any(pem)).map(|c| c.der().to_vec()).collect();
    seeds.extend(der);
    seeds.extend(in_messages().into_iter().map(|c| c.der().to_vec()));
    seeds
}

/// The certificates that messages of the corpus carry.
fn in_messages() -> Vec<Certificate> {
    let mut found: Vec<Certificate> = Vec::new();
    for message in cms_seeds() {
        let Ok(plain) = pki::der::normalise(&message, Limits::default()) else { continue };
        let Ok(signed) = SignedData::parse(&plain) else { continue };
        for certificate in signed.read_certificates() {
            if !found.contains(&certificate) {
                found.push(certificate);
            }
        }
    }
    found
}

/// A revocation list.
pub fn crl(data: &[u8]) {
    let Ok(ours) = Crl::parse(data) else { return };
    assert_eq!(ours.der(), data);
    names(&[ours.issuer()]);
    extensions(ours.extensions());
    black_box((ours.number(), ours.next_update()));
    for revoked in ours.revoked() {
        black_box(revoked.reason());
        extensions(&revoked.extensions);
    }
    let Ok((rest, theirs)) = CertificateRevocationList::from_der(data) else { return };
    if rest.is_empty() {
        assert_eq!(ours.issuer().der(), theirs.issuer().as_raw(), "issuer");
        assert_eq!(ours.this_update().seconds(), theirs.last_update().timestamp(), "thisUpdate");
        let serials: Vec<&[u8]> = ours.revoked().iter().map(|r| r.serial.as_slice()).collect();
        let their_serials: Vec<&[u8]> = theirs.iter_revoked_certificates().map(|r| r.raw_serial()).collect();
        assert_eq!(serials, their_serials, "serial numbers");
    }
}

pub(super) fn crl_seeds() -> Vec<Vec<u8>> {
    let (certificate, key) = fixtures::ca();
    let at = Time(1_795_000_000);
    let entry = |serial: &[u8], reason: Option<Reason>| Revoked {
        serial: serial.to_vec(),
        at,
        extensions: reason
            .map(|r| Extension::plain(oid::CRL_REASON, write::tlv(tag::ENUMERATED, &[r as u8])))
            .into_iter()
            .collect(),
    };
    let number = [Extension::plain(oid::CRL_NUMBER, write::integer(7))];
    let lists = [
        vec![],
        vec![entry(&[1], None)],
        vec![entry(&[2, 3], Some(Reason::KeyCompromise)), entry(&[0, 0xff], Some(Reason::Superseded))],
    ];
    lists
        .iter()
        .filter_map(|revoked| {
            let issuer = certificate.subject();
            let next_update = at.plus(86_400);
            let content = CrlContent { issuer, this_update: at, next_update, revoked, extensions: &number };
            Some(Crl::build(&content, key).ok()?.der().to_vec())
        })
        .collect()
}

/// A certification request.
pub fn request(data: &[u8]) {
    let Ok(ours) = Request::parse(data) else { return };
    assert_eq!(ours.der(), data);
    names(&[ours.subject()]);
    black_box((ours.challenge(), ours.subject_alt_names(), ours.key_usage(), ours.extended_key_usage()));
    black_box(ours.signature_algorithm().is_ok());
    if let Ok(list) = ours.extensions() {
        extensions(&list);
    }
    public_key(ours.public_key());
    if verifiable(ours.public_key()) {
        black_box(ours.verify().is_ok());
    }
    if let Ok((rest, theirs)) = X509CertificationRequest::from_der(data)
        && rest.is_empty()
    {
        let info = &theirs.certification_request_info;
        assert_eq!(ours.subject().der(), info.subject.as_raw(), "subject");
        assert_eq!(ours.public_key().spki_der(), info.subject_pki.raw, "subjectPKInfo");
    }
}

pub(super) fn request_seeds() -> Vec<Vec<u8>> {
    super::scep::requests()
}

/// A CMS message, signed or enveloped.
pub fn cms(data: &[u8]) {
    let Ok(plain) = pki::der::normalise(data, Limits::default()) else { return };
    if let Ok(signed) = SignedData::parse(&plain) {
        for certificate in signed.read_certificates() {
            black_box(signed.signers.iter().filter(|info| info.id.names(&certificate)).count());
        }
        black_box(signed.crls.iter().filter(|der| Crl::parse(der).is_ok()).count());
        for info in &signed.signers {
            black_box(info.named_among(&signed.certificates));
            if let Some(key) = signed.read_certificates().first().map(Certificate::public_key)
                && verifiable(key)
            {
                black_box(info.verify(signed.content.unwrap_or_default(), key).is_ok());
            }
        }
        agree(&plain, &signed);
        if let Some(content) = signed.content {
            envelope(content);
        }
    }
    envelope(&plain);
}

fn envelope(data: &[u8]) {
    let Ok(plain) = pki::der::normalise(data, Limits::default()) else { return };
    if let Ok(enveloped) = EnvelopedData::parse(&plain) {
        black_box(pki::cipher::Cipher::from_oid(&enveloped.cipher));
        assert!(enveloped.recipients.len() <= 64);
    }
}

/// What the crate `cms` also reads, it must have read alike.
fn agree(plain: &[u8], ours: &SignedData<'_>) {
    use cms::content_info::ContentInfo;
    use der::{Decode, Encode};
    let Ok(theirs) = ContentInfo::from_der(plain) else { return };
    let Ok(theirs) = theirs.content.decode_as::<cms::signed_data::SignedData>() else { return };
    assert_eq!(ours.signers.len(), theirs.signer_infos.0.len(), "signerInfos");
    let content = theirs.encap_content_info.econtent.as_ref().map(der::Any::value);
    assert_eq!(ours.content, content, "eContent");
    for info in theirs.signer_infos.0.iter() {
        let signature = info.signature.as_bytes();
        assert!(ours.signers.iter().any(|own| own.signature == signature), "signature");
    }
    let count = theirs.certificates.as_ref().map_or(0, |set| {
        set.0.iter().filter(|choice| choice.to_der().is_ok_and(|der| der.first() == Some(&0x30))).count()
    });
    assert_eq!(ours.certificates.len(), count, "certificates");
}

pub(super) fn cms_seeds() -> Vec<Vec<u8>> {
    let mut seeds = fixtures::all("corpus", ".der");
    seeds.extend(fixtures::all("ndes-scep", ".der"));
    seeds.extend(super::scep::envelopes());
    seeds
}

/// A distinguished name, as text and as DER.
pub fn name(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(name) = Name::parse(text)
    {
        let shown = name.to_string();
        let again = Name::parse(&shown);
        assert_eq!(again.as_ref().map(Name::der), Ok(name.der()), "{text:?} was shown as {shown:?}");
    }
    if let Ok(name) = Name::read(&mut Reader::new(data)) {
        names(&[&name]);
    }
}

pub(super) fn name_seeds() -> Vec<Vec<u8>> {
    let text =
        ["CN=dev-1, O=Example, C=CH", "CN=a\\, b\\+c, DC=example, DC=test", "1.2.3=x", "CN=\\ x\\ ", "E=ö@x,C=Ö"];
    let text = text.iter().map(|t| t.as_bytes().to_vec());
    let der = in_messages().into_iter().flat_map(|c| [c.subject().der().to_vec(), c.issuer().der().to_vec()]);
    text.chain(der).collect()
}

fn names(names: &[&Name]) {
    for name in names {
        assert!(name.matches(name) && name.within(name) && name.within(&Name::empty()));
        let shown = name.to_string();
        assert!(!shown.contains('\0'), "{shown:?}");
        black_box((name.common_name(), Name::parse(&shown).is_ok(), name.canonical()));
    }
}

/// Every extension is read as everything it could be.
fn extensions(list: &[Extension]) {
    for extension in list {
        let value = extension.value.as_slice();
        black_box((KeyUsage::parse(value).is_ok(), BasicConstraints::parse(value).is_ok()));
        black_box((extended_key_usage(value).is_ok(), AuthorityKeyId::parse(value).is_ok()));
        black_box((DistributionPoint::parse_all(value).is_ok(), AccessDescription::parse_all(value).is_ok()));
        if let Ok(names) = GeneralName::parse_all(value) {
            for name in names {
                black_box((name.to_string(), name.upn(), name.to_der()));
            }
        }
    }
}

fn public_key(key: &PublicKey) {
    black_box((key.hash(), key.key_id(), key.can_encrypt()));
    let again = PublicKey::from_spki(key.spki_der());
    assert_eq!(again.as_ref(), Ok(key));
}

/// A verification's cost grows with the modulus; the house looks at its size first, and so does a door.
fn verifiable(key: &PublicKey) -> bool {
    !matches!(key.kind(), KeyKind::Rsa(bits) if *bits > 4096)
}
