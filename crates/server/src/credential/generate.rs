//! New keys, and how not to be in the way of requests while they are made.

use pki::key::{KeySpec, PrivateKey};

use crate::ServiceError;

/// How much a thread that makes a key stands back behind those that answer devices (nice, 0 to 19). At 10 it gets about
/// a tenth of a processor that others want too, and all of one that nobody wants; at 19 a busy service might go without
/// its new key for a minute.
#[cfg(target_os = "linux")]
const STANDS_BACK: i32 = 10;

/// A new key, which takes a moment for RSA.
pub(crate) fn generate(spec: KeySpec) -> Result<PrivateKey, ServiceError> {
    PrivateKey::generate(spec).map_err(|_| ServiceError::Credential("a key could not be generated".to_owned()))
}

/// The same beside the work of the service: on a thread of its own that stands back. An RSA key takes a tenth of a second
/// and more of a processor, which on two of them every device would feel. The thread is not one of the runtime's, because
/// what has stood back may not step forward again; rounds make one key after another, so there is one such thread.
#[expect(clippy::disallowed_methods, reason = "the one thread of this crate that is not the runtime's or the store's")]
pub(super) async fn aside(spec: KeySpec) -> Result<PrivateKey, ServiceError> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("key generation".to_owned()).spawn(move || {
        stand_back();
        // Nobody waits for it if the service stops meanwhile.
        let _ = tell.send(generate(spec));
    });
    thread.map_err(|error| ServiceError::Credential(format!("a key could not be generated: {error}")))?;
    told.await.map_err(|_| ServiceError::Credential("a key could not be generated".to_owned()))?
}

/// For this thread only: on Linux a priority is a thread's own.
#[cfg(target_os = "linux")]
fn stand_back() {
    let own = rustix::thread::gettid();
    if let Err(error) = rustix::process::setpriority_process(Some(own), STANDS_BACK) {
        tracing::debug!(%error, "a key is made with the priority of everything else");
    }
}

#[cfg(not(target_os = "linux"))]
fn stand_back() {}
