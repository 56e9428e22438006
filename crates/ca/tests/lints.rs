//! Each lint with octets that violate it and nothing else.

mod support;

use ca::authority::{self, Subordinate};
use ca::{Code, Prepared, lint};
use pki::der::{tag, write};
use pki::digest::Digest;
use pki::extension::{AuthorityKeyId, BasicConstraints, Extension, GeneralName, KeyUsage, extended_key_usage_der};
use pki::key::{KeySpec, PublicKey, Sign, SignatureAlgorithm};
use pki::{Name, Oid, Time, Validity, oid};
use support::{NOW, key, name, reasons, serial, tiers, years};

/// A TBSCertificate in its parts, each already encoded.
struct Draft {
    version: Vec<u8>,
    serial: Vec<u8>,
    algorithm: Vec<u8>,
    issuer: Vec<u8>,
    validity: Vec<u8>,
    subject: Vec<u8>,
    key: PublicKey,
    unique_id: Vec<u8>,
    extensions: Vec<Extension>,
}

impl Draft {
    /// One that passes.
    fn sound() -> Draft {
        let issuer = &tiers().issuing;
        let key = key(KeySpec::P256).public_key().clone();
        let authority = AuthorityKeyId::key_id_der(issuer.certificate.subject_key_id().expect("a key identifier"));
        let extensions = vec![
            Extension::plain(oid::AUTHORITY_KEY_ID, authority),
            Extension::plain(oid::SUBJECT_KEY_ID, write::octets(&key.key_id())),
            Extension::critical(oid::KEY_USAGE, KeyUsage::DIGITAL_SIGNATURE.to_der()),
        ];
        Draft {
            version: write::explicit(0, &write::integer(2)),
            serial: write::integer(5),
            algorithm: issuer.key.preferred().to_der(),
            issuer: issuer.certificate.subject().der().to_vec(),
            validity: years(1).to_der(),
            subject: name("CN=dev-1").der().to_vec(),
            key,
            unique_id: Vec::new(),
            extensions,
        }
    }

    fn to_der(&self) -> Vec<u8> {
        write::sequence(&[
            &self.version,
            &self.serial,
            &self.algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            self.key.spki_der(),
            &self.unique_id,
            &write::explicit(3, &Extension::all_to_der(&self.extensions)),
        ])
    }

    fn drop(&mut self, id: &Oid) {
        self.extensions.retain(|e| e.id != *id);
    }

    fn replace(&mut self, extension: Extension) {
        self.drop(&extension.id.clone());
        self.extensions.push(extension);
    }

    fn alternative(&mut self, names: &[GeneralName]) {
        self.replace(Extension::plain(oid::SUBJECT_ALT_NAME, GeneralName::all_to_der(names)));
    }

    fn usage(&mut self, usage: KeyUsage) {
        self.replace(Extension::critical(oid::KEY_USAGE, usage.to_der()));
    }

    fn attribute(&mut self, kind: &Oid, tag: u8, text: &[u8]) {
        let member = write::sequence(&[&write::oid(kind), &write::tlv(tag, text)]);
        self.subject = write::sequence(&[&write::set_of(vec![member])]);
    }

    fn valid(&mut self, not_before: Time, not_after: Time) {
        self.validity = Validity { not_before, not_after }.to_der();
    }
}

fn resumed(tbs: &[u8]) -> Result<Prepared, Vec<Code>> {
    let issuer = &tiers().issuing;
    Prepared::resume(tbs, &issuer.certificate, issuer.key.preferred()).map_err(|flaws| reasons(&flaws))
}

