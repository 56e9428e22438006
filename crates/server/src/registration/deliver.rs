//! Delivers what the commits queued: in order for each module, until it is acknowledged, by one node at a time.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pki::Time;
use tokio::task::JoinSet;

use super::PolicyModule;
use super::words::{Notification, Outcome};
use crate::store::{Lease, NoticeDue, StoreError};
use crate::{Service, world};

/// Between two looks at the queue, if nothing is queued here in between.
const ROUND: Duration = Duration::from_secs(2);
/// Notices that are read at once.
const AT_ONCE: u32 = 64;
/// Seconds until the next try at most.
const LONGEST_WAIT: i64 = 120;
/// How long a node delivers for before another may, in seconds beyond the time it waits for an answer.
const HELD: i64 = 30;

/// Delivers until the future is dropped.
pub async fn deliveries(service: Arc<Service>) {
    if service.modules.is_empty() {
        return;
    }
    loop {
        if let Err(error) = deliver(&service, world::now).await {
            tracing::error!(%error, "notices could not be read; it is tried again");
        }
        tokio::select! {
            () = tokio::time::sleep(ROUND) => {}
            () = service.queued.notified() => {}
        }
    }
}

/// Delivers everything that is due, for every module at the same time: one that is down keeps none of the others
/// waiting. `clock`: what time it is.
///
/// # Errors
/// The store does not answer.
pub async fn deliver<C>(service: &Arc<Service>, clock: C) -> Result<(), StoreError>
where
    C: Fn() -> Time + Clone + Send + Sync + 'static,
{
    let mut under_way = JoinSet::new();
    for (endpoint, module) in &service.modules {
        let (service, endpoint, module) = (Arc::clone(service), endpoint.clone(), Arc::clone(module));
        let clock = clock.clone();
        under_way.spawn(async move { to_module(&service, &endpoint, &*module, &clock).await });
    }
    let mut first = Ok(());
    while let Some(outcome) = under_way.join_next().await {
        first = first.and(outcome.unwrap_or_else(|e| Err(StoreError::Unavailable(e.to_string()))));
    }
    first
}

async fn to_module(
    service: &Service,
    endpoint: &str,
    module: &dyn PolicyModule,
    clock: &(dyn Fn() -> Time + Sync),
) -> Result<(), StoreError> {
    let store = &service.store;
    loop {
        let waiting = store.notices_waiting(endpoint, AT_ONCE).await?;
        if waiting.is_empty() {
            return Ok(());
        }
        for notice in waiting {
            let now = clock();
            // Nothing overtakes a notice that waits for its next try.
            if notice.next_try > now || !holds(service, endpoint, now).await? {
                return Ok(());
            }
            let Some(notification) = complete(service, &notice).await? else { return Ok(()) };
            match module.notify(&notification).await {
                Ok(()) => store.notice_delivered(&notice.id, clock()).await?,
                Err(error) => {
                    let now = clock();
                    let next = now.plus(wait(notice.tries));
                    tracing::warn!(endpoint, notice = notice.id, %error, next = %next, "a notice was not delivered");
                    return store.notice_failed(&notice.id, next, &error.to_string(), now).await;
                }
            }
        }
    }
}

/// Doubled with every try.
fn wait(tries: u32) -> i64 {
    1_i64.checked_shl(tries.min(16)).unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT)
}

/// Whether it is this node that delivers to the module.
async fn holds(service: &Service, endpoint: &str, now: Time) -> Result<bool, StoreError> {
    let timeout =
        service.config.endpoints.get(endpoint).and_then(|e| e.module.as_ref()).map_or(0, |m| m.timeout.as_secs());
    let until = now.plus(i64::try_from(timeout).unwrap_or(i64::MAX).saturating_add(HELD));
    Ok(service.store.lease(&format!("notices {endpoint}"), until, now).await? == Lease::Held)
}

/// The notification with its name, and with the certificate; nothing as long as that is not signed.
async fn complete(service: &Service, notice: &NoticeDue) -> Result<Option<Notification>, StoreError> {
    let corrupt = |why: String| StoreError::Corrupt(format!("notice {}: {why}", notice.id));
    let mut notification: Notification =
        serde_json::from_str(&notice.notice.body).map_err(|e| corrupt(e.to_string()))?;
    notification.id.clone_from(&notice.id);
    if let (Outcome::Issued, Some(case)) = (notification.outcome, &notice.case) {
        let Some(der) = service.store.certificate_of(case).await?.and_then(|row| row.der) else { return Ok(None) };
        notification.certificate = Some(STANDARD.encode(der));
    }
    Ok(Some(notification))
}

#[cfg(test)]
mod tests {
    use super::wait;

    #[test]
    fn the_wait_doubles_up_to_two_minutes() {
        assert_eq!([0, 1, 2, 6, 7, 40, u32::MAX].map(wait), [1, 2, 4, 64, 120, 120, 120]);
    }
}
