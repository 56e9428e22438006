//! New keys, and how not to be in the way of requests while they are made.

use std::sync::{Mutex, PoisonError};

use pki::key::{KeySpec, PrivateKey};

use super::plan::Source;
use super::{Inventory, Role, round, spec_like};
use crate::store::Slot;
use crate::{Service, ServiceError};

/// How far a thread that makes a key stands back behind those that answer devices (nice). By 10 it gets about a tenth of
/// a processor that others want too, and all of one that nobody wants; at the end of the scale a busy service might go
/// without its new key for a minute.
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
pub(crate) async fn aside(spec: KeySpec) -> Result<PrivateKey, ServiceError> {
    let (tell, told) = tokio::sync::oneshot::channel();
    let thread = std::thread::Builder::new().name("key generation".to_owned()).spawn(move || {
        stand_back();
        // Nobody waits for it if the service stops meanwhile.
        let _ = tell.send(generate(spec));
    });
    thread.map_err(|error| ServiceError::Credential(format!("a key could not be generated: {error}")))?;
    told.await.map_err(|_| ServiceError::Credential("a key could not be generated".to_owned()))?
}

/// Keys for which there are no certificates yet, in memory alone.
#[derive(Default)]
pub(crate) struct Spare(Mutex<Vec<(KeySpec, PrivateKey)>>);

impl Spare {
    /// One of a kind, if there is one.
    pub(super) fn take(&self, spec: KeySpec) -> Option<PrivateKey> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = keys.iter().position(|(of, _)| *of == spec)?;
        Some(keys.swap_remove(at).1)
    }

    fn put(&self, spec: KeySpec, key: PrivateKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push((spec, key));
    }

    /// Which of these it has no key for.
    fn lacks(&self, mut wanted: Vec<KeySpec>) -> Vec<KeySpec> {
        for (spec, _) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(at) = wanted.iter().position(|of| of == spec) {
                wanted.swap_remove(at);
            }
        }
        wanted
    }
}

/// While a next CA waits, keys are made for what will change with it, so that the change itself makes none: it is the one
/// moment at which several credentials follow at once.
///
/// # Errors
/// The store does not answer, or a key could not be made.
pub async fn make_ready(service: &Service, now: pki::Time) -> Result<(), ServiceError> {
    if service.credentials.load().next.is_none() {
        return Ok(());
    }
    let inventory = Inventory::read(&service.store, &service.config.folder).await?;
    let below = [Role::RaSigning, Role::RaEncryption, Role::TlsServer, Role::PolicyModuleClient];
    let own = below.into_iter().filter(|role| service.config.plan(*role).source == Source::Own);
    let current = own.filter_map(|role| inventory.in_slot(role, Slot::Current)?.certificate.as_ref());
    let wanted =
        current.map(|c| spec_like(c.public_key())).filter(|spec| !matches!(spec, KeySpec::P256 | KeySpec::P384));
    let lacking = service.spare.lacks(wanted.collect());
    if lacking.is_empty() || !round::acts(service, now).await? {
        return Ok(());
    }
    for spec in lacking {
        service.spare.put(spec, aside(spec).await?);
    }
    Ok(())
}

/// For this thread only: on Linux a priority is a thread's own.
#[cfg(target_os = "linux")]
fn stand_back() {
    let own = Some(rustix::thread::gettid());
    let back = |nice: i32| rustix::process::setpriority_process(own, nice.saturating_add(STANDS_BACK).min(19));
    if let Err(error) = rustix::process::getpriority_process(own).and_then(back) {
        tracing::debug!(%error, "a key is made with the priority of everything else");
    }
}

#[cfg(not(target_os = "linux"))]
fn stand_back() {}

#[cfg(test)]
mod tests {
    use pki::key::Sign;

    use super::*;

    #[tokio::test]
    async fn a_spare_key_is_given_once_and_for_its_kind_only() {
        let spare = Spare::default();
        let wanted = vec![KeySpec::Rsa2048, KeySpec::Rsa2048, KeySpec::Rsa3072];
        assert_eq!(spare.lacks(wanted.clone()).len(), 3);
        // The kind is what counts; a key on a curve is made sooner.
        let key = aside(KeySpec::P256).await.expect("a key");
        let own = key.public_key().clone();
        spare.put(KeySpec::Rsa2048, key);
        let mut lacking = spare.lacks(wanted);
        lacking.sort_by_key(|spec| format!("{spec:?}"));
        assert_eq!(lacking, [KeySpec::Rsa2048, KeySpec::Rsa3072]);
        assert!(spare.take(KeySpec::Rsa3072).is_none());
        assert!(spare.take(KeySpec::Rsa2048).is_some_and(|key| *key.public_key() == own));
        assert!(spare.take(KeySpec::Rsa2048).is_none());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_key_is_made_on_a_thread_that_stands_back() {
        let nice = || rustix::process::getpriority_process(Some(rustix::thread::gettid())).expect("a priority");
        let before = nice();
        #[expect(clippy::disallowed_methods, reason = "a thread to look at")]
        let there = std::thread::spawn(move || {
            stand_back();
            nice()
        });
        assert_eq!(there.join().expect("no panic"), (before + STANDS_BACK).min(19));
        assert_eq!(nice(), before, "this thread goes on as it was");
    }
}
