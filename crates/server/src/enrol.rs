//! One PKIOperation, end to end (the design's eleven steps): everything else is called from here and returns here.

use std::net::IpAddr;
use std::sync::Arc;

use pki::{Certificate, Crl, Time};
use scep::FailInfo;
use scep::server::{Answerable, Content, Flawed, Opened, Opening, RaKeys, Reply, SigningKey, Unreadable};

use crate::config::Endpoint;
use crate::credential::Credentials;
use crate::store::{AuditEntry, Commit, StoreError};
use crate::{Answer, Service, certify, check, recover, world};

/// One message, from its octets to the octets of its reply.
pub(crate) async fn enrol(
    service: &Service,
    endpoint: &Endpoint,
    message: Vec<u8>,
    source: IpAddr,
    now: Time,
) -> Answer {
    let Some(_place) = service.admission.enter() else { return Answer::Busy };
    with(service, endpoint, service.credentials.load_full(), message, source, now).await
}

/// The same with stated credentials, and whatever else is going on.
pub(crate) async fn with(
    service: &Service,
    endpoint: &Endpoint,
    credentials: Arc<Credentials>,
    message: Vec<u8>,
    source: IpAddr,
    now: Time,
) -> Answer {
    let desk = Desk { service, endpoint, credentials, source, now };
    let keys = desk.credentials.ra_keys();
    let opening = scep::server::open(&message, &keys, &endpoint.accept, &mut world::random);
    let (to, key, outcome) = match opening {
        Opening::Unreadable(unreadable) => return desk.unreadable(&unreadable).await,
        Opening::Flawed(flawed) => {
            let outcome = desk.flawed(&flawed).await;
            (flawed.to, 0, outcome)
        }
        Opening::Opened(opened) => {
            desk.count_weak(&opened).await;
            let outcome = match &opened.content {
                Content::PkcsReq(request) | Content::RenewalReq(request) => {
                    certify::request(&desk, &opened, request).await
                }
                Content::CertPoll { .. } => certify::poll(&desk, &opened).await,
                Content::GetCert { issuer, serial } => recover::certificate(&desk, &opened, issuer, serial).await,
                Content::GetCrl { issuer, serial } => recover::crl(&desk, &opened, issuer, serial).await,
            };
            (opened.to, opened.used.key, outcome)
        }
    };
    match outcome {
        Ok(outcome) => desk.seal(&outcome, &to, key),
        Err(trouble) => desk.trouble(&trouble),
    }
}

/// Characters of the facts in an audit entry.
const MOST_DETAIL: usize = 4000;

/// What is to be replied.
pub(crate) enum Outcome {
    /// Certificates, the asked-for one first, and for GetCRL a list.
    Success(Vec<Certificate>, Option<Box<Crl>>),
    /// Ask again later.
    Pending,
    /// No, with the stable code.
    Failure(FailInfo, &'static str),
}

/// Why there is no reply: the service, not the client, has a problem.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    #[error("store: {0}")]
    Store(#[from] StoreError),
    #[error("{0}")]
    Internal(String),
    #[error("busy")]
    Busy,
}

/// Where one message is worked on: the service as it is at this moment, and where the message came from.
pub(crate) struct Desk<'a> {
    pub(crate) service: &'a Service,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) credentials: Arc<Credentials>,
    pub(crate) source: IpAddr,
    pub(crate) now: Time,
}

impl Desk<'_> {
    /// Nothing a CertRep could answer.
    async fn unreadable(&self, unreadable: &Unreadable) -> Answer {
        let entry = self.entry("refuse", "", unreadable.code.text(), &unreadable.detail);
        self.record(entry).await;
        let status = if unreadable.code == scep::Code::MessageSize { 413 } else { 400 };
        Answer::Refused { status, code: unreadable.code.text() }
    }

    async fn flawed(&self, flawed: &Flawed) -> Result<Outcome, Trouble> {
        self.record(self.entry("refuse", &flawed.transaction_id, flawed.code.text(), &flawed.detail)).await;
        Ok(Outcome::Failure(flawed.code.fail_info().unwrap_or(FailInfo::BadRequest), flawed.code.text()))
    }

    async fn count_weak(&self, opened: &Opened) {
        for weak in &opened.used.weak {
            let client = self.source.to_string();
            let added = self.service.store.weak_use_add(&client, &self.endpoint.name, weak.name(), self.now).await;
            if let Err(error) = added {
                tracing::warn!(%error, "a weak algorithm could not be counted");
            }
        }
    }

    /// Makes the reply, and looks at it once more before it leaves. `key` is the one that opened the request.
    fn seal(&self, outcome: &Outcome, to: &Answerable, key: usize) -> Answer {
        let reply = match outcome {
            Outcome::Success(certificates, crl) => Reply::Success { certificates, crl: crl.as_deref() },
            Outcome::Pending => Reply::Pending,
            Outcome::Failure(fail_info, code) => Reply::Failure { fail_info: *fail_info, text: Some(code) },
        };
        let ra = self.credentials.answering(key, self.now);
        let signing = SigningKey { certificate: &ra.certificate, key: &*ra.key };
        let keys = RaKeys { signing, ..self.credentials.ra_keys() };
        let sealed = scep::server::seal(&reply, to, &self.endpoint.shape, &keys, self.now, &mut world::random)
            .map_err(|e| e.to_string())
            .and_then(|octets| check::reply(&octets, &ra.certificate).map(|()| octets));
        match sealed {
            Ok(octets) => Answer::Body { content_type: "application/x-pki-message", octets },
            Err(why) => self.trouble(&Trouble::Internal(why)),
        }
    }

    /// Tells the operator; the client only hears that it may try again.
    fn trouble(&self, trouble: &Trouble) -> Answer {
        tracing::error!(endpoint = self.endpoint.name, source = %self.source, error = %trouble, "no reply could be made");
        Answer::Busy
    }

    /// An audit entry about this message. Names from outside may be as long as the message was: what is written down of
    /// it is not.
    pub(crate) fn entry(&self, verb: &str, object: &str, code: &str, detail: &str) -> AuditEntry {
        AuditEntry {
            actor: format!("endpoint {}", self.endpoint.name),
            verb: verb.to_owned(),
            object: object.to_owned(),
            outcome: if verb == "refuse" { "refused" } else { "done" }.to_owned(),
            code: code.to_owned(),
            detail: start_of(detail),
            source: self.source.to_string(),
        }
    }

    /// Writes down what changed nothing else.
    pub(crate) async fn record(&self, entry: AuditEntry) {
        tracing::info!(
            code = entry.code,
            object = entry.object,
            source = entry.source,
            detail = entry.detail,
            "refused"
        );
        if let Err(error) = self.service.store.commit(Commit::Deny, vec![entry], self.now).await {
            tracing::error!(%error, "the audit could not be written");
        }
    }
}

/// The start of a text, with a sign that it goes on.
fn start_of(text: &str) -> String {
    match text.char_indices().nth(MOST_DETAIL) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
