//! GetCert and GetCRL (RFC 8894 §3.3.4, §4.5, §4.6). A device gets its own certificates and the list of the CA it names.

use pki::{Certificate, Crl, Name};
use scep::FailInfo;
use scep::server::Opened;

use crate::Code;
use crate::credential::Keyed;
use crate::enrol::{Desk, Outcome, Trouble};
use crate::issue;

/// GetCert: only to whom it belongs, that is who signs with its key or with another certificate of the same subject.
pub(crate) async fn certificate(
    desk: &Desk<'_>,
    opened: &Opened,
    issuer: &Name,
    serial: &[u8],
) -> Result<Outcome, Trouble> {
    let row = desk.service.store.certificate(serial).await?;
    let found = row.and_then(|row| row.der).and_then(|der| Certificate::parse(&der).ok());
    let Some(certificate) = found.filter(|c| c.issuer().matches(issuer)) else {
        return refuse(desk, opened, Code::CertificateUnknown, "no such certificate").await;
    };
    let own_key = certificate.public_key().hash() == opened.signer.public_key().hash();
    if !own_key && !same_device(desk, opened, &certificate).await? {
        return refuse(desk, opened, Code::CertificateUnknown, "the certificate belongs to another key and device")
            .await;
    }
    Ok(Outcome::Success(issue::with_issuer(desk.endpoint, &desk.credentials, certificate), None))
}

/// Whether the signer's certificate is one of ours, not revoked, and of the same subject.
async fn same_device(desk: &Desk<'_>, opened: &Opened, wanted: &Certificate) -> Result<bool, Trouble> {
    let Some(row) = desk.service.store.certificate(opened.signer.serial()).await? else { return Ok(false) };
    let ours = row.der.as_deref() == Some(opened.signer.der()) && row.revoked.is_none();
    Ok(ours && opened.signer.validity().contains(desk.now) && opened.signer.subject().matches(wanted.subject()))
}

/// GetCRL: the newest list of the CA that is named.
pub(crate) async fn crl(desk: &Desk<'_>, opened: &Opened, issuer: &Name, serial: &[u8]) -> Result<Outcome, Trouble> {
    // Generations of the CA have one name: the certificate that is asked about says which is meant.
    let row = desk.service.store.certificate(serial).await?;
    let signed = row.and_then(|row| desk.credentials.issuer_by(&row.issuer));
    let named = |k: &&Keyed| k.certificate.subject().matches(issuer);
    let named = signed.filter(named).or_else(|| desk.credentials.issuing.iter().find(named));
    let Some(authority) = named else {
        return refuse(desk, opened, Code::CrlUnknown, &format!("there is no list of {issuer} here")).await;
    };
    let latest = desk.service.store.crl_latest(&authority.certificate.fingerprint()).await?;
    match latest.and_then(|row| Crl::parse(&row.der).ok()) {
        Some(crl) => Ok(Outcome::Success(Vec::new(), Some(Box::new(crl)))),
        None => refuse(desk, opened, Code::CrlUnknown, "no list has been made yet").await,
    }
}

async fn refuse(desk: &Desk<'_>, opened: &Opened, code: Code, detail: &str) -> Result<Outcome, Trouble> {
    desk.record(desk.entry("refuse", &opened.transaction_id, code.text(), detail)).await;
    Ok(Outcome::Failure(code.fail_info().unwrap_or(FailInfo::BadCertId), code.text()))
}
