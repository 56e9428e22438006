//! What real clients do that a server has to survive: a line for each, over real HTTP. The clients that run here have
//! tests of their own; what Windows, Apple's, Cisco's and other devices send is put together here. Known troubles
//! without a line here: Palo Alto's "CA retrieval failed", whose cause nobody has told; devices that renew too late or
//! never, which no server can change; OCSP, which this service does not speak.

use pki::Certificate;
use pki::cipher::Cipher;
use pki::der::{tag, write};
use pki::digest::Digest;
use pki::extension::{Extension, KeyUsage};
use pki::key::{KeyTransport, Sign};
use pki::{Validity, oid};
use scep::client::{Algorithms, Answer, Ask, Outgoing};
use server::world;

use super::client::{Client, MODERN, SECRET, attributes, base64, envelope, indefinite, refusal};
use super::openssl;
use crate::harness::http::{self, with_header};
use crate::harness::program::need;
use crate::harness::{Legacy, Options, Service};
use crate::parties::{Craft, Device, attribute};

type Row = (&'static str, fn(&Client<'_>));

const ROWS: &[Row] = &[
    ("macOS: GET with only the padding escaped, raw + and /", macos_escapes_only_padding),
    ("iOS 11: + arrives as a blank", ios_turns_plus_into_a_blank),
    ("iOS, older: nonces of 8 octets, returned as they are", ios_short_nonces),
    ("macOS: wants Renewal listed and renews with a PKCSReq", renewal_by_pkcsreq),
    ("macOS: key usages of CA and RA must fit", key_usages_fit),
    ("macOS 10.11: an envelope with nothing in it", empty_encrypted_content),
    ("Apple: a refusal is a CertRep, not an HTTP error", refusals_are_replies),
    ("Windows: User-Agent, /pkiclient.exe and message=default", windows_addresses),
    ("Windows: the profile's thumbprint is the issuing CA's, with its whole chain", windows_thumbprint),
    ("Windows: an RSA certificate with keyEncipherment is in GetCACert", something_to_encrypt_to),
    ("Windows: every signed attribute is there", every_attribute),
    ("Windows: self-signed with a critical authority key identifier", critical_authority_key_id),
    ("Windows Autopilot: clocks up to nine hours behind", backdated),
    ("Cisco IOS: HTTP/1.0 without Host, GET broken into lines by %0A", cisco_get),
    ("Cisco IOS: single DES, answered in what it can read", single_des),
    ("Cisco IOS and jscep: triple DES, answered in triple DES", triple_des),
    ("Cisco IOS and jscep: MD5 is refused, and said so", md5),
    ("Cisco VPN: wants the CA's certificate in the reply; Juniper: must not get it", ca_certificate_in_the_reply),
    ("Cisco switch: asks twice", asks_twice),
    ("VMware Workspace ONE: RSA-OAEP, answered in RSA-OAEP", oaep),
    ("BouncyCastle on Android: indefinite lengths", bouncy_castle_ber),
    ("jscep: a senderNonce may be missing from others' messages, not from requests", missing_nonce),
    ("jscep: + and / unescaped, lines of 76 characters", jscep_get),
    ("micromdm: GET in the URL-safe alphabet", url_safe_alphabet),
    ("sscep: media types to the letter", exact_media_types),
    ("CertNanny: encrypts to the first certificate of GetCACert", encrypts_to_the_first),
    ("strongSwan: reads DER only, and no digest in the signature algorithm", der_and_rsa_encryption),
    ("strongSwan: the same transactionID for ever", same_transaction_id),
    ("strongSwan: attributes of a request not in DER's order", unsorted_request_attributes),
    ("certmonger: always GET, transactionID of 77 digits", decimal_transaction_id),
    ("printers, phones, Zebra: static challenge, triple DES, nothing asked beforehand", printers),
    ("two recipients: CA and RA", two_recipients),
    ("proxies: escapes escaped again", escaped_twice),
    ("list over HTTP/1.0 without Host", list_by_old_http),
];

#[test]
fn every_quirk_is_survived() {
    need!("openssl");
    let service = Service::start(Options {
        static_challenge: Some(SECRET),
        legacy: Legacy::Accept,
        edit: Some(|config| {
            config.replace("[endpoint.default]\n", "[endpoint.default]\nrenewal = { window = \"400d\" }\n")
        }),
        ..Options::default()
    });
    let client = Client::of(&service);
    for (name, row) in ROWS {
        println!("{name}");
        row(&client);
    }
}

