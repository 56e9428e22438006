//! Requests, certificates and records for the tests.

use std::sync::LazyLock;

use pki::der::write;
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name, Request, Time, Validity};
use ra::{CaseId, Spend, Stored};

use crate::store::{
    Actor, AuditEntry, CaseQuery, CertificateRecord, ChallengeNew, Commit, EventRecord, EventRole, GrantRecord, Notice,
    Origin, PendRecord, RequestRecord,
};

pub(super) const NOW: Time = Time(1_800_000_000);
pub(super) const YEAR: i64 = 31_536_000;
pub(super) const ISSUER: [u8; 32] = [7; 32];

static KEY: LazyLock<PrivateKey> = LazyLock::new(|| PrivateKey::generate(KeySpec::P256).expect("a key"));

pub(super) fn actor() -> Actor {
    Actor { name: "ada".to_owned(), source: "cli".to_owned() }
}

pub(super) fn entry(object: &str) -> AuditEntry {
    AuditEntry {
        actor: "device".to_owned(),
        verb: "enrol".to_owned(),
        object: object.to_owned(),
        outcome: "granted".to_owned(),
        code: String::new(),
        detail: "a line".to_owned(),
        source: "192.0.2.1".to_owned(),
    }
}

pub(super) fn case_id(number: u32) -> CaseId {
    CaseId(format!("{number:032x}"))
}

/// A serial number of sixteen content octets.
pub(super) fn serial(number: u32) -> Vec<u8> {
    [&[0x40; 12][..], &number.to_be_bytes()].concat()
}

pub(super) fn validity() -> Validity {
    Validity { not_before: NOW, not_after: NOW.plus(YEAR) }
}

pub(super) fn name(subject: &str) -> Name {
    Name::parse(subject).expect("a name")
}

pub(super) fn tbs(serial: &[u8], subject: &str) -> Vec<u8> {
    write::sequence(&[
        &write::explicit(0, &write::integer(2)),
        &write::tlv(0x02, serial),
        &KEY.preferred().to_der(),
        name("CN=Issuing CA").der(),
        &validity().to_der(),
        name(subject).der(),
        KEY.public_key().spki_der(),
    ])
}

/// Signed by an ECDSA key, so with another signature each time.
pub(super) fn sign(tbs: &[u8]) -> Certificate {
    let algorithm = KEY.preferred();
    let signature = KEY.sign(algorithm, tbs).expect("a signature");
    Certificate::assemble(tbs, &algorithm.to_der(), &signature).expect("a certificate")
}

/// A certificate nobody in the store knows.
pub(super) fn stranger() -> Certificate {
    sign(&tbs(&[0x55; 16], "CN=stranger"))
}

pub(super) fn request() -> Request {
    static REQUEST: LazyLock<Request> =
        LazyLock::new(|| Request::build(&name("CN=device"), &*KEY, &[], None).expect("a request"));
    REQUEST.clone()
}

pub(super) fn request_record(transaction: &str, generation: u32) -> RequestRecord {
    RequestRecord {
        endpoint: "devices".to_owned(),
        transaction: transaction.to_owned(),
        generation,
        key: [1; 32],
        signer_key: [2; 32],
        names: [3; 32],
        signer: stranger().der().to_vec(),
        request: request().der().to_vec(),
        profile: "device".to_owned(),
        device: Some("laptop-1".to_owned()),
        sid: Some("S-1-5-21-1".to_owned()),
    }
}

pub(super) fn certificate_record(serial: &[u8], subject: &str) -> CertificateRecord {
    CertificateRecord {
        issuer: ISSUER,
        serial: serial.to_vec(),
        tbs: tbs(serial, subject),
        algorithm: KEY.preferred().to_der(),
        subject: subject.to_owned(),
        validity: validity(),
        authority: "challenge: one-time".to_owned(),
        replaces: None,
    }
}

/// The grant number so and so: its case, transaction and serial number are its own.
pub(super) fn grant(number: u32) -> GrantRecord {
    GrantRecord {
        case: case_id(number),
        origin: Origin::New,
        request: request_record(&format!("transaction {number}"), 0),
        certificate: certificate_record(&serial(number), &format!("CN=device {number}")),
        spend: None,
        notices: Vec::new(),
    }
}

pub(super) fn pend(number: u32) -> PendRecord {
    let request = request_record(&format!("transaction {number}"), 0);
    let notices = vec![Notice { kind: "webhook pending".to_owned(), body: "{}".to_owned() }];
    PendRecord { case: case_id(number), request, spend: None, notices }
}

pub(super) fn granted(record: GrantRecord) -> (Commit, Vec<AuditEntry>) {
    let audit = vec![entry(&record.case.0)];
    (Commit::Grant(Box::new(record)), audit)
}

pub(super) fn challenge(number: u8) -> ChallengeNew {
    ChallengeNew {
        key: [number; 32],
        endpoint: "devices".to_owned(),
        expires: NOW.plus(3600),
        profile: None,
        device: Some("laptop-1".to_owned()),
        sid: None,
    }
}

pub(super) fn spend(number: u8, stored: Stored) -> Spend {
    Spend { key: [number; 32], expires: NOW.plus(3600), stored }
}

pub(super) fn query<'a>(transaction: &'a str, signer: &'a Certificate, challenge: Option<u8>) -> CaseQuery<'a> {
    CaseQuery { endpoint: "devices", transaction, signer, challenge: challenge.map(|number| [number; 32]) }
}

/// The refusal of certificate number so and so.
pub(super) fn event(number: u32) -> EventRecord {
    EventRecord {
        role: EventRole::Client,
        place: "registration-point".to_owned(),
        source: "192.0.2.1".to_owned(),
        subject: format!("CN=module {number}"),
        thumbprint: format!("{number:040X}"),
        code: "client.expired".to_owned(),
        result: 0x800B_0101,
        error: 1,
        info: 0x102,
        detail: "it expired".to_owned(),
        judgement: "{}".to_owned(),
        capi2: "<Event/>".to_owned(),
    }
}
