//! Logs, registry exports, configuration and certificates: real files where there are any, published formats otherwise.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use doctor::Evidence;
use doctor::fact::certificate::{Archived, Authority, CertificateOrigin, PrivateKey, StoreOwner};
use doctor::fact::event::{CAPI2_CHANNEL, Switch};
use doctor::fact::evidence::Tally;
use doctor::fact::log::{Answer, Door, ScepOperation, Severity, TraceMeaning};
use doctor::fact::query::Known;
use doctor::fact::{Code, Observed, Position, RegistryData, RepairKind, Thumbprint, Zone};
use doctor::source::{Kind, Reading};

macro_rules! fixture {
    ($path:literal) => {
        include_bytes!(concat!("../../../fixtures/doctor/", $path)).as_slice()
    };
}

fn read(name: &str, octets: &[u8]) -> Evidence {
    let whole = read_by(name, octets, octets.len().max(1));
    let pieces = read_by(name, octets, 97);
    assert_eq!(whole.facts, pieces.facts, "{name}: the size of chunks must not matter");
    whole
}

fn read_by(name: &str, octets: &[u8], step: usize) -> Evidence {
    let mut evidence = Evidence::default();
    let mut reading = Reading::new(name);
    for chunk in octets.chunks(step) {
        reading.feed(chunk, &mut evidence);
    }
    reading.finish(&mut evidence);
    evidence
}