/// Sends an enrolment by GET, with the base64 as `write` makes it and the request line as `line` makes it.
fn by_get(client: &Client<'_>, number: usize, write: fn(&str) -> String, line: fn(&str) -> Vec<u8>) {
    let device = Device::rsa(number);
    let sent = client.enrolment(&device);
    let text = base64(&sent.der);
    assert!(text.contains('+') && text.contains('/'), "a message of this length has both");
    let response = client.service.send(&line(&client.query(&write(&text))));
    client.issued(&response, &sent, &device);
}

fn macos_escapes_only_padding(client: &Client<'_>) {
    by_get(client, 0, |text| text.replace('=', "%3D"), http::get);
}

fn ios_turns_plus_into_a_blank(client: &Client<'_>) {
    by_get(client, 0, |text| text.replace('+', "%20").replace('/', "%2F").replace('=', "%3D"), http::get);
}

fn jscep_get(client: &Client<'_>) {
    by_get(client, 0, |text| lines(text, 76, "%0D%0A"), http::get);
}

fn cisco_get(client: &Client<'_>) {
    let capabilities =
        client.service.send(&http::old_get("/cgi-bin/pkiclient.exe?operation=GetCACaps&message=trustpoint"));
    assert_eq!(capabilities.status, 200);
    by_get(client, 0, |text| lines(&text.replace('+', "%2B"), 64, "%0A"), http::old_get);
}

fn url_safe_alphabet(client: &Client<'_>) {
    by_get(client, 0, |text| text.replace('+', "-").replace('/', "_"), http::get);
}

fn escaped_twice(client: &Client<'_>) {
    by_get(client, 0, |text| text.replace('+', "%252B").replace('/', "%252F").replace('=', "%253D"), http::get);
}

/// Breaks text into lines; an escape stays in one piece.
fn lines(text: &str, width: usize, end: &str) -> String {
    let mut out = String::new();
    for (count, piece) in text.split_inclusive(|_| true).enumerate() {
        out.push_str(piece);
        if count % width == width - 1 && !out.ends_with('%') && !out[..out.len() - 1].ends_with('%') {
            out.push_str(end);
        }
    }
    out + end
}

fn ios_short_nonces(client: &Client<'_>) {
    let device = Device::rsa(0);
    let request = device.request(Some(SECRET));
    let nonce = vec![9; 8];
    let der = Craft::enrolment(&device, &device.transaction(), client.sealed(request.der()))
        .with(&oid::SCEP_SENDER_NONCE, &write::octets(&nonce))
        .sign(&device.key);
    let sent = Outgoing { der, transaction_id: device.transaction(), nonce };
    client.issued(&client.post(&sent.der), &sent, &device);
}

/// Renews with a PKCSReq signed by the certificate that is held, without a challenge.
fn renewal_by_pkcsreq(client: &Client<'_>) {
    assert!(client.service.get("/scep?operation=GetCACaps").text().lines().any(|line| line == "Renewal"));
    let device = Device::rsa(1);
    let held = device.holding(&client.enrol(&device));
    let next = device.successor(2);
    let sent = client.message(&Ask::Enrol(&next.request(None)), &next.transaction(), &held, &MODERN);
    let renewed = client.issued(&client.post(&sent.der), &sent, &held);
    assert_eq!(renewed.public_key(), next.key.public_key());
    assert_eq!(renewed.subject(), held.certificate.subject());
}

fn key_usages_fit(client: &Client<'_>) {
    let usage = |certificate: &Certificate| certificate.key_usage().expect("a key usage");
    let authorities = &client.authorities;
    assert!(usage(&authorities.signing).allows(KeyUsage::DIGITAL_SIGNATURE));
    assert!(usage(&authorities.encryption).allows(KeyUsage::KEY_ENCIPHERMENT));
    for ca in authorities.all.iter().filter(|c| c.is_ca()) {
        assert!(usage(ca).allows(KeyUsage::KEY_CERT_SIGN) && usage(ca).allows(KeyUsage::CRL_SIGN));
    }
}

