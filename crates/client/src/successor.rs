//! The CA that will issue next, learnt from the one that issues now (RFC 8894 §4.7).

use pki::Certificate;
use scep::ca_certs::Authorities;
use scep::caps::Capability;

use crate::{ClientError, Folder, Session};

/// Asks for the next CA if the server announces one, and keeps it in the folder. It is trusted, in place of a pinned CA
/// that announced it, from the beginning of its validity on: see [`crate::Options::succession`].
///
/// Gives the next CA, or nothing if none is announced.
///
/// # Errors
/// What is announced is not signed by the CA that issues now, or is no CA, or is that CA itself. Nothing has been kept
/// then. Nor is it if the folder holds what another CA announced ([`ClientError::OtherSuccession`]), unless the CA that
/// issues now was believed under a pin for which that is of no use.
pub async fn follow_next_ca(session: &Session, folder: &Folder) -> Result<Option<Certificate>, ClientError> {
    if !session.caps().lists(Capability::GetNextCaCert) {
        return Ok(None);
    }
    let announced = session.next_ca().await?;
    let next = Authorities::choose(&announced).map(|found| found.issuer);
    let next = next.filter(Certificate::is_ca).ok_or(ClientError::NextCa("it is no CA"))?;
    let current = &session.authorities().issuer;
    if next == *current {
        return Err(ClientError::NextCa("it is the one that issues now"));
    }
    folder.keep_successor(current, &next, session.options.pin.as_ref())?;
    Ok(Some(next))
}
