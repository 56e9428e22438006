//! Requests, certificates and what the store knows, to be changed by each test where it matters.

use std::sync::{LazyLock, OnceLock};

use pki::der::write;
use pki::digest::Digest;
use pki::extension::{Extension, GeneralName, KeyUsage};
use pki::key::{KeySpec, PrivateKey, Sign};
use pki::{Certificate, Name, Request, Time, Validity, oid};
use ra::{
    Approval, Approver, Case, CaseId, ChallengeKind, ChallengeRecord, Decision, Delivery, Enrolment, Grant, Held,
    KeyReuse, Known, Outcome, Policy, Reason, Renewal, Revocation, Settled, Spent, State, Stated, Verification,
    Vouched,
};

pub(crate) const DAY: i64 = 86_400;

pub(crate) fn now() -> Time {
    Time::parse_rfc3339("2026-11-24T12:00:00Z").expect("time")
}

/// Keys that all tests share, so that none waits for their making. Key 0 is the device's, 9 the CA's.
pub(crate) fn key(number: usize) -> &'static PrivateKey {
    static KEYS: [OnceLock<PrivateKey>; 10] = [const { OnceLock::new() }; 10];
    KEYS[number].get_or_init(|| PrivateKey::generate(KeySpec::P256).expect("key"))
}

/// An RSA key of 2048 bits.
pub(crate) fn rsa_key() -> PrivateKey {
    let pem = include_bytes!("../../../../fixtures/corpus/keys/corpus-b-ra.key");
    PrivateKey::parse(pem).expect("key")
}

pub(crate) fn name(text: &str) -> Name {
    Name::parse(text).expect("name")
}

pub(crate) fn dns(text: &str) -> GeneralName {
    GeneralName::Dns(text.to_owned())
}

pub(crate) fn sid_uri(sid: &str) -> GeneralName {
    GeneralName::Uri(format!("tag:microsoft.com,2022-09-14:sid:{sid}"))
}

pub(crate) const SUBJECT: &str = "CN=dev-1,O=Example";

/// The names of the device: two, so that order can matter.
pub(crate) fn own_names() -> Vec<GeneralName> {
    vec![dns("dev-1.example.test"), GeneralName::from_upn("dev-1@example.test")]
}

fn san(names: &[GeneralName]) -> Option<Extension> {
    (!names.is_empty()).then(|| Extension::plain(oid::SUBJECT_ALT_NAME, GeneralName::all_to_der(names)))
}

pub(crate) fn request(subject: &str, names: &[GeneralName], key: &PrivateKey, more: &[Extension]) -> Request {
    let extensions: Vec<Extension> = san(names).into_iter().chain(more.iter().cloned()).collect();
    Request::build(&name(subject), key, &extensions, None).expect("request")
}

pub(crate) fn device_request(key: &PrivateKey) -> Request {
    request(SUBJECT, &own_names(), key, &[])
}

/// Who signs a certificate.
#[derive(Clone, Copy)]
pub(crate) enum By {
    Itself,
    Ca,
}

pub(crate) struct Certified<'a> {
    pub(crate) by: By,
    pub(crate) serial: u8,
    pub(crate) names: &'a [GeneralName],
    pub(crate) key: &'a PrivateKey,
    pub(crate) validity: Validity,
}

impl Certified<'_> {
    pub(crate) fn make(&self) -> Certificate {
        let (issuer, signing) = match self.by {
            By::Itself => (name(SUBJECT), self.key),
            By::Ca => (name("CN=Issuing CA,O=Example"), key(9)),
        };
        let algorithm = signing.preferred().to_der();
        let usage = Extension::critical(oid::KEY_USAGE, KeyUsage::DIGITAL_SIGNATURE.to_der());
        let extensions: Vec<Extension> = san(self.names).into_iter().chain([usage]).collect();
        let tbs = write::sequence(&[
            &write::explicit(0, &write::integer(2)),
            &write::integer(self.serial.into()),
            &algorithm,
            issuer.der(),
            &self.validity.to_der(),
            name(SUBJECT).der(),
            self.key.public_key().spki_der(),
            &write::explicit(3, &Extension::all_to_der(&extensions)),
        ]);
        let signature = signing.sign(signing.preferred(), &tbs).expect("signature");
        Certificate::assemble(&tbs, &algorithm, &signature).expect("certificate")
    }
}

/// A year that ends in ten days: the renewal window is open.
pub(crate) fn year() -> Validity {
    Validity { not_before: now().plus(-355 * DAY), not_after: now().plus(10 * DAY) }
}

pub(crate) fn self_signed(key: &PrivateKey) -> Certificate {
    Certified { by: By::Itself, serial: 1, names: &[], key, validity: year() }.make()
}