type Violation = (Code, &'static str, fn(&mut Draft));

fn dns(text: &str) -> GeneralName {
    GeneralName::Dns(text.to_owned())
}

const FIELDS: &[Violation] = &[
    (Code::LintSyntax, "version 1", |d| d.version = write::explicit(0, &write::integer(0))),
    (Code::LintSyntax, "version 2", |d| d.version = write::explicit(0, &write::integer(1))),
    (Code::LintSyntax, "no TBSCertificate", |d| d.issuer = write::null()),
    (Code::LintDer, "a unique identifier", |d| d.unique_id = write::tlv(0x81, &[0, 1])),
    (Code::LintDer, "a default written out", |d| {
        d.replace(Extension::plain(oid::MS_TEMPLATE, vec![0x30, 3, 1, 1, 1]));
    }),
    (Code::LintDer, "a set out of order", |d| {
        let rdn = |text: &str| write::sequence(&[&write::oid(&oid::COMMON_NAME), &write::directory_string(text)]);
        d.subject = write::sequence(&[&write::constructed(tag::SET, &[&rdn("b"), &rdn("a")])]);
    }),
    (Code::LintDer, "a long length", |d| {
        d.subject = [&[0x30, 0x81, d.subject.len() as u8 - 2], &d.subject[2..]].concat()
    }),
    (Code::LintDer, "a time without seconds", |d| {
        let time = |text: &[u8]| write::tlv(tag::UTC_TIME, text);
        d.validity = write::sequence(&[&time(b"2611241200Z"), &time(b"271124120000Z")]);
    }),
    (Code::LintDer, "an extension that is no element", |d| d.replace(Extension::plain(oid::MS_TEMPLATE, vec![0x30]))),
    (Code::LintDer, "an extension with more behind it", |d| {
        d.replace(Extension::plain(oid::MS_TEMPLATE, vec![5, 0, 5, 0]));
    }),
    (Code::LintSerial, "zero", |d| d.serial = write::integer(0)),
    (Code::LintSerial, "negative", |d| d.serial = write::tlv(tag::INTEGER, &[0x80])),
    (Code::LintSerial, "21 octets", |d| d.serial = write::unsigned(&[1; 21])),
    (Code::LintAlgorithm, "another digest", |d| d.algorithm = SignatureAlgorithm::Ecdsa(Digest::Sha384).to_der()),
    (Code::LintIssuer, "another issuer", |d| d.issuer = name("CN=Other").der().to_vec()),
    (Code::LintIssuer, "the issuer in other letters", |d| {
        d.issuer = name("CN=EXAMPLE Issuing CA,O=Example").der().to_vec();
    }),
    (Code::LintValidity, "swapped", |d| d.valid(NOW.plus(60), NOW)),
    (Code::LintValidity, "no time at all", |d| d.valid(NOW, NOW)),
    (Code::LintValidity, "before the issuer", |d| d.valid(years(10).not_before.plus(-1), NOW)),
    (Code::LintValidity, "after the issuer", |d| d.valid(NOW, years(10).not_after.plus(1))),
];

const NAMES: &[Violation] = &[
    (Code::LintSubject, "nobody", |d| d.subject = Name::empty().der().to_vec()),
    (Code::LintSubject, "a name that is not critical", |d| {
        d.subject = Name::empty().der().to_vec();
        d.alternative(&[dns("a.test")]);
    }),
    (Code::LintSanEmpty, "no alternative name", |d| d.alternative(&[])),
    (Code::LintSanEmpty, "no list", |d| d.replace(Extension::plain(oid::SUBJECT_ALT_NAME, vec![5, 0]))),
    (Code::LintNameCount, "33 attributes", |d| d.subject = name(&["OU=x"; 33].join(",")).der().to_vec()),
    (Code::LintNameCount, "101 names", |d| d.alternative(&vec![dns("a.test"); 101])),
    (Code::LintNameLength, "65 characters", |d| {
        d.attribute(&oid::COMMON_NAME, tag::UTF8_STRING, "ü".repeat(65).as_bytes());
    }),
    (Code::LintNameLength, "O", |d| d.attribute(&oid::ORGANIZATION, tag::PRINTABLE_STRING, &[b'x'; 65])),
    (Code::LintNameLength, "OU", |d| d.attribute(&oid::ORGANIZATIONAL_UNIT, tag::PRINTABLE_STRING, &[b'x'; 65])),
    (Code::LintNameLength, "L", |d| d.attribute(&oid::LOCALITY, tag::PRINTABLE_STRING, &[b'x'; 129])),
    (Code::LintNameLength, "C of three", |d| d.attribute(&oid::COUNTRY, tag::PRINTABLE_STRING, b"CHE")),
    (Code::LintNameLength, "C of one", |d| d.attribute(&oid::COUNTRY, tag::PRINTABLE_STRING, b"C")),
    (Code::LintNameLength, "E", |d| d.attribute(&oid::EMAIL_ADDRESS, tag::IA5_STRING, &[b'x'; 256])),
    (Code::LintNameLength, "an empty value", |d| d.attribute(&oid::COMMON_NAME, tag::UTF8_STRING, b"")),
    (Code::LintNameLength, "an empty part", |d| d.subject = write::sequence(&[&write::set_of(Vec::new())])),
    (Code::LintNameLength, "a directory name", |d| {
        d.alternative(&[GeneralName::Directory(name(&format!("CN={}", "x".repeat(65))))]);
    }),
    (Code::LintNameText, "a NUL", |d| d.attribute(&oid::COMMON_NAME, tag::UTF8_STRING, b"a\0b")),
    (Code::LintNameText, "a line feed", |d| d.attribute(&oid::COMMON_NAME, tag::UTF8_STRING, b"a\nb")),
    (Code::LintNameText, "no text", |d| d.attribute(&oid::COMMON_NAME, tag::OCTET_STRING, b"a")),
    (Code::LintNameText, "a UPN with a control character", |d| d.alternative(&[GeneralName::from_upn("a\u{1b}[2J@b")])),
    (Code::LintNameType, "T.61", |d| d.attribute(&oid::COMMON_NAME, tag::TELETEX_STRING, b"a")),
    (Code::LintNameType, "a BMPString", |d| d.attribute(&oid::COMMON_NAME, tag::BMP_STRING, b"\0a")),
    (Code::LintNameType, "@ in a PrintableString", |d| d.attribute(&oid::COMMON_NAME, tag::PRINTABLE_STRING, b"a@b")),
    (Code::LintNameType, "a country in UTF-8", |d| d.attribute(&oid::COUNTRY, tag::UTF8_STRING, b"CH")),
    (Code::LintNameType, "_ in a serial number", |d| d.attribute(&oid::SERIAL_NUMBER, tag::UTF8_STRING, b"a_b")),
    (Code::LintDns, "a blank", |d| d.alternative(&[dns("a b.test")])),
    (Code::LintDns, "an empty label", |d| d.alternative(&[dns("a..test")])),
    (Code::LintIp, "three octets", |d| d.alternative(&[GeneralName::Ip(vec![1, 2, 3])])),
    (Code::LintIp, "with a mask", |d| d.alternative(&[GeneralName::Ip(vec![0; 8])])),
    (Code::LintEmail, "no at", |d| d.alternative(&[GeneralName::Email("a.test".to_owned())])),
    (Code::LintEmail, "not ASCII", |d| d.alternative(&[GeneralName::Email("ü@a.test".to_owned())])),
    (Code::LintUri, "relative", |d| d.alternative(&[GeneralName::Uri("/a".to_owned())])),
    (Code::LintOtherName, "an empty UPN", |d| d.alternative(&[GeneralName::from_upn(" ")])),
    (Code::LintOtherName, "a UPN in another string type", |d| {
        d.alternative(&[GeneralName::Other(oid::MS_UPN, write::tlv(tag::IA5_STRING, b"a@b"))]);
    }),
    (Code::LintOtherName, "no GeneralName", |d| d.alternative(&[GeneralName::Unread(0x83, vec![1])])),
];

const EXTENSIONS: &[Violation] = &[
    (Code::LintCa, "a CA", |d| {
        let basic = BasicConstraints { ca: true, path_length: None };
        d.extensions.push(Extension::critical(oid::BASIC_CONSTRAINTS, basic.to_der()));
    }),
    (Code::LintCa, "a path length", |d| {
        let basic = BasicConstraints { ca: false, path_length: Some(0) };
        d.extensions.push(Extension::plain(oid::BASIC_CONSTRAINTS, basic.to_der()));
    }),
    (Code::LintCa, "unreadable constraints", |d| {
        d.extensions.push(Extension::plain(oid::BASIC_CONSTRAINTS, write::null()));
    }),
    (Code::LintCa, "keyCertSign", |d| d.usage(KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::KEY_CERT_SIGN))),
    (Code::LintCa, "name constraints", |d| {
        d.extensions.push(Extension::critical(oid::NAME_CONSTRAINTS, write::sequence(&[])))
    }),
    (Code::LintKeyUsage, "encipherment with a curve", |d| d.usage(KeyUsage::KEY_ENCIPHERMENT)),
    (Code::LintKeyUsage, "no bit", |d| d.usage(KeyUsage(0))),
    (Code::LintKeyUsage, "encipherOnly alone", |d| d.usage(KeyUsage::DIGITAL_SIGNATURE.with(KeyUsage::ENCIPHER_ONLY))),
    (Code::LintKeyUsage, "no bit string", |d| d.replace(Extension::critical(oid::KEY_USAGE, write::null()))),
    (Code::LintExtendedKeyUsage, "twice", |d| {
        let purposes = [oid::CLIENT_AUTH, oid::SERVER_AUTH, oid::CLIENT_AUTH];
        d.replace(Extension::plain(oid::EXTENDED_KEY_USAGE, extended_key_usage_der(&purposes)));
    }),
    (Code::LintExtendedKeyUsage, "none", |d| {
        d.replace(Extension::plain(oid::EXTENDED_KEY_USAGE, extended_key_usage_der(&[])));
    }),
    (Code::LintExtendedKeyUsage, "no list", |d| d.replace(Extension::plain(oid::EXTENDED_KEY_USAGE, write::null()))),
    (Code::LintAuthorityKeyId, "missing", |d| d.drop(&oid::AUTHORITY_KEY_ID)),
    (Code::LintAuthorityKeyId, "another", |d| {
        d.replace(Extension::plain(oid::AUTHORITY_KEY_ID, AuthorityKeyId::key_id_der(&[1; 20])));
    }),
    (Code::LintAuthorityKeyId, "empty", |d| d.replace(Extension::plain(oid::AUTHORITY_KEY_ID, write::sequence(&[])))),
    (Code::LintAuthorityKeyId, "no list", |d| d.replace(Extension::plain(oid::AUTHORITY_KEY_ID, write::null()))),
    (Code::LintSubjectKeyId, "missing", |d| d.drop(&oid::SUBJECT_KEY_ID)),
    (Code::LintSubjectKeyId, "another", |d| {
        d.replace(Extension::plain(oid::SUBJECT_KEY_ID, write::octets(&[1; 20])));
    }),
    (Code::LintDuplicate, "twice", |d| {
        let again = d.extensions[0].clone();
        d.extensions.push(again);
    }),
];