fn empty_encrypted_content(client: &Client<'_>) {
    let device = Device::rsa(0);
    let to = &client.authorities.encryption;
    let key = to.public_key().encrypt(KeyTransport::Pkcs1, &[7; 16]).expect("encrypted");
    let issuer = write::sequence(&[to.issuer().der(), &write::tlv(tag::INTEGER, to.serial())]);
    let recipient =
        write::sequence(&[&write::integer(0), &issuer, &KeyTransport::Pkcs1.to_der(), &write::octets(&key)]);
    let content =
        write::sequence(&[&write::oid(&oid::CMS_DATA), &Cipher::Aes128.to_der(&[0; 16]), &write::tlv(0x80, b"")]);
    let data = write::sequence(&[&write::integer(0), &write::constructed(tag::SET, &[&recipient]), &content]);
    let envelope = write::sequence(&[&write::oid(&oid::CMS_ENVELOPED_DATA), &write::explicit(0, &data)]);
    let response = client.post(&Craft::enrolment(&device, "empty", envelope).sign(&device.key));
    assert_eq!(response.status, 200);
    assert!(refusal(&response.body).starts_with("envelope."), "{}", refusal(&response.body));
}

fn refusals_are_replies(client: &Client<'_>) {
    let device = Device::rsa(3);
    let sent = client.message(&Ask::Enrol(&device.request(Some("wrong"))), "wrong-1", &device, &MODERN);
    let answer = client.read(&client.post(&sent.der), &sent, &device);
    assert!(matches!(answer, Answer::Failure { fail_info: Some(scep::FailInfo::BadRequest), .. }), "{answer:?}");
}

fn windows_addresses(client: &Client<'_>) {
    let agent = "User-Agent: Mozilla/4.0 (compatible; Win32; NDES client 10.0.19041.1/19041)";
    let path = "/certsrv/mscep/mscep.dll/pkiclient.exe";
    for operation in ["GetCACaps", "GetCACert"] {
        let request = http::get(&format!("{path}?operation={operation}&message=default"));
        assert_eq!(client.service.send(&with_header(&request, agent)).status, 200, "{operation}");
    }
    let device = Device::rsa(0);
    let sent = client.enrolment(&device);
    let request = http::post(&format!("{path}?operation=PKIOperation"), "application/x-pki-message", &sent.der);
    client.issued(&client.service.send(&with_header(&request, agent)), &sent, &device);
}

fn windows_thumbprint(client: &Client<'_>) {
    let shown = client.service.operator(&["ca", "show"]);
    let thumbprint = client.authorities.issuer.thumbprint();
    let rows = shown.as_array().expect("authorities");
    let issuing = rows.iter().find(|row| row["sha1"].as_str() == Some(thumbprint.as_str()));
    assert!(issuing.is_some(), "{thumbprint} is not in {shown}");
    let issuer = client.authorities.issuer.issuer();
    let root = client.authorities.all.iter().find(|c| c.is_self_signed()).expect("the root");
    assert!(issuer.matches(root.subject()));
    client.authorities.issuer.verify_signature(root.public_key()).expect("the root's signature");
}

fn something_to_encrypt_to(client: &Client<'_>) {
    assert!(client.authorities.encryption.public_key().can_encrypt());
    assert!(client.authorities.encryption.key_usage().is_some_and(|u| u.allows(KeyUsage::KEY_ENCIPHERMENT)));
}

fn every_attribute(client: &Client<'_>) {
    let device = Device::rsa(0);
    let sent = client.enrolment(&device);
    let reply = client.post(&sent.der).body;
    attributes(&reply, |attributes| {
        for id in [
            oid::SCEP_MESSAGE_TYPE,
            oid::SCEP_PKI_STATUS,
            oid::SCEP_TRANSACTION_ID,
            oid::SCEP_SENDER_NONCE,
            oid::SCEP_RECIPIENT_NONCE,
            oid::ATTR_CONTENT_TYPE,
            oid::ATTR_MESSAGE_DIGEST,
            oid::ATTR_SIGNING_TIME,
        ] {
            assert!(attributes.single(&id).is_some(), "{id}");
        }
        assert_eq!(attributes.single(&oid::SCEP_SENDER_NONCE).expect("a nonce").value.len(), 16);
    });
}