fn utf16(text: &str) -> Vec<u8> {
    format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn the_real_export_of_mscep_is_read_whole() {
    let evidence = read("MSCEP.reg", fixture!("registry/MSCEP.reg"));
    assert_eq!((evidence.sources[0].kind, evidence.sources[0].encoding), (Kind::Registry, Some("UTF-16LE")));
    assert_eq!(evidence.knows_mscep(), Known::Yes);
    let one = |key: &str, name: &str| evidence.registry_values(key, name).next().unwrap().1.clone();
    assert_eq!(one("MSCEP", "SignatureTemplate"), RegistryData::Text("IPSECIntermediateOffline".to_owned()));
    assert_eq!(
        one(r"mscep\cainfo", "configuration"),
        RegistryData::Text(r"CA03.intra.adcslabor.de\ADCS Labor Issuing CA 2".to_owned())
    );
    assert_eq!(one(r"MSCEP\PasswordValidity", "PasswordValidity"), RegistryData::Dword(60));
    assert_eq!(one(r"MSCEP\PasswordMax", "PasswordMax").number(), Some(5));
    assert_eq!(evidence.registry_values(r"MSCEP\Modules\NDESPolicy", "NDESCertThumbprint").count(), 0);
    assert!(
        evidence.repairs.is_empty() && evidence.troubles.is_empty(),
        "{:?} {:?}",
        evidence.repairs,
        evidence.troubles
    );

    let status = read("status.reg", fixture!("registry/ConfigurationStatus.reg"));
    assert_eq!(status.registry_values(r"ADCS\NDES", "ConfigurationStatus").next().unwrap().1.number(), Some(2));
}

#[test]
fn registry_values_of_every_form() {
    let text = "Windows Registry Editor Version 5.00\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\Modules\\NDESPolicy]\r\n\
        \"NDESCertThumbprint\"=\"\u{200e}5d 87 83\"\r\n\"Long\"=hex:01,02,\\\r\n  03,04,\\\r\n  05\r\n\
        \"Multi\"=hex(7):4f,00,6e,00,65,00,00,00,54,00,77,00,6f,00,00,00,00,00\r\n\"Path\"=hex(2):25,00,78,00,25,00,00,00\r\n\
        \"Big\"=hex(b):01,00,00,00,00,00,00,80\r\n@=\"default\"\r\n\"Gone\"=-\r\n\"Two\"=\"line one\r\nline \\\"two\\\"\"\r\n\"Odd\"=what\r\n\
        \r\n[-HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\Old]\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Else]\r\n\"x\"=dword:1\r\n";
    for octets in [text.as_bytes().to_vec(), utf16(text)] {
        let evidence = read("a.reg", &octets);
        let one = |name: &str| evidence.registry_values("NDESPolicy", name).next().unwrap().1.clone();
        assert_eq!(one("NDESCertThumbprint").text(), Some("\u{200e}5d 87 83"));
        assert_eq!(one("Long"), RegistryData::Binary(vec![1, 2, 3, 4, 5]));
        assert_eq!(one("Multi"), RegistryData::Texts(vec!["One".to_owned(), "Two".to_owned()]));
        assert_eq!(one("Path"), RegistryData::ExpandText("%x%".to_owned()));
        assert_eq!(one("Big"), RegistryData::Qword(0x8000_0000_0000_0001));
        assert_eq!(one("").text(), Some("default"));
        assert_eq!(one("Gone"), RegistryData::Deleted);
        assert_eq!(one("Two").text().map(|t| t.replace('\r', "")), Some("line one\nline \"two\"".to_owned()));
        assert_eq!(one("Odd"), RegistryData::Unreadable("what".to_owned()));
        assert_eq!(evidence.registry_keys().filter(|(_, key)| key.deleted.is_some()).count(), 1);
        assert!(
            !evidence.registry().any(|(_, value)| value.name == "x"),
            "keys that do not concern enrolment are not kept"
        );
    }
}

#[test]
fn older_and_printed_and_pasted_registry() {
    let old = read("old.reg", b"REGEDIT4\r\n\r\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP]\r\n\"M\"=hex(7):4f,6e,65,00,e4,00,00\r\n");
    let data = old.registry_values("MSCEP", "M").next().unwrap().1.clone();
    assert_eq!(data, RegistryData::Texts(vec!["One".to_owned(), "ä".to_owned()]));

    let printed = read(
        "query.txt",
        b"\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\r\n    SignatureTemplate    REG_SZ    NDES Device\r\n    (Default)    REG_SZ    \r\n\r\nHKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\Modules\\NDESPolicy\r\n    NDESCertThumbprint    REG_SZ     5D87\r\n    Port    REG_DWORD    0x1bb\r\n    B    REG_BINARY    0A0B\r\n",
    );
    assert_eq!(printed.sources[0].kind, Kind::RegistryQuery);
    assert_eq!(printed.registry_values("MSCEP", "SignatureTemplate").next().unwrap().1.text(), Some("NDES Device"));
    assert_eq!(printed.registry_values("NDESPolicy", "NDESCertThumbprint").next().unwrap().1.text(), Some(" 5D87"));
    assert_eq!(printed.registry_values("NDESPolicy", "Port").next().unwrap().1.number(), Some(443));
    assert_eq!(*printed.registry_values("NDESPolicy", "B").next().unwrap().1, RegistryData::Binary(vec![10, 11]));

    let pasted = "Schaut mal:\n[HKEY_LOCAL_MACHINESOFTWAREMicrosoftCryptographyMSCEPModulesNDESPolicy]\n„NDESCertThumbprint“=“5D87837B1C2D3E4F5061728394A5B6C7D8E9FA0B“\nGruß";
    let evidence = read("mail.txt", pasted.as_bytes());
    let (place, pin) = evidence.registry_values(r"MSCEP\Modules\NDESPolicy", "NDESCertThumbprint").next().unwrap();
    assert_eq!((pin.text().unwrap().len(), place.position), (40, Position::Line(3)));
    let kinds: Vec<_> = evidence.repairs.iter().map(|r| r.kind).collect();
    assert_eq!(kinds, [RepairKind::LostBackslashes, RepairKind::TypographicQuotes]);
}

#[test]
fn the_switch_of_the_capi2_log_is_read_wherever_it_stands() {
    let key = "[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WINEVT\\Channels\\Microsoft-Windows-CAPI2/Operational]";
    let evidence = read("a.reg", format!("REGEDIT4\n{key}\n\"Enabled\"=dword:00000000\n").as_bytes());
    assert_eq!(evidence.channels().next().unwrap().1.switch, Some(Switch::Off));

    let gl = b"name: Microsoft-Windows-CAPI2/Operational\r\nenabled: true\r\ntype: Operational\r\nlogging:\r\n  logFileName: x\r\n  maxSize: 1052672\r\n";
    let evidence = read("gl.txt", gl);
    let (_, state) = evidence.channels().next().unwrap();
    assert_eq!(
        (state.channel.as_str(), state.switch, state.max_size),
        (CAPI2_CHANNEL, Some(Switch::On), Some(1_052_672))
    );
}

#[test]
fn a_registry_export_of_a_store_yields_its_certificates() {
    let pem = std::str::from_utf8(fixture!("certificate/ndes-ra-signing.pem")).unwrap();
    let certificate = pki::Certificate::parse_any(pem.as_bytes()).remove(0);
    let names: Vec<u8> =
        "tq-1\0Microsoft Strong Cryptographic Provider\0".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let mut provider = [28_u32, 38, 1, 0x20, 0, 0, 2].iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<u8>>();
    provider.extend(names);
    let mut blob = Vec::new();
    for (id, value) in [(2_u32, provider.as_slice()), (19, &[0, 0]), (32, certificate.der())] {
        blob.extend([id, 1, u32::try_from(value.len()).unwrap()].iter().flat_map(|n| n.to_le_bytes()));
        blob.extend(value);
    }
    let digits: Vec<String> = blob.iter().map(|octet| format!("{octet:02x}")).collect();
    let text = format!(
        "Windows Registry Editor Version 5.00\n\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\SystemCertificates\\MY\\Certificates\\{}]\n\"Blob\"=hex:{}\n",
        certificate.thumbprint(),
        digits.chunks(20).map(|row| row.join(",")).collect::<Vec<_>>().join(",\\\n  ")
    );
    let evidence = read("my.reg", text.as_bytes());
    let (_, fact) = evidence.certificates().next().unwrap();
    assert_eq!(fact.described.thumbprint.unwrap().to_string(), certificate.thumbprint());
    assert_eq!(
        (fact.store.as_ref().unwrap().name.as_str(), fact.store.as_ref().unwrap().owner),
        ("MY", StoreOwner::Machine)
    );
    assert_eq!(fact.archived, Some(Archived::Yes));
    let PrivateKey::Present(container) = &fact.private_key else { panic!("{:?}", fact.private_key) };
    assert_eq!(container.name.as_deref(), Some("tq-1"));
    assert_eq!(container.provider.as_deref(), Some("Microsoft Strong Cryptographic Provider"));

    let mut store = b"\0\0\0\0CERT".to_vec();
    store.extend(&blob);
    store.extend(&blob);
    store.extend([0; 12]);
    let evidence = read("my.sst", &store);
    assert_eq!(evidence.certificates().count(), 2);
}

#[test]
fn certificate_files_of_every_kind() {
    let pem = fixture!("certificate/ndes-ra-signing.pem");
    let evidence = read("ra.pem", pem);
    let (place, fact) = evidence.certificates().next().unwrap();
    let described = &fact.described;
    assert!(matches!(place.position, Position::Line(n) if n > 50), "{place}");
    assert_eq!(described.thumbprint, Thumbprint::parse("DF3DE7D74B1F46A46395C05A94D0F040637B59EA"));
    assert_eq!(described.subject.to_string(), "CN=CERT-PROV-CA-MSCEP-RA, C=US");
    assert_eq!(described.issuer.to_string(), "CN=example-CERT-PROV-CA, DC=example, DC=org");
    assert_eq!(described.template.as_deref(), Some("EnrollmentAgentOffline"));
    assert_eq!(described.usages.as_deref(), Some(["1.3.6.1.4.1.311.20.2.1".to_owned()].as_slice()));
    assert_eq!(described.key_usage, Some(pki::extension::KeyUsage::DIGITAL_SIGNATURE));
    assert_eq!((described.key_bits, described.signature_hash.as_deref()), (Some(2048), Some("SHA256")));
    assert_eq!(described.not_after.unwrap().to_string(), "2022-10-30T19:07:21Z");
    assert_eq!(described.serial.as_deref(), Some("4700000002f5400d7585dd878800000000000 2".replace(' ', "").as_str()));
    assert_eq!((described.authority, fact.origin), (Some(Authority::EndEntity), CertificateOrigin::File));

    let der = fact.certificate.as_ref().unwrap().der().to_vec();
    let base64 =
        fact.certificate.as_ref().unwrap().to_pem().lines().filter(|l| !l.starts_with('-')).collect::<String>();
    for (name, octets) in [
        ("der", der.clone()),
        ("bare.cer", base64.into_bytes()),
        ("utf16.pem", utf16(&fact.certificate.as_ref().unwrap().to_pem())),
        ("p7b", degenerate(&[&der, &der])),
    ] {
        let evidence = read(name, &octets);
        assert_eq!(evidence.sources[0].kind, Kind::Certificate, "{name}");
        for (_, one) in evidence.certificates() {
            assert_eq!(one.described, *described, "{name}");
        }
        assert_eq!(evidence.certificates().count(), if name == "p7b" { 2 } else { 1 }, "{name}");
    }
    let pfx = read("x.pfx", b"\x30\x82\x01\x00\x02\x01\x03\x30\x82\x00\xff");
    assert!(pfx.sources[0].unusable.unwrap().contains("PKCS#12"));
    let half = read("half.cer", &der[..300]);
    assert_eq!((half.certificates().count(), half.sources[0].damaged), (0, 1));
}

/// A SignedData that signs nothing and carries certificates.
fn degenerate(certificates: &[&[u8]]) -> Vec<u8> {
    use pki::der::write::{sequence, tlv};
    let data = sequence(&[&tlv(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1])]);
    let signed = sequence(&[&[2, 1, 1], &tlv(0x31, &[]), &data, &tlv(0xa0, &certificates.concat()), &tlv(0x31, &[])]);
    sequence(&[&tlv(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2]), &tlv(0xa0, &signed)])
}

