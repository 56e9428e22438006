//! What a policy module is to be told of a request: queued by the very write that decides.

use pki::Request;
use ra::CaseId;

use super::words::{Notification, Outcome};
use crate::config::Endpoint;
use crate::store::Notice;

/// What is known of a request at the time of its decision.
fn told(endpoint: &Endpoint, transaction: &str, request: &Request, challenge: Option<&str>) -> Notification {
    let hex = |octets: &[u8]| pki::digest::hex(octets).to_ascii_lowercase();
    Notification {
        // Its name is that of the notice in the queue, which is not known yet.
        id: String::new(),
        endpoint: endpoint.name.clone(),
        transaction: transaction.to_owned(),
        outcome: Outcome::Refused,
        challenge: challenge.map(str::to_owned),
        key: hex(&request.public_key().hash()),
        names: hex(&ra::requested_names(request)),
        subject: request.subject().to_string(),
        device: None,
        case: None,
        serial: None,
        certificate: None,
        code: None,
        detail: None,
    }
}

/// The notice for the module of an endpoint, if it has one.
fn notice(endpoint: &Endpoint, notification: &Notification) -> Vec<Notice> {
    let body = endpoint.module.as_ref().and_then(|_| serde_json::to_string(notification).ok());
    body.map(|body| Notice { kind: endpoint.name.clone(), body }).into_iter().collect()
}

/// A certificate is going to be there.
pub(crate) fn issued(
    endpoint: &Endpoint,
    transaction: &str,
    request: &Request,
    challenge: Option<&str>,
    (case, device, serial): (&CaseId, Option<&str>, &[u8]),
) -> Vec<Notice> {
    let mut notification = told(endpoint, transaction, request, challenge);
    notification.outcome = Outcome::Issued;
    notification.case = Some(case.0.clone());
    notification.device = device.map(str::to_owned);
    notification.serial = Some(pki::certificate::serial_hex(serial));
    notice(endpoint, &notification)
}

/// An operator has to decide.
pub(crate) fn pending(
    endpoint: &Endpoint,
    transaction: &str,
    request: &Request,
    challenge: Option<&str>,
    (case, device): (&CaseId, Option<&str>),
) -> Vec<Notice> {
    let mut notification = told(endpoint, transaction, request, challenge);
    notification.outcome = Outcome::Pending;
    notification.case = Some(case.0.clone());
    notification.device = device.map(str::to_owned);
    notice(endpoint, &notification)
}

/// It was refused, though the challenge was good.
pub(crate) fn refused(
    endpoint: &Endpoint,
    transaction: &str,
    request: &Request,
    challenge: Option<&str>,
    (code, detail): (&str, &str),
) -> Vec<Notice> {
    let mut notification = told(endpoint, transaction, request, challenge);
    notification.code = Some(code.to_owned());
    notification.detail = Some(detail.to_owned());
    notice(endpoint, &notification)
}