/// Windows signs its first request with a certificate whose authority key identifier is critical, which RFC 5280
/// §4.2.1.1 forbids.
fn critical_authority_key_id(client: &Client<'_>) {
    let plain = Device::rsa(4);
    let algorithm = plain.key.preferred();
    let key_id = write::sequence(&[&write::tlv(0x80, &plain.key.public_key().key_id())]);
    let validity = Validity { not_before: world::now().plus(-3600), not_after: world::now().plus(86_400) };
    let extensions = Extension::all_to_der(&[Extension::critical(oid::AUTHORITY_KEY_ID, key_id)]);
    let tbs = write::sequence(&[
        &write::explicit(0, &write::integer(2)),
        &write::unsigned(&[0x6b; 16]),
        &algorithm.to_der(),
        plain.subject.der(),
        &validity.to_der(),
        plain.subject.der(),
        plain.key.public_key().spki_der(),
        &write::explicit(3, &extensions),
    ]);
    let signature = plain.key.sign(algorithm, &tbs).expect("a signature");
    let certificate = Certificate::assemble(&tbs, &algorithm.to_der(), &signature).expect("a certificate");
    client.enrol(&plain.holding(&certificate));
}

fn backdated(client: &Client<'_>) {
    let validity = client.enrol(&Device::rsa(4)).validity();
    assert!(validity.not_before <= world::now().plus(-9 * 3600), "{}", validity.not_before);
}

fn single_des(client: &Client<'_>) {
    let device = Device::rsa(5);
    let old = Algorithms { cipher: Cipher::Des, ..MODERN };
    let sent = client.enrolment_by(&device, &old);
    let response = client.post(&sent.der);
    client.issued(&response, &sent, &device);
    assert_eq!(envelope(&response.body), (Cipher::TripleDes, KeyTransport::Pkcs1));
}

fn triple_des(client: &Client<'_>) {
    let device = Device::rsa(5);
    let sent = client.enrolment_by(&device, &Algorithms { cipher: Cipher::TripleDes, ..MODERN });
    let response = client.post(&sent.der);
    client.issued(&response, &sent, &device);
    assert_eq!(envelope(&response.body), (Cipher::TripleDes, KeyTransport::Pkcs1));
}

/// The digest algorithm is named in the SignerInfo; whether the signature would fit is not looked at any more.
fn md5(client: &Client<'_>) {
    let device = Device::rsa(0);
    let message = client.enrolment(&device).der;
    let sha256 = write::oid(&oid::SHA256);
    let md5 = write::algorithm(&oid::MD5, &write::null());
    // The last one belongs to the SignerInfo, whose length grows or shrinks with it: put together anew.
    let changed = replace_digest(&message, &sha256, &md5);
    let response = client.post(&changed);
    assert_eq!(refusal(&response.body), "message.digest");
}

/// Rewrites the SignerInfo of a message with another digestAlgorithm.
fn replace_digest(message: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let mut outer = pki::der::Reader::new(message).sequence("ContentInfo").expect("a message");
    let kind = outer.any().expect("a type").raw;
    let signed = outer.any().expect("content").reader().any().expect("SignedData");
    let mut parts = Vec::new();
    let mut reader = signed.reader();
    while let Ok(part) = reader.any() {
        parts.push(part.raw);
    }
    let infos = parts.pop().expect("SignerInfos");
    let info = pki::der::Reader::new(infos).any().expect("a SET").reader().any().expect("a SignerInfo");
    let mut fields = Vec::new();
    let mut reader = info.reader();
    while let Ok(field) = reader.any() {
        fields.push(if field.raw.windows(old.len()).any(|w| w == old) && fields.len() == 2 { new } else { field.raw });
    }
    let infos = write::constructed(tag::SET, &[&write::sequence(&fields)]);
    parts.push(&infos);
    write::sequence(&[kind, &write::explicit(0, &write::sequence(&parts))])
}