#[test]
fn store_listings_in_three_languages() {
    let english = "My \"Personal\"\n================ Certificate 0 ================\nSerial Number: 47000000021234\nIssuer: CN=Issuing-CA-01, DC=corp, DC=example\n NotBefore: 8/10/2013 9:12 AM\n NotAfter: 8/10/2015 9:12 AM\nSubject: CN=NDES01.corp.example\nNon-root Certificate\nTemplate: NDESClient, NDES Client\nCert Hash(sha1): 5d 87 83 7b 1c 2d 3e 4f 50 61 72 83 94 a5 b6 c7 d8 e9 fa 0b\n  Key Container = le-NDESClient-1\n  Unique container name: abc\n  Provider = Microsoft RSA SChannel Cryptographic Provider\nEncryption test passed\n\n================ Certificate 1 ================\nArchived!\nSerial Number: 00a1\nIssuer: CN=Issuing-CA-01, DC=corp, DC=example\n NotBefore: 8/10/2013 9:12 AM\n NotAfter: 8/13/2015 9:12 PM\nSubject: CN=other\nCert Hash(sha1): a1a2a3a4a5a6a7a8a9b0b1b2b3b4b5b6b7b8b9c0\n  Key Container = x\n  Provider = y\nMissing stored keyset\nCertUtil: -store command completed successfully.\n";
    let german = "My \"Eigene Zertifikate\"\n================ Zertifikat 0 ================\nSeriennummer: 47000000021234\nAussteller: CN=Issuing-CA-01, DC=corp, DC=example\n Nicht vor: 10.08.2013 09:12\n Nicht nach: 10.08.2015 09:12\nAntragsteller: CN=NDES01.corp.example\nKein Stammzertifikat\nVorlage: NDESClient, NDES Client\nZertifikathash(sha1): 5d 87 83 7b 1c 2d 3e 4f 50 61 72 83 94 a5 b6 c7 d8 e9 fa 0b\n  Schlüsselcontainer = le-NDESClient-1\n  Eindeutiger Containername: abc\n  Anbieter = Microsoft RSA SChannel Cryptographic Provider\nVerschlüsselungstest wurde durchgeführt\nCertUtil: -store-Befehl wurde erfolgreich ausgeführt.\n";
    let french = "My \"Personnel\"\n================ Certificat 0 ================\nNuméro de série : 47000000021234\nÉmetteur: CN=Issuing-CA-01, DC=corp, DC=example\n NotBefore : 10/08/2013 09:12\n NotAfter : 10/08/2015 09:12\nObjet: CN=NDES01.corp.example\nModèle: NDESClient, NDES Client\nHachage cert. (sha1): 5d 87 83 7b 1c 2d 3e 4f 50 61 72 83 94 a5 b6 c7 d8 e9 fa 0b\n  Conteneur de clé = le-NDESClient-1\n  Fournisseur = Microsoft RSA SChannel Cryptographic Provider\n";
    let ansi = encoding_rs::WINDOWS_1252.encode(german).0.into_owned();
    let mut all = Vec::new();
    for (name, octets) in [
        ("en", english.as_bytes().to_vec()),
        ("de", german.as_bytes().to_vec()),
        ("de ansi", ansi),
        ("fr", french.as_bytes().to_vec()),
        ("de 16", utf16(german)),
    ] {
        let evidence = read(name, &octets);
        assert_eq!(evidence.sources[0].kind, Kind::CertutilText, "{name}");
        let mut fact = evidence.certificates().next().unwrap().1.as_ref().clone();
        let PrivateKey::Present(container) = &fact.private_key else { panic!("{name}: {:?}", fact.private_key) };
        assert_eq!(container.name.as_deref(), Some("le-NDESClient-1"), "{name}");
        assert!(container.provider.as_deref().unwrap().contains("SChannel"), "{name}");
        fact.private_key = PrivateKey::Unknown;
        all.push(fact);
        if name == "en" {
            let second = evidence.certificates().nth(1).unwrap().1;
            assert_eq!((second.archived, second.described.serial.as_deref()), (Some(Archived::Yes), Some("a1")));
            assert!(matches!(second.private_key, PrivateKey::Unusable(..)));
            assert_eq!(second.described.not_after.unwrap().to_string(), "2015-08-13T21:12:00Z");
        }
    }
    assert!(all.iter().all(|one| *one == all[0]), "{all:#?}");
    let described = &all[0].described;
    assert_eq!(described.not_after.unwrap().to_string(), "2015-08-10T09:12:00Z");
    assert_eq!(
        (described.template.as_deref(), described.serial.as_deref()),
        (Some("NDESClient"), Some("47000000021234"))
    );
    assert_eq!(all[0].store.as_ref().unwrap().name, "My");
}

