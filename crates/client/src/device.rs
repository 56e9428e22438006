//! A device with a folder: what it holds and what it has asked for outlive every crash.

use pki::Certificate;
use pki::key::{KeySpec, PrivateKey};
use scep::FailInfo;
use zeroize::Zeroizing;

use crate::application::generate;
use crate::{Application, ClientError, Folder, Identity, Outcome, Patience, Progress, Refusal, Session, Wish};

/// What a device has in the end.
#[derive(Debug, Clone)]
pub enum Obtained {
    /// A certificate; it is in the folder, with its key.
    Issued {
        /// The certificate.
        certificate: Certificate,
        /// Its issuers as far as they are known, the direct one first.
        chain: Vec<Certificate>,
    },
    /// Nothing yet: the application waits in the folder, to be asked about with [`poll`].
    Pending,
    /// Nothing: the application has been taken out of the folder.
    Refused(Refusal),
}

/// Gets a first certificate. The key is written to the folder before the request is sent.
///
/// An application that is already in the folder is sent again as it is, whatever `wish` says: its answer may have been
/// lost, and only one is to be outstanding (RFC 8894 §4.4, §5.2).
pub async fn enrol(
    session: &Session,
    folder: &Folder,
    wish: &Wish,
    key: KeySpec,
    patience: &Patience,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Obtained, ClientError> {
    let application = match folder.pending()? {
        Some(pending) => pending,
        None => {
            let application = Application::first(generate(key)?, wish)?;
            folder.keep_pending(&application)?;
            application
        }
    };
    let outcome = session.obtain(&application, patience, progress).await?;
    settle(folder, application, outcome)
}

/// Gets a new certificate with a new key in place of the one in the folder, which stays until the new one is there.
/// A challenge is needed only by servers that want one even on renewal.
pub async fn renew(
    session: &Session,
    folder: &Folder,
    key: KeySpec,
    challenge: Option<Zeroizing<String>>,
    patience: &Patience,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Obtained, ClientError> {
    let application = match folder.pending()? {
        Some(pending) => pending,
        None => {
            let held = folder.identity()?.ok_or(ClientError::Nothing("there is no certificate to renew"))?;
            let application = Application::renewal(&held, generate(key)?, challenge)?;
            folder.keep_pending(&application)?;
            application
        }
    };
    let outcome = session.obtain(&application, patience, progress).await?;
    settle(folder, application, outcome)
}

/// Asks what has become of the application in the folder. A server that does not know it any more gets it again
/// (RFC 8894 §5.2).
pub async fn poll(
    session: &Session,
    folder: &Folder,
    patience: &Patience,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Obtained, ClientError> {
    let application = folder.pending()?.ok_or(ClientError::Nothing("there is no application to ask about"))?;
    let mut first = session.ask_again(&application).await?;
    if let Outcome::Refused(Refusal { fail_info: None | Some(FailInfo::BadCertId), .. }) = first {
        first = session.submit(&application).await?;
    }
    let outcome = session.wait(first, &application, patience, progress).await?;
    settle(folder, application, outcome)
}

fn settle(folder: &Folder, application: Application, outcome: Outcome) -> Result<Obtained, ClientError> {
    match outcome {
        Outcome::Issued { certificate, chain } => {
            let key: PrivateKey = application.key;
            folder.keep(&Identity { key, certificate: Some(certificate.clone()), chain: chain.clone() })?;
            Ok(Obtained::Issued { certificate, chain })
        }
        Outcome::Pending => Ok(Obtained::Pending),
        Outcome::Refused(refusal) => {
            folder.forget()?;
            Ok(Obtained::Refused(refusal))
        }
    }
}