fn ca_certificate_in_the_reply(client: &Client<'_>) {
    let off = |config: String| {
        config.replace("[endpoint.default]\n", "[endpoint.default]\nreply = { ca_certificate = \"off\" }\n")
    };
    let without = Service::start(Options { static_challenge: Some(SECRET), edit: Some(off), ..Options::default() });
    for (client, wanted) in [(client, 2), (&Client::of(&without), 1)] {
        let device = Device::rsa(0);
        let sent = client.enrolment(&device);
        let answer = client.read(&client.post(&sent.der), &sent, &device);
        let Answer::Success { certificates, .. } = answer else { panic!("{answer:?}") };
        assert_eq!(certificates.len(), wanted);
        assert_eq!(certificates[0].public_key(), device.key.public_key(), "the one asked for comes first");
    }
}

fn asks_twice(client: &Client<'_>) {
    let device = Device::rsa(6);
    let first = client.enrol(&device);
    assert_eq!(client.enrol(&device), first);
}

fn oaep(client: &Client<'_>) {
    let device = Device::rsa(7);
    for digest in [Digest::Sha1, Digest::Sha256] {
        let transport = KeyTransport::Oaep(digest);
        let sent = client.enrolment_by(&device, &Algorithms { transport, ..MODERN });
        let response = client.post(&sent.der);
        client.issued(&response, &sent, &device);
        assert_eq!(envelope(&response.body), (Cipher::Aes128, transport));
    }
}

fn bouncy_castle_ber(client: &Client<'_>) {
    let device = Device::rsa(8);
    let sent = client.enrolment(&device);
    for depth in 1..5 {
        let ber = indefinite(&sent.der, depth);
        assert_ne!(ber, sent.der);
        client.issued(&client.post(&ber), &sent, &device);
    }
}

fn missing_nonce(client: &Client<'_>) {
    let device = Device::rsa(0);
    let mut craft = Craft::enrolment(&device, "no-nonce", client.sealed(device.request(Some(SECRET)).der()));
    let nonce = attribute(&oid::SCEP_SENDER_NONCE, &write::octets(&[7; 16]));
    craft.attributes.retain(|a| *a != nonce);
    assert_eq!(refusal(&client.post(&craft.sign(&device.key)).body), "message.nonce");
}

fn exact_media_types(client: &Client<'_>) {
    let kind = |path: &str| client.service.get(path).header("content-type").map(str::to_owned);
    assert_eq!(kind("/scep?operation=GetCACert").as_deref(), Some("application/x-x509-ca-ra-cert"));
    assert_eq!(kind("/scep?operation=GetCACaps").as_deref(), Some("text/plain"));
    let device = Device::rsa(0);
    let sent = client.enrolment(&device);
    assert_eq!(client.post(&sent.der).header("content-type"), Some("application/x-pki-message"));
}

/// The first one is the RA's for signatures, as NDES has it: it opens nothing. The refusal is signed and says so
/// (docs/divergences.md).
fn encrypts_to_the_first(client: &Client<'_>) {
    let first = &client.authorities.all[0];
    assert_eq!(first, &client.authorities.signing);
    let device = Device::rsa(0);
    let request = device.request(Some(SECRET));
    let sent = scep::client::message(
        &Ask::Enrol(&request),
        "first-1",
        &device.identity(),
        first,
        &MODERN,
        world::now(),
        &mut world::random,
    );
    assert_eq!(refusal(&client.post(&sent.expect("a message").der).body), "envelope.recipient");
}

fn der_and_rsa_encryption(client: &Client<'_>) {
    let device = Device::rsa(0);
    let reply = client.post(&client.enrolment(&device).der).body;
    let signed = pki::cms::SignedData::parse(&reply).expect("DER");
    assert_eq!(pki::der::normalise(&reply, pki::der::Limits::default()).expect("BER"), reply, "already DER");
    let algorithm = write::algorithm(&oid::RSA_ENCRYPTION, &write::null());
    assert!(reply.windows(algorithm.len()).any(|w| w == algorithm));
    assert_eq!(signed.content_type, oid::CMS_DATA);
}