#[test]
fn the_verbose_listing_is_told_by_object_identifiers() {
    let verbose = "CA \"Zwischenzertifizierungsstellen\"\n================ Zertifikat 0 ================\nX.509-Zertifikat:\nVersion: 3\nSeriennummer: 47000000021234\nSignaturalgorithmus:\n    Algorithmus Objekt-ID: 1.2.840.113549.1.1.11 sha256RSA\n    Algorithmusparameter:\n    05 00\nAussteller:\n    CN=Root-CA\n    DC=corp\n  Namenshash (sha1): aabb\n\n Nicht vor: 10.08.2013 09:12\n Nicht nach: 10.08.2015 09:12\n\nAntragsteller:\n    CN=HOST-MSCEP-RA\n    C=DE\n  Namenshash (sha1): ccdd\n\nLänge des öffentlichen Schlüssels: 2048 Bits\nZertifikaterweiterungen: 4\n    2.5.29.15: Kennzeichen = 1(Kritisch), Länge = 4\n    Schlüsselverwendung\n        Digitale Signatur, Schlüsselverschlüsselung (a0)\n\n    2.5.29.37: Kennzeichen = 0, Länge = e\n    Erweiterte Schlüsselverwendung\n        Zertifikatanforderungs-Agent (1.3.6.1.4.1.311.20.2.1)\n\n    1.3.6.1.4.1.311.21.7: Kennzeichen = 0, Länge = 2f\n    Zertifikatvorlageninformationen\n        Vorlage=NDES Agent(1.3.6.1.4.1.311.21.8.111.222.333.444.5.6.7.8)\n        Version - Hoch=100\n\n    2.5.29.31: Kennzeichen = 0, Länge = cf\n    Sperrlisten-Verteilungspunkte\n        [1]Sperrlisten-Verteilungspunkt\n             Name des Verteilungspunktes:\n                  Vollst. Name:\n                       URL=http://pki.corp.example/root.crl (http://pki.corp.example/root.crl)\n\n    2.5.29.19: Kennzeichen = 1(Kritisch), Länge = 2\n    Basiseinschränkungen\n        Typ des Antragstellers=Endeinheit\n\nZertifikathash(sha1): 5d87837b1c2d3e4f5061728394a5b6c7d8e9fa0b\n";
    let evidence = read("ca.txt", verbose.as_bytes());
    assert_eq!(evidence.certificates().count(), 1, "{:#?}", evidence.facts);
    let fact = evidence.certificates().next().unwrap().1;
    let described = &fact.described;
    assert_eq!(described.subject.to_string(), "CN=HOST-MSCEP-RA, C=DE");
    assert_eq!(described.issuer.to_string(), "CN=Root-CA, DC=corp");
    assert_eq!(described.key_usage.unwrap().names(), ["digitalSignature", "keyEncipherment"]);
    assert_eq!(described.usages.as_deref(), Some(["1.3.6.1.4.1.311.20.2.1".to_owned()].as_slice()));
    assert_eq!(described.template.as_deref(), Some("1.3.6.1.4.1.311.21.8.111.222.333.444.5.6.7.8"));
    assert_eq!(described.crl_urls, ["http://pki.corp.example/root.crl"]);
    assert_eq!((described.key_bits, described.signature_hash.as_deref()), (Some(2048), Some("SHA256")));
    assert_eq!((described.authority, &fact.private_key), (Some(Authority::EndEntity), &PrivateKey::Absent));
}