pub(crate) fn issued(key: &PrivateKey, serial: u8) -> Certificate {
    Certified { by: By::Ca, serial, names: &own_names(), key, validity: year() }.make()
}

/// A request with everything around it.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) endpoint: &'static str,
    pub(crate) transaction: &'static str,
    pub(crate) request: Request,
    pub(crate) signer: Certificate,
    pub(crate) stated: Stated,
    pub(crate) digest: Digest,
    pub(crate) delivery: Delivery,
}

impl Asked {
    pub(crate) fn new(request: Request, signer: Certificate) -> Asked {
        Asked {
            endpoint: "devices",
            transaction: "T-1",
            request,
            signer,
            stated: Stated::Enrolment,
            digest: Digest::Sha256,
            delivery: Delivery::Possible,
        }
    }

    /// A first enrolment, as most clients send it: signed with the requested key.
    pub(crate) fn first(key: &PrivateKey) -> Asked {
        Asked::new(device_request(key), self_signed(key))
    }

    pub(crate) fn enrolment(&self) -> Enrolment<'_> {
        Enrolment {
            endpoint: self.endpoint,
            transaction: self.transaction,
            request: &self.request,
            signer: &self.signer,
            stated: self.stated,
            digest: self.digest,
            delivery: self.delivery,
        }
    }

    pub(crate) fn decide(&self, case: &Case, verification: &Verification, policy: &Policy, now: Time) -> Decision {
        ra::decide(&self.enrolment(), case, verification, policy, now)
    }

    /// What the store keeps of it.
    pub(crate) fn known(&self, id: &str, state: State) -> Known {
        Known {
            id: CaseId(id.to_owned()),
            transaction: self.transaction.to_owned(),
            generation: 0,
            key: self.request.public_key().hash(),
            signer_key: self.signer.public_key().hash(),
            names: ra::requested_names(&self.request),
            state,
            profile: "device".to_owned(),
            request: None,
            device: None,
            sid: None,
        }
    }
}

pub(crate) fn policy() -> Policy {
    Policy {
        profile: "device".to_owned(),
        challenges: vec![ChallengeKind::Static, ChallengeKind::OneTime, ChallengeKind::Sealed],
        approval: Approval::Never,
        renewal: Renewal {
            profiles: vec!["device".to_owned()],
            window: Some(30 * DAY),
            grace: 2 * DAY,
            key_reuse: KeyReuse::Allow,
        },
    }
}

pub(crate) fn held(certificate: Certificate) -> Held {
    Held {
        certificate,
        profile: "device".to_owned(),
        endpoint: "devices".to_owned(),
        revoked: None,
        device: Some("device-1".to_owned()),
        sid: Some("S-1-5-21-1-2-3-1001".to_owned()),
    }
}

pub(crate) fn revocation() -> Revocation {
    Revocation { at: now().plus(-DAY), reason: pki::crl::Reason::KeyCompromise }
}

pub(crate) fn vouched() -> Vouched {
    Vouched { kind: ChallengeKind::Static, profile: None, device: None, sid: None, spend: None }
}

pub(crate) fn approved() -> State {
    State::Approved(Approver("alice".to_owned()))
}

pub(crate) fn denied() -> State {
    State::Denied(Approver("alice".to_owned()))
}

pub(crate) fn issued_state(serial: u8, validity: Validity) -> State {
    State::Issued { serial: vec![serial], validity, revoked: None }
}

/// What the store knows of a challenge made for this endpoint.
pub(crate) fn record(spent: Option<Known>) -> ChallengeRecord {
    ChallengeRecord {
        endpoint: "devices".to_owned(),
        expires: now().plus(3600),
        profile: Some("kiosk".to_owned()),
        device: Some("device-1".to_owned()),
        sid: Some("S-1-5-21-1-2-3-1001".to_owned()),
        spent: spent.map(|case| Spent { case, at: now().plus(-60) }),
    }
}

pub(crate) static EMPTY: LazyLock<Case> = LazyLock::new(Case::default);

#[track_caller]
pub(crate) fn granted(decision: Decision) -> Grant {
    match decision {
        Decision::Grant(grant) => *grant,
        other => panic!("not granted: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn settled(decision: Decision) -> Settled {
    match decision {
        Decision::Settled(settled) => settled,
        other => panic!("not settled: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn refused(decision: Decision) -> ra::Denial {
    match decision {
        Decision::Deny(denial) => denial,
        other => panic!("not refused: {other:?}"),
    }
}

/// The reasons of a refusal in their order.
#[track_caller]
pub(crate) fn reasons(decision: Decision) -> Vec<Reason> {
    refused(decision).refusals.iter().map(|refusal| refusal.reason).collect()
}

pub(crate) fn certificate(serial: u8) -> Outcome {
    Outcome::Certificate(vec![serial])
}