fn same_transaction_id(client: &Client<'_>) {
    let device = Device::rsa(9);
    let first = client.enrol(&device);
    let held = device.holding(&first);
    // The certificate is due (this service's window is wider than its life): the same id, key and names again.
    let ask = Ask::Renew(&device.request(None));
    let sent = client.message(&ask, &device.transaction(), &held, &MODERN);
    let renewed = client.issued(&client.post(&sent.der), &sent, &held);
    assert_ne!(renewed.serial(), first.serial());
    // Another key under the same id is refused.
    let other = Device::rsa(10);
    let ask = Ask::Enrol(&other.request(Some(SECRET)));
    let sent = client.message(&ask, &device.transaction(), &other, &MODERN);
    let answer = client.read(&client.post(&sent.der), &sent, &other);
    assert_eq!(crate::parties::refused(answer), "transaction.key");
}

fn unsorted_request_attributes(client: &Client<'_>) {
    let device = Device::rsa(11);
    let sorted = device.request_for(&[pki::extension::GeneralName::Dns("dev.example.test".to_owned())], Some(SECRET));
    let mut info =
        pki::der::Reader::new(sorted.der()).sequence("request").expect("a request").any().expect("info").reader();
    let mut fields = Vec::new();
    while let Ok(field) = info.any() {
        fields.push(field);
    }
    let attributes = fields.pop().expect("attributes");
    let mut parts = Vec::new();
    let mut reader = attributes.reader();
    while let Ok(part) = reader.any() {
        parts.push(part.raw);
    }
    assert!(parts.len() > 1);
    parts.reverse();
    let attributes = write::constructed(attributes.tag, &parts);
    let info = write::sequence(&[fields[0].raw, fields[1].raw, fields[2].raw, &attributes]);
    let algorithm = device.key.preferred();
    let signature = device.key.sign(algorithm, &info).expect("a signature");
    let request = write::sequence(&[&info, &algorithm.to_der(), &write::bit_octets(&signature)]);
    assert_ne!(request, sorted.der());
    let craft = Craft::enrolment(&device, &device.transaction(), client.sealed(&request));
    let sent = Outgoing { der: craft.sign(&device.key), transaction_id: device.transaction(), nonce: vec![7; 16] };
    client.issued(&client.post(&sent.der), &sent, &device);
}

fn decimal_transaction_id(client: &Client<'_>) {
    let device = Device::rsa(12);
    let digits = "12345678901234567890123456789012345678901234567890123456789012345678901234567";
    assert_eq!(digits.len(), 77);
    let sent = client.message(&Ask::Enrol(&device.request(Some(SECRET))), digits, &device, &MODERN);
    let path = client.query(&base64(&sent.der).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"));
    client.issued(&client.service.get(&path), &sent, &device);
}

fn printers(client: &Client<'_>) {
    let device = Device::rsa(13);
    let sent = client.enrolment_by(&device, &Algorithms { cipher: Cipher::TripleDes, ..MODERN });
    let response = client.service.post("/cgi-bin/pkiclient.exe", "", &sent.der);
    client.issued(&response, &sent, &device);
}

/// micromdm encrypts to the CA and to the RA; the service finds its own among them.
fn two_recipients(client: &Client<'_>) {
    let device = Device::rsa(14);
    let folder = tempfile::tempdir().expect("a folder");
    let keep = |name: &str, octets: &[u8]| std::fs::write(folder.path().join(name), octets).expect("kept");
    keep("request.der", device.request(Some(SECRET)).der());
    keep("ca.pem", client.authorities.issuer.to_pem().as_bytes());
    keep("ra.pem", client.authorities.encryption.to_pem().as_bytes());
    let encrypt = ["cms", "-encrypt", "-binary", "-aes128", "-in", "request.der", "-outform", "DER"];
    openssl(folder.path(), &[&encrypt[..], &["-out", "envelope.der", "ca.pem", "ra.pem"]].concat());
    let envelope = std::fs::read(folder.path().join("envelope.der")).expect("an envelope");
    let craft = Craft::enrolment(&device, &device.transaction(), envelope);
    let sent = Outgoing { der: craft.sign(&device.key), transaction_id: device.transaction(), nonce: vec![7; 16] };
    client.issued(&client.post(&sent.der), &sent, &device);
}

fn list_by_old_http(client: &Client<'_>) {
    for path in ["/ca/issuing.crl", "/ca/root.crl", "/ca/issuing.crt", "/ca/root.crt"] {
        let response = client.service.send(&http::old_get(path));
        assert_eq!(response.status, 200, "{path}");
        assert!(response.body.starts_with(&[0x30, 0x82]), "{path}");
    }
}