#[test]
fn real_trace_logs() {
    let evidence = read("psadt.log", fixture!("trace/psadt_install.log"));
    let source = &evidence.sources[0];
    assert_eq!((source.kind, source.damaged, evidence.repairs.len()), (Kind::Trace, 0, 0), "{:?}", evidence.repairs);
    let text = std::str::from_utf8(fixture!("trace/psadt_install.log")).unwrap();
    assert_eq!(source.items, text.matches("<![LOG[").count() as u64);
    let (place, line) = evidence.trace_lines().next().unwrap();
    assert_eq!(
        (line.component.as_str(), line.thread, line.severity),
        ("Open-ADTSession", Some(57068), Some(Severity::Information))
    );
    assert_eq!(place.when.unwrap().zone, Zone::Bias(600));

    let cut = read("cut.log", fixture!("trace/truncated.log"));
    let texts: Vec<_> = cut.trace_lines().map(|(_, line)| line.text.as_str()).collect();
    assert_eq!(
        texts,
        ["Complete record here", "This record is truncated and has no closing tag", "Another complete record"]
    );
    assert_eq!(
        cut.repairs.iter().map(|r| (r.kind, r.place.position)).collect::<Vec<_>>(),
        [(RepairKind::CutEntry, Position::Line(2))]
    );

    let broken = read("broken.log", fixture!("trace/broken_timestamp.log"));
    assert_eq!(
        broken.trace_lines().map(|(place, _)| place.when.is_some()).collect::<Vec<_>>(),
        [true, false, false, true]
    );

    let many = read("HealthScripts.log", fixture!("trace/HealthScripts.log"));
    assert!(many.trace_lines().any(|(_, line)| line.text.lines().count() > 5));

    let old = read("simple.log", fixture!("trace/simple.log"));
    let (place, line) = old.trace_lines().nth(2).unwrap();
    assert_eq!(
        (line.component.as_str(), line.thread, line.text.as_str()),
        ("CcmExec", Some(100), "Error: connection failed")
    );
    assert_eq!(place.to_string(), "simple.log, line 3, 2026-03-15T08:00:02Z");
}