#[test]
fn each_lint_finds_its_violation_and_no_other_lint_does() {
    resumed(&Draft::sound().to_der()).expect("a sound draft");
    for (code, what, violate) in [FIELDS, NAMES, EXTENSIONS].concat() {
        let mut draft = Draft::sound();
        violate(&mut draft);
        let mut found = resumed(&draft.to_der()).expect_err(what);
        found.dedup();
        assert_eq!(found, [code], "{what}");
    }
}

#[test]
fn every_lint_has_a_violation_here() {
    let violated: Vec<Code> = [FIELDS, NAMES, EXTENSIONS].concat().iter().map(|(code, ..)| *code).collect();
    for lint in lint::ALL.iter().filter(|lint| lint.code() != Code::LintAuthority) {
        assert!(violated.contains(&lint.code()), "{}", lint.code());
    }
}

#[test]
fn rsa_keys_serve_no_agreement_and_are_der() {
    let mut draft = Draft::sound();
    draft.key = key(KeySpec::Rsa2048).public_key().clone();
    draft.replace(Extension::plain(oid::SUBJECT_KEY_ID, write::octets(&draft.key.key_id())));
    resumed(&draft.to_der()).expect("a sound draft");
    draft.usage(KeyUsage::KEY_AGREEMENT);
    assert_eq!(resumed(&draft.to_der()), Err(vec![Code::LintKeyUsage]));
    let numbers =
        write::sequence(&[&write::tlv(tag::INTEGER, &[&[0, 0][..], &[0xc1; 256]].concat()), &write::integer(3)]);
    let algorithm = write::algorithm(&oid::RSA_ENCRYPTION, &write::null());
    let spki = write::sequence(&[&algorithm, &write::bit_octets(&numbers)]);
    draft.key = PublicKey::from_spki(&spki).unwrap();
    draft.usage(KeyUsage::DIGITAL_SIGNATURE);
    draft.replace(Extension::plain(oid::SUBJECT_KEY_ID, write::octets(&draft.key.key_id())));
    assert_eq!(resumed(&draft.to_der()), Err(vec![Code::LintDer]));
}

