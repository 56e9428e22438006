//! The revocation list of client certificates that is fetched from elsewhere.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use pki::{Certificate, Crl, Time};

/// Seconds between two looks for newer lists.
pub(super) const EVERY: i64 = 60;
/// Seconds between two tries if there is no current list.
const RETRY: i64 = 5;
/// Octets of the longest list.
const LONGEST: usize = 16 << 20;
/// For the whole list to arrive.
const PATIENCE: Duration = Duration::from_secs(10);

/// Where a list comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A file.
    File(PathBuf),
    /// An `http://` address; the list is signed, so nothing else protects it.
    Http(http::Uri),
}

/// A list that is kept current.
pub(super) struct List {
    place: Place,
    held: ArcSwapOption<Crl>,
    next_look: AtomicI64,
}

impl List {
    /// Relative paths start at this folder.
    pub(super) fn new(place: &Place, folder: &Path) -> List {
        let place = match place {
            Place::File(path) => Place::File(folder.join(path)),
            Place::Http(uri) => Place::Http(uri.clone()),
        };
        List { place, held: ArcSwapOption::empty(), next_look: AtomicI64::new(i64::MIN) }
    }

    /// Fetches the list if it is time to. A list that no issuer signed, or an older one, changes nothing.
    pub(super) async fn refresh(&self, issuers: &[Certificate], now: Time) {
        if waits(self.next_look.load(Ordering::Relaxed), now) {
            return;
        }
        match self.fetch(issuers).await {
            Ok(crl) => {
                let newer = self.held.load().as_ref().is_none_or(|held| held.this_update() < crl.this_update());
                if newer {
                    self.held.store(Some(Arc::new(crl)));
                }
            }
            Err(why) => tracing::warn!(why, "the revocation list of client certificates could not be fetched"),
        }
        let current = self.held.load().as_ref().is_some_and(|held| is_current(held, now));
        self.next_look.store(now.plus(if current { EVERY } else { RETRY }).seconds(), Ordering::Relaxed);
    }

    async fn fetch(&self, issuers: &[Certificate]) -> Result<Crl, String> {
        let octets = match &self.place {
            Place::File(path) => tokio::fs::read(path).await.map_err(|e| format!("{}: {e}", path.display()))?,
            Place::Http(uri) => match tokio::time::timeout(PATIENCE, get(uri)).await {
                Ok(octets) => octets.map_err(|why| format!("{uri}: {why}"))?,
                Err(_) => return Err(format!("{uri}: no answer in time")),
            },
        };
        let crl = Crl::parse(&octets).map_err(|e| e.to_string())?;
        let signed = |issuer: &Certificate| {
            issuer.subject().matches(crl.issuer()) && crl.verify_signature(issuer.public_key()).is_ok()
        };
        if issuers.iter().any(signed) {
            Ok(crl)
        } else {
            Err(format!("no configured issuer signed the list of {}", crl.issuer()))
        }
    }

    /// The list that was fetched last, whether it is current or not.
    pub(super) fn held(&self) -> Option<Arc<Crl>> {
        self.held.load_full()
    }
}

/// Whether it is not time to look yet. A clock that was ahead and has been set back must not keep an old list for long.
pub(super) fn waits(next_look: i64, now: Time) -> bool {
    (1..=EVERY).contains(&next_look.saturating_sub(now.seconds()))
}

fn is_current(crl: &Crl, now: Time) -> bool {
    crl.next_update().is_some_and(|until| now <= until)
}

async fn get(uri: &http::Uri) -> Result<Vec<u8>, String> {
    let client: Client<HttpConnector, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build_http();
    let response = client.get(uri.clone()).await.map_err(|e| e.to_string())?;
    if !response.status().is_success() {
        return Err(format!("HTTP {}", response.status()));
    }
    let body = Limited::new(response.into_body(), LONGEST).collect().await.map_err(|e| e.to_string())?;
    Ok(body.to_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use pki::key::{KeySpec, PrivateKey};
    use pki::{Name, Validity};

    use super::*;

    const NOW: Time = Time(1_800_000_000);
    const DAY: i64 = 86_400;

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a test writes what is to be fetched")]
    async fn a_clock_that_was_ahead_does_not_keep_an_old_list() {
        let folder = tempfile::tempdir().expect("a folder");
        let key = PrivateKey::generate(KeySpec::P256).expect("a key");
        let validity = Validity { not_before: NOW.plus(-DAY), not_after: NOW.plus(365 * DAY) };
        let serial = ca::Serial::random(&mut crate::world::random);
        let name = Name::parse("CN=CA").expect("a name");
        let ca = ca::authority::root(&name, &key, validity, &serial).expect("a root");
        let write = |made: Time| {
            let crl = ca::crl(&ca, &key, &[], 1, made, made.plus(7 * DAY)).expect("a list");
            std::fs::write(folder.path().join("list.crl"), crl.der()).expect("written");
        };
        let list = List::new(&Place::File("list.crl".into()), folder.path());
        let looked = async |at: Time| {
            list.refresh(std::slice::from_ref(&ca), at).await;
            list.held().expect("a list").this_update()
        };
        let (first, second, third) = (NOW.plus(-60), NOW.plus(-30), NOW.plus(-10));
        write(first);
        assert_eq!(looked(NOW.plus(DAY)).await, first);
        write(second);
        assert_eq!(looked(NOW).await, second, "a day later by the clock that was ahead");
        write(third);
        assert_eq!(looked(NOW.plus(EVERY - 1)).await, second, "once a minute");
        assert_eq!(looked(NOW.plus(EVERY)).await, third);
    }
}