#[test]
fn the_policy_modules_log_ends_where_the_incident_ends() {
    let log = "<![LOG[Calling VerifyRequest ...]LOG]!><time=\"09:12:44.101-120\" date=\"08-10-2015\" component=\"NDESPlugin\" context=\"\" type=\"1\" thread=\"4711\" file=\"ndesplugin.cpp:511\">\r\n<![LOG[Sending request to certificate registration point.]LOG]!><time=\"09:12:44.105-120\" date=\"08-10-2015\" component=\"NDESPlugin\" context=\"\" type=\"1\" thread=\"4711\" file=\"\">\r\n<![LOG[Verify challenge returns <!DOCTYPE html>\r\n<title>403 - Forbidden</title>]LOG]!><time=\"09:12:45.000-120\" date=\"08-10-2015\" component=\"NDESPlugin\" context=\"\" type=\"1\" thread=\"4711\">\r\n";
    for octets in [log.as_bytes().to_vec(), utf16(log)] {
        let evidence = read("NDESPlugin.log", &octets);
        let meanings: Vec<_> = evidence.trace_lines().map(|(_, line)| line.meaning.clone()).collect();
        assert_eq!(
            meanings,
            [
                TraceMeaning::VerifyCalled,
                TraceMeaning::SendingToRegistrationPoint,
                TraceMeaning::VerifyReturned(Answer::Html(Some(403)))
            ]
        );
        let place = evidence.trace_lines().nth(1).unwrap().0;
        assert_eq!(place.when.unwrap().to_string(), "2015-08-10T07:12:44Z");
        assert_eq!(evidence.tallies.get(&Tally::TraceLine("NDESPlugin".to_owned())).unwrap().times, 3);
    }
}