#[test]
fn octets_around_are_refused() {
    let sound = Draft::sound().to_der();
    assert_eq!(resumed(&[]), Err(vec![Code::LintSyntax]));
    assert_eq!(resumed(&[&sound[..], &[5, 0]].concat()), Err(vec![Code::LintSyntax]));
    assert_eq!(resumed(&sound[..sound.len() - 1]), Err(vec![Code::LintSyntax]));
}

#[test]
fn a_ca_certificate_is_not_resumed_as_an_end_entity() {
    let tiers = tiers();
    let tbs = tiers.issuing.certificate.tbs();
    let algorithm = tiers.root.key.preferred();
    let flaws = Prepared::resume(tbs, &tiers.root.certificate, algorithm).map_err(|f| reasons(&f));
    assert_eq!(flaws, Err(vec![Code::LintCa, Code::LintCa]));
}

#[test]
fn no_ca_below_an_issuing_ca() {
    let issuer = &tiers().issuing;
    let subject = name("CN=Below");
    let key = key(KeySpec::P256).public_key();
    let wanted = Subordinate { subject: &subject, key, validity: years(1), crl_urls: &[], issuer_urls: &[] };
    let algorithm = issuer.key.preferred();
    let made = authority::prepare_issuing(&wanted, &issuer.certificate, algorithm, &serial(9), NOW);
    assert_eq!(made.map_err(|flaws| reasons(&flaws)), Err(vec![Code::LintAuthority]));
}