#[test]
fn web_logs_whose_columns_change() {
    let log = "#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent) sc-status sc-substatus sc-win32-status time-taken\r\n2026-03-29 18:48:23 10.0.0.5 GET /default.htm - 443 - 203.0.113.10 Agent/1.0 200 0 0 12\r\n2026-03-29 18:48:24 10.0.0.5 GET /CertSrv/mscep/mscep.dll/pkiclient.exe operation=GetCACert&message=CA 80 - 10.1.1.1 iOS+profiled/1 200 0 0 31\r\n#Fields: time date cs-uri-stem cs-uri-query sc-status sc-substatus sc-win32-status cs-method\r\n18:48:25 2026-03-29 /CMCertificateRegistration/Certificate/VerifyRequest - 403 16 2148204809 POST\r\n18:48:26 2026-03-29 /certsrv/mscep/ operation=PKIOperation&message=MAMCAQU%3D 500 0 1346 GET\r\n";
    let evidence = read("u_ex.log", log.as_bytes());
    assert_eq!((evidence.sources[0].kind, evidence.sources[0].items), (Kind::WebLog, 4));
    let found: Vec<_> = evidence.requests().collect();
    assert_eq!(found.len(), 3);
    let (place, first) = found[0];
    assert_eq!(place.to_string(), "u_ex.log, line 4, 2026-03-29T18:48:24Z");
    assert_eq!((first.door, first.agent.as_deref(), first.millis), (Door::Scep, Some("iOS profiled/1"), Some(31)));
    assert_eq!(first.scep.as_ref().unwrap().operation, ScepOperation::GetCaCert);
    let (_, second) = found[1];
    assert_eq!((second.door, second.status, second.substatus), (Door::RegistrationPoint, Some(403), Some(16)));
    assert_eq!((second.win32, second.method.as_str()), (Some(Code(0x800B_0109)), "POST"));
    let (_, third) = found[2];
    assert_eq!(third.scep.as_ref().unwrap().message.as_deref(), Some([0x30, 3, 2, 1, 5].as_slice()));
    assert_eq!(third.query, "operation=PKIOperation&message=(10 characters)");
    assert!(evidence.tallies.contains_key(&Tally::Request("GetCACert".to_owned(), 200, 0, Code::OK)));

    let real = read("u_ex260329.log", fixture!("iis/u_ex260329.log"));
    assert_eq!((real.sources[0].items, real.facts.len()), (2, 0));
}

#[test]
fn http_errors_keep_what_was_refused() {
    let log = "#Software: Microsoft HTTP API 2.0\r\n#Version: 1.0\r\n#Fields: date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename\r\n2026-03-29 18:48:23 10.1.1.1 5000 10.0.0.5 80 HTTP/1.1 GET /certsrv/mscep/mscep.dll?operation=PKIOperation&message=MII - 414 - URL_Length -\r\n2026-03-29 18:48:24 10.1.1.1 5000 10.0.0.5 80 - - - - - - Timer_ConnectionIdle -\r\n2026-03-29 18:48:25 10.1.1.1 5000 10.0.0.5 80 HTTP/1.1 GET /certsrv/mscep/mscep.dll - 503 1 AppOffline SCEP\r\n";
    let evidence = read("httperr1.log", log.as_bytes());
    assert_eq!(evidence.sources[0].kind, Kind::HttpErrorLog);
    let reasons: Vec<_> =
        evidence.http_errors().map(|(_, e)| (e.reason.as_str(), e.status, e.queue.as_deref())).collect();
    assert_eq!(reasons, [("URL_Length", Some(414), None), ("AppOffline", Some(503), Some("SCEP"))]);
    assert_eq!(evidence.tallies.get(&Tally::HttpError("Timer_ConnectionIdle".to_owned())).unwrap().times, 1);
}

#[test]
fn the_real_iis_configuration() {
    let evidence = read("applicationHost.config", fixture!("iis/ws2022-applicationHost.config"));
    assert_eq!(evidence.sources[0].kind, Kind::IisConfiguration);
    let attribute = |location: &str, path: &str, name: &str| {
        let mut found =
            evidence.settings().filter(|(_, s)| s.location.eq_ignore_ascii_case(location) && s.path.ends_with(path));
        found.find_map(|(_, setting)| setting.attribute(name).map(str::to_owned))
    };
    let mscep = "Default Web Site/CertSrv/mscep";
    assert_eq!(attribute(mscep, "requestFiltering/requestLimits", "maxQueryString").as_deref(), Some("65536"));
    assert_eq!(attribute(mscep, "security/requestFiltering", "allowDoubleEscaping").as_deref(), Some("true"));
    let pools: Vec<_> = evidence
        .settings()
        .filter(|(_, s)| s.path.ends_with("applicationPools/add"))
        .filter_map(|(_, s)| s.attribute("name"))
        .collect();
    assert!(pools.contains(&"SCEP"), "{pools:?}");
    let applications = evidence
        .settings()
        .filter(|(_, s)| s.path.ends_with("site/application") && s.attribute("applicationPool") == Some("SCEP"));
    assert_eq!(applications.count(), 2);
    let identity = evidence.settings().find(|(_, s)| s.path.ends_with("add/processModel") && s.within == ["SCEP"]);
    assert!(identity.is_some());
}

#[test]
fn connector_traces_even_when_cut() {
    let log = "<E2ETraceEvent xmlns=\"http://schemas.microsoft.com/2004/06/E2ETraceEvent\"><System xmlns=\"http://schemas.microsoft.com/2004/06/windows/eventlog/system\"><EventID>0</EventID><Type>3</Type><SubType Name=\"Error\">0</SubType><Level>2</Level><TimeCreated SystemTime=\"2021-03-01T10:00:00.1234567+01:00\" /><Source Name=\"NDESConnector\" /><Correlation ActivityID=\"{00000000-0000-0000-0000-0000000000aa}\" /></System><ApplicationData>Signing certificate could not be retrieved. 0x80070006</ApplicationData></E2ETraceEvent><E2ETraceEvent xmlns=\"x\"><System><Level>8</Level></System><ApplicationData>Validation Phase 1 finished with status True";
    let evidence = read("NDESConnector_1.svclog", log.as_bytes());
    let lines: Vec<_> = evidence.service_traces().collect();
    assert_eq!(lines.len(), 2, "{:#?}", evidence.facts);
    let (place, first) = lines[0];
    assert_eq!(place.when.unwrap().to_string(), "2021-03-01T09:00:00Z");
    assert_eq!(
        (first.source.as_str(), first.severity, first.code),
        ("NDESConnector", Some(Severity::Error), Some(Code(0x8007_0006)))
    );
    assert_eq!(first.meaning, TraceMeaning::SigningCertificateMissing);
    assert_eq!(lines[1].1.meaning, TraceMeaning::PhaseFinished(1, Answer::True));
    assert_eq!(evidence.repairs[0].kind, RepairKind::CutEntry);
}

#[test]
fn a_ticket_with_everything_in_it() {
    let ticket = format!(
        "Dear support,\n\nthe log says\n<![LOG[Sending request to certificate registration point.]LOG]!><time=\"09:12:44.105-120\" date=\"08-10-2015\" component=\"NDESPlugin\" context=\"\" type=\"1\" thread=\"1\" file=\"\">\nand the registry\n[HKEY_LOCAL_MACHINE\\SOFTWARE\\Microsoft\\Cryptography\\MSCEP\\Modules\\NDESPolicy]\n\"NDESCertThumbprint\"=\"5D87837B1C2D3E4F5061728394A5B6C7D8E9FA0B\"\nand the event\n{}\nbye",
        std::str::from_utf8(fixture!("event-xml/msdocs-event30-ssl-policy-800B0109.xml")).unwrap()
    );
    let evidence = read("ticket.txt", ticket.as_bytes());
    assert_eq!(evidence.sources[0].kind, Kind::Paste);
    let has = |wanted: fn(&Observed) -> bool| evidence.facts.iter().filter(|fact| wanted(&fact.what)).count();
    assert_eq!(has(|o| matches!(o, Observed::TraceLine(_))), 1);
    assert_eq!(has(|o| matches!(o, Observed::Registry(_))), 1);
    assert_eq!(has(|o| matches!(o, Observed::Capi2(_))), 1);
}
